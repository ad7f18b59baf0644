"""Domain names: what a name server and a certificate authority can read."""

import re
from collections.abc import Iterator

from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.places import Wrong

LONGEST = 253
"""Characters of a whole name (RFC 1035: 255 octets on the wire)."""

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}([.]{_LABEL})*")
_EXPECTED = "lower-case labels of at most 63 letters, digits and -, with dots between, no dot at the end"


def domain_problems(environment: Environment) -> Iterator[Wrong]:
    """A zone, or a name of a certificate, that is no domain name."""
    zone = environment.dns.zone
    if expected := expected_of(zone):
        yield Wrong(("dns", "zone"), f"`{zone}` is no domain name", expected)
    for position, certificate in enumerate(environment.certificates.certificates):
        for key, names in (("names", certificate.names), ("served_at", certificate.served_at)):
            for number, name in enumerate(names):
                if expected := expected_of(name.removeprefix("*.") if key == "names" else name):
                    place = ("certificates", "certificates", position, key, number)
                    yield Wrong(place, f"`{name}` is no domain name", expected)


def expected_of(name: str) -> str | None:
    """What a domain name looks like, when this is none."""
    if len(name) <= LONGEST and _DOMAIN.fullmatch(name):
        return None
    return ascii_form(name) or (_EXPECTED if len(name) <= LONGEST else f"at most {LONGEST} characters")


def ascii_form(name: str) -> str | None:
    """How DNS has a name with letters beyond ASCII; None for every other name."""
    if name.isascii():
        return None
    try:
        return f"`{name.lower().encode('idna').decode()}`"
    except UnicodeError:
        return None
