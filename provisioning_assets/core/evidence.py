"""Evidence, and the one function that turns it into a state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Self

from provisioning_assets.core.plan import Json

_NAMED = 5
"""How many things that are wrong a summary names; the evidence has all of them."""


class State(StrEnum):
    """What is known of a readiness item. Only `green` is green."""

    GREEN = "green"
    RED = "red"
    NOT_RUN = "not_run"
    STALE = "stale"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a readiness item answers: a verdict, a sentence for people, evidence for machines."""

    ready: bool
    summary: str
    evidence: Mapping[str, Json] = field(default_factory=dict)
    unknown: bool = False
    """True when nobody could tell. Not ready, and no statement about the thing itself."""

    @classmethod
    def green(cls, summary: str, **evidence: Json) -> Self:
        """The claim was seen to be true."""
        return cls(ready=True, summary=summary, evidence=evidence)

    @classmethod
    def red(cls, summary: str, **evidence: Json) -> Self:
        """The claim is false, or nothing shows it to be true."""
        return cls(ready=False, summary=summary, evidence=evidence)

    @classmethod
    def could_not_tell(cls, summary: str, **evidence: Json) -> Self:
        """Red, because nobody could look."""
        return cls(ready=False, summary=f"could not check: {summary}", evidence=evidence, unknown=True)

    @classmethod
    def over(cls, things: str, problems: Mapping[str, str | None]) -> Self:
        """One verdict over many things: `problems` has each thing looked at, and what is wrong with it.

        Having looked at nothing is red: an empty answer proves nothing.
        """
        if not problems:
            return cls.red(f"no {things} found: nothing was checked")
        wrong = {name: problem for name, problem in problems.items() if problem}
        looked_at: dict[str, Json] = {name: problem or "ok" for name, problem in problems.items()}
        if wrong:
            first = "; ".join(f"{name}: {problem}" for name, problem in list(wrong.items())[:_NAMED])
            rest = f"; and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
            return cls.red(f"{len(wrong)} of {len(problems)} {things}: {first}{rest}", looked_at=looked_at)
        return cls.green(f"all {len(problems)} {things} as they should be", looked_at=looked_at)


@dataclass(frozen=True, slots=True)
class About:
    """What evidence is about: its input, the apply that it follows, and the world that it was seen in."""

    asset: str
    environment: str
    content: str
    shared: str
    epoch: int
    world: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A recorded finding: of which item and rule version, about what, when, by which run."""

    item: str
    rule_version: int
    about: About
    finding: Finding
    observed_at: datetime
    seconds: float
    run: str
    kind: Literal["evidence"] = "evidence"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A person's signed acceptance of a red item, verified by the caller before it gets here."""

    item: str
    asset: str
    environment: str
    owner: str
    reason: str
    expires: datetime
    kind: Literal["waiver"] = "waiver"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The state of one item, why, and the evidence it rests on."""

    state: State
    reason: str
    evidence: Evidence | None = None
    unknown: bool = False
    """Red because nobody could tell, not because of what was seen."""

    @property
    def opens(self) -> bool:
        """True when a gate may open on it."""
        return self.state in {State.GREEN, State.WAIVED}


def judge(
    evidence: Evidence | None,
    *,
    rule_version: int,
    about: About,
    unfinished: str,
    max_age: timedelta,
    now: datetime,
    waivers: Sequence[Waiver] = (),
    compare_content: bool = True,
) -> Judgement:
    """State of an item from its last evidence.

    `about` is what holds now; evidence about anything else is stale. `unfinished` names what
    was started on the asset and never finished: nothing seen before it counts. Promotion compares only the
    `shared` digest (`compare_content=False`), everything else the whole content.
    """
    verdict = _verdict(
        evidence, rule_version=rule_version, about=about, unfinished=unfinished,
        max_age=max_age, now=now, compare_content=compare_content,
    )  # fmt: skip
    if verdict.state is State.GREEN:
        return verdict
    for waiver in waivers:
        if waiver.expires <= now:
            until = waiver.expires.isoformat()
            return Judgement(State.RED, f"the waiver of {waiver.owner} expired at {until}; {verdict.reason}", evidence)
        until = waiver.expires.isoformat()
        reason = f"waived by {waiver.owner} until {until}: {waiver.reason} ({verdict.state}: {verdict.reason})"
        return Judgement(State.WAIVED, reason, evidence)
    return verdict


def _verdict(
    evidence: Evidence | None,
    *,
    rule_version: int,
    about: About,
    unfinished: str,
    max_age: timedelta,
    now: datetime,
    compare_content: bool,
) -> Judgement:
    if evidence is None:
        return Judgement(State.NOT_RUN, "never checked")
    seen = evidence.about
    age = now - evidence.observed_at
    stale = (
        (bool(unfinished), f"{unfinished} was started after epoch {seen.epoch} and never finished"),
        (seen.epoch != about.epoch, f"checked at epoch {seen.epoch}, the last apply is epoch {about.epoch}"),
        (seen.world != about.world, "checked in another world (account, state, servers asked or engine differ)"),
        (evidence.rule_version != rule_version, "checked by another version of the rule"),
        (seen.shared != about.shared, "checked for another input"),
        (compare_content and seen.content != about.content, "checked for another content"),
        (age > max_age, f"checked {_span(age)} ago, allowed are {_span(max_age)}"),
        (age < -timedelta(minutes=5), "checked in the future: a clock is wrong"),
    )
    for is_stale, why in stale:
        if is_stale:
            return Judgement(State.STALE, why, evidence)
    finding = evidence.finding
    return Judgement(State.GREEN if finding.ready else State.RED, finding.summary, evidence, finding.unknown)


def _span(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.0f} h" if hours >= 1 else f"{span.total_seconds() / 60:.0f} min"
