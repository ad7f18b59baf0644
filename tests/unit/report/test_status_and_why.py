import json
from datetime import timedelta

import pytest

from provisioning_assets.core.evidence import State
from provisioning_assets.core.items import Decision
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.report.model import build_report
from provisioning_assets.report.status import in_words, status_rows, unknown_row
from provisioning_assets.report.why import explain
from tests.support.standings import NOW, all_green, engagement, standing


def test_a_row_names_what_holds_whose_it_is_and_what_is_due_next() -> None:
    odd = [standing(2, State.RED, name="odd"), standing(7, State.NOT_RUN, name="rollback")]
    (row,) = status_rows([(build_report(engagement(), [*all_green(), *odd], NOW), "")])
    assert (row.decision, row.days_to_launch, row.deadline) == (Decision.NO_GO, 14, "freeze")
    assert row.owners == ("Bram", "Alice")
    data = json.loads(json.dumps(row.as_data()))
    assert data["due"] == "2026-12-04T17:00:00Z"
    assert [each["state"] for each in data["holding"]] == ["red", "not_run"]
    first, *held = in_words(row)
    assert first == "demo_shop: NO-GO, launch in 14 days, freeze at 2026-12-04 17:00 UTC"
    assert [line.split()[0] for line in held] == ["red", "not_run"]
    assert held[0].endswith("(Bram)")


@pytest.mark.parametrize(
    ("moment", "days", "deadline"),
    [
        (timedelta(), 14, "freeze"),
        (timedelta(days=12), 2, "launch"),
        (timedelta(days=14, hours=12), -1, "end of the launch window"),
        (timedelta(days=20), -6, ""),
    ],
)
def test_the_next_deadline_moves_on(moment: timedelta, days: int, deadline: str) -> None:
    (row,) = status_rows([(build_report(engagement(), all_green(), NOW + moment), "")])
    assert (row.days_to_launch, row.deadline) == (days, deadline)


def test_an_unreadable_engagement_stands_first_and_is_no_go() -> None:
    rows = status_rows(
        [(build_report(engagement(), all_green(), NOW), "")], [unknown_row("broken", "2 problems in it")]
    )
    assert [(row.engagement, row.decision) for row in rows] == [("broken", Decision.NO_GO), ("demo_shop", Decision.GO)]
    assert rows[0].as_data()["problem"] == "2 problems in it"
    assert in_words(rows[0]) == ["broken: NO-GO, launch date unknown", "  2 problems in it"]


def test_why_tells_every_check_of_an_item_with_its_age() -> None:
    report = build_report(engagement(), all_green(), NOW)
    found = explain(report, "claim_2")
    assert [each.check.address for each in found] == ["staging/dns_records", "production/dns_records"]
    assert found[0].age == timedelta(hours=1)
    assert found[0].review_title.startswith("2. DNS records")
    assert found[0].as_data()["age_seconds"] == 3600


def test_why_can_be_narrowed_down_and_knows_what_was_never_checked() -> None:
    report = build_report(engagement(), [*all_green(), standing(8, State.NOT_RUN, name="on_call")], NOW)
    assert len(explain(report, "production/dns_records/claim_2")) == 1
    (never,) = explain(report, "on_call")
    assert (never.age, never.as_data()["age_seconds"]) == (None, None)


def test_an_unknown_item_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ProvisioningError) as told:
        explain(build_report(engagement(), all_green(), NOW), "clam_2")
    assert "claim_2" in told.value.remedy
