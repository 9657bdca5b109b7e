"""The ledger: one row for every pulled run, and the equation that must hold at every shelf.

`pulled = kept + rejected + duplicates`, always; `Tally.assert_balanced` is called wherever a
shelf is finished. Imports `errors` and `records`.
"""

from typing import Literal

import pyarrow as pa
from msgspec import Struct

from pipeline.errors import IntegrityError

__all__ = ["LEDGER_SCHEMA", "LedgerRow", "Outcome", "Tally"]

Outcome = Literal["kept", "rejected", "duplicate"]


class LedgerRow(Struct, frozen=True):
    """What became of one pulled run."""

    run_id: str
    """The run's id; `<file>:<line>` in angle brackets for a line that has none."""
    interaction: str | None
    stage: str
    """The stage that decided: where it left, or `write` for a kept run."""
    outcome: Outcome
    code: str | None
    detail: str | None
    matched_run_id: str | None
    """For duplicates and conflicts: the run that stays and that this one is alike to; for
    contaminated runs the item of the evaluation file, for runs of an earlier dataset its run."""
    similarity: float | None
    """Jaccard index of the two inputs, 0 to 1; where an input holds an item, how much of it."""
    component: str | None
    """The component of alike inputs that was split as one: the smallest run id in it."""
    split: str | None
    tokens: int | None
    """Training tokens of the whole conversation by the target's tokenizer (docs/tokens.md); None
    where it left before they were counted, at dedupe or earlier."""
    prompt_source: str | None
    """Where the prompt came from: `stored`, `rendered` (here) or `rendered_by_studio`."""
    flags: list[str] | None
    """What a reader should know of a record all the same, for example `template_drift`."""
    redacted: str | None
    """What was replaced in the record, by kind: a JSON object such as `{"email":2}`."""
    rewritten: list[str] | None
    """What formats had no place for and how it was rewritten, as `gemini:systems_joined`."""


LEDGER_SCHEMA = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("interaction", pa.string()),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("code", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("matched_run_id", pa.string()),
        pa.field("similarity", pa.float32()),
        pa.field("component", pa.string()),
        pa.field("split", pa.string()),
        pa.field("tokens", pa.int64()),
        pa.field("prompt_source", pa.string()),
        pa.field("flags", pa.list_(pa.string())),
        pa.field("redacted", pa.string()),
        pa.field("rewritten", pa.list_(pa.string())),
    ]
)
"""The ledger's Arrow schema, column for field of `LedgerRow`."""


class Tally(Struct, frozen=True):
    """How many came in, and what became of them."""

    pulled: int
    kept: int
    rejected: dict[str, int]
    """Count by code."""
    duplicates: dict[str, int]
    """Count by code."""

    def assert_balanced(self, where: str) -> None:
        """Raise `IntegrityError` unless every pulled run is accounted for."""
        accounted = self.kept + sum(self.rejected.values()) + sum(self.duplicates.values())
        if accounted != self.pulled:
            raise IntegrityError(
                f"{where}: {self.pulled} runs came in and {accounted} are accounted for; "
                "this is a bug of trainset, please report it with the build's folder"
            )
