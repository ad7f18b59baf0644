"""The alarm engine judges points as CloudWatch does."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioning_assets.sandbox.alarms import ALARM, INSUFFICIENT, OK, evaluate, unsupported

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROBE = {
    "Statistic": "Minimum",
    "ComparisonOperator": "LessThanThreshold",
    "Threshold": 1.0,
    "Period": 10,
    "EvaluationPeriods": 1,
    "TreatMissingData": "notBreaching",
    "StateValue": OK,
}


def alarm(**changes):
    return PROBE | changes


def points(*ages_and_values):
    return [(NOW - timedelta(seconds=age), value) for age, value in ages_and_values]


def test_one_unhealthy_point_breaches_a_minimum():
    assert evaluate(alarm(), points((1, 1.0), (3, 0.0), (5, 1.0)), NOW) == ALARM
    assert evaluate(alarm(), points((1, 1.0), (5, 1.0)), NOW) == OK


def test_points_outside_the_period_do_not_count():
    assert evaluate(alarm(), points((1, 1.0), (10, 0.0), (60, 0.0)), NOW) == OK


@pytest.mark.parametrize(
    ("missing", "before", "state"),
    [
        ("notBreaching", ALARM, OK),
        ("breaching", OK, ALARM),
        ("missing", OK, INSUFFICIENT),
        ("ignore", ALARM, ALARM),
        ("ignore", OK, OK),
    ],
)
def test_no_data_is_judged_as_the_alarm_says(missing, before, state):
    assert evaluate(alarm(TreatMissingData=missing, StateValue=before), [], NOW) == state


def test_an_alarm_that_says_nothing_of_missing_data_has_insufficient_data():
    silent = {key: value for key, value in PROBE.items() if key != "TreatMissingData"}
    assert evaluate(silent, [], NOW) == INSUFFICIENT


def test_all_periods_must_breach():
    three = alarm(EvaluationPeriods=3)
    assert evaluate(three, points((1, 0.0), (11, 0.0), (21, 0.0)), NOW) == ALARM
    assert evaluate(three, points((1, 0.0), (11, 1.0), (21, 0.0)), NOW) == OK


def test_m_out_of_n_periods_are_enough_where_the_alarm_says_so():
    two_of_three = alarm(EvaluationPeriods=3, DatapointsToAlarm=2)
    assert evaluate(two_of_three, points((1, 0.0), (11, 1.0), (21, 0.0)), NOW) == ALARM
    assert evaluate(two_of_three, points((1, 0.0), (11, 1.0), (21, 1.0)), NOW) == OK


@pytest.mark.parametrize(
    ("statistic", "comparison", "threshold", "state"),
    [
        ("Maximum", "GreaterThanThreshold", 2.0, ALARM),
        ("Maximum", "GreaterThanThreshold", 3.0, OK),
        ("Maximum", "GreaterThanOrEqualToThreshold", 3.0, ALARM),
        ("Sum", "GreaterThanOrEqualToThreshold", 6.0, ALARM),
        ("Sum", "GreaterThanThreshold", 6.0, OK),
        ("Average", "LessThanOrEqualToThreshold", 2.0, ALARM),
        ("Average", "LessThanThreshold", 2.0, OK),
    ],
)
def test_statistics_and_comparisons(statistic, comparison, threshold, state):
    judged = alarm(Statistic=statistic, ComparisonOperator=comparison, Threshold=threshold)
    assert evaluate(judged, points((1, 1.0), (2, 2.0), (3, 3.0)), NOW) == state


def test_a_count_adds_up_the_counts_of_each_second():
    """The API tells one figure a second; five samples in one second are five, not one."""
    five = alarm(Statistic="SampleCount", ComparisonOperator="GreaterThanOrEqualToThreshold", Threshold=5.0)
    assert evaluate(five, points((1, 3.0), (2, 2.0)), NOW) == ALARM


def test_what_the_engine_cannot_judge_is_named():
    assert unsupported(alarm()) is None
    assert "Statistic" in str(unsupported({key: value for key, value in PROBE.items() if key != "Statistic"}))
    assert "p99" in str(unsupported(alarm(Statistic="p99")))
    assert "LessThanLowerThreshold" in str(unsupported(alarm(ComparisonOperator="LessThanLowerThreshold")))
