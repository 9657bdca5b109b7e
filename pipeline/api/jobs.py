"""Training jobs: one vocabulary for the two that the platform's page and its clients use."""

from typing import Any, Literal

from msgspec import Struct

__all__ = ["JobStatus", "TrainingJob", "is_over", "read_status"]

JobStatus = Literal["pending", "running", "completed", "failed", "cancelled"]

_OTHER_NAMES: dict[str, JobStatus] = {"succeeded": "completed", "canceled": "cancelled"}
_KNOWN: tuple[JobStatus, ...] = ("pending", "running", "completed", "failed", "cancelled")


class TrainingJob(Struct, frozen=True, omit_defaults=True):
    """A provider's fine-tuning job as the platform answers it.

    `status` is the wire's own word; read it with `read_status`. `model` is the fine-tuned
    model's name once there is one. An id may hold `/` and `:` (a Bedrock ARN).
    """

    id: str
    status: str
    created_at: str | None = None
    updated_at: str | None = None
    model: str | None = None
    details: Any = None


def read_status(word: str) -> JobStatus:
    """The status of either vocabulary; a word that neither knows is still `running`."""
    for known in _KNOWN:
        if word == known:
            return known
    return _OTHER_NAMES.get(word, "running")


def is_over(status: JobStatus) -> bool:
    """Whether a job with this status will not change any more."""
    return status in ("completed", "failed", "cancelled")
