"""Route 53's own ways, on a moto server."""

import time
from collections.abc import Iterator

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.dns import route53
from provisioning_assets.backends.dns.route53 import Route53
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import NotConverged, ProviderFailed, Unreachable
from tests.support.back_ends import aws_access, opened
from tests.support.dns_zones import SIGNER, make_hosted_zone, publish, unused_name
from tests.support.http_servers import answering_always
from tests.support.servers import free_port, moto_server


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture
def access(moto: str) -> Access:
    return aws_access(moto)


@pytest.fixture
def zone() -> str:
    return unused_name()


def provider(access: Access) -> Route53:
    return opened(Kind.DNS, "route53", access)


def behind_its_back(access: Access, zone_id: str, **rrset: object) -> None:
    changes = [{"Action": "UPSERT", "ResourceRecordSet": rrset}]
    client = aws.of(access).client("route53", SIGNER)
    client.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def test_a_text_in_chunks_is_read_joined_and_can_be_deleted(access: Access, zone: str) -> None:
    identity = make_hosted_zone(access, zone)
    chunks = [{"Value": '"two " "parts"'}]
    behind_its_back(access, identity, Name=f"\\052.{zone}.", Type="TXT", TTL=60, ResourceRecords=chunks)

    assert provider(access).read(zone) == {f"*.{zone} TXT": {"ttl": 60, "values": ["two parts"]}}

    publish(provider(access), zone, {})
    assert provider(access).read(zone) == {}


def test_two_public_zones_of_one_name_are_an_error(access: Access, zone: str) -> None:
    found = [make_hosted_zone(access, zone), make_hosted_zone(access, zone)]

    with pytest.raises(ProviderFailed) as caught:
        provider(access).read(zone)

    assert set(caught.value.where.split(", ")) == set(found)
    assert caught.value.remedy


def test_a_private_zone_of_the_same_name_does_not_count(access: Access, zone: str) -> None:
    make_hosted_zone(access, zone)
    make_hosted_zone(access, zone, private=True)

    assert provider(access).read(zone) == {}


def test_a_routing_policy_is_not_mistaken_for_a_plain_record(access: Access, zone: str) -> None:
    identity = make_hosted_zone(access, zone)
    target = {"TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    behind_its_back(access, identity, Name=f"www.{zone}.", Type="A", SetIdentifier="blue", Weight=1, **target)

    with pytest.raises(ProviderFailed) as caught:
        provider(access).read(zone)

    assert caught.value.where == f"www.{zone} A"


def test_a_server_that_is_away_is_named_by_a_read_within_five_seconds() -> None:
    address, started = f"http://127.0.0.1:{free_port()}", time.monotonic()

    with pytest.raises(Unreachable) as caught:
        provider(aws_access(address)).read("shop.example")

    assert caught.value.address == address
    assert time.monotonic() - started < 5


def test_a_change_that_does_not_come_into_effect_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pending = (
        '<GetChangeResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeInfo><Id>/change/C1</Id>'
        "<Status>PENDING</Status><SubmittedAt>2026-11-23T12:00:00Z</SubmittedAt></ChangeInfo></GetChangeResponse>"
    )
    monkeypatch.setattr(route53, "IN_EFFECT", 0.5)
    with answering_always(200, pending) as address, pytest.raises(NotConverged) as caught:
        provider(aws_access(address))._wait("shop.example", {"Id": "/change/C1"})

    assert caught.value.where == "/change/C1"
