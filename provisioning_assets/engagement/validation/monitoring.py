"""Monitoring: alerts on probes that exist, probes on what this environment serves."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from provisioning_assets.backends import catalogue
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.engagement.models import Environment
from provisioning_assets.engagement.places import Wrong
from provisioning_assets.engagement.validation.domains import expected_of
from provisioning_assets.engagement.validation.records import inside


def monitoring_problems(environment: Environment) -> Iterator[Wrong]:
    """What breaks a rule of this file."""
    section, zone = environment.monitoring, environment.dns.zone
    probes = [probe.name for probe in section.probes]
    for position, alert in enumerate(section.alerts):
        if alert.probe not in probes:
            place = ("monitoring", "alerts", position, "probe")
            yield Wrong(place, f"there is no probe `{alert.probe}`", choices=probes, written=alert.probe)
    for position, probe in enumerate(section.probes):
        place = ("monitoring", "probes", position, "url")
        scheme, host = _scheme_and_host(probe.url)
        if scheme not in {"http", "https"} or not host:
            yield Wrong(place, f"{probe.url} is no address to look at", "https://HOST/PATH or https://HOST:PORT/PATH")
        elif not inside(host, zone):
            yield Wrong(place, f"{host} lies outside the zone {zone}", f"a host that ends in {zone}")
    if section.logs and (cannot := catalogue.lacks(Kind.MONITORING, section.provider.name).get(Capability.LOGS)):
        able = [each.name for each in catalogue.of_kind(Kind.MONITORING) if Capability.LOGS not in each.lacks]
        what = f"{section.provider.name} keeps no logs: {cannot}"
        yield Wrong(("monitoring", "logs"), what, "no logs; or the provider", choices=able)


def _scheme_and_host(url: str) -> tuple[str, str]:
    """Empty where two readers of the address could take it differently, or its port is none."""
    try:
        split = urlsplit(url)
        usable = split.port != 0 and "@" not in split.netloc
    except ValueError:
        return "", ""
    host = split.hostname or ""
    plain = url.isprintable() and not {" ", "\\"} & set(url) and not expected_of(host)
    return (split.scheme, host) if usable and plain else ("", "")
