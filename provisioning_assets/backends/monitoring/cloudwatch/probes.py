"""The probes' registry in SSM: whoever probes from outside reads here what to probe and which metric to feed."""

import json

from provisioning_assets.backends.aws import Aws
from provisioning_assets.backends.monitoring import HEALTH_METRIC
from provisioning_assets.core.plan import Attributes, Json


class Probes:
    """Parameters `/<scope>/probes/<name>`: {"url", "namespace", "metric", "dimension"}."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    @property
    def _client(self) -> Json:
        return self._aws.client("ssm")

    def read(self, scope: str) -> dict[str, Attributes]:
        """Name to attributes."""
        path = f"/{scope}/probes/"
        with self._aws.translated("SSM"):
            pages = self._client.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
            found = {each["Name"].removeprefix(path): each["Value"] for page in pages for each in page["Parameters"]}
        return {name: _attributes(value) for name, value in found.items()}

    def put(self, scope: str, name: str, attributes: Attributes) -> None:
        """Publish the probe, or what changed of it."""
        probe = {"url": attributes["url"], "namespace": attributes["namespace"], "metric": HEALTH_METRIC}
        value = json.dumps({**probe, "dimension": {"Probe": name}})
        with self._aws.translated("SSM"):
            self._client.put_parameter(Name=f"/{scope}/probes/{name}", Value=value, Type="String", Overwrite=True)

    def delete(self, scope: str, name: str) -> None:
        """Withdraw the probe."""
        with self._aws.translated("SSM"):
            self._client.delete_parameter(Name=f"/{scope}/probes/{name}")


def _attributes(value: str) -> Attributes:
    try:
        probe = json.loads(value)
        dimensions = ",".join(f"{name}={of}" for name, of in probe["dimension"].items())
        return {
            "url": probe["url"],
            "namespace": probe["namespace"],
            "metric": f"{probe['metric']}{{{dimensions}}}",
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"url": None, "namespace": None, "metric": "not readable"}
