"""Certificates: names that can be proven, where they have to be, and a place where a client sees each of them."""

from collections.abc import Collection, Iterator

from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.places import Wrong
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.engagement.validation.delegations import cut_of, handed_over
from provisioning_assets.engagement.validation.domains import expected_of
from provisioning_assets.engagement.validation.records import inside

_USUAL = Certificate.model_fields["key_type"].default


def certificate_problems(environment: Environment) -> Iterator[Wrong]:
    """What breaks a rule of this file."""
    zone, cuts = environment.dns.zone, handed_over(environment)
    proof = environment.certificates.proof
    for position, certificate in enumerate(environment.certificates.certificates):
        place = ("certificates", "certificates", position)
        for number, name in enumerate(certificate.names):
            here = (*place, "names", number)
            if expected_of(name.removeprefix("*.")):
                continue  # no domain name, which is another rule's matter
            if "_" in name:
                yield Wrong(here, f"`{name}` is no host name: authorities refuse `_`", "`www.example.com`")
            elif unproven := _unproven(name, proof, zone, cuts):
                yield Wrong(here, *unproven)
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


def key_type_problems(environment: Environment) -> Iterator[Wrong]:
    """Types of keys that the product is never asked for."""
    section = environment.certificates
    for position, certificate in enumerate(section.certificates):
        if section.keeps_keys and certificate.key_type != _USUAL:
            what = f"{section.provider.name} keeps the keys, and chooses their type"
            yield Wrong(("certificates", "certificates", position, "key_type"), what, "no `key_type`")


def import_problems(environment: Environment) -> Iterator[Wrong]:
    """Copies of what is never given away."""
    section = environment.certificates
    if section.import_into and section.keeps_keys:
        what = f"{section.provider.name} keeps the keys, and serves what it issues: there is nothing to import"
        yield Wrong(("certificates", "import_into"), what, "no `import_into`")


def _unproven(name: str, proof: str | None, zone: str, cuts: Collection[str]) -> tuple[str, str] | None:
    """Why a name cannot be proven, and what can."""
    if proof == "http-01" and name.startswith("*."):
        return f"{name} is a wildcard, which http-01 cannot prove", "names without `*`, or `challenge: dns-01`"
    if proof == "dns-01" and not inside(name.removeprefix("*."), zone):
        return f"{name} lies outside the zone {zone}, so DNS cannot prove it", f"a name that ends in {zone}"
    if proof == "dns-01" and (cut := cut_of(name.removeprefix("*."), cuts)):
        return f"{cut} is handed to other servers, so this zone cannot prove {name}", "a name that the zone answers for"
    return None


def _wildcard(name: str) -> str:
    return "*." + name.partition(".")[2]
