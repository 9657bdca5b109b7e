"""A run becomes a `ChatRecord`, or the reason why it cannot: one file a prompt shape.

The way is the same for every shape: tell the shape (`shapes`), read it into turns (its reader),
apply the policy, pair tool calls with their results (`messages`), read the answer. Imports api's
`Run` and the nouns. Expects a run that `read` let through; never raises on one.
"""

from msgspec import UNSET, Raw, Struct

from pipeline.api.runs import Run
from pipeline.records import ChatRecord, Message, Rejected
from pipeline.spec import NormalizeSpec
from pipeline.stages.normalize.answer import read_answer
from pipeline.stages.normalize.damage import find_damage
from pipeline.stages.normalize.draft import Draft, refuse
from pipeline.stages.normalize.messages import to_messages
from pipeline.stages.normalize.policy import apply_policy
from pipeline.stages.normalize.schema import read_schema
from pipeline.stages.normalize.shapes import READERS, shape_of

__all__ = ["Normalize"]


class Normalize(Struct, frozen=True):
    """Makes the provider-neutral record of a run."""

    spec: NormalizeSpec

    def __call__(self, run: Run) -> ChatRecord | Rejected:
        """The record, or a rejection with the JSON path of what was not understood."""
        draft = _read_prompt(run)
        if isinstance(draft, Rejected):
            return draft
        schema = read_schema(run.result_schema)
        system, turns = apply_policy(draft.turns, schema, self.spec.system_separator)
        messages = to_messages(turns)
        if isinstance(messages, Rejected):
            return messages
        answer = read_answer(run, has_schema=schema is not None)
        if isinstance(answer, Rejected):
            return answer
        opening = [Message("system", system)] if system else []
        return ChatRecord(
            messages=(*opening, *messages, Message("assistant", answer.text)),
            tools=draft.tools,
            response_schema=schema.compact if schema else UNSET,
        )


def _read_prompt(run: Run) -> Draft | Rejected:
    prompt = b"null" if run.prompt is UNSET else bytes(run.prompt)
    if prompt == b"null":
        said = "the prompt was not stored with the run, and cannot be rendered in this version"
        return refuse("inputs_not_stored", said, "$.prompt")
    shape = shape_of(prompt)
    if shape is None:
        said = "the prompt has none of the forms that are known"
        return refuse("unknown_prompt_shape", said, "$.prompt")
    if shape not in READERS:
        said = f"the prompt is {shape}, which is not read in this version"
        return refuse("unknown_prompt_shape", said, "$.prompt")
    return find_damage(prompt) or READERS[shape](Raw(prompt))
