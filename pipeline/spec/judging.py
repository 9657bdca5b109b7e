"""The parts of a spec that say what stays, how it runs, and when a build is refused."""

from typing import Literal

from msgspec import Struct

__all__ = ["DedupeSpec", "GateSpec", "LabelSpec", "RunSpec"]

_LOWEST_THRESHOLD = 0.5


class LabelSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Checks of the answer; each can be switched off."""

    empty: bool = True
    truncated: bool = True
    """The provider cut the answer off: by its finish_reason, or by tokens at the limit."""
    unfinished_json: bool = True
    """The answer's text begins as JSON and ends in the middle of it."""
    schema: bool = True
    """The answer must follow the run's own result_schema."""
    tools: bool = True
    """Calls name a tool that was on offer, keep its schema, and have a result."""
    error_text: bool = True
    """The answer is a program's error message."""
    refusal: bool = True
    """The answer is a model's refusal to answer."""
    echo: bool = True
    """The answer repeats the question."""
    language: bool = True
    """The answer is in another language than the one asked for."""
    selected: bool = True
    """A mediator's losing candidates leave."""
    superseded: Literal["same_parameters", "step", "off"] = "same_parameters"
    """Of several runs of one workflow step (of one workflow run and activity) the latest stays:
    where their parameters are equal, or whatever those are, or all stay."""


class DedupeSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as alike, and what becomes of it."""

    near: bool = True
    """Off: only exact duplicates leave; the split still keeps alike inputs together."""
    threshold: float = 0.8
    """Jaccard index of the inputs' character 5-grams, in (0.5, 1]."""
    answer_threshold: float = 0.8
    conflicts: Literal["best", "majority", "keep", "drop", "pairs"] = "best"
    """Alike inputs with another answer: the best run stays (by score, then selected, then newest);
    the best of those whose answer most runs gave; all; none; the best, and what it was preferred
    to is written to `pairs.parquet`."""
    pair_inputs: Literal["equal", "alike"] = "equal"
    """Which pairs make a line of a preference format: both runs were asked the very same, or
    their inputs are alike and the prompt is that of the preferred run."""
    best_of: int = 1
    """How many runs that are alike may stay, the best first. Exact duplicates always leave."""
    contained: Literal["longest", "keep"] = "longest"
    """A conversation whose whole course another one repeats before it goes on: leaves, or stays."""

    def __post_init__(self) -> None:
        for name, value in (
            ("threshold", self.threshold),
            ("answer_threshold", self.answer_threshold),
        ):
            if not _LOWEST_THRESHOLD < value <= 1:
                raise ValueError(
                    f"{name} must be above {_LOWEST_THRESHOLD} and at most 1, it is {value}"
                )
        if self.best_of < 1:
            raise ValueError(f"best_of must be at least 1, it is {self.best_of}")


class GateSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """When a finished build is refused (exit 3) and not published."""

    min_kept: int = 1
    max_rejected_share: float = 1.0
    """Rejected runs over pulled runs; duplicates do not count."""
    max_code_share: dict[str, float] = {}
    """The same for single codes, for example `inputs_not_stored = 0.2`."""


class RunSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Where and how it runs; changes no byte of the dataset."""

    work_dir: str = ".trainset"
    engine: Literal["local", "dask"] = "local"
    workers: int = 0
    """Processes; 0 means one for each processor."""
