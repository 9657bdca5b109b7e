"""Training jobs: their rows, and the runner that drives them through their trainer.

A job's key is its id, so a runner that died between handing over and writing down finds the same
submission again; two active jobs of one session are impossible by a unique index. Of several
servers on one database one holds a job and looks after it, until it is gone (`presence`).
"""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from pipeline.api.jobs import TrainingJob, is_over, read_status
from pipeline.errors import IntegrityError, PermanentError, TransientError
from pipeline.studio import tables
from pipeline.studio.clock import fresh_id, now_ms, now_text
from pipeline.studio.database import Database
from pipeline.studio.failures import missing
from pipeline.studio.objects import Scratch
from pipeline.studio.presence import Presence
from pipeline.trainers import TRAINERS, Submission, Trainer, TrainerState

__all__ = ["ACTIVE", "JobRunner", "active_job", "create_job", "end_job", "job_bodies", "job_body"]

ACTIVE = ("pending", "running")
_jobs = tables.jobs
_sessions = tables.sessions
_MANY = 500
_PAUSE = 0.05
_IDLE = 1.0
_LOOK = 0.05
_LOG = logging.getLogger("trainset.studio")


def create_job(connection: Connection, session: Row[Any], provider: str, holder: str) -> str:
    """A new active job of the session's dataset, which that server looks after; its id."""
    now = now_text()
    row = {
        "id": fresh_id(),
        "project": session.project,
        "session": session.id,
        "status": "pending",
        "dataset": session.dataset,
        "provider": provider,
        "base_model": session.model,
        "began": now_ms(),
        "holder": holder,
        "created_at": now,
        "updated_at": now,
    }
    connection.execute(insert(_jobs).values(row))
    return str(row["id"])


def active_job(connection: Connection, session: str) -> str | None:
    """The id of the session's active job."""
    query = select(_jobs.c.id).where(_jobs.c.session == session, _jobs.c.status.in_(ACTIVE))
    return connection.execute(query).scalar_one_or_none()


def job_body(connection: Connection, project: str, job: str) -> TrainingJob:
    """The job as the wire has it; 404 for one that is not the project's."""
    row = connection.execute(
        select(_jobs).where(_jobs.c.project == project, _jobs.c.id == job)
    ).one_or_none()
    if row is None:
        raise missing("training job", job)
    return _body(row)


def job_bodies(connection: Connection, jobs: Sequence[str]) -> dict[str, TrainingJob]:
    """Those jobs by id."""
    found: dict[str, TrainingJob] = {}
    for start in range(0, len(jobs), _MANY):
        query = select(_jobs).where(_jobs.c.id.in_(jobs[start : start + _MANY]))
        found.update((row.id, _body(row)) for row in connection.execute(query))
    return found


def _body(row: Row[Any]) -> TrainingJob:
    return TrainingJob(
        id=row.id,
        status=row.status,
        created_at=row.created_at,
        updated_at=row.updated_at,
        model=row.model,
        details=json.loads(row.details) if row.details else None,
    )


def end_job(
    connection: Connection,
    job: Row[Any] | str,
    state: TrainerState | None,
    *,
    holder: str | None = None,
) -> None:
    """Write a job's new state (None: cancelled), and what follows for its session.

    With `holder`, only while that server still holds the job.
    """
    ident = job if isinstance(job, str) else job.id
    status = "cancelled" if state is None else state.status
    values: dict[str, Any] = {"status": status, "updated_at": now_text()}
    if state is not None:
        values |= {
            "model": state.model,
            "details": None if state.details is None else json.dumps(state.details),
        }
    query = update(_jobs).where(_jobs.c.id == ident, _jobs.c.status.in_(ACTIVE))
    if holder is not None:
        query = query.where(_jobs.c.holder == holder)
    changed = connection.execute(query.values(values)).rowcount
    if changed and is_over(read_status(status)):
        connection.execute(
            update(_sessions)
            .where(_sessions.c.job == ident)
            .values(status=status, updated_at=now_text())
        )


class JobRunner:
    """A thread that looks after every active job until it is over."""

    def __init__(self, database: Database, datasets: Scratch, presence: Presence) -> None:
        self._database = database
        self._datasets = datasets
        self._presence = presence
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin; jobs that were active when the last server ended go on."""
        self._thread.start()

    def stop(self) -> None:
        """End after the current look; active jobs stay active for the next server."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()
        self._datasets.close()

    def wake(self) -> None:
        """A job was started or changed by someone else."""
        with self._changed:
            self._changed.notify_all()

    async def wait(self, project: str, job: str, seconds: float) -> TrainingJob:
        """The job when it is over, or as it is when the time is. Holds no thread meanwhile."""
        deadline = time.monotonic() + seconds
        while True:
            body = await asyncio.to_thread(self._read, project, job)
            over = is_over(read_status(body.status)) or time.monotonic() >= deadline
            if over or self._stopping:
                return body
            await asyncio.sleep(_LOOK)

    def end_waiting(self) -> None:
        """Let all who wait for a job go with what is true now: the server is about to stop."""
        self._stopping = True

    def _read(self, project: str, job: str) -> TrainingJob:
        with self._database.read() as connection:
            return job_body(connection, project, job)

    def _run(self) -> None:
        while not self._stopping:
            active = self._looked()
            with self._changed:
                if not self._stopping:
                    self._changed.wait(_PAUSE if active else _IDLE)

    def _looked(self) -> bool:
        """Look after every active job of ours; whether there is one. One's trouble is its own."""
        active: list[Row[Any]] = []
        with _telling():
            active = self._active() if self._presence.good() else []
            self._datasets.keep({row.dataset for row in active})
        for row in active:
            with _telling():
                if self._presence.good() and self._claimed(row):
                    self._look(row)
        return bool(active)

    def _active(self) -> list[Row[Any]]:
        """The jobs that this server holds or may take."""
        query = select(_jobs).where(_jobs.c.status.in_(ACTIVE))
        with self._database.read() as connection:
            return list(connection.execute(query.where(self._presence.free(_jobs.c.holder))))

    def _claimed(self, row: Row[Any]) -> bool:
        """Whether the job is this server's now: of two that take it at once, one has it."""
        holder = self._presence.id
        if row.holder == holder:
            return True
        query = update(_jobs).where(_jobs.c.id == row.id, _jobs.c.status.in_(ACTIVE))
        query = query.where(self._presence.free(_jobs.c.holder)).values(holder=holder)
        with self._database.write(of=row.session) as connection:
            return connection.execute(query).rowcount == 1

    def _look(self, row: Row[Any]) -> None:
        state = self._state(row)
        if state is not None and state.status != row.status:
            with self._database.write(of=row.session) as connection:
                end_job(connection, row, state, holder=self._presence.id)
            self.wake()

    def _state(self, row: Row[Any]) -> TrainerState | None:
        """How the job stands; None while its dataset is being brought here."""
        trainer = TRAINERS.get(row.provider)
        if trainer is None:
            return TrainerState("failed", details=f"no training at {row.provider} is built")
        try:
            dataset = self._datasets.ready(row.dataset)
        except (PermanentError, IntegrityError) as error:
            return TrainerState("failed", details=f"the dataset cannot be read: {error}")
        if dataset is None:
            return None
        submission = Submission(key=row.id, dataset=dataset, model=row.base_model, began=row.began)
        return _looked_at(trainer, submission)


def _looked_at(trainer: Trainer, submission: Submission) -> TrainerState:
    try:
        return trainer.look(submission, now_ms())
    except OSError as error:
        return TrainerState("failed", details=f"the dataset cannot be read: {error.strerror}")


@contextmanager
def _telling() -> Iterator[None]:
    """Trouble (a database locked for long by an import, say) is told, and never ends the runner."""
    try:
        yield
    except TransientError as error:
        _LOG.warning("training jobs wait: %s", error)
    except Exception:  # noqa: BLE001 (whatever it is, the next look comes)
        _LOG.exception("a training job could not be looked after; trying again")
