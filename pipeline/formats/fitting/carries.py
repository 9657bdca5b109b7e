"""What a line has a place for, and what becomes of what it has none for. Imports nothing."""

from typing import Literal

from msgspec import Struct

__all__ = ["ANY_IMAGE", "Carries", "ImageSource", "Rewrite"]

ImageSource = Literal["data", "https", "gs", "s3"]
ANY_IMAGE: tuple[ImageSource, ...] = ("data", "https", "gs", "s3")

Rewrite = Literal[
    "system_into_user",
    "systems_joined",
    "turns_merged",
    "parts_joined",
    "image_types_told",
    "image_types_dropped",
    "calls_renamed",
    "calls_numbered",
    "results_ordered",
    "results_named",
    "results_compacted",
    "texts_in_parts",
    "empty_texts_dropped",
    "weights_spelled_out",
    "weights_dropped",
    "earlier_turns_untrained",
    "empty_descriptions_added",
    "schemas_rewritten",
    "reasoning_dropped",
    "names_dropped",
    "detail_dropped",
    "strict_dropped",
    "parallel_tool_calls_dropped",
]
"""What may be done to a record on its way into a line. The ledger names it, as `format:rewrite`."""


class Carries(Struct, frozen=True, kw_only=True):
    """By feature of a record: kept, refused, or rewritten in a way that the ledger names."""

    system: Literal["kept", "into_user", "refused"] = "kept"
    """A system message; `into_user` puts it before the first user turn, with a blank line."""
    several_systems: Literal["kept", "joined"] = "kept"
    """More than one at the beginning; joined by a blank line."""
    later_system: Literal["kept", "refused"] = "kept"
    """One after the first other turn."""
    same_role_turns: Literal["kept", "merged"] = "kept"
    """Two turns of the user, or of the assistant, in a row; merged by a blank line. Turns that
    call tools are never merged: a format that takes no two of them in a row has a rule."""
    several_turns: Literal["kept", "refused"] = "kept"
    """More than one question and one answer."""
    tools: Literal["kept", "refused"] = "kept"
    """Tools on offer, calls of them, their results."""
    content_beside_calls: Literal["kept", "never_empty", "refused"] = "kept"
    """Text of the assistant in the turn that calls a tool; an empty one is dropped, unless all
    are kept."""
    call_ids: Literal["kept", "renamed", "numbered"] = "kept"
    """Ids of calls; renamed where a provider asks for a form of its own. Numbered (`call_1` is the
    first) where a line has none: then a result needs the name of its call, and stands in order."""
    results: Literal["kept", "objects"] = "kept"
    """What tools gave back; where a line has a JSON object for it, one is written without white
    space, because no line would have it."""
    images: tuple[ImageSource, ...] = ()
    """Where they may lie: in the line (`data`), at an address, in a bucket. Others are refused."""
    image_types: tuple[str, ...] = ()
    """Their MIME types, where a line has to say them; others are refused. Of an image at an
    address that says none, the type is told by the suffix. Empty: a type need not be known."""
    address_types: Literal["kept", "dropped"] = "kept"
    """The MIME type of an image at an address, which a line may have no place for."""
    image_turns: Literal["any", "user"] = "any"
    """Whose turns they may stand in; in others they are refused."""
    text_parts: Literal["kept", "joined"] = "kept"
    """A content of several texts; joined as it was cut, with nothing between them."""
    detail: Literal["kept", "dropped"] = "dropped"
    """How closely the model looks at an image."""
    texts: Literal["kept", "in_parts"] = "kept"
    """Texts beside contents in parts; `in_parts` makes a part of every text of such a record."""
    weight: Literal["kept", "spelled_out", "assistant", "last_answer", "refused"] = "kept"
    """Of a message; what `weighing` does about each."""
    last_answer_in: str = ""
    """Where weights are refused: the format for the same trainer that takes `last_answer`."""
    example_weight: Literal["kept", "refused"] = "refused"
    """Of the whole record, unless it is 1, which says nothing."""
    reasoning: Literal["kept", "dropped"] = "dropped"
    names: Literal["kept", "dropped"] = "dropped"
    """Names of participants."""
    strict: Literal["kept", "dropped"] = "dropped"
    """Of a tool."""
    descriptions: Literal["optional", "required"] = "optional"
    """Of a tool; where it must have one, an empty one is added."""
    tool_schemas: Literal["kept", "openapi"] = "kept"
    """The JSON Schema of a tool's parameters; `openapi` writes it in the words of OpenAPI 3.0."""
    parallel_tool_calls: Literal["kept", "dropped"] = "dropped"
    answer_turns: Literal["one", "several"] = "one"
    """Of a preference: whether an answer may have more than one message."""
