"""What a trainer is: a provider's fine-tuning endpoint, asked again and again without harm."""

from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

__all__ = ["Submission", "Trainer", "TrainerState"]


class Submission(Struct, frozen=True):
    """What is to be trained; `key` tells one submission from another, for ever."""

    key: str
    dataset: Path
    model: str
    began: int
    """Milliseconds since 1970 when it was first handed over."""


class TrainerState(Struct, frozen=True):
    """How a submission stands."""

    status: Literal["pending", "running", "completed", "failed"]
    model: str | None = None
    """The fine-tuned model, once there is one."""
    details: str | None = None


class Trainer(Protocol):
    """A provider's endpoint."""

    def look(self, submission: Submission, now: int) -> TrainerState:
        """How the submission stands at `now` (milliseconds); hands it over where it is new."""
