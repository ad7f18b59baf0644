"""What runs the service: its log, the queue of its jobs, and the settings that tell it where everything is.

`networking` and `datastores` are what those stages published.
"""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm

app = cdk.App()
stack = cdk.Stack(app, "Compute")
engagement, environment, networking, datastores, days = map(
    app.node.get_context, ("engagement", "environment", "networking", "datastores", "log_retention_days")
)

log = logs.CfnLogGroup(stack, "Log", retention_in_days=days)
failed = sqs.Queue(stack, "Failed", retention_period=cdk.Duration.days(14))
jobs = sqs.Queue(stack, "Jobs", dead_letter_queue=sqs.DeadLetterQueue(queue=failed, max_receive_count=5))
place = f"/{engagement}/{environment}/compute/settings"
told = {**datastores, "subnets": networking["subnets"], "jobs_queue": jobs.queue_url, "log": log.ref}
ssm.StringParameter(stack, "Settings", parameter_name=place, string_value=stack.to_json_string(told))

contract = {"log": log.ref, "jobs_queue": jobs.queue_url, "jobs_arn": jobs.queue_arn, "settings": place}
cdk.CfnOutput(stack, "contract", value=stack.to_json_string(contract))
app.synth()
