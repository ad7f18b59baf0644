"""Serving DNS, by UDP and TCP, for the name server and the resolver."""

from typing import Any

from dnslib.server import BaseResolver, DNSServer


class _Quiet:
    """A silent logger for dnslib: queries are not worth a log line."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_arguments: None


def answer(resolver: BaseResolver, port: int) -> None:
    """Answer until the process ends."""
    servers = [DNSServer(resolver, address="127.0.0.1", port=port, tcp=tcp, logger=_Quiet()) for tcp in (False, True)]
    servers[0].start_thread()
    servers[1].start()
