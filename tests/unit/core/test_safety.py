"""Safety rules: what a plan may lose, of how much that exists, whose it is, and what a freeze lets through."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.core.plan import Action, Change, ChangeClass, Plan, diff
from provisioning_assets.core.safety import keeps_data, respects_freeze, stays_in_proportion, touches_what_is_ours

FREEZE = datetime(2026, 12, 4, 18, tzinfo=UTC)
LOSING = (Action.DELETE, Action.REPLACE)


def plan(existing, *, stateful=False, change_class=ChangeClass.CONTENT, **counts):
    changes = [
        Change(Action(action), f"{action} {number}", change_class=change_class, stateful=stateful)
        for action, count in counts.items()
        for number in range(count)
    ]
    return Plan(tuple(changes), existing)


def refused(found, *, deleted=0.3, changed=1.0):
    return len(stays_in_proportion(found, deleted=deleted, changed=changed))


@pytest.mark.parametrize(
    ("existing", "counts", "reasons"),
    [
        (500, {"delete": 3}, 0),
        (2, {"delete": 2}, 1),
        (1, {"delete": 1}, 0),
        (0, {"create": 50}, 0),
        (10, {"delete": 3}, 0),
        (10, {"delete": 4}, 1),
        (10, {"replace": 4}, 1),
        (10, {"delete": 2, "replace": 2}, 1),
        (10, {"update": 10}, 0),
        (10, {"create": 90, "delete": 3}, 0),
    ],
)
def test_losses_are_counted_against_what_exists(existing, counts, reasons):
    assert refused(plan(existing, **counts)) == reasons


@pytest.mark.parametrize(
    ("counts", "changed", "reasons"),
    [
        ({"update": 5}, 0.5, 0),
        ({"update": 6}, 0.5, 1),
        ({"update": 4, "delete": 2}, 0.5, 1),
        ({"update": 2, "create": 9}, 0.2, 0),
        ({"update": 2}, 0.0, 1),
        ({"update": 1}, 0.0, 0),
    ],
)
def test_changes_have_a_share_of_their_own(counts, changed, reasons):
    assert refused(plan(10, **counts), changed=changed) == reasons


def test_both_shares_are_told_at_once():
    assert refused(plan(10, delete=10), deleted=0.3, changed=0.5) == 2


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0, 1))
def test_one_may_always_go_and_the_share_never_more(existing, lost, share):
    lost = min(lost, existing)
    allowed = lost <= 1 or lost <= existing * share
    assert (refused(plan(existing, delete=lost), deleted=share) == 0) == allowed


@pytest.mark.parametrize("action", Action)
def test_a_change_that_loses_data_is_refused_whatever_it_does(action):
    found = plan(100, stateful=True, **{action: 2})
    assert len(keeps_data(found)) == 2
    assert all(f"{action} {action} {n}" in reason for n, reason in enumerate(keeps_data(found)))
    assert keeps_data(plan(100, **{action: 2})) == []


def test_what_tells_that_data_is_lost_is_in_the_refusal():
    change = Change(Action.UPDATE, "log group", stateful=True, because="retention_in_days")
    (reason,) = keeps_data(Plan((change,)))
    assert "retention_in_days" in reason


def holds(address):
    return address.startswith("mount ")


def test_a_diff_knows_behind_which_addresses_data_lies():
    found = diff({}, {"mount a": {}, "policy a": {}}, stateful=holds)
    assert len(keeps_data(found)) == 1
    assert found.existing == 2


def test_in_a_diff_only_what_is_deleted_loses_data():
    desired, observed = {"mount a": {"ttl": 1}, "mount b": {}}, {"mount a": {"ttl": 2}, "mount c": {}}
    found = diff(desired, observed, stateful=holds)
    assert {change.action: change.stateful for change in found.changes} == {
        Action.CREATE: False, Action.UPDATE: False, Action.DELETE: True,
    }  # fmt: skip


def test_what_belongs_to_somebody_else_is_not_touched():
    found = plan(10, create=1, update=1, delete=1)
    (reason,) = touches_what_is_ours(found, whose={"update 0": "octocat"}.get)
    assert "update 0" in reason
    assert "octocat" in reason
    assert touches_what_is_ours(found, whose=lambda _address: None) == []


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("change_class", ChangeClass)
def test_after_the_freeze_only_fixes_and_operations_pass(action, change_class):
    found = plan(10, change_class=change_class, **{action: 1})
    assert respects_freeze(found, freeze=FREEZE, now=FREEZE - timedelta(seconds=1)) == []
    passes = action is Action.UPDATE or change_class is ChangeClass.OPERATIONAL
    assert (respects_freeze(found, freeze=FREEZE, now=FREEZE) == []) == passes
