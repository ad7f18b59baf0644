"""What the items about secrets and certificates see in a real OpenBao, when what lies there is not what was meant."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from provisioning_assets.runs.work import Work

from provisioning_assets.assets import certificates, secrets
from provisioning_assets.backends.secrets.openbao.store import OpenBao
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.plan import diff
from provisioning_assets.runs.graph import Lineage
from provisioning_assets.runs.session import Session, open_session
from tests.fakes.certificates import MemoryAuthority
from tests.support.servers import openbao_server

RUNTIME, ENGAGEMENT = "demo_shop-staging-runtime", "demo_shop-staging-engagement"
OWNED = {"owner": "ops@demo-shop.example", "purpose": "runtime"}


class Proofs(dict[str, list[str]]):
    """Challenges as an authority in memory looks them up."""

    @contextmanager
    def publish(self, records: Sequence[tuple[str, str]]) -> Iterator[None]:
        for name, value in records:
            self.setdefault(name, []).append(value)
        yield


@pytest.fixture
def session(lineage: Lineage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Staging, with the secrets as declared in a store of its own."""
    monkeypatch.setenv("DEMO_SHOP_PAYMENT_API_KEY", "from the operator's shell")
    with openbao_server() as server, monkeypatch.context() as patch:
        patch.setenv("VAULT_TOKEN", server.token)
        opened = open_session(lineage, "staging", run="r1")
        opened.secret_store = OpenBao(server.address)  # type: ignore[misc] # in place of the sandbox's
        target = secrets.target(Work(opened, lineage.node("staging", "secrets")))
        target.apply(target.plan())
        assert target.plan().empty
        yield opened


def populated(session: Session) -> Finding:
    check = secrets.secrets_are_populated.check
    assert check is not None
    return check(Work(session, session.lineage.node("staging", "secrets")))


def test_what_was_just_written_is_populated(session: Session) -> None:
    assert populated(session).ready


@pytest.mark.parametrize(("value", "problem"), [
    ({"value": ""}, "its value is empty"),
    ({"value": " \n"}, "its value is empty"),
    ({"password": "hunter2"}, "has no key `value`"),
])  # fmt: skip
def test_an_empty_value_is_no_secret(session: Session, value: dict[str, str], problem: str) -> None:
    name = session.environment.secrets.pipeline_reads[0]
    version = session.secret_store.stored(RUNTIME)[name].version
    assert session.secret_store.update(RUNTIME, name, value, version=version)
    finding = populated(session)
    assert not finding.ready
    assert f"runtime/{name}: {problem}" in finding.summary
    assert "hunter2" not in json.dumps(dict(finding.evidence))


@pytest.mark.parametrize(("mount", "name"), [
    (RUNTIME, "certificate-of-somebody"), (RUNTIME, "acme-account"), (ENGAGEMENT, "certificate-shop"),
])  # fmt: skip
def test_a_secret_that_looks_like_ours_is_still_undeclared(session: Session, mount: str, name: str) -> None:
    session.secret_store.create(mount, name, {"value": "x"}, OWNED)
    finding = populated(session)
    assert not finding.ready
    assert f"{name}: is not declared" in finding.summary


def test_refusals_without_a_control_prove_nothing(session: Session) -> None:
    work, store = Work(session, session.lineage.node("staging", "secrets")), session.secret_store
    check = secrets.pipeline_reads_nothing_else.check
    assert check is not None
    assert check(work).ready
    address = "role demo_shop-staging-pipeline"
    role = store.read_structure("demo_shop-staging-")[address]
    # The log-in is used up by its first refusal: all later ones say nothing about the policy.
    store.write_structure(diff({address: {**role, "token_num_uses": 1}}, {address: role}).changes)
    finding = check(work)
    assert not finding.ready
    assert "no control" in finding.summary


def test_another_authority_is_a_change_of_every_certificate(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = session.environment.certificates.certificates
    proofs = Proofs()
    issuer = MemoryAuthority(lambda name: proofs.get(name, []))
    for each in declared:
        issued = issuer.issue(each.names, proofs)
        about = {**OWNED, "authority": "https://rehearsal.example/directory"}
        session.secret_store.create(RUNTIME, each.secret, {"key": issued.key, "chain": issued.chain}, about)
    target = certificates.Certificates(Work(session, session.lineage.node("staging", "certificates")))

    monkeypatch.setenv("ACME_DIRECTORY_URL", "https://rehearsal.example/directory")
    assert target.plan().empty
    monkeypatch.setenv("ACME_DIRECTORY_URL", "https://real.example/directory")
    plan = target.plan()
    assert [change.address for change in plan.changes] == sorted(f"certificate {each.name}" for each in declared)
    assert {attribute for change in plan.changes for attribute in change.attributes} == {"authority"}
