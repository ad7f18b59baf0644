"""The health prober: requests, from outside, what the probe definitions name, and feeds their metrics."""

import json
import socket
import ssl
import threading
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from provisioning_assets.providers.certificates.served import connect_to

PROBE_EVERY = 2.0
"""Seconds between two rounds."""

_TIMEOUT = 2
_HEALTHY = range(200, 400)


class _Connection(HTTPSConnection):
    """Connects where PROVISIONING_CONNECT_TO says, and still verifies the name that it asks for."""

    def connect(self) -> None:
        plain = socket.create_connection(connect_to(self.host, self.port), timeout=_TIMEOUT)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def healthy(url: str) -> bool:
    """Whether the URL answers with 2xx or 3xx over a trusted connection."""
    parts = urlsplit(url)
    connection = _Connection(parts.hostname or "", parts.port or 443, timeout=_TIMEOUT)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status in _HEALTHY
    except (OSError, ssl.SSLError):
        return False
    finally:
        connection.close()


class Prober:
    """Reads the definitions from the parameter store, in every round anew."""

    def __init__(self) -> None:
        settings = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1})
        session: Any = boto3.session.Session()
        self._ssm = session.client("ssm", config=settings)
        self._cloudwatch = session.client("cloudwatch", config=settings)

    def run(self, ended: threading.Event) -> None:
        """Probe again and again."""
        while not ended.wait(PROBE_EVERY):
            try:
                for name in self._definitions():
                    self._probe(json.loads(self._ssm.get_parameter(Name=name)["Parameter"]["Value"]))
            except (BotoCoreError, ClientError) as error:
                print(f"the cloud does not answer: {type(error).__name__}", flush=True)  # noqa: T201 - its log

    def _definitions(self) -> list[str]:
        pages = self._ssm.get_paginator("describe_parameters").paginate()
        return [found["Name"] for page in pages for found in page["Parameters"] if "/probes/" in found["Name"]]

    def _probe(self, definition: dict[str, Any]) -> None:
        dimensions = [{"Name": name, "Value": value} for name, value in definition["dimension"].items()]
        value = 1.0 if healthy(definition["url"]) else 0.0
        metric = {"MetricName": definition["metric"], "Dimensions": dimensions, "Value": value}
        self._cloudwatch.put_metric_data(Namespace=definition["namespace"], MetricData=[metric])


def serve() -> None:
    """Probe until the process is ended."""
    Prober().run(threading.Event())
