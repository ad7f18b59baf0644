"""DNS records: published in the zone, and seen by resolvers as published."""

from provisioning_assets.backends.dns.records import absolute, canonical
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.plan import Attributes
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.sections import Dns, Record
from provisioning_assets.probes.resolvers import authoritative_servers, check_zone, resolvers
from provisioning_assets.runs.readiness import readiness_item
from provisioning_assets.runs.task import AWS, NAME_SERVERS, Declared, Task, equals_declared, inputs, section
from provisioning_assets.runs.work import Work


def desired_rrsets(section: Dns) -> dict[str, Attributes]:
    """Address (`<name> <type>`) to attributes."""
    return {f"{absolute(record.name, section.zone)} {record.type}": _attributes(record) for record in section.records}


def _attributes(record: Record) -> Attributes:
    if record.alias is not None:
        return {"alias": record.alias.rstrip(".").lower()}
    return {"ttl": record.ttl, "values": sorted(canonical(value, record.type) for value in record.values)}


def target(work: Work) -> Declared:
    """The zone's RRsets; answers to ACME challenges come and go by themselves."""
    dns, provider = work.environment.dns, work.session.dns
    return Declared(
        desired=lambda: desired_rrsets(dns),
        read=lambda: provider.read(dns.zone),
        write=lambda changes: provider.write(dns.zone, changes),
        ignored=lambda address: address.startswith("_acme-challenge."),
    )


@readiness_item(review_item=2)
def dns_has_not_drifted(work: Work) -> Finding:
    """The zone holds exactly the declared RRsets, read back from the provider.

    Red names each RRset that was added, changed or removed behind our back.
    """
    return equals_declared(work, target(work))


@readiness_item(review_item=2)
def dns_is_served_as_declared(work: Work) -> Finding:
    """Each authoritative server answers each RRset with the declared values and the documented TTL."""
    dns = work.environment.dns
    servers = authoritative_servers(dns.zone, work.session.dns.name_servers(dns.zone))
    return Finding.over("answers of authoritative servers", check_zone(desired_rrsets(dns), servers, cached=False))


@readiness_item(review_item=2)
def dns_has_propagated(work: Work) -> Finding:
    """Each caching resolver answers each RRset as declared: mail, SPF, DKIM, DMARC and CAA included.

    Red names the resolver and how long its old answer lives on. Wait that long, then run this item again.
    """
    answers = check_zone(desired_rrsets(work.environment.dns), resolvers(), cached=True)
    return Finding.over("answers of caching resolvers", answers)


def task(engagement: Engagement, environment: Environment) -> Task:
    """The asset of the zone's records."""
    items = (dns_has_not_drifted, dns_is_served_as_declared, dns_has_propagated)
    own, template = section(engagement, environment, "dns")
    return Task(
        name="dns_records",
        description=f"The records of {environment.dns.zone}, published days before the launch: TTLs take their time.",
        kinds=frozenset({environment.dns.provider, "dns"}),
        needs=frozenset({AWS, NAME_SERVERS}),
        upstream=("environment",),
        inputs=inputs(engagement, items, own=own, template=template),
        items=items,
        target=target,
    )
