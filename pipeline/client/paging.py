"""Pages by limit and offset, whose end is not signalled. Imports nothing of the house."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

__all__ = ["PAGE", "every"]

PAGE = 100
"""Rows asked for at a time: what the platform's clients ask for, so that no server gives fewer."""

_BARREN_PAGES = 2


class Identified(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str:
        """What tells it from the others."""


Row = TypeVar("Row", bound=Identified)


def every(page: Callable[[int], Sequence[Row]]) -> Iterator[Row]:
    """Every row once, in the order of the pages; `page` takes an offset.

    Ends at a short page. A full page that brings no new id is asked for once more, since a page
    can repeat, and ends it then: a server that ignores the offset would be asked for ever. Rows
    that shift while paging may be missed.
    """
    seen: set[str] = set()
    offset = barren = 0
    while barren < _BARREN_PAGES:
        rows = page(offset)
        fresh = {row.id: row for row in rows if row.id not in seen}
        seen.update(fresh)
        yield from fresh.values()
        if len(rows) < PAGE:
            return
        barren = 0 if fresh else barren + 1
        offset += len(rows) if fresh else 0
