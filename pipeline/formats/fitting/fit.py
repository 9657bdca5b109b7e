"""Fit a record into a format: rewrite what may be rewritten, refuse what has no place.

Every rewrite is named, so nothing changes in silence. Imports `records`, `carries`, `format`,
`refusing` and the rewrites (`calls`, `contents`, `merging`, `weighing`, `dropping`).
"""

from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from pipeline.formats.fitting.calls import compact_results, number_calls
from pipeline.formats.fitting.carries import Carries, Rewrite
from pipeline.formats.fitting.contents import drop_address_types, join_texts, tell_image_types
from pipeline.formats.fitting.dropping import drop_fields, rewrite_beside
from pipeline.formats.fitting.merging import (
    join_systems,
    merge_turns,
    put_system_into_user,
    put_texts_in_parts,
    rename_calls,
)
from pipeline.formats.fitting.refusing import refusals
from pipeline.formats.fitting.weighing import weigh
from pipeline.formats.format import Format
from pipeline.records import ChatRecord, Message, PreferenceRecord, Record

__all__ = ["Fitted", "Unfit", "fit", "line_of", "write_line"]

R = TypeVar("R", ChatRecord, PreferenceRecord)
_Turns = tuple[Message, ...]


class Fitted(Struct, Generic[R], frozen=True):
    """A record as the format can carry it."""

    record: R
    rewrites: tuple[Rewrite, ...]
    """What was done to it, each once."""


class Unfit(Struct, frozen=True):
    """What the format has no place for."""

    reason: str
    """As the end of a sentence that begins with the format's name."""


def write_line(form: Format[R], record: R) -> tuple[bytes, tuple[Rewrite, ...]] | Unfit:
    """The record's line and what was rewritten for it, or what in it has no place.

    What the provider's rules have against the line, `Format.check` says.
    """
    match fit(record, form.carries):
        case Fitted(fitted, rewrites):
            return form.encode(fitted), rewrites
        case Unfit() as unfit:
            return unfit


def line_of(form: Format[R], record: R) -> bytes:
    """The record's line alone; empty where something in the record has no place."""
    written = write_line(form, record)
    return b"" if isinstance(written, Unfit) else written[0]


def fit(record: R, carries: Carries) -> Fitted[R] | Unfit:
    """The record with what the format has no place for rewritten, or why it cannot be."""
    chat = isinstance(record, ChatRecord)
    turns = record.messages if isinstance(record, ChatRecord) else record.prompt
    outputs: tuple[_Turns, ...] = _outputs(record)
    if reason := next(refusals(turns, outputs, record, carries), None):
        return Unfit(reason)
    rewrites: list[Rewrite] = []
    first, *rest = (_rewrite_each(one, carries, rewrites) for one in (turns, *outputs))
    first = _rewrite_order(first, carries, rewrites)
    lists: tuple[_Turns, ...] = (first, *rest)
    if carries.texts == "in_parts":
        lists = put_texts_in_parts(lists, rewrites)
    changed = rewrite_beside(record, carries, rewrites)
    if not rewrites:
        return Fitted(record, ())
    names = ("messages",) if chat else ("prompt", "chosen", "rejected")
    changed |= dict(zip(names, lists, strict=True))
    return Fitted(replace(record, **changed), tuple(dict.fromkeys(rewrites)))


def _rewrite_each(turns: _Turns, carries: Carries, rewrites: list[Rewrite]) -> _Turns:
    """Each message by itself."""
    if carries.text_parts == "joined":
        turns = join_texts(turns, rewrites)
    if carries.image_types:
        turns = tell_image_types(turns, rewrites)
    if carries.address_types == "dropped":
        turns = drop_address_types(turns, rewrites)
    if carries.results == "objects":
        turns = compact_results(turns, rewrites)
    return drop_fields(weigh(turns, carries, rewrites), carries, rewrites)


def _rewrite_order(turns: _Turns, carries: Carries, rewrites: list[Rewrite]) -> _Turns:
    """Messages among one another."""
    if turns and turns[0].role == "system":
        if carries.several_systems == "joined" or carries.system == "into_user":
            turns = join_systems(turns, rewrites)
        if carries.system == "into_user":
            turns = put_system_into_user(turns, rewrites)
    if carries.same_role_turns == "merged":
        turns = merge_turns(turns, rewrites)
    if carries.call_ids == "numbered":
        return number_calls(turns, rewrites)
    return rename_calls(turns, rewrites) if carries.call_ids == "renamed" else turns


def _outputs(record: Record) -> tuple[_Turns, ...]:
    """The answers of a preference."""
    return () if isinstance(record, ChatRecord) else (record.chosen, record.rejected)
