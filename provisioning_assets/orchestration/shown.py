"""What Dagster is to show for a check: a state, as the record has it. Only `green` passes; a waiver is a warning."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import dagster as dg

from provisioning_assets.core.evidence import State
from provisioning_assets.core.items import Standing
from provisioning_assets.core.plan import Json
from provisioning_assets.orchestration.results import Target

MARK, SEEN = "record", "checked at"
"""Metadata: what the result says in short, by which it is compared with the record, and when that was seen."""

REASONS = "reasons"
"""Metadata of what follows from many items: all of them."""

_AGE = re.compile(r"checked \d+ (h|min) ago")


@dataclass(frozen=True, slots=True)
class Shown:
    """The result of one check, made by a run of its own or reported beside all runs."""

    key: dg.AssetCheckKey
    state: State
    reason: str
    about: Mapping[str, Json] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether Dagster shows it green."""
        return self.state is State.GREEN

    @property
    def severity(self) -> dg.AssetCheckSeverity:
        """How Dagster shows what has not passed."""
        return dg.AssetCheckSeverity.WARN if self.state is State.WAIVED else dg.AssetCheckSeverity.ERROR

    @property
    def mark(self) -> str:
        """Changes when there is something new to show: not with the age of what is stale, which grows by itself."""
        told = self.about.get(REASONS, self.reason)
        why = hashlib.sha256(_AGE.sub("", str(told)).encode()).hexdigest()[:16]
        return f"{self.state.value} {self.about.get(SEEN, 'never')} {why}"

    def equals(self, found: dg.AssetCheckEvaluation) -> bool:
        """Whether a result that Dagster has says the same."""
        mark = found.metadata.get(MARK)
        ours = self.passed, self.severity, self.mark
        return ours == (found.passed, found.severity, mark and mark.value)

    def result(self) -> dg.AssetCheckResult:
        """What a run answers."""
        return dg.AssetCheckResult(
            asset_key=self.key.asset_key,
            check_name=self.key.name,
            passed=self.passed,
            severity=self.severity,
            description=self.reason,
            metadata=self._metadata,
        )

    def evaluation(self, target: Target | None, because: str = "") -> dg.AssetCheckEvaluation:
        """What is reported beside all runs, of a materialization; `because` says what was wrong with the last one."""
        return dg.AssetCheckEvaluation(
            asset_key=self.key.asset_key,
            check_name=self.key.name,
            passed=self.passed,
            severity=self.severity,
            description=f"{because}. The record says: {self.reason}" if because else self.reason,
            metadata=self._metadata,
            target_materialization_data=target,
        )

    @property
    def _metadata(self) -> dict[str, Json]:
        return {"state": self.state.value, MARK: self.mark, **self.about}


def shown(asset: dg.AssetKey, standing: Standing) -> Shown:
    """What Dagster is to show for an item."""
    judgement = standing.judgement
    evidence = judgement.evidence
    about: dict[str, Json] = {}
    if evidence is not None:
        about = {
            SEEN: evidence.observed_at.isoformat(),
            "digest": evidence.about.content,
            "epoch": evidence.about.epoch,
            "verdict": evidence.finding.verdict.value,
            "evidence": dict(evidence.finding.details),
        }
    key = dg.AssetCheckKey(asset, standing.item.name)
    return Shown(key, judgement.state, judgement.reason, about)
