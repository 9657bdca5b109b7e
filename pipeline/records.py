"""One training conversation, provider-neutral and immutable, and what is said of one that left.

`ChatRecord` is pure content: two runs with the same words have equal records. Where a run came
from (its id, interaction, model, score) travels beside the record in columns, never inside it.
Imports nothing of the package.
"""

from typing import Any, Literal, get_args

from msgspec import UNSET, Raw, Struct, UnsetType, field

__all__ = [
    "REJECT_CODES",
    "ChatRecord",
    "ContentPart",
    "DuplicateCode",
    "ImagePart",
    "Message",
    "PreferenceRecord",
    "Record",
    "RejectCode",
    "Rejected",
    "Role",
    "Stage",
    "TextPart",
    "Tool",
    "ToolCall",
]


Role = Literal["system", "user", "assistant", "tool"]
Stage = Literal[
    "pull",
    "select",
    "normalize",
    "labels",
    "redact",
    "validate",
    "dedupe",
    "sample",
    "split",
    "write",
]

RejectCode = Literal[
    # pull: what came is not a run that can be read
    "not_json",
    "not_a_run",
    "invalid_utf8",
    "lone_surrogate",
    "non_finite_number",
    "too_deep",
    "too_large",
    "vanished",
    # select: the spec does not ask for it
    "status",
    "finish_reason",
    "run_error",
    "score",
    "tag",
    "interaction",
    "model",
    "time",
    "source",
    # normalize: it cannot become a conversation
    "inputs_not_stored",
    "unrenderable_parameters",
    "unrenderable_template",
    "template_drift",
    "virtual_parent",
    "unknown_prompt_shape",
    "ambiguous_prompt",
    "unknown_result_shape",
    "unsupported_content",
    "truncated_attachment",
    "damaged_history",
    "non_text_output",
    "reasoning_inlined",
    "no_user_turn",
    "orphan_tool_result",
    "tool_call_without_result",
    "tool_turn_without_call",
    # labels: the answer teaches nothing, or something wrong
    "empty_answer",
    "truncated_answer",
    "unfinished_json",
    "answer_breaks_schema",
    "unknown_tool",
    "tool_arguments_break_schema",
    "error_text",
    "refusal",
    "prompt_echo",
    "wrong_language",
    "not_selected",
    "superseded",
    # redact: the policy says that a run with such a value leaves
    "sensitive_data",
    # validate: the provider would refuse the line
    "format_refused",
    # dedupe: alike input, another answer; near an evaluation set
    "conflict",
    "contaminated",
    # sample: more than the spec asks for
    "over_cap",
    "over_budget",
]
"""The closed list of reasons. A code is never renamed: people keep them in dashboards."""

DuplicateCode = Literal[
    "same_run_id",
    "exact_duplicate",
    "near_duplicate",
    "contained_conversation",
    "in_earlier_dataset",
]

REJECT_CODES: tuple[str, ...] = get_args(RejectCode)


class Rejected(Struct, frozen=True):
    """A run or record that left: where, why (a code), and one sentence a person can act on."""

    stage: Stage
    code: RejectCode
    detail: str


class TextPart(Struct, frozen=True, tag_field="type", tag="text"):
    """Text between other parts."""

    text: str


class ImagePart(Struct, frozen=True, tag_field="type", tag="image", omit_defaults=True):
    """An image: base64 `data`, or a `url` (https or a bucket's); never both."""

    mime_type: str | None = None
    data: str | None = None
    url: str | None = None
    detail: str | None = None
    """How closely the model looks (`low`, `high`, `auto`), where that was said."""


ContentPart = TextPart | ImagePart


class ToolCall(Struct, frozen=True):
    """A call that the assistant made. `arguments` is the decoded object, key order kept."""

    id: str
    name: str
    arguments: dict[str, Any]


class Tool(Struct, frozen=True, omit_defaults=True):
    """A tool that was on offer; `parameters` is its JSON Schema as it came."""

    name: str
    parameters: dict[str, Any]
    description: str | None = None
    strict: bool | None = None
    """Whether calls must follow `parameters` to the letter, where that was said."""


class Message(Struct, frozen=True, omit_defaults=True):
    """One turn. `content` is None only beside `tool_calls`; `tool_call_id` only on role tool."""

    role: Role
    content: str | tuple[ContentPart, ...] | None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None
    weight: Literal[0, 1] | None = None
    """0: not trained on; None: by the provider's rule, which trains the assistant's turns."""
    reasoning: str | None = None
    """What the assistant thought before it answered, where that is to be trained."""


class ChatRecord(Struct, frozen=True, omit_defaults=True):
    """One training conversation; the last message is the assistant's answer, the label."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    response_schema: Raw | UnsetType = field(default=UNSET)
    """The run's result_schema as it came (compact JSON), where the answer had to follow one."""
    parallel_tool_calls: bool | None = None
    """Whether a turn may call several tools at once, where that was said."""
    weight: float | None = None
    """By how much the example counts in the training, where that was said; otherwise 1."""


class PreferenceRecord(Struct, frozen=True, omit_defaults=True):
    """One input and two answers to it, one preferred to the other."""

    prompt: tuple[Message, ...]
    """The conversation up to the answers; its last message is not the assistant's."""
    chosen: tuple[Message, ...]
    """The preferred answer: one assistant message, or several turns of which the last is one."""
    rejected: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    parallel_tool_calls: bool | None = None
    weight: float | None = None


Record = ChatRecord | PreferenceRecord
"""What a training line is made from."""
