"""`provisioning check` and `validate` on the sandbox: what is looked at, and the exit code that says what was seen."""

import json
import socket
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from provisioning_assets.assets import dns_records
from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.cli import commands
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import diff
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.opening import open_session
from tests.support.command_line import CommandLine, fresh_shell
from tests.support.engagements import edited
from tests.support.profiles import Profile
from tests.support.proving import prove

DRIFT, SEEN = "dns_has_not_drifted", "dns_has_propagated"
NOT_BUILT = "renewal_is_rehearsed"


@pytest.fixture
def provisioning(shop: Path) -> CommandLine:
    return CommandLine(shop, fresh_shell())


@pytest.fixture
def published(shop: Path, cloud: Access) -> Graph:
    """The shop under domains of its own, with both zones as declared, and nothing else of it there."""
    domain = f"d{uuid.uuid4().hex[:8]}.example"
    graph = edited(shop, ("demo-shop.example", domain))
    for environment in graph.engagement.environments:
        zone = environment.dns.zone
        aws.of(cloud).client("route53").create_hosted_zone(Name=zone, CallerReference=zone)
        provider = open_session(graph, environment.name, run="r").backend(Kind.DNS)
        provider.write(zone, diff(dns_records.desired_rrsets(environment.dns), provider.read(zone)).changes)
        prove(graph, environment.name, "networking")  # there is a record from here on
    return graph


@pytest.fixture
def quiet_port() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


def remove_a_record(graph: Graph, environment: str) -> str:
    """Behind our back; its address."""
    session = open_session(graph, environment, run="r")
    zone, provider = session.environment.dns.zone, session.backend(Kind.DNS)
    address = f"api.{zone} A"
    there = provider.read(zone)
    provider.write(zone, diff({a: v for a, v in there.items() if a != address}, there).changes)
    return address


def test_one_item_of_every_environment_ends_with_what_was_seen(published: Graph, provisioning: CommandLine) -> None:
    as_declared = provisioning.run("check", "demo_shop", DRIFT)
    assert as_declared.returncode == 0, as_declared.stdout

    address = remove_a_record(published, "production")
    drifted = provisioning.run("check", "demo_shop", DRIFT, "--json")
    assert drifted.returncode == 2, drifted.stderr
    (row,) = json.loads(drifted.stdout)
    assert (row["environment"], row["item"], row["verdict"]) == ("production", DRIFT, "red")
    assert [each["address"] for each in row["differences"]] == [address]
    staging_alone = provisioning.run("check", "demo_shop", "staging", DRIFT)
    assert staging_alone.returncode == 0, staging_alone.stdout


def test_what_is_red_is_told_once_with_what_to_do(published: Graph, provisioning: CommandLine) -> None:
    address = remove_a_record(published, "staging")
    done = provisioning.run("check", "demo_shop", "staging", DRIFT)
    assert done.returncode == 2, done.stdout
    assert done.stdout.count(address) == 1, done.stdout
    (progress, red, to_do, *_) = [line for line in done.stdout.splitlines() if line]
    assert f"{DRIFT} is red" in progress
    assert address in red
    assert "to do: " in to_do


def test_an_item_that_is_not_built_is_not_ready_beside_one_that_is(published: Graph, provisioning: CommandLine) -> None:
    done = provisioning.run("check", "demo_shop", DRIFT, NOT_BUILT, "--json")
    assert done.returncode == 2, done.stderr
    (row,) = json.loads(done.stdout)
    assert (row["environment"], row["item"], row["state"]) == ("production", NOT_BUILT, "not_run")
    without = provisioning.run("check", "demo_shop", DRIFT)
    assert without.returncode == 0, without.stdout


def test_of_what_was_never_provisioned_the_error_is_the_answer(provisioning: CommandLine) -> None:
    done = provisioning.run("check", "demo_shop", "--json")
    assert done.returncode == 1, done.stderr
    answer = json.loads(done.stdout)
    assert answer["error"]["where"].startswith("s3://")
    assert answer["error"]["what"].startswith("staging: ")
    assert any(each["what"].startswith("production: ") for each in answer["further_errors"])


def test_a_dead_resolver_is_no_answer_and_no_drift(
    published: Graph, provisioning: CommandLine, profile: Profile, quiet_port: str
) -> None:
    profile.set(PROVISIONING_RESOLVERS=quiet_port)
    done = provisioning.run("check", "demo_shop", "staging", SEEN, "--json")
    assert done.returncode == 1, done.stderr
    (row,) = json.loads(done.stdout)
    assert (row["item"], row["state"], row["verdict"]) == (SEEN, "red", "could_not_tell")


def test_a_check_without_an_answer_in_time_ends_with_1(
    published: Graph, shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process, since the check is made to hang; everything else is as it is."""
    answer = threading.Event()

    def hangs(_run: object) -> Finding:
        answer.wait(60)
        return Finding.green("too late")

    item = replace(dns_records.dns_has_propagated.item, within=timedelta(seconds=1))
    monkeypatch.setattr(dns_records, SEEN, replace(dns_records.dns_has_propagated, item=item, check=hangs))
    monkeypatch.chdir(shop)
    monkeypatch.setenv("DAGSTER_HOME", str(shop / ".provisioning" / "dagster"))
    monkeypatch.setattr("sys.argv", ["provisioning", "check", "demo_shop", "staging", SEEN, "--json"])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    answer.set()
    assert ended.value.code == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["state"], row["verdict"]) == ("red", "could_not_tell")


def test_an_environment_alone_is_checked_whole_and_no_other(
    shop: Path, provisioning: CommandLine, graph: Graph
) -> None:
    """Nothing of it is provisioned: each item says so, in one way or the other, and none is left out."""
    prove(graph, "staging", "networking")
    done = provisioning.run("check", "demo_shop", "staging", "--json")
    assert done.returncode == 2, done.stderr
    rows = json.loads(done.stdout)
    found = {(row["environment"], row["asset"], row["item"]) for row in rows}
    expected = {("staging", task.name, each.item.name) for task in graph.of("staging") for each in task.checks}
    assert found <= expected
    assert {asset for _, asset, _ in found} == {task.name for task in graph.of("staging")}


def test_what_is_neither_item_nor_environment_is_told_with_what_there_is(provisioning: CommandLine) -> None:
    done = provisioning.run("check", "demo_shop", "staging", "dns_has_drifted")
    assert done.returncode == 1
    assert all(name in done.stderr for name in ("dns_has_drifted", DRIFT, SEEN, "staging", "production"))


def test_validate_reads_the_file_alone_and_names_its_environments(provisioning: CommandLine, profile: Profile) -> None:
    profile.file.unlink()  # nothing is asked that a profile would lead to
    done = provisioning.run("validate", "demo_shop")
    assert done.returncode == 0, done.stderr
    assert "staging" in done.stdout
    assert "production" in done.stdout
    assert json.loads(provisioning.run("validate", "demo_shop", "--json").stdout) == []


def test_validate_names_each_problem_with_its_line(shop: Path, provisioning: CommandLine) -> None:
    file = shop / "engagements" / "demo_shop" / "engagement.yaml"
    text = file.read_text()
    lines = {name: text.splitlines().index(line) + 1 for name, line in {
        "zonne": "  zone: ${domain}", "clientt": "client: Demo Shop Ltd",
    }.items()}  # fmt: skip
    file.write_text(text.replace("  zone: ${domain}", "  zonne: ${domain}").replace("client: Demo", "clientt: Demo"))
    done = provisioning.run("validate", "demo_shop", "--json")
    assert done.returncode == 1
    told = {problem["line"]: problem["what"] for problem in json.loads(done.stdout)}
    assert all(name in told[line] for name, line in lines.items())
