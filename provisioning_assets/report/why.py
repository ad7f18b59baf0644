"""Why an item is in its state: what it looks at, the last evidence, its age, what to do."""

from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches

from provisioning_assets.core.items import REVIEW_ITEMS
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.report.as_json import check_as_data
from provisioning_assets.report.model import Check, Report


@dataclass(frozen=True, slots=True)
class Explanation:
    """One check of the item, with the review item that it belongs to. `age` is None without evidence."""

    check: Check
    review_title: str
    age: timedelta | None

    def as_data(self) -> dict[str, Json]:
        """The explanation in plain JSON types."""
        return check_as_data(self.check) | {
            "review_item": self.check.review_item,
            "review_title": self.review_title,
            "age_seconds": None if self.age is None else int(self.age.total_seconds()),
        }


def explain(report: Report, item: str) -> list[Explanation]:
    """Every check of an item; `<environment>/<asset>/<item>` and `<asset>/<item>` narrow it down.

    `ProvisioningError` with the nearest names when there is none.
    """
    found = [check for check in report.checks if f"/{check.address}/{check.name}".endswith(f"/{item}")]
    if not found:
        raise _unknown(report, item)
    return [_explanation(report, check) for check in found]


def _explanation(report: Report, check: Check) -> Explanation:
    age = None if check.checked_at is None else report.generated_at - check.checked_at
    return Explanation(check, f"{check.review_item}. {REVIEW_ITEMS[check.review_item - 1]}", age)


def _unknown(report: Report, item: str) -> ProvisioningError:
    names = sorted({check.name for check in report.checks})
    near = get_close_matches(item.rsplit("/", 1)[-1], names, n=3) or names
    return ProvisioningError(
        f"no readiness item is called {item}",
        where=f"engagement {report.engagement}",
        remedy=f"take one of: {', '.join(near)}" if near else "the engagement has no readiness items",
    )
