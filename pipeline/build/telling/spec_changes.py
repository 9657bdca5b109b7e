"""Which words of the spec differ between two builds, by their paths."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from pipeline.manifest import DatasetManifest

__all__ = ["WordChange", "spec_changes"]


class WordChange(Struct, frozen=True):
    """A word that is another one."""

    path: str
    """`dedupe.threshold`, `version`."""
    before: Any
    """None where there was none."""
    after: Any


def spec_changes(before: DatasetManifest, after: DatasetManifest) -> tuple[WordChange, ...]:
    """The words of the spec, and the version, that differ."""
    one, other = dict(_flat("", before.spec)), dict(_flat("", after.spec))
    one |= {"version": before.versions.get("trainset")}
    other |= {"version": after.versions.get("trainset")}
    return tuple(
        WordChange(path, one.get(path), other.get(path))
        for path in sorted({*one, *other})
        if one.get(path) != other.get(path)
    )


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict) or not value:
        yield path, value
        return
    for word, inner in value.items():
        yield from _flat(f"{path}.{word}" if path else word, inner)
