"""CloudWatch when somebody changes it out of band, and who evaluates its alarms."""

import json
from collections.abc import Callable

import pytest

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.monitoring import EVALUATOR, UNHEALTHY, Monitoring
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.core.plan import Json, diff
from provisioning_assets.errors import ApplyFailed
from tests.support.back_ends import aws_access, opened
from tests.support.monitored import ON_CLOUDWATCH, RULE, WATCHED, Api, bring_about, drift, rule


def changed_alarm(scope: str, api: Api, route: str = "pager", **changes: object) -> None:
    """Change one alarm by its API, the rest left as it is."""
    found = api("cloudwatch").describe_alarms(AlarmNames=[f"{scope}-{RULE}-{route}"])["MetricAlarms"][0]
    names = (
        "AlarmName", "Namespace", "MetricName", "Dimensions", "Statistic", "ComparisonOperator", "Threshold",
        "Period", "EvaluationPeriods", "TreatMissingData", "AlarmActions", "ActionsEnabled",
    )  # fmt: skip
    api("cloudwatch").put_metric_alarm(**({name: found[name] for name in names} | changes))


def topic(scope: str, api: Api, route: str) -> str:
    found = api("sns").list_topics()["Topics"]
    return next(each["TopicArn"] for each in found if each["TopicArn"].endswith(f":{scope}-{route}"))


def subscription(scope: str, api: Api) -> str:
    found = api("sns").list_subscriptions()["Subscriptions"]
    return next(each["SubscriptionArn"] for each in found if each["Endpoint"].endswith(f"{scope}-pager-tap"))


def queue(scope: str, api: Api, route: str) -> str:
    return api("sqs").get_queue_url(QueueName=f"{scope}-{route}-tap")["QueueUrl"]


def probe(scope: str, api: Api, **changes: Json) -> None:
    name = f"/{scope}/probes/shop"
    found = json.loads(api("ssm").get_parameter(Name=name)["Parameter"]["Value"])
    api("ssm").put_parameter(Name=name, Value=json.dumps(found | changes), Overwrite=True)


FLIPPED: dict[str, tuple[Callable[[str, Api], object], str]] = {
    "actions enabled": (
        lambda scope, api: api("cloudwatch").enable_alarm_actions(AlarmNames=[f"{scope}-{RULE}-pager"]),
        f"update rule {RULE} (routes)",
    ),
    "threshold": (
        lambda scope, api: changed_alarm(scope, api, Threshold=0.5),
        f"update rule {RULE} (condition)",
    ),
    "statistic": (
        lambda scope, api: changed_alarm(scope, api, Statistic="Average"),
        f"update rule {RULE} (condition)",
    ),
    "comparison": (
        lambda scope, api: changed_alarm(scope, api, ComparisonOperator="GreaterThanThreshold"),
        f"update rule {RULE} (condition)",
    ),
    "missing data": (
        lambda scope, api: changed_alarm(scope, api, TreatMissingData="ignore"),
        f"update rule {RULE} (condition)",
    ),
    "metric": (
        lambda scope, api: changed_alarm(scope, api, MetricName="Orders"),
        f"update rule {RULE} (condition)",
    ),
    "namespace": (
        lambda scope, api: changed_alarm(scope, api, "quiet", Namespace="elsewhere"),
        f"update rule {RULE} (condition)",
    ),
    "unit": (
        lambda scope, api: changed_alarm(scope, api, Unit="Count"),
        f"update rule {RULE} (condition)",
    ),
    "data points": (
        lambda scope, api: changed_alarm(scope, api, EvaluationPeriods=3, DatapointsToAlarm=2),
        f"update rule {RULE} (condition, periods)",
    ),
    "period of one route": (
        lambda scope, api: changed_alarm(scope, api, "quiet", Period=60),
        f"update rule {RULE} (period)",
    ),
    "dimension": (
        lambda scope, api: changed_alarm(scope, api, Dimensions=[{"Name": "Probe", "Value": "other"}]),
        f"update rule {RULE} (probe)",
    ),
    "actions emptied": (
        lambda scope, api: changed_alarm(scope, api, AlarmActions=[]),
        f"update rule {RULE} (otherwise, routes)",
    ),
    "another action": (
        lambda scope, api: changed_alarm(scope, api, OKActions=["arn:aws:sns:eu-central-1:1:elsewhere"]),
        f"update rule {RULE} (otherwise)",
    ),
    "quiet alarm calls the pager, too": (
        lambda scope, api: changed_alarm(
            scope, api, "quiet", AlarmActions=[topic(scope, api, "quiet"), topic(scope, api, "pager")]
        ),
        f"update rule {RULE} (otherwise, routes)",
    ),
    "alarm deleted": (
        lambda scope, api: api("cloudwatch").delete_alarms(AlarmNames=[f"{scope}-{RULE}-pager"]),
        f"update rule {RULE} (routes)",
    ),
    "alarm added": (
        lambda scope, api: changed_alarm(scope, api, AlarmName=f"{scope}-extra"),
        "delete rule extra",
    ),
    "alarm added for a route": (
        lambda scope, api: changed_alarm(scope, api, AlarmName=f"{scope}-extra-pager"),
        "delete rule extra",
    ),
    "alarm added beside the rule's": (
        lambda scope, api: changed_alarm(scope, api, AlarmName=f"{scope}-{RULE}"),
        f"update rule {RULE} (otherwise)",
    ),
    "subscription removed": (
        lambda scope, api: api("sns").unsubscribe(SubscriptionArn=subscription(scope, api)),
        "update route pager (observed, otherwise)",
    ),
    "subscription filtered": (
        lambda scope, api: api("sns").set_subscription_attributes(
            SubscriptionArn=subscription(scope, api), AttributeName="FilterPolicy", AttributeValue='{"kind": ["x"]}'
        ),
        "update route pager (observed, otherwise)",
    ),
    "queue deleted": (
        lambda scope, api: api("sqs").delete_queue(QueueUrl=queue(scope, api, "quiet")),
        "update route quiet (observed, otherwise)",
    ),
    "queue's policy": (
        lambda scope, api: api("sqs").set_queue_attributes(
            QueueUrl=queue(scope, api, "quiet"), Attributes={"Policy": ""}
        ),
        "update route quiet (observed, otherwise)",
    ),
    "dashboard": (
        lambda scope, api: api("cloudwatch").put_dashboard(
            DashboardName=f"{scope}-launch", DashboardBody='{"widgets": []}'
        ),
        "update dashboard launch (body)",
    ),
    "retention": (
        lambda scope, api: api("logs").delete_retention_policy(logGroupName=f"/{scope}/application"),
        "update signal logs/application (retention_days)",
    ),
    "log group added": (
        lambda scope, api: api("logs").create_log_group(logGroupName=f"/{scope}/extra"),
        "delete signal logs/extra",
    ),
    "probe's dimension": (
        lambda scope, api: probe(scope, api, dimension={"Probe": "other"}),
        "update probe shop (otherwise)",
    ),
    "probe's namespace": (
        lambda scope, api: probe(scope, api, namespace="elsewhere"),
        "update probe shop (otherwise)",
    ),
    "probe unreadable": (
        lambda scope, api: api("ssm").put_parameter(Name=f"/{scope}/probes/shop", Value="-", Overwrite=True),
        "update probe shop (otherwise, url)",
    ),
}


@pytest.mark.parametrize("name", FLIPPED)
def test_what_is_changed_out_of_band_is_seen_and_mended(live: Monitoring, api: Api, scope: str, name: str) -> None:
    flip, seen = FLIPPED[name]
    flip(scope, api)
    assert drift(live, scope, ON_CLOUDWATCH) == [seen]
    bring_about(live, scope, ON_CLOUDWATCH)
    assert drift(live, scope, ON_CLOUDWATCH) == []


def test_a_deleted_topic_is_seen_on_its_route_and_on_its_rules(live: Monitoring, api: Api, scope: str) -> None:
    api("sns").delete_topic(TopicArn=topic(scope, api, "pager"))
    found = live.read(scope)
    assert (found["route pager"]["delivers"], found["route pager"]["observed"]) == (False, False)
    assert found[f"rule {RULE}"]["routes"].keys() == {"quiet"}
    bring_about(live, scope, ON_CLOUDWATCH)
    assert drift(live, scope, ON_CLOUDWATCH) == []


def test_a_pager_that_the_quiet_alarm_calls_reads_as_unmuted(live: Monitoring, api: Api, scope: str) -> None:
    FLIPPED["quiet alarm calls the pager, too"][0](scope, api)
    assert live.read(scope)[f"rule {RULE}"]["routes"]["pager"] == {"muted": False}


def test_alarms_that_disagree_show_the_value_of_each_route(live: Monitoring, api: Api, scope: str) -> None:
    changed_alarm(scope, api, "quiet", Period=60, Threshold=0.5)
    found = live.read(scope)[f"rule {RULE}"]
    assert found["period"] == {"pager": 10, "quiet": 60}
    assert found["condition"].keys() == {"pager", "quiet"}
    assert found["condition"]["pager"] == UNHEALTHY


def test_a_foreign_message_on_a_route_is_a_delivery_of_no_rule(live: Monitoring, api: Api, scope: str) -> None:
    alarm = {"AlarmName": f"{scope}-{RULE}-quiet", "NewStateValue": "ALARM"}
    for message in ("hello", json.dumps(alarm), json.dumps({**alarm, "AlarmName": "elsewhere-pager"})):
        api("sns").publish(TopicArn=topic(scope, api, "pager"), Message=message)
    found = live.deliveries(scope, "pager")
    assert sorted(each.state for each in found) == ["firing", "firing", "unknown"]
    assert RULE not in {each.rule for each in found}


def test_a_rule_without_its_topic_fails_with_the_address(cloudwatch: Monitoring, scope: str) -> None:
    with pytest.raises(ApplyFailed) as failed:
        cloudwatch.write(scope, diff({f"rule {RULE}": rule()}, {}).changes)
    assert f"rule {RULE}" in failed.value.what
    assert f"{scope}-pager" in failed.value.where


def test_without_a_namespace_metrics_are_the_scopes_own(access: Access, api: Api, scope: str) -> None:
    bare = opened(Kind.MONITORING, "cloudwatch", access)
    bring_about(bare, scope, WATCHED)
    assert drift(bare, scope, WATCHED) == []
    alarms = api("cloudwatch").describe_alarms(AlarmNamePrefix=f"{scope}-")["MetricAlarms"]
    assert {alarm["Namespace"] for alarm in alarms} == {scope}
    assert json.loads(api("ssm").get_parameter(Name=f"/{scope}/probes/shop")["Parameter"]["Value"]) == {
        "url": WATCHED["probe shop"]["url"], "namespace": scope, "metric": "Healthy", "dimension": {"Probe": "shop"},
    }  # fmt: skip


def evaluator(access: Access) -> str:
    """Of an account that is declared: nobody need be asked."""
    declared = Access(access.name, access.variables, access.region, account="123456789012")
    return str(opened(Kind.MONITORING, "cloudwatch", declared).identity()[EVALUATOR])


def test_only_amazons_own_endpoint_is_called_amazon() -> None:
    speaks_the_api = evaluator(aws_access("http://127.0.0.1:1"))
    of_emulations = {evaluator(aws_access("http://127.0.0.1:1", PROVISIONING_EMULATION=n)) for n in ("sandbox", "moto")}
    amazons = {evaluator(aws_access(address)) for address in ("", "https://monitoring.eu-central-1.amazonaws.com")}
    assert len(amazons) == 1
    assert len({speaks_the_api, *of_emulations, *amazons}) == 4


def test_moto_alone_lacks_an_evaluator_and_the_sandbox_has_one() -> None:
    def lacks(emulation: str) -> bool:
        access = aws_access("http://127.0.0.1:1", PROVISIONING_EMULATION=emulation)
        return Capability.ALARM_EVALUATION in catalogue.lacks(Kind.MONITORING, "cloudwatch", access)

    assert lacks("moto")
    assert not lacks("sandbox")
    assert not lacks("")
