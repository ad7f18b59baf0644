"""What the command line ends with: an error hides the answer, what is not ready comes next, then what nobody saw."""

from datetime import UTC, datetime

import pytest

from provisioning_assets.cli.runs import Ran, _exit_code
from provisioning_assets.core.evidence import About, Evidence, Finding

ABOUT = About("secrets", "staging", "sha256:c", "sha256:s", 0, "sha256:w")
GREEN, RED, UNKNOWN = Finding.green("fine"), Finding.red("differs"), Finding.could_not_tell("no answer")
UNTESTED = Finding.not_tested({"monitoring.alarm_evaluation": "nobody evaluates alarms here"})


@pytest.mark.parametrize(("findings", "failed", "success", "code"), [
    ([GREEN], set(), True, 0),
    ([], set(), True, 0),
    ([GREEN, RED], set(), True, 2),
    ([GREEN, UNKNOWN], set(), False, 1),
    ([RED, UNKNOWN], set(), False, 2),
    ([GREEN, UNTESTED], set(), False, 2),
    ([RED], {1}, False, 1),
    ([GREEN], {2}, False, 2),
    ([UNKNOWN], {2}, False, 2),
    ([GREEN], {1, 2}, False, 1),
    ([GREEN], set(), False, 2),
])  # fmt: skip
def test_a_run_ends_with(findings: list[Finding], failed: set[int], *, success: bool, code: int) -> None:
    evidence = tuple(Evidence("item", 1, ABOUT, each, datetime.now(UTC), 0.1, "r1") for each in findings)
    assert _exit_code(Ran("r1", success, (), 0, evidence, frozenset()), failed) == code
