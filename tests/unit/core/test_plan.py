"""Plans: what a diff says, and what never gets into one."""

from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.core.plan import SENSITIVE, Action, Change, Plan, diff

attributes = st.dictionaries(
    st.sampled_from(["ttl", "values", "text"]), st.integers(-5, 5) | st.text(max_size=5), max_size=3
)
sides = st.dictionaries(st.text(alphabet="abcdef", min_size=1, max_size=3), attributes, max_size=6)


@given(sides)
def test_equal_sides_leave_nothing_to_do(side):
    assert diff(side, side).empty


@given(sides, sides)
def test_applying_a_plan_brings_the_desired_side_about(desired, observed):
    live = dict(observed)
    for change in diff(desired, observed).changes:
        if change.after is None:
            del live[change.address]
        else:
            live[change.address] = {**live.get(change.address, {}), **change.after}
    assert diff(desired, live).empty
    assert live.keys() == desired.keys()


@given(sides, sides)
def test_equal_plans_have_equal_digests_in_any_order(desired, observed):
    plan = diff(desired, observed)
    assert plan.digest == Plan(tuple(reversed(plan.changes))).digest
    assert list(plan.changes) == sorted(plan.changes, key=lambda change: change.address)


@given(sides, sides)
def test_a_plan_that_differs_has_another_digest(desired, observed):
    plan, other = diff(desired, observed), diff(observed, desired)
    assert (plan.digest == other.digest) == (plan.changes == other.changes)


@given(st.text(alphabet="xyz0189", min_size=8))
def test_a_sensitive_value_never_enters_a_change(secret):
    change = Change(Action.UPDATE, "a", {"key": secret}, {"key": secret + "q"}, frozenset({"key"}))
    assert secret not in repr(change) + str(change.as_json())
    assert change.as_json()["before"] == {"key": SENSITIVE}
    assert change.attributes == ("key",)


def test_attributes_that_nobody_declared_are_the_servers_own_business():
    assert diff({"a": {"ttl": 60}}, {"a": {"ttl": 60, "id": "x1"}}).empty


def test_what_is_beyond_the_desired_side_is_deleted():
    (change,) = diff({}, {"a": {"ttl": 60}}).changes
    assert change.action is Action.DELETE
    assert str(diff({}, {"a": {}})) == "1 to delete"


def test_an_update_names_what_differs():
    (change,) = diff({"a": {"ttl": 60, "values": ["1"]}}, {"a": {"ttl": 30, "values": ["1"]}}).changes
    assert change.attributes == ("ttl",)
    assert str(change) == "update a (ttl)"


def test_what_nobody_could_compare_is_nothing_to_apply_and_not_equal():
    plan = Plan(unseen={"vpc": "its type is not looked at"})

    assert (plan.empty, plan.equal) == (True, False)
    assert plan.as_json()["unseen"] == {"vpc": "its type is not looked at"}
    assert str(plan) != str(Plan())
    assert Plan().equal


def test_the_digest_says_what_would_be_done_and_not_what_was_unseen():
    changes = diff({"a": {}}, {}).changes

    assert Plan(changes, unseen={"b": "hidden"}).digest == Plan(changes).digest
    assert not Plan(changes).equal
