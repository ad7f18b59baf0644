"""The readiness report as data: the eight items of the review, where each check stands, and what follows."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from provisioning_assets.core.evidence import State, Verdict
from provisioning_assets.core.items import (
    REVIEW_ITEMS,
    WORST_FIRST,
    Against,
    Decision,
    Holds,
    Standing,
    decide,
    worst,
)
from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.models import Engagement, Launch

_ROLLBACK, _ON_CALL = 7, 8
NOT_BUILT = "not built: no check exists; it stays not_run and counts against GO"
"""What is known of an item without a check."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Check:
    """Where one readiness item of one asset stands, with everything that people ask about it."""

    name: str
    claim: str
    """What is looked at, from where, what red means, what to do."""
    review_item: int
    gates: Holds
    asset: str
    environment: str
    state: State
    summary: str
    checked_at: datetime | None
    """None when there is no evidence."""
    max_age: timedelta
    digest: str | None
    """Content digest that the evidence is about."""
    evidence: Mapping[str, Json]
    seconds: float | None
    run: str | None
    owner: str
    to_do: str
    """Empty when there is nothing to do."""
    verdict: Verdict | None = None
    """Of what was seen, when the state rests on it: red may mean that nobody could look, or that nothing shows it."""
    error: Mapping[str, Json] = field(default_factory=dict)
    """What kept anybody from looking, if an error did: what, where, cause and remedy."""

    @property
    def address(self) -> str:
        """`<environment>/<asset>`."""
        return f"{self.environment}/{self.asset}"

    @property
    def unknown(self) -> bool:
        """Red because nobody could look, not because of what was seen."""
        return self.verdict is Verdict.COULD_NOT_TELL

    @property
    def opens(self) -> bool:
        """True when it does not hold the launch."""
        return self.state in {State.GREEN, State.WAIVED}


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One of the eight items; as bad as the worst of its checks, `not_run` without any."""

    number: int
    title: str
    checks: tuple[Check, ...]

    @property
    def state(self) -> State:
        """The worst state of the checks."""
        return worst(check.state for check in self.checks)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for NO-GO: what, in which state, what to do, and who answers for it."""

    what: str
    state: State
    summary: str
    to_do: str
    owner: str

    def __str__(self) -> str:
        return f"{self.what} is {self.state}: {self.summary}"


@dataclass(frozen=True, slots=True)
class Report:
    """The readiness of an engagement at one moment."""

    engagement: str
    client: str
    commander: str
    environments: tuple[str, ...]
    launch: Launch
    generated_at: datetime
    items: tuple[ReviewItem, ...]
    decision: Decision
    reasons: tuple[Reason, ...]
    exception: str = ""
    """That no gate holds production, who answers for it, and why; empty where one does."""

    @property
    def checks(self) -> list[Check]:
        """Every check, in the order of the review."""
        return [check for item in self.items for check in item.checks]

    @property
    def counts(self) -> dict[State, int]:
        """How many checks are in each state, the worst state first."""
        found = Counter(check.state for check in self.checks)
        return {state: found[state] for state in WORST_FIRST}


def build_report(engagement: Engagement, standings: Sequence[Standing], now: datetime) -> Report:
    """The report from where every item of every environment stands; `now` has a zone."""
    environments = tuple(environment.name for environment in engagement.environments)
    decided = decide(standings, environments)
    checks = [check_of(engagement, standing) for standing in standings]
    checks.sort(key=lambda check: environments.index(check.environment))
    items = tuple(
        ReviewItem(number, title, tuple(check for check in checks if check.review_item == number))
        for number, title in enumerate(REVIEW_ITEMS, start=1)
    )
    return Report(
        engagement=engagement.name,
        client=printable(engagement.client),
        commander=printable(engagement.roles.launch_commander.name),
        environments=environments,
        launch=engagement.launch,
        generated_at=now.astimezone(UTC),
        items=items,
        decision=decided.decision,
        reasons=tuple(_reason(engagement, against) for against in decided.against),
        exception=printable(engagement.exception),
    )


def check_of(engagement: Engagement, standing: Standing) -> Check:
    """A standing with what to do and who answers for it."""
    item, judgement, evidence = standing.item, standing.judgement, standing.judgement.evidence
    return Check(
        name=item.name,
        claim=item.description,
        review_item=item.review_item,
        gates=item.gates,
        asset=standing.asset,
        environment=standing.environment,
        state=judgement.state,
        summary=_summary(standing),
        checked_at=evidence.observed_at.astimezone(UTC) if evidence else None,
        max_age=item.max_age,
        digest=evidence.about.content if evidence else None,
        evidence=_printable(dict(evidence.finding.details)) if evidence else {},
        seconds=evidence.seconds if evidence else None,
        run=evidence.run if evidence else None,
        owner=printable(_owner(engagement, item.review_item)),
        to_do=_to_do(engagement, standing),
        verdict=judgement.verdict,
        error={name: _printable(part) for name, part in judgement.error.items()},
    )


def printable(text: str) -> str:
    """The text without what XML, terminals and UTF-8 cannot carry: control characters, half characters."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _printable(value: Json) -> Json:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(str(key)): _printable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(each) for each in value]
    return value


def _reason(engagement: Engagement, against: Against) -> Reason:
    """What speaks against GO, with what to do and who answers for it."""
    to_do = f"`provisioning apply {engagement.name}` provisions and checks every environment"
    summary = printable(against.summary)
    if against.standing:
        to_do, summary = _to_do(engagement, against.standing), _summary(against.standing)
    return Reason(against.what, against.state, summary, to_do, printable(_owner(engagement, against.review_item)))


def _summary(standing: Standing) -> str:
    return NOT_BUILT if standing.item.planned else printable(standing.judgement.reason)


def _owner(engagement: Engagement, review_item: int) -> str:
    """Who answers for an item: the agency's operators, except where the review names somebody else."""
    roles = engagement.roles
    if review_item == _ROLLBACK:
        return roles.launch_commander.name
    people = roles.on_call if review_item == _ON_CALL else roles.operators.agency
    return ", ".join(person.name for person in people)


def _to_do(engagement: Engagement, standing: Standing) -> str:
    command = f"`provisioning apply {engagement.name} {standing.environment}`"
    if standing.item.planned:
        return "its check is to be built first: nothing that can be run makes it green"
    if standing.judgement.unknown:
        check = f"`provisioning check {engagement.name} {standing.environment} {standing.asset}/{standing.item.name}`"
        again, otherwise = check, "mend what kept anybody from looking"
        if standing.item.of_runs:  # only another run ends well
            again, otherwise = command, "find out what ended it"
        return f"{printable(str(standing.judgement.error.get('remedy') or otherwise))}; then {again}"
    if standing.judgement.verdict is Verdict.NOT_TESTED and not standing.judgement.opens:
        return "show it with another product or a real account, or let the launch commander waive it"
    return {
        State.GREEN: "",
        State.WAIVED: "resolve it before the waiver ends",
        State.RED: standing.item.description,
        State.NOT_RUN: f"{command} provisions and checks it",
        State.STALE: f"{command} checks it again",
    }[standing.judgement.state]
