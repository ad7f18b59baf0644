"""Secrets: populated once, readable by those who need them and by nobody else."""

from collections.abc import Mapping, Sequence

from provisioning_assets.assets.task import SECRET_STORE, AWS, Declared, Task, equals_declared, inputs, section
from provisioning_assets.errors import ApplyFailed
from provisioning_assets.evidence import Finding
from provisioning_assets.plan import Attributes, Change
from provisioning_assets.providers.secrets.sources import value_of
from provisioning_assets.providers.secrets.structure import (
    CERTIFICATES,
    certificates_mount,
    desired_structure,
    mount_of,
    pipeline_role,
)
from provisioning_assets.readiness import readiness_item
from provisioning_assets.resources import Work
from provisioning_assets.spec.engagement import Engagement, Environment
