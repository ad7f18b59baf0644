"""What a new user does and sees: the demo, its second run, the report, drift, no secret anywhere; in Chromium, too.

One file, so that one worker of pytest-xdist provisions the demo once.
"""

import json
import runpy
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.sandbox.lifecycle import REGION
from tests.e2e.conftest import Provisioned, Shop
from tests.support.repositories import REPOSITORY

pytestmark = pytest.mark.slow
SCREENSHOTS: dict[str, Callable[..., Any]] = runpy.run_path(str(REPOSITORY / "docs" / "take_screenshots.py"))


def client_of(shop: Shop, service: str) -> Any:
    """The cloud, as somebody behind our back reaches it."""
    return aws.of(shop.profile.access(REGION)).client(service)


@pytest.mark.timeout(1500)
def test_one_command_provisions_both_environments_and_proves_them(demo: Provisioned) -> None:
    for environment in ("staging", "production"):
        assert f"{environment}/verified_environment: environment_is_verified is green" in demo.first
        assert f"demo_shop/{environment}: done in" in demo.first


@pytest.mark.timeout(600)
def test_a_second_apply_changes_nothing_and_says_so(demo: Shop) -> None:
    again = demo.run("apply", "demo_shop")
    assert again.returncode == 0, again.stdout[-3000:]
    assert sum("nothing to change" in line for line in again.stdout.splitlines()) == 18
    assert "applied" not in again.stdout
    assert "nothing changed" in again.stdout


@pytest.mark.timeout(600)
def test_stray_variables_of_a_shell_lead_nowhere(demo: Shop) -> None:
    """The profile alone counts: what a shell was set up for otherwise is not heard."""
    nowhere = "http://127.0.0.1:9"
    stray = {
        "AWS_PROFILE": "nobodys", "AWS_ENDPOINT_URL": nowhere, "AWS_ACCESS_KEY_ID": "stray",
        "AWS_SECRET_ACCESS_KEY": "stray", "AWS_REGION": "us-west-2", "AWS_CA_BUNDLE": "/nowhere.pem",
        "VAULT_ADDR": nowhere, "VAULT_TOKEN": "stray", "VAULT_CACERT": "/nowhere.pem", "SSL_CERT_FILE": "/nowhere.pem",
        "ACME_DIRECTORY_URL": nowhere, "HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere,
        "PROVISIONING_RESOLVERS": "127.0.0.1:9", "PROVISIONING_NAMESERVERS": "127.0.0.1:9",
    }  # fmt: skip
    told = demo.run("status", "--json", **stray)
    assert told.returncode == 2, told.stderr
    assert json.loads(told.stdout) == json.loads(demo.run("status", "--json").stdout)
    plan = demo.run("plan", "demo_shop", "production", **stray)
    assert plan.returncode == 0, plan.stdout[-3000:] + plan.stderr


@pytest.mark.timeout(120)
def test_a_secret_that_is_there_needs_no_source_any_more(demo: Shop) -> None:
    done = demo.run("apply", "demo_shop", "staging", "--only", "secrets", DEMO_SHOP_PAYMENT_API_KEY="")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "nothing changed" in done.stdout


def test_the_report_says_no_go_for_what_is_not_built_and_green_for_the_rest(demo: Shop) -> None:
    done = demo.run("readiness", "demo_shop", "--json")
    assert done.returncode == 2
    report = json.loads(done.stdout)
    assert report["decision"] == "NO-GO"
    assert [item["number"] for item in report["items"]] == list(range(1, 9))
    checks = [check for item in report["items"] for check in item["checks"]]
    planned = {"renewal_is_rehearsed", "rollback_is_rehearsed", "on_call_is_confirmed"}
    assert {check["name"] for check in checks if check["state"] == "not_run"} == planned
    assert {check["state"] for check in checks if check["name"] not in planned} == {"green"}
    assert {check["environment"] for check in checks} == {"staging", "production"}
    folder = demo.folder / ".provisioning" / "reports" / "demo_shop"
    assert sorted(file.name for file in folder.iterdir()) == [
        f"readiness.{kind}" for kind in ("html", "json", "md", "xml")
    ]


def break_record(shop: Shop) -> Callable[[], None]:
    client = client_of(shop, "route53")
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
    client, name = client_of(shop, "ssm"), "/demo_shop/staging/config/limits/basket_items"

    def put(value: str) -> None:
        client.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    put("5000")
    return lambda: put("50")


def break_security_group(shop: Shop) -> Callable[[], None]:
    client = client_of(shop, "ec2")
    groups = client.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["demo-shop-staging-service"]}])
    group = groups["SecurityGroups"][0]["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    return lambda: client.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])


def break_alarm(shop: Shop) -> Callable[[], None]:
    client, name = client_of(shop, "cloudwatch"), "demo_shop-staging-shop-down-pager"
    client.enable_alarm_actions(AlarmNames=[name])
    return lambda: client.disable_alarm_actions(AlarmNames=[name])


@pytest.mark.timeout(900)
def test_drift_behind_our_back_is_found_by_address_and_attribute(demo: Shop) -> None:
    mend = [breaks(demo) for breaks in (break_record, break_parameter, break_security_group, break_alarm)]
    found = demo.run("check", "demo_shop", "staging", "--json")
    for each in mend:
        each()
    assert found.returncode == 2, found.stderr
    rows = {row["item"]: row for row in json.loads(found.stdout) if row["verdict"] == "red"}
    drift = {name: {each["address"]: each["attributes"] for each in row["differences"]} for name, row in rows.items()}
    assert drift["dns_has_not_drifted"] == {"api.staging.demo-shop.example A": ["ttl", "values"]}
    assert drift["runtime_config_equals_reviewed"] == {"/demo_shop/staging/config/limits/basket_items": ["value"]}
    (muted,) = drift["monitoring_has_not_drifted"]
    assert "shop-down" in muted
    assert "ingress_rule" in rows["nothing_is_unmanaged"]["summary"]
    assert "shop-down" in rows["pager_is_not_armed"]["summary"]
    again = demo.run("check", "demo_shop", "staging")
    assert again.returncode == 0, again.stdout[-3000:]


def test_no_secret_is_in_any_file_that_the_runs_wrote(demo: Shop) -> None:
    assert demo.leaks() == []


def test_a_start_beside_a_full_cloud_finds_it_running_and_starts_nothing(demo: Shop) -> None:
    before = demo.run("sandbox", "status", "--json").stdout
    done = demo.run("sandbox", "start")
    assert done.returncode == 0, done.stderr
    assert demo.run("sandbox", "status", "--json").stdout == before


def test_the_root_token_and_the_profile_are_for_their_owner_only(demo: Shop) -> None:
    for file in (Path(demo.variables["VAULT_TOKEN_FILE"]), demo.profile.file):
        assert file.stat().st_mode & 0o777 == 0o600


def test_dagsters_database_holds_the_runs(demo: Shop) -> None:
    with sqlite3.connect(demo.folder / ".provisioning/dagster/history/runs.db") as database:
        (runs,) = database.execute("select count(*) from runs where status = 'SUCCESS'").fetchone()
    assert runs >= 2


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_the_lineage_and_an_assets_checks_are_seen_in_dagster(demo: Shop) -> None:
    with (
        SCREENSHOTS["web_interface"](demo.folder, demo.environment) as address,
        SCREENSHOTS["browser"](1600, 1000) as page,
    ):
        page.goto(f"{address}/assets/demo_shop/staging/dns_records?view=checks", wait_until="domcontentloaded")
        page.wait_for_selector("text=dns_has_propagated", timeout=60_000)
        page.goto(f"{address}/asset-groups", wait_until="domcontentloaded")
        page.locator("svg >> text=/^demo_shop/").first.click(timeout=60_000)
        page.wait_for_selector("svg >> text=/^production/", timeout=60_000)


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_refused_gate_is_seen_with_its_reasons(demo: Shop) -> None:
    file = demo.folder / "engagements" / "demo_shop" / "config" / "common.yaml"
    text = file.read_text()
    file.write_text(text.replace("basket_items: 50", "basket_items: 60"))
    try:
        refused = demo.run("apply", "demo_shop", "production", "--only", "runtime_config")
        assert refused.returncode == 2, refused.stdout
        run = last_run(demo)  # before Dagster's daemon, whose schedules may start others
        with (
            SCREENSHOTS["web_interface"](demo.folder, demo.environment) as address,
            SCREENSHOTS["browser"](1600, 1000) as page,
        ):
            page.goto(f"{address}/runs/{run}", wait_until="domcontentloaded")
            page.locator("text=/nothing was written/").first.wait_for(timeout=60_000)
            page.get_by_text("View full message").first.click(timeout=60_000)
            page.locator("text=/basket_items differs/").first.wait_for(timeout=60_000)
    finally:
        file.write_text(text)


def last_run(shop: Shop) -> str:
    """Number of the run that began last."""
    with closing(sqlite3.connect(shop.folder / ".provisioning/dagster/history/runs.db")) as database:
        (run,) = database.execute("select run_id from runs order by id desc limit 1").fetchone()
    return str(run)


@pytest.mark.browser
def test_the_report_is_read_on_a_phone(demo: Shop) -> None:
    demo.run("readiness", "demo_shop")
    report: Path = demo.folder / ".provisioning/reports/demo_shop/readiness.html"
    with SCREENSHOTS["browser"](390, 800) as page:
        page.goto(report.as_uri())
        assert "NO-GO" in page.inner_text("body")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator("text=rollback_is_rehearsed").count() > 0
