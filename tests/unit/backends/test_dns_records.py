import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.assets.dns_records import desired_rrsets
from provisioning_assets.backends.dns.records import absolute, as_planned, canonical
from provisioning_assets.backends.dns.route53 import _blamed, _joined, _split, plain_name
from provisioning_assets.core.plan import Action, Attributes, Change
from provisioning_assets.engagement.sections import Dns, Record

WRITTEN = st.text(st.characters(exclude_categories=["Cs"]), max_size=600)


@given(WRITTEN)
def test_a_text_survives_route_53s_strings_and_escapes(value: str) -> None:
    wire = _split(value)
    assert wire.isascii()
    assert _joined(wire) == value


def test_a_long_key_is_two_strings() -> None:
    assert _split("k" * 300) == f'"{"k" * 255}" "{"k" * 45}"'


def test_strings_are_counted_in_bytes_and_never_end_inside_an_escape() -> None:
    assert _split("\\" * 256) == '"' + "\\\\" * 255 + '" "\\\\"'
    assert _split("ü" * 128).count(" ") == 1


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("CNAME", "WWW.Shop.Example.", "www.shop.example."),
        ("CNAME", "www.shop.example", "www.shop.example."),
        ("MX", "10  MX1.mail.example.", "10 mx1.mail.example."),
        ("AAAA", "2001:0DB8:0::10", "2001:db8::10"),
        ("A", "192.0.2.1", "192.0.2.1"),
        ("CAA", '0 issue "LetsEncrypt.org"', '0 issue "LetsEncrypt.org"'),
        ("SRV", "10 5 443 SIP.example.", "10 5 443 sip.example."),
        ("TXT", "Kept As It Is", "Kept As It Is"),
        ("A", "no address", "no address"),
        ("FUTURE", "whatever", "whatever"),
    ],
)
def test_equal_spellings_become_one(kind: str, value: str, expected: str) -> None:
    assert canonical(value, kind) == expected


def test_names_are_absolute_and_lower_case() -> None:
    names = {"@": "shop.example", "WWW": "www.shop.example", "a.b": "a.b.shop.example", "shop.example.": "shop.example"}
    for name, expected in names.items():
        assert absolute(name, "shop.example") == expected


def test_declared_values_are_sorted_in_canonical_form() -> None:
    records = (
        Record(name="@", type="MX", values=("20 MX2.mail.example.", "10 mx1.mail.example.")),
        Record(name="www", type="AAAA", alias="Shop.example."),
    )
    assert desired_rrsets(Dns(zone="shop.example", records=records)) == {
        "shop.example MX": {"ttl": 300, "values": ["10 mx1.mail.example.", "20 mx2.mail.example."]},
        "www.shop.example AAAA": {"alias": "shop.example"},
    }


def test_route_53s_octal_names_are_read() -> None:
    assert plain_name("\\052.Shop.example.") == "*.shop.example"


@pytest.mark.parametrize(
    ("action", "before", "found", "expected"),
    [
        (Action.CREATE, None, None, True),
        (Action.CREATE, None, {"ttl": 1}, False),
        (Action.UPDATE, {"ttl": 1}, {"ttl": 1, "values": ["x"]}, True),
        (Action.UPDATE, {"ttl": 1}, {"ttl": 2}, False),
        (Action.UPDATE, {"ttl": 1}, None, False),
        (Action.DELETE, {"ttl": 1}, None, True),
        (Action.DELETE, {"ttl": 1}, {"ttl": 2}, False),
        (Action.UPDATE, {"ttl": None, "values": None}, {"alias": "shop.example"}, True),
    ],
)
def test_a_change_fits_only_what_it_was_planned_for(
    action: Action, before: Attributes | None, found: Attributes | None, *, expected: bool
) -> None:
    change = Change(action, "www.shop.example A", before, None if action is Action.DELETE else {"ttl": 9})
    assert as_planned(change, found) is expected


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (
            (
                "InvalidChangeBatch: [Tried to create resource record set [name='www.shop.example.', type='A'] but it "
                "already exists]"
            ),
            ["www.shop.example A"],
        ),
        (
            (
                "InvalidChangeBatch: [RRSet of type CNAME with DNS name \\052.shop.example. is not permitted because a "
                "conflicting RRSet with the same DNS name already exists in zone shop.example.]"
            ),
            ["*.shop.example CNAME"],
        ),
        (
            (
                "InvalidChangeBatch: [Invalid Resource Record: 'FATAL problem: ARRDATANotSingleValue (Value contains "
                "spaces) encountered with '192.0.2 .1'']"
            ),
            ["www.shop.example A"],
        ),
        ("Throttling: Rate exceeded", ["www.shop.example A", "*.shop.example CNAME"]),
    ],
)
def test_route_53s_refusals_are_traced_to_their_records(cause: str, expected: list[str]) -> None:
    rrsets = (
        {"Name": "www.shop.example.", "Type": "A", "ResourceRecords": [{"Value": "192.0.2 .1"}]},
        {"Name": "*.shop.example.", "Type": "CNAME", "ResourceRecords": [{"Value": "shop.example."}]},
    )
    assert _blamed(cause, rrsets) == expected
