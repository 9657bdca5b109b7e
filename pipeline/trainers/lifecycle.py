"""Whether a provider still takes new jobs: pure functions of the facts and of a day."""

from datetime import date
from typing import Literal

from msgspec import Struct

from pipeline.trainers.facts import Facts

__all__ = ["CLOSING_DAYS", "Standing", "standing"]

CLOSING_DAYS = 90
"""So many days before its end a target is said to be closing."""


class Standing(Struct, frozen=True):
    """How a target stands on one day."""

    state: Literal["open", "closing", "closed", "unknown"]
    cause: Literal["opens", "closes", "retires", "offered"] | None = None
    """The fact that decides it; None where there is none."""
    day: date | None = None
    """The day that the fact names."""
    days_left: int | None = None
    """Until that day, of one that is open or closing."""


def standing(facts: Facts, today: date) -> Standing:
    """How a target with these facts stands.

    It is closed from the day on which no new job is taken, or on which what was trained gives no
    answers any more, and closing in the 90 days before. Without a day it is open or closed as the
    provider's page offers it, and unknown where no page was found.
    """
    if facts.opens is not None and today < facts.opens.value:
        return Standing("closed", "opens", facts.opens.value)
    ends: list[tuple[date, Literal["closes", "retires"]]] = []
    if facts.closes is not None:
        ends.append((facts.closes.value, "closes"))
    if facts.retires is not None:
        ends.append((facts.retires.value, "retires"))
    if facts.offered is not None and not facts.offered.value:
        return Standing("closed", "offered")
    if not ends:
        return Standing("unknown") if facts.offered is None else Standing("open", "offered")
    day, cause = min(ends)
    left = (day - today).days
    if left <= 0:
        return Standing("closed", cause, day)
    return Standing("closing" if left <= CLOSING_DAYS else "open", cause, day, left)
