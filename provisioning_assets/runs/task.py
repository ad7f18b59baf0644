"""A task: what one asset of one environment does, what it is made from, and what proves it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypedDict, Unpack

import rfc8785

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.backend import Settings
from provisioning_assets.core.digests import Inputs
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.items import Holds, Item
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.core.plan import Json
from provisioning_assets.core.reconcile import Target
from provisioning_assets.engagement.content import content_of
from provisioning_assets.engagement.models import Engagement, Environment, Sections
from provisioning_assets.engagement.placeholders import names
from provisioning_assets.runs.rules import version_of

LAST_RUN = "last_run_succeeded"
"""The item about an asset's own runs."""

Check = Callable[..., Finding]
"""Finds out whether a claim is true; called with the `AssetRun`."""


@dataclass(frozen=True, slots=True)
class ReadinessItem:
    """An item, and the function that checks its claim; None for an item without a check."""

    item: Item
    check: Check | None


class ItemSettings(TypedDict, total=False):
    """Optional settings of an item; `Item` explains them."""

    within: timedelta
    requires: tuple[Capability, ...]
    waivable: bool
    lasting: bool
    drill: bool
    derived: bool


def readiness_item(
    *,
    review_item: int,
    gates: Holds = "promotion",
    max_age: timedelta = timedelta(hours=24),
    **settings: Unpack[ItemSettings],
) -> Callable[[Check], ReadinessItem]:
    """Turn a function into a readiness item: its name is the claim, its docstring the explanation."""

    def make(check: Check) -> ReadinessItem:
        explained = " ".join((check.__doc__ or "").split())
        rule = partial(version_of, check, settings.get("requires", ()))
        return ReadinessItem(Item(check.__name__, explained, review_item, gates, max_age, rule=rule, **settings), check)

    return make


def planned_item(name: str, description: str, *, review_item: int) -> ReadinessItem:
    """An item whose check does not exist yet: always `not_run`, and it holds the launch."""
    return ReadinessItem(Item(name, description, review_item, "launch", timedelta(days=7), planned=True), None)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One asset of an environment. An asset that writes has a `target`; one that only reports has a `state`."""

    name: str
    environment: str
    description: str
    labels: frozenset[str] = frozenset()
    """Labels that the graph shows beside it, such as the product."""
    upstream: tuple[str, ...] = ()
    """Assets of the same environment that it depends on."""
    inputs: Inputs
    items: tuple[ReadinessItem, ...] = ()
    backends: tuple[Kind, ...] = ()
    """The kinds it uses: their identity is part of its evidence, and a run first requires an answer of each."""
    engine: Settings | None = None
    """The engine that applies it, if it is a stage."""
    views: tuple[Callable[[Access], Mapping[str, Json]], ...] = ()
    """Its vantage points, apart from those that belong to a back end."""
    before_run: Callable[..., None] | None = None
    """Called with the `AssetRun` before a run that carries out the task writes anything."""
    target: Callable[..., Target] | None = None
    """Called with the `AssetRun`."""
    state: Callable[..., Mapping[str, Json]] | None = None
    """Called with the `AssetRun`."""
    gated: bool = True
    """False for an asset that reports the facts, good or bad."""

    @property
    def key(self) -> tuple[str, str]:
        """Environment and asset."""
        return self.environment, self.name

    @property
    def address(self) -> str:
        """`<environment>/<asset>`, for people."""
        return f"{self.environment}/{self.name}"

    @property
    def is_stage(self) -> bool:
        """Whether it is a unit of infrastructure code."""
        return self.engine is not None

    @property
    def rules(self) -> tuple[Item, ...]:
        """The items without their checks."""
        return tuple(readiness.item for readiness in self.items)

    @property
    def checks(self) -> tuple[ReadinessItem, ...]:
        """The items that a run evaluates: those with a check, and `last_run_succeeded`."""
        return tuple(readiness for readiness in self.items if not readiness.item.planned)


def inputs(
    engagement: Engagement,
    items: Sequence[ReadinessItem],
    *,
    own: Json,
    template: Json,
    own_files: Json = None,
    shared_files: Json = None,
) -> Inputs:
    """Inputs of a task: its section as filled in for this environment, and as all environments share it.

    A declared difference that the section or one of its files uses is included by owner and reason, without its values.
    """
    rules = {readiness.item.name: readiness.item.version for readiness in items}
    used = names(rfc8785.dumps([template, shared_files]).decode())
    declared = {
        name: {"owner": difference.owner, "reason": difference.reason}
        for name, difference in engagement.differences.items()
        if name in used
    }
    return Inputs(
        own={"section": own, "files": own_files, "items": rules},
        shared={"section": template, "differences": declared, "files": shared_files, "items": rules},
    )


def section(engagement: Engagement, environment: Environment, name: str) -> tuple[dict[str, Json], dict[str, Json]]:
    """The content of a section as this environment has it, and as the engagement file has it."""
    model = Sections.model_fields[name].annotation
    assert isinstance(model, type)  # noqa: S101 - all sections but the stages are models
    return (
        content_of(model, environment.model_dump(mode="json")[name]),
        content_of(model, engagement.template[name]),
    )
