"""The ledger: an append-only record of what was seen and done, kept beside the environment's state.

One object a page, numbered without gaps; each page holds the digest of the page before it, and the head, written
when a run ends, that of the last one: a page that is removed or altered later is noticed. A page is written with
put-if-absent: two writers cannot both get a number, and the loser takes the next.
"""

import hashlib
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import rfc8785
from pydantic import TypeAdapter, ValidationError

from provisioning_assets.backends.store import Store
from provisioning_assets.core.evidence import Evidence
from provisioning_assets.errors import LedgerDamaged
from provisioning_assets.record.entries import (
    ApplyFinished,
    ApplyStarted,
    DrillFinished,
    DrillStarted,
    Entry,
    LockReclaimed,
    RunRefused,
    RunStarted,
)
from provisioning_assets.record.page import FIRST, Page, parsed, written

_E = TypeVar("_E")


@dataclass(frozen=True, slots=True)
class Head:
    """How far the record reached when a run last ended."""

    number: int
    digest: str


_HEAD = TypeAdapter(Head)
_ENDS = (ApplyFinished, DrillStarted, DrillFinished)
"""What opens a drill, or closes one: an apply that found nothing to do, or undid it, does so, too."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """Number of an asset's last apply, and what was started on the asset and never finished; empty when nothing was."""

    number: int
    unfinished: str


class Ledger:
    """Appends to and reads one environment's record. `run` signs every page that this instance writes.

    `guard` raises when the run may not write (any more); it is asked before each page. `copies` is a folder
    for pages that were read: they never change, and the newest page, which always comes from the store, vouches
    for them by the chain.
    """

    def __init__(
        self,
        store: Store,
        prefix: str,
        *,
        run: str,
        guard: Callable[[], None] = lambda: None,
        copies: Path | None = None,
    ) -> None:
        self._store = store
        self._prefix = prefix
        self._run = run
        self._guard = guard
        self._copies = copies
        self._one_at_a_time = threading.RLock()
        """A check past its deadline is a thread beside the run."""
        self._kept: set[str] = set()
        """Digests whose inputs this instance has kept."""
        self._remembered: dict[str, dict[str, str]] = {}
        """Inputs that were read; those of a digest never change."""
        self._pages: list[Page] = []
        self._digests: list[str] = []
        """Of each page."""
        self._waiting: list[Entry] = []

    @property
    def run(self) -> str:
        """The run that this instance writes for."""
        return self._run

    def append(self, *entries: Entry) -> None:
        """Write the entries as one page, behind what waits; they are in the record when this returns."""
        with self._one_at_a_time:
            self._append((*self._waiting, *entries))
            self._waiting.clear()

    def later(self, *entries: Entry) -> None:
        """Write the entries with the next page, at the latest when the run ends; a run that is killed never does."""
        with self._one_at_a_time:
            self._waiting.extend(entries)

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            self.append()

    def _append(self, entries: tuple[Entry, ...]) -> None:
        while True:
            self._guard()
            self.refresh()
            page = Page(len(self._pages) + 1, self._last_digest, datetime.now(UTC), self._run, entries)
            content = written(page)
            if self._store.create(self._key(page.number), content):
                self._accept(page, content)
                return

    def refresh(self) -> None:
        """Read the pages that were written since the last look; `LedgerDamaged` when the chain is broken."""
        with self._one_at_a_time:
            self._refresh()

    def _refresh(self) -> None:
        known = len(self._pages)
        try:
            self._read_on(self._copies)
        except LedgerDamaged:
            if self._copies is None or not self._copies.is_dir():
                raise
            shutil.rmtree(self._copies)
            del self._pages[known:], self._digests[known:]
            self._read_on(None)

    def _read_on(self, copies: Path | None) -> None:
        known = len(self._pages)
        # Before the pages: what is appended meanwhile lies behind it.
        head = None if known else self._head()
        # The last page that is known is listed again: it may be gone.
        after = self._key(known - 1) if known > 1 else ""
        versions = self._store.versions(f"{self._prefix}/pages/", after=after)
        if known and not versions:
            raise self._damaged(f"{known} pages were read before, the last is gone")
        for number, key in enumerate(versions, start=max(known, 1)):
            if key != self._key(number):
                raise self._damaged(f"page {number} is missing, {key} is there")
        new = [(key, version) for key, version in versions.items() if not known or key > self._key(known)]
        with ThreadPoolExecutor(8) as pool:
            contents = pool.map(lambda page: self._read(page[0], page[1], None if page == new[-1] else copies), new)
            for number, content in enumerate(contents, start=known + 1):
                self._accept(self._parsed(number, content), content)
        if head is not None and self._digests[head.number - 1 : head.number] != [head.digest]:
            self._pages.clear()  # nothing of it is known: who asks again is told again
            self._digests.clear()
            raise self._damaged(f"page {head.number} was the last when a run ended; it is gone, or another one now")

    def seal(self) -> None:
        """Write what waits, and how far the record reaches, as the run ends: else nobody would miss its last pages."""
        self.flush()
        key, reached = f"{self._prefix}/head.json", Head(len(self._pages), self._last_digest)
        found, head = self._store.read(key), self._head()
        if reached.number <= (head.number if head else 0):
            return
        content = rfc8785.dumps(_HEAD.dump_python(reached, mode="json"))
        if found is None:
            self._store.create(key, content)
        else:
            self._store.replace(key, content, version=found[1])

    def _head(self) -> Head | None:
        found = self._store.read(f"{self._prefix}/head.json")
        try:
            return None if found is None else _HEAD.validate_json(found[0])
        except ValidationError:
            raise self._damaged("its head is unreadable") from None

    @property
    def _last_digest(self) -> str:
        return self._digests[-1] if self._digests else FIRST

    def _read(self, key: str, version: str, copies: Path | None) -> bytes:
        """A page as it was written, from its copy if there is one of this version."""
        name = f"{key.rpartition('/')[2]}.{hashlib.sha256(version.encode()).hexdigest()[:16]}"
        if copies is not None and (copies / name).is_file():
            return (copies / name).read_bytes()
        found = self._store.read(key)
        if found is None:
            raise self._damaged(f"{key} vanished")
        if copies is not None:
            copies.mkdir(parents=True, exist_ok=True)
            part = copies / f".{name}.{uuid4().hex}"
            part.write_bytes(found[0])
            part.rename(copies / name)
        return found[0]

    def _parsed(self, number: int, content: bytes) -> Page:
        try:
            page = parsed(content)
        except ValidationError as error:
            raise self._damaged(f"page {number} is unreadable ({error.error_count()} errors)") from None
        if (page.number, page.previous) != (number, self._last_digest):
            raise self._damaged(f"page {number} does not continue page {number - 1}")
        return page

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
        if started != finished:
            return Epoch(started, "an apply")
        ends = (e for page in reversed(self._pages) for e in reversed(page.entries) if isinstance(e, _ENDS))
        last = next((e for e in ends if e.asset == asset), None)
        return Epoch(started, last.what if isinstance(last, DrillStarted) else "")

    def unended(self, asset: str, item: str) -> Page | None:
        """Where a run of the asset began that left no word of its end: no refusal, and no evidence of this item.

        Later evidence of how another run ended makes up for it. The run that this instance writes for goes on.
        """
        ended = {self._run}
        for page, entry in self._newest(object):
            if isinstance(entry, Evidence) and (entry.about.asset, entry.item) == (asset, item):
                return None
            if isinstance(entry, RunRefused) and entry.asset == asset:
                ended.add(page.run)
            if isinstance(entry, RunStarted) and entry.asset == asset and page.run not in ended:
                return page
        return None

    def left_behind(self, host: str, at: datetime) -> bool:
        """Whether what was made on this host at this time comes from a run that was seen to be dead.

        A forced unlock does not count: a person broke the lock, and whether that run's engine still works nobody saw.
        """
        reclaimed = ((page, e) for page, e in self._newest(LockReclaimed) if not e.forced)
        return any(e.host == host and e.since <= at <= page.at for page, e in reclaimed)

    def remember(self, leaves: Mapping[str, str], digest: str) -> None:
        """Keep what a digest was made from, so that a later difference can be named."""
        if digest in self._kept:
            return
        self._kept.add(digest)
        self._store.create(f"{self._prefix}/inputs/{digest}", rfc8785.dumps(dict(leaves)))

    def remembered(self, digest: str) -> dict[str, str] | None:
        """What a digest was made from; None when nobody kept it."""
        if digest not in self._remembered and (found := self._store.read(f"{self._prefix}/inputs/{digest}")):
            with suppress(ValidationError):  # it only explains a difference that is known without it
                self._remembered[digest] = TypeAdapter(dict[str, str]).validate_json(found[0])
        return self._remembered.get(digest)

    def _newest(self, kind: type[_E]) -> Iterator[tuple[Page, _E]]:
        return ((p, e) for p in reversed(self._pages) for e in reversed(p.entries) if isinstance(e, kind))

    def _key(self, number: int) -> str:
        return f"{self._prefix}/pages/{number:010d}.json"

    def _accept(self, page: Page, content: bytes) -> None:
        self._pages.append(page)
        self._digests.append("sha256:" + hashlib.sha256(content).hexdigest())

    def _damaged(self, cause: str) -> LedgerDamaged:
        return LedgerDamaged(
            "the ledger contradicts itself: nothing can be concluded from it",
            where=f"{self._prefix}/pages/",
            cause=cause,
            remedy="restore the missing or altered object from the bucket's versions; every read checks the chain",
        )
