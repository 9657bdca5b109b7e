"""What an oracle is: somebody else's validator, asked about one line, or about the lines of a file.

Imports nothing of the package.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

__all__ = ["FileOracle", "Oracle", "bare_package", "exhaust", "one_line", "read_json", "without"]

LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Oracle:
    """A validator of one line."""

    name: str
    package: str
    """Whose code it is, as a pinned requirement or a document."""
    covers: str
    """What it looks at."""
    misses: str
    """What it lets through although the provider's pages forbid it."""
    judge: Callable[[bytes], str | None]
    """None: accepted; else its reason."""
    knows: Callable[[Any], bool] = lambda _: True
    """Whether a decoded line is of a kind that it was written for; it is not asked about others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOracle:
    """A validator of a whole file."""

    name: str
    package: str
    covers: str
    misses: str
    judge: Callable[[Sequence[bytes]], str | None]
    knows: Callable[[Any], bool] = lambda _: True
    """Whether it was written for such a line; a file of others is not shown to it."""


def read_json(line: bytes) -> Any:
    """The line as Python's own library reads it, which takes NaN and the last of equal keys.

    Raises `ValueError` for what is no JSON or no UTF-8.
    """
    try:
        return json.loads(line.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nests too deeply to be read") from error


def one_line(error: BaseException | str) -> str:
    """A refusal in one line: pydantic's by place, others' with the error's type."""
    if isinstance(error, ValidationError):
        places = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        said = "; ".join(places)
    else:
        said = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return " ".join(said.split())[:LONGEST_REASON] or "refused"


def exhaust(value: Any) -> None:
    """Walk through all of it: pydantic checks an item of an `Iterable` when it is asked for."""
    if isinstance(value, Mapping):
        for one in value.values():
            exhaust(one)
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for one in value:
            exhaust(one)


def without(value: Any, *keys: str) -> Any:
    """The object without these keys; anything else as it is."""
    if not isinstance(value, dict):
        return value
    return {key: one for key, one in value.items() if key not in keys}


def bare_package(requirement: str, *names: str) -> None:
    """Make packages of a distribution importable without running their `__init__`.

    A validator that needs pydantic alone often lies in a package that loads a whole cloud SDK when
    it is imported. The modules that are imported afterwards are the distribution's own.
    """
    folder = Path(str(distribution(requirement).locate_file("")))
    for name in names:
        package = ModuleType(name)
        package.__path__ = [str(folder / name.replace(".", "/"))]
        sys.modules[name] = package
