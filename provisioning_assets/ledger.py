"""The ledger: an append-only record of what was seen and done, kept beside the environment's state.

One object a page, numbered without gaps; each page holds the digest of the page before it, so that a
removed or altered page is noticed. A page is written with put-if-absent: two writers cannot both get a
number, and the loser takes the next.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar

import rfc8785
from pydantic import Discriminator, TypeAdapter, ValidationError

from provisioning_assets.errors import LedgerDamaged
from provisioning_assets.evidence import Evidence
from provisioning_assets.plan import Json
from provisioning_assets.providers.store import Store


@dataclass(frozen=True, slots=True)
class ApplyStarted:
    """From here on the asset is being changed; evidence from before counts no longer."""

    asset: str
    epoch: int
    plan: str
    summary: str
    kind: Literal["apply_started"] = "apply_started"


@dataclass(frozen=True, slots=True)
class ApplyFinished:
    """The change is done: the second plan was empty."""

    asset: str
    epoch: int
    kind: Literal["apply_finished"] = "apply_finished"


@dataclass(frozen=True, slots=True)
class Observed:
    """What a plan said at this moment: `changes` is empty when live equals desired."""

    asset: str
    content: str
    changes: tuple[dict[str, Json], ...]
    kind: Literal["observed"] = "observed"


@dataclass(frozen=True, slots=True)
class TakenOver:
    """The lock of a dead holder was taken over."""

    holder: str
    kind: Literal["taken_over"] = "taken_over"


Entry = Evidence | ApplyStarted | ApplyFinished | Observed | TakenOver
_E = TypeVar("_E", Evidence, ApplyStarted, ApplyFinished, Observed, TakenOver)


@dataclass(frozen=True, slots=True)
class Page:
    """What one append wrote."""

    number: int
    previous: str
    at: datetime
    run: str
    entries: tuple[Annotated[Entry, Discriminator("kind")], ...]


_PAGE = TypeAdapter(Page)
_FIRST = "sha256:"


@dataclass(frozen=True, slots=True)
class Epoch:
    """Number of an asset's last apply, and whether it was started and never finished."""

    number: int
    unfinished: bool


class Ledger:
    """Appends to and reads one environment's record. `run` signs every page that this instance writes."""

    def __init__(
        self, store: Store, prefix: str, *, run: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._prefix = prefix
        self._run = run
        self._clock = clock
        self._pages: list[Page] = []
        self._last_digest = _FIRST

    @property
    def run(self) -> str:
        """The run that this instance writes for."""
        return self._run

    def append(self, *entries: Entry) -> None:
        """Write the entries as one page; they are in the record when this returns."""
        while True:
            self.refresh()
            page = Page(len(self._pages) + 1, self._last_digest, self._clock(), self._run, entries)
            content = rfc8785.dumps(_PAGE.dump_python(page, mode="json"))
            if self._store.create(self._key(page.number), content):
                self._accept(page, content)
                return

    def refresh(self) -> None:
        """Read the pages that were written since the last look; `LedgerDamaged` when the chain is broken."""
        keys = self._store.keys(f"{self._prefix}/pages/")
        for number in range(1, len(keys) + 1):
            if keys[number - 1] != self._key(number):
                raise self._damaged(f"page {number} is missing, {keys[number - 1]} is there")
        if len(keys) < len(self._pages):
            raise self._damaged(f"{len(self._pages)} pages were read before, {len(keys)} are left")
        for number in range(len(self._pages) + 1, len(keys) + 1):
            found = self._store.read(self._key(number))
            if found is None:
                raise self._damaged(f"page {number} vanished")
            try:
                page = _PAGE.validate_json(found[0])
            except ValidationError as error:
                raise self._damaged(f"page {number} is unreadable ({error.error_count()} errors)") from None
            if (page.number, page.previous) != (number, self._last_digest):
                raise self._damaged(f"page {number} does not continue page {number - 1}")
            self._accept(page, found[0])

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages read so far, oldest first; call `refresh` first for the newest."""
        return tuple(self._pages)

    def evidence(self, asset: str, item: str) -> Evidence | None:
        """The last evidence of an item."""
        return next((e for _, e in self._newest(Evidence) if (e.about.asset, e.item) == (asset, item)), None)

    def epoch(self, asset: str) -> Epoch:
        """Number of the asset's last apply; 0 when it never had something to change."""
        started = next((e.epoch for _, e in self._newest(ApplyStarted) if e.asset == asset), 0)
        finished = next((e.epoch for _, e in self._newest(ApplyFinished) if e.asset == asset), 0)
        return Epoch(started, unfinished=started != finished)

    def observed(self, asset: str, *, content: str, run: str) -> tuple[Observed, datetime] | None:
        """What the given run last saw of the asset for this content."""
        for page, entry in self._newest(Observed):
            if page.run == run and (entry.asset, entry.content) == (asset, content):
                return entry, page.at
        return None

    def remember(self, leaves: Mapping[str, str], digest: str) -> None:
        """Keep what a digest was made from, so that a later difference can be named."""
        self._store.create(f"{self._prefix}/inputs/{digest}", rfc8785.dumps(dict(leaves)))

    def remembered(self, digest: str) -> dict[str, str] | None:
        """What a digest was made from; None when nobody kept it."""
        found = self._store.read(f"{self._prefix}/inputs/{digest}")
        return None if found is None else TypeAdapter(dict[str, str]).validate_json(found[0])

    def _newest(self, kind: type[_E]) -> Iterator[tuple[Page, _E]]:
        return ((p, e) for p in reversed(self._pages) for e in reversed(p.entries) if isinstance(e, kind))

    def _key(self, number: int) -> str:
        return f"{self._prefix}/pages/{number:010d}.json"

    def _accept(self, page: Page, content: bytes) -> None:
        self._pages.append(page)
        self._last_digest = "sha256:" + hashlib.sha256(content).hexdigest()

    def _damaged(self, cause: str) -> LedgerDamaged:
        return LedgerDamaged(
            "the ledger contradicts itself: nothing can be concluded from it",
            where=f"{self._prefix}/pages/",
            cause=cause,
            remedy="restore the missing or altered object from the bucket's versions; every read checks the chain",
        )
