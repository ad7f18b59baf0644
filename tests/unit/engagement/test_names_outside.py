"""Names that are the same outside, though they are not in the files, are refused where they stand."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.engagement.scaffold import scaffold
from provisioning_assets.errors import ConfigurationError, Problem
from provisioning_assets.orchestration.definitions import load_definitions
from tests.support.positions import rename

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]


def copied(folder: Path, name: str) -> Path:
    """The shop once more, as an engagement of another name beside it."""
    copy = shutil.copytree(folder, folder.parent / name)
    file = copy / "engagement.yaml"
    file.write_text(file.read_text().replace("demo_shop", name))
    return copy


def told(folder: Path) -> list[Problem]:
    try:
        load_engagement(folder)
    except ConfigurationError as error:
        return list(error.problems)
    return []


def line(folder: Path, problem: Problem) -> str:
    assert problem.file == f"engagements/{folder.name}/engagement.yaml"
    return (folder / "engagement.yaml").read_text().splitlines()[problem.line - 1].strip()


COLLIDING = [("demo", "shop_staging"), ("demo_", "shop_staging"), ("demo_shop_", "staging"), ("demo__shop", "staging")]


@pytest.mark.parametrize(("name", "environment"), COLLIDING)
def test_two_engagements_of_one_name_outside_are_both_refused(folder: Path, name: str, environment: str) -> None:
    other = copied(folder, name)
    if environment != "staging":
        rename(other, "staging", environment)
        rename(other, "production", "live")
    for each, neighbour in ((folder, other), (other, folder)):
        first = told(each)[0]
        assert line(each, first).startswith("- name: ")
        assert f"engagements/{neighbour.name}/engagement.yaml" in first.what
        assert "demo-shop-staging" in first.what


def test_names_that_only_begin_alike_are_no_collision(folder: Path) -> None:
    other = copied(folder, "demo")
    assert (told(folder), told(other)) == ([], [])


def test_a_neighbour_that_cannot_be_read_is_its_own_problem(folder: Path) -> None:
    other = copied(folder, "demo")
    for text in ("environments: [", "environments: 5", "environments: [{name: 5}, 7]", ""):
        (other / "engagement.yaml").write_text(text)
        assert told(folder) == []
    (other / "engagement.yaml").unlink()
    assert told(folder) == []


@pytest.mark.parametrize(("name", "change"), [
    ("Demo_Shop", ("", "")), ("demo_shop_", ("engagement: demo_shop_", "engagement: demo_shop")),
    ("demo_shop_", ("- name: staging", "- name: staging_")),
])  # fmt: skip
def test_a_neighbour_that_cannot_be_valid_takes_no_name(folder: Path, name: str, change: tuple[str, str]) -> None:
    other = copied(folder, name)
    file = other / "engagement.yaml"
    file.write_text(file.read_text().replace(*change).replace("- name: production", "- name: live"))
    assert told(other)
    assert told(folder) == []


def test_colliding_engagements_hide_no_other_in_dagster(folder: Path) -> None:
    rename(copied(folder, "demo"), "staging", "shop_staging")
    copied(folder, "museum")
    jobs = load_definitions(folder.parent).get_repository_def().get_all_jobs()
    assert {job.name for job in jobs} >= {"museum__staging__apply", "museum__production__apply"}
    assert not {job.name for job in jobs} & {"demo_shop__production__drift_hourly"}


def test_a_link_to_an_engagement_is_not_a_second_one(folder: Path) -> None:
    link = folder.parent / "copy"
    link.symlink_to(folder.name)
    (problem,) = told(link)
    assert (line(folder, problem), told(folder)) == ("engagement: demo_shop", [])
    assert load_definitions(folder.parent).get_repository_def().has_job("demo_shop__staging__apply")


def test_a_folder_of_any_name_hides_no_engagement_in_dagster(folder: Path) -> None:
    names = ["my shop", "my-shop", "my.shop", "Über", "-", "demo-shop"]
    for name in names:
        (folder.parent / name).mkdir()
    found = load_definitions(folder.parent).get_repository_def()
    assert found.has_job("demo_shop__staging__apply")
    groups = {group for group in found.asset_graph.get_all_asset_keys() if group.path[-1] == "engagement_file"}
    assert len(groups) == len(names)


@pytest.mark.parametrize("name", ["live__compute", "live_", "live__"])
def test_dagsters_separator_is_in_no_name_of_an_environment(folder: Path, problems: Problems, name: str) -> None:
    rename(folder, "production", name)
    first = problems()[0]
    assert line(folder, first) == f"- name: {name}"


@pytest.mark.parametrize("name", ["compute__endpoints", "compute_", "readiness", "engagement_file"])
def test_a_stage_takes_no_name_of_ours_in_dagster(folder: Path, edit: Edit, problems: Problems, name: str) -> None:
    edit("name: compute\n", f"name: {name}\n")
    (problem,) = problems()
    assert line(folder, problem) == f"- name: {name}"


def last_parts(folder: Path) -> set[str]:
    """What names of jobs, schedules and steps end in."""
    found = load_definitions(folder.parent).get_repository_def()
    steps = {node.name for job in found.get_all_jobs() for node in job.all_node_defs}
    named = {each.name for each in (*found.get_all_jobs(), *found.schedule_defs)} | steps
    return {name.rpartition("__")[2] for name in named if name.startswith("demo_shop__")}


def test_a_stage_is_called_like_nothing_that_dagster_has_of_an_engagement(
    folder: Path, edit: Edit, problems: Problems
) -> None:
    stages = {stage.name for stage in load_engagement(folder).environments[0].stages}
    ours = last_parts(folder)
    edit("schema: 1", "schema: one")
    ours |= last_parts(folder)
    edit("schema: one", "schema: 1")
    assert ours >= {"apply", "drift", "drift_hourly", "readiness", "refused", "certificates", "verified_environment"}
    called = "compute"
    for name in sorted(ours - stages):
        edit(f"- name: {called}\n", f"- name: {name}\n")
        called = name
        assert line(folder, problems()[0]) == f"- name: {name}", name


def test_an_environment_may_be_called_like_the_asset_of_a_broken_file(folder: Path) -> None:
    rename(folder, "staging", "engagement_file")
    for broken in (False, True):
        if broken:
            (folder / "engagement.yaml").write_text("environments: [")
        found = load_definitions(folder.parent).get_repository_def()
        assert found.has_job("demo_shop__engagement_file__apply")


OVERLAPPING = [
    ("{staging: /demo, production: /demo/live}", "/demo/live"),
    ("{staging: /demo/try, production: /demo}", "/demo/try"),
    ("{staging: /demo_shop-staging, production: /demo}", "/demo_shop-staging/probes"),
    ("{staging: /demo, production: /demo_shop-production/probes/a}", "/demo_shop-production/probes"),
    ("{staging: /demo_shop-production/probes, production: /demo}", "/demo_shop-production/probes"),
]


@pytest.mark.parametrize(("paths", "named"), OVERLAPPING)
def test_paths_of_keys_do_not_hold_each_other(
    folder: Path, edit: Edit, problems: Problems, paths: str, named: str
) -> None:
    edit("prefix: /${engagement}/${environment}/config", "prefix: ${path}")
    edit("differences:\n", f"differences:\n  path:\n    owner: A\n    reason: B\n    values: {paths}\n")
    (problem,) = problems()
    assert line(folder, problem) == "prefix: ${path}"
    assert named in problem.what


def test_paths_that_only_begin_alike_do_not_overlap(edit: Edit, problems: Problems) -> None:
    edit("prefix: /${engagement}/${environment}/config", "prefix: ${path}")
    values = "{staging: /demo, production: /demo-live}"
    edit("differences:\n", f"differences:\n  path:\n    owner: A\n    reason: B\n    values: {values}\n")
    assert problems() == []


def test_a_key_that_is_written_in_two_ways_is_there_twice(folder: Path, problems: Problems) -> None:
    with (folder / "config/common.yaml").open("a") as file:
        file.write('\nnested: {key: 1}\n"nested/key": 2\n')
    (problem,) = problems()
    text = (folder / "config/common.yaml").read_text().splitlines()
    assert (problem.file, text[problem.line - 1]) == ("engagements/demo_shop/config/common.yaml", '"nested/key": 2')


APPCONFIG = '{name: appconfig, application: shop, environment: "shop-${environment}", profile: settings}'


@pytest.mark.parametrize(("key", "provider", "refused"), [
    ("provisioning: 1", APPCONFIG, True), ("provisioning: [1]", APPCONFIG, True),
    ("provisioning: {by: us}", APPCONFIG, False), ("provisioning: 1", "ssm", False),
])  # fmt: skip
def test_a_key_that_the_document_has_itself_is_refused_at_its_line(
    folder: Path, edit: Edit, problems: Problems, key: str, provider: str, *, refused: bool
) -> None:
    edit("provider: ssm", f"provider: {provider}")
    with (folder / "config/common.yaml").open("a") as file:
        file.write(f"\n{key}\n")
    lines = (folder / "config/common.yaml").read_text().splitlines()
    found = [(each.file, lines[each.line - 1]) for each in problems()]
    assert found == ([("engagements/demo_shop/config/common.yaml", key)] if refused else [])


LONG = "n" * 40
SECRETS = ("provider: openbao", "provider: secretsmanager")


@pytest.mark.parametrize(("engagement", "environment", "changes", "refused"), [
    ("d" * 31, LONG, [], True), ("d" * 29, LONG, [], False),
    ("demo", LONG, [], False), ("d" * 15, LONG, [SECRETS], True), ("d" * 14, LONG, [SECRETS], False),
])  # fmt: skip
def test_a_name_that_a_product_does_not_take_is_refused_at_its_environment(
    folder: Path, engagement: str, environment: str, changes: list[tuple[str, str]], *, refused: bool
) -> None:
    other = copied(folder, engagement)
    file = other / "engagement.yaml"
    for old, new in changes:
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
    rename(other, "production", environment)
    found = [line(other, problem) for problem in told(other)]
    assert found == ([f"- name: {environment}"] if refused else [])


def test_a_new_engagement_is_not_called_like_another(folder: Path) -> None:
    for name in ("demo__shop", "demo_shop_"):
        with pytest.raises(ConfigurationError):
            scaffold(name, folder.parent)
        assert not (folder.parent / name).exists()
