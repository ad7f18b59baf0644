"""Evidence, and the one function that turns it into a state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol, Self

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


class Verdict(StrEnum):
    """What a check answers. All but GREEN are red; the last two say nothing about the thing itself."""

    GREEN = "green"
    RED = "red"
    COULD_NOT_TELL = "could_not_tell"
    """Nobody could look."""
    NOT_TESTED = "not_tested"
    """This product cannot show it: the catalogue says so."""


class CouldNotTell(str):
    """What is wrong with one thing, when nobody could look at it; any other text says what was seen."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a readiness item answers: a verdict, a sentence for people, details for machines."""

    verdict: Verdict
    summary: str
    details: Mapping[str, Json] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    """Name of each thing that is not as it should be, and why: what a waiver can cover.

    A problem that is about no single thing is named by its summary, so that a waiver covers this one alone.
    """

    @property
    def ready(self) -> bool:
        """Whether the claim was seen to be true."""
        return self.verdict is Verdict.GREEN and not self.problems

    @property
    def error(self) -> Mapping[str, Json]:
        """What kept anybody from looking, if an error did: what, where, cause and remedy."""
        found = self.details.get("error") if self.verdict is Verdict.COULD_NOT_TELL else None
        return found if isinstance(found, Mapping) else {}

    @classmethod
    def green(cls, summary: str, **details: Json) -> Self:
        """The claim was seen to be true."""
        return cls(Verdict.GREEN, summary, details)

    @classmethod
    def red(cls, summary: str, **details: Json) -> Self:
        """The claim is false, or nothing shows it to be true."""
        return cls(Verdict.RED, summary, details, {summary: summary})

    @classmethod
    def could_not_tell(cls, summary: str, **details: Json) -> Self:
        """Red, because nobody could look."""
        words = f"could not check: {summary}"
        return cls(Verdict.COULD_NOT_TELL, words, details, {words: summary})

    @classmethod
    def not_tested(cls, reasons: Mapping[str, str]) -> Self:
        """Red, because this product cannot show it: capability to reason."""
        return cls(Verdict.NOT_TESTED, f"not tested here: {'; '.join(reasons.values())}", {}, dict(reasons))

    @classmethod
    def over(cls, things: str, problems: Mapping[str, str | None], **details: Json) -> Self:
        """One verdict over many things: `problems` has each thing looked at, and what is wrong with it.

        Having looked at nothing is red: an empty answer proves nothing. What was seen to be wrong weighs more than
        what could not be looked at (`CouldNotTell`), and either weighs more than all that is right.
        """
        if not problems:
            return cls.red(f"no {things} found: nothing was checked")
        wrong = {name: str(problem) for name, problem in problems.items() if problem is not None}
        looked_at = {"looked_at": {name: wrong.get(name, "ok") for name in problems}, **details}
        if not wrong:
            return cls(Verdict.GREEN, f"all {len(problems)} {things} as they should be", looked_at)
        unknown = all(isinstance(problem, CouldNotTell) for problem in problems.values() if problem is not None)
        first = "; ".join(f"{name}: {problem}" for name, problem in list(wrong.items())[:_NAMED])
        rest = f"; and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        word = "could not check: " if unknown else ""
        verdict = Verdict.COULD_NOT_TELL if unknown else Verdict.RED
        return cls(verdict, f"{word}{len(wrong)} of {len(problems)} {things}: {first}{rest}", looked_at, wrong)


@dataclass(frozen=True, slots=True)
class About:
    """What evidence is about: its input, the apply that it follows, and what it was seen in, and from where."""

    asset: str
    environment: str
    content: str
    shared: str
    epoch: int
    identity: str | None
    """Digest of account, state, servers and vantage points; None when they could not be asked."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A recorded finding: of which item and rule version, about what, when, by which run."""

    item: str
    rule_version: str | int
    """Digest of the rule that it was checked by. In older records a number, which is no version any more."""
    about: About
    finding: Finding
    observed_at: datetime
    seconds: float
    run: str
    kind: Literal["evidence"] = "evidence"
    products: Mapping[str, str] = field(default_factory=dict)
    """What carried the check out, by name and version: for people; it decides nothing."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A person's signed acceptance of named findings of an item, verified by the caller before it gets here."""

    item: str
    asset: str
    environment: str
    owner: str
    reason: str
    expires: datetime
    covers: tuple[str, ...]
    """Names of the problems that are accepted; whatever else turns red there is not."""
    kind: Literal["waiver"] = "waiver"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The state of one item, why, and the evidence it rests on."""

    state: State
    reason: str
    evidence: Evidence | None = None
    verdict: Verdict | None = None
    """Of what was seen, when the state rests on it."""
    error: Mapping[str, Json] = field(default_factory=dict)
    """What kept anybody from looking: see `Finding.error`."""

    @property
    def opens(self) -> bool:
        """True when a gate may open on it."""
        return self.state in {State.GREEN, State.WAIVED}

    @property
    def unknown(self) -> bool:
        """Red because nobody could tell, not because of what was seen."""
        return self.verdict is Verdict.COULD_NOT_TELL


class Rule(Protocol):
    """What an item says about its evidence."""

    @property
    def version(self) -> str:
        """Digest of the rule that it is checked by."""
        ...

    @property
    def max_age(self) -> timedelta:
        """For how long evidence counts."""
        ...

    @property
    def waivable(self) -> bool:
        """Whether a person may accept what is red."""
        ...


def judge(
    evidence: Evidence | None,
    rule: Rule,
    *,
    about: About,
    unfinished: str,
    now: datetime,
    unended: str = "",
    waivers: Sequence[Waiver] = (),
    compare_content: bool = True,
) -> Judgement:
    """State of an item from its last evidence.

    `about` is what holds now; evidence about anything else is stale. `unfinished` names what
    was started on the asset and never finished: nothing seen before it counts. `unended` says, for an item that is
    about how runs end, which run never did: red, whatever the runs before it left. Promotion compares only the
    `shared` digest (`compare_content=False`), everything else the whole content. A waiver covers what was seen to
    be red, by name: what is stale or was never looked at, it does not.
    """
    if unended:
        return Judgement(State.RED, unended, evidence, Verdict.COULD_NOT_TELL)
    if evidence is None:
        return Judgement(State.NOT_RUN, "never checked")
    why = _stale(evidence, rule, about, unfinished, now, compare_content=compare_content)
    if why:
        return Judgement(State.STALE, why, evidence)
    finding = evidence.finding
    if finding.ready and evidence.about.identity is None:
        unknown = "could not check: in which account, and from where, it was seen could not be asked"
        return Judgement(State.RED, unknown, evidence, Verdict.COULD_NOT_TELL)
    if finding.ready:
        return Judgement(State.GREEN, finding.summary, evidence, finding.verdict)
    red = Judgement(State.RED, finding.summary, evidence, finding.verdict, finding.error)
    return _waived(red, finding, waivers, now) if rule.waivable else red


def _stale(
    evidence: Evidence, rule: Rule, about: About, unfinished: str, now: datetime, *, compare_content: bool
) -> str:
    """Why evidence does not count for what holds now; empty when it does."""
    seen = evidence.about
    age = now - evidence.observed_at
    stale = (
        (bool(unfinished), f"{unfinished} was started after epoch {seen.epoch} and never finished"),
        (seen.epoch != about.epoch, f"checked at epoch {seen.epoch}, the last apply is epoch {about.epoch}"),
        (
            seen.identity is not None and seen.identity != about.identity,
            "checked elsewhere (account, state, servers asked, vantage points or engine differ)",
        ),
        (evidence.rule_version != rule.version, "checked by another version of the rule"),
        (seen.shared != about.shared, "checked for another input"),
        (compare_content and seen.content != about.content, "checked for another content"),
        (age > rule.max_age, f"checked {_span(age)} ago, allowed are {_span(rule.max_age)}"),
        (age < -timedelta(minutes=5), "checked in the future: a clock is wrong"),
    )
    return next((why for is_stale, why in stale if is_stale), "")


def _waived(red: Judgement, finding: Finding, waivers: Iterable[Waiver], now: datetime) -> Judgement:
    """Waived, if the waivers that are valid now cover each problem; else what is not covered, and what expired."""
    about = red.evidence
    meant = [w for w in waivers if about and (w.item, w.asset, w.environment) == (
        about.item, about.about.asset, about.about.environment
    )]  # fmt: skip
    valid = [waiver for waiver in meant if waiver.expires > now]
    covered = {name for waiver in valid for name in waiver.covers}
    open_problems = [name for name in finding.problems if name not in covered]
    if valid and not open_problems and finding.problems:
        last = min(valid, key=lambda waiver: waiver.expires)
        until = last.expires.isoformat()
        reason = f"waived by {last.owner} until {until}: {last.reason} ({red.state}: {red.reason})"
        return Judgement(State.WAIVED, reason, red.evidence, finding.verdict)
    expired = [waiver for waiver in meant if waiver.expires <= now]
    words = [f"the waiver of {w.owner} expired at {w.expires.isoformat()}" for w in expired[-1:]]
    words += [f"no waiver covers {', '.join(open_problems[:_NAMED])}"] if valid else []
    return replace(red, reason="; ".join([*words, red.reason]))


def _span(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.0f} h" if hours >= 1 else f"{span.total_seconds() / 60:.0f} min"
