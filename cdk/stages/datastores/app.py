"""What holds data: a bucket for files and a table for sessions. Both outlive the stack.

Amazon encrypts both, and keeps the public out, also when nobody says so.
"""

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3

app = cdk.App()
stack = cdk.Stack(app, "Datastores")

assets = s3.Bucket(stack, "Assets", versioned=True, removal_policy=cdk.RemovalPolicy.RETAIN)
sessions = dynamodb.Table(
    stack,
    "Sessions",
    partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
    billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
    deletion_protection=True,
    removal_policy=cdk.RemovalPolicy.RETAIN,
)

# The document of flags that clients read lies in a bucket whose name people know before it is there.
if flags := app.node.get_context("flags_bucket"):
    s3.Bucket(stack, "Flags", bucket_name=flags, versioned=True, removal_policy=cdk.RemovalPolicy.RETAIN)

contract = {"assets_bucket": assets.bucket_name, "sessions_table": sessions.table_name}
cdk.CfnOutput(stack, "contract", value=stack.to_json_string(contract))
app.synth()
