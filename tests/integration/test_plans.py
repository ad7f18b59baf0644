"""A plan of an environment that was never applied: what an apply would fail for is told, and nothing is written."""

from pathlib import Path

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.cli.plans import Planned, plans
from provisioning_assets.errors import Misdirected, ProviderFailed, ProvisioningError, Unreachable
from provisioning_assets.runs.graph import Graph
from tests.support.engagements import edited
from tests.support.profiles import Profile
from tests.support.proving import prove
from tests.support.servers import free_port

VALUE = "DEMO_SHOP_PAYMENT_API_KEY"
RFC2136 = ("provider: route53", "provider: {name: rfc2136, server: 127.0.0.1:%d, key: ours}")
NO_ALIAS = ('- {name: www, type: A, alias: "${domain}"}', "- {name: www, type: A, ttl: 60, values: [127.0.0.1]}")


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator's shell with the one value that somebody has to give."""
    monkeypatch.setenv(VALUE, "from the shell")


def plan(graph: Graph, environment: str = "staging") -> list[Planned]:
    return plans(graph, environment, print)


def told(graph: Graph) -> ProvisioningError:
    """What stands in the way, with the exit code of an error."""
    with pytest.raises(ProvisioningError) as failure:
        plan(graph)
    assert failure.value.exit_code == 1
    return failure.value


def test_all_of_it_is_pending_and_nothing_is_written(graph: Graph, cloud: Access, shop: Path) -> None:
    found = plan(graph)

    assert [each.asset for each in found] == [task.name for task in graph.of("staging") if task.target]
    assert all(each.pending and each.plan is None for each in found)
    bucket = graph.engagement.environment("staging").state.model_dump()["bucket"]
    assert bucket not in {each["Name"] for each in aws.of(cloud).client("s3").list_buckets()["Buckets"]}
    assert not (shop / ".provisioning/work").exists()


@pytest.mark.parametrize(("variable", "server"), [
    ("VAULT_ADDR", "openbao"), ("ACME_DIRECTORY_URL", "authority"), ("AWS_ENDPOINT_URL", "aws"),
    ("AWS_ENDPOINT_URL_STS", "aws"),
])  # fmt: skip
def test_a_server_that_is_not_there_is_told(graph: Graph, profile: Profile, variable: str, server: str) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    profile.set(**{variable: nowhere})

    error = told(graph)

    assert isinstance(error, Unreachable), server
    assert nowhere in error.address
    assert error.remedy


def test_a_missing_token_is_told(graph: Graph, profile: Profile, tmp_path: Path) -> None:
    profile.set(VAULT_TOKEN_FILE=str(tmp_path / "none"))
    error = told(graph)
    assert isinstance(error, ProviderFailed)
    assert error.where == str(tmp_path / "none")
    assert "VAULT_TOKEN_FILE" in error.remedy


def test_an_address_that_is_not_the_profiles_is_told(shop: Path) -> None:
    address = "https://bao.elsewhere.example"
    error = told(edited(shop, ("provider: openbao", f"provider: {{name: openbao, address: '{address}'}}")))
    assert isinstance(error, Misdirected)
    assert address in error.cause


def test_a_key_file_that_cannot_be_read_is_told(shop: Path, profile: Profile, tmp_path: Path) -> None:
    port = free_port()
    profile.set(RFC2136_NAMESERVER=f"127.0.0.1:{port}", RFC2136_TSIG_FILE=str(tmp_path / "none"))
    error = told(edited(shop, (RFC2136[0], RFC2136[1] % port), NO_ALIAS))
    assert isinstance(error, ProviderFailed)
    assert error.where == str(tmp_path / "none")


def test_a_store_of_the_state_that_is_not_there_is_told(graph: Graph, shop: Path, profile: Profile) -> None:
    """Also where the record, which is asked first, lies elsewhere."""
    state = graph.engagement.environment("staging").state.model_dump()
    port = str(free_port())
    profile.set(PGHOST="127.0.0.1", PGPORT=port, PGUSER="u", PGDATABASE="d", PGSSLMODE="disable")
    elsewhere = "state: {name: postgresql}\n    ledger: {name: files, folder: record}"
    error = told(edited(shop, (f"state: {{name: s3, bucket: {state['bucket']}}}", elsewhere)))
    assert isinstance(error, Unreachable)
    assert port in error.address


def test_a_value_that_nobody_gave_is_told_beside_the_rest(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VALUE)
    (secrets,) = [each for each in plan(graph) if not each.pending]
    assert (secrets.asset, VALUE in secrets.error) == ("secrets", True)
    assert secrets.as_json()["pending"] is None


def test_a_plan_of_what_was_applied_needs_no_value(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    prove(graph, "staging", "networking")
    monkeypatch.delenv(VALUE)
    (secrets,) = [each for each in plan(graph) if each.asset == "secrets"]
    assert secrets.plan is not None
    assert "secret runtime/payment-api-key" in {change.address for change in secrets.plan.changes}
    assert VALUE in secrets.error
