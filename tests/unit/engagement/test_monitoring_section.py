"""The monitoring section of an engagement file: neutral content, and a product's own settings apart."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import Problem

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]

PROVIDER = """  provider:
    name: cloudwatch
    namespace: ${engagement}/${environment}
"""


def line_of(folder: Path, text: str) -> int:
    lines = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize("written", ["  provider: cloudwatch\n", "  provider: {name: cloudwatch}\n", PROVIDER, ""])
def test_a_product_is_named_alone_or_with_its_own_keys(edit: Edit, problems: Problems, written: str) -> None:
    edit(PROVIDER, written)
    assert problems() == []


def test_a_namespace_of_cloudwatchs_own_is_in_the_digest_once_said(folder: Path, edit: Edit) -> None:
    def digest() -> str:
        graph = assemble(load_engagement(folder))
        return graph.digests(graph.task("staging", "monitoring")).shared

    said = digest()
    edit(PROVIDER, "  provider: {name: cloudwatch}\n")
    bare = digest()
    edit("  provider: {name: cloudwatch}\n", "  provider: cloudwatch\n")
    assert said != bare
    assert digest() == bare


def test_environments_may_not_report_to_one_namespace(folder: Path, edit: Edit, problems: Problems) -> None:
    edit("namespace: ${engagement}/${environment}", "namespace: shop")
    found = problems()
    assert [problem.line for problem in found] == [line_of(folder, "namespace: shop")]


def test_the_section_knows_no_key_of_a_product(folder: Path, edit: Edit, problems: Problems) -> None:
    edit("  logs: [app]\n", "  logs: [app]\n  namespace: shop\n")
    assert [problem.line for problem in problems()] == [line_of(folder, "  namespace: shop")]


def test_an_alert_needs_a_probe_that_is_there(folder: Path, edit: Edit, problems: Problems) -> None:
    edit("probe: shop, period", "probe: shob, period")
    (problem,) = problems()
    assert problem.line == line_of(folder, "shob")
    assert "`shop`" in problem.expected


def test_two_alerts_may_not_share_a_name(folder: Path, edit: Edit, problems: Problems) -> None:
    edit("  alerts:\n", "  alerts:\n    - {name: shop-down, probe: shop}\n")
    assert [problem.line for problem in problems()] == [line_of(folder, "shop-down, probe: shop, period")]


def test_logs_may_be_left_out(edit: Edit, problems: Problems) -> None:
    edit("  logs: [app]\n", "")
    assert problems() == []


def test_logs_are_refused_where_the_product_keeps_none(folder: Path, edit: Edit, problems: Problems) -> None:
    edit(PROVIDER, "  provider: prometheus\n")
    (problem,) = problems()
    assert problem.line == line_of(folder, "logs: [app]")
    assert "`cloudwatch`" in problem.expected
    edit("  logs: [app]\n", "")
    assert problems() == []
