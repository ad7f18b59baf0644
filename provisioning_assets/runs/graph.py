"""The lineage of an engagement: its assets, what each stands on, and the digests that follow from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from provisioning_assets.core.digests import Digests, Inputs, combine
from provisioning_assets.core.items import Item
from provisioning_assets.engagement.models import Engagement

Needs = frozenset[str]
"""What a run with this asset asks for as it begins: `aws`, `secret store`, `secret values`, `certificate authority`,
`name servers`."""


@dataclass(frozen=True, slots=True)
class Node:
    """One asset of one environment. `upstream` names assets of the same environment."""

    asset: str
    environment: str
    upstream: tuple[str, ...]
    items: tuple[Item, ...]
    needs: Needs
    inputs: Inputs
    is_stage: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Environment and asset."""
        return self.environment, self.asset


@dataclass(frozen=True)
class Lineage:
    """Every node of an engagement, upstream first."""

    engagement: Engagement
    nodes: tuple[Node, ...]

    def node(self, environment: str, asset: str) -> Node:
        """The node of this asset; `KeyError` when the engagement has no such asset."""
        return self._by_key[environment, asset]

    def of(self, environment: str) -> Iterator[Node]:
        """The nodes of one environment, upstream first."""
        return (node for node in self.nodes if node.environment == environment)

    def upstream(self, environment: str, asset: str) -> list[Node]:
        """Every node that the asset stands on, direct or not, upstream first."""
        wanted = set(self.node(environment, asset).upstream)
        for node in reversed(list(self.of(environment))):
            if node.asset in wanted:
                wanted.update(node.upstream)
        return [node for node in self.of(environment) if node.asset in wanted]

    def digests(self, environment: str, asset: str) -> Digests:
        """Content and shared digest of an asset, from files alone."""
        return self._digests[environment, asset]

    @cached_property
    def _by_key(self) -> Mapping[tuple[str, str], Node]:
        return {node.key: node for node in self.nodes}

    @cached_property
    def _digests(self) -> Mapping[tuple[str, str], Digests]:
        found: dict[tuple[str, str], Digests] = {}
        for node in self.nodes:
            upstream = {name: found[node.environment, name] for name in node.upstream}
            where = self.engagement.environment(node.environment).model_dump(mode="json", include={"name", "region"})
            found[node.key] = combine(node.inputs, environment=where, upstream=upstream)
        return found
