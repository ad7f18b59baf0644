"""The report as Markdown, for a pull request, a wiki or a terminal."""

import re
from collections.abc import Iterable, Iterator
from datetime import tzinfo

from provisioning_assets.core.evidence import State
from provisioning_assets.report.model import Check, Report, ReviewItem
from provisioning_assets.report.times import minute, until

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&$])")

_SHOWN = {
    State.GREEN: "✔ green",
    State.RED: "✖ **red**",
    State.NOT_RUN: "○ **not run**",
    State.STALE: "◷ **stale**",
    State.WAIVED: "◇ waived",
}


def as_markdown(report: Report) -> str:
    """The report as GitHub-flavoured Markdown; nothing in it is read as markup of its own."""
    zone = report.launch.time_zone
    return "\n".join(
        [*_head(report), *_reasons(report), *(line for item in report.items for line in _item(item, zone))]
    )


def _head(report: Report) -> Iterator[str]:
    launch, now, zone = report.launch, report.generated_at, report.launch.time_zone
    yield f"# {report.decision}: launch readiness of {_text(report.engagement)}"
    yield ""
    if report.exception:
        yield f"**{_text(report.exception)}**"
        yield ""
    yield f"- Client: {_text(report.client)}"
    yield f"- Launch window: {minute(launch.window.opens, zone)} to {minute(launch.window.closes, zone)}"
    freeze = f"freeze {until(launch.freeze, now)}, {minute(launch.freeze, zone)}"
    yield f"- Launch {until(launch.window.opens, now)}; {freeze}"
    yield f"- Launch commander: {_text(report.commander)}"
    yield "- Checks: " + ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in report.counts.items())
    yield f"- As of {minute(now, zone)}"
    yield ""


def _reasons(report: Report) -> Iterator[str]:
    if report.reasons:
        yield f"## Why {report.decision}"
        yield ""
        rows = (
            (_text(why.what), _SHOWN[why.state], _text(why.summary), _text(why.to_do), _text(why.owner))
            for why in report.reasons
        )
        yield from _table(("What", "State", "Finding", "What to do", "Who"), rows)


def _item(item: ReviewItem, zone: tzinfo) -> Iterator[str]:
    yield f"## {item.number}. {_text(item.title)}: {_SHOWN[item.state]}"
    yield ""
    if not item.checks:
        yield "No check exists."
        yield ""
        return
    yield from _table(
        ("State", "Check", "Asset", "Finding", "Checked", "About"), (_row(check, zone) for check in item.checks)
    )


def _row(check: Check, zone: tzinfo) -> tuple[str, ...]:
    checked = minute(check.checked_at, zone) if check.checked_at else "never"
    about = f"`{short(check.digest)}`" if check.digest else ""
    return _SHOWN[check.state], f"`{check.name}`", f"`{check.address}`", _text(check.summary), checked, about


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for cells in (header, ("---",) * len(header), *rows):
        yield f"| {' | '.join(cells)} |"
    yield ""


def short(digest: str) -> str:
    """The first twelve digits of a digest."""
    return digest.removeprefix("sha256:")[:12]


def _text(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
