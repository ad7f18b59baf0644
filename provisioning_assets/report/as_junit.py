"""The report as JUnit XML, for continuous integration: only green passes."""

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from provisioning_assets.core.evidence import State, Verdict
from provisioning_assets.report.model import Check, Report, ReviewItem
from provisioning_assets.report.times import iso


def as_junit(report: Report) -> str:
    """One suite for each of the eight items, one test for each check; an item without checks is an error."""
    document = JUnitXml(f"readiness of {report.engagement}")
    for item in report.items:
        suite = TestSuite(f"{item.number}. {item.title}")
        suite.timestamp = iso(report.generated_at)
        if report.exception:
            suite.add_property("exception", report.exception)
        suite.add_testcases([_test(report, check) for check in item.checks] or [_without_checks(report, item)])
        document.add_testsuite(suite)
    text: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return text.decode() + "\n"


def _test(report: Report, check: Check) -> TestCase:
    test = TestCase(check.name, f"{report.engagement}.{check.environment}.{check.asset}", check.seconds)
    outcome = _outcome(check)
    if outcome is not None:
        outcome.text = check.to_do
        test.result = [outcome]
    return test


def _outcome(check: Check) -> Failure | Error | Skipped | None:
    """None is a pass. A failure was seen; whatever nobody could look at, or only earlier, is an error."""
    if check.state is State.GREEN:
        return None
    if check.state is State.WAIVED:
        return Skipped(check.summary, State.WAIVED.value)
    kind = Failure if check.verdict is Verdict.RED and check.state is State.RED else Error
    return kind(f"{check.state}: {check.summary}", check.state.value)


def _without_checks(report: Report, item: ReviewItem) -> TestCase:
    test = TestCase("has_a_check", f"{report.engagement}.review.{item.number}")
    test.result = [Error("not_run: no check exists", State.NOT_RUN.value)]
    return test
