"""Settings of DNS products."""

from typing import Annotated, ClassVar, Literal

from provisioning_assets.backends.addresses import HostPort, Url, host_port, url
from provisioning_assets.backends.backend import IDENTITY, Settings
from provisioning_assets.backends.forms import Form
from provisioning_assets.backends.variables import AWS, texts


class Route53(Settings):
    """Amazon Route 53: a hosted zone of the account."""

    variables: ClassVar = AWS
    name: Literal["route53"] = "route53"


class Rfc2136(Settings):
    """A name server that takes dynamic updates (RFC 2136), such as BIND or Knot."""

    variables: ClassVar = {"RFC2136_NAMESERVER": host_port, **texts("RFC2136_TSIG_FILE")}
    name: Literal["rfc2136"] = "rfc2136"
    server: Annotated[HostPort | None, IDENTITY] = None
    """The primary server, `HOST`, `HOST:PORT` or `[IPv6]:PORT`; must be the profile's RFC2136_NAMESERVER, which is the
    default."""
    key: Annotated[
        Annotated[str, Form(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,252}[A-Za-z0-9_.])?", "the key's name, as a domain name")]
        | None,
        IDENTITY,
    ] = None
    """Name of the TSIG key that RFC2136_TSIG_FILE of the profile holds."""


class PowerDns(Settings):
    """A PowerDNS Authoritative server, by its HTTP API."""

    variables: ClassVar = {"PDNS_SERVER_URL": url, **texts("PDNS_API_KEY")}
    name: Literal["powerdns"] = "powerdns"
    address: Annotated[Url | None, IDENTITY] = None
    """Where its API is, without a path; must be the profile's PDNS_SERVER_URL, which is the default."""
    server_id: Annotated[str, IDENTITY, Form(r"[A-Za-z0-9._-]+", "letters, digits, `.`, - and _")] = "localhost"
    """Which server of that API; a PowerDNS calls itself `localhost`."""
