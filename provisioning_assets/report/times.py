"""Moments and spans, as the report shows them."""

from datetime import UTC, datetime, timedelta

_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second: `2026-11-23T18:00:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def iso_or_none(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, or None."""
    return None if moment is None else iso(moment)


def minute(moment: datetime) -> str:
    """For people, in UTC: `2026-11-23 18:00 UTC`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def days_until(moment: datetime, now: datetime) -> int:
    """Whole days left, rounded down: -1 from the moment on."""
    return (moment - now) // _DAY


def span(length: timedelta) -> str:
    """A length in its largest unit: `3 days`, `1 hour`, `12 minutes`."""
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        count = abs(length) // unit
        if count:
            return f"{count} {name}" + ("" if count == 1 else "s")
    return "less than a minute"


def until(moment: datetime, now: datetime) -> str:
    """`in 3 days` or `2 hours ago`."""
    return f"in {span(moment - now)}" if moment > now else f"{span(now - moment)} ago"
