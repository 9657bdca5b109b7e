"""A transfer in rounds: how many in a row brought nothing, and when to give up. Imports this room.

The counterpart of `retry.persist` for files, which go on where they broke off.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2

from pipeline.client.failures import failure, unreachable
from pipeline.client.retry import RetryPolicy, is_quota
from pipeline.client.wire import Answer, Wire

__all__ = ["LONGEST", "OnProgress", "Outcome", "Rounds", "is_passing"]

OnProgress = Callable[[int], None]
"""Is told how many more bytes are over; what it was told adds up to the file's size."""
Outcome = Answer | httpx2.HTTPError

LONGEST = 24 * 3600.0
"""Seconds after which no transfer goes on."""

_PASSING = (408, 429)
_SERVER_ERROR = 500


def is_passing(answer: Answer) -> bool:
    """Whether the storage may take the same request later.

    https://cloud.google.com/storage/docs/retry-strategy (read 2026-11-23)
    """
    status = answer.status
    return (status in _PASSING and not is_quota(answer)) or status >= _SERVER_ERROR


@dataclass(slots=True)
class Rounds:
    """Counts the rounds of one transfer."""

    what: str
    """Completes the sentence "cannot …"."""
    host: str
    wire: Wire
    policy: RetryPolicy
    on_progress: OnProgress
    best: int = 0
    """Bytes that are surely over."""
    fruitless: int = 0
    started: float = field(default_factory=time.monotonic)

    def advanced(self, done: int) -> bool:
        """Whether more is over than ever before; tells `on_progress` how much more."""
        more = done - self.best
        if more <= 0:
            return False
        self.best, self.fruitless = done, 0
        self.on_progress(more)
        return True

    def wait_or_give_up(self, outcome: Outcome) -> None:
        """Wait before the next round, or raise what the last one ended with."""
        self.fruitless += 1
        late = time.monotonic() - self.started > LONGEST
        if late or self.fruitless >= self.policy.attempts:
            raise self.failed(outcome)
        headers = outcome.headers if isinstance(outcome, Answer) else {}
        self.wire.pause(self.policy.wait(headers, self.fruitless))

    def failed(self, outcome: Outcome) -> Exception:
        """The exception for an outcome that is the last."""
        if isinstance(outcome, httpx2.HTTPError):
            return unreachable(self.what, self.host, outcome)
        return failure(self.what, self.host, outcome)
