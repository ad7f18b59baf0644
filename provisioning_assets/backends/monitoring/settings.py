"""Settings of monitoring products."""

from typing import Annotated, Literal

from provisioning_assets.backends.backend import IDENTITY, Own, Settings


class CloudWatch(Settings):
    """Amazon CloudWatch, with SNS and SQS for the routes."""

    name: Literal["cloudwatch"] = "cloudwatch"
    namespace: Annotated[str | None, Own("report to the same metrics")] = None
    """Metric namespace that the probes feed; without it `<engagement>-<environment>`."""


class Prometheus(Settings):
    """Prometheus and Alertmanager, configured by files of a folder that both read on the host where runs work."""

    name: Literal["prometheus"] = "prometheus"
    folder: Annotated[str, IDENTITY] = "prometheus"
    """The folder with `alertmanager.yml`, `rules/`, `targets/` and `consoles/`, relative to the repository."""
    address: Annotated[str | None, IDENTITY] = None
    """Prometheus; must be the profile's PROMETHEUS_URL, which is the default."""
    alertmanager: Annotated[str | None, IDENTITY] = None
    """Alertmanager; must be the profile's ALERTMANAGER_URL, which is the default."""
    pushgateway: Annotated[str | None, IDENTITY] = None
    """The Pushgateway; must be the profile's PUSHGATEWAY_URL, which is the default."""
    delivery_probe: Annotated[str | None, IDENTITY] = None
    """The delivery probe; must be the profile's DELIVERY_PROBE_URL, which is the default."""
    pager: str = "pager"
    """Alertmanager's receiver that calls people."""
    quiet: str = "quiet"
    """Alertmanager's receiver that calls nobody."""
