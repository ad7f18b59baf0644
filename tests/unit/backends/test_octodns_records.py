"""RRsets survive the way into octoDNS's records and back, whatever they hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from octodns.zone import Zone

from provisioning_assets.assets.dns_records import desired_rrsets
from provisioning_assets.backends.dns.octodns.records import ESCAPED, PLAIN, Texts, changed, shown
from provisioning_assets.core.plan import Attributes, diff
from provisioning_assets.engagement.sections import Dns, Record

ZONE = "shop.example"
LABELS = st.from_regex(r"[a-z0-9_]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(lambda labels: ".".join([*labels, "example."]))
NUMBERS = st.integers(0, 65535)
WRITTEN = st.text(st.characters(exclude_categories=["Cs"]), max_size=600)
QUOTED = st.text(st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters='"\\'), max_size=60)

VALUES: dict[str, st.SearchStrategy[str]] = {
    "A": st.ip_addresses(v=4).map(str),
    "AAAA": st.ip_addresses(v=6).map(str),
    "CNAME": NAMES,
    "NS": NAMES,
    "MX": st.builds("{} {}".format, NUMBERS, NAMES | st.just(".")),
    "SRV": st.builds("{} {} {} {}".format, NUMBERS, NUMBERS, NUMBERS, NAMES | st.just(".")),
    "CAA": st.builds('{} {} "{}"'.format, st.sampled_from([0, 128]), st.sampled_from(["issue", "iodef"]), QUOTED),
    "TXT": WRITTEN,
}


@st.composite
def records(draw: st.DrawFn) -> Record:
    kind = draw(st.sampled_from(sorted(VALUES)))
    many = 1 if kind == "CNAME" else 4
    values = draw(st.lists(VALUES[kind], min_size=1, max_size=many, unique=True))
    name: Any = draw(st.sampled_from(["@", "*"]) | st.lists(LABELS, min_size=1, max_size=3).map(".".join))
    return Record(
        name="www" if kind in {"CNAME", "NS"} else name,
        type=kind,
        ttl=draw(st.integers(1, 604800)),
        values=tuple(values),
    )


def there_and_back(desired: dict[str, Attributes], texts: Texts) -> dict[str, Attributes]:
    empty = Zone(f"{ZONE}.", [])
    return shown(changed(empty, diff(desired, {}).changes, {}, texts), texts)


@given(records())
def test_every_type_that_can_be_declared_comes_back_as_it_was(record: Record) -> None:
    desired = desired_rrsets(Dns(zone=ZONE, records=(record,)))
    assert there_and_back(desired, ESCAPED) == desired


def test_every_type_of_the_engagement_file_is_tried() -> None:
    assert set(VALUES) == set(Record.model_fields["type"].annotation.__args__)


@given(WRITTEN)
def test_a_text_in_octodns_own_form_comes_back_or_is_seen_to_differ(value: str) -> None:
    desired: dict[str, Attributes] = {f"{ZONE} TXT": {"ttl": 60, "values": [value]}}
    odd = value.startswith('"') or '" "' in value
    assert odd or there_and_back(desired, PLAIN) == desired


@given(WRITTEN)
def test_an_escaped_text_stands_between_quotes_in_a_zone_file(value: str) -> None:
    held = ESCAPED.written(value)
    assert held.isascii()
    assert held.isprintable()
    assert ESCAPED.read(held) == value


@pytest.mark.parametrize(
    ("held", "expected"),
    [(r"v=DKIM1\; k=rsa", "v=DKIM1; k=rsa"), ("v=DKIM1; k=rsa", "v=DKIM1; k=rsa"), (r"a\\;b", r"a\;b"), ("", "")],
)
def test_each_spelling_of_a_semicolon_is_read(held: str, expected: str) -> None:
    assert ESCAPED.read(held) == expected
