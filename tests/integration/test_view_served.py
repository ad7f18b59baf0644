"""The view that is served: a lie is replaced and a broken file is shown, without anybody's doing."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from provisioning_assets.orchestration.broken import VALID
from provisioning_assets.orchestration.conclusions import DECISION, LAUNCH
from tests.support.dagster_view import key, lie
from tests.support.front_door import Interface, web_interface
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
MINUTE = 60.0
CHECKS = """{ assetNodes { assetKey { path } assetChecksOrError { ... on AssetChecks {
    checks { name executionForLatestMaterialization { status evaluation { description } } } } } } }"""


@pytest.fixture
def interface(tmp_path: Path) -> Iterator[Interface]:
    with web_interface(tmp_path) as running:
        yield running


def shown(interface: Interface) -> dict[str, tuple[str, str]]:
    """Status and text of each check of the demo shop, as a page has them."""
    found = {}
    for node in interface.asked(CHECKS)["assetNodes"]:
        for check in node["assetChecksOrError"].get("checks", []):
            last = check["executionForLatestMaterialization"]
            said = ("", "") if last is None else (last["status"], (last["evaluation"] or {}).get("description", ""))
            found["/".join([*node["assetKey"]["path"][1:], check["name"]])] = said
    return found


def test_a_lie_lasts_no_minute_and_a_broken_file_is_shown(interface: Interface) -> None:
    decision = f"production/{LAUNCH}/{DECISION}"
    assert wait_until(lambda: all(status == "FAILED" for status, _ in shown(interface).values()), within=MINUTE)
    with dg.DagsterInstance.from_config(str(interface.line.folder / ".provisioning" / "dagster")) as instance:
        lie(instance, key("production", LAUNCH, DECISION))
    assert shown(interface)[decision][0] == "SUCCEEDED"
    assert wait_until(lambda: shown(interface)[decision][0] == "FAILED", within=MINUTE)
    assert "forged" in shown(interface)[decision][1]

    before = shown(interface).keys()
    file = interface.line.folder / "engagements" / "demo_shop" / "engagement.yaml"
    file.write_text(file.read_text() + "\nnonsense: 1\n")
    assert wait_until(lambda: shown(interface).get(f"engagement_file/{VALID}", ("",))[0] == "FAILED", within=MINUTE)
    after = shown(interface)
    assert before < after.keys()
    assert {status for status, _ in after.values()} == {"FAILED"}
