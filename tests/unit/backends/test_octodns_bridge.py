"""The bridge over octoDNS, with a vendor in memory: what is somebody else's stays, and what happened is told."""

import logging

import pytest
import requests

from provisioning_assets.backends.dns.octodns import bridge
from provisioning_assets.core.plan import Action, Attributes, Change, diff
from provisioning_assets.errors import ApplyFailed, NotConverged, ProviderFailed, ProvisioningError, Unreachable
from tests.fakes.octodns import SECRET, Vendor, answered, opened

ZONE = "shop.example"
OURS: dict[str, Attributes] = {f"{name}.{ZONE} A": {"ttl": 60, "values": ["192.0.2.1"]} for name in ("a", "b", "c")}
CREATES = list(diff(OURS, {}).changes)


@pytest.fixture
def vendor() -> Vendor:
    made = Vendor({ZONE: {}})
    made.put(ZONE, f"{ZONE} NS", "ns1.servers.test.")
    made.put(ZONE, f"theirs.{ZONE} A", "192.0.2.66")
    return made


def raising(error: Exception) -> object:
    raise error


def test_what_is_somebody_elses_survives_each_write(vendor: Vendor) -> None:
    provider = opened(vendor)
    theirs = provider.read(ZONE)

    provider.write(ZONE, CREATES)
    assert provider.read(ZONE) == theirs | OURS

    provider.write(ZONE, diff(theirs, provider.read(ZONE)).changes)
    assert provider.read(ZONE) == theirs
    assert f"{ZONE} NS" in vendor.addresses(ZONE)


def test_what_octodns_does_not_know_is_read_and_refused_to_be_written(vendor: Vendor) -> None:
    address = f"host.{ZONE} HINFO"
    vendor.unknown = {address: {"ttl": 60, "values": ['"a" "b"']}}
    provider = opened(vendor)
    assert provider.read(ZONE)[address] == vendor.unknown[address]

    for change in (
        Change(Action.DELETE, address, vendor.unknown[address]),
        Change(Action.UPDATE, address, vendor.unknown[address], {"ttl": 99, "values": ['"a" "b"']}),
    ):
        with pytest.raises(ApplyFailed) as caught:
            provider.write(ZONE, [*CREATES, change])
        assert caught.value.where == address
        assert vendor.writes == 0


def test_another_record_that_is_written_between_two_looks_survives(vendor: Vendor) -> None:
    late = f"late.{ZONE} A"
    vendor.before_look = lambda number: vendor.put(ZONE, late, "192.0.2.67") if number == 2 else None

    opened(vendor).write(ZONE, CREATES)

    assert {late, *OURS} < vendor.addresses(ZONE)


def test_the_same_record_written_between_two_looks_stops_the_write(vendor: Vendor) -> None:
    vendor.before_look = lambda number: vendor.put(ZONE, f"b.{ZONE} A", "192.0.2.67") if number == 2 else None

    with pytest.raises(ApplyFailed) as caught:
        opened(vendor).write(ZONE, CREATES)

    assert caught.value.where == f"b.{ZONE} A"
    assert vendor.writes == 0


def test_a_zone_that_never_rests_is_not_written(vendor: Vendor) -> None:
    vendor.before_look = lambda number: vendor.put(ZONE, f"n{number}.{ZONE} A", "192.0.2.67")

    with pytest.raises(ApplyFailed):
        opened(vendor).write(ZONE, CREATES)

    assert vendor.writes == 0


def test_a_zone_that_is_deleted_meanwhile_is_not_made_anew(vendor: Vendor) -> None:
    vendor.before_look = lambda number: vendor.zones.clear() if number == 2 else None

    with pytest.raises(ApplyFailed) as caught:
        opened(vendor).write(ZONE, CREATES)

    assert "stage" in caught.value.remedy
    assert vendor.zones == {}


def test_a_write_that_ends_in_the_middle_tells_what_is_in(vendor: Vendor) -> None:
    vendor.before_write = lambda number: number == 2 and raising(answered(429, "slow down"))

    with pytest.raises(ApplyFailed) as caught:
        opened(vendor).write(ZONE, CREATES)

    assert f"written: a.{ZONE} A" in caught.value.cause
    assert f"not written: b.{ZONE} A … c.{ZONE} A (2)" in caught.value.cause
    assert set(OURS) & vendor.addresses(ZONE) == {f"a.{ZONE} A"}


def test_a_lost_answer_to_what_arrived_is_no_failure(vendor: Vendor) -> None:
    vendor.after_writes = lambda: raising(requests.ReadTimeout())

    opened(vendor).write(ZONE, CREATES)

    assert set(OURS) < vendor.addresses(ZONE)


def test_a_vendor_that_is_gone_in_the_middle_leaves_unknown_what_is_in(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "_AFTER_LOSS", 0)
    vendor.before_write = lambda _number: raising(requests.ConnectionError())
    vendor.before_look = lambda number: number > 2 and raising(requests.ConnectionError())

    with pytest.raises(ApplyFailed) as caught:
        opened(vendor).write(ZONE, CREATES)

    assert f"not known: a.{ZONE} A … c.{ZONE} A (3)" in caught.value.cause


def test_a_record_that_a_vendor_takes_and_drops_is_told(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "IN_EFFECT", 0)
    vendor.forgets = "A"

    with pytest.raises(NotConverged) as caught:
        opened(vendor).write(ZONE, CREATES)

    assert set(caught.value.where.split(", ")) == set(OURS)


BOTH: dict[str, Attributes] = {
    f"{ZONE} A": {"ttl": 60, "values": ["192.0.2.1"]},
    f"{ZONE} AAAA": {"ttl": 60, "values": ["2001:db8::1"]},
}


def test_an_alias_is_one_for_each_type_that_its_target_has(vendor: Vendor) -> None:
    aliases = {f"www.{ZONE} {kind}": {"alias": ZONE} for kind in ("A", "AAAA")}
    provider = opened(vendor)
    theirs = provider.read(ZONE)
    for desired in (BOTH | aliases, BOTH, BOTH | aliases, {}):
        provider.write(ZONE, diff(theirs | desired, provider.read(ZONE)).changes)

        assert provider.read(ZONE) == theirs | desired


def test_an_alias_of_a_name_elsewhere_is_read_as_one(vendor: Vendor) -> None:
    vendor.put(ZONE, f"www.{ZONE} ALIAS", "elsewhere.example.")

    found = opened(vendor).read(ZONE)

    assert {address: found[address] for address in found if address.startswith("www")} == {
        f"www.{ZONE} A": {"alias": "elsewhere.example"}
    }


@pytest.mark.parametrize(
    "alias",
    [
        {f"www.{ZONE} A": {"alias": ZONE}},
        {f"www.{ZONE} A": {"alias": ZONE}, f"www.{ZONE} AAAA": {"alias": "a.example"}},
    ],
    ids=["one type of two", "two targets"],
)
def test_an_alias_that_would_follow_more_or_less_is_refused(vendor: Vendor, alias: dict[str, Attributes]) -> None:
    with pytest.raises(ApplyFailed) as caught:
        opened(vendor).write(ZONE, diff(BOTH | alias, {}).changes)

    assert f"www.{ZONE} A" in caught.value.where
    assert vendor.writes == 0


def test_an_address_that_an_alias_would_follow_is_refused_alone(vendor: Vendor) -> None:
    provider, (a, aaaa) = opened(vendor), BOTH
    provider.write(ZONE, diff({a: BOTH[a], f"www.{ZONE} A": {"alias": ZONE}}, {}).changes)

    with pytest.raises(ApplyFailed) as caught:
        provider.write(ZONE, diff({aaaa: BOTH[aaaa]}, {}).changes)

    assert caught.value.where == f"www.{ZONE} AAAA"


@pytest.mark.parametrize(
    ("address", "values"),
    [
        (f"bad.{ZONE} A", ["192.0.2.300"]),
        (f"bad.{ZONE} CNAME", ["one.example.", "two.example."]),
        ("www.elsewhere.test A", ["192.0.2.1"]),
        (f"bad.{ZONE} TXT", ['"quoted"']),
    ],
)
def test_a_record_that_cannot_be_is_named_and_nothing_written(vendor: Vendor, address: str, values: list[str]) -> None:
    with pytest.raises(ApplyFailed) as caught:
        opened(vendor).write(ZONE, [*CREATES, Change(Action.CREATE, address, None, {"ttl": 60, "values": values})])

    assert caught.value.where == address
    assert caught.value.remedy
    assert vendor.writes == 0


@pytest.mark.parametrize(
    ("raised", "expected", "cause"),
    [
        (requests.ConnectTimeout(SECRET), Unreachable, "ConnectTimeout"),
        (requests.exceptions.SSLError(SECRET), Unreachable, "SSLError"),
        (answered(401, "no"), ProviderFailed, "401"),
        (answered(500, f"you sent {SECRET}"), ProviderFailed, "500"),
        (answered(503, ""), ProviderFailed, "503"),
        (requests.TooManyRedirects(SECRET), ProviderFailed, "TooManyRedirects"),
        (requests.exceptions.InvalidHeader(SECRET), ProviderFailed, "InvalidHeader"),
        (KeyError(SECRET), ProviderFailed, "KeyError"),
        (OSError(SECRET), ProviderFailed, "OSError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_a_provider_raises_is_told_without_the_key(
    vendor: Vendor, raised: Exception, expected: type[ProvisioningError], cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    provider = opened(vendor)
    vendor.before_look = lambda _number: raising(raised)
    for ask in (provider.reach, lambda: provider.read(ZONE), lambda: provider.write(ZONE, CREATES)):
        with caplog.at_level(logging.DEBUG), pytest.raises(expected) as caught:
            ask()

        error = caught.value
        assert cause in error.cause
        assert error.remedy
        assert SECRET not in f"{error}{error!r}{error.__context__!r}{error.__cause__!r}{caplog.text}"


def test_an_error_of_the_providers_own_hides_no_answer(vendor: Vendor) -> None:
    def wrapped(_number: int) -> None:
        try:
            raise answered(403, "not yours")
        except requests.HTTPError:
            raise Exception("unauthorized")  # noqa: B904, TRY002 - as they do

    vendor.before_look = wrapped

    with pytest.raises(ProviderFailed) as caught:
        opened(vendor).read(ZONE)

    assert caught.value.cause == "403: not yours"


def test_a_record_that_the_vendor_refuses_is_named(vendor: Vendor) -> None:
    said = f"Record B.{ZONE}./A '192.0.2.1': is not liked"
    vendor.before_write = lambda number: number == 1 and raising(answered(422, said))

    with pytest.raises(ApplyFailed) as caught:
        opened(vendor).write(ZONE, CREATES)

    assert caught.value.where == f"b.{ZONE} A"


def test_nothing_that_octodns_logs_is_heard(vendor: Vendor, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        opened(vendor).write(ZONE, CREATES)

    assert SECRET not in caplog.text
    assert "192.0.2.1" not in caplog.text
