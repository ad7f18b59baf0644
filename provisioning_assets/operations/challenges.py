"""Proofs of names, published in the environment's zone: challenges for a while, others for as long as they count."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from provisioning_assets.backends.certificates import Proof
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Action, Attributes, Change, ChangeClass, diff
from provisioning_assets.probes.resolvers import authoritative_servers, wait_until_served
from provisioning_assets.runs.asset_run import AssetRun

_CHALLENGE_TTL = 60
_KEPT_TTL = 300


@dataclass
class Challenges:
    """Records of the environment's zone by which an authority knows that its names are ours."""

    run: AssetRun

    @contextmanager
    def publish(self, proofs: Sequence[Proof]) -> Iterator[None]:
        """Publish, wait until every authoritative server answers with them, and always clean up."""
        wanted = _rrsets(proofs, _CHALLENGE_TTL)
        left_behind = {address: found for address, found in self._read().items() if address in wanted}
        self._write(diff(wanted, left_behind, change_class=ChangeClass.OPERATIONAL).changes)
        try:
            self._wait(wanted)
            yield
        finally:
            self._write([Change(Action.DELETE, address, before=found) for address, found in wanted.items()])

    def keep(self, proofs: Sequence[Proof]) -> None:
        """Publish what is not there yet, and wait until every authoritative server answers with it."""
        live = self._read()
        missing = _rrsets(_missing(proofs, live), _KEPT_TTL)
        there = {address: found for address, found in live.items() if address in missing}
        self._write(diff(missing, there, change_class=ChangeClass.OPERATIONAL).changes)
        if missing:
            self._wait(missing)

    def missing(self, proofs: Sequence[Proof]) -> list[Proof]:
        """Those that the zone does not hold; how long resolvers may keep one is nobody's matter."""
        return _missing(proofs, self._read())

    def _read(self) -> Mapping[str, Attributes]:
        found: Mapping[str, Attributes] = self.run.backend(Kind.DNS).read(self._zone)
        return found

    def _write(self, changes: Sequence[Change]) -> None:
        self.run.backend(Kind.DNS).write(self._zone, changes)

    def _wait(self, wanted: Mapping[str, Attributes]) -> None:
        names = self.run.backend(Kind.DNS).name_servers(self._zone)
        wait_until_served(wanted, authoritative_servers(self._zone, names, self.run.access))

    @property
    def _zone(self) -> str:
        return self.run.environment.dns.zone


def _missing(proofs: Sequence[Proof], live: Mapping[str, Attributes]) -> list[Proof]:
    return [each for each in proofs if each.value not in live.get(each.address, {}).get("values", ())]


def _rrsets(proofs: Sequence[Proof], ttl: int) -> dict[str, Attributes]:
    values: dict[str, set[str]] = {}
    for each in proofs:
        values.setdefault(each.address, set()).add(each.value)
    return {address: {"ttl": ttl, "values": sorted(found)} for address, found in values.items()}
