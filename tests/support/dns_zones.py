"""Zones for tests of DNS products: what is written into them, and how."""

from uuid import uuid4

from provisioning_assets.assets.dns_records import desired_rrsets
from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.dns import DnsProvider
from provisioning_assets.core.plan import Attributes, diff
from provisioning_assets.engagement.sections import Dns, Record

DKIM = "v=DKIM1; k=rsa; p=" + "A" * 392
SIGNER = "us-east-1"


def every_kind(zone: str) -> dict[str, Attributes]:
    """RRsets of each type that can be declared, with values that servers spell in ways of their own."""
    records = (
        Record(name="@", type="A", ttl=60, values=("192.0.2.2", "192.0.2.1")),
        Record(name="www", type="A", values=("192.0.2.7",)),
        Record(name="*.apps", type="CNAME", values=(f"WWW.{zone}.",)),
        Record(name="ipv6", type="AAAA", values=("2001:DB8:0::10",)),
        Record(name="@", type="MX", values=("10 mx1.mail.example.", "20 mx2.mail.example.")),
        Record(name="@", type="TXT", values=("v=spf1 -all", 'quoted "word" \\ and back', "Grüße")),
        Record(name="shop._domainkey", type="TXT", values=(DKIM,)),
        Record(name="@", type="CAA", values=('0 issue "letsencrypt.org"',)),
        Record(name="_sip._tcp", type="SRV", values=("10 5 443 sip.example.",)),
        Record(name="handed-over", type="NS", values=("ns1.elsewhere.example.", "ns2.elsewhere.example.")),
    )
    return desired_rrsets(Dns(zone=zone, records=records))


def addresses(zone: str, count: int, value: str = "192.0.2.1") -> dict[str, Attributes]:
    """That many A records, in the order of their names."""
    return {f"h{number:05}.{zone} A": {"ttl": 60, "values": [value]} for number in range(count)}


def publish(provider: DnsProvider, zone: str, desired: dict[str, Attributes]) -> None:
    """Make the zone hold this and nothing else."""
    provider.write(zone, diff(desired, provider.read(zone)).changes)


def unused_name() -> str:
    """A domain that no other test has."""
    return f"{uuid4().hex[:8]}.example"


def make_hosted_zone(access: Access, zone: str, *, private: bool = False) -> str:
    """A zone of Route 53; its id."""
    more = {"VPC": {"VPCRegion": SIGNER, "VPCId": "vpc-1"}, "HostedZoneConfig": {"PrivateZone": True}}
    made = (
        aws.of(access)
        .client("route53", SIGNER)
        .create_hosted_zone(Name=zone, CallerReference=uuid4().hex, **(more if private else {}))
    )
    return str(made["HostedZone"]["Id"])
