"""Prompt segments: `[{role, content, ...}]`, what a prompt is before a driver gives it a form.

Stored by the test driver as they are, and what rendering templates gives. Roles are those of
the platform: `safety` is system text of its own, `negative` and `mask` belong to images.
"""

import msgspec
from msgspec import Raw, Struct

from pipeline.records import Rejected
from pipeline.stages.normalize.draft import Draft, Turn, refuse, refuse_shape, text_turn

__all__ = ["read_segments", "segment_turn"]


class _Segment(Struct):
    role: str
    content: str = ""
    tool_use_id: str | None = None
    files: list[Raw] | None = None


_DECODER = msgspec.json.Decoder(list[_Segment])


def read_segments(prompt: Raw) -> Draft | Rejected:
    """The draft of bare segments."""
    try:
        segments = _DECODER.decode(prompt)
    except msgspec.ValidationError as error:
        return refuse_shape(error, "$.prompt")
    turns: list[Turn] = []
    for index, segment in enumerate(segments):
        path = f"$.prompt[{index}]"
        if segment.files:
            return refuse("unsupported_content", "a segment with files", f"{path}.files")
        turn = segment_turn(segment.role, segment.content, path)
        if isinstance(turn, Rejected):
            return turn
        if turn.role == "tool":
            turn.answers = segment.tool_use_id
        turns.append(turn)
    return Draft(turns)


def segment_turn(role: str, content: str, path: str) -> Turn | Rejected:
    """The turn of one segment."""
    match role:
        case "system" | "developer":
            return text_turn("system", content)
        case "user" | "assistant" | "tool":
            return text_turn(role, content)
        case "safety":
            return text_turn("system", content, safety=True)
    return refuse("unsupported_content", f"a segment of role {role!r}", f"{path}.role")
