"""Settings of DNS products."""

from typing import Annotated, Literal

from pydantic import Field

from provisioning_assets.backends.backend import IDENTITY, Settings


class Route53(Settings):
    """Amazon Route 53: a hosted zone of the account."""

    name: Literal["route53"] = "route53"


class Rfc2136(Settings):
    """A name server that takes dynamic updates (RFC 2136), such as BIND or Knot."""

    name: Literal["rfc2136"] = "rfc2136"
    server: Annotated[str, IDENTITY, Field(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$")]
    """The primary server, `HOST`, `HOST:PORT` or `[IPv6]:PORT`; must be the profile's RFC2136_NAMESERVER."""
    key: Annotated[str | None, IDENTITY] = None
    """Name of the TSIG key that RFC2136_TSIG_FILE of the profile holds."""


class PowerDns(Settings):
    """A PowerDNS Authoritative server, by its HTTP API."""

    name: Literal["powerdns"] = "powerdns"
    address: Annotated[str | None, IDENTITY] = None
    """Where its API is, without a path; must be the profile's PDNS_SERVER_URL, which is the default."""
    server_id: Annotated[str, IDENTITY, Field(pattern=r"^[A-Za-z0-9._-]+$")] = "localhost"
    """Which server of that API; a PowerDNS calls itself `localhost`."""
