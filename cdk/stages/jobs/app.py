"""A stage of AWS CDK: the queue of the shop's jobs, the one for those that failed, and the role that sends them.

What it takes is named in the `context` of cdk.json: variables of the stage, and outputs of earlier stages under
their names. What later stages may rely on is the output `contract`, a JSON object.

Who may send is said by a role and not by a policy of the queue: drift detection does not look at every type, and what
nobody compares is not green.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs

app = cdk.App()
stack = cdk.Stack(app, "Jobs")
networking = app.node.get_context("networking")
retention = cdk.Duration.days(app.node.get_context("retention_days"))

failed = sqs.Queue(stack, "Failed", encryption=sqs.QueueEncryption.SQS_MANAGED, retention_period=cdk.Duration.days(14))
queue = sqs.Queue(
    stack,
    "Queue",
    encryption=sqs.QueueEncryption.SQS_MANAGED,
    retention_period=retention,
    dead_letter_queue=sqs.DeadLetterQueue(queue=failed, max_receive_count=5),
)
from_our_network = {"StringEquals": {"aws:SourceVpc": networking["vpc_id"]}}
may_send = iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn])
sender = iam.Role(
    stack,
    "Sender",
    assumed_by=iam.AccountRootPrincipal().with_conditions(from_our_network),
    inline_policies={"send": iam.PolicyDocument(statements=[may_send])},
)

contract = {
    "queue": queue.queue_url,
    "queue_arn": queue.queue_arn,
    "failed_arn": failed.queue_arn,
    "sender": sender.role_name,
}
cdk.CfnOutput(stack, "contract", value=stack.to_json_string(contract))
app.synth()
