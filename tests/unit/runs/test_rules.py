"""The version of a rule is the closure of its check's code: evidence of another one is stale."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.core.evidence import Evidence, Finding, State
from provisioning_assets.core.items import Item
from provisioning_assets.core.kinds import Capability
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.record.page import FIRST, Page, parsed, written
from provisioning_assets.runs import rules
from provisioning_assets.runs.evaluate import evaluate
from provisioning_assets.runs.standings import stand
from provisioning_assets.runs.task import ReadinessItem, readiness_item
from tests.support.repository import REPOSITORY
from tests.support.runs import asset_run

CODE = """
from provisioning_assets.core.evidence import Finding
from provisioning_assets.runs.task import readiness_item

def unrelated():
    return 1

def helper():
    return 2

@readiness_item(review_item=2)
def dns_has_propagated(run):
    # what is looked at
    return Finding.green(str(helper()))
"""


def versions() -> dict[str, str]:
    """The version of each item of the demo's checks."""
    graph = assemble(load_engagement(REPOSITORY / "engagements/demo_shop"))
    return {each.item.name: each.item.version for task in graph.tasks for each in task.items if each.check}


@pytest.fixture
def closures_of_tests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A module of checks that counts as ours."""
    file = tmp_path / "planted.py"
    monkeypatch.setitem(sys.modules, "provisioning_assets.assets.planted", ModuleType("planted"))
    monkeypatch.setattr(sys.modules["provisioning_assets.assets.planted"], "__file__", str(file), raising=False)
    yield file
    forget()


def forget() -> None:
    rules.version_of.cache_clear()
    rules.closure_of.cache_clear()
    rules._text.cache_clear()
    rules._OURS._modules.clear()
    rules._OURS._codes.clear()


def planted(file: Path, old: str = "", new: str = "") -> ReadinessItem:
    """The item, as a process has it that starts after an edit."""
    forget()
    file.write_text(CODE.replace(old, new) if old else CODE)
    module: dict[str, object] = {"__name__": "provisioning_assets.assets.planted"}
    exec(compile(file.read_text(), str(file), "exec"), module)  # noqa: S102 - it is the test's own
    found = module["dns_has_propagated"]
    assert isinstance(found, ReadinessItem)
    return found


@pytest.mark.parametrize(("old", "new", "state"), [
    ("return 2", "return 3", State.STALE),
    ("str(helper())", "repr(helper())", State.STALE),
    ("return 1", "return 0", State.GREEN),
    ("# what is looked at", "# what is seen", State.GREEN),
    ("review_item=2", "review_item=2, within=__import__('datetime').timedelta(seconds=9)", State.GREEN),
])  # fmt: skip
def test_evidence_of_another_rule_is_stale_and_of_the_same_is_not(
    tmp_path: Path, closures_of_tests: Path, old: str, new: str, state: State
) -> None:
    first = planted(closures_of_tests)
    with asset_run(tmp_path, first) as run:
        evidence = evaluate(run, first).evidence
        assert evidence is not None
        run.session.ledger.append(evidence)
        assert stand(run.session, run.task, first.item).judgement.state is State.GREEN

        again = planted(closures_of_tests, old, new)

        assert stand(run.session, run.task, again.item).judgement.state is state


def test_every_check_has_a_closure_that_holds_its_own_code() -> None:
    graph = assemble(load_engagement(REPOSITORY / "engagements/demo_shop"))
    for task in graph.tasks:
        for each in task.items:
            if each.check:
                own = f"{each.check.__module__}:{each.check.__name__}"
                assert next(iter(rules.closure_of(each.check))) == own
                assert "provisioning_assets.core.evidence:Finding" in rules.closure_of(each.check)
    assert len(set(versions().values())) == len(versions())


def test_a_product_and_the_machinery_are_no_part_of_a_rule() -> None:
    graph = assemble(load_engagement(REPOSITORY / "engagements/demo_shop"))
    reached = {
        name for task in graph.tasks for each in task.items if each.check for name in rules.closure_of(each.check)
    }
    modules = {name.partition(":")[0].removeprefix("provisioning_assets.") for name in reached}
    assert {"core.plan", "probes.mail", "backends.dns.records", "runs.declared"} <= modules
    assert not {each for each in modules if each.startswith(("record", "orchestration", "cli", "backends.aws"))}
    assert not modules & {"backends.dns.route53", "backends.catalogue", "runs.session", "runs.evaluate"}


def test_what_decides_whether_anything_is_looked_at_is_part_of_the_rule() -> None:
    graph = assemble(load_engagement(REPOSITORY / "engagements/demo_shop"))
    reached = {
        each.item.name: {name.partition(":")[2] for name in rules.closure_of(each.check)}
        for task in graph.tasks for each in task.items if each.check
    }  # fmt: skip
    assert {"Certificates.keeps_keys", "Environment.products"} <= reached["certificates_are_issued"]
    assert "Certificates.keeps_keys" in reached["certificates_are_served"]


def test_two_processes_agree() -> None:
    code = "import json; from tests.unit.runs.test_rules import versions; print(json.dumps(versions()))"
    told = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, check=True, timeout=120)
    assert json.loads(told.stdout) == versions()


def test_what_is_installed_is_recorded_and_decides_nothing(
    tmp_path: Path, closures_of_tests: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = planted(closures_of_tests)
    with asset_run(tmp_path, first) as run:
        evidence = evaluate(run, first).evidence
        assert evidence is not None
        assert evidence.products == rules.products()
        assert "provisioning-assets" in evidence.products
        run.session.ledger.append(evidence)

        monkeypatch.setattr(rules.metadata, "version", lambda _name: "999")

        assert stand(run.session, run.task, planted(closures_of_tests).item).judgement.state is State.GREEN


def test_a_capability_that_a_rule_requires_is_part_of_it() -> None:
    def check(_run: object) -> Finding:
        return Finding.green("seen")

    plain, more = (readiness_item(review_item=2, requires=each)(check) for each in ((), (Capability.COVERAGE,)))
    assert plain.item.version != more.item.version


def test_a_record_that_counted_its_rules_is_read_and_stale(tmp_path: Path, closures_of_tests: Path) -> None:
    first = planted(closures_of_tests)
    with asset_run(tmp_path, first) as run:
        old = Evidence(first.item.name, 1, run.about(), Finding.green("seen"), datetime.now(UTC), 0.1, "r0")
        content = json.loads(written(Page(1, FIRST, datetime.now(UTC), "r0", (old,))))
        del content["entries"][0]["products"]

        (read,) = parsed(json.dumps(content).encode()).entries

        assert read == old
        run.session.ledger.append(read)
        assert stand(run.session, run.task, first.item).judgement.state is State.STALE


def test_an_item_without_a_check_has_no_version() -> None:
    item = Item("last_run_succeeded", "", 1, "promotion", timedelta(days=1))
    assert (item.version, replace(item, of_runs=True).version) == ("", "")
