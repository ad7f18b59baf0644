"""What the members have in common that only watch: they look at the emulated cloud again and again."""

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
    """A client that asks once: there is a next look. The emulated cloud loads a service at its first request."""
    settings = Config(connect_timeout=1, read_timeout=10, retries={"total_max_attempts": 1})
    session: Any = boto3.session.Session()
    return session.client(service, config=settings)


def watch(look: Callable[[], None], every: float, port: int) -> None:
    """Look every so many seconds, until the process is ended; a cloud that is away is looked for again.

    The port takes connections from the first look on that saw everything: that is how one tells that all is well.
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
