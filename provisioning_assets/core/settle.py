"""The one wait there is: look again until it is done, up to a deadline."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_result, stop_after_delay

T = TypeVar("T")


def settle(look: Callable[[], T], *, done: Callable[[T], object], within: float, every: float = 1.0) -> T:
    """The first answer that is done, or the one at the deadline, in seconds. What `look` raises passes."""
    attempts = Retrying(
        stop=stop_after_delay(within),
        wait=lambda state: min(every, max(0.0, within - (state.seconds_since_start or 0.0))),
        retry=retry_if_result(lambda answer: not done(answer)),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else look(),
    )
    return attempts(look)
