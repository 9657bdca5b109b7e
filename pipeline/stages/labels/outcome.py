"""What the run itself says of its answer: it lost, there is none, it was cut off.

Imports the facts beside the conversation.
"""

from msgspec import UNSET

from pipeline.records import Rejected
from pipeline.stages.facts import is_cut_off, max_tokens_of, selected_of, token_use_of
from pipeline.stages.labels.label import Label, refuse
from pipeline.stages.labels.schema import schema_broken

__all__ = ["cut_off", "empty", "hollow", "not_selected"]

_HOLLOW = ("{}", "[]")


def not_selected(label: Label) -> Rejected | None:
    """Whether a mediator asked several models and took another one's answer."""
    if selected_of(label.run) is not False:
        return None
    said = "evaluation.selected is false: the mediator took another candidate's answer"
    return refuse("not_selected", said)


def empty(label: Label) -> Rejected | None:
    """Whether the answer has neither text nor a call."""
    if label.text or label.calls:
        return None
    return refuse("empty_answer", "the run has no result, or an empty one")


def hollow(label: Label) -> Rejected | None:
    """Whether the answer is an empty object or list that no schema asks for."""
    if label.text not in _HOLLOW or label.calls:
        return None
    if label.record.response_schema is not UNSET and not schema_broken(label):
        return None
    return refuse("empty_answer", f"the result is {label.text}, which no schema asks for")


def cut_off(label: Label) -> Rejected | None:
    """Whether the provider ended the answer: by its finish_reason, or by tokens at the limit."""
    run = label.run
    if is_cut_off(run.finish_reason):
        return refuse("truncated_answer", f"finish_reason is {run.finish_reason!r}")
    limit = max_tokens_of(run)
    if limit is None:
        return None
    used = token_use_of(run).result
    if used is None or used < limit:
        return None
    said = f"the answer took {used} tokens and its limit was {limit}"
    return refuse("truncated_answer", said)
