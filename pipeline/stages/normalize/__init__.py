"""A run becomes a `ChatRecord`, or the reason why it cannot: one file a prompt shape.

The way is the same for every shape: tell the shape (`shapes`), read it into turns (its reader),
apply the policy, pair tool calls with their results (`messages`), read the answer. A prompt that
was not stored is rendered from the interaction's templates. Imports api's `Run`, the prompts'
room and the nouns. Expects a run that `read` let through; never raises on one.
"""

from msgspec import UNSET, Struct

from pipeline.api.runs import Run
from pipeline.prompts import Renderer
from pipeline.records import ChatRecord, Message, Rejected, ToolCall
from pipeline.spec import NormalizeSpec
from pipeline.stages.facts import reference_of
from pipeline.stages.normalize.answer import Answer, read_answer
from pipeline.stages.normalize.draft import Draft, refuse
from pipeline.stages.normalize.messages import call_count, inline_orphans, to_messages
from pipeline.stages.normalize.policy import apply_policy
from pipeline.stages.normalize.prompt import NO_TEMPLATES, is_stored, read_prompt
from pipeline.stages.normalize.schema import ResultSchema, read_schema

__all__ = ["Normalize", "Normalized"]


class Normalized(Struct, frozen=True):
    """A record, and what is said of it beside it."""

    record: ChatRecord
    thoughts: str | None = None
    """The model's reasoning, where it was stored apart from the answer."""
    prompt_source: str = "stored"
    """`stored`, `rendered` or `rendered_by_studio`."""
    flags: tuple[str, ...] = ()
    note: str | None = None
    """What there is to say about the flags."""


class Normalize(Struct, frozen=True):
    """Makes the provider-neutral record of a run."""

    spec: NormalizeSpec
    renderer: Renderer = NO_TEMPLATES

    def __call__(self, run: Run) -> Normalized | Rejected:
        """The record, or a rejection with the JSON path of what was not understood."""
        read = _refuse_parent(run) or read_prompt(run, self.renderer)
        if isinstance(read, Rejected):
            return read
        draft = read.draft
        schema = read_schema(run.result_schema)
        messages = self._messages(draft, schema)
        if isinstance(messages, Rejected):
            return messages
        answer = read_answer(run, self.spec, has_schema=schema is not None)
        if isinstance(answer, Rejected):
            return answer
        carried = schema is not None and self.spec.response_schema == "metadata"
        record = ChatRecord(
            messages=(*messages, _label(answer, call_count(messages))),
            tools=draft.tools,
            response_schema=schema.compact if schema and carried else UNSET,
        )
        return Normalized(record, answer.thoughts, read.source, read.flags, read.note)

    def _messages(self, draft: Draft, schema: ResultSchema | None) -> list[Message] | Rejected:
        applied = apply_policy(draft, schema, self.spec)
        turns = applied.turns
        if not turns and applied.system and self.spec.system_only == "user":
            return [Message("user", applied.system)]
        if self.spec.orphan_tool_results == "inline":
            turns = inline_orphans(turns)
        messages = to_messages(turns)
        if isinstance(messages, Rejected) or not applied.system:
            return messages
        return [Message("system", applied.system), *messages]


def _label(answer: Answer, made: int) -> Message:
    """The last message; its calls are counted on from those of the prompt."""
    calls = tuple(
        ToolCall(f"call_{made + number}", call.name, call.arguments)
        for number, call in enumerate(answer.calls, 1)
    )
    return Message("assistant", None if calls and not answer.text else answer.text, calls)


def _refuse_parent(run: Run) -> Rejected | None:
    """The rejection of a run that only handed its work to others, which are runs of their own."""
    environment = reference_of(run.environment)
    if (environment.provider or "").startswith("virtual"):
        said = f"a run of {environment.provider}: the runs that it gave rise to hold its work"
        return refuse("virtual_parent", said, "$.environment.provider")
    if environment.provider is None and run.model_id is None and not is_stored(run.prompt):
        said = "a run without model and prompt: of a virtual environment"
        return refuse("virtual_parent", said, "$.modelId")
    return None
