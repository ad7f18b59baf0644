"""The health prober: requests, from outside, what the probe definitions name, and feeds their metrics."""

import json
import socket
import ssl
import threading
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from provisioning_assets.providers.certificates.served import connect_to

PROBE_EVERY = 2.0
"""Seconds between two rounds."""

_TIMEOUT = 2
_HEALTHY = range(200, 400)


class _Https(HTTPSConnection):
    """Connects where PROVISIONING_CONNECT_TO says, and still verifies the name that it asks for."""

    def connect(self) -> None:
        plain = _connect(self.host, self.port)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


class _Http(HTTPConnection):
    """The same without TLS."""

    def connect(self) -> None:
        self.sock = _connect(self.host, self.port)


def _connect(host: str, port: int) -> socket.socket:
    return socket.create_connection(connect_to(host, port), timeout=_TIMEOUT)


def healthy(url: str) -> bool:
    """Whether the URL answers with 2xx or 3xx, over a trusted connection where it is https."""
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
                self.look()
            except (BotoCoreError, ClientError, ResponseParserError) as error:
                _say(f"the cloud does not answer: {type(error).__name__}")

    def look(self) -> None:
        """Probe everything once; a definition that is none is named, and holds up no other."""
        for name in self._definitions():
            try:
                self._probe(json.loads(self._ssm.get_parameter(Name=name)["Parameter"]["Value"]))
            except (KeyError, TypeError, ValueError, ClientError) as error:
                _say(f"{name} is not probed: {type(error).__name__} {error}")

    def _definitions(self) -> list[str]:
        pages = self._ssm.get_paginator("describe_parameters").paginate()
        return [found["Name"] for page in pages for found in page["Parameters"] if "/probes/" in found["Name"]]

    def _probe(self, definition: dict[str, Any]) -> None:
        dimensions = [{"Name": name, "Value": value} for name, value in definition["dimension"].items()]
        value = 1.0 if healthy(definition["url"]) else 0.0
        metric = {"MetricName": definition["metric"], "Dimensions": dimensions, "Value": value}
        self._cloudwatch.put_metric_data(Namespace=definition["namespace"], MetricData=[metric])


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - its log


def serve(port: int) -> None:
    """Probe until the process is ended; the port opens after the first round, which tells that all is well."""
    prober = Prober()
    prober.look()
    with socket.create_server(("127.0.0.1", port)):
        prober.run(threading.Event())
