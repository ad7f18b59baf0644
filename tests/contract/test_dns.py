"""One suite for every DNS provider; Route 53 runs it on a moto server."""

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from provisioning_assets.assets.dns_records import desired_rrsets
from provisioning_assets.backends.aws import client
from provisioning_assets.backends.dns import DnsProvider, route53
from provisioning_assets.backends.dns.route53 import Route53
from provisioning_assets.core.plan import Action, Attributes, Change, diff
from provisioning_assets.engagement.sections import Dns, Record
from provisioning_assets.errors import ApplyFailed, NotConverged, ProviderFailed, Unreachable
from tests.fakes.dns import MemoryDns
from tests.support.http_servers import answering_always
from tests.support.servers import emulated_aws, free_port

REGION = "us-east-1"
DKIM = "v=DKIM1; k=rsa; p=" + "A" * 392


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with emulated_aws() as address:
        yield address


@pytest.fixture
def zone() -> str:
    return f"{uuid4().hex[:8]}.example"


@pytest.fixture(params=["memory", "route53"])
def provider(request: pytest.FixtureRequest, zone: str) -> DnsProvider:
    if request.param == "memory":
        memory = MemoryDns()
        memory.make_zone(zone)
        return memory
    request.getfixturevalue("aws")
    make_zone(zone)
    return Route53()


def make_zone(zone: str, *, private: bool = False) -> str:
    more = {"VPC": {"VPCRegion": REGION, "VPCId": "vpc-1"}, "HostedZoneConfig": {"PrivateZone": True}}
    made = client("route53", REGION).create_hosted_zone(
        Name=zone, CallerReference=uuid4().hex, **(more if private else {})
    )
    return str(made["HostedZone"]["Id"])


def behind_its_back(zone_id: str, **rrset: object) -> None:
    changes = [{"Action": "UPSERT", "ResourceRecordSet": rrset}]
    client("route53", REGION).change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def every_kind(zone: str) -> dict[str, Attributes]:
    records = (
        Record(name="@", type="A", ttl=60, values=("192.0.2.2", "192.0.2.1")),
        Record(name="www", type="A", alias=zone),
        Record(name="*.apps", type="CNAME", values=(f"WWW.{zone}.",)),
        Record(name="ipv6", type="AAAA", values=("2001:DB8:0::10",)),
        Record(name="@", type="MX", values=("10 mx1.mail.example.", "20 mx2.mail.example.")),
        Record(name="@", type="TXT", values=("v=spf1 -all", 'quoted "word" \\ and back', "Grüße")),
        Record(name="shop._domainkey", type="TXT", values=(DKIM,)),
        Record(name="@", type="CAA", values=('0 issue "letsencrypt.org"',)),
        Record(name="_sip._tcp", type="SRV", values=("10 5 443 sip.example.",)),
    )
    return desired_rrsets(Dns(zone=zone, records=records))


def publish(provider: DnsProvider, zone: str, desired: dict[str, Attributes]) -> None:
    provider.write(zone, diff(desired, provider.read(zone)).changes)


def test_a_new_zone_holds_nothing_of_ours(provider: DnsProvider, zone: str) -> None:
    assert provider.read(zone) == {}


def test_what_is_written_is_read_back_and_nothing_is_left_to_plan(provider: DnsProvider, zone: str) -> None:
    desired = every_kind(zone)

    publish(provider, zone, desired)

    assert provider.read(zone) == desired
    assert diff(desired, provider.read(zone)).empty


def test_every_kind_is_changed_and_deleted(provider: DnsProvider, zone: str) -> None:
    publish(provider, zone, every_kind(zone))
    changed: dict[str, Attributes] = {
        f"{zone} A": {"ttl": 300, "values": ["192.0.2.9"]},
        f"www.{zone} A": {"ttl": 60, "values": ["192.0.2.3"]},
        f"{zone} TXT": {"ttl": 300, "values": [""]},
    }

    publish(provider, zone, changed)

    assert provider.read(zone) == changed


def test_a_zone_that_does_not_exist_is_an_error_with_a_remedy(provider: DnsProvider) -> None:
    for ask in (provider.read, provider.name_servers):
        with pytest.raises(ProviderFailed, match=r"no zone nowhere\.example[\s\S]*remedy: apply the stage"):
            ask("nowhere.example")


def test_writing_nothing_does_nothing(provider: DnsProvider, zone: str) -> None:
    provider.write(zone, [])

    assert provider.read(zone) == {}


def test_a_record_that_changed_since_the_plan_is_not_overwritten(provider: DnsProvider, zone: str) -> None:
    planned = diff({f"www.{zone} A": {"ttl": 60, "values": ["192.0.2.1"]}}, {}).changes
    other: dict[str, Attributes] = {f"www.{zone} A": {"ttl": 60, "values": ["192.0.2.66"]}}
    publish(provider, zone, other)

    with pytest.raises(ApplyFailed, match=f"not as (it was|they were)[\\s\\S]*www.{zone} A"):
        provider.write(zone, planned)

    assert provider.read(zone) == other


def test_all_or_none(provider: DnsProvider, zone: str) -> None:
    good: dict[str, Attributes] = {f"a.{zone} A": {"ttl": 60, "values": ["192.0.2.1"]}}
    stale = Change(Action.UPDATE, f"b.{zone} A", {"ttl": 1}, {"ttl": 60, "values": ["192.0.2.2"]})

    with pytest.raises(ApplyFailed):
        provider.write(zone, [*diff(good, {}).changes, stale])

    assert provider.read(zone) == {}


def test_deleting_what_is_gone_already_is_done(provider: DnsProvider, zone: str) -> None:
    provider.write(zone, [Change(Action.DELETE, f"gone.{zone} A", {"ttl": 60, "values": ["192.0.2.1"]})])

    assert provider.read(zone) == {}


def test_a_zone_has_name_servers(provider: DnsProvider, zone: str) -> None:
    assert provider.name_servers(zone)


def test_every_page_is_read(aws: str, zone: str) -> None:
    make_zone(zone)
    many: dict[str, Attributes] = {f"h{n}.{zone} A": {"ttl": 60, "values": ["192.0.2.1"]} for n in range(320)}

    publish(Route53(), zone, many)

    assert len(Route53().read(zone)) == 320


def test_a_text_in_chunks_of_another_writer_is_read_joined_and_can_be_deleted(aws: str, zone: str) -> None:
    identity = make_zone(zone)
    chunks = [{"Value": '"two " "parts"'}]
    behind_its_back(identity, Name=f"\\052.{zone}.", Type="TXT", TTL=60, ResourceRecords=chunks)

    assert Route53().read(zone) == {f"*.{zone} TXT": {"ttl": 60, "values": ["two parts"]}}

    publish(Route53(), zone, {})
    assert Route53().read(zone) == {}


def test_two_zones_of_one_name_are_an_error_and_a_private_one_does_not_count(aws: str, zone: str) -> None:
    make_zone(zone)
    make_zone(zone, private=True)
    assert Route53().read(zone) == {}

    make_zone(zone)
    with pytest.raises(ProviderFailed, match=f"2 zones {zone}[\\s\\S]*remedy: delete the one"):
        Route53().read(zone)


def test_a_routing_policy_is_not_mistaken_for_a_plain_record(aws: str, zone: str) -> None:
    identity = make_zone(zone)
    target = {"TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    behind_its_back(identity, Name=f"www.{zone}.", Type="A", SetIdentifier="blue", Weight=1, **target)

    with pytest.raises(ProviderFailed, match=f"routing policy[\\s\\S]*www.{zone} A"):
        Route53().read(zone)


def test_a_refused_batch_names_the_record(aws: str, zone: str) -> None:
    make_zone(zone)
    wanted: dict[str, Attributes] = {
        f"good.{zone} A": {"ttl": 60, "values": ["192.0.2.1"]},
        "www.elsewhere.test A": {"ttl": 60, "values": ["192.0.2.1"]},
    }

    with pytest.raises(ApplyFailed) as caught:
        publish(Route53(), zone, wanted)

    assert "nothing of the batch was written" in caught.value.what
    assert caught.value.where == "www.elsewhere.test A"
    assert caught.value.remedy


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    client.cache_clear()
    yield
    client.cache_clear()


def test_a_server_that_is_away_is_named_within_five_seconds(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    address, started = f"http://127.0.0.1:{free_port()}", time.monotonic()
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)

    with pytest.raises(Unreachable, match=f"Route 53 at {address}"):
        Route53().read("shop.example")
    assert time.monotonic() - started < 5


def test_a_change_that_does_not_come_into_effect_is_told(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    pending = (
        '<GetChangeResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeInfo><Id>/change/C1</Id>'
        "<Status>PENDING</Status><SubmittedAt>2026-11-23T12:00:00Z</SubmittedAt></ChangeInfo></GetChangeResponse>"
    )
    monkeypatch.setattr(route53, "IN_EFFECT", 0.5)
    with answering_always(200, pending) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(NotConverged, match=r"shop\.example are not in effect"):
            Route53()._wait("shop.example", {"Id": "/change/C1"})
