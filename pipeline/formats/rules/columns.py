"""The columns that Hugging Face `datasets` makes of a file: which key comes too late for them.

It takes the columns of a JSON Lines file from its first 10 MiB. Objects that differ in their keys
there are kept as they are; where all have the same keys, that is what a later one must have: a new
key stops the load, a missing one is filled with null. Read in the code of datasets 4.7 to 5.2
(packaged_modules/json) and tried (docs/trl.md). Imports `format` and `schemas`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from pipeline.formats.format import Across, Problem, Rule
from pipeline.formats.schemas import pointer_to

__all__ = ["LATE_KEY", "keys_come_early"]

_Path = tuple[str | int, ...]
_FIRST = 10 << 20
"""Bytes from which the columns are taken."""

LATE_KEY = Rule(
    "A key that an object has later stands in the first 10 MiB of the file",
    "put a line that has it first, or load the file with `features`",
    why="datasets takes the columns from the first 10 MiB: a key that is new after them stops "
    "the load, one that all objects had is filled with null where it is missing",
)


def keys_come_early() -> Across:
    """A judge of one file's lines, in their order."""
    return _Columns()


class _Columns:
    def __init__(self) -> None:
        self._keys: dict[_Path, set[str]] = {(): set()}
        self._differ: set[_Path] = set()
        self._left = _FIRST
        self._encoder = msgspec.json.Encoder()

    def __call__(self, line: dict[str, Any]) -> Iterable[Problem]:
        if self._left <= 0:
            return self._late(line, (), "")
        self._keys[()] |= line.keys()
        self._learn_each(line, ())
        self._left -= len(self._encoder.encode(line)) + 1
        return ()

    def _learn(self, value: Any, path: _Path) -> None:
        match value:
            case list():
                for one in value:
                    self._learn(one, (*path, 0))
            case dict() if path not in self._differ:
                if self._keys.setdefault(path, set(value)) != value.keys() or not value:
                    self._differ.add(path)
                else:
                    self._learn_each(value, path)

    def _learn_each(self, value: dict[str, Any], path: _Path) -> None:
        for key, one in value.items():
            if isinstance(one, list | dict):
                self._learn(one, (*path, key))

    def _late(self, value: Any, path: _Path, at: str) -> Iterator[Problem]:
        if isinstance(value, list):
            for number, one in enumerate(value):
                yield from self._late(one, (*path, 0), f"{at}/{number}")
        if not isinstance(value, dict) or path in self._differ:
            return
        known = self._keys.get(path, value.keys())
        for key in value.keys() - known:
            said = f"has the key {key!r}, which none before it has: datasets stops here"
            yield Problem("late-key", at, said)
        for key in (known - value.keys()) if path else ():
            said = f"has no {key!r}, which all before it have: datasets writes null"
            yield Problem("late-key", at, said)
        if path == () or known == value.keys():
            for key, one in value.items():
                yield from self._late(one, (*path, key), at + pointer_to([key]))
