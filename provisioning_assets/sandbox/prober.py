"""The health prober: requests each probe's URL from outside, and feeds its metric."""

import json
import socket
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from botocore.exceptions import ClientError

from provisioning_assets.backends.access import of_process
from provisioning_assets.probes.tls import connect_to
from provisioning_assets.sandbox.processes import say
from provisioning_assets.sandbox.watching import client, watch

PROBE_EVERY = 2.0
"""Seconds between two rounds."""

_TIMEOUT = 2
_HEALTHY = range(200, 400)


class _Https(HTTPSConnection):
    """Connects where PROVISIONING_CONNECT_TO says, and still verifies the requested name."""

    def connect(self) -> None:
        plain = _connect(self.host, self.port)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


class _Http(HTTPConnection):
    """The same without TLS."""

    def connect(self) -> None:
        self.sock = _connect(self.host, self.port)


def _connect(host: str, port: int) -> socket.socket:
    return socket.create_connection(connect_to(host, of_process(), port), timeout=_TIMEOUT)


def healthy(url: str) -> bool:
    """Whether the URL answers with 2xx or 3xx, over a trusted connection if it is https."""
    parts = urlsplit(url)
    kind = {"https": _Https, "http": _Http}[parts.scheme]
    connection: HTTPConnection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", urlunsplit(("", "", parts.path or "/", parts.query, "")))
        return connection.getresponse().status in _HEALTHY
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


class Prober:
    """Reads the definitions from the parameter store again in every round."""

    def __init__(self) -> None:
        self._ssm = client("ssm")
        self._cloudwatch = client("cloudwatch")

    def look(self) -> None:
        """Probe everything once; a malformed definition is logged, and does not hold up the others."""
        for name in self._definitions():
            try:
                self._probe(json.loads(self._ssm.get_parameter(Name=name)["Parameter"]["Value"]))
            except (KeyError, TypeError, ValueError, ClientError) as error:
                say(f"{name} is not probed: {type(error).__name__} {error}")

    def _definitions(self) -> list[str]:
        pages = self._ssm.get_paginator("describe_parameters").paginate()
        return [found["Name"] for page in pages for found in page["Parameters"] if "/probes/" in found["Name"]]

    def _probe(self, definition: dict[str, Any]) -> None:
        dimensions = [{"Name": name, "Value": value} for name, value in definition["dimension"].items()]
        value = 1.0 if healthy(definition["url"]) else 0.0
        metric = {"MetricName": definition["metric"], "Dimensions": dimensions, "Value": value}
        self._cloudwatch.put_metric_data(Namespace=definition["namespace"], MetricData=[metric])


def serve(port: int) -> None:
    """Probe until the process ends."""
    watch(Prober().look, PROBE_EVERY, port)
