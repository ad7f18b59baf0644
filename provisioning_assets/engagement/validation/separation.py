"""What each environment has to itself: two that share it would overwrite, or feed, each other."""

from collections.abc import Callable, Iterator, Mapping

from provisioning_assets.engagement.document import Document, Place
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.errors import Problem

_OWN: Mapping[Place, tuple[str, Callable[[Environment], str]]] = {
    ("dns", "zone"): ("publish their records in the same zone", lambda each: each.dns.zone),
    ("runtime_config", "prefix"): ("keep their keys below the same path", lambda each: each.runtime_config.prefix),
    ("monitoring", "namespace"): ("report to the same metrics", lambda each: each.monitoring.namespace),
}


def check(document: Document, engagement: Engagement) -> Iterator[Problem]:
    """Every rule of this file."""
    for place, (what, value) in _OWN.items():
        owners: dict[str, str] = {}
        for environment in engagement.environments:
            other = owners.setdefault(value(environment), environment.name)
            if other != environment.name:
                told = f"{other} and {environment.name} {what}, {value(environment)}"
                yield document.problem(place, told, "one of its own for each: ${environment}, or a difference")
