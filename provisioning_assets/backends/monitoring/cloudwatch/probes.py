"""The registry of probes in SSM: a prober outside the environment reads what to probe and which metric to feed."""

import json

from provisioning_assets.backends.aws import Aws
from provisioning_assets.core.plan import Attributes, Json

HEALTH_METRIC = "Healthy"
"""The metric of a probe: 1 for healthy, 0 for unhealthy, with the dimension Probe=<its name>."""


class Probes:
    """Parameters `/<scope>/probes/<name>`: {"url", "namespace", "metric", "dimension"}."""

    def __init__(self, aws: Aws, namespace: str | None) -> None:
        self._aws = aws
        self._namespace = namespace

    @property
    def _client(self) -> Json:
        return self._aws.client("ssm")

    def read(self, scope: str) -> dict[str, Attributes]:
        """Name to attributes."""
        path = f"/{scope}/probes/"
        with self._aws.translated("SSM"):
            pages = self._client.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
            found = {each["Name"].removeprefix(path): each["Value"] for page in pages for each in page["Parameters"]}
        return {name: _attributes(value, self._fed_by(scope, name)) for name, value in found.items()}

    def put(self, scope: str, name: str, attributes: Attributes) -> None:
        """Publish the probe, or its changes."""
        value = json.dumps({"url": attributes["url"], **self._fed_by(scope, name)})
        with self._aws.translated("SSM"):
            self._client.put_parameter(Name=f"/{scope}/probes/{name}", Value=value, Type="String", Overwrite=True)

    def delete(self, scope: str, name: str) -> None:
        """Withdraw the probe."""
        with self._aws.translated("SSM"):
            self._client.delete_parameter(Name=f"/{scope}/probes/{name}")

    def _fed_by(self, scope: str, name: str) -> dict[str, Json]:
        """The metric that a probe must feed."""
        return {"namespace": self._namespace or scope, "metric": HEALTH_METRIC, "dimension": {"Probe": name}}


def _attributes(value: str, fed: dict[str, Json]) -> Attributes:
    try:
        probe = json.loads(value)
        wrong = [f"its {key} is {probe.get(key)}" for key, ours in fed.items() if probe.get(key) != ours]
        return {"url": probe.get("url"), "otherwise": wrong}
    except (ValueError, AttributeError):
        return {"url": None, "otherwise": ["its definition cannot be read"]}
