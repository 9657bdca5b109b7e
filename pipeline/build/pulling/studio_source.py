"""A Studio session as a source of runs.

Offset pages shift while runs are added, so the listing is checked against the session's own list
of ids, what no page showed is looked up by its id, and the runs are fetched in the order of their
ids: how the pages came decides nothing, the build's id least of all.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from pipeline.api.prompts import RenderedPrompt
from pipeline.api.runs import RunRef
from pipeline.api.sessions import TrainingSession
from pipeline.build.pulling.sources import Batch, DocumentBatch
from pipeline.build.pulling.templates import Withheld
from pipeline.client import Refusal, StudioClient
from pipeline.digests import canonical_json, content_digest
from pipeline.errors import SourceUnreadable

__all__ = ["StudioSource"]

_RUNS_PER_PART = 1000


class StudioSource:
    """The runs of one training session."""

    def __init__(self, client: StudioClient, session: TrainingSession) -> None:
        self._client = client
        self._session = session
        self._interactions: set[bytes] = set()
        self._runs = self._list()

    def digest(self) -> str:
        """Over the ids and when each run was last changed."""
        return content_digest(canonical_json([self._session.id, sorted(self._runs.items())]))

    def describe(self) -> dict[str, Any]:
        """The session, and how many runs it listed."""
        return {"kind": "session", "session": self._session.id, "listed": len(self._runs)}

    def total(self) -> int | None:
        """How many runs the session lists."""
        return len(self._runs)

    def studio(self) -> "SessionTemplates":
        """The session's Studio."""
        return SessionTemplates(self._client, frozenset(self._interactions))

    def batches(self, done: Container[int]) -> Iterator[Batch]:
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

    def _list(self) -> dict[str, str]:
        """Every run id of the session with its `updated_at` (empty where there is none)."""
        listed: dict[str, str] = {}
        for ref in self._client.training.run_refs(self._session.id):
            self._note(ref, listed)
        current = self._client.training.get(self._session.id)
        unseen = [run_id for run_id in current.runs or () if run_id not in listed]
        for batch in self._client.runs.fetch(unseen):
            for run_id, document in batch:
                self._note(_ref_of(run_id, document), listed)
        if not listed:
            raise SourceUnreadable(
                f"session {current.name} ({current.id}) holds no runs; add some to it first"
            )
        return listed

    def _note(self, ref: RunRef, listed: dict[str, str]) -> None:
        listed[ref.id] = ref.updated_at or ""
        if ref.interaction is not UNSET:
            self._interactions.add(bytes(ref.interaction))


@dataclass(frozen=True, slots=True)
class SessionTemplates:
    """The templates of a session's runs, where its Studio has them."""

    client: StudioClient
    interactions: frozenset[bytes]

    def named(self) -> Iterable[bytes]:
        """Each interaction as the listed runs name it."""
        return self.interactions

    def interaction(self, ident: str) -> bytes | Withheld:
        """An interaction's document."""
        return _given(self.client.interactions.look_up(ident))

    def template(self, ident: str) -> bytes | Withheld:
        """A template's document."""
        return _given(self.client.prompts.look_up(ident))

    def render(self, ident: str, variables: bytes) -> RenderedPrompt | Withheld:
        """What a template says with these variables."""
        answer = self.client.prompts.try_render(ident, variables)
        return Withheld(answer.status, answer.words) if isinstance(answer, Refusal) else answer


def _ref_of(run_id: str, document: bytes | None) -> RunRef:
    """What a list would have shown of the run; its id alone where it is gone or unreadable."""
    try:
        return msgspec.json.decode(document or b"null", type=RunRef)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return RunRef(id=run_id)


def _given(answer: bytes | Refusal) -> bytes | Withheld:
    return Withheld(answer.status, answer.words) if isinstance(answer, Refusal) else answer
