"""An engagement on other products than the demo's, from nothing to its report, on the servers that it names."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.core.kinds import Kind
from provisioning_assets.sandbox import lifecycle as sandbox
from provisioning_assets.sandbox import processes
from provisioning_assets.sandbox.processes import Folder
from tests.support.back_ends import opened
from tests.support.command_line import CommandLine, fresh_shell
from tests.support.leaks import betraying, files_below, leaks, objects_in
from tests.support.profiles import Profile
from tests.support.repositories import copy_repository
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.second, pytest.mark.timeout(600)]

NAME = "cdk_shop"
DNS_CLAIM = "dns_is_served_as_declared"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A clone, in a fresh shell, with the sandbox that the command line started for the engagement."""
    folder = tmp_path_factory.mktemp("clone")
    copy_repository(folder, NAME)
    shop = CommandLine(folder, fresh_shell())
    try:
        started = shop.run("sandbox", "start", NAME)
        assert started.returncode == 0, started.stderr
        yield shop
    finally:
        shop.run("sandbox", "stop", NAME)


@pytest.fixture(scope="module")
def first(shop: CommandLine) -> str:
    """What the run said that provisioned both environments."""
    done = shop.run("apply", NAME)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    (shop.folder / ".provisioning" / "out").write_text(done.stdout + done.stderr)
    return done.stdout


def home(shop: CommandLine) -> Path:
    return shop.folder / ".provisioning" / "sandbox-cdk"


def client(shop: CommandLine, service: str) -> Any:
    """The cloud, as somebody behind our back reaches it."""
    return aws.of(Profile(sandbox.profile_file(home(shop))).access(sandbox.REGION)).client(service)


def test_both_environments_come_up_and_are_proven(first: str) -> None:
    for environment in ("staging", "production"):
        assert f"{environment}/verified_environment: environment_is_verified is green" in first
        assert f"{NAME}/{environment}: done in" in first


def test_a_second_apply_changes_nothing(shop: CommandLine, first: str) -> None:
    again = shop.run("apply", NAME)
    assert again.returncode == 0, again.stdout[-3000:]
    assert sum("nothing to change" in line for line in again.stdout.splitlines()) == 18
    assert "applied" not in again.stdout


def test_the_report_is_green_but_for_what_is_not_built(shop: CommandLine, first: str) -> None:
    done = shop.run("readiness", NAME, "--json")
    assert done.returncode == 2
    report = json.loads(done.stdout)
    assert report["decision"] == "NO-GO"
    checks = [check for item in report["items"] for check in item["checks"]]
    planned = {"renewal_is_rehearsed", "rollback_is_rehearsed", "on_call_is_confirmed"}
    assert {check["state"] for check in checks if check["name"] in planned} == {"not_run"}
    assert {check["state"] for check in checks if check["name"] not in planned} == {"green"}


def test_no_secret_is_in_any_file_that_the_runs_wrote(shop: CommandLine, first: str) -> None:
    store = client(shop, "secretsmanager")
    values = set()
    for page in store.get_paginator("list_secrets").paginate():
        for found in page["SecretList"]:
            kept = json.loads(store.get_secret_value(SecretId=found["Name"])["SecretString"])
            values |= betraying(kept)
    files = files_below(shop.folder / ".provisioning", but=home(shop) / "openbao.token")
    objects = objects_in(client(shop, "s3"), "cdk-shop-staging-flags", "cdk-shop-production-flags")
    rows = recorded(shop)
    found = {**files, **objects, **rows}
    assert (len(values) >= 8, len(files) > 30, len(rows) > 30) == (True, True, True), "too little to look at"
    assert leaks(found, values) == []


def recorded(shop: CommandLine) -> dict[str, bytes]:
    """Every row of the record, which PostgreSQL keeps compressed in its files."""
    access = Profile(sandbox.profile_file(home(shop))).access(sandbox.REGION)
    rows = {}
    for environment in ("staging", "production"):
        schema = f"cdk_shop_{environment}"
        store = opened(Kind.STORE, "postgresql", access, schema_name=schema)
        for key in store.versions(""):
            kept = store.read(key)
            assert kept is not None
            rows[f"{schema}: {key}"] = kept[0]
    return rows


def test_a_flag_that_somebody_changed_is_drift_by_its_name(shop: CommandLine, first: str) -> None:
    s3, where = client(shop, "s3"), {"Bucket": "cdk-shop-staging-flags", "Key": "flags.json"}
    before = s3.get_object(**where)["Body"].read()
    s3.put_object(**where, Body=before.replace(b"600", b"6000"))
    try:
        found = shop.run("check", NAME, "staging", "runtime_config_equals_reviewed")
        assert found.returncode == 2
        assert "limits/requests_per_minute" in found.stdout + found.stderr
    finally:
        s3.put_object(**where, Body=before)


@pytest.mark.parametrize(("member", "item"), [("dns", DNS_CLAIM), ("prometheus", "monitoring_has_not_drifted")])
def test_a_server_that_is_gone_is_no_answer_and_no_drift(shop: CommandLine, first: str, member: str, item: str) -> None:
    gone = processes.running(Folder(home(shop)), member)
    assert gone is not None
    gone.kill()
    gone.wait(10)
    found = shop.run("check", NAME, "staging", item)
    assert found.returncode == 1, found.stdout + found.stderr
    again = shop.run("sandbox", "start", NAME)
    assert (again.returncode, f"{member} had crashed" in again.stdout + again.stderr) == (0, True)
    # A Prometheus that was started anew takes up its targets within seconds.
    wait_until(lambda: shop.run("check", NAME, "staging", item).returncode == 0, within=40)


def test_a_record_that_cannot_be_reached_is_an_error_that_names_it(shop: CommandLine, first: str) -> None:
    gone = processes.running(Folder(home(shop)), "postgresql")
    assert gone is not None
    gone.send_signal(signal.SIGINT)  # hangs up on everybody
    gone.wait(20)
    told = shop.run("plan", NAME, "staging")
    assert told.returncode == 1
    assert "PostgreSQL" in told.stdout + told.stderr
    shop.run("sandbox", "start", NAME)
    assert shop.run("check", NAME, "staging").returncode == 0
