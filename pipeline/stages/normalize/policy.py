"""What becomes of stored turns: one system message, no scaffolding, no two turns in a row.

Written in one place, so that every prompt shape gives the same record for the same words.
"""

from collections.abc import Iterator

from msgspec import Struct

from pipeline.records import ContentPart, TextPart
from pipeline.spec import NormalizeSpec
from pipeline.stages.normalize.draft import Draft, Turn
from pipeline.stages.normalize.schema import ResultSchema, without_notice

__all__ = ["Applied", "apply_policy", "content_of", "merge"]

_IMPORTANT = "IMPORTANT: "
_SAFETY_PREFIX = "DO NOT IGNORE - IMPORTANT: "
_FORMATTING_PREFIX = "TOOL: "
"""Written before system text, once or more, where a tool forced the answer's schema."""
_PREFILLS = {"{", "```json"}
_BLANK_LINE = "\n\n"


class Applied(Struct):
    """A prompt after the policy."""

    system: str
    """The system message's text; empty where there is none."""
    turns: list[Turn]
    """The turns after it."""


def apply_policy(draft: Draft, schema: ResultSchema | None, spec: NormalizeSpec) -> Applied:
    """One system text, and turns without scaffolding.

    System segments are joined; safety segments lose their mark and go where the spec says.
    Notices about the schema, prefills of the answer, and text of white space are dropped;
    consecutive turns of one role become one.
    """
    system: list[str] = []
    safety: list[str] = []
    others: list[Turn] = []
    noticed = schema if spec.schema_notices == "remove" else None
    for turn in draft.turns:
        if turn.role != "tool":
            turn.parts = _clean_parts(turn, noticed)
        if turn.role != "system":
            others.append(turn)
            continue
        for said, is_safety in _segments(turn, draft, has_schema=schema is not None, later=others):
            if not is_safety or spec.safety == "in_place":
                system.append(said)
            else:
                safety.append(said)
    if schema is not None:
        _drop_prefill(others)
    if spec.safety == "drop":
        safety = []
    return Applied(spec.system_separator.join(system + safety), merge(others))


def _segments(
    turn: Turn, draft: Draft, *, has_schema: bool, later: list[Turn]
) -> Iterator[tuple[str, bool]]:
    """The texts of a system turn without the platform's marks, and whether each is safety."""
    for text in _texts(turn.parts):
        while has_schema and text.startswith(_FORMATTING_PREFIX):
            text = text.removeprefix(_FORMATTING_PREFIX)  # noqa: PLW2901
        if turn.safety or text.startswith(_SAFETY_PREFIX):
            yield text.removeprefix(_SAFETY_PREFIX), True
        elif draft.important == "later" and later and text.startswith(_IMPORTANT):
            yield text.removeprefix(_IMPORTANT), True
        elif draft.important == "tail":
            yield from _cut_tail(text)
        else:
            yield text, False


def _cut_tail(text: str) -> Iterator[tuple[str, bool]]:
    """What stands before and after the last `IMPORTANT: ` that begins a paragraph."""
    before, mark, after = text.rpartition(_BLANK_LINE + _IMPORTANT)
    if mark:
        yield before, False
        yield after, True
    elif text.startswith(_IMPORTANT):
        yield text.removeprefix(_IMPORTANT), True
    else:
        yield text, False


def _texts(parts: list[ContentPart]) -> list[str]:
    return [part.text for part in parts if isinstance(part, TextPart)]


def _clean_parts(turn: Turn, schema: ResultSchema | None) -> list[ContentPart]:
    """The parts without notices about the schema and without blank ones."""
    noticed = schema if turn.role != "assistant" else None
    if noticed is None and not any(map(_is_blank, turn.parts)):
        return turn.parts
    parts: list[ContentPart] = []
    for part in turn.parts:
        if not isinstance(part, TextPart):
            parts.append(part)
            continue
        text = part.text
        if noticed is not None:
            text = without_notice(text, noticed, in_system=turn.role == "system")
        cleaned = part if text is part.text else TextPart(text)
        if not _is_blank(cleaned):
            parts.append(cleaned)
    return parts


def _is_blank(part: ContentPart) -> bool:
    return isinstance(part, TextPart) and (not part.text or part.text.isspace())


def _drop_prefill(turns: list[Turn]) -> None:
    if turns and turns[-1].role == "assistant" and not turns[-1].calls:
        texts = _texts(turns[-1].parts)
        if len(texts) == 1 and texts[0].strip() in _PREFILLS:
            turns.pop()


def merge(turns: list[Turn]) -> list[Turn]:
    """Turns of one role in a row become one; turns without content go. Results stay apart."""
    merged: list[Turn] = []
    last: Turn | None = None
    for turn in turns:
        if turn.role != "tool":
            if not turn.parts and not turn.calls:
                continue
            if last is not None and last.role == turn.role and last.name == turn.name:
                last.parts += turn.parts
                last.calls += turn.calls
                continue
        merged.append(turn)
        last = turn
    return merged


def content_of(parts: list[ContentPart]) -> str | tuple[ContentPart, ...]:
    """Texts become one, with a blank line between; beside an image the parts stay parts."""
    if len(parts) == 1 and isinstance(parts[0], TextPart):
        return parts[0].text
    texts = _texts(parts)
    return _BLANK_LINE.join(texts) if len(texts) == len(parts) else tuple(parts)
