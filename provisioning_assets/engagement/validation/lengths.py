"""Names that are joined of an engagement's and an environment's: none is longer than a product takes."""

from collections.abc import Iterator

from provisioning_assets.engagement.models import Engagement, Sections
from provisioning_assets.engagement.places import Wrong


def length_problems(engagement: Engagement) -> Iterator[Wrong]:
    """What breaks a rule of this file: before anything is made, instead of in the middle of an apply."""
    for position, environment in enumerate(engagement.environments):
        for section in Sections.model_fields:
            provider = getattr(getattr(environment, section), "provider", None)
            if provider is None:
                continue
            for form, longest in provider.longest.items():
                name = form.format(scope=f"{engagement.name}-{environment.name}")
                if len(name) > longest:
                    what = f"{provider.name} would have {name}, of {len(name)} characters"
                    wanted = f"at most {longest}: a shorter name of the environment or the engagement"
                    yield Wrong(("environments", position, "name"), what, wanted)
