"""What a line may have and no record has a place for: `decode` passes it over, `convert` tells it.

Imports nothing of the package.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["Unread", "at_places", "columns_beside", "reads_all"]

Unread = Callable[[dict[str, Any]], Iterable[str]]
"""Of a decoded line that is accepted the names of the fields that are passed over."""


def reads_all(line: dict[str, Any]) -> tuple[str, ...]:
    """Of a format whose records say all that a line says."""
    del line
    return ()


def columns_beside(*known: str) -> Unread:
    """Every field of the line but these."""
    wanted = frozenset(known)
    return lambda line: [name for name in line if name not in wanted]


def at_places(*places: str) -> Unread:
    """Fields at these places: keys with slashes between them, `*` for every item of a list."""
    paths = [place.split("/") for place in places]
    return lambda line: [path[-1] for path in paths if any(_reached(line, path))]


def _reached(value: Any, path: list[str]) -> Iterator[bool]:
    if not path:
        yield True
    elif path[0] == "*":
        for one in value if isinstance(value, list) else ():
            yield from _reached(one, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _reached(value[path[0]], path[1:])
