"""What a spec says of each stage, in the order in which they run."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from pipeline.spec import BuildSpec

__all__ = ["StageWords", "stage_words"]

_STAGES = {
    "pull": ("source",),
    "normalize": ("select", "normalize", "render", "labels", "redact"),
    "validate": ("formats",),
    "dedupe": ("dedupe", "against"),
    "sample": ("sample",),
    "split": ("split",),
    "write": ("formats",),
}
"""The parts of the spec that each stage follows."""


class StageWords(Struct, frozen=True):
    """One stage, and the words that it follows."""

    stage: str
    words: dict[str, Any]
    """Every word of its parts, as it decides the build."""
    changed: dict[str, Any]
    """By path, those that are not the default."""


def stage_words(spec: BuildSpec) -> tuple[StageWords, ...]:
    """The stages in their order."""
    making, plain = spec.making(), BuildSpec().making()
    return tuple(
        StageWords(
            stage,
            words={part: making[part] for part in parts if part in making},
            changed={
                path: value
                for part in parts
                for path, value in _flat(part, making.get(part))
                if value != _at(plain, path)
            },
        )
        for stage, parts in _STAGES.items()
    )


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict) or not value:
        yield path, value
        return
    for word, inner in value.items():
        yield from _flat(f"{path}.{word}", inner)


def _at(words: dict[str, Any], path: str) -> Any:
    value: Any = words
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value
