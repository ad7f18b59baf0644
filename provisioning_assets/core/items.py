"""Readiness items, where each stands, and the one function that decides."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from provisioning_assets.core.evidence import Judgement, State
from provisioning_assets.core.kinds import Capability

Holds = Literal["promotion", "launch"]

REVIEW_ITEMS = (
    "Production environments provisioned and verified by IaC plan-and-apply",
    "DNS records published with documented TTL; propagation verified globally",
    "TLS certificates issued and verified; auto-renewal working in staging",
    "Production secrets populated and accessible to the deployment pipeline",
    "Monitoring dashboards live and showing data from production health checks",
    "Alert routing configured and tested with a synthetic alert",
    "Documented rollback plan reviewed and signed off by the launch commander",
    "On-call rotation aware of the launch window and named contacts confirmed",
)
"""The items of the readiness review, in its order; an item's number is its place, from 1."""

WORST_FIRST = (State.RED, State.NOT_RUN, State.STALE, State.WAIVED, State.GREEN)


def worst(states: Iterable[State]) -> State:
    """The worst of some states: `not_run` of none."""
    return min(states, key=WORST_FIRST.index, default=State.NOT_RUN)


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
    within: timedelta = timedelta(minutes=2)
    """Deadline of its check: a check that takes longer could not tell."""
    rule: Callable[[], str] = field(default=str, compare=False, repr=False)
    """Answers with the version of the rule, asked when it is needed; empty for an item without a check."""
    requires: tuple[Capability, ...] = ()
    """What it needs of a product; without it the verdict is `not_tested`, before the check runs."""
    waivable: bool = True
    lasting: bool = False
    """A slow proof: while its evidence is green and counts, a run states it again without repeating it."""
    drill: bool = False
    """Its proof disturbs the environment on purpose: a drift run, which nobody watches, leaves it alone."""
    derived: bool = False
    """States what others prove: it is stale as soon as one of them is not green."""
    of_runs: bool = False
    """What a run itself leaves as evidence of how it ended; no check looks at it."""
    planned: bool = False
    """No check exists yet: nothing that can be run makes it green."""

    @property
    def version(self) -> str:
        """Digest of the rule, as its check's code has it: evidence of another one is stale."""
        return self.rule()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one item of one asset stands now."""

    item: Item
    asset: str
    environment: str
    judgement: Judgement

    @property
    def address(self) -> str:
        """`<environment>/<asset>: <item>`."""
        return f"{self.environment}/{self.asset}: {self.item.name}"

    def __str__(self) -> str:
        return f"{self.address} is {self.judgement.state}: {self.judgement.reason}"


def closed_by(standings: Sequence[Standing]) -> list[Standing]:
    """The items that keep a promotion gate closed: those that hold it and are neither green nor waived."""
    return [s for s in standings if s.item.gates == "promotion" and not s.judgement.opens]


class Decision(StrEnum):
    """What the record says about the launch; a person still decides."""

    GO = "GO"
    NO_GO = "NO-GO"


@dataclass(frozen=True, slots=True)
class Against:
    """One reason for NO-GO: what, in which state, and the standing behind it, if there is one."""

    what: str
    state: State
    summary: str
    review_item: int
    standing: Standing | None = None

    def __str__(self) -> str:
        return f"{self.what} is {self.state}: {self.summary}"


@dataclass(frozen=True, slots=True)
class Decided:
    """GO, or every reason against it."""

    against: tuple[Against, ...]

    @property
    def decision(self) -> Decision:
        """GO only when nothing speaks against it."""
        return Decision.NO_GO if self.against else Decision.GO


def decide(standings: Sequence[Standing], environments: Sequence[str]) -> Decided:
    """GO when every item of every environment opens, each review item has a check, and each environment was looked at.

    `ValueError` for a standing that belongs to none of them: it must not vanish from the decision.
    """
    for standing in standings:
        if not 1 <= standing.item.review_item <= len(REVIEW_ITEMS) or standing.environment not in environments:
            raise ValueError(f"no place in the review: {standing}")
    covered = {standing.item.review_item for standing in standings}
    looked_at = {standing.environment for standing in standings}
    gaps = [
        Against(f"{number}. {title}", State.NOT_RUN, "no check exists", number)
        for number, title in enumerate(REVIEW_ITEMS, 1)
        if number not in covered
    ]
    gaps += [
        Against(name, State.NOT_RUN, "nothing was checked in this environment", 1)
        for name in environments
        if name not in looked_at
    ]
    in_order = sorted(standings, key=lambda s: (s.item.review_item, environments.index(s.environment)))
    closed = [
        Against(s.address, s.judgement.state, s.judgement.reason, s.item.review_item, s)
        for s in in_order
        if not s.judgement.opens
    ]
    return Decided((*gaps, *closed))
