"""An engagement as its file has it, on the way to one whose environments are filled in."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.models import Engagement, Environment, EnvironmentSettings, Header
from provisioning_assets.engagement.placeholders import fill


@dataclass(frozen=True, slots=True)
class Written:
    """The header, the sections with their `${…}`, and where the file lies."""

    header: Header
    sections: dict[str, Json]
    listed: Path
    """The folder as it is listed among the engagements; it may be a link to `folder`."""
    folder: Path
    repository: Path

    def filled(self, settings: EnvironmentSettings) -> dict[str, Json]:
        """The content of one environment, with what `${…}` stands for there."""
        values: dict[str, Json] = {
            name: difference.values[settings.name]
            for name, difference in self.header.differences.items()
            if settings.name in difference.values
        }
        values |= {"engagement": self.header.engagement, "environment": settings.name, "region": settings.region}
        sections = {name: fill(section, values) for name, section in self.sections.items()}
        return {**sections, **settings.model_dump(mode="json"), "values": values}

    def engagement(self, environments: Iterable[Environment]) -> Engagement:
        """The engagement with these environments."""
        header = self.header
        return Engagement(
            name=header.engagement,
            client=header.client,
            promotion=header.promotion,
            launch=header.launch,
            roles=header.roles,
            safety=header.safety,
            differences=header.differences,
            environments=tuple(environments),
            single_environment=header.single_environment,
            template=self.sections,
            folder=self.folder,
            repository=self.repository,
        )
