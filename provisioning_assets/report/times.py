"""Moments and spans, as the report shows them."""

from datetime import UTC, datetime, timedelta, tzinfo

import humanize

_DAY = timedelta(days=1)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second: `2026-11-23T18:00:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def iso_or_none(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, or None."""
    return None if moment is None else iso(moment)


def minute(moment: datetime, zone: tzinfo = UTC) -> str:
    """For people, in the launch's time zone: `2026-11-23 18:00 CET`."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


def days_until(moment: datetime, now: datetime) -> int:
    """Whole days left, rounded down: -1 from the moment on."""
    return (moment - now) // _DAY


def span(length: timedelta) -> str:
    """A length in its largest unit: `3 days`, `an hour`, `12 minutes`."""
    return humanize.naturaldelta(abs(length), months=False)


def until(moment: datetime, now: datetime) -> str:
    """`in 3 days` or `2 hours ago`."""
    return f"in {span(moment - now)}" if moment > now else f"{span(now - moment)} ago"
