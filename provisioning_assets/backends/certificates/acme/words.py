"""What an authority says of an order, in words: its problem documents (RFC 8555, 6.7)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from acme import challenges, messages


def failures(authorizations: Sequence[Any]) -> Iterator[str]:
    """What the authority saw for each name that is not proven."""
    for authorization in authorizations:
        name, status = authorization.body.identifier.value, authorization.body.status
        if status != messages.STATUS_VALID:
            seen = [_seen(challenge, name) for challenge in authorization.body.challenges if challenge.error]
            yield f"{name}: {', '.join(seen) or status.name}"


def _seen(challenge: Any, name: str) -> str:
    """What went wrong with a challenge; one over HTTP, with the address at which the authority looked."""
    at = f"{challenge.chall.uri(name)}: " if isinstance(challenge.chall, challenges.HTTP01) else ""
    return at + told(challenge.error)


def told(error: messages.Error) -> str:
    """One problem, with the name that it is about."""
    name = f"{error.identifier.value}: " if error.identifier else ""
    return f"{name}{error.code or error.typ}: {error.detail or error.title or 'no detail'}"


def until(retry_after: str | None) -> str:
    """When to ask the authority again: the header has seconds or a date (RFC 9110, 10.2.3)."""
    try:
        if retry_after is None:
            return "later; the authority does not say when"
        if retry_after.isdigit():
            at = datetime.now(UTC) + timedelta(seconds=int(retry_after))
        else:
            at = parsedate_to_datetime(retry_after).astimezone(UTC)
    except (ValueError, OverflowError):
        return f"when it says: {retry_after}"
    return f"after {at.isoformat(timespec='seconds')}"
