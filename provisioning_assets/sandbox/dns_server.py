"""Serving DNS, by UDP and TCP, for the name server and the resolver."""

from typing import Any

from dnslib.server import BaseResolver, DNSServer


class _Quiet:
    """dnslib's logger, which says nothing: questions are no events."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_arguments: None


def answer(resolver: BaseResolver, port: int) -> None:
    """Answer until the process is ended."""
    servers = [DNSServer(resolver, address="127.0.0.1", port=port, tcp=tcp, logger=_Quiet()) for tcp in (False, True)]
    servers[0].start_thread()
    servers[1].start()
