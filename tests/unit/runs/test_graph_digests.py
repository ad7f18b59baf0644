"""What an asset is made from is in its digests: evidence for one input must not count for another."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.core.digests import Digests
from provisioning_assets.engagement.loading import load_engagement

Key = tuple[str, str]
Edit = Callable[..., None]


def digests(folder: Path) -> dict[Key, Digests]:
    graph = assemble(load_engagement(folder))
    return {task.key: graph.digests(task) for task in graph.tasks}


def own_changes(folder: Path, before: dict[Key, Digests], kind: str) -> set[Key]:
    """Assets of which something of their own differs, rather than of an asset upstream."""
    return {key for key, now in digests(folder).items() if _own(getattr(now, kind)) != _own(getattr(before[key], kind))}


def _own(leaves: dict[str, str]) -> dict[str, str]:
    return {leaf: hashed for leaf, hashed in leaves.items() if not leaf.startswith("upstream.")}


def both(*assets: str) -> set[Key]:
    return {(environment, asset) for environment in ("staging", "production") for asset in assets}


def test_the_region_is_in_every_content_and_in_no_promotion(folder: Path, edit: Edit) -> None:
    before = digests(folder)
    edit("name: staging\n    region: eu-central-1", "name: staging\n    region: eu-west-1")
    assert own_changes(folder, before, "content_leaves") == {key for key in before if key[0] == "staging"}
    assert own_changes(folder, before, "shared_leaves") == set()


DASHBOARD = ('"title": "', '"title": "${banner} ', "dashboards/shop.json")
BANNER = """
differences:
  banner:
    owner: Dana Novak
    reason: people must see where they are
    values: {staging: a rehearsal, production: live}
"""


@pytest.mark.parametrize(("old", "new", "content", "shared"), [
    # Production's configuration is looked through for what is staging's.
    ("staging: a rehearsal", "staging: only a rehearsal",
     {("staging", "monitoring"), ("production", "runtime_config")}, set()),
    ("reason: people must", "reason: everybody must", set(), both("monitoring")),
    ("banner:\n    owner: Dana", "banner:\n    owner: Dora", set(), both("monitoring")),
])  # fmt: skip
def test_a_difference_that_only_a_dashboard_uses_is_in_its_digests(
    folder: Path, edit: Edit, old: str, new: str, content: set[Key], shared: set[Key]
) -> None:
    edit("\ndifferences:\n", BANNER)
    edit(*DASHBOARD)
    before = digests(folder)
    edit(old, new)
    assert own_changes(folder, before, "content_leaves") == content
    assert own_changes(folder, before, "shared_leaves") == shared


@pytest.mark.parametrize(("old", "new", "name", "assets"), [
    ("period: 10", "period: 30", "engagement.yaml", {"monitoring"}),
    ('"title": "', '"title": "The ', "dashboards/shop.json", {"monitoring"}),
    ("rotate_every: P90D", "rotate_every: P30D", "engagement.yaml", {"secrets"}),
    ("contact: ", "contact: new-", "engagement.yaml", {"certificates"}),
    ("log_retention_days: 30", "log_retention_days: 60", "engagement.yaml", {"compute"}),
])  # fmt: skip
def test_an_edit_is_seen_by_its_assets_alone(
    folder: Path, edit: Edit, old: str, new: str, name: str, assets: set[str]
) -> None:
    before = digests(folder)
    edit(old, new, name)
    assert own_changes(folder, before, "content_leaves") == both(*assets)
    assert own_changes(folder, before, "shared_leaves") == both(*assets)


def test_code_of_a_module_is_in_the_digest_of_each_stage_that_uses_it(folder: Path) -> None:
    before = digests(folder)
    main = folder.parents[1] / "terraform/modules/queue/main.tf"
    main.write_text(main.read_text(encoding="utf-8") + "# reviewed again\n", encoding="utf-8")
    assert own_changes(folder, before, "shared_leaves") == both("datastores")
