"""What people do by hand to a Prometheus and an Alertmanager that a run set up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from provisioning_assets.core.plan import Attributes
from tests.support.monitored import ROUTED, RULE
from tests.support.prometheus import Monitors
from tests.support.waiting import wait_until

SCOPE = "demo_shop-staging"
BODY = {"widgets": [{"title": "health", "query": 'probe_success{probe="shop"}'}]}
PAGER, QUIET = ({"alertname": RULE, "route": route, "scope": SCOPE} for route in ("pager", "quiet"))
"""Labels of an alert on each route."""


def everything(servers: Monitors) -> dict[str, Attributes]:
    """What is to be live in these tests."""
    probe = {"url": f"{servers.well}/-/healthy", "otherwise": []}
    return {**ROUTED, "probe shop": probe, "dashboard launch": {"body": BODY}}


def edit(file: Path, change: Callable[[Any], object]) -> None:
    """Change a file."""
    yaml = YAML()
    content = yaml.load(file)
    change(content)
    yaml.dump(content, file)


def rules(servers: Monitors, change: Callable[[list[Any]], object]) -> None:
    """Change the scope's rules, and have them loaded."""
    edit(servers.folder / f"rules/{SCOPE}.yml", lambda content: change(content["groups"][0]["rules"]))
    servers.reload("prometheus")


def delete_rules(servers: Monitors, file: str = f"{SCOPE}.yml") -> None:
    """Delete a file of rules, and have that noticed."""
    (servers.folder / "rules" / file).unlink()
    servers.reload("prometheus")


def alertmanager(servers: Monitors, change: Callable[[Any], object]) -> None:
    """Change Alertmanager's configuration, and have it loaded."""
    edit(servers.folder / "alertmanager.yml", change)
    servers.reload("alertmanager")


def first_route(servers: Monitors, receiver: str, matcher: str, *, goes_on: bool) -> None:
    """Put a route before all others."""
    route = {"matchers": [matcher], "receiver": receiver, "continue": goes_on}
    alertmanager(servers, lambda config: config["route"]["routes"].insert(0, route))


def receiver(config: Any, name: str) -> Any:
    """One of a configuration."""
    return next(each for each in config["receivers"] if each["name"] == name)


def delivery_probe(servers: Monitors, route: str, **changes: object) -> None:
    """Change the webhook of a delivery probe."""
    name = f"{SCOPE}-{route}-delivery-probe"
    alertmanager(servers, lambda config: receiver(config, name)["webhook_configs"][0].update(changes))


def targets(servers: Monitors, change: Callable[[list[Any]], object], seen: Callable[[Any], object]) -> None:
    """Change the scope's targets, and wait until Prometheus has seen it."""
    edit(servers.folder / f"targets/{SCOPE}.yml", change)
    wait_until(lambda: seen(servers.opened().read(SCOPE)))


def silence(servers: Monitors, labels: dict[str, str], days: float = 90) -> str:
    """Make one; its id."""
    now = datetime.now(UTC)
    matchers = [{"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in labels.items()]
    times = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(days=days)).isoformat()}
    made = {"matchers": matchers, **times, "createdBy": "kim", "comment": "too loud"}
    return str(servers.api("alertmanager", "/api/v2/silences", "POST", json=made)["silenceID"])


def end_silences(servers: Monitors) -> None:
    """End all."""
    for each in servers.api("alertmanager", "/api/v2/silences"):
        if each["status"]["state"] == "active":
            servers.api("alertmanager", f"/api/v2/silence/{each['id']}", "DELETE")


def page(servers: Monitors, name: str, text: str) -> None:
    """Write a console."""
    (servers.folder / f"consoles/{SCOPE}/{name}.html").write_text(text)
