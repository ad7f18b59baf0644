"""Certificates: names that DNS can prove, and a place where a client sees each of them."""

from collections.abc import Iterator

from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.places import Wrong
from provisioning_assets.engagement.validation.domains import expected_of
from provisioning_assets.engagement.validation.records import inside


def certificate_problems(environment: Environment) -> Iterator[Wrong]:
    """What breaks a rule of this file."""
    zone = environment.dns.zone
    for position, certificate in enumerate(environment.certificates.certificates):
        place = ("certificates", "certificates", position)
        for number, name in enumerate(certificate.names):
            here = (*place, "names", number)
            if expected_of(name.removeprefix("*.")):
                continue  # no domain name, which is another rule's matter
            if not inside(name.removeprefix("*."), zone):
                what = f"{name} lies outside the zone {zone}, so DNS cannot prove it"
                yield Wrong(here, what, f"a name that ends in {zone}")
            elif _wildcard(name) in certificate.names and not name.startswith("*."):
                what = f"{name} is covered by {_wildcard(name)}; authorities refuse an order with both"
                yield Wrong(here, what, "one of the two")
        if not certificate.served_at and all(name.startswith("*.") for name in certificate.names):
            what = f"nobody can look at {certificate.name} as it is served: it has wildcards only"
            yield Wrong(place, what, "`served_at` with a host name")
        for number, host in enumerate(certificate.served_at):
            if not expected_of(host) and host not in certificate.names and _wildcard(host) not in certificate.names:
                what = f"the certificate {certificate.name} does not cover {host}"
                yield Wrong((*place, "served_at", number), what, "a host that one of its names covers")


def _wildcard(name: str) -> str:
    return "*." + name.partition(".")[2]
