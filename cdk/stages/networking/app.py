"""What all else lies in: the address plan, the log of its traffic, the topic of alarms, and the VPC if asked for.

MiniStack's drift detection does not look at a VPC. With `vpc` on, it is named there as unseen, and the stage is green
by a waiver of its name alone; Amazon's own drift detection looks at it.
"""

from ipaddress import ip_network

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm

app = cdk.App()
stack = cdk.Stack(app, "Networking")
engagement, environment, cidr, days = map(
    app.node.get_context, ("engagement", "environment", "cidr", "log_retention_days")
)

subnets = [str(subnet) for subnet in ip_network(cidr).subnets(prefixlen_diff=4)][:2]
plan = ssm.StringListParameter(
    stack, "Plan", parameter_name=f"/{engagement}/{environment}/networking/subnets", string_list_value=subnets
)
traffic = logs.CfnLogGroup(stack, "Traffic", retention_in_days=days)
alarms = sns.CfnTopic(stack, "Alarms", display_name=f"{engagement} {environment}")
contract = {
    "cidr": cidr,
    "subnets": subnets,
    "plan": plan.parameter_name,
    "traffic_log": traffic.ref,
    "alarms_topic": alarms.ref,
}
if app.node.get_context("vpc"):
    contract["vpc_id"] = ec2.CfnVPC(stack, "Vpc", cidr_block=cidr, enable_dns_hostnames=True).ref

cdk.CfnOutput(stack, "contract", value=stack.to_json_string(contract))
app.synth()
