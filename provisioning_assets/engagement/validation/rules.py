"""What has to hold across the keys of an engagement file: pure rules, each yields the problems that it finds."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from provisioning_assets.engagement.document import Document
from provisioning_assets.engagement.models import Engagement, Environment, Header
from provisioning_assets.engagement.validation import (
    certificates,
    differences,
    files,
    launch,
    monitoring,
    records,
    secret_values,
    secrets,
    separation,
    stages,
)
from provisioning_assets.errors import Problem


def of_text(document: Document) -> Iterator[Problem]:
    """Rules about what is written, whatever it means."""
    return secret_values.in_document(document)


def of_header(document: Document, header: Header, folder: Path) -> Iterator[Problem]:
    """Rules about the launch, its environments and their differences."""
    return chain(launch.check(document, header, folder), differences.check(document, header, folder))


def of_environment(document: Document, environment: Environment, repository: Path) -> Iterator[Problem]:
    """Rules about what one environment really gets."""
    return chain(
        stages.check(document, environment, repository),
        records.check(document, environment),
        certificates.check(document, environment),
        secrets.check(document, environment),
        files.check_prefix(document, environment),
        monitoring.check(document, environment),
    )


def of_engagement(document: Document, engagement: Engagement) -> Iterator[Problem]:
    """Rules about all environments side by side, and about the files that the engagement names."""
    return chain(separation.check(document, engagement), files.check(document, engagement))
