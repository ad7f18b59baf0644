"""Access: addresses and credentials of an environment's servers. The only module that reads the process's variables.

An environment has a profile of its own (a file of variables), or the variables of this process if none is named.
No part of one environment's access reaches another, so that one process can work on both.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from provisioning_assets.backends.addresses import InTheClear, is_loopback, url
from provisioning_assets.backends.variables import Variables, texts
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import Misdirected, ProviderFailed

_OF_CHILDREN = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
"""Variables of this process that a program which we start inherits: how to run, and no credentials."""

_NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE")
PASS_ON = "PROVISIONING_PASS_ON"  # noqa: S105 - the name of a variable
EMULATION = "PROVISIONING_EMULATION"
VARIABLES: Variables = texts(*_NETWORK, PASS_ON, EMULATION)
"""What this module reads from a profile."""
OF_PROCESS = "the variables of this process"


@dataclass(frozen=True, eq=False)
class Access:
    """One environment's variables. The `repr` leaves them out: credentials are among them."""

    name: str
    """For people: `profile sandbox (<file>)`, or `OF_PROCESS`."""
    variables: Mapping[str, str] = field(repr=False)
    region: str = ""
    account: str | None = None
    """The account in which the environment is declared to be."""
    folder: Path = field(default_factory=Path.cwd)
    """The repository, to which paths in settings are relative."""
    given: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The operator's own variables, which may hold initial values of secrets."""

    def get(self, name: str) -> str:
        """A variable; empty when it is not set."""
        return self.variables.get(name, "")

    @property
    def emulation(self) -> str:
        """The emulation that `PROVISIONING_EMULATION` names; empty for a real cloud."""
        return self.get(EMULATION)

    @property
    def passed_on(self) -> set[str]:
        """Names in `PROVISIONING_PASS_ON`, separated by commas: variables that programs get, too."""
        return {name.strip() for name in self.get(PASS_ON).split(",")}

    def address(self, declared: str | None, variable: str, server: str) -> str:
        """The server's address, from the profile. One in an engagement file must equal it, or nothing is sent.

        Credentials go over plain http only to this machine.
        """
        own = self.get(variable)
        if not (own or declared):
            raise ProviderFailed(
                f"there is no address of {server}",
                where=self.name,
                remedy=f"set {variable} in the environment's profile; for the sandbox: provisioning sandbox start",
            )
        if declared and declared.rstrip("/") != own.rstrip("/"):
            profile = f"{self.name} says {own}" if own else f"{self.name} has no {variable}"
            raise Misdirected(
                f"nothing is sent to {server}: its address is not the profile's",
                [f"the engagement file says {declared}", profile],
                remedy=f"correct one of the two: credentials go only where {variable} of the profile leads",
            )
        return safe(own, variable, server)

    def proxies(self, address: str) -> dict[str, str]:
        """Proxies for an address, as the `requests` library takes them; none for this machine."""
        if is_loopback(urlsplit(address).hostname or ""):
            return {}
        found = {scheme: self.get(f"{scheme}_proxy") for scheme in ("http", "https")}
        found = {scheme: proxy or self.get(f"{scheme}_proxy".upper()) for scheme, proxy in found.items()}
        return {scheme: proxy for scheme, proxy in found.items() if proxy}

    def for_child(self, *prefixes: str) -> dict[str, str]:
        """Variables for a program that works for this environment: how to run, and those with one of the prefixes.

        `PROVISIONING_PASS_ON` names more.
        """
        more = self.passed_on
        run = {name: value for name in _OF_CHILDREN if (value := os.environ.get(name)) is not None}
        own = {
            name: value
            for name, value in self.variables.items()
            if name in more or name in _NETWORK or name.startswith(prefixes)
        }
        return {**run, **own}

    def viewpoint(self, *names: str) -> dict[str, Json]:
        """Variables that define a vantage point."""
        return {name: self.get(name) for name in names}


def safe(address: str, variable: str, server: str) -> str:
    """An address of a variable, to which credentials may go."""
    try:
        return url(address)
    except InTheClear:
        raise Misdirected(
            f"nothing is sent to {server} in the clear",
            [f"{address} is plain http, and not on this machine"],
            remedy=f"give {variable} an address that begins with https://",
        ) from None
    except ValueError as error:
        shown = variable if "@" in address else f"{variable}={address}"  # there may be a password
        raise ProviderFailed(f"the address of {server} is none", where=shown, remedy=f"write {error}") from None


def process_variables() -> dict[str, str]:
    """A copy of this process's variables."""
    return dict(os.environ)


def forget(*names: str) -> None:
    """Take variables out of this process, for a library that would follow them whatever it is told."""
    for name in names:
        os.environ.pop(name, None)


def of_process(region: str = "", account: str | None = None, folder: Path | None = None) -> Access:
    """The access of an environment that names no profile."""
    variables = process_variables()
    return Access(OF_PROCESS, variables, region, account, folder or Path.cwd(), variables)
