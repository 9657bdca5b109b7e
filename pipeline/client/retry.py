"""The one retry: what may be sent again, how often, and after which wait.

A loop of our own and not stamina's, because the wait is told by the answer's headers, depends on
what the call may do twice, and has to end at once when the client is closed. Imports httpx2's
exceptions and `wire`.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from random import SystemRandom
from typing import Literal

import httpx2

from pipeline.client.wire import Answer

__all__ = ["Repeat", "RetryPolicy", "Tries", "is_pacing", "is_quota", "persist", "told_wait"]

Repeat = Literal["safe", "never"]
"""`safe`: the call may be carried out twice without harm. `never`: it may not."""

_LOG = logging.getLogger(__name__)
_RANDOM = SystemRandom()
_TOO_MANY = 429
_GATEWAY = (502, 503, 504)
_SERVER_ERROR = 500
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long the client goes on before it gives a call up."""

    attempts: int = 5
    """Times a call is tried, answers of `pacing` apart."""
    pacings: int = 20
    """Times a call waits because the server paces it."""
    total: float = 600.0
    """Seconds after the first attempt at which the last one may begin."""
    base: float = 0.25
    """Upper bound of the first wait, in seconds; doubles with each failure."""
    cap: float = 8.0
    """Upper bound of every wait that the client chooses."""
    longest: float = 60.0
    """Upper bound of every wait that the server asks for."""

    def backoff(self, failures: int) -> float:
        """A wait with full jitter after this many failures in a row."""
        bound = min(self.cap, self.base * 2.0 ** min(max(failures - 1, 0), 32))
        return _RANDOM.uniform(0.0, bound)

    def wait(self, headers: Mapping[str, str], failures: int) -> float:
        """The wait the server asks for, or one of our own; callers do not wake all at once."""
        told = told_wait(headers)
        if told is None:
            return self.backoff(failures)
        return min(told, self.longest) + _RANDOM.uniform(0.0, min(self.base, told / 4))


@dataclass(slots=True)
class Tries:
    """What has been tried of one call; says whether and when to try again."""

    policy: RetryPolicy
    repeat: Repeat
    _failures: int = 0
    _paced: int = 0
    _started: float = field(default_factory=time.monotonic)

    def wait_after(self, outcome: Answer | httpx2.HTTPError) -> float | None:
        """Seconds until the next attempt, None where this outcome is the last word."""
        if isinstance(outcome, Answer) and is_pacing(outcome):
            self._paced += 1
            if self._paced > self.policy.pacings:
                return None
        elif _may_pass(outcome, self.repeat):
            self._failures += 1
            if self._failures >= self.policy.attempts:
                return None
        else:
            return None
        headers = outcome.headers if isinstance(outcome, Answer) else {}
        wait = self.policy.wait(headers, self._failures)
        late = time.monotonic() + wait - self._started > self.policy.total
        return None if late else wait


def persist(
    attempt: Callable[[], Answer],
    *,
    repeat: Repeat,
    policy: RetryPolicy,
    pause: Callable[[float], None],
) -> Answer:
    """The answer of the last attempt; raises what httpx2 raised if that one had none."""
    tries = Tries(policy, repeat)
    while True:
        outcome: Answer | httpx2.HTTPError
        try:
            outcome = attempt()
        except httpx2.HTTPError as error:
            outcome = error
        wait = tries.wait_after(outcome)
        if wait is not None:
            _LOG.info("%s; the call is made again in %.1f s", _named(outcome), wait)
            pause(wait)
        elif isinstance(outcome, Answer):
            return outcome
        else:
            raise outcome


def told_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asks to wait; None where it says nothing that can be read.

    `x-ratelimit-retry-ms` goes first. An empty or senseless header is no hint, and not zero.
    """
    milliseconds = _number(headers.get("x-ratelimit-retry-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    return seconds if seconds is not None else _seconds_until(text)


def is_pacing(answer: Answer) -> bool:
    """Whether the call was turned away before any handler ran, so that it may be replayed."""
    return answer.status == _TOO_MANY and _reason(answer) == "pacing"


def is_quota(answer: Answer) -> bool:
    """Whether a quota is used up, which no wait of ours will mend."""
    return answer.status == _TOO_MANY and _reason(answer) == "quota"


def _may_pass(outcome: Answer | httpx2.HTTPError, repeat: Repeat) -> bool:
    if isinstance(outcome, httpx2.HTTPError):
        return repeat == "safe" or isinstance(outcome, _NEVER_SENT)
    if repeat == "never" or is_quota(outcome):
        return False
    if outcome.status in (_TOO_MANY, *_GATEWAY):
        return True
    return outcome.status >= _SERVER_ERROR and not outcome.is_json


def _named(outcome: Answer | httpx2.HTTPError) -> str:
    """The outcome for a log: never an address, which may be a secret."""
    return f"status {outcome.status}" if isinstance(outcome, Answer) else type(outcome).__name__


def _reason(answer: Answer) -> str:
    return answer.headers.get("x-ratelimit-reason", "").strip().lower()


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and isfinite(value) and value >= 0 else None


def _seconds_until(text: str | None) -> float | None:
    try:
        moment = parsedate_to_datetime(text) if text else None
    except (ValueError, OverflowError):
        return None
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
