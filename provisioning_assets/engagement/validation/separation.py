"""What each environment has to itself: two that share it would overwrite, or feed, each other."""

from collections.abc import Iterator

from provisioning_assets.backends.backend import Own
from provisioning_assets.engagement.models import Engagement, Environment, Sections
from provisioning_assets.engagement.places import Place, Wrong


def separation_problems(engagement: Engagement) -> Iterator[Wrong]:
    """What breaks a rule of this file."""
    owners: dict[tuple[Place, object], str] = {}
    for environment in engagement.environments:
        for place, together, value in _own(environment):
            other = owners.setdefault((place, value), environment.name)
            if other != environment.name:
                told = f"{other} and {environment.name} {together}, {value}"
                yield Wrong(place, told, "one of its own for each: ${environment}, or a difference")
    yield from _nested(engagement)


def _nested(engagement: Engagement) -> Iterator[Wrong]:
    """Paths of keys that lie one below the other: whoever reads the upper one takes all below it for its own."""
    place, wanted = ("runtime_config", "prefix"), "a path beside it"
    for number, environment in enumerate(engagement.environments):
        mine = environment.runtime_config.prefix
        for other in engagement.environments[:number]:
            theirs = other.runtime_config.prefix
            if mine != theirs and (_below(mine, theirs) or _below(theirs, mine)):
                yield Wrong(
                    place, f"of {other.name}'s {theirs} and {environment.name}'s {mine}, one holds the other", wanted
                )
        for other in engagement.environments:
            for path in other.monitoring.provider.parameters:
                kept = path.format(scope=f"{engagement.name}-{other.name}")
                if _below(mine, kept) or _below(kept, mine):
                    what = f"{environment.name}'s {mine} holds what the monitoring of {other.name} keeps below {kept}"
                    yield Wrong(place, what, wanted)


def _below(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/")


def _own(environment: Environment) -> Iterator[tuple[Place, str, object]]:
    """Place of what an environment must not share, what those who share it do, and its value there."""
    yield ("dns", "zone"), "publish their records in the same zone", environment.dns.zone
    yield ("runtime_config", "prefix"), "keep their keys below the same path", environment.runtime_config.prefix
    for section in Sections.model_fields:
        provider = getattr(getattr(environment, section), "provider", None)
        for name, field in type(provider).model_fields.items() if provider else ():
            marks = [mark for mark in field.metadata if isinstance(mark, Own)]
            value = getattr(provider, name)
            if marks and value is not None:
                yield (section, "provider", name), marks[0].together, value
