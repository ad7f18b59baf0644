"""A check whose time is over, and a run that did not come to its end."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from provisioning_assets.core.evidence import Finding, State, Verdict
from provisioning_assets.core.items import Item
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import Misdirected, ProvisioningError
from provisioning_assets.record.entries import DrillFinished, DrillStarted
from provisioning_assets.record.ledger import Ledger
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.carry_out import carry_out
from provisioning_assets.runs.evaluate import evaluate
from provisioning_assets.runs.standings import stand
from provisioning_assets.runs.task import ReadinessItem
from tests.fakes.store import MemoryStore
from tests.support.runs import ENDED, asset_run

SOON = timedelta(seconds=0.2)


def test_a_check_past_its_deadline_opens_and_closes_nothing_more(tmp_path: Path) -> None:
    go_on, over, refused = threading.Event(), threading.Event(), []

    def slow(run: AssetRun) -> Finding:
        try:
            with run.drill("a drill"):
                go_on.wait(10)
                try:
                    run.backend(Kind.DNS)
                except ProvisioningError as error:
                    refused.append(error)
        finally:
            over.set()
        return Finding.green("late")

    claim = Item("slow_claim", "", 2, "promotion", timedelta(hours=1), within=SOON, drill=True)
    with asset_run(tmp_path, ReadinessItem(claim, slow)) as run:
        run.session.drills = True
        evaluation = evaluate(run, run.task.items[0])
        go_on.set()
        assert over.wait(10)
        kinds = [type(entry) for page in run.session.ledger.pages for entry in page.entries]

    assert evaluation.evidence is not None
    assert evaluation.evidence.finding.verdict is Verdict.COULD_NOT_TELL
    assert len(refused) == 1
    assert DrillStarted in kinds
    assert DrillFinished not in kinds


def test_two_threads_share_one_ledger() -> None:
    store = MemoryStore()
    ledger = Ledger(store, "shop", run="r1")
    start = threading.Barrier(4)

    def write(number: int) -> None:
        start.wait()
        for turn in range(10):
            ledger.append(DrillStarted(f"asset{number}", str(turn)))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    again = Ledger(store, "shop", run="r2")
    again.refresh()
    assert [page.number for page in again.pages] == list(range(1, 41))


@pytest.mark.parametrize(
    "stop", [KeyboardInterrupt(), Misdirected("elsewhere", ["one", "other"]), ValueError("\udcff")]
)
def test_a_run_that_did_not_end_well_is_not_green(tmp_path: Path, stop: BaseException) -> None:
    class Stopped:
        def plan(self) -> None:
            raise stop

    with asset_run(tmp_path, ReadinessItem(ENDED, None), target=lambda _run: Stopped()) as run:
        with pytest.raises(BaseException):  # noqa: B017, PT011 - whatever it was
            carry_out(run)
        judgement = stand(run.session, run.task, ENDED).judgement

    assert judgement.state is State.RED
    assert judgement.unknown
