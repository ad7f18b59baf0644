"""What a new user does and sees: the demo, its second run, drift, the report, the browser."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import hvac
import pytest

from tests.e2e.conftest import CANARY, Provisioned, Shop

REGION = "eu-central-1"


def aws(shop: Shop, service: str) -> Any:
    return boto3.client(
        service, region_name=REGION, endpoint_url=shop.environment["AWS_ENDPOINT_URL"],
        aws_access_key_id="sandbox", aws_secret_access_key="sandbox",  # noqa: S106 - the sandbox's own
    )  # fmt: skip


def root_token(shop: Shop) -> str:
    return Path(shop.environment["VAULT_TOKEN_FILE"]).read_text().strip()


@pytest.mark.timeout(1500)
def test_a_run_killed_in_production_is_taken_over_told_and_finished(provisioned: Provisioned) -> None:
    assert "had been killed: it is marked as failed" in provisioned.again
    assert "took over demo_shop-production from run " in provisioned.again
    assert "production/verified_environment: environment_is_verified is green" in provisioned.again
    assert "demo_shop/production: done in" in provisioned.again


def test_a_second_apply_changes_nothing_and_says_so(provisioned: Provisioned) -> None:
    staging, _, _ = provisioned.again.partition("demo_shop/production: apply")
    outcomes = [line for line in staging.splitlines() if "nothing to change" in line]
    assert len(outcomes) == 9
    assert "applied" not in staging
    assert "nothing changed" in staging


@pytest.mark.timeout(120)
def test_a_secret_that_is_there_needs_no_source_any_more(provisioned: Shop) -> None:
    done = provisioned.run("apply", "demo_shop", "staging", "--only", "secrets", DEMO_SHOP_PAYMENT_API_KEY="")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "nothing changed" in done.stdout


def test_the_report_says_no_go_for_what_is_not_built_and_green_for_the_rest(provisioned: Shop) -> None:
    done = provisioned.run("readiness", "demo_shop", "--json")
    assert done.returncode == 2
    report = json.loads(done.stdout)
    assert report["decision"] == "NO-GO"
    assert [item["number"] for item in report["items"]] == list(range(1, 9))
    checks = [check for item in report["items"] for check in item["checks"]]
    planned = {"renewal_is_rehearsed", "rollback_is_rehearsed", "on_call_is_confirmed"}
    assert {check["name"] for check in checks if check["state"] == "not_run"} == planned
    assert {check["state"] for check in checks if check["name"] not in planned} == {"green"}
    assert {check["environment"] for check in checks} == {"staging", "production"}
    folder = provisioned.folder / ".provisioning" / "reports" / "demo_shop"
    assert sorted(file.name for file in folder.iterdir()) == [
        f"readiness.{kind}" for kind in ("html", "json", "md", "xml")
    ]


def break_record(shop: Shop) -> Callable[[], None]:
    client = aws(shop, "route53")
    zones = client.list_hosted_zones()["HostedZones"]
    zone = next(each["Id"] for each in zones if each["Name"] == "staging.demo-shop.example.")

    def put(address: str, ttl: int) -> None:
        rrset = {
            "Name": "api.staging.demo-shop.example.",
            "Type": "A",
            "TTL": ttl,
            "ResourceRecords": [{"Value": address}],
        }
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": rrset}]}
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)

    put("127.0.0.9", 1)  # resolvers forget it at once, so that the next run is not red for it
    return lambda: put("127.0.0.1", 60)


def break_parameter(shop: Shop) -> Callable[[], None]:
    client, name = aws(shop, "ssm"), "/demo_shop/staging/config/limits/basket_items"

    def put(value: str) -> None:
        client.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    put("5000")
    return lambda: put("50")


def break_security_group(shop: Shop) -> Callable[[], None]:
    client = aws(shop, "ec2")
    groups = client.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["demo-shop-staging-service"]}])
    group = groups["SecurityGroups"][0]["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    return lambda: client.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])


def break_alarm(shop: Shop) -> Callable[[], None]:
    client, name = aws(shop, "cloudwatch"), "demo_shop-staging-shop-down-pager"
    client.enable_alarm_actions(AlarmNames=[name])
    return lambda: client.disable_alarm_actions(AlarmNames=[name])


@pytest.mark.timeout(900)
def test_drift_behind_our_back_is_found_by_address_and_attribute(provisioned: Shop) -> None:
    mend = [breaks(provisioned) for breaks in (break_record, break_parameter, break_security_group, break_alarm)]
    found = provisioned.run("drift", "demo_shop", "staging", "--json")
    for each in mend:
        each()
    assert found.returncode == 2, found.stderr
    rows = json.loads(found.stdout)
    told = {row["item"]: row["summary"] for row in rows}
    assert "api.staging.demo-shop.example A (ttl, values)" in told["dns_has_not_drifted"]
    assert "config/limits/basket_items (value)" in told["runtime_config_equals_reviewed"]
    assert "ingress_rule" in told["nothing_is_unmanaged"]
    assert "shop-down-pager (paging)" in told["monitoring_has_not_drifted"]
    assert "armed" in told["pager_is_not_armed"]
    again = provisioned.run("drift", "demo_shop", "staging")
    assert again.returncode == 0, again.stdout[-3000:]


def test_no_secret_is_in_any_file_that_the_runs_wrote(provisioned: Shop) -> None:
    store = hvac.Client(url=provisioned.environment["VAULT_ADDR"], token=root_token(provisioned))
    secrets = {CANARY, root_token(provisioned)}
    for environment in ("staging", "production"):
        for purpose in ("runtime", "engagement"):
            mount = f"demo_shop-{environment}-{purpose}"
            for name in store.secrets.kv.v2.list_secrets(path="", mount_point=mount)["data"]["keys"]:
                value = store.secrets.kv.v2.read_secret_version(
                    path=name, mount_point=mount, raise_on_deleted_version=True
                )["data"]["data"]
                # A chain is public; of a key, a line of its body is what would betray it.
                secrets.update(v.splitlines()[1] if "KEY" in v else v for k, v in value.items() if k != "chain")
    assert len(secrets) >= 12
    token_file = Path(provisioned.environment["VAULT_TOKEN_FILE"])
    looked_at = 0
    for file in (provisioned.folder / ".provisioning").rglob("*"):
        if not file.is_file() or file == token_file or "providers" in file.parts:
            continue
        looked_at += 1
        content = file.read_bytes()
        for secret in secrets:
            assert secret.encode() not in content, f"a secret is in {file.relative_to(provisioned.folder)}"
    assert looked_at > 30
    for bucket in ("demo-shop-staging-state", "demo-shop-production-state"):
        client = aws(provisioned, "s3")
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for found in page["Contents"]:
                body = client.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
                assert not any(secret.encode() in body for secret in secrets), found["Key"]


def test_a_start_beside_a_full_cloud_finds_it_running_and_starts_nothing(provisioned: Shop) -> None:
    before = provisioned.run("sandbox", "status", "--json").stdout
    done = provisioned.run("sandbox", "start")
    assert done.returncode == 0, done.stderr
    assert provisioned.run("sandbox", "status", "--json").stdout == before


def test_the_root_token_is_for_its_owner_only(provisioned: Shop) -> None:
    assert Path(provisioned.environment["VAULT_TOKEN_FILE"]).stat().st_mode & 0o777 == 0o600


def test_dagsters_database_holds_the_runs(provisioned: Shop) -> None:
    with sqlite3.connect(provisioned.folder / ".provisioning/dagster/history/runs.db") as database:
        (runs,) = database.execute("select count(*) from runs where status = 'SUCCESS'").fetchone()
    assert runs >= 2
