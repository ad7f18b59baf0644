"""A row of the catalogue: one product of a kind."""

from dataclasses import dataclass, field

from provisioning_assets.backends.backend import Settings
from provisioning_assets.backends.emulations import Lacks
from provisioning_assets.core.kinds import Kind


@dataclass(frozen=True, slots=True)
class Product:
    """One product of a kind: its settings, where its class is, what it lacks, and how it is proven."""

    kind: Kind
    settings: type[Settings]
    where: str
    """`module:Class` below the back ends."""
    proven: str
    """The real server that the contract suite runs against, or why there is none."""
    code: str = ""
    """For an engine: the class that reads its source code, in a module that loads none of the engine's libraries."""
    lacks: Lacks = field(default_factory=dict)
    not_tested: tuple[str, ...] = ()
    """What its contract suite cannot show."""

    @property
    def name(self) -> str:
        """The name that engagement files use."""
        return str(self.settings.model_fields["name"].default)
