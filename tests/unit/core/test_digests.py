"""Digests: of content alone, and the first leaf that explains why two differ."""

from hypothesis import example, given
from hypothesis import strategies as st

from provisioning_assets.core.digests import Inputs, combine, first_difference, leaves
from provisioning_assets.core.plan import digest

WHERE = {"name": "staging", "region": "eu-central-1"}
trees = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda t: st.lists(t, max_size=3) | st.dictionaries(st.text(alphabet="ab.[]~0", max_size=3), t, max_size=3),
    max_leaves=8,
)


def made(own, shared=None, where=WHERE, **upstream):
    return combine(Inputs(own, shared), environment=where, upstream=upstream)


def remembering(*digests):
    known = {d.content: d.content_leaves for d in digests} | {d.shared: d.shared_leaves for d in digests}
    return known.get


@given(trees, trees)
@example({"": 1}, 1)
@example({"": {"a": 1}}, {"a": 1})
@example({"a": {"b": 1}}, {"a.b": 1})
@example({"a": [1]}, {"a[0]": 1})
@example({"a": []}, {"a": {}})
@example({"a~1b": 1}, {"a.b": 1})
def test_only_equal_inputs_share_their_leaves(one, other):
    assert (leaves(one) == leaves(other)) == (digest(one) == digest(other))


def test_the_environment_is_in_the_content_and_not_in_what_is_shared():
    here, there = made({"a": 1}, {"b": 2}), made({"a": 1}, {"b": 2}, where={**WHERE, "region": "eu-west-1"})
    assert here.content != there.content
    assert here.shared == there.shared


def test_what_is_upstream_is_in_both():
    one, other = made({"a": 1}, {"a": 1}), made({"a": 2}, {"a": 2})
    below, beside = made({}, {}, zone=one), made({}, {}, zone=other)
    assert below.content != beside.content
    assert below.shared != beside.shared


def test_the_first_leaf_that_differs_is_named():
    one, other = made({"records": [{"ttl": 60}], "z": 1}), made({"records": [{"ttl": 30}], "z": 2})
    assert first_difference(one.content, other.content, remembering(one, other)) == "records[0].ttl"


def test_a_difference_upstream_is_followed_to_its_leaf():
    one, other = made({"cidr": "a"}), made({"cidr": "b"})
    below, beside = made({}, zone=one), made({}, zone=other)
    assert first_difference(below.content, beside.content, remembering(one, other, below, beside)) == "zone: cidr"
    assert first_difference(below.content, beside.content, remembering(below, beside)) == "zone"


def test_a_key_with_marks_of_a_path_is_named_as_it_is():
    one, other = made({"a.b[0]~": 1}), made({"a.b[0]~": 2})
    assert first_difference(one.content, other.content, remembering(one, other)) == "a.b[0]~"


def test_what_nobody_remembers_has_no_difference_to_name():
    one, other = made({"a": 1}), made({"a": 2})
    assert first_difference(one.content, other.content, remembering(one)) is None
    assert first_difference(one.content, one.content, remembering(one)) is None
