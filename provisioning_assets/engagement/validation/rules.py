"""What has to hold across the keys of an engagement file: each rule yields what it finds wrong, and knows no other."""

from collections.abc import Callable, Iterator
from pathlib import Path

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.places import Found
from provisioning_assets.engagement.validation.certificates import (
    certificate_problems,
    import_problems,
    key_type_problems,
)
from provisioning_assets.engagement.validation.code import code_problems
from provisioning_assets.engagement.validation.configuration import config_problems, prefix_problems
from provisioning_assets.engagement.validation.dashboards import dashboard_problems
from provisioning_assets.engagement.validation.delegations import delegation_problems
from provisioning_assets.engagement.validation.differences import difference_problems
from provisioning_assets.engagement.validation.domains import domain_problems
from provisioning_assets.engagement.validation.folders import folder_problems
from provisioning_assets.engagement.validation.launch import launch_problems
from provisioning_assets.engagement.validation.lengths import length_problems
from provisioning_assets.engagement.validation.monitoring import monitoring_problems
from provisioning_assets.engagement.validation.neighbours import neighbour_problems
from provisioning_assets.engagement.validation.records import record_problems
from provisioning_assets.engagement.validation.repeats import header_repeat_problems, repeat_problems
from provisioning_assets.engagement.validation.secret_values import secret_value_problems
from provisioning_assets.engagement.validation.secrets import secret_problems, source_problems
from provisioning_assets.engagement.validation.separation import separation_problems
from provisioning_assets.engagement.validation.stages import stage_problems
from provisioning_assets.engagement.written import Written

TEXT_RULES: tuple[Callable[[Json], Iterator[Found]], ...] = (secret_value_problems,)
"""About the content of the file, whatever it means."""

WRITTEN_RULES: tuple[Callable[[Written], Iterator[Found]], ...] = (
    launch_problems,
    header_repeat_problems,
    folder_problems,
    neighbour_problems,
    difference_problems,
)
"""About the launch, its environments and their differences, before anything is filled in."""

ENVIRONMENT_RULES: tuple[Callable[[Environment], Iterator[Found]], ...] = (
    repeat_problems,
    stage_problems,
    domain_problems,
    record_problems,
    delegation_problems,
    certificate_problems,
    key_type_problems,
    import_problems,
    secret_problems,
    prefix_problems,
    monitoring_problems,
)
"""About what one environment really gets."""

REPOSITORY_RULES: tuple[Callable[[Environment, Path], Iterator[Found]], ...] = (code_problems, source_problems)
"""About what an environment names in the repository, or must not name there."""

ENGAGEMENT_RULES: tuple[Callable[[Engagement], Iterator[Found]], ...] = (
    separation_problems,
    length_problems,
    config_problems,
    dashboard_problems,
)
"""About all environments side by side, and about the files that the engagement names."""
