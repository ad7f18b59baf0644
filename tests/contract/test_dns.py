"""One suite for every DNS product, each on the real servers that it has."""

import time
from collections.abc import Iterator

import pytest
import pytest_socket

from provisioning_assets.backends.dns import DnsProvider
from provisioning_assets.backends.emulations import EMULATIONS
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.core.plan import Action, Attributes, Change, diff, digest
from provisioning_assets.errors import ApplyFailed, ProviderFailed, Unreachable
from tests.fakes import dns as memory
from tests.support.back_ends import lacks, names
from tests.support.dns_servers import NameServer, bind, knot, open_rfc2136, silent  # noqa: F401 - fixtures
from tests.support.dns_subjects import SUBJECTS, Subject
from tests.support.dns_zones import addresses, every_kind, publish
from tests.support.powerdns import PowerDnsServer, powerdns  # noqa: F401 - a fixture
from tests.support.servers import free_port, moto_server


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture(
    params=[(product, server) for product in names(Kind.DNS) for server in SUBJECTS.get(product, {"nowhere": None})],
    ids="-".join,
)
def subject(request: pytest.FixtureRequest) -> Subject:
    product, server = request.param
    if product not in SUBJECTS:
        pytest.fail(f"the suite has no server for {product}")
    return SUBJECTS[product][server](request)


@pytest.fixture
def provider(subject: Subject) -> DnsProvider:
    return subject.provider


@pytest.fixture
def zone(subject: Subject) -> str:
    return subject.zone


def test_opening_asks_nobody(subject: Subject) -> None:
    pytest_socket.disable_socket()
    try:
        assert subject.again()
    finally:
        pytest_socket.enable_socket()


def test_a_server_that_is_there_is_reached(provider: DnsProvider) -> None:
    provider.reach()


def test_a_closed_port_is_named_within_five_seconds(subject: Subject) -> None:
    assert_not_reached(subject, f"127.0.0.1:{free_port()}")


def test_a_server_that_hangs_is_named_within_five_seconds(subject: Subject) -> None:
    with silent() as address:
        assert_not_reached(subject, address)


def assert_not_reached(subject: Subject, address: str) -> None:
    started = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        subject.at(address).reach()

    assert time.monotonic() - started < 5
    assert caught.value.address.removeprefix("http://") in {address, memory.ADDRESS}
    assert caught.value.remedy or subject.product == "memory"


def test_the_identity_is_the_same_whenever_it_is_asked(subject: Subject) -> None:
    found = subject.provider.identity()

    assert found
    assert digest(dict(found)) == digest(dict(subject.again().identity()))


def test_a_new_zone_holds_nothing_of_ours(provider: DnsProvider, zone: str) -> None:
    assert provider.read(zone) == {}


def test_what_is_written_is_read_and_nothing_is_left_to_plan(provider: DnsProvider, zone: str) -> None:
    desired = every_kind(zone)

    publish(provider, zone, desired)

    assert provider.read(zone) == desired
    assert diff(desired, provider.read(zone)).empty


def test_every_kind_is_changed_and_deleted(provider: DnsProvider, zone: str) -> None:
    publish(provider, zone, every_kind(zone))
    changed: dict[str, Attributes] = {
        f"{zone} A": {"ttl": 300, "values": ["192.0.2.9"]},
        f"www.{zone} A": {"ttl": 60, "values": ["192.0.2.7"]},
        f"{zone} TXT": {"ttl": 300, "values": [""]},
    }

    publish(provider, zone, changed)

    assert provider.read(zone) == changed


def test_a_name_changes_its_type_in_one_write(provider: DnsProvider, zone: str) -> None:
    sides: list[dict[str, Attributes]] = [
        {f"shop.{zone} CNAME": {"ttl": 60, "values": ["shop.elsewhere.example."]}},
        {f"shop.{zone} A": {"ttl": 60, "values": ["192.0.2.1"]}},
    ]
    for desired in (*sides, sides[0]):
        publish(provider, zone, desired)

        assert provider.read(zone) == desired


def test_a_product_follows_aliases_or_says_why_it_cannot(subject: Subject, provider: DnsProvider, zone: str) -> None:
    if lacks(subject.product, Capability.ALIAS):
        return
    desired: dict[str, Attributes] = {
        f"{zone} A": {"ttl": 60, "values": ["192.0.2.1"]},
        f"www.{zone} A": {"alias": zone},
    }
    publish(provider, zone, desired)
    assert provider.read(zone) == desired

    desired = {f"www.{zone} A": {"ttl": 60, "values": ["192.0.2.3"]}}
    publish(provider, zone, desired)
    assert provider.read(zone) == desired


def test_a_zone_that_does_not_exist_is_an_error_with_a_remedy(provider: DnsProvider) -> None:
    create = Change(Action.CREATE, "www.nowhere.example A", None, {"ttl": 60, "values": ["192.0.2.1"]})
    for ask in (provider.read, provider.name_servers, lambda zone: provider.write(zone, [create])):
        with pytest.raises(ProviderFailed) as caught:
            ask("nowhere.example")

        assert "nowhere.example" in caught.value.what
        assert caught.value.remedy


def test_writing_nothing_does_nothing(provider: DnsProvider, zone: str) -> None:
    provider.write(zone, [])

    assert provider.read(zone) == {}


def test_what_is_somebody_elses_survives_a_write(subject: Subject, provider: DnsProvider, zone: str) -> None:
    theirs: dict[str, Attributes] = {
        f"theirs.{zone} A": {"ttl": 77, "values": ["192.0.2.66"]},
        f"theirs.{zone} TXT": {"ttl": 77, "values": ['a "word"; and more']},
        f"theirs.{zone} PTR": {"ttl": 77, "values": ["host.elsewhere.example."]},
        f"below.theirs.{zone} NAPTR": {"ttl": 77, "values": ['10 20 "U" "sip+E2U" "!^.*$!sip:x@example.com!" .']},
    }
    publish(provider if subject.product == "memory" else subject.again(), zone, theirs)
    ours = every_kind(zone)
    for planned in (diff(ours, {}), diff({}, ours)):
        servers = provider.name_servers(zone)

        provider.write(zone, planned.changes)

        left = {address: provider.read(zone).get(address) for address in theirs}
        assert left == theirs
        assert provider.name_servers(zone) == servers


PLANNED: Attributes = {"ttl": 60, "values": ["192.0.2.1"]}
WANTED: Attributes = {"ttl": 60, "values": ["192.0.2.2"]}


@pytest.mark.parametrize(
    ("before", "after", "meanwhile"),
    [
        (None, WANTED, {"ttl": 60, "values": ["192.0.2.66"]}),
        (PLANNED, WANTED, {"ttl": 60, "values": ["192.0.2.66"]}),
        (PLANNED, WANTED, {"ttl": 60, "values": ["192.0.2.1", "192.0.2.66"]}),
        (PLANNED, WANTED, {"ttl": 99, "values": ["192.0.2.1"]}),
        (PLANNED, WANTED, None),
        (PLANNED, None, {"ttl": 60, "values": ["192.0.2.66"]}),
    ],
    ids=["create", "update", "update of one more", "update of the ttl", "update of what is gone", "delete"],
)
def test_a_record_that_changed_since_the_plan_is_not_overwritten(
    subject: Subject, before: Attributes | None, after: Attributes | None, meanwhile: Attributes | None
) -> None:
    address, provider, zone = f"www.{subject.zone} A", subject.provider, subject.zone
    publish(provider, zone, {address: before} if before else {})
    planned = diff({address: after} if after else {}, provider.read(zone)).changes
    others = provider if subject.product == "memory" else subject.again()
    publish(others, zone, {address: meanwhile} if meanwhile else {})

    with pytest.raises(ApplyFailed) as caught:
        provider.write(zone, planned)

    assert address in caught.value.where
    assert provider.read(zone) == ({address: meanwhile} if meanwhile else {})


GUARDED = {"memory", "rfc2136"}
"""Products that refuse it also after their last look: their own tests show it."""


def test_a_product_guards_its_writes_or_says_why_it_cannot(subject: Subject) -> None:
    emulated = any(Capability.GUARDED in each.lacks.get(subject.product, {}) for each in EMULATIONS.values())
    assert (emulated or lacks(subject.product, Capability.GUARDED)) == (subject.product not in GUARDED)


def test_all_or_none(provider: DnsProvider, zone: str) -> None:
    good: dict[str, Attributes] = {f"a.{zone} A": {"ttl": 60, "values": ["192.0.2.1"]}}
    stale = Change(Action.UPDATE, f"b.{zone} A", {"ttl": 1}, {"ttl": 60, "values": ["192.0.2.2"]})

    with pytest.raises(ApplyFailed):
        provider.write(zone, [*diff(good, {}).changes, stale])

    assert provider.read(zone) == {}


def test_a_refused_record_is_named(provider: DnsProvider, zone: str) -> None:
    wanted: dict[str, Attributes] = {
        f"good.{zone} A": {"ttl": 60, "values": ["192.0.2.1"]},
        "www.elsewhere.test A": {"ttl": 60, "values": ["192.0.2.1"]},
    }

    with pytest.raises(ApplyFailed) as caught:
        publish(provider, zone, wanted)

    assert caught.value.where == "www.elsewhere.test A"
    assert caught.value.remedy


def test_deleting_what_is_gone_already_is_done(provider: DnsProvider, zone: str) -> None:
    provider.write(zone, [Change(Action.DELETE, f"gone.{zone} A", {"ttl": 60, "values": ["192.0.2.1"]})])

    assert provider.read(zone) == {}


def test_an_answer_to_a_challenge_comes_and_goes(provider: DnsProvider, zone: str) -> None:
    address = f"_acme-challenge.{zone} TXT"
    answer: Attributes = {"ttl": 60, "values": ["one", "two"]}
    delete = [Change(Action.DELETE, address, before=answer)]

    provider.write(zone, [Change(Action.CREATE, address, None, answer)])
    assert provider.read(zone) == {address: answer}

    provider.write(zone, delete)
    provider.write(zone, delete)
    assert provider.read(zone) == {}


def test_a_zone_has_name_servers(provider: DnsProvider, zone: str) -> None:
    found = provider.name_servers(zone)

    assert found
    assert not [name for name in found if name.endswith(".")]


def test_a_zone_of_many_records_is_read_whole(provider: DnsProvider, zone: str) -> None:
    many = addresses(zone, 320)

    publish(provider, zone, many)

    assert provider.read(zone) == many
