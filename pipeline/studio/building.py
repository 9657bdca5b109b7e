"""`POST /training/<id>/build`: the same stages as the command line, over the session's runs."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Row

from pipeline.digests import canonical_json, content_digest
from pipeline.errors import Busy, TrainsetError, TransientError
from pipeline.spec import BuildSpec, RunSpec, SourceSpec
from pipeline.studio.catalog import documents_of_session
from pipeline.studio.failures import bad_request
from pipeline.studio.keys import Caller
from pipeline.studio.outcomes import Outcome, keep_outcome, outcome_of
from pipeline.studio.runs import session_raw
from pipeline.studio.sessions import (
    change,
    environment_of,
    get_row,
    is_builder,
    refuse_busy,
    run_ids,
)
from pipeline.studio.state import Studio
from pipeline.trainers import PROVIDERS

__all__ = ["build_session", "build_with_stages"]

_INTERACTIONS = "interactions.jsonl"


def build_with_stages(runs: Path, work_dir: Path) -> Path:
    """The builder of a real Studio: the build room, on one process.

    Prompts that were not stored are rendered from the interactions that lie beside the runs.
    """
    from pipeline.build import build_dataset  # noqa: PLC0415 (the whole build: only when asked)

    interactions = runs.with_name(_INTERACTIONS)
    known = (str(interactions),) if interactions.is_file() else ()
    spec = BuildSpec(
        source=SourceSpec(runs=(str(runs),), interactions=known),
        run=RunSpec(work_dir=str(work_dir), workers=1),
    )
    result = build_dataset(replace(spec, formats=("openai",)))
    return Path(result.files["openai"]["train"])


def build_session(studio: Studio, caller: Caller, session: str) -> str:
    """Build the session's dataset; its object's name. Unchanged runs give the same one.

    429 where as many builds as the Studio takes are under way: nothing has begun then.
    """
    with (
        studio.metrics.build() as progress,
        studio.building.place(),
        studio.presence.building(session),
    ):
        row = _begin(studio, caller, session)
        work_dir = studio.data_dir / "builds" / str(row.id)
        try:
            with studio.building.turn():
                progress.begin()
                name, digest = _built(studio, row, work_dir)
            _end(studio, caller, row, dataset=name, digest=digest)
        except BaseException as error:
            _give_up(studio, caller, row)
            if isinstance(error, TrainsetError) and not isinstance(error, TransientError):
                said = str(error).replace(f"{work_dir}/", "")
                keep_outcome(studio.database, str(row.id), None, Outcome(refused=said))
                raise bad_request(said) from None
            raise
        finally:
            shutil.rmtree(work_dir, ignore_errors=True)
    return name


def _begin(studio: Studio, caller: Caller, session: str) -> Row[Any]:
    """The session as it was, once it is marked as building."""
    with studio.database.write(of=session) as connection:
        row = get_row(connection, caller.project, session)
        refuse_busy(row)
        environment = environment_of(connection, caller.project, row.env)
        provider = PROVIDERS.get(environment.provider)
        if provider is None or "openai" not in provider.formats:
            raise bad_request(f"datasets for {environment.provider} are not built yet")
        if not run_ids(connection, session):
            raise bad_request("the session has no runs; add some first")
        holder = studio.presence.id
        change(connection, session, caller.subject, status="building", builder=holder)
    return row


def _built(studio: Studio, row: Row[Any], work_dir: Path) -> tuple[str, str]:
    """The dataset's object and the digest of the runs it is of; an old one if they are the same."""
    runs, digest = _export(studio, row, work_dir)
    if row.built is not None and row.built_from == digest:
        return str(row.built), digest
    train = studio.builder(runs, work_dir)
    outcome = outcome_of(train)
    name = studio.store.put(str(row.id), train)
    if outcome is not None:
        keep_outcome(studio.database, str(row.id), name, outcome)
    return name, digest


def _export(studio: Studio, row: Row[Any], work_dir: Path) -> tuple[Path, str]:
    """The session's runs as a file, one document a line, and what their order does not change.

    What they are rendered from lies beside them, and is in the digest too.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    path = work_dir / "runs.jsonl"
    with studio.database.read() as connection:
        digests = _write(path, session_raw(connection, row.project, row.id))
        documents = documents_of_session(connection, row.project, row.id)
    if documents:
        digests += _write(path.with_name(_INTERACTIONS), documents)
    return path, content_digest(canonical_json(sorted(digests)))


def _write(path: Path, documents: Iterable[bytes]) -> list[str]:
    """Write the documents one a line; their digests."""
    digests = []
    with path.open("wb") as file:
        for raw in documents:
            file.write(raw.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n")
            digests.append(content_digest(raw))
    return digests


def _end(studio: Studio, caller: Caller, row: Row[Any], *, dataset: str, digest: str) -> None:
    values = {"status": "prepared", "built": dataset, "built_from": digest, "dataset": dataset}
    with studio.database.write(of=str(row.id)) as connection:
        if not is_builder(connection, row.id, studio.presence.id):
            raise Busy("the build took too long while its server was cut off; build again")
        change(connection, row.id, caller.subject, **values, builder=None)


def _give_up(studio: Studio, caller: Caller, row: Row[Any]) -> None:
    """Leave the session as it was."""
    with studio.database.write(of=str(row.id)) as connection:
        if is_builder(connection, row.id, studio.presence.id):
            change(connection, row.id, caller.subject, status=row.status, builder=None)
