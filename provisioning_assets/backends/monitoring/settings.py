"""Settings of monitoring products."""

from typing import Annotated, ClassVar, Literal

from provisioning_assets.backends.backend import Own, Settings
from provisioning_assets.backends.forms import Form
from provisioning_assets.backends.variables import AWS

_NAMESPACE = r"(?!AWS/)[A-Za-z0-9_][A-Za-z0-9._/#-]{0,254}"
_WORDS = "letters, digits, `.`, -, _, / and #, at most 255; not `AWS/…`, which is Amazon's own"


class CloudWatch(Settings):
    """Amazon CloudWatch, with SNS and SQS for the routes."""

    variables: ClassVar = AWS
    name: Literal["cloudwatch"] = "cloudwatch"
    namespace: Annotated[Annotated[str, Form(_NAMESPACE, _WORDS)] | None, Own("report to the same metrics")] = None
    """Metric namespace that the probes feed; default is `<engagement>-<environment>`."""
