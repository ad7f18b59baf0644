"""A stage of AWS CDK: the queue of the shop's jobs, the one for those that failed, and where its senders are.

What it takes is named in the `context` of cdk.json: variables of the stage, and outputs of earlier stages under
their names. What later stages may rely on is the output `contract`, a JSON object.

Who may send is not said here: MiniStack compares neither the policies of a role nor that of a queue, nor how a queue is
encrypted, which Amazon does by itself; and what nobody compares is not green.
"""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm

app = cdk.App()
stack = cdk.Stack(app, "Jobs")
networking = app.node.get_context("networking")
retention = cdk.Duration.days(app.node.get_context("retention_days"))

failed = sqs.Queue(stack, "Failed", retention_period=cdk.Duration.days(14))
queue = sqs.Queue(
    stack,
    "Queue",
    retention_period=retention,
    dead_letter_queue=sqs.DeadLetterQueue(queue=failed, max_receive_count=5),
)
senders = ssm.StringParameter(stack, "Senders", string_value=networking["vpc_id"])

contract = {
    "queue": queue.queue_url,
    "queue_arn": queue.queue_arn,
    "failed_arn": failed.queue_arn,
    "senders": senders.parameter_name,
}
cdk.CfnOutput(stack, "contract", value=stack.to_json_string(contract))
app.synth()
