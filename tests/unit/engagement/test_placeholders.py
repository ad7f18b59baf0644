"""`${name}`: filled in once, at any depth, with its type."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning_assets.engagement.placeholders import fill, malformed, names

identifiers = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
scalars = st.booleans() | st.integers() | st.text()
plain = st.text().filter(lambda text: "${" not in text)
trees = st.recursive(
    plain | st.booleans() | st.integers() | st.none(), lambda t: st.lists(t) | st.dictionaries(plain, t)
)


@settings(max_examples=40)
@given(trees, st.dictionaries(identifiers, scalars))
def test_what_has_no_placeholder_stays(tree: object, values: dict[str, object]) -> None:
    assert fill(tree, values) == tree


@settings(max_examples=40)
@given(identifiers, scalars | st.lists(scalars))
def test_a_text_that_is_one_placeholder_takes_the_type(name: str, value: object) -> None:
    assert fill({"a": [f"${{{name}}}"]}, {name: value}) == {"a": [value]}


@settings(max_examples=40)
@given(plain, identifiers, st.text(), plain)
def test_in_a_longer_text_it_is_replaced_once(before: str, name: str, value: str, after: str) -> None:
    before = before.rstrip("$") + "·"
    assert fill(f"{before}${{{name}}}{after}", {name: value}) == f"{before}{value}{after}"
    assert fill(f"{before}$${{{name}}}{after}", {name: value}) == f"{before}${{{name}}}{after}"


@settings(max_examples=40)
@given(identifiers, st.booleans() | st.integers())
def test_in_a_longer_text_numbers_and_booleans_are_written_as_in_json(name: str, value: object) -> None:
    assert fill(f"is ${{{name}}}", {name: value}) == f"is {json.dumps(value)}"


@settings(max_examples=40)
@given(st.lists(identifiers, max_size=5), plain)
def test_names_are_found(used: list[str], text: str) -> None:
    text = text.rstrip("$") + "·"
    assert names("·".join([text, *(f"${{{name}}}" for name in used)])) == set(used)


def test_unknown_ones_stay_and_malformed_ones_are_found() -> None:
    assert fill("${unknown} ${known}", {"known": "x"}) == "${unknown} x"
    assert malformed("${my-name} ${open ${good} $${literal ${} ") == ["${my-name}", "${open", "${}"]
