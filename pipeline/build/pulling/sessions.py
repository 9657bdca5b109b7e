"""Training sessions as the main job needs them: find or make one, follow its job to the end."""

import time
from collections.abc import Callable, Sequence

from pipeline.api.jobs import TrainingJob, is_over, read_status
from pipeline.api.sessions import TrainingSession, job_of
from pipeline.client import StudioClient
from pipeline.errors import Conflict, NotFound, PermanentError, Unreachable, UsageError
from pipeline.spec import BuildSpec

__all__ = ["cancel_job", "fill_session", "find_session", "watch_job"]

_PAUSE = 2.0
_MIN_ROUND = 1.0


def find_session(client: StudioClient, spec: BuildSpec) -> TrainingSession:
    """The session that the spec names, by id or by name."""
    if spec.source.session is None:
        raise UsageError("which session? give --session ID or NAME, or source.session in the spec")
    return client.training.find(spec.source.session)


def fill_session(
    client: StudioClient, spec: BuildSpec, name: str, run_ids: Sequence[str]
) -> TrainingSession:
    """The session of that name holding these runs, made and filled where it is not there yet."""
    session = _session_called(client, name)
    if session is None:
        session = _made_session(client, spec, name)
    missing = sorted(set(run_ids) - set(client.training.get(session.id).runs or ()))
    if missing:
        client.training.add_runs(session.id, missing)
    return session


def watch_job(
    client: StudioClient, job_id: str, on_change: Callable[[TrainingJob], None]
) -> TrainingJob:
    """Follow a job to its end. Raises `PermanentError` with its details when it failed."""
    seen = None
    while True:
        asked = time.monotonic()
        job = client.training.job(job_id, sync=True)
        if job.status != seen:
            seen = job.status
            on_change(job)
        if is_over(read_status(job.status)):
            return _ended(job)
        if time.monotonic() - asked < _MIN_ROUND:
            time.sleep(_PAUSE)


def cancel_job(client: StudioClient, session: TrainingSession) -> TrainingJob:
    """Cancel the session's job; a job that is over already is a `Conflict`."""
    job = job_of(session)
    if job is None:
        raise Conflict(f"session {session.name}: has no job to cancel")
    status = read_status(job.status)
    if status in ("completed", "failed"):
        raise Conflict(f"session {session.name}: job {job.id} is {status} already")
    return client.training.cancel(session.id)


def _made_session(client: StudioClient, spec: BuildSpec, name: str) -> TrainingSession:
    """A new session; where the answer was lost, the one that was made all the same."""
    try:
        return _make_session(client, spec, name)
    except Unreachable:
        session = _session_called(client, name)
        if session is None:
            raise
        return session


def _make_session(client: StudioClient, spec: BuildSpec, name: str) -> TrainingSession:
    """A session where the spec says; where it does not, if there is only one place to train."""
    if spec.studio.environment is not None:
        environment = client.environments.find(spec.studio.environment)
    else:
        found = list(client.environments.list())
        if len(found) != 1:
            names = ", ".join(one.name for one in found)
            raise UsageError(f"where to train? say studio.environment in the spec, one of: {names}")
        environment = found[0]
    model = spec.studio.model or environment.default_model
    if model is None:
        raise UsageError("what to train? say studio.model in the spec")
    return client.training.create(name, environment.id, model)


def _session_called(client: StudioClient, name: str) -> TrainingSession | None:
    try:
        return client.training.find(name)
    except NotFound:
        return None


def _ended(job: TrainingJob) -> TrainingJob:
    status = read_status(job.status)
    if status == "failed":
        raise PermanentError(f"job {job.id} failed: {job.details or 'the provider gave no reason'}")
    if status == "cancelled":
        raise PermanentError(f"job {job.id} was cancelled")
    return job
