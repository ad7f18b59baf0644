"""What is watched in the tests of monitoring: everything once, in one scope; and an AWS whose alarms are evaluated."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.monitoring import UNHEALTHY, Monitoring
from provisioning_assets.core.kinds import Capability
from provisioning_assets.core.plan import Attributes, Json, diff
from tests.support.back_ends import aws_access, lacks
from tests.support.servers import free_port, moto_server, wait_for

Api = Callable[[str], Any]
"""The name of an AWS service to a client of it."""

NAMESPACE = "demo_shop/staging"
RULE = "shop-down"


def routes(*, pager: bool = True, quiet: bool = False) -> Json:
    """Whether each route is muted."""
    return {"pager": {"muted": pager}, "quiet": {"muted": quiet}}


def rule(**changes: Json) -> Attributes:
    """A rule on the probe `shop`, as it is before the launch."""
    as_declared = {"probe": "shop", "period": 10, "periods": 1, "condition": UNHEALTHY}
    return {**as_declared, "routes": routes(), "otherwise": [], **changes}


ROUTED: dict[str, Attributes] = {
    "route pager": {"delivers": True, "observed": True, "otherwise": []},
    "route quiet": {"delivers": True, "observed": True, "otherwise": []},
    f"rule {RULE}": rule(),
}
WATCHED: dict[str, Attributes] = {
    **ROUTED,
    "signal logs/application": {"retention_days": 30},
    "signal logs/audit/orders": {"retention_days": 365},
    "probe shop": {"url": "https://www.staging.demo-shop.example/healthz", "otherwise": []},
}
"""All but a dashboard, whose body is in each product's own form."""

CLOUDWATCH_BODY = {
    "widgets": [
        {"type": "text", "properties": {"markdown": "# Launch"}},
        {
            "type": "metric",
            "properties": {
                "title": "health",
                "stat": "Minimum",
                "period": 60,
                "metrics": [[NAMESPACE, "Healthy", "Probe", "shop"]],
            },
        },
        {"type": "metric", "properties": {"title": "orders", "metrics": [[NAMESPACE, "Orders"]]}},
    ]
}

ON_CLOUDWATCH: dict[str, Attributes] = {**WATCHED, "dashboard launch": {"body": CLOUDWATCH_BODY}}


@dataclass(frozen=True)
class Subject:
    """A product, with a dashboard in its form: `health` shows the probe `shop`, `orders` shows nothing."""

    name: str
    monitoring: Monitoring
    body: Json
    empty: Json
    url: str = WATCHED["probe shop"]["url"]
    """What is well whenever the product looks at it."""
    shows_within: float = 2
    """Seconds after which everything that was written is live."""
    ready: list[str] = field(default_factory=list)
    """Scopes with everything in place already, of a product that takes long for one and not longer for many."""

    @property
    def desired(self) -> dict[str, Attributes]:
        everything = {**WATCHED, "dashboard launch": {"body": self.body}}
        everything["probe shop"] = {**WATCHED["probe shop"], "url": self.url}
        signals = not lacks(self.name, Capability.LOGS)
        return {address: each for address, each in everything.items() if signals or not address.startswith("signal ")}


def bring_about(monitoring: Monitoring, scope: str, desired: dict[str, Attributes]) -> None:
    monitoring.write(scope, diff(desired, monitoring.read(scope)).changes)


def drift(monitoring: Monitoring, scope: str, desired: dict[str, Attributes]) -> list[str]:
    return [str(change) for change in diff(desired, monitoring.read(scope)).changes]


@contextmanager
def evaluated_aws() -> Iterator[Access]:
    """An emulated AWS whose alarms the sandbox's alarm engine evaluates; the access to it."""
    with moto_server() as address:
        access = aws_access(address, PROVISIONING_EMULATION="sandbox", AWS_DEFAULT_REGION="eu-central-1")
        port = free_port()
        command = [sys.executable, "-m", "provisioning_assets.sandbox", "alarms", str(port)]
        engine = subprocess.Popen(command, env={**os.environ, **access.variables}, stdout=subprocess.DEVNULL)
        try:
            wait_for(port)
            yield access
        finally:
            engine.terminate()
            engine.wait(10)
