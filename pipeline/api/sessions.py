"""Training sessions and the bodies and answers of their operations."""

from typing import Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from pipeline.api.environments import EnvironmentRef
from pipeline.api.jobs import TrainingJob

__all__ = [
    "AddRunsBody",
    "CreateSessionBody",
    "DatasetAnswer",
    "OkAnswer",
    "SessionName",
    "SessionStatus",
    "SetDatasetBody",
    "TrainingSession",
    "UrlAnswer",
    "job_of",
]

SessionStatus = Literal[
    "created", "building", "prepared", "processing", "completed", "failed", "cancelled"
]


class TrainingSession(Struct, frozen=True, kw_only=True):
    """A training session; a list leaves `runs` out."""

    id: str
    project: str
    name: str
    env: EnvironmentRef
    model: str
    status: str
    dataset: str | None = None
    """URL of the dataset, None before there is one."""
    runs: tuple[str, ...] | UnsetType = UNSET
    """Run ids in the order of adding."""
    job: Raw = field(default_factory=lambda: Raw(b"{}"))
    """A TrainingJob, or `{}` before the first start; read it with `job_of`."""
    created_by: str | None = None
    updated_by: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


def job_of(session: TrainingSession) -> TrainingJob | None:
    """The session's last job, None before the first start."""
    data = bytes(session.job)
    if data in (b"{}", b"null", b""):
        return None
    return msgspec.json.decode(data, type=TrainingJob)


class CreateSessionBody(Struct, frozen=True):
    """Body of `POST /training`; all three non-empty."""

    name: str
    env: str
    model: str


class AddRunsBody(Struct, frozen=True):
    """Body of `POST /training/<id>/add`; up to 100,000 ids a call."""

    runs: tuple[str, ...]


class SetDatasetBody(Struct, frozen=True):
    """Body of `POST /training/<id>/dataset`: `default`, or an uploaded object's name."""

    dataset: str = "default"


class OkAnswer(Struct, frozen=True):
    """`{"ok": true}`."""

    ok: bool = True


class DatasetAnswer(Struct, frozen=True):
    """Answer of `build` and of `dataset`."""

    dataset: str


class UrlAnswer(Struct, frozen=True, omit_defaults=True):
    """A signed, expiring URL: a bearer secret, never logged.

    What is behind a dataset's URL is told beside it, since not every storage tells it: fields of
    our own, which others ignore.
    """

    url: str
    size: str | None = None
    """Bytes, as a decimal string."""
    crc32c: str | None = None
    """Base64 of the big-endian checksum."""


class SessionName(Struct, frozen=True):
    """One row of `GET /training/names`."""

    id: str
    name: str
