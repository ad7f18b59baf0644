"""A vendor in memory, behind a provider of octoDNS that writes record by record, as most of them do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from logging import getLogger
from typing import Any

import requests
from octodns.provider.base import BaseProvider
from octodns.provider.plan import Plan
from octodns.record import Delete, Record, Rrset
from octodns.zone import Zone

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.dns.octodns.bridge import OctoDns
from provisioning_assets.backends.dns.octodns.records import ESCAPED, PLAIN, Texts
from provisioning_assets.core.plan import Attributes, Json

KEY, SECRET = "MEMORY_KEY", "a-key-that-nobody-may-see"


@dataclass
class Vendor:
    """What it holds, and what it does wrong when a test says so."""

    zones: dict[str, dict[tuple[str, str], Rrset]] = field(default_factory=dict)
    unknown: dict[str, Attributes] = field(default_factory=dict)
    """RRsets that octoDNS passes over."""
    before_look: Callable[[int], object] = lambda _number: None
    """Called with the number of each look."""
    before_write: Callable[[int], object] = lambda _number: None
    """Called with the number of each record, before it is written."""
    after_writes: Callable[[], object] = lambda: None
    forgets: str = ""
    """A type of records that it takes and does not keep."""
    looks: int = 0
    writes: int = 0

    def put(self, zone: str, address: str, *values: str, ttl: int = 60) -> None:
        """Somebody else's RRset."""
        name, _, kind = address.rpartition(" ")
        self.zones[zone][f"{name}.", kind] = Rrset(f"{name}.", kind, ttl, values)

    def addresses(self, zone: str) -> set[str]:
        """Of all that octoDNS knows."""
        return {f"{name.rstrip('.')} {kind}" for name, kind in self.zones[zone]}


class MemoryProvider(BaseProvider):
    """octoDNS's side of it."""

    SUPPORTS_GEO = False
    SUPPORTS_DYNAMIC = False
    SUPPORTS_ROOT_NS = True
    SUPPORTS = {"A", "AAAA", "ALIAS", "CAA", "CNAME", "MX", "NS", "SRV", "TXT"}

    def __init__(self, vendor: Vendor) -> None:
        self.log = getLogger("MemoryProvider[memory]")
        self.log.warning("__init__: key=***")
        super().__init__("memory")
        self.vendor = vendor

    def populate(self, zone: Zone, target: bool = False, lenient: bool = False) -> bool:  # noqa: FBT001, FBT002 - theirs
        self.vendor.looks += 1
        self.vendor.before_look(self.vendor.looks)
        found = self.vendor.zones.get(zone.name.rstrip("."))
        for record in Record.from_rrsets(zone, (found or {}).values(), lenient=lenient, source=self):
            zone.add_record(record, lenient=lenient)
        return found is not None

    def _apply(self, plan: Plan) -> None:
        there = self.vendor.zones.setdefault(plan.desired.name.rstrip("."), {})
        for change in plan.changes:
            self.vendor.writes += 1
            self.log.warning("writing with %s", SECRET)
            self.vendor.before_write(self.vendor.writes)
            key = change.record.fqdn, change.record._type
            if isinstance(change, Delete):
                del there[key]
            elif change.record._type != self.vendor.forgets:
                there[key] = change.new.to_rrset()
        self.vendor.after_writes()


class Memory(OctoDns):
    """The product."""

    NAME = "Memory"
    KEY = KEY

    @property
    def address(self) -> str:
        return "memory"

    def identity(self) -> Mapping[str, Json]:
        return {"memory": "octodns"}

    def _made(self, patience: tuple[float, float]) -> MemoryProvider:
        return MemoryProvider(self._settings)

    def _ask(self, provider: MemoryProvider) -> object:
        return provider.vendor.before_look(0)

    def _passed_over(self, provider: MemoryProvider) -> Mapping[str, Attributes]:
        return provider.vendor.unknown


class EscapedMemory(Memory):
    """The same, with the other form of texts."""

    TEXTS: Texts = ESCAPED


def opened(vendor: Vendor, texts: Texts = PLAIN) -> Any:
    """The product of this vendor."""
    made = {id(PLAIN): Memory, id(ESCAPED): EscapedMemory}[id(texts)]
    return made.open(vendor, Access("the test's own", {KEY: SECRET}))


def answered(status: int, said: str) -> requests.HTTPError:
    """What a provider raises for an answer."""
    answer = requests.Response()
    answer.status_code, answer._content = status, said.encode()
    return requests.HTTPError(f"{status} for {SECRET}", response=answer)
