"""Checks of the answer, the label of the training: a wrong label teaches something wrong.

One file a rule or a small family of rules; `RULES` is their order, and the first reason wins. What
the run itself says goes first, then a cause before what it brings about: an error text or a half
of some JSON is called that, and not "breaks its schema". Imports api's `Run` and the nouns.
"""

from msgspec import Struct

from pipeline.api.runs import Run
from pipeline.records import ChatRecord, Rejected
from pipeline.spec import LabelSpec
from pipeline.stages.labels.echo import echo
from pipeline.stages.labels.error_text import error_text
from pipeline.stages.labels.label import Rule, label_of
from pipeline.stages.labels.language import wrong_language
from pipeline.stages.labels.outcome import cut_off, empty, hollow, not_selected
from pipeline.stages.labels.refusal import refusal
from pipeline.stages.labels.schema import schema_broken
from pipeline.stages.labels.tools import wrong_call
from pipeline.stages.labels.unfinished import unfinished_json

__all__ = ["RULES", "CheckLabel"]

RULES: tuple[tuple[str, Rule], ...] = (
    ("selected", not_selected),
    ("empty", empty),
    ("truncated", cut_off),
    ("empty", hollow),
    ("error_text", error_text),
    ("refusal", refusal),
    ("unfinished_json", unfinished_json),
    ("schema", schema_broken),
    ("tools", wrong_call),
    ("echo", echo),
    ("language", wrong_language),
)
"""The word of `LabelSpec` that switches a rule, and the rule."""


class CheckLabel(Struct, frozen=True):
    """Keeps a record whose answer is there, whole, and teaches what was asked for."""

    spec: LabelSpec

    def __call__(self, run: Run, record: ChatRecord) -> Rejected | None:
        """Why the answer is no label, or None where it is one."""
        label = label_of(run, record)
        for switch, rule in RULES:
            if getattr(self.spec, switch) and (rejected := rule(label)):
                return rejected
        return None
