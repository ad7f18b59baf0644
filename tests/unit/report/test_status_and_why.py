import json
from dataclasses import replace
from datetime import timedelta

import pytest

from provisioning_assets.core.evidence import State
from provisioning_assets.core.items import Decision
from provisioning_assets.engagement.models import SingleEnvironment
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.report import why
from provisioning_assets.report.model import NOT_BUILT, build_report
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


def test_a_single_environment_is_told_in_the_first_lines_of_its_row() -> None:
    alone = engagement()
    alone.__dict__["environments"] = alone.environments[-1:]
    alone.__dict__["single_environment"] = SingleEnvironment(owner="Alice", reason="A page\nwithout data.")
    odd = standing(2, State.RED, name="odd")
    report = build_report(alone, [odd, *(s for s in all_green() if s.environment == "production")], NOW)
    (row,) = status_rows([(report, "")])
    assert row.as_data()["exception"] == report.exception
    assert in_words(row)[1].strip() == report.exception
    assert all(part in report.exception for part in ("production", "Alice", "A page without data."))


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
    found = explain([report], "claim_2")
    assert [each.check.address for each in found] == ["staging/dns_records", "production/dns_records"]
    assert found[0].age == timedelta(hours=1)
    assert found[0].review_title.startswith("2. DNS records")
    assert found[0].as_data()["age_seconds"] == 3600


def test_why_can_be_narrowed_down_and_knows_what_was_never_checked() -> None:
    report = build_report(engagement(), [*all_green(), standing(8, State.NOT_RUN, name="on_call")], NOW)
    assert len(explain([report], "production/dns_records/claim_2")) == 1
    (never,) = explain([report], "on_call")
    assert (never.age, never.as_data()["age_seconds"]) == (None, None)


def test_an_unknown_item_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ProvisioningError) as told:
        explain([build_report(engagement(), all_green(), NOW)], "clam_2")
    assert "claim_2" in told.value.remedy


def test_what_is_not_built_says_so_and_that_it_counts() -> None:
    report = build_report(engagement(), [*all_green(), standing(7, State.NOT_RUN, name="rehearsed", planned=True)], NOW)
    (found,) = explain([report], "rehearsed")
    assert (found.check.state, found.check.summary) == (State.NOT_RUN, NOT_BUILT)
    assert report.decision is Decision.NO_GO
    assert [reason.summary for reason in report.reasons] == [NOT_BUILT]


@pytest.mark.parametrize(("state", "lines"), [(State.GREEN, 0), (State.RED, 1), (State.NOT_RUN, 1), (State.STALE, 1)])
def test_what_is_to_do_is_one_line_and_none_for_what_is_green(state: State, lines: int) -> None:
    report = build_report(engagement(), [standing(2, state, name="item")], NOW)
    (found,) = explain([report], "item")
    told = why.in_words(found, engagement=False)
    assert sum("to do:" in line for line in told) == lines
    assert sum(found.check.claim in line for line in told) == 1
    assert all(line.strip() for line in told)


def test_of_several_engagements_each_explanation_names_its_own() -> None:
    other = replace(build_report(engagement(), [standing(2, State.RED, name="only_here")], NOW), engagement="museum")
    both = [build_report(engagement(), all_green(), NOW), other]
    assert {found.as_data()["engagement"] for found in explain(both, "claim_2")} == {"demo_shop"}
    (alone,) = explain(both, "only_here")
    assert why.in_words(alone, engagement=True)[0].startswith("museum/")
    with pytest.raises(ProvisioningError) as told:
        explain(both, "only_heer")
    assert "only_here" in told.value.remedy
