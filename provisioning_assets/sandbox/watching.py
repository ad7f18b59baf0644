"""What the watching members share: they look at the emulated cloud repeatedly."""

import socket
import threading
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from provisioning_assets.sandbox.processes import say


def client(service: str) -> Any:
    """A client that tries once, because there is a next look. The emulated cloud loads a service on first request."""
    settings = Config(connect_timeout=1, read_timeout=10, retries={"total_max_attempts": 1})
    session: Any = boto3.session.Session()
    return session.client(service, config=settings)


def watch(look: Callable[[], None], every: float, port: int) -> None:
    """Look every so many seconds until the process ends, even while the cloud is away.

    The port accepts connections after the first complete look, which is the sign that the member is ready.
    """
    pause = threading.Event()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        while True:
            try:
                look()
            except (BotoCoreError, ClientError, ResponseParserError) as error:
                say(f"the cloud does not answer: {type(error).__name__}")
            else:
                listener.listen()
            pause.wait(every)
