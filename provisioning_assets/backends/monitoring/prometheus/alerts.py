"""One alerting rule of Prometheus: as we write it, as its API shows it, and what is not ours about it."""

from collections.abc import Iterable, Mapping

from provisioning_assets.backends.monitoring import ROUTES, UNHEALTHY, State
from provisioning_assets.backends.monitoring.prometheus.condition import expression, understood
from provisioning_assets.core.plan import Attributes, Json

Rule = Mapping[str, Json]
"""As the API shows it, with the name of its `file`."""


def named(scope: str, rule: str, route: str) -> dict[str, str]:
    """The labels by which an alert is this rule's, on this route."""
    return {"alertname": rule, "route": route, "scope": scope}


def written(scope: str, name: str, attributes: Attributes) -> list[dict[str, Json]]:
    """For the file: one for each of a rule's routes."""
    period, periods, probe = attributes["period"], attributes["periods"], attributes["probe"]
    summary = f"{scope}: the health probe {probe} fails{{{{ if $labels.drill }}}} (a drill){{{{ end }}}}"
    return [
        {
            "alert": name,
            "expr": expression(scope, probe, period),
            "for": f"{period * (periods - 1)}s",
            "labels": {"route": route, "scope": scope},
            "annotations": {"summary": summary},
        }
        for route in ROUTES
        if route in attributes["routes"]
    ]


def are_written(live: Iterable[Rule], scope: str, name: str, attributes: Attributes, file: str) -> bool:
    """Whether these are what would be written, in this file: no reload is needed, after which Prometheus is deaf."""
    wanted = [(each["labels"], each["annotations"]) for each in written(scope, name, attributes)]
    meant = (attributes["probe"], attributes["period"], UNHEALTHY)
    found = sorted(live, key=route_of)
    as_meant = all(
        understood(str(rule["query"]), scope) == meant
        and periods(rule, attributes["period"]) == attributes["periods"]
        and rule["file"] == file
        and not rule.get("keepFiringFor")
        for rule in found
    )
    return as_meant and wanted == [(rule.get("labels"), rule.get("annotations")) for rule in found]


def as_loaded(rule: Rule) -> dict[str, Json]:
    """For the file: a live one as it is."""
    form: dict[str, Json] = {"expr": rule["query"], "labels": rule.get("labels") or {}}
    if rule["type"] == "recording":
        return {"record": rule["name"], **form}
    held = rule.get("keepFiringFor")
    return {
        "alert": rule["name"],
        **form,
        "for": _duration(rule["duration"]),
        **({"keep_firing_for": _duration(held)} if held else {}),
        "annotations": rule.get("annotations") or {},
    }


def labels(scope: str, rule: Rule) -> dict[str, str]:
    """Of an alert of it, but for a drill's own."""
    probe = understood(str(rule["query"]), scope)[0]
    return {"alertname": rule["name"], **({"probe": probe} if probe else {}), **rule.get("labels", {})}


def route_of(rule: Rule) -> str:
    """The route that it is for; empty for none."""
    return str(rule.get("labels", {}).get("route", ""))


def periods(rule: Rule, period: int | None) -> Json:
    """How many; or, where its wait is no whole number of them, the seconds of that."""
    waited = rule.get("duration", 0)
    return 1 + round(waited / period) if period and waited % period == 0 else f"{waited:g} s"


def state(rule: Rule) -> State:
    """One that waits for more failed periods, or whose query fails, is not ok."""
    if rule["state"] == "firing":
        return "firing"
    return "ok" if rule["state"] == "inactive" and rule["health"] == "ok" else "unknown"


def otherwise(scope: str, rule: Rule, file: str) -> list[str]:
    """What nobody who reads the other attributes would see."""
    own, found = route_of(rule), rule.get("labels", {})
    wrong = [] if own in ROUTES else [f"{rule['name']} is of no route"]
    if rule["file"] != file:
        wrong.append(f"it lies in {rule['file']}, too")
    if more := sorted(found.keys() - {"route", "scope"}):
        wrong.append(f"what is of {own} has the labels {', '.join(more)}")
    if found.get("scope") != scope:
        wrong.append(f"what is of {own} has not the scope's label")
    if held := rule.get("keepFiringFor"):
        wrong.append(f"what is of {own} goes on firing for {held:g} s")
    return wrong


def _duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
