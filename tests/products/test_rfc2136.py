"""RFC 2136 on real servers: prerequisites, messages that are full, lines that are cut, zones that are signed."""

import re
from collections.abc import Callable

import dns.message
import dns.query
import dns.rdataclass
import dns.rdatatype
import dns.tsigkeyring
import dns.update
import pytest
from dns.rdtypes.ANY.TXT import TXT

from provisioning_assets.backends.dns.rfc2136 import zones
from provisioning_assets.backends.dns.rfc2136.zones import Rfc2136
from provisioning_assets.core.plan import Action, Attributes, Change, diff
from provisioning_assets.errors import ApplyFailed, NotConverged
from tests.support.dns_proxy import proxy
from tests.support.dns_servers import BY_ADDRESS, SIGNED, NameServer, bind, knot, open_rfc2136  # noqa: F401 - fixtures
from tests.support.dns_zones import addresses, every_kind, publish

MANY = 600
"""Long texts that are four messages."""

COUNTED = r"h(\d+)\.{zone} TXT … h(\d+)\.{zone} TXT \((\d+)\)"
"""How an error tells of many records."""


def texts(zone: str) -> dict[str, Attributes]:
    return {f"h{number:05}.{zone} TXT": {"ttl": 60, "values": ["x" * 250]} for number in range(MANY)}


@pytest.fixture(params=["bind", "knot"])
def server(request: pytest.FixtureRequest) -> NameServer:
    return request.getfixturevalue(request.param)


@pytest.fixture
def zone(server: NameServer) -> str:
    return server.zone()


@pytest.fixture
def provider(server: NameServer) -> Rfc2136:
    return open_rfc2136(server.address, server.key_file)


@pytest.fixture
def others(server: NameServer) -> Rfc2136:
    """Somebody else, who writes to the same zone."""
    return open_rfc2136(server.address, server.key_file)


def one(zone: str, name: str, value: str) -> dict[str, Attributes]:
    return {f"{name}.{zone} A": {"ttl": 60, "values": [value]}}


@pytest.mark.parametrize(
    ("there", "wanted"),
    [("", "192.0.2.1"), ("192.0.2.1", "192.0.2.2"), ("192.0.2.1", "")],
    ids=["create", "update", "delete"],
)
def test_the_server_itself_refuses_to_overwrite_what_changed(
    provider: Rfc2136, others: Rfc2136, zone: str, there: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(provider, zone, one(zone, "www", there) if there else {})
    planned = diff(one(zone, "www", wanted) if wanted else {}, provider.read(zone)).changes
    known = provider._transfer(zone)
    monkeypatch.setattr(provider, "_now", lambda _zone: known)  # the edit comes after the last look
    publish(others, zone, one(zone, "www", "192.0.2.66"))

    with pytest.raises(ApplyFailed) as caught:
        provider.write(zone, planned)

    assert caught.value.where == f"www.{zone} A"
    assert others.read(zone) == one(zone, "www", "192.0.2.66")


def test_a_delete_that_somebody_else_did_after_the_last_look_is_done(
    provider: Rfc2136, others: Rfc2136, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(provider, zone, one(zone, "www", "192.0.2.1") | one(zone, "api", "192.0.2.1"))
    planned, known = diff({}, provider.read(zone)).changes, provider._transfer(zone)
    monkeypatch.setattr(provider, "_now", lambda _zone: known)
    publish(others, zone, one(zone, "api", "192.0.2.1"))

    provider.write(zone, planned)

    assert others.read(zone) == {}


def test_what_does_not_fit_one_message_is_written_in_several(server: NameServer, zone: str) -> None:
    with proxy(server.address) as between:
        provider = open_rfc2136(between.address, server.key_file)
        for desired in (addresses(zone, 3000), addresses(zone, 3000, "192.0.2.2"), {}):
            publish(provider, zone, desired)

            assert provider.read(zone) == desired
    assert between.updates > 3


def test_an_edit_of_a_later_record_between_messages_is_not_overwritten(
    server: NameServer, others: Rfc2136, zone: str
) -> None:
    last = f"h{MANY - 1:05}.{zone} TXT"
    theirs: dict[str, Attributes] = {last: {"ttl": 60, "values": ["theirs"]}}
    with proxy(server.address) as between:
        between.before = edit_at(2, others, zone, theirs)
        with pytest.raises(ApplyFailed) as caught:
            publish(open_rfc2136(between.address, server.key_file), zone, texts(zone))

    found = others.read(zone)
    assert caught.value.where == last
    assert found[last] == theirs[last]
    told_as_it_is(caught.value, zone, len(found) - 1)

    publish(others, zone, texts(zone))
    assert others.read(zone) == texts(zone)


def test_an_edit_of_another_record_between_messages_disturbs_nothing(
    server: NameServer, others: Rfc2136, zone: str
) -> None:
    with proxy(server.address) as between:
        between.before = edit_at(2, others, zone, one(zone, "theirs", "192.0.2.66"))
        publish(open_rfc2136(between.address, server.key_file), zone, texts(zone))

    assert others.read(zone) == texts(zone) | one(zone, "theirs", "192.0.2.66")


def edit_at(number: int, others: Rfc2136, zone: str, rrsets: dict[str, Attributes]) -> Callable[[int], None]:
    changes = [Change(Action.CREATE, address, None, attributes) for address, attributes in rrsets.items()]
    return lambda seen: others.write(zone, changes) if seen == number else None


def told_as_it_is(error: ApplyFailed, zone: str, count: int) -> None:
    """The error names what is in, the first `count` records, and what is not."""
    (first, last, written), (rest, end, left) = re.findall(COUNTED.format(zone=zone), error.cause)
    assert 0 < count < MANY
    assert [int(number) for number in (first, last, written)] == [0, count - 1, count]
    assert [int(number) for number in (rest, end, left)] == [count, MANY - 1, MANY - count]


@pytest.mark.parametrize("arrives", [False, True], ids=["before the server has it", "before its answer"])
def test_a_line_cut_in_the_middle_tells_what_is_in_and_is_made_good(
    server: NameServer, others: Rfc2136, zone: str, *, arrives: bool
) -> None:
    with proxy(server.address) as between:
        provider = open_rfc2136(between.address, server.key_file)
        between.cut_at, between.arrives = 2, arrives
        with pytest.raises(ApplyFailed) as caught:
            publish(provider, zone, texts(zone))
        told_as_it_is(caught.value, zone, len(others.read(zone)))

        publish(provider, zone, texts(zone))
    assert others.read(zone) == texts(zone)


def test_a_line_cut_before_the_last_answer_has_done_no_harm(server: NameServer, others: Rfc2136, zone: str) -> None:
    with proxy(server.address) as between:
        between.cut_at, between.arrives = 1, True
        publish(open_rfc2136(between.address, server.key_file), zone, one(zone, "www", "192.0.2.1"))

    assert others.read(zone) == one(zone, "www", "192.0.2.1")


def test_a_server_that_is_gone_in_the_middle_leaves_one_message_unknown(
    server: NameServer, others: Rfc2136, zone: str
) -> None:
    with proxy(server.address) as between:
        between.cut_at, between.arrives, between.for_good = 2, True, True
        with pytest.raises(ApplyFailed) as caught:
            publish(open_rfc2136(between.address, server.key_file), zone, texts(zone))

    found = re.findall(COUNTED.format(zone=zone), caught.value.cause)
    (_, _, written), (unknown_from, _, unknown), (_, end, left) = [list(map(int, side)) for side in found]
    assert written + unknown == len(others.read(zone))
    assert unknown_from == written
    assert [written + unknown + left, end] == [MANY, MANY - 1]


def test_a_record_that_the_server_drops_without_a_word_is_told(
    provider: Rfc2136, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(provider, zone, one(zone, "www", "192.0.2.1"))
    monkeypatch.setattr(zones, "IN_EFFECT", 1)
    beside = Change(Action.CREATE, f"www.{zone} CNAME", None, {"ttl": 60, "values": ["shop.example."]})

    with pytest.raises(NotConverged) as caught:
        provider.write(zone, [beside])

    assert caught.value.where == beside.address
    assert provider.read(zone) == one(zone, "www", "192.0.2.1")


@pytest.mark.parametrize("content", [(b"two ", b"parts"), (b"\xff\xfe",)], ids=["in strings", "no text"])
def test_a_text_that_another_writer_wrote_his_way_is_changed_and_deleted(
    provider: Rfc2136, server: NameServer, zone: str, content: tuple[bytes, ...]
) -> None:
    for desired in ({f"t.{zone} TXT": {"ttl": 60, "values": ["ours"]}}, {}):
        update = dns.update.UpdateMessage(zone, keyring=provider._server.key.key)
        update.replace("t", 60, TXT(dns.rdataclass.IN, dns.rdatatype.TXT, content))
        host, _, port = server.address.rpartition(":")
        dns.query.tcp(update, host, 5, int(port))
        assert f"t.{zone} TXT" in provider.read(zone)

        publish(provider, zone, desired)

        assert provider.read(zone) == desired


def test_a_record_too_large_for_a_message_is_named_and_nothing_is_written(provider: Rfc2136, zone: str) -> None:
    large: dict[str, Attributes] = {f"big.{zone} TXT": {"ttl": 60, "values": ["x" * 65_300]}}

    with pytest.raises(ApplyFailed) as caught:
        publish(provider, zone, one(zone, "www", "192.0.2.1") | large)

    assert caught.value.where == f"big.{zone} TXT"
    assert provider.read(zone) == {}


def test_a_value_that_is_none_is_named_and_nothing_is_written(provider: Rfc2136, zone: str) -> None:
    with pytest.raises(ApplyFailed) as caught:
        publish(provider, zone, one(zone, "good", "192.0.2.1") | one(zone, "bad", "192.0.2.300"))

    assert caught.value.where == f"bad.{zone} A"
    assert provider.read(zone) == {}


def test_a_record_outside_the_zone_stops_the_others_too(provider: Rfc2136, zone: str) -> None:
    with pytest.raises(ApplyFailed):
        publish(provider, zone, one(zone, "good", "192.0.2.1") | one("elsewhere.test", "www", "192.0.2.1"))

    assert provider.read(zone) == {}


def test_a_zone_that_the_server_signs_shows_what_was_written_alone(provider: Rfc2136) -> None:
    for desired in (every_kind(SIGNED), one(SIGNED, "www", "192.0.2.9"), {}):
        publish(provider, SIGNED, desired)

        assert provider.read(SIGNED) == desired


def test_a_server_that_knows_us_by_address_needs_no_key(server: NameServer) -> None:
    provider = open_rfc2136(server.address, None, key=None)

    publish(provider, BY_ADDRESS, one(BY_ADDRESS, "www", "192.0.2.1"))

    assert provider.read(BY_ADDRESS) == one(BY_ADDRESS, "www", "192.0.2.1")
    assert provider.identity()["key"] is None
