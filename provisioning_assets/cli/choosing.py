"""What `check` is to look at: environments and items, by the names that people type."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provisioning_assets.core.evidence import Judgement, State
from provisioning_assets.core.items import Item, Standing
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.report.names import Address, fits, meant
from provisioning_assets.runs.graph import Graph


@dataclass(frozen=True, slots=True)
class Chosen:
    """Of one environment: the items to check, by asset and name, None for all; and those that are not built."""

    environment: str
    items: frozenset[tuple[str, str]] | None
    planned: tuple[Standing, ...]

    @property
    def runs(self) -> bool:
        """Whether there is anything that can be checked."""
        return self.items is None or bool(self.items)

    def has(self, standing: Standing) -> bool:
        """Whether it is one of the items to check."""
        return self.items is None or (standing.asset, standing.item.name) in self.items


def choose(graph: Graph, names: Sequence[str]) -> list[Chosen]:
    """Each environment to look at, in order of promotion. A name is that of an environment or of an item.

    `ProvisioningError` with what may be meant when a name is neither, or no item of the environments that are named.
    """
    every = [each.name for each in graph.engagement.environments]
    environments = [name for name in every if name in names] or every
    wanted = list(dict.fromkeys(name for name in names if name not in every))
    there = dict(_items(graph, environments))
    unknown = [name for name in wanted if not any(fits(name, address) for address in there)]
    if unknown:
        raise _unknown(graph, unknown, environments)
    return [
        each
        for each in (_chosen(environment, wanted, there) for environment in environments)
        if not wanted or each.runs or each.planned
    ]


def _chosen(environment: str, wanted: Sequence[str], there: dict[Address, Item]) -> Chosen:
    own = {
        address: item
        for address, item in there.items()
        if address[0] == environment and (not wanted or any(fits(name, address) for name in wanted))
    }
    built = frozenset((asset, name) for (_, asset, name), item in own.items() if not item.planned)
    never = Judgement(State.NOT_RUN, "never checked")
    planned = tuple(Standing(item, asset, environment, never) for (_, asset, _), item in own.items() if item.planned)
    return Chosen(environment, built if wanted else None, planned)


def _items(graph: Graph, environments: Sequence[str]) -> Iterator[tuple[Address, Item]]:
    for environment in environments:
        for task in graph.of(environment):
            yield from (((environment, task.name, item.name), item) for item in task.rules)


def _unknown(graph: Graph, names: Sequence[str], environments: Sequence[str]) -> ProvisioningError:
    every = [each.name for each in graph.engagement.environments]
    addresses = list(dict(_items(graph, every)))
    hints = list(filter(None, (meant(name, addresses) for name in names)))
    items = ", ".join(sorted({item for *_, item in addresses}))
    rest = [f"The environments are {', '.join(every)}.", *([] if hints else [f"The items are {items}."])]
    named = ", ".join(f"`{name}`" for name in names)
    return ProvisioningError(
        f"{named}: neither an environment of {graph.engagement.name} nor a readiness item of {', '.join(environments)}",
        remedy=" ".join([*hints, *rest]),
    )
