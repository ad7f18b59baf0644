"""What `plan` ends with: an error weighs more than a change, and hides no row of another environment."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.cli.plans import Planned
from provisioning_assets.core.plan import Action, Change, Plan
from provisioning_assets.errors import ProviderFailed, ProvisioningError, Refused
from provisioning_assets.runs.graph import Graph
from tests.support.calls import call

CHANGE = Plan((Change(Action.CREATE, "www A"),))
NOTHING = Planned("staging", "dns_records", Plan())
CHANGED = Planned("staging", "dns_records", CHANGE)
BROKEN = Planned("staging", "secrets", None, "cannot be planned: no answer")
HELD = Planned("staging", "secrets", CHANGE, "an apply would end at once")
PENDING = Planned("staging", "networking", None, "never applied", pending=True)
AWAY, NO = ProviderFailed("no answer", where="production", remedy="start it"), Refused("no", ["frozen"])
Answers = Callable[..., None]


@pytest.fixture
def planned(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Let each environment answer a plan with these."""

    def answers(**environments: list[Planned] | ProvisioningError) -> None:
        def plans(_graph: Graph, environment: str, _tell: object) -> list[Planned]:
            found = environments.get(environment, [])
            if isinstance(found, ProvisioningError):
                raise found
            return found

        monkeypatch.setattr("provisioning_assets.cli.plans.plans", plans)

    return answers


@pytest.mark.parametrize(("found", "code"), [
    ([], 0), ([NOTHING], 0), ([NOTHING, CHANGED], 2), ([PENDING], 2), ([BROKEN], 1), ([CHANGED, BROKEN], 1),
    ([HELD], 1), ([PENDING, BROKEN], 1), (AWAY, 1), (NO, 2),
])  # fmt: skip
def test_a_plan_ends_with(planned: Answers, found: list[Planned] | ProvisioningError, code: int) -> None:
    planned(staging=found)
    assert call("plan", "demo_shop", "staging") == code


@pytest.mark.parametrize("away", ["staging", "production"])
def test_an_environment_that_cannot_be_planned_hides_no_other(
    planned: Answers, capsys: pytest.CaptureFixture[str], away: str
) -> None:
    other = {"staging": "production", "production": "staging"}[away]
    planned(**{other: [CHANGED], away: AWAY})

    assert call("plan", "demo_shop") == 1
    people = capsys.readouterr()
    assert "www A" in people.out
    assert AWAY.remedy in people.err
    assert call("plan", "demo_shop", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert [row["asset"] for row in answer["items"]] == ["dns_records"]
    assert answer["error"]["remedy"] == AWAY.remedy
    assert answer["error"]["what"].startswith(f"{away}: ")
