"""Gates: what must be proven before something is written, read from recorded evidence alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from provisioning_assets.core.evidence import Judgement

Holds = Literal["promotion", "launch"]


@dataclass(frozen=True, slots=True)
class Item:
    """A readiness item: the claim that is true when green, and what it holds back while it is not."""

    name: str
    description: str
    """What is looked at, from where, what red means, what to do."""
    review_item: int
    """Which of the eight items of the readiness review it belongs to, 1 to 8."""
    gates: Holds
    max_age: timedelta
    version: int = 1
    """Counts up when the rule changes: older evidence is then stale."""
    waivable: bool = True
    lasting: bool = False
    """A slow proof: while its evidence is green and counts, a run states it again without repeating it."""
    exercise: bool = False
    """Its proof disturbs the environment on purpose: a drift run, which nobody watches, leaves it alone."""
    derived: bool = False
    """States what others prove: it is stale as soon as one of them is not green."""
    planned: bool = False
    """No check exists yet: nothing that can be run makes it green."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one item of one asset stands now."""

    item: Item
    asset: str
    environment: str
    judgement: Judgement

    def __str__(self) -> str:
        return f"{self.environment}/{self.asset}: {self.item.name} is {self.judgement.state}: {self.judgement.reason}"


def closed_by(standings: Sequence[Standing]) -> list[Standing]:
    """The items that keep a promotion gate closed: those that hold it and are neither green nor waived."""
    return [s for s in standings if s.item.gates == "promotion" and not s.judgement.opens]
