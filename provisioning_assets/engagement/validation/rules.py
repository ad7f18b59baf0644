"""What has to hold across the keys of an engagement file: pure rules, each yields the problems that it finds."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from provisioning_assets.engagement.document import Document
from provisioning_assets.engagement.models import Engagement, Environment, Header
from provisioning_assets.engagement.validation.certificates import certificate_problems
from provisioning_assets.engagement.validation.differences import difference_problems
from provisioning_assets.engagement.validation.files import file_problems, prefix_problems
from provisioning_assets.engagement.validation.launch import launch_problems
from provisioning_assets.engagement.validation.monitoring import monitoring_problems
from provisioning_assets.engagement.validation.records import record_problems
from provisioning_assets.engagement.validation.secret_values import secret_value_problems
from provisioning_assets.engagement.validation.secrets import secret_problems
from provisioning_assets.engagement.validation.separation import separation_problems
from provisioning_assets.engagement.validation.stages import stage_problems
from provisioning_assets.errors import Problem


def of_text(document: Document) -> Iterator[Problem]:
    """Rules about what is written, whatever it means."""
    return secret_value_problems(document)


def of_header(document: Document, header: Header, folder: Path) -> Iterator[Problem]:
    """Rules about the launch, its environments and their differences."""
    return chain(launch_problems(document, header, folder), difference_problems(document, header, folder))


def of_environment(document: Document, environment: Environment, repository: Path) -> Iterator[Problem]:
    """Rules about what one environment really gets."""
    return chain(
        stage_problems(document, environment, repository),
        record_problems(document, environment),
        certificate_problems(document, environment),
        secret_problems(document, environment),
        prefix_problems(document, environment),
        monitoring_problems(document, environment),
    )


def of_engagement(document: Document, engagement: Engagement) -> Iterator[Problem]:
    """Rules about all environments side by side, and about the files that the engagement names."""
    return chain(separation_problems(document, engagement), file_problems(document, engagement))
