"""What publishing has done so far, in a file beside the build: never done twice, whatever dies.

The file may hold an upload URL, which is a secret for as long as it lives: mode 0600.
"""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from pipeline.build.result import BuildResult

__all__ = ["PublishState", "load_state", "save_state"]


class PublishState(Struct, frozen=True, omit_defaults=True):
    """How far one build's dataset has come in one session."""

    sha256: str
    """Of the file that is handed over; another file begins anew."""
    upload_url: str | None = None
    """A resumable session in use."""
    object_name: str | None = None
    """The finished upload's name."""
    set_here: bool = False
    """Written before the dataset is set: from then on `job_before` is known."""
    job_before: str | None = None
    """The session's job before this dataset was set, or before it was started again."""
    job: str | None = None
    """The job that was started."""


def load_state(build: BuildResult, session: str, sha256: str) -> PublishState:
    """The state of this file in this session, a fresh one if there is none."""
    path = _path(build, session)
    try:
        state = msgspec.json.decode(path.read_bytes(), type=PublishState)
    except (FileNotFoundError, msgspec.DecodeError):
        return PublishState(sha256=sha256)
    return state if state.sha256 == sha256 else PublishState(sha256=sha256)


def save_state(build: BuildResult, session: str, state: PublishState) -> PublishState:
    """Put the state on the disk before anything else happens."""
    path = _path(build, session)
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(state))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return state


def _path(build: BuildResult, session: str) -> Path:
    return build.path / "publish" / f"{session}.json"
