"""Addresses of servers: what one looks like, judged where it is written. Nothing is asked for.

Each judge raises a `ValueError`, whose text says what was expected and never what was written: a secret may be in it.
"""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_PORTS = range(1, 1 << 16)
_IN_NAMES = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")


class InTheClear(ValueError):
    """What is sent there can be read on the way."""


def url(text: str) -> str:
    """Where requests with credentials may go: https, or plain http on this machine."""
    parts = _split(text)
    if parts is None or parts.scheme not in {"http", "https"} or parts.fragment:
        raise ValueError("`https://HOST` or `https://HOST:PORT`, with its path; http:// leads to this machine only")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise InTheClear("https:// instead of http://: credentials go over plain http on this machine only")
    return text


def host_port(text: str) -> tuple[str, int | None]:
    """Host, in lower case and without brackets, and port, if it is given."""
    parts = _split(f"//{text}")
    if parts is None or parts.netloc != text:
        raise ValueError("`HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`")
    return parts.hostname or "", parts.port


def servers(text: str) -> list[tuple[str, int | None]]:
    """IP addresses, each with its port, if it is given; at least one."""
    try:
        found = [_bare(part) or host_port(part) for part in map(str.strip, text.split(",")) if part]
        for host, _ in found:
            ip_address(host)
    except ValueError:
        found = []
    if not found:
        raise ValueError("IP addresses separated by commas, such as `127.0.0.1:5301` or `[::1]:5301`")
    return found


def ports(text: str) -> list[int]:
    """Numbers of ports, separated by commas."""
    found = [int(part) if part.isascii() and part.isdecimal() else 0 for part in text.split(",")]
    if not all(port in _PORTS for port in found):
        raise ValueError("a number from 1 to 65535")
    return found


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: what is sent there stays on it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _split(text: str) -> SplitResult | None:
    """The parts, if there is a host, perhaps a port, and no user; None where two parsers could read it differently."""
    if not text.isprintable() or {" ", "\\"} & set(text):
        return None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    written = f"[{host}]" if ":" in host else host
    whole = written if port is None else f"{written}:{port}"
    fits = parts.netloc.lower() == whole and _is_host(host) and (port is None or port in _PORTS)
    return parts if fits else None


def _is_host(host: str) -> bool:
    try:
        return bool(ip_address(host)) and "%" not in host
    except ValueError:
        pass
    try:
        name = host.encode("idna").decode()  # no part of it is empty, or longer than 63
    except UnicodeError:
        return False
    last = name.removesuffix(".").rpartition(".")[2]
    return bool(last) and set(name) <= _IN_NAMES and not last.isdecimal()


def _bare(text: str) -> tuple[str, None] | None:
    """An address alone; one of IPv6 needs no brackets then."""
    try:
        return str(ip_address(text)), None
    except ValueError:
        return None


def _judged_by(judge: Callable[[str], object]) -> AfterValidator:
    def judged(text: str) -> str:
        try:
            judge(text)
        except ValueError as error:
            raise PydanticCustomError("address", "{expected}", {"expected": str(error)}) from None
        return text

    return AfterValidator(judged)


Url = Annotated[str, _judged_by(url)]
"""A setting that is the address of a server of HTTP."""

HostPort = Annotated[str, _judged_by(host_port)]
"""A setting that is a host, perhaps with a port."""
