"""One environment, looked at in a thread of its own: a server that hangs keeps nobody from looking at the others.

At rest, a look lists the record once. All is judged anew after a page was written, when the first evidence grows too
old, and while a run goes on. All is read anew when anything else of the record changed, and every few minutes for what
nothing announces: another account, state or server under the same names.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from provisioning_assets.core.evidence import Evidence
from provisioning_assets.core.items import Standing
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProviderFailed, ProvisioningError, internal
from provisioning_assets.record.entries import RunStarted
from provisioning_assets.record.page import Page
from provisioning_assets.runs.asset_run import now
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.opening import open_session
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.standings import gates, standings, unreadable
from provisioning_assets.runs.task import LAST_RUN

ASKED_ANEW = 300.0
"""Seconds after which identities are asked for again."""

_PAST, _FAR = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_LOCK = "/lock.json"
_TOO_LATE: tuple[bool, ProvisioningError | None] = (
    False,
    ProviderFailed(
        "the record could not be read in time",
        cause="a server of the environment took too long to answer",
        remedy="see which one hangs",
    ),
)


@dataclass(eq=False)
class Watched:
    """One environment of a graph, and what is known of it."""

    graph: Graph
    name: str
    problem: ProvisioningError | None = None
    """Why nothing is known."""
    _standings: Sequence[Standing] = ()
    _closed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _session: Session | None = None
    _versions: Mapping[str, str] = field(default_factory=dict)
    """Of each object of the record, when it was listed last."""
    _opened: float = 0.0
    _until: datetime = _PAST
    """From then on something that was seen is too old."""
    _at_work: threading.Thread | None = None
    _answer: tuple[bool, ProvisioningError | None] = False, None

    def look(self, within: float, *, judge: bool = False) -> bool:
        """Whether anything is different from the last look; `judge` even if nothing moved here.

        What takes longer than `within` seconds could not tell; its thread goes on, and a later look takes its answer.
        """
        late = self._at_work is not None
        if self._at_work is None:
            self._at_work = threading.Thread(target=self._work, kwargs={"judge": judge}, name=self.name, daemon=True)
            self._at_work.start()
        self._at_work.join(0.0 if late else within)
        if self._at_work.is_alive():
            answer = _TOO_LATE
        else:
            self._at_work, answer = None, self._answer
        moved, problem = answer
        before, self.problem = self.problem, problem
        return moved or str(problem) != str(before)

    @property
    def standings(self) -> Sequence[Standing]:
        """Every item, as it was judged last; red where nothing is known."""
        return unreadable(self.graph, self.name, self.problem) if self.problem else self._standings

    @property
    def closed(self) -> Mapping[str, Sequence[str]]:
        """Asset to what keeps its gate closed."""
        if self.problem is None:
            return self._closed
        return {task.name: [f"could not tell: {self.problem.told}"] for task in self.graph.of(self.name)}

    def proves(self, asset: str, item: str, seen: object) -> bool:
        """Whether the record has green evidence of an item at this time; true as well where nobody can tell."""
        return self._unknown or any(
            isinstance(entry, Evidence)
            and (entry.about.asset, entry.item, entry.observed_at.isoformat()) == (asset, item, seen)
            and entry.finding.ready
            for page in self._pages
            for entry in page.entries
        )

    def ran(self, asset: str, run: str) -> bool:
        """Whether the record says that this run carried the asset out; true as well where nobody can tell."""
        return self._unknown or any(
            isinstance(entry, RunStarted) and entry.asset == asset
            for page in self._pages
            if page.run == run
            for entry in page.entries
        )

    def goes_on(self, run: str) -> bool:
        """Whether this run is at work here now: it holds the lock, and lives."""
        return not self._unknown and self._session is not None and self._session.lock.held_by(run)

    @property
    def _unknown(self) -> bool:
        return self.problem is not None or self._session is None

    @property
    def _pages(self) -> Sequence[Page]:
        return self._session.ledger.pages if self._session else ()

    def _work(self, *, judge: bool) -> None:
        """In the thread. Whatever it raises is an answer: one environment hides no other, not even by a defect."""
        try:
            self._answer = self._refreshed(judge=judge), None
        except Exception as error:  # noqa: BLE001 - see above
            self._session = None
            self._answer = False, error if isinstance(error, ProvisioningError) else internal(self.name, error)

    def _refreshed(self, *, judge: bool) -> bool:
        session = self._session
        if session is None or time.monotonic() - self._opened > ASKED_ANEW:
            session = self._open()
            judge = True
        else:
            versions = self._listed(session)
            if any(versions.get(key) != seen for key, seen in self._versions.items() if not key.endswith(_LOCK)):
                session, judge = self._open(), True
            elif versions != self._versions:
                session.ledger.refresh()
                judge = True
                self._versions = versions
        if judge or now() >= self._until or _runs_go_on(session):
            self._judge(session)
            judge = True
        self._session = session
        return judge

    def _open(self) -> Session:
        self._opened = time.monotonic()
        session = open_session(self.graph, self.name, run="report")
        self._versions = self._listed(session)  # before it is read: what is written meanwhile is seen the next time
        session.ledger.refresh()
        return session

    def _listed(self, session: Session) -> Mapping[str, str]:
        versions: Mapping[str, str] = session.backend(Kind.STORE).versions(f"{session.prefix}/")
        return versions

    def _judge(self, session: Session) -> None:
        if session.before is not None:
            session.before = open_session(self.graph, session.before.environment.name, run="report")
        tasks, at = list(self.graph.of(self.name)), now()
        self._standings = standings(session, at=at)
        try:
            self._closed = gates(session, tasks)
        except ProvisioningError as error:  # of the environment before
            self._closed = {task.name: [f"could not tell: {error.told}"] for task in tasks}
        self._until = min((_ends(each, at) for each in self._standings), default=_FAR)


def _runs_go_on(session: Session) -> bool:
    """Whether a run began that left no word of its end, and still lives."""
    begun = (session.ledger.unended(task.name, LAST_RUN) for task in session.graph.of(session.environment.name))
    return any(session.lock.held_by(run) for run in {page.run for page in begun if page})


def _ends(standing: Standing, at: datetime) -> datetime:
    """When what was seen of an item is too old; also of what is stale here, and may still open another's gate."""
    evidence = standing.judgement.evidence
    with suppress(OverflowError):
        end = evidence.observed_at + standing.item.max_age if evidence and evidence.finding.ready else _FAR
        return end if end > at else _FAR
    return _FAR
