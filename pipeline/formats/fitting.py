"""Fit a record into a format: rewrite what may be rewritten, refuse what has no place.

Every rewrite is named, so nothing changes in silence. Imports `records`, `carries`, `format`, and
the rewrites in `contents` and `merging`.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from pipeline.formats.carries import Carries, Rewrite
from pipeline.formats.contents import image_type, join_texts, tell_image_types
from pipeline.formats.format import Format
from pipeline.formats.merging import join_systems, merge_turns, put_system_into_user, rename_calls
from pipeline.records import ChatRecord, ContentPart, ImagePart, Message, PreferenceRecord, Tool

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
    if isinstance(record, ChatRecord):
        turns, tools = record.messages, record.tools
    else:
        turns, tools = record.prompt, record.tools
    outputs = _outputs(record)
    if reason := next(_refusals(turns, outputs, tools, carries), None):
        return Unfit(reason)
    if carries.answer_turns == "one" and any(len(one) > 1 for one in outputs):
        return Unfit("takes answers of one message, one of these has several")
    rewrites: list[Rewrite] = []
    turns = _drop(_rewrite_contents(turns, carries, rewrites), carries, rewrites)
    turns = _rewrite_order(turns, carries, rewrites)
    if carries.call_ids == "renamed":
        turns = rename_calls(turns, rewrites)
    tools = _drop_strict(tools, carries, rewrites)
    parallel = record.parallel_tool_calls
    if parallel is not None and carries.parallel_tool_calls == "dropped":
        parallel = None
        rewrites.append("parallel_tool_calls_dropped")
    changed: dict[str, Any] = {"tools": tools, "parallel_tool_calls": parallel}
    if outputs:
        outputs = tuple(_rewrite_contents(one, carries, rewrites) for one in outputs)
        chosen, rejected = (_drop(one, carries, rewrites) for one in outputs)
        changed |= {"prompt": turns, "chosen": chosen, "rejected": rejected}
    else:
        changed["messages"] = turns
    if not rewrites:
        return Fitted(record, ())
    return Fitted(replace(record, **changed), tuple(dict.fromkeys(rewrites)))


def _outputs(record: ChatRecord | PreferenceRecord) -> tuple[_Turns, ...]:
    return () if isinstance(record, ChatRecord) else (record.chosen, record.rejected)


def _refusals(
    turns: _Turns, outputs: Iterable[_Turns], tools: tuple[Tool, ...], carries: Carries
) -> Iterator[str]:
    """What has no place, in sentences that begin with the format's name."""
    begun = False
    for message in turns:
        if message.role != "system":
            begun = True
        elif carries.system == "refused":
            yield "has no place for a system message"
        elif begun and carries.later_system == "refused":
            yield "takes system messages at the beginning alone"
    if tools and carries.tools == "refused":
        yield "has no place for tools"
    if carries.several_turns == "refused" and _count_turns(turns, carries) > _ONE_EXCHANGE:
        yield "takes one question and one answer, this conversation has more turns"
    for message in (*turns, *(one for output in outputs for one in output)):
        yield from _refuse_message(message, carries)


_ONE_EXCHANGE = 2


def _count_turns(turns: _Turns, carries: Carries) -> int:
    """How many turns will be left, system messages apart."""
    roles = [message.role for message in turns if message.role != "system"]
    if carries.same_role_turns == "merged":
        return sum(1 for _ in groupby(roles))
    return len(roles)


def _refuse_message(message: Message, carries: Carries) -> Iterator[str]:
    if message.weight == 0 and carries.weight == "refused":
        yield "cannot leave a turn out of the training (weight 0)"
    if message.tool_calls or message.role == "tool":
        if carries.tools == "refused":
            yield "has no place for tool calls and their results"
        if message.tool_calls and message.content and carries.content_beside_calls == "refused":
            yield "takes no text beside a tool call"
    if isinstance(message.content, tuple):
        for part in message.content:
            if isinstance(part, ImagePart):
                yield from _refuse_image(part, carries)


def _refuse_image(image: ImagePart, carries: Carries) -> Iterator[str]:
    if not carries.images:
        yield "has no place for images"
    elif _lies_in(image) not in carries.images:
        yield f"takes no image from {_lies_in(image)}"
    elif carries.image_types and (found := image_type(image)) not in carries.image_types:
        yield f"takes no image of type {found}" if found else "has to be told an image's MIME type"


def _lies_in(image: ImagePart) -> str:
    if image.url is None:
        return "data"
    scheme = image.url.partition("://")[0].lower()
    return "https" if scheme == "http" else scheme


def _rewrite_contents(turns: _Turns, carries: Carries, rewrites: list[Rewrite]) -> _Turns:
    if carries.text_parts == "joined":
        turns = join_texts(turns, rewrites)
    if carries.image_types:
        turns = tell_image_types(turns, rewrites)
    return turns


def _rewrite_order(turns: _Turns, carries: Carries, rewrites: list[Rewrite]) -> _Turns:
    if turns and turns[0].role == "system":
        if carries.several_systems == "joined" or carries.system == "into_user":
            turns = join_systems(turns, rewrites)
        if carries.system == "into_user":
            turns = put_system_into_user(turns, rewrites)
    if carries.same_role_turns == "merged":
        turns = merge_turns(turns, rewrites)
    return turns


def _drop(turns: _Turns, carries: Carries, rewrites: list[Rewrite]) -> _Turns:
    """The turns without what the format has no field for; the same object where that is nothing."""
    kept = [_drop_of(message, carries, rewrites) for message in turns]
    same = all(new is old for new, old in zip(kept, turns, strict=True))
    return turns if same else tuple(kept)


def _drop_of(message: Message, carries: Carries, rewrites: list[Rewrite]) -> Message:
    if message.reasoning is not None and carries.reasoning == "dropped":
        rewrites.append("reasoning_dropped")
        message = replace(message, reasoning=None)
    if message.name is not None and message.role != "tool" and carries.names == "dropped":
        rewrites.append("names_dropped")
        message = replace(message, name=None)
    if isinstance(message.content, tuple) and carries.detail == "dropped":
        return _drop_detail(message, message.content, rewrites)
    return message


def _drop_detail(
    message: Message, content: tuple[ContentPart, ...], rewrites: list[Rewrite]
) -> Message:
    if not any(isinstance(part, ImagePart) and part.detail for part in content):
        return message
    rewrites.append("detail_dropped")
    parts = (replace(p, detail=None) if isinstance(p, ImagePart) else p for p in content)
    return replace(message, content=tuple(parts))


def _drop_strict(
    tools: tuple[Tool, ...], carries: Carries, rewrites: list[Rewrite]
) -> tuple[Tool, ...]:
    if carries.strict == "kept" or all(tool.strict is None for tool in tools):
        return tools
    rewrites.append("strict_dropped")
    return tuple(replace(tool, strict=None) for tool in tools)
