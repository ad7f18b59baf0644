"""Why an item is in its state: what it looks at, the last evidence, its age, what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from provisioning_assets.core.items import REVIEW_ITEMS
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.report.as_json import check_as_data
from provisioning_assets.report.model import Check, Report
from provisioning_assets.report.names import Address, fits, meant
from provisioning_assets.report.times import span


@dataclass(frozen=True, slots=True)
class Explanation:
    """One check of the item, with the review item that it belongs to. `age` is None without evidence."""

    engagement: str
    check: Check
    review_title: str
    age: timedelta | None

    def as_data(self) -> dict[str, Json]:
        """The explanation in plain JSON types."""
        return check_as_data(self.check) | {
            "engagement": self.engagement,
            "review_item": self.check.review_item,
            "review_title": self.review_title,
            "age_seconds": None if self.age is None else int(self.age.total_seconds()),
        }


def explain(reports: Sequence[Report], item: str) -> list[Explanation]:
    """Every check of an item; `<environment>/<asset>/<item>` and `<asset>/<item>` narrow it down.

    `ProvisioningError` with what may be meant when there is none in any report.
    """
    found = [
        _explanation(report, check) for report in reports for check in report.checks if fits(item, _address(check))
    ]
    if not found:
        raise _unknown(reports, item)
    return found


def in_words(explanation: Explanation, *, engagement: bool) -> list[str]:
    """The explanation as lines for people; `engagement`: whose it is, where several are shown."""
    check = explanation.check
    of = f"{explanation.engagement}/{check.address}" if engagement else check.address
    lines = [f"{of}: {check.name} is {check.state}: {check.summary}"]
    if check.to_do != check.claim:
        lines.append(f"  looks at: {check.claim}")
    lines.append(f"  {_age(explanation)}; review item {explanation.review_title}; holds the {check.gates}")
    return [*lines, *what_to_do(check)]


def what_to_do(check: Check) -> list[str]:
    """As a line for people; none when there is nothing to do."""
    if not check.to_do:
        return []
    # What to do about what is red stands in its claim.
    label = "looks at, and to do" if check.to_do == check.claim else "to do"
    return [f"  {label}: {check.to_do} ({check.owner})"]


def _age(explanation: Explanation) -> str:
    if explanation.age is not None:
        return f"checked {span(explanation.age)} ago"
    return "whether it was ever checked is not known" if explanation.check.unknown else "never checked"


def _address(check: Check) -> Address:
    return check.environment, check.asset, check.name


def _explanation(report: Report, check: Check) -> Explanation:
    age = None if check.checked_at is None else report.generated_at - check.checked_at
    title = f"{check.review_item}. {REVIEW_ITEMS[check.review_item - 1]}"
    return Explanation(report.engagement, check, title, age)


def _unknown(reports: Sequence[Report], item: str) -> ProvisioningError:
    addresses = [_address(check) for report in reports for check in report.checks]
    every = ", ".join(sorted({name for *_, name in addresses}))
    return ProvisioningError(
        f"no readiness item is called `{item}`",
        where=f"engagement {', '.join(report.engagement for report in reports)}",
        remedy=meant(item, addresses) or (f"one of {every}" if every else "the engagement has no readiness items"),
    )
