"""What is watched in the tests of monitoring: everything once, in one scope."""

from provisioning_assets.backends.monitoring import HEALTH_RULE, ROUTES, Monitoring
from provisioning_assets.core.plan import Attributes, diff

REGION = "eu-central-1"
NAMESPACE = "demo_shop/staging"
BODY = {
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


def alarm(route: str) -> Attributes:
    return {
        "probe": "shop",
        "namespace": NAMESPACE,
        "period": 10,
        "periods": 1,
        "rule": HEALTH_RULE,
        "actions": [route],
        "paging": route == "quiet",
    }


DESIRED: dict[str, Attributes] = {
    "log_group application": {"retention_days": 30},
    "log_group audit/orders": {"retention_days": 365},
    **{f"topic {route}": {} for route in ROUTES},
    **{f"tap {route}": {"subscribed": True, "allowed": True} for route in ROUTES},
    "probe shop": {
        "url": "https://www.staging.demo-shop.example/healthz",
        "namespace": NAMESPACE,
        "metric": "Healthy{Probe=shop}",
    },
    **{f"alarm shop-down-{route}": alarm(route) for route in ROUTES},
    "dashboard launch": {"body": BODY},
}


def bring_about(monitoring: Monitoring, scope: str, desired: dict[str, Attributes]) -> None:
    monitoring.write(scope, diff(desired, monitoring.read(scope)).changes)


def drift(monitoring: Monitoring, scope: str) -> list[str]:
    return [str(change) for change in diff(DESIRED, monitoring.read(scope)).changes]
