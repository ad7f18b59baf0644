"""Waits that end: with what was waited for, or at their deadline."""

from collections.abc import Callable
from typing import Any

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed


def wait_until(look: Callable[[], object], *, within: float = 20) -> Any:
    """The first answer that is something; `RetryError` when there is none in so many seconds."""
    return Retrying(stop=stop_after_delay(within), wait=wait_fixed(0.1), retry=retry_if_result(lambda r: not r))(look)
