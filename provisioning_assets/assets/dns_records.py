"""DNS records: published in the zone, and answered by resolvers as published."""

from collections.abc import Container
from functools import cache

from provisioning_assets.backends.dns.records import absolute, canonical
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Attributes
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.sections import Dns, Record
from provisioning_assets.operations.keeping import holdings, keeps_keys, kept_proofs
from provisioning_assets.probes import resolvers
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.declared import Declared, equals_declared
from provisioning_assets.runs.task import Task, inputs, readiness_item, section


def desired_rrsets(section: Dns) -> dict[str, Attributes]:
    """The declared RRsets: address (`<name> <type>`) to attributes."""
    return {f"{absolute(record.name, section.zone)} {record.type}": _attributes(record) for record in section.records}


def _attributes(record: Record) -> Attributes:
    if record.alias is not None:
        return {"alias": record.alias.rstrip(".").lower()}
    return {"ttl": record.ttl, "values": sorted(canonical(value, record.type) for value in record.values)}


def target(run: AssetRun) -> Declared:
    """The zone's RRsets, except the proofs of names, which the certificates manage."""
    dns, provider = run.environment.dns, run.backend(Kind.DNS)

    @cache
    def proofs() -> Container[str]:
        return kept_proofs(holdings(run)).keys()

    def manager(address: str) -> str | None:
        return "certificates" if address.startswith("_acme-challenge.") or address in proofs() else None

    return Declared(
        desired=lambda: desired_rrsets(dns),
        read=lambda: provider.read(dns.zone),
        write=lambda changes: provider.write(dns.zone, changes),
        managed_elsewhere=manager,
    )


@readiness_item(review_item=2)
def dns_has_not_drifted(run: AssetRun) -> Finding:
    """The zone holds exactly the declared RRsets, read back from the provider.

    Red names each RRset that was added, changed or removed out of band. Apply to restore it, or declare the change.
    """
    return equals_declared(run, target(run))


@readiness_item(review_item=2)
def dns_is_served_as_declared(run: AssetRun) -> Finding:
    """Each authoritative server returns each RRset with the declared values and the documented TTL.

    It refers to exactly the declared servers of a name that is handed to others. SPF, DKIM, DMARC and CAA policies must
    also be valid. Red names the RRset, the server and what is wrong with its answer. If the zone has drifted, apply; if
    the policy is invalid, correct it; if neither, check that server.
    """
    dns = run.environment.dns
    servers = resolvers.authoritative_servers(dns.zone, run.backend(Kind.DNS).name_servers(dns.zone), run.access)
    answers = resolvers.check_zone(desired_rrsets(dns), servers, cached=False)
    return Finding.over("answers of authoritative servers", answers)


@readiness_item(review_item=2)
def dns_has_propagated(run: AssetRun) -> Finding:
    """Each caching resolver returns each RRset as declared, including mail, SPF, DKIM, DMARC and CAA records.

    Red names the resolver and how long it may still return its old answer. Wait that long, then run this item again.
    """
    answers = resolvers.check_zone(desired_rrsets(run.environment.dns), resolvers.resolvers(run.access), cached=True)
    return Finding.over("answers of caching resolvers", answers)


def task(engagement: Engagement, environment: Environment) -> Task:
    """The asset of the zone's records."""
    items = (dns_has_not_drifted, dns_is_served_as_declared, dns_has_propagated)
    own, template = section(engagement, environment, "dns")
    return Task(
        name="dns_records",
        environment=environment.name,
        description=f"The records of {environment.dns.zone}, published days before the launch: TTLs take their time.",
        labels=frozenset({environment.dns.provider.name, "dns"}),
        # Who keeps certificates, and renews them by records of the zone, is asked which records these are.
        backends=(Kind.DNS, *([Kind.CERTIFICATES] if keeps_keys(environment) else [])),
        views=(resolvers.viewpoint,),
        upstream=("environment",),
        inputs=inputs(engagement, items, own=own, template=template),
        items=items,
        target=target,
    )
