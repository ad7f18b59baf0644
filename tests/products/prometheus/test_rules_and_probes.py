"""Prometheus when somebody changes its rules, targets and consoles behind our back."""

from collections.abc import Callable
from typing import Any

import pytest
from ruamel.yaml import YAML

from provisioning_assets.backends.monitoring import UNHEALTHY, Monitoring
from provisioning_assets.core.plan import Action, Attributes, Change
from provisioning_assets.errors import ApplyFailed, ProviderFailed
from tests.support import by_hand
from tests.support.by_hand import BODY, SCOPE
from tests.support.monitored import RULE, bring_about, drift, rule
from tests.support.prometheus import Monitors

pytestmark = pytest.mark.second

DEAF = {"update route pager (delivers, otherwise)", "update route quiet (delivers, otherwise)"}
"""What is red besides, for the seconds after a reload in which Prometheus tells nobody what fires."""


def expr(number: int, old: str, new: str) -> Callable[[Monitors], None]:
    def change(rules: list[Any]) -> None:
        assert old in rules[number]["expr"]
        rules[number]["expr"] = rules[number]["expr"].replace(old, new)

    return lambda servers: by_hand.rules(servers, change)


FLIPPED: dict[str, tuple[Callable[[Monitors], object], str]] = {
    "rules deleted": (by_hand.delete_rules, f"create rule {RULE}"),
    "rule of the pager deleted": (
        lambda s: by_hand.rules(s, lambda rules: rules.pop(0)),
        f"update rule {RULE} (routes)",
    ),
    "threshold": (expr(0, "< 1", "< 0.5"), f"update rule {RULE} (condition, period, periods, probe)"),
    "period of one route": (expr(1, "10s", "30s"), f"update rule {RULE} (period)"),
    "scope": (expr(1, SCOPE, "elsewhere"), f"update rule {RULE} (condition, period, periods, probe)"),
    "wait": (
        lambda s: by_hand.rules(s, lambda rules: [each.update({"for": "20s"}) for each in rules]),
        f"update rule {RULE} (periods)",
    ),
    "label added": (
        lambda s: by_hand.rules(s, lambda rules: rules[0]["labels"].update(severity="page")),
        f"update rule {RULE} (otherwise)",
    ),
    "rule goes on firing": (
        lambda s: by_hand.rules(s, lambda rules: rules[0].update(keep_firing_for="5m")),
        f"update rule {RULE} (otherwise)",
    ),
    "rule twice": (
        lambda s: by_hand.rules(s, lambda rules: rules.append({**rules[0], "for": "10s"})),
        f"update rule {RULE} (otherwise, periods)",
    ),
    "rules added": (
        lambda s: by_hand.rules(
            s,
            lambda rules: rules.extend(
                [
                    {"alert": "extra", "expr": "vector(0) > 1"},
                    {"record": "extra:sum", "expr": "vector(0)"},
                ]
            ),
        ),
        "delete rule extra; delete rule extra:sum",
    ),
    "target": (
        lambda s: by_hand.targets(
            s,
            lambda found: found[0].update(targets=[f"{s.well}/-/ready"]),
            lambda live: live["probe shop"]["url"] == f"{s.well}/-/ready",
        ),
        "update probe shop (url)",
    ),
    "targets added": (
        lambda s: by_hand.targets(
            s,
            lambda found: found.extend(
                [
                    {"targets": [s.well], "labels": {"scope": SCOPE, "probe": "extra"}},
                    {"targets": [f"{s.well}/zzz"], "labels": {"scope": SCOPE, "probe": "shop"}},
                ]
            ),
            lambda live: "probe extra" in live and live["probe shop"]["otherwise"],
        ),
        "delete probe extra; update probe shop (otherwise)",
    ),
    "dashboards": (
        lambda s: [by_hand.page(s, name, "<html>nothing</html>") for name in ("extra", "launch")],
        "delete dashboard extra; update dashboard launch (body)",
    ),
    "dashboard that cannot be rendered": (
        lambda s: by_hand.page(s, "launch", "{{ nothing"),
        "update dashboard launch (body)",
    ),
}


@pytest.mark.parametrize("name", FLIPPED)
def test_what_is_changed_behind_our_back_is_seen_and_mended(
    prometheus: Monitors, live: Monitoring, desired: dict[str, Attributes], name: str
) -> None:
    flip, seen = FLIPPED[name]
    flip(prometheus)
    assert "; ".join(line for line in drift(live, SCOPE, desired) if line not in DEAF) == seen
    bring_about(live, SCOPE, desired)
    assert drift(live, SCOPE, desired) == []


def test_what_lies_in_a_file_and_is_not_loaded_is_not_live_and_goes(
    prometheus: Monitors, live: Monitoring, desired: dict[str, Attributes]
) -> None:
    file = prometheus.folder / f"rules/{SCOPE}.yml"
    by_hand.edit(file, lambda content: content["groups"][0]["rules"].append({"alert": "extra", "expr": "vector(1)"}))
    assert drift(live, SCOPE, desired) == []
    longer = {**desired, f"rule {RULE}": rule(periods=2)}
    bring_about(live, SCOPE, longer)
    assert drift(live, SCOPE, longer) == []
    assert "extra" not in file.read_text()


def test_rules_that_disagree_show_the_value_of_each_route(prometheus: Monitors, live: Monitoring) -> None:
    FLIPPED["period of one route"][0](prometheus)
    found = live.read(SCOPE)[f"rule {RULE}"]
    assert found["period"] == {"pager": 10, "quiet": 30}
    assert found["condition"] == UNHEALTHY


def test_a_rule_of_the_scope_in_anothers_file_is_seen_and_left_to_them(
    prometheus: Monitors, live: Monitoring, desired: dict[str, Attributes]
) -> None:
    theirs = prometheus.folder / "rules/theirs.yml"
    extra = {"alert": "extra", "expr": "vector(0) > 1", "labels": {"scope": SCOPE, "route": "pager"}}
    YAML().dump({"groups": [{"name": "theirs", "rules": [extra]}]}, theirs)
    prometheus.reload("prometheus")
    assert "delete rule extra" in drift(live, SCOPE, desired)
    assert live.read(SCOPE)["rule extra"]["routes"] == {"pager": {"muted": False}}
    with pytest.raises(ApplyFailed) as failed:
        live.write(SCOPE, [Change(Action.DELETE, "rule extra", {})])
    assert theirs.name in failed.value.where
    by_hand.delete_rules(prometheus, "theirs.yml")


@pytest.mark.parametrize(
    "body", [{}, {"widgets": [{"title": "no query"}]}, {"widgets": {}, "x": 1}, {"widgets": [{"query": "sum("}]}]
)
def test_a_dashboard_that_prometheus_cannot_show_is_refused(
    prometheus: Monitors, live: Monitoring, desired: dict[str, Attributes], body: Any
) -> None:
    if body.get("widgets") == {}:
        bring_about(live, SCOPE, {**desired, "dashboard launch": {"body": body}})
        assert live.dashboard_data(SCOPE, "launch") == {}
        return
    with pytest.raises(ApplyFailed):
        bring_about(live, SCOPE, {**desired, "dashboard launch": {"body": body}})
    assert live.read(SCOPE)["dashboard launch"] == {"body": BODY}


def test_parts_of_one_title_are_counted_apart_and_words_are_left_out(
    live: Monitoring, desired: dict[str, Attributes]
) -> None:
    widgets = [{"text": 'Now "{{ }}" <b>'}, {"title": "a", "query": "vector(1)"}, {"title": "a", "query": "absent_x"}]
    body = {"widgets": [*widgets, {"query": 'label_replace(vector(1), "a", "ü\\"<", "", "")'}]}
    bring_about(live, SCOPE, {**desired, "dashboard launch": {"body": body}})
    counts = live.dashboard_data(SCOPE, "launch")
    assert [title for title, count in counts.items() if count] == ["a", "widget 4"]
    assert counts["a (3)"] == 0
    with pytest.raises(ProviderFailed):
        live.dashboard_data(SCOPE, "other")
