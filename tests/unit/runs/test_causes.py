"""What kept anybody from looking: its server, its cause and its remedy reach whoever reads of it."""

import json
from pathlib import Path

import pytest

from provisioning_assets.cli.checking import Looked
from provisioning_assets.core.evidence import Evidence, Judgement, Verdict
from provisioning_assets.core.items import Item, Standing
from provisioning_assets.errors import ConfigurationError, Misdirected, Problem, ProviderFailed, ProvisioningError
from provisioning_assets.report.model import Check, check_of
from provisioning_assets.report.why import Explanation, in_words
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.evaluate import evaluate, record, record_end
from provisioning_assets.runs.standings import stand
from provisioning_assets.runs.task import ReadinessItem
from tests.support.runs import RUNS_ITEM, asset_run
from tests.support.standings import engagement

REASONS = ("the file says https://evil.example", "the profile says https://bao.example")
ERRORS = {
    "refused": Misdirected("nothing is sent to the store", REASONS, remedy="correct BAO_ADDR"),
    "failed": ProviderFailed("the key cannot be read", where="/keys/tsig", cause="not there", remedy="set TSIG_FILE"),
    "wrong file": ConfigurationError([Problem("profile.env", 3, 1, "nobody reads `BAO_ADR`")], remedy="one a line"),
}


def told(error: ProvisioningError) -> list[str]:
    """Each part of an error that people need."""
    problems = error.problems if isinstance(error, ConfigurationError) else ()
    reasons = getattr(error, "reasons", ())
    return [part for part in (error.what, error.where, *map(str, problems), *reasons) if part]


def item_that_meets(error: ProvisioningError) -> ReadinessItem:
    def check(_run: AssetRun) -> None:
        raise error

    return ReadinessItem(Item("dns_has_propagated", "", 2, "promotion", RUNS_ITEM.item.max_age), check)


def read(judgement: Judgement, item: Item) -> Check:
    return check_of(engagement(), Standing(item, "dns_records", "staging", judgement))


def assert_told(judgement: Judgement, item: Item, error: ProvisioningError) -> None:
    """By `check` and `why`, for people and for machines."""
    check = read(judgement, item)
    assert judgement.verdict is Verdict.COULD_NOT_TELL
    assert check.error == json.loads(json.dumps(error.parts))
    words = in_words(Explanation("demo_shop", check, "", None), engagement=False)
    assert not [part for part in told(error) if part not in check.summary or part not in words[0]]
    assert error.remedy in check.to_do
    assert error.remedy in words[-1]
    (row,) = Looked(named=True, checks=[check]).as_data()
    assert row["error"] == check.error


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_an_error_of_a_check_is_recorded_and_told_in_all_its_parts(tmp_path: Path, error: ProvisioningError) -> None:
    readiness = item_that_meets(error)
    with asset_run(tmp_path, readiness) as run:
        record(run, evaluate(run, readiness))
        assert_told(stand(run.session, run.task, readiness.item).judgement, readiness.item, error)


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_why_an_identity_is_unknown_is_recorded_and_told(tmp_path: Path, error: ProvisioningError) -> None:
    readiness = item_that_meets(ProvisioningError("it looked nevertheless"))

    def away(_access: object) -> dict[str, str]:
        raise error

    with asset_run(tmp_path, readiness, views=(away,)) as run:
        evaluation = evaluate(run, readiness)
        record(run, evaluation)
        assert isinstance(evaluation.evidence, Evidence)
        assert evaluation.evidence.finding.error == error.parts
        assert_told(stand(run.session, run.task, readiness.item).judgement, readiness.item, error)


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_why_a_run_failed_is_recorded_and_told(tmp_path: Path, error: ProvisioningError) -> None:
    with asset_run(tmp_path, RUNS_ITEM) as run:
        record_end(run, RUNS_ITEM.item, error)
        assert_told(stand(run.session, run.task, RUNS_ITEM.item).judgement, RUNS_ITEM.item, error)


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_one_line_has_all_of_an_error(error: ProvisioningError) -> None:
    assert not [part for part in (*told(error), error.remedy) if part not in error.brief]
    assert "\n" not in error.brief
