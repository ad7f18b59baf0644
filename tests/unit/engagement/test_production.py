"""Production is the last environment, whatever its name; one that stands alone has no gate, and somebody says so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.backends.access import Access
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.engagement.models import Engagement
from provisioning_assets.errors import Problem
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.session import Session
from tests.support.positions import ALONE, leave_only, rename

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]


def launch(engagement: Engagement) -> tuple[str, str]:
    """Content digest and description of the launch's asset."""
    graph = assemble(engagement)
    task = graph.task(engagement.production.name, "launch_readiness")
    return graph.digests(task).content, task.description


@pytest.mark.parametrize("last", ["staging", "live"])
def test_what_is_called_production_is_refused_anywhere_but_last(folder: Path, problems: Problems, last: str) -> None:
    for old, new in (("staging", "one"), ("production", "two"), ("one", "production"), ("two", last)):
        rename(folder, old, new)
    (problem,) = problems()
    text = (folder / "engagement.yaml").read_text().splitlines()
    assert text[problem.line - 1].strip() == "- name: production"
    assert last in problem.what


@pytest.fixture
def alone(folder: Path) -> Path:
    """The shop with one environment, `live`, which nobody has declared."""
    leave_only(folder, "production")
    rename(folder, "production", "live")
    return folder


@pytest.mark.parametrize("names", [("live", "staging"), ("preview", "live"), ("blue", "green")])
def test_the_last_is_production_and_the_one_before_holds_its_gate(folder: Path, names: tuple[str, str]) -> None:
    for old, new in (("staging", "one"), ("production", "two"), ("one", names[0]), ("two", names[1])):
        rename(folder, old, new)
    found = load_engagement(folder)
    before = found.before(found.production.name)
    assert (found.production.name, before and before.name, found.exception) == (names[1], names[0], "")
    launches = [task.environment for task in assemble(found).tasks if task.name == "launch_readiness"]
    assert launches == [names[1]]


def test_one_environment_alone_is_refused_at_its_line_whatever_its_name(alone: Path, problems: Problems) -> None:
    for name in ("live", "production", "staging"):
        rename(alone, load_engagement_name(alone), name)
        (problem,) = problems()
        text = (alone / "engagement.yaml").read_text().splitlines()[problem.line - 1]
        assert text.strip() == f"- name: {name}"
        assert "single_environment" in problem.expected


def load_engagement_name(folder: Path) -> str:
    """The name of its one configuration file beside the common one, which is its environment's."""
    (name,) = {file.stem for file in (folder / "config").glob("*.yaml")} - {"common"}
    return name


def test_a_person_may_answer_for_one_environment(alone: Path, edit: Edit) -> None:
    edit("roles:\n", f"{ALONE}\nroles:\n")
    found = load_engagement(alone)
    assert found.before("live") is None
    assert all(part in found.exception for part in ("live", "Alice Moreau", "A page without data."))


def test_who_answers_for_it_and_why_is_in_the_launchs_digest(alone: Path, edit: Edit) -> None:
    edit("roles:\n", f"{ALONE}\nroles:\n")
    before, described = launch(load_engagement(alone))
    edit("A page without data.", "The client wants it so.")
    found = load_engagement(alone)
    content, now_described = launch(found)
    assert content != before
    assert (found.exception in now_described, found.exception in described) == (True, False)


def test_the_launchs_statement_begins_with_it(alone: Path, edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(alone))  # no profile is there, so nobody is asked
    edit("roles:\n", f"{ALONE}\nroles:\n")
    graph = assemble(load_engagement(alone))
    where, task = graph.engagement.production, graph.task("live", "launch_readiness")
    run = AssetRun(Session(graph, where, Access("the test's own", {}, where.region), "r1"), task)
    assert task.state
    assert next(iter(task.state(run).items())) == ("exception", graph.engagement.exception)


def test_the_exception_of_several_environments_is_refused(edit: Edit, folder: Path, problems: Problems) -> None:
    edit("roles:\n", f"{ALONE}\nroles:\n")
    (problem,) = problems()
    text = (folder / "engagement.yaml").read_text().splitlines()
    assert text[problem.line - 1].startswith("single_environment:")


@pytest.mark.parametrize("owner", ["", "owner: '', ", "owner: 5, "])
def test_an_exception_for_which_nobody_answers_is_none(alone: Path, edit: Edit, problems: Problems, owner: str) -> None:
    edit("roles:\n", f"{ALONE.replace('owner: Alice Moreau, ', owner)}\nroles:\n")
    (problem,) = problems()
    assert "`owner`" in problem.what
    assert (alone / "engagement.yaml").read_text().splitlines()[problem.line - 1].startswith("single_environment:")
