"""Answers to dns-01 challenges, published in the environment's zone while an order is in progress."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Action, Attributes, Change, ChangeClass, diff
from provisioning_assets.probes.resolvers import authoritative_servers, wait_until_served
from provisioning_assets.runs.asset_run import AssetRun

_CHALLENGE_TTL = 60


@dataclass
class Challenges:
    """Answers to dns-01 challenges, as records of the environment's zone."""

    run: AssetRun

    @contextmanager
    def publish(self, records: Sequence[tuple[str, str]]) -> Iterator[None]:
        """Publish, wait until every authoritative server answers with them, and always clean up."""
        zone, provider = self.run.environment.dns.zone, self.run.backend(Kind.DNS)
        values: dict[str, list[str]] = {}
        for name, value in records:
            values.setdefault(f"{name} TXT", []).append(value)
        wanted: dict[str, Attributes] = {
            address: {"ttl": _CHALLENGE_TTL, "values": sorted(found)} for address, found in values.items()
        }
        left_behind = {a: v for a, v in provider.read(zone).items() if a in wanted}
        plan = diff(wanted, left_behind, change_class=ChangeClass.OPERATIONAL)
        provider.write(zone, plan.changes)
        try:
            wait_until_served(wanted, authoritative_servers(zone, provider.name_servers(zone), self.run.access))
            yield
        finally:
            provider.write(zone, [Change(Action.DELETE, address, before=v) for address, v in wanted.items()])
