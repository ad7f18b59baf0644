"""Runtime configuration: keys as the store holds them, and files that are complete and nobody else's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.engagement.config_files import runtime_layers, runtime_values
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import ConfigurationError, Problem

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]
COMMON, STAGING, PRODUCTION = (f"config/{name}.yaml" for name in ("common", "staging", "production"))


def test_keys_are_flattened_under_the_prefix_and_the_later_file_wins(folder: Path) -> None:
    (folder / COMMON).write_text(
        "feature: {new_checkout: true, old: false}\nversion: 1.10\nregions: [eu, '${region}']\n"
        "url: https://${domain}/\nliteral: $${domain}\nlog_level: warn\n"
    )
    (folder / PRODUCTION).write_text("log_level: info\n")
    (folder / STAGING).write_text("log_level: debug\n")
    engagement = load_engagement(folder)
    prefix = "/demo_shop/production/config"
    assert runtime_values(engagement, engagement.environment("production")) == {
        f"{prefix}/feature/new_checkout": "true",
        f"{prefix}/feature/old": "false",
        f"{prefix}/version": "1.10",
        f"{prefix}/regions": "eu,eu-central-1",
        f"{prefix}/url": "https://demo-shop.example/",
        f"{prefix}/literal": "${domain}",
        f"{prefix}/log_level": "info",
    }


def test_layers_are_what_environments_share(folder: Path, edit: Edit) -> None:
    def layers() -> list[object]:
        engagement = load_engagement(folder)
        return [runtime_layers(engagement, environment) for environment in engagement.environments]

    staging, production = before = layers()
    assert staging == production
    edit("api.payments.example", "api2.payments.example", PRODUCTION)
    assert layers() == before
    edit("basket_items: 50", "basket_items: 60", COMMON)
    assert layers() != before


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "named"),
    [
        (COMMON, "basket_items: 50", "basket_items:", 7, "limits/basket_items"),
        (COMMON, "basket_items: 50", 'basket_items: ""', 7, "limits/basket_items"),
        (COMMON, "basket_items: 50", "basket items: 50", 7, "`limits/basket items`"),
        (COMMON, "https://${domain}", "https://${domian}", 9, "`${domian}`"),
        (COMMON, "https://${domain}", "https://staging.demo-shop.example", 9, "`domain`"),
        (COMMON, "https://${domain}", "https://demo-shop.example", 9, "`domain`"),
        (COMMON, "https://search.vendor", "https://staging.search.vendor", 12, "staging"),
        (COMMON, "basket_items: 50", "api_token: geheim", 7, "`api_token`"),
        (COMMON, "basket_items: 50", "basket_items: [1", 8, ""),
        (PRODUCTION, "https://api.payments", "https://staging.demo-shop", 3, "`domain`"),
        (PRODUCTION, "log_level: info\n", "", 1, "log_level"),
        (STAGING, "log_level: debug\n", "log_level: debug\nextra: 1\n", 0, "extra"),
        (STAGING, "log_level: debug\n", "log_level: debug\nlog_level: info\n", 5, "`log_level`"),
        ("dashboards/shop.json", '"widgets": [', '"widgets": [,', 2, ""),
        ("dashboards/shop.json", '"widgets": [', '"widgets": [], "wodgets": [', 1, "widgets"),
        ("dashboards/shop.json", "${region}", "${regoin}", 10, "`${regoin}`"),
        ("dashboards/shop.json", "${engagement}/${environment}", "${engagement}/staging", 11, "staging"),
    ],
)
def test_a_problem_of_a_file_names_its_line(
    edit: Edit, problems: Problems, name: str, old: str, new: str, line: int, named: str
) -> None:
    edit(old, new, name)
    told = problems()
    found = [problem for problem in told if problem.line == line or not line]
    where = name if line else PRODUCTION
    assert f"engagements/demo_shop/{where}" in {problem.file for problem in found if named in problem.what}, told


@pytest.mark.parametrize("name", [COMMON, PRODUCTION, "dashboards/shop.json"])
def test_a_missing_file_is_said_where_it_is_named(folder: Path, problems: Problems, name: str) -> None:
    (folder / name).unlink()
    (found,) = problems()
    assert found.file.endswith("engagement.yaml")
    text = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()[found.line - 1]
    assert name.split("/", maxsplit=1)[0] in text
    assert name in found.what


@pytest.mark.parametrize("old", [COMMON, "dashboards/shop.json"])
def test_a_file_outside_the_folder_is_refused(folder: Path, edit: Edit, problems: Problems, old: str) -> None:
    (folder.parents[1] / "outside.yaml").write_text('{"widgets": []}')
    edit(old, "../../outside.yaml")
    (found,) = problems()
    lines = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()
    assert "../../outside.yaml" in lines[found.line - 1]


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b"[" * 300, b"", b"null", b"[1]"])
@pytest.mark.parametrize("name", [COMMON, "dashboards/shop.json"])
def test_garbage_in_a_file_is_a_problem_of_that_file(
    folder: Path, problems: Problems, name: str, content: bytes
) -> None:
    (folder / name).write_bytes(content)
    found = [problem for problem in problems() if name in str(problem)]
    assert len(found) == 1, [str(problem) for problem in problems()]


def test_a_file_that_vanished_later_is_no_traceback(folder: Path) -> None:
    engagement = load_engagement(folder)
    (folder / COMMON).unlink()
    with pytest.raises(ConfigurationError) as gone:
        runtime_values(engagement, engagement.environments[0])
    assert [problem.file for problem in gone.value.problems] == [f"engagements/demo_shop/{COMMON}"]
    assert gone.value.remedy


def test_a_file_that_came_to_lie_outside_is_refused_with_a_remedy(folder: Path) -> None:
    engagement = load_engagement(folder)
    (folder / COMMON).unlink()
    (folder / COMMON).symlink_to(folder.parents[1] / "outside.yaml")
    with pytest.raises(ConfigurationError) as outside:
        runtime_values(engagement, engagement.environments[0])
    assert outside.value.remedy
