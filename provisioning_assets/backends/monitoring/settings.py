"""Settings of monitoring products."""

from typing import Annotated, ClassVar, Literal

from provisioning_assets.backends.backend import Own, Settings
from provisioning_assets.backends.variables import AWS


class CloudWatch(Settings):
    """Amazon CloudWatch, with SNS and SQS for the routes."""

    variables: ClassVar = AWS
    name: Literal["cloudwatch"] = "cloudwatch"
    namespace: Annotated[str | None, Own("report to the same metrics")] = None
    """Metric namespace that the probes feed; default is `<engagement>-<environment>`."""
