"""The twelve operations of `/training`, and finding a session by its name.

Source: the platform's training page (read 2026-11-23). Imports api's types and this room.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

import msgspec

from pipeline.api.jobs import TrainingJob
from pipeline.api.runs import RunRef
from pipeline.api.sessions import (
    AddRunsBody,
    CreateSessionBody,
    DatasetAnswer,
    SessionName,
    SessionStatus,
    SetDatasetBody,
    TrainingSession,
    UrlAnswer,
)
from pipeline.client.choosing import looks_like_id, pick
from pipeline.client.failures import NoTrainingApi, failure, no_training_api
from pipeline.client.hosts import path_word, storage_link
from pipeline.client.paging import PAGE, every
from pipeline.client.transport import Call, Transport, get, post
from pipeline.client.wire import Answer
from pipeline.errors import AuthRefused, NotFound, PermanentError, TrainsetError

__all__ = ["Training"]

T = TypeVar("T")

_MOST_IDS = 100_000
_MOST_BYTES = 1 << 20
_ABSENT = (404, 410)
_BUILD_TIME = 3600.0
_SYNC_TIME = 60.0


class Training:
    """Training sessions, their runs, their dataset and their job."""

    def __init__(self, transport: Transport, storages: Collection[str] = ()) -> None:
        self._transport = transport
        self._storages = storages
        self._is_there = False

    def create(self, name: str, env: str, model: str) -> TrainingSession:
        """A new session. Never sent twice: after a lost answer, look for it by its name."""
        body = CreateSessionBody(name=name, env=env, model=model)
        call = post("/training", f"create training session {name!r}", body=body, repeat="never")
        return self._read(call, TrainingSession)

    def list(self, status: SessionStatus | None = None) -> Iterator[TrainingSession]:
        """Every session, the newest first, without its runs."""
        filters: dict[str, str | int] = {"status": status} if status else {}

        def page(offset: int) -> tuple[TrainingSession, ...]:
            params = {"limit": PAGE, "offset": offset, **filters}
            call = get("/training", "list training sessions", params=params)
            return self._read(call, tuple[TrainingSession, ...])

        return every(page)

    def names(self) -> tuple[SessionName, ...]:
        """Id and name of every session."""
        call = get("/training/names", "list the names of training sessions")
        return self._read(call, tuple[SessionName, ...])

    def get(self, session_id: str) -> TrainingSession:
        """The session in full, with the ids of its runs."""
        path = f"/training/{path_word(session_id)}"
        return self._read(get(path, f"read training session {session_id}"), TrainingSession)

    def find(self, id_or_name: str) -> TrainingSession:
        """The session with this id, else the only one of this name."""
        if looks_like_id(id_or_name):
            try:
                return self.get(id_or_name)
            except NotFound:
                # A name may be 24 hexadecimal digits, too.
                if id_or_name not in {row.name for row in self._named()}:
                    raise
        chosen = pick(id_or_name, self._named(), noun="training session", host=self._transport.host)
        return self.get(chosen.id)

    def add_runs(self, session_id: str, run_ids: Iterable[str]) -> None:
        """Add runs, in calls that a server takes; each call adds all of its runs or none.

        A run that is there already is no error, so that the whole may be repeated.
        """
        path = f"/training/{path_word(session_id)}/add"
        what = f"add runs to training session {session_id}"
        for ids in _portions(run_ids):
            self._ask(post(path, what, body=AddRunsBody(ids), repeat="safe"))

    def run_refs(self, session_id: str) -> Iterator[RunRef]:
        """References to the session's runs, each once, in the order of adding.

        Offsets shift while runs are added or vanish: compare with `get(session_id).runs`.
        """
        path = f"/training/{path_word(session_id)}/runs"

        def page(offset: int) -> tuple[RunRef, ...]:
            params = {"limit": PAGE, "offset": offset}
            call = get(path, f"list the runs of training session {session_id}", params=params)
            return self._read(call, tuple[RunRef, ...])

        return every(page)

    def build(self, session_id: str) -> str | None:
        """Let the Studio build the dataset; its URL, None where the server does not say.

        Takes as long as the build does. Repeated after a broken connection, and then a
        `Conflict` may mean that the first call is still at work.
        """
        path = f"/training/{path_word(session_id)}/build"
        what = f"build the dataset of training session {session_id}"
        return self._dataset(post(path, what, repeat="safe", patience=_BUILD_TIME))

    def dataset_url(self, session_id: str) -> str:
        """A signed URL to download the dataset from: a secret that expires."""
        return self.dataset(session_id).url

    def dataset(self, session_id: str) -> UrlAnswer:
        """The same, with the dataset's size and checksum where the Studio tells them."""
        path = f"/training/{path_word(session_id)}/url"
        return self._link(get(path, f"get the dataset of training session {session_id}"))

    def upload_url(self, session_id: str, *, resumable: bool = True) -> str:
        """A URL to upload a dataset to: a resumable session's, or a signed one for one PUT."""
        path = f"/training/{path_word(session_id)}/upload-url"
        params: dict[str, str | int] = {"resumable": "true"} if resumable else {}
        what = f"get an upload URL for training session {session_id}"
        return self._link(get(path, what, params=params)).url

    def set_dataset(self, session_id: str, name: str = "default") -> str | None:
        """Train on the uploaded object of this name, or on what `build` made (`default`)."""
        path = f"/training/{path_word(session_id)}/dataset"
        what = f"set dataset {name!r} of training session {session_id}"
        return self._dataset(post(path, what, body=SetDatasetBody(name), repeat="safe"))

    def start(self, session_id: str) -> TrainingJob:
        """Start training, or the job that is active already.

        Never sent twice: a job that has ended since would be followed by a second, paid one.
        After a lost answer, read the session and look at its job.
        """
        path = f"/training/{path_word(session_id)}/start"
        what = f"start training session {session_id}"
        return self._read(post(path, what, repeat="never", patience=_SYNC_TIME), TrainingJob)

    def cancel(self, session_id: str) -> TrainingJob:
        """Cancel the active job. Never sent twice: a job started meanwhile would be hit."""
        path = f"/training/{path_word(session_id)}/cancel"
        what = f"cancel training session {session_id}"
        return self._read(post(path, what, repeat="never", patience=_SYNC_TIME), TrainingJob)

    def job(self, job_id: str, *, sync: bool = False) -> TrainingJob:
        """The job as stored; with `sync` as the provider has it, after up to a minute."""
        call = get(
            f"/training/job/{path_word(job_id)}",
            f"read training job {job_id}",
            params={"sync": "true"} if sync else {},
            patience=_SYNC_TIME if sync else 0.0,
        )
        return self._read(call, TrainingJob)

    def _named(self) -> tuple[SessionName, ...]:
        """Names of all sessions, from the listing where a server has no `/training/names`."""
        try:
            return self.names()
        except (AuthRefused, NoTrainingApi):
            raise
        except PermanentError:
            return tuple(SessionName(row.id, row.name) for row in self.list())

    def _link(self, call: Call) -> UrlAnswer:
        answer = self._read(call, UrlAnswer)
        storage_link(answer.url, studio=self._transport.studio, storages=self._storages)
        return answer

    def _dataset(self, call: Call) -> str | None:
        """The answer's URL; the platform leaves the type of this answer open."""
        answer = self._ask(call)
        try:
            return msgspec.json.decode(answer.body, type=DatasetAnswer).dataset
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def _read(self, call: Call, kind: type[T]) -> T:
        return self._transport.decoded(call, self._ask(call), kind)

    def _ask(self, call: Call) -> Answer:
        answer = self._transport.send(call)
        if answer.is_success:
            self._is_there = True
            return answer
        if answer.status in _ABSENT and not self._has_training():
            raise no_training_api(self._transport.host)
        raise failure(call.what, self._transport.host, answer)

    def _has_training(self) -> bool:
        """Whether a 404 was about the thing and not about all of `/training`."""
        if not self._is_there:
            call = get("/training", "list training sessions", params={"limit": 1, "offset": 0})
            try:
                self._is_there = self._transport.send(call).status not in _ABSENT
            except TrainsetError:
                return True
        return self._is_there


def _portions(run_ids: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The ids, each once, in portions bounded in number and in bytes of the body."""
    portion: list[str] = []
    size = 0
    for run_id in dict.fromkeys(run_ids):
        weight = len(run_id.encode()) + 3
        if portion and (len(portion) == _MOST_IDS or size + weight > _MOST_BYTES):
            yield tuple(portion)
            portion, size = [], 0
        portion.append(run_id)
        size += weight
    if portion:
        yield tuple(portion)
