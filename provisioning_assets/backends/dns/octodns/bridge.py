"""The bridge: a DNS product made of one of octoDNS's providers.

https://octodns.readthedocs.io

octoDNS deletes what it is not told of. So it is told the whole zone as it is, with our changes, and what it then plans
must be these and nothing else: what somebody else wrote meanwhile is seen, and looked at again.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Self, TypeVar

import requests
from octodns.provider.base import BaseProvider
from octodns.provider.plan import Plan
from octodns.zone import Zone

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.dns.batches import Progress
from provisioning_assets.backends.dns.octodns.failures import Vendor, in_our_words
from provisioning_assets.backends.dns.octodns.records import PLAIN, Texts, changed, normal, shown, touched
from provisioning_assets.backends.dns.records import as_planned
from provisioning_assets.core.plan import Action, Attributes, Change, Json
from provisioning_assets.core.settle import settle
from provisioning_assets.errors import ApplyFailed, NotConverged, ProviderFailed, ProvisioningError, Unreachable

for _logger in ("Record", "Zone", "Plan"):  # octoDNS tells under these names what records hold
    logging.getLogger(_logger).addFilter(lambda _record: False)  # whoever configures logging enables loggers again

IN_EFFECT = 20
"""Seconds until the vendor shows what it took."""

_AFTER_LOSS = 2
"""Seconds until a write whose answer was lost is in, if it arrived."""

_ATTEMPTS = 3
_IMPATIENT, _PATIENT = (2.0, 2.5), (2.0, 30.0)
"""Seconds for a connection, and for the next piece of an answer: less than five in all; and for a whole zone."""

T = TypeVar("T")


class OctoDns(ABC):
    """The zones that a vendor holds. A vendor says how its provider is made, and what octoDNS passes over."""

    NAME: ClassVar[str]
    """The vendor, for people."""
    KEY: ClassVar[str]
    """The variable of the profile that opens it."""
    TEXTS: ClassVar[Texts] = PLAIN

    def __init__(self, settings: Any, access: Access) -> None:
        self._settings = settings
        self._access = access

    @classmethod
    def open(cls, settings: Any, access: Access) -> Self:
        """The vendor's server or account, with the profile's key."""
        return cls(settings, access)

    @property
    @abstractmethod
    def address(self) -> str:
        """Where it is."""

    @abstractmethod
    def identity(self) -> Mapping[str, Json]:
        """What its zones lie in."""

    @abstractmethod
    def _made(self, patience: tuple[float, float]) -> BaseProvider:
        """A provider of octoDNS, for one piece of work: threads share the product, and not what it has just read."""

    @abstractmethod
    def _ask(self, provider: BaseProvider) -> object:
        """Ask for a sign of life."""

    @abstractmethod
    def _passed_over(self, provider: BaseProvider) -> Mapping[str, Attributes]:
        """What octoDNS did not take over when it last looked: RRsets of types that it does not know."""

    def reach(self) -> None:
        """That it answers, and lets us in."""
        provider = self._opened(_IMPATIENT)
        self._try("answer", partial(self._ask, provider))

    def read(self, zone: str) -> Mapping[str, Attributes]:
        """Every RRset but the apex's SOA and NS; those of types that octoDNS does not know as well."""
        provider = self._opened(_PATIENT)
        return self._shown(provider, self._look(provider, zone))

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        """Refused when a record is no longer as it was planned; back when the vendor shows the changes.

        All or none where the vendor takes them all at once, else record by record.
        """
        if not changes:
            return
        provider, progress = self._opened(_PATIENT), Progress(list(changes))
        live = self._look(provider, zone)
        try:
            plan = self._plan(provider, live, changes)
        except ProviderFailed as error:
            raise progress.stopped(zone, error) from None
        if plan is None:
            return
        try:
            self._try(f"write {zone}", partial(provider.apply, plan), [change.address for change in changes])
        except (ProviderFailed, Unreachable) as error:
            if failed := self._told(zone, progress, error):
                raise failed from None
        self._wait(zone, changes)

    def name_servers(self, zone: str) -> Sequence[str]:
        """The targets of the apex's NS records."""
        apex = self._look(self._opened(_PATIENT), zone).root_ns
        return sorted(str(name).rstrip(".") for name in (apex.values if apex else ()))

    def no_zone(self, zone: str) -> ProviderFailed:
        """The error of a zone that the vendor does not have; octoDNS would make one."""
        what, remedy = f"{self.NAME} has no zone {zone}", "apply the stage that makes it"
        return ProviderFailed(what, where=self.address, remedy=remedy)

    def _opened(self, patience: tuple[float, float]) -> BaseProvider:
        provider = self._made(patience)
        provider.log.disabled = True
        return provider

    def _look(self, provider: BaseProvider, zone: str) -> Zone:
        found = Zone(f"{zone}.", [])
        exists = self._try(f"show {zone}", partial(provider.populate, found, target=True, lenient=True))
        if not (exists or found.records):
            raise self.no_zone(zone)
        return found

    def _shown(self, provider: BaseProvider, zone: Zone) -> dict[str, Attributes]:
        found = {**self._passed_over(provider), **shown(zone, self.TEXTS)}
        for kind in ("SOA", "NS"):
            found.pop(f"{zone.name.rstrip('.')} {kind}", None)
        return found

    def _plan(self, provider: BaseProvider, live: Zone, changes: Sequence[Change]) -> Plan | None:
        """What octoDNS would do, when it is of our changes alone; None when there is nothing to do."""
        for _ in range(_ATTEMPTS):
            found = self._shown(provider, live)
            _refuse_moved(live, changes, found)
            left = [each for each in changes if each.action is not Action.DELETE or each.address in found]
            desired = changed(live, left, found, self.TEXTS)
            self._refuse_altered(left, found, self._shown(provider, desired))
            plan = self._try(f"show {live.name}", partial(provider.plan, desired))
            if plan is None:
                return None
            if not plan.exists:
                raise self.no_zone(live.name.rstrip("."))
            ours = touched(live, left, found)
            if all((each.record.name, each.record._type) in ours for each in plan.changes):
                _refuse_moved(live, changes, self._shown(provider, plan.existing))
                return plan
            live = plan.existing
        what = f"records of {live.name} change while they are written"
        raise ProviderFailed(what, where=self.address, remedy="find out who else writes to them, and run again")

    def _refuse_altered(
        self, changes: Sequence[Change], found: Mapping[str, Attributes], becomes: Mapping[str, Attributes]
    ) -> None:
        """Nothing is written that would not read back as it is wanted."""
        after = {each.address: normal(each.address, each.after) if each.after else None for each in changes}
        wanted = {**found, **after}
        altered = [each for each in sorted({*wanted, *becomes}) if wanted.get(each) != becomes.get(each)]
        if altered:
            raise ProviderFailed(
                f"{self.NAME} cannot hold records as they are wanted, by way of octoDNS",
                where=", ".join(altered),
                cause="; ".join(f"{each} would be {becomes.get(each, 'nothing')}" for each in altered[:3]),
                remedy="declare what it would be; an alias is one for each type of address that its target has",
            )

    def _told(self, zone: str, progress: Progress, error: ProviderFailed | Unreachable) -> ApplyFailed | None:
        """What is in and what is not, by a look; None when all of it is in, and its answer alone was lost."""
        lost, changes = isinstance(error, Unreachable), progress.left
        arrived = self._arrived(zone, changes, within=_AFTER_LOSS if lost else 0)
        progress.in_flight = changes if arrived is None else arrived
        if arrived is not None:
            progress.arrived()
        return progress.stopped(zone, error) if progress.left or not lost else None

    def _wait(self, zone: str, changes: Sequence[Change]) -> None:
        arrived = self._arrived(zone, changes, within=IN_EFFECT)
        if arrived is None or len(arrived) < len(changes):
            missing = [change.address for change in changes if change not in (arrived or ())]
            raise NotConverged(
                f"{self.NAME} took the changes of {zone}, and does not show them after {IN_EFFECT} s",
                where=", ".join(missing[:10]),
                remedy="compare with what the vendor shows, run again",
            )

    def _arrived(self, zone: str, changes: Sequence[Change], *, within: float) -> list[Change] | None:
        """Those of the changes that are in effect; None when nobody could tell."""

        def look() -> list[Change] | None:
            try:
                found = self.read(zone)
            except ProvisioningError:
                return None
            return [each for each in changes if found.get(each.address) == _after(each)]

        return settle(look, done=lambda arrived: arrived is not None and len(arrived) == len(changes), within=within)

    def _try(self, doing: str, call: Callable[[], T], addresses: Sequence[str] = ()) -> T:
        try:
            return call()
        except ProvisioningError:
            raise
        except Exception as error:  # noqa: BLE001 - octoDNS and its providers raise Exception itself
            vendor = Vendor(self.NAME, self.address, self.KEY, self._access.get(self.KEY))
            failure = in_our_words(error, doing, vendor, addresses)
        raise failure  # out of the handler, without what they raised: it may hold the key


def guard(session: requests.Session, access: Access, address: str) -> None:
    """Nothing of this process reaches a session of octoDNS's but by the access, and its key goes nowhere else."""
    session.trust_env = False
    session.max_redirects = 0
    session.proxies.update(access.proxies(address))
    session.verify = access.get("SSL_CERT_FILE") or True


def _after(change: Change) -> Attributes | None:
    return normal(change.address, change.after) if change.after else None


def _refuse_moved(zone: Zone, changes: Sequence[Change], found: Mapping[str, Attributes]) -> None:
    if moved := [each.address for each in changes if not as_planned(each, found.get(each.address))]:
        raise ProviderFailed(
            f"records of {zone.name.rstrip('.')} are not as they were when the change was planned",
            where=", ".join(moved),
            cause="somebody else wrote them meanwhile",
            remedy="plan again, and look at what they wrote",
        )
