"""What becomes of stored turns: one system message, no scaffolding, no two turns in a row.

Written in one place, so that every prompt shape gives the same record for the same words.
"""

from pipeline.records import ContentPart, TextPart
from pipeline.stages.normalize.draft import Turn
from pipeline.stages.normalize.schema import ResultSchema, without_notice

__all__ = ["SAFETY_PREFIX", "apply_policy", "content_of"]

SAFETY_PREFIX = "DO NOT IGNORE - IMPORTANT: "
_FORMATTING_PREFIX = "TOOL: "
"""Written before system text, once or more, where a tool forced the answer's schema."""
_PREFILLS = {"{", "```json"}
_BLANK_LINE = "\n\n"


def apply_policy(
    turns: list[Turn], schema: ResultSchema | None, system_separator: str
) -> tuple[str, list[Turn]]:
    """The system message's text (empty where there is none) and the turns after it.

    System segments are joined, safety segments last and without their prefix. Notices about the
    schema, prefills of the answer, and text of white space are dropped; consecutive turns of one
    role become one.
    """
    system: list[str] = []
    safety: list[str] = []
    others: list[Turn] = []
    for turn in turns:
        if turn.role != "tool":
            turn.parts = _clean_parts(turn, schema)
        if turn.role != "system":
            others.append(turn)
            continue
        for text in _texts(turn.parts):
            cleaned, is_safety = _clean_system(text, has_schema=schema is not None)
            (safety if is_safety else system).append(cleaned)
    _drop_prefill(others)
    return system_separator.join(system + safety), _merge(others)


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
        text = part.text if noticed is None else without_notice(part.text, noticed)
        cleaned = part if text is part.text else TextPart(text)
        if not _is_blank(cleaned):
            parts.append(cleaned)
    return parts


def _is_blank(part: ContentPart) -> bool:
    return isinstance(part, TextPart) and (not part.text or part.text.isspace())


def _clean_system(text: str, *, has_schema: bool) -> tuple[str, bool]:
    """The text without what the platform set before it, and whether it is a safety segment."""
    while has_schema and text.startswith(_FORMATTING_PREFIX):
        text = text.removeprefix(_FORMATTING_PREFIX)
    return text.removeprefix(SAFETY_PREFIX), text.startswith(SAFETY_PREFIX)


def _drop_prefill(turns: list[Turn]) -> None:
    if turns and turns[-1].role == "assistant" and not turns[-1].calls:
        texts = _texts(turns[-1].parts)
        if len(texts) == 1 and texts[0].strip() in _PREFILLS:
            turns.pop()


def _merge(turns: list[Turn]) -> list[Turn]:
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
