"""The files that a flag names, by name or by glob. Imports `errors`."""

import glob
from collections.abc import Iterable
from pathlib import Path

from pipeline.errors import SourceUnreadable, UsageError

__all__ = ["files_of"]


def files_of(flag: str, patterns: Iterable[str], instead: str = "give local files") -> list[Path]:
    """The files of all patterns, in their order; each as it is called, whether it is there or not.

    Raises `UsageError` for a bucket (saying what to do `instead`), `SourceUnreadable` for a glob
    that fits nothing.
    """
    return [path for pattern in patterns for path in _files(flag, pattern, instead)]


def _files(flag: str, pattern: str, instead: str) -> list[Path]:
    if "://" in pattern:
        raise UsageError(f"{flag} {pattern}: buckets are not built yet; {instead}")
    if not glob.has_magic(pattern):
        return [Path(pattern)]
    found = sorted(glob.glob(pattern))  # noqa: PTH207 (absolute patterns too)
    if not found:
        raise SourceUnreadable(f"{flag} {pattern}: no file matches")
    return [Path(name) for name in found]
