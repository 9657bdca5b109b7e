"""Pages by limit and offset, whose end is not signalled. Imports nothing of the house."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

__all__ = ["PAGE", "every"]

PAGE = 100
"""Rows asked for at a time: what the platform's clients ask for, so that no server gives fewer."""


class Identified(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str:
        """What tells it from the others."""


Row = TypeVar("Row", bound=Identified)


def every(page: Callable[[int], Sequence[Row]]) -> Iterator[Row]:
    """Every row once, in the order of the pages; `page` takes an offset.

    Ends at a short page. Ends also at a page that brings no new id, since a server that ignores
    the offset would otherwise be asked for ever. Rows that shift while paging may be missed.
    """
    seen: set[str] = set()
    offset = 0
    while True:
        rows = page(offset)
        fresh = [row for row in rows if row.id not in seen]
        for row in fresh:
            if row.id not in seen:
                seen.add(row.id)
                yield row
        if len(rows) < PAGE or not fresh:
            return
        offset += len(rows)
