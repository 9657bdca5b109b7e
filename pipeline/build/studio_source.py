"""A Studio session as a source of runs.

Offset pages shift while runs are added, so the listing is checked against the session's own list
of ids, and the runs are fetched in the order of their ids: the pages' order decides nothing.
"""

from collections.abc import Container, Iterator
from typing import Any

from pipeline.api.sessions import TrainingSession
from pipeline.build.sources import DocumentBatch, LineBatch
from pipeline.client import StudioClient
from pipeline.digests import canonical_json, content_digest
from pipeline.errors import SourceUnreadable

__all__ = ["StudioSource"]

_RUNS_PER_PART = 1000


class StudioSource:
    """The runs of one training session."""

    def __init__(self, client: StudioClient, session: TrainingSession) -> None:
        self._client = client
        self._session = session
        self._runs = _list_runs(client, session)

    def digest(self) -> str:
        """Over the ids and when each run was last changed."""
        return content_digest(canonical_json([self._session.id, sorted(self._runs.items())]))

    def describe(self) -> dict[str, Any]:
        """The session, and how many runs it listed."""
        return {"kind": "session", "session": self._session.id, "listed": len(self._runs)}

    def total(self) -> int | None:
        """How many runs the session lists."""
        return len(self._runs)

    def batches(self, done: Container[int]) -> Iterator[LineBatch | DocumentBatch]:
        """A thousand runs each, in the order of their ids."""
        ids = sorted(self._runs)
        spans = list(range(0, len(ids), _RUNS_PER_PART))
        missing = [index for index in range(len(spans)) if index not in done]
        wanted = [
            one for index in missing for one in ids[spans[index] : spans[index] + _RUNS_PER_PART]
        ]
        documents: list[tuple[str, bytes | None]] = []
        waiting = iter(missing)
        for fetched in self._client.runs.fetch(wanted):
            documents += fetched
            while len(documents) >= _RUNS_PER_PART:
                yield DocumentBatch(next(waiting), tuple(documents[:_RUNS_PER_PART]))
                documents = documents[_RUNS_PER_PART:]
        if documents:
            yield DocumentBatch(next(waiting), tuple(documents))


def _list_runs(client: StudioClient, session: TrainingSession) -> dict[str, str]:
    """Every run id of the session with its `updated_at` (empty where no page showed it)."""
    listed = {ref.id: ref.updated_at or "" for ref in client.training.run_refs(session.id)}
    current = client.training.get(session.id)
    for run_id in current.runs or ():
        listed.setdefault(run_id, "")
    if not listed:
        raise SourceUnreadable(
            f"session {session.name} ({session.id}) holds no runs; add some to it first"
        )
    return listed
