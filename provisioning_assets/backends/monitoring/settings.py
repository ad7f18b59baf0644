"""Settings of monitoring products."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from provisioning_assets.backends.addresses import Url, url
from provisioning_assets.backends.backend import IDENTITY, Own, Settings
from provisioning_assets.backends.forms import Form
from provisioning_assets.backends.variables import AWS, texts

_SERVERS = ("PROMETHEUS", "ALERTMANAGER", "PUSHGATEWAY", "DELIVERY_PROBE")

_NAMESPACE = r"(?!AWS/)[A-Za-z0-9_][A-Za-z0-9._/#-]{0,254}"
_WORDS = "letters, digits, `.`, -, _, / and #, at most 255; not `AWS/…`, which is Amazon's own"


class CloudWatch(Settings):
    """Amazon CloudWatch, with SNS and SQS for the routes."""

    variables: ClassVar = AWS
    parameters: ClassVar = ("/{scope}/probes",)
    longest: ClassVar = {"{scope}-quiet-tap": 80}  # of SQS
    name: Literal["cloudwatch"] = "cloudwatch"
    namespace: Annotated[Annotated[str, Form(_NAMESPACE, _WORDS)] | None, Own("report to the same metrics")] = None
    """Metric namespace that the probes feed; default is `<engagement>-<environment>`."""


class Prometheus(Settings):
    """Prometheus and Alertmanager, configured by files of a folder that both read on the host where runs work."""

    variables: ClassVar = {
        **{f"{server}_URL": url for server in _SERVERS},
        **texts(*(f"{server}_{part}" for server in _SERVERS for part in ("USERNAME", "PASSWORD"))),
    }
    name: Literal["prometheus"] = "prometheus"
    folder: Annotated[str, IDENTITY, Field(min_length=1)] = "prometheus"
    """The folder with `alertmanager.yml`, `rules/`, `targets/` and `consoles/`, relative to the repository."""
    address: Annotated[Url | None, IDENTITY] = None
    """Prometheus; must be the profile's PROMETHEUS_URL, which is the default."""
    alertmanager: Annotated[Url | None, IDENTITY] = None
    """Alertmanager; must be the profile's ALERTMANAGER_URL, which is the default."""
    pushgateway: Annotated[Url | None, IDENTITY] = None
    """The Pushgateway; must be the profile's PUSHGATEWAY_URL, which is the default."""
    delivery_probe: Annotated[Url | None, IDENTITY] = None
    """The delivery probe; must be the profile's DELIVERY_PROBE_URL, which is the default."""
    pager: Annotated[str, Field(min_length=1)] = "pager"
    """Alertmanager's receiver that calls people."""
    quiet: Annotated[str, Field(min_length=1)] = "quiet"
    """Alertmanager's receiver that calls nobody."""
