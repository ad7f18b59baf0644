"""Evidence counts for the world that it was seen in, and for the place from where it was looked."""

import os
from pathlib import Path

import pytest
from provisioning_assets.runs.readiness import standings

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.core.evidence import State
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import LedgerDamaged, ProvisioningError
from provisioning_assets.runs.graph import Lineage
from provisioning_assets.runs.session import open_session
from tests.support.proving import BEFORE_CONFIG, holding, prove, reasons

EVERYTHING = (*BEFORE_CONFIG, "runtime_config", "monitoring")


def stale(lineage: Lineage, environment: str = "staging") -> set[str]:
    """Assets with evidence that counts no longer; what the tests proved is green otherwise."""
    found = [each for each in standings(open_session(lineage, environment, run="r")) if each.asset in EVERYTHING]
    assert {each.judgement.state for each in found} <= {State.GREEN, State.STALE}
    return {each.asset for each in found if each.judgement.state is State.STALE}


def edited(shop: Path, *changes: tuple[str, str]) -> Lineage:
    file = shop / "engagements/demo_shop/engagement.yaml"
    text = file.read_text()
    for old, new in changes:
        assert old in text, f"{old!r} is not there: mend the test"
        text = text.replace(old, new)
    file.write_text(text)
    return assemble(load_engagement(file.parent))[0]


@pytest.mark.parametrize(("variable", "value", "assets"), [
    ("PROVISIONING_RESOLVERS", "127.0.0.1:5399", {"dns_records", "certificates"}),
    ("PROVISIONING_NAMESERVERS", "127.0.0.1:5399", {"dns_records", "certificates"}),
    ("PROVISIONING_CONNECT_TO", "*:443:127.0.0.1:4439", {"certificates"}),
    ("ACME_DIRECTORY_URL", "https://real.example/directory", {"certificates"}),
    ("SSL_CERT_FILE", "/dev/null", {"certificates"}),
])  # fmt: skip
def test_what_was_seen_from_elsewhere_counts_no_longer(
    lineage: Lineage, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, assets: set[str]
) -> None:
    prove(lineage, "staging", *EVERYTHING)
    assert stale(lineage) == set()
    monkeypatch.setenv(variable, value)
    assert stale(lineage) == assets
    assert any(f"staging/{asset}" in told for asset in assets for told in reasons(lineage, "production", asset))


def test_what_another_terraform_planned_counts_no_longer(
    lineage: Lineage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prove(lineage, "staging", *EVERYTHING)
    newer = tmp_path / "bin/terraform"
    newer.parent.mkdir()
    newer.write_text("""#!/bin/sh\necho '{"terraform_version": "1.99.0"}'\n""")
    newer.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{newer.parent}:{os.environ['PATH']}")
        assert stale(lineage) == {"networking", "datastores", "compute", "endpoints", "environment"}
    assert stale(lineage) == set()


def test_another_region_is_another_content(lineage: Lineage, shop: Path) -> None:
    prove(lineage, "staging", *EVERYTHING)
    moved = edited(shop, ("name: staging\n    region: eu-central-1", "name: staging\n    region: eu-west-1"))
    assert stale(moved) == set(EVERYTHING)


def test_staging_in_another_account_is_read_and_not_written(lineage: Lineage, shop: Path) -> None:
    two = edited(
        shop,
        ("name: staging\n", 'name: staging\n    account: "123456789012"\n'),
        ("name: production\n", 'name: production\n    account: "210987654321"\n'),
    )
    prove(two, "staging", *EVERYTHING)
    production = open_session(two, "production", run="r")
    assert production.before is not None
    node = two.node("staging", "monitoring")
    assert not [told for told in reasons(two, "production", "monitoring") if told.startswith("staging/")]
    assert production.before.world(node) == open_session(two, "staging", run="r").world(node)
    open_session(two, "staging", run="r").reach(frozenset({"aws"}))
    with pytest.raises(ProvisioningError, match="belong to the account 123456789012; production lies in 210987654321"):
        production.reach(frozenset({"aws"}))


def test_a_ledger_in_a_folder_is_read_by_the_next_run(lineage: Lineage, shop: Path) -> None:
    local = edited(shop, ("-state}", "-state, ledger: .provisioning/ledger}"))
    prove(local, "staging", *EVERYTHING)
    assert stale(local) == set()
    pages = sorted((shop / ".provisioning/ledger/demo_shop/staging/ledger/pages").iterdir())
    assert len(pages) == len(EVERYTHING)
    pages[-1].unlink()
    with pytest.raises(LedgerDamaged):
        stale(local)


def test_a_last_page_that_vanished_from_the_bucket_closes_every_gate(lineage: Lineage) -> None:
    prove(lineage, "staging", *EVERYTHING)
    opened = open_session(lineage, "staging", run="r")
    last, version = list(opened.store.versions(f"{opened.prefix}/ledger/pages/").items())[-1]
    assert opened.store.delete(last, version=version)
    with pytest.raises(LedgerDamaged, match="contradicts itself"):
        reasons(lineage, "production", "secrets")


def test_a_mark_that_cannot_be_read_is_no_world(lineage: Lineage) -> None:
    prove(lineage, "staging", *EVERYTHING)
    opened = open_session(lineage, "staging", run="r")
    key = f"{opened.prefix}/identity.json"
    found = opened.store.read(key)
    assert found is not None
    opened.store.replace(key, b"[]", version=found[1])
    for standing in standings(open_session(lineage, "staging", run="r")):
        assert not standing.judgement.opens
        if standing.judgement.evidence is not None:
            assert "the mark of the state cannot be read" in standing.judgement.reason


def test_the_plan_of_a_killed_run_is_removed_by_the_next_one(lineage: Lineage) -> None:
    left = open_session(lineage, "staging", run="r").workdir / "networking/plan.tfplan"
    left.parent.mkdir(parents=True)
    left.write_text("what a plan holds")
    with holding(lineage, "staging"):
        assert not left.exists()
