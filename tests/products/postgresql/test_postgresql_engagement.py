"""An engagement whose state, record and lock lie in PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Kind
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import ConfigurationError, LockHeld
from provisioning_assets.record.entries import ApplyFinished, ApplyStarted, LockReclaimed
from provisioning_assets.record.lock import Holder, _content
from provisioning_assets.record.process import Process
from provisioning_assets.runs import opening
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.session import Session
from tests.support.repositories import copy_repository


@pytest.fixture
def file(access: Access, tmp_path: Path) -> Path:
    """The demo shop, with its state in a database of its own."""
    copy_repository(tmp_path)
    profile = tmp_path / ".provisioning/profiles/database.env"
    profile.parent.mkdir(parents=True)
    profile.touch(mode=0o600)
    profile.write_text("".join(f"{name}={value}\n" for name, value in access.variables.items()))
    file = tmp_path / "engagements/demo_shop/engagement.yaml"
    text = file.read_text().replace("profile: sandbox", "profile: database")
    text = text.replace("{name: s3, bucket: demo-shop-staging-state}", "postgresql")
    text = text.replace("{name: s3, bucket: demo-shop-production-state}", "{name: postgresql, schema_name: production}")
    file.write_text(text)
    return file


@pytest.fixture
def graph(file: Path) -> Graph:
    return assemble(load_engagement(file.parent))


@pytest.fixture
def session(graph: Graph) -> Callable[[str], Session]:
    def opened(run: str) -> Session:
        found = opening.open_session(graph, "staging", run=run)
        found.lock_wait = 0.1
        return found

    return opened


def test_a_run_holds_records_and_gives_back(session: Callable[[str], Session]) -> None:
    first = session("run-1")
    opening.reach(first, [])
    opening.prepare(first)
    opening.hold(first)
    first.ledger.append(ApplyStarted("networking", 1, "sha256:00", "one change"))
    with pytest.raises(LockHeld):
        opening.hold(session("run-2"))
    first.ledger.append(ApplyFinished("networking", 1))
    opening.close(first)

    second = session("run-2")
    opening.hold(second)
    opening.close(second)

    assert [page.run for page in second.ledger.pages] == ["run-1", "run-1"]
    assert second.lock.holder() is None


def test_a_lock_of_another_machine_is_broken_by_a_person(session: Callable[[str], Session]) -> None:
    ours = session("run-2")
    opening.prepare(ours)
    now = datetime.now(UTC)
    holder = Holder("token", "run-1", "elsewhere/machine/1", "boot", Process(1, 1.0), now, now)
    ours.backend(Kind.STORE).create(f"{ours.prefix}/lock.json", _content(holder))

    broken = opening.force_unlock(ours)

    assert broken is not None
    assert broken.run == "run-1"
    assert ours.lock.holder() is None
    after = session("run-3")
    assert [entry for page in after.ledger.pages for entry in page.entries] == [
        LockReclaimed(str(holder), "elsewhere", now, forced=True)
    ]


def test_environments_do_not_share_a_schema(file: Path) -> None:
    file.write_text(file.read_text().replace("schema_name: production", "schema_name: provisioning"))

    with pytest.raises(ConfigurationError):
        load_engagement(file.parent)


@pytest.mark.parametrize("name", ["Shop", "1shop", "shop-state", "s" * 31, "shop; DROP"])
def test_a_name_that_is_no_schema_is_told_by_its_line(file: Path, name: str) -> None:
    text = file.read_text().replace("schema_name: production", f"schema_name: {name}")
    file.write_text(text)

    with pytest.raises(ConfigurationError) as caught:
        load_engagement(file.parent)

    line = next(number for number, each in enumerate(text.splitlines(), 1) if "schema_name" in each)
    assert [problem.line for problem in caught.value.problems] == [line]
