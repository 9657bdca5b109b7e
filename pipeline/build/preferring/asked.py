"""Which of the asked formats are made from conversations and which from preferences."""

from collections.abc import Iterable

from msgspec.structs import replace

from pipeline.errors import UsageError
from pipeline.formats import get_format
from pipeline.spec import BuildSpec

__all__ = ["formats_by_kind", "with_pairs"]


def formats_by_kind(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of formats of conversations, and of formats of preferences."""
    forms = [get_format(name) for name in dict.fromkeys(names)]
    chats = tuple(form.name for form in forms if form.kind == "chat")
    return chats, tuple(form.name for form in forms if form.kind == "preference")


def with_pairs(spec: BuildSpec) -> BuildSpec:
    """The spec that writes preferences down where a format asks for them.

    `pairs` keeps the runs that the default keeps. Raises `UsageError` where another policy was
    asked for, and for a format that there is not.
    """
    _, preferences = formats_by_kind(spec.formats)
    if not preferences or spec.dedupe.conflicts == "pairs":
        return spec
    if spec.dedupe.conflicts == "best":
        return replace(spec, dedupe=replace(spec.dedupe, conflicts="pairs"))
    raise UsageError(
        f"format {preferences[0]} is made from runs whose answers to one input differ, which needs "
        f'dedupe.conflicts = "pairs"; the spec says "{spec.dedupe.conflicts}"'
    )
