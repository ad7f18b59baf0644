"""Route 53's own ways, on a moto server."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.dns import route53
from provisioning_assets.backends.dns.route53 import Route53
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Attributes, diff
from provisioning_assets.errors import ApplyFailed, NotConverged, ProviderFailed, Unreachable
from tests.support.back_ends import aws_access, opened
from tests.support.dns_zones import SIGNER, addresses, make_hosted_zone, publish, unused_name
from tests.support.http_servers import answering_always
from tests.support.servers import free_port, moto_server


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture
def access(moto: str) -> Iterator[Access]:
    made = aws_access(moto)
    clients = aws.of(made)  # kept: one set for the product and for whoever listens to it
    yield made
    assert aws.of(made) is clients


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


@pytest.fixture
def batches(access: Access) -> list[list[dict[str, Any]]]:
    """What is sent, batch by batch."""
    sent: list[list[dict[str, Any]]] = []

    def seen(params: dict[str, Any], **_: object) -> None:
        sent.append(params["ChangeBatch"]["Changes"])

    client = aws.of(access).client("route53", SIGNER)
    client.meta.events.register("provide-client-params.route-53.ChangeResourceRecordSets", seen)
    return sent


@pytest.mark.parametrize(("count", "created", "updated"), [(1001, 2, 3), (2500, 3, 5)])
def test_more_than_a_batch_holds_is_split(
    access: Access, zone: str, batches: list[list[dict[str, Any]]], count: int, created: int, updated: int
) -> None:
    make_hosted_zone(access, zone)
    expected = 0
    for desired, sent in ((addresses(zone, count), created), (addresses(zone, count, "192.0.2.2"), updated)):
        publish(provider(access), zone, desired)

        expected += sent
        assert provider(access).read(zone) == desired
        assert len(batches) == expected


def test_long_texts_fill_a_batch_before_its_elements_do(
    access: Access, zone: str, batches: list[list[dict[str, Any]]]
) -> None:
    make_hosted_zone(access, zone)
    desired: dict[str, Attributes] = {f"k{n}.{zone} TXT": {"ttl": 60, "values": ["x" * 1000]} for n in range(40)}

    publish(provider(access), zone, desired)

    longest = [sum(len(each["ResourceRecordSet"]["ResourceRecords"][0]["Value"]) for each in sent) for sent in batches]
    assert len(batches) == 2
    assert max(longest) <= route53.CHARACTERS
    assert provider(access).read(zone) == desired


def test_what_makes_room_stays_in_the_batch_of_what_comes(
    access: Access, zone: str, batches: list[list[dict[str, Any]]]
) -> None:
    make_hosted_zone(access, zone)
    names = [f"h{number:05}.{zone}" for number in range(700)]
    publish(provider(access), zone, {f"{name} CNAME": {"ttl": 60, "values": ["x.example."]} for name in names})
    batches.clear()

    publish(provider(access), zone, addresses(zone, 700))

    assert len(batches) == 2
    for sent in batches:
        pairs = list(zip(sent[::2], sent[1::2], strict=True))
        assert {(gone["Action"], come["Action"]) for gone, come in pairs} == {("DELETE", "CREATE")}
        assert all(gone["ResourceRecordSet"]["Name"] == come["ResourceRecordSet"]["Name"] for gone, come in pairs)


def test_an_alias_is_never_without_its_target(access: Access, zone: str, batches: list[list[dict[str, Any]]]) -> None:
    make_hosted_zone(access, zone)
    plain, aliases = f"z.{zone} A", [f"a{n}.{zone} A" for n in range(3)]
    desired: dict[str, Attributes] = {plain: {"ttl": 60, "values": ["192.0.2.1"]}}
    desired |= {address: {"alias": f"z.{zone}"} for address in aliases}

    publish(provider(access), zone, desired)
    publish(provider(access), zone, {})

    order = [[each["ResourceRecordSet"]["Name"].split(".")[0] for each in sent] for sent in batches]
    assert order == [["z", "a0", "a1", "a2"], ["a0", "a1", "a2", "z"]]


def test_an_update_names_the_record_that_it_replaces(
    access: Access, zone: str, batches: list[list[dict[str, Any]]]
) -> None:
    """Route 53 refuses a delete that names other values than there are, and with it the whole batch; moto does not."""
    make_hosted_zone(access, zone)
    for value in ("192.0.2.1", "192.0.2.2"):
        publish(provider(access), zone, {f"www.{zone} A": {"ttl": 60, "values": [value]}})

    sent = [(each["Action"], each["ResourceRecordSet"]["ResourceRecords"][0]["Value"]) for each in batches[-1]]
    assert sent == [("DELETE", "192.0.2.1"), ("CREATE", "192.0.2.2")]


def test_a_request_that_arrived_and_is_sent_again_is_done(
    access: Access, zone: str, batches: list[list[dict[str, Any]]]
) -> None:
    """Its answer was lost: the second one is refused, because the record is there."""
    make_hosted_zone(access, zone)
    sent: list[int] = []

    def lose(attempts: int, **_: object) -> int | None:
        sent.append(attempts)
        return 0 if attempts == 1 else None

    event = "needs-retry.route-53.ChangeResourceRecordSets"
    aws.of(access).client("route53", SIGNER).meta.events.register_first(event, lose)
    for desired in (addresses(zone, 2), addresses(zone, 2, "192.0.2.2")):
        publish(provider(access), zone, desired)
        assert provider(access).read(zone) == desired

    assert sent == [1, 2, 1, 2]
    assert len(batches) == 2


def test_a_later_batch_that_fails_tells_what_is_in(access: Access, zone: str) -> None:
    make_hosted_zone(access, zone)
    wanted = {**addresses(zone, 1500), "www.elsewhere.test A": {"ttl": 60, "values": ["192.0.2.1"]}}

    with pytest.raises(ApplyFailed) as caught:
        publish(provider(access), zone, wanted)

    assert caught.value.where == "www.elsewhere.test A"
    assert f"h00000.{zone} A … h00999.{zone} A (1000)" in caught.value.cause
    assert f"h01000.{zone} A … www.elsewhere.test A (501)" in caught.value.cause


def test_a_connection_lost_between_batches_tells_what_nobody_knows(access: Access, zone: str) -> None:
    make_hosted_zone(access, zone)
    calls: list[str] = []

    def lose(model: Any, **_: object) -> None:
        calls.append(model.name)
        if calls.count("ChangeResourceRecordSets") == 2:
            raise EndpointConnectionError(endpoint_url="moto")

    aws.of(access).client("route53", SIGNER).meta.events.register("before-call.route-53", lose)
    with pytest.raises(ApplyFailed) as caught:
        publish(provider(access), zone, addresses(zone, 2500))

    spans = ["h00000", "h00999"], ["h01000", "h01999"], ["h02000", "h02499"]
    told = [f"{first}.{zone} A … {last}.{zone} A" for first, last in spans]
    assert [caught.value.cause.index(each) for each in told] == sorted(caught.value.cause.index(each) for each in told)


def test_a_run_after_one_that_stopped_writes_the_rest(access: Access, zone: str) -> None:
    make_hosted_zone(access, zone)
    desired = addresses(zone, 1500)
    outside: dict[str, Attributes] = {"www.elsewhere.test A": {"ttl": 60, "values": ["192.0.2.1"]}}
    with pytest.raises(ApplyFailed):
        publish(provider(access), zone, {**desired, **outside})

    publish(provider(access), zone, desired)

    assert provider(access).read(zone) == desired


def test_a_zone_is_looked_up_once_and_its_records_once_a_write(access: Access, zone: str) -> None:
    make_hosted_zone(access, zone)
    asked: list[str] = []
    client = aws.of(access).client("route53", SIGNER)
    client.meta.events.register("before-call.route-53", lambda model, **_: asked.append(model.name))
    opened_once = provider(access)

    for value in ("192.0.2.1", "192.0.2.2"):
        opened_once.write(zone, diff(addresses(zone, 1, value), opened_once.read(zone)).changes)

    assert asked.count("ListHostedZones") == 1
    assert asked.count("ListResourceRecordSets") == 4


def test_a_zone_that_was_made_anew_is_found(access: Access, zone: str) -> None:
    opened_once, client = provider(access), aws.of(access).client("route53", SIGNER)
    identity = make_hosted_zone(access, zone)
    assert opened_once.read(zone) == {}

    client.delete_hosted_zone(Id=identity)
    make_hosted_zone(access, zone)

    publish(opened_once, zone, addresses(zone, 1))
    assert provider(access).read(zone) == addresses(zone, 1)
