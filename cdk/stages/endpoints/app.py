"""What the public meets: the bucket of the site, the topic of its notices, and the zone if asked for.

MiniStack's drift detection does not look at a zone. With `zone` on, it is named there as unseen, and the stage is green
by a waiver of its name alone; Amazon's own drift detection looks at it.
"""

import aws_cdk as cdk
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

app = cdk.App()
stack = cdk.Stack(app, "Endpoints")
domain = app.node.get_context("domain")

site = s3.Bucket(stack, "Site", versioned=True, removal_policy=cdk.RemovalPolicy.RETAIN)
notices = sns.Topic(stack, "Notices", display_name=domain)
contract = {"domain": domain, "site_bucket": site.bucket_name, "notices_topic": notices.topic_arn}
if app.node.get_context("zone"):
    zone = route53.CfnHostedZone(stack, "Zone", name=domain)
    contract |= {"zone": domain, "zone_id": zone.ref, "name_servers": cdk.Fn.join(" ", zone.attr_name_servers)}

cdk.CfnOutput(stack, "contract", value=stack.to_json_string(contract))
app.synth()
