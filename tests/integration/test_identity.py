"""Evidence counts for what it was seen in, and for the place from where it was looked."""

import os
from pathlib import Path

import pytest

from provisioning_assets.core.evidence import State, Verdict
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import LedgerDamaged, ProvisioningError
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.identity import identity_of
from provisioning_assets.runs.opening import open_session, reach
from provisioning_assets.runs.standings import standings
from tests.support.engagements import edited
from tests.support.profiles import Profile
from tests.support.proving import WHOLE, holding, prove, reasons

EVERYTHING = WHOLE[:-1]


def stale(graph: Graph, environment: str = "staging") -> set[str]:
    """Assets with evidence that counts no longer; what the tests proved is green otherwise."""
    found = [each for each in standings(open_session(graph, environment, run="r")) if each.asset in EVERYTHING]
    assert {each.judgement.state for each in found} <= {State.GREEN, State.STALE}
    return {each.asset for each in found if each.judgement.state is State.STALE}


@pytest.mark.parametrize(("variable", "value", "assets"), [
    ("PROVISIONING_RESOLVERS", "127.0.0.1:5399", {"dns_records", "certificates"}),
    ("PROVISIONING_NAMESERVERS", "127.0.0.1:5399", {"dns_records", "certificates"}),
    ("PROVISIONING_CONNECT_TO", "*:443:127.0.0.1:4439", {"certificates"}),
    ("ACME_DIRECTORY_URL", "https://real.example/directory", {"certificates"}),
    ("SSL_CERT_FILE", "/dev/null", {"certificates"}),
])  # fmt: skip
def test_what_was_seen_from_elsewhere_counts_no_longer(
    graph: Graph, profile: Profile, variable: str, value: str, assets: set[str]
) -> None:
    prove(graph, "staging", *EVERYTHING)
    assert stale(graph) == set()
    profile.set(**{variable: value})
    assert stale(graph) == assets
    assert any(f"staging/{asset}" in told for asset in assets for told in reasons(graph, "production", asset))


def test_what_another_terraform_planned_counts_no_longer(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prove(graph, "staging", *EVERYTHING)
    newer = tmp_path / "bin/terraform"
    newer.parent.mkdir()
    newer.write_text("#!/bin/sh\necho Terraform v1.99.0\n")
    newer.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{newer.parent}:{os.environ['PATH']}")
        assert stale(graph) == {"networking", "datastores", "compute", "endpoints", "environment"}
    assert stale(graph) == set()


def test_another_region_is_another_content(graph: Graph, shop: Path) -> None:
    prove(graph, "staging", *EVERYTHING)
    moved = edited(shop, ("name: staging\n    region: eu-central-1", "name: staging\n    region: eu-west-1"))
    assert stale(moved) == set(EVERYTHING)


def test_staging_in_another_account_is_read_and_not_written(shop: Path) -> None:
    two = edited(
        shop,
        ("name: staging\n", 'name: staging\n    account: "123456789012"\n'),
        ("name: production\n", 'name: production\n    account: "210987654321"\n'),
    )
    prove(two, "staging", *EVERYTHING)
    production = open_session(two, "production", run="r")
    assert production.before is not None
    task = two.task("staging", "monitoring")
    prove(two, "staging", "verified_environment")
    assert not [told for told in reasons(two, "production", "monitoring") if told.startswith("staging/")]
    assert identity_of(production.before, task) == identity_of(open_session(two, "staging", run="r"), task)
    reach(open_session(two, "staging", run="r"), [task])
    with pytest.raises(ProvisioningError) as error:
        reach(production, [two.task("production", "monitoring")])
    assert error.value.where == production.access.name
    assert {"123456789012", "210987654321"} <= set(error.value.what.replace(";", "").split())


def test_a_ledger_in_a_folder_is_read_by_the_next_run(shop: Path) -> None:
    in_folder = "}\n    ledger: {name: files, folder: .provisioning/ledger}"
    local = edited(shop, ("-state}", f"-state{in_folder}"))
    prove(local, "staging", *EVERYTHING)
    assert stale(local) == set()
    pages = sorted((shop / ".provisioning/ledger/demo_shop/staging/ledger/pages").iterdir())
    assert len(pages) == len(EVERYTHING)
    pages[-1].unlink()
    with pytest.raises(LedgerDamaged):
        stale(local)


def test_a_last_page_that_vanished_from_the_bucket_closes_every_gate(graph: Graph) -> None:
    prove(graph, "staging", *EVERYTHING)
    opened = open_session(graph, "staging", run="r")
    store = opened.backend(Kind.STORE)
    last, version = list(store.versions(f"{opened.prefix}/ledger/pages/").items())[-1]
    assert store.delete(last, version=version)
    with pytest.raises(LedgerDamaged):
        reasons(graph, "production", "secrets")


def test_a_mark_that_cannot_be_read_is_no_identity(graph: Graph) -> None:
    prove(graph, "staging", *EVERYTHING)
    opened = open_session(graph, "staging", run="r")
    key, store = f"{opened.prefix}/identity.json", opened.backend(Kind.STORE)
    found = store.read(key)
    assert found is not None
    store.replace(key, b"[]", version=found[1])
    found = standings(open_session(graph, "staging", run="r"))
    assert {each.judgement.verdict for each in found if not each.item.planned} == {Verdict.COULD_NOT_TELL}
    assert not any(each.judgement.opens for each in found)


def test_the_plan_of_a_killed_run_is_removed_by_the_next_one(graph: Graph) -> None:
    left = open_session(graph, "staging", run="r").workdir / "networking/plan.tfplan"
    left.parent.mkdir(parents=True)
    left.write_text("what a plan holds")
    with holding(graph, "staging"):
        assert not left.exists()
