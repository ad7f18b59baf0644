"""A new engagement passes the check at once, and keeps nothing of the example's name."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from provisioning_assets.engagement.loading import find_engagements, load_engagement
from provisioning_assets.engagement.scaffold import scaffold
from provisioning_assets.errors import ConfigurationError


@pytest.mark.parametrize("name", ["museum", "book_shop2", "x", "staging", "a__b_"])
def test_a_new_engagement_passes_the_check(folder: Path, name: str) -> None:
    written = scaffold(name, folder.parent)
    engagement = load_engagement(written)
    assert engagement.name == name
    assert engagement.environments[1].dns.zone == f"{name.replace('_', '-').strip('-')}.example"
    for file in written.rglob("*"):
        assert file.is_dir() or "demo" not in file.read_text(encoding="utf-8").lower()
    assert find_engagements(folder.parent) == sorted([folder, written])


@time_machine.travel(datetime(2029, 5, 7, 12, tzinfo=UTC), tick=False)
def test_its_launch_lies_ahead(folder: Path) -> None:
    launch = load_engagement(scaffold("museum", folder.parent)).launch
    assert 24 < (launch.window.opens - datetime.now(UTC)).days < 32
    assert launch.freeze < launch.window.opens < launch.window.closes


@pytest.mark.parametrize("name", ["Museum", "../museum", "a-b", "", "1a", "a" * 31, "demo_shop"])
def test_what_is_no_new_name_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        scaffold(name, folder.parent)
    assert refused.value.remedy
    assert find_engagements(folder.parent) == [folder]


def test_what_is_not_the_engagements_own_is_left_behind(folder: Path) -> None:
    written = scaffold("museum", folder.parent)
    names = sorted(file.relative_to(written).as_posix() for file in written.rglob("*") if file.is_file())
    configs = [f"config/{name}.yaml" for name in ("common", "production", "staging")]
    assert names == [*configs, "dashboards/shop.json", "engagement.yaml"]


def test_the_repository_may_lack_the_example_but_no_code_of_its_stages(folder: Path) -> None:
    shutil.rmtree(folder)
    assert load_engagement(scaffold("museum", folder.parent)).name == "museum"
    shutil.rmtree(folder.parents[1] / "terraform")
    with pytest.raises(ConfigurationError) as missing:
        scaffold("theatre", folder.parent)
    assert "terraform/stages/networking" in missing.value.problems[0].what


def test_a_checkout_without_the_example_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning_assets.engagement.scaffold.TEMPLATE", folder / "none")
    with pytest.raises(ConfigurationError):
        scaffold("museum", folder.parent)
    assert find_engagements(folder.parent) == [folder]
