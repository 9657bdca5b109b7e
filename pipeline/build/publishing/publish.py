"""Hand a dataset to the Studio and start its training: each step once, however often it is run.

Upload, set as the session's dataset, start. What was done is looked up at the Studio and in the
build's own state before anything is done; the state is written before each step that a lost
answer could repeat.
"""

from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from pipeline.api.jobs import TrainingJob, is_over, read_status
from pipeline.api.sessions import TrainingSession, job_of
from pipeline.build.acceptance import refusals_of
from pipeline.build.gates import check_gates
from pipeline.build.privacy import check_privacy
from pipeline.build.progress import SILENT, Progress
from pipeline.build.publishing.publish_state import PublishState, load_state, save_state
from pipeline.build.result import BuildResult
from pipeline.client import StudioClient, UploadGone, remote_object, upload_file
from pipeline.errors import Conflict, GateRefused, NotFound, Unreachable
from pipeline.manifest import DatasetFile, verify_files
from pipeline.spec import GateSpec

__all__ = ["Published", "Started", "publish_dataset", "start_training"]

_UPLOAD_URLS = 3
_START_TRIES = 3


class Published(Struct, frozen=True):
    """How the dataset came to the session."""

    session: str
    file: str
    """The file's path inside the dataset."""
    bytes: int
    done: bool
    """False: it was there already, nothing was done."""


class Started(Struct, frozen=True):
    """The session's job for this dataset."""

    job: TrainingJob
    started: bool
    """False: it had been started before, nothing was done."""


def publish_dataset(
    build: BuildResult,
    client: StudioClient,
    session_id: str,
    *,
    gates: GateSpec,
    form: str | None = None,
    progress: Progress = SILENT,
) -> Published:
    """Upload the training file of a format (default: the first) and make it the session's dataset.

    Raises `IntegrityError` when a file is not as the manifest signed it, `GateRefused` when a
    gate or the provider's minimum says no or a redaction is not attested, `Conflict` while a job is
    running on another dataset.
    """
    check_gates(gates, build.manifest)
    check_privacy(build.manifest)
    verify_files(build.dataset, build.manifest)
    file = _training_file(build, form)
    session = client.training.get(session_id)
    said = Published(session=session.id, file=file.path, bytes=file.bytes, done=False)
    if _has_dataset(client, session, file):
        return said
    _refuse_running(session)
    state = load_state(build, session.id, file.sha256)
    if state.object_name is None:
        state = _upload(build, client, session, file=file, state=state, progress=progress)
    _set_dataset(build, client, session, state)
    return replace(said, done=True)


def start_training(
    build: BuildResult,
    client: StudioClient,
    session_id: str,
    *,
    form: str | None = None,
    again: bool = False,
) -> Started:
    """Start the training of the published dataset, or name the job that it has already.

    `again` starts a new job after one that failed or was cancelled. Raises `Conflict` when the
    session's dataset is another one.
    """
    file = _training_file(build, form)
    session = client.training.get(session_id)
    if not _has_dataset(client, session, file):
        raise Conflict(
            f"session {session.name}: its dataset is not this build's {file.path}; "
            "run `trainset publish` first"
        )
    state = load_state(build, session.id, file.sha256)
    for _ in range(_START_TRIES):
        job = _job_of_dataset(client, session, state)
        if job is not None and not (again and _ended_badly(job)):
            save_state(build, session.id, replace(state, job=job.id))
            return Started(job=job, started=False)
        if again:
            state = save_state(build, session.id, replace(_before(state, session), job=None))
            again = False
        try:
            job = client.training.start(session.id)
        except Unreachable:
            session = client.training.get(session_id)
            continue
        save_state(build, session.id, replace(state, job=job.id))
        return Started(job=job, started=True)
    raise Unreachable(
        f"session {session.name}: the start was asked for and never answered; run the same "
        "command again, it finds the job if there is one"
    )


def _job_of_dataset(
    client: StudioClient, session: TrainingSession, state: PublishState
) -> TrainingJob | None:
    """The job that this dataset has in the session: the one we started, or the session's last."""
    if state.job is not None:
        return client.training.job(state.job)
    job = job_of(session)
    if job is None:
        return None
    if state.set_here:
        return None if job.id == state.job_before else job
    return job if session.status != "prepared" else None


def _set_dataset(
    build: BuildResult, client: StudioClient, session: TrainingSession, state: PublishState
) -> None:
    """Set the uploaded object; one that the Studio no longer has is forgotten.

    Where it is set already and only seemed another, the session's job may be its own: what was
    known to be before it stays so.
    """
    assert state.object_name is not None
    if not (state.set_here and _is_called(session.dataset, state.object_name)):
        state = save_state(build, session.id, _before(state, session))
    try:
        client.training.set_dataset(session.id, state.object_name or "")
    except NotFound:
        save_state(build, session.id, replace(state, object_name=None))
        raise Unreachable(
            f"session {session.name}: the Studio no longer has the upload {state.object_name}; "
            "run the same command again to upload it anew"
        ) from None


def _is_called(dataset: str | None, name: str) -> bool:
    """Whether a session's dataset, a URL or a name, is that object."""
    return dataset is not None and f"/{dataset.partition('?')[0]}".endswith(f"/{name}")


def _before(state: PublishState, session: TrainingSession) -> PublishState:
    """The state with the session's present job as one that is not of this start."""
    job = job_of(session)
    return replace(state, set_here=True, job_before=job.id if job else None)


def _ended_badly(job: TrainingJob) -> bool:
    return read_status(job.status) in ("failed", "cancelled")


def _refuse_running(session: TrainingSession) -> None:
    job = job_of(session)
    if job is not None and not is_over(read_status(job.status)):
        raise Conflict(
            f"session {session.name}: job {job.id} is {job.status} on another dataset; wait for "
            "it with `trainset watch`, or stop it with `trainset cancel`"
        )


def _training_file(build: BuildResult, form: str | None) -> DatasetFile:
    """The file that is handed over: the training split of a format, or of the first."""
    for file in build.manifest.files:
        if file.split == "train" and file.format is not None and form in (None, file.format):
            _refuse_file(build, file)
            return file
    of_format = f" of {form}" if form else ""
    raise GateRefused(f"build {build.build_id}: nothing went to the training split{of_format}")


def _refuse_file(build: BuildResult, file: DatasetFile) -> None:
    """What the provider would refuse is known before a byte is uploaded."""
    reasons = list(refusals_of(build.dataset, file))
    if reasons:
        raise GateRefused(f"{file.path}: a {file.format} training refuses it: {'; '.join(reasons)}")


def _has_dataset(client: StudioClient, session: TrainingSession, file: DatasetFile) -> bool:
    """Whether the session's dataset has this file's size and checksum already."""
    if session.dataset is None:
        return False
    try:
        told = client.training.dataset(session.id)
        there = remote_object(told.url)
    except NotFound:
        return False
    size = there.size if there is not None and there.size is not None else told.size
    crc32c = there.crc32c if there is not None and there.crc32c is not None else told.crc32c
    return (str(size), crc32c) == (str(file.bytes), file.crc32c)


def _upload(
    build: BuildResult,
    client: StudioClient,
    session: TrainingSession,
    *,
    file: DatasetFile,
    state: PublishState,
    progress: Progress,
) -> PublishState:
    """Bring the file there; goes on with an upload that was broken off before."""
    progress.begin("upload", file.bytes)
    path: Path = build.dataset / file.path
    for attempt in range(_UPLOAD_URLS):
        if state.upload_url is None:
            url = client.training.upload_url(session.id, resumable=True)
            state = save_state(build, session.id, replace(state, upload_url=url))
        assert state.upload_url is not None
        try:
            stored = upload_file(state.upload_url, path, on_progress=progress.advance)
        except UploadGone:
            state = save_state(build, session.id, replace(state, upload_url=None))
            if attempt == _UPLOAD_URLS - 1:
                raise
            continue
        progress.end("upload", f"{file.bytes / 1e6:,.1f} MB, crc32c {stored.crc32c or 'not told'}")
        return save_state(
            build, session.id, replace(state, upload_url=None, object_name=stored.name)
        )
    raise AssertionError  # pragma: no cover (the loop returns or raises)
