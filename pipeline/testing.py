"""A Studio for tests, the package's own users' among them. Imports api, client and studio."""

import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import msgspec

from pipeline.api.sessions import TrainingSession
from pipeline.client import Limits, RetryPolicy, StudioClient
from pipeline.studio import EmbeddedStudio
from pipeline.studio.importing import import_rehearsal

__all__ = ["QUICK", "LocalStudio"]

QUICK = RetryPolicy(attempts=5, total=30.0, base=0.005, cap=0.05, longest=2.0)
"""The client's retries with waits that a suite can afford."""


_PROJECT = "default"


class LocalStudio(EmbeddedStudio):
    """An embedded Studio with a key and a client of it at hand, of the project `default`.

    The project has the environment that rehearses a training, at no provider.
    """

    def __enter__(self) -> Self:
        super().__enter__()
        import_rehearsal(self.studio.database, _PROJECT)
        return self

    @cached_property
    def key(self) -> str:
        """An API key."""
        return self.create_key(_PROJECT)

    @cached_property
    def client(self) -> StudioClient:
        """A client with the key, which waits little between tries; it ends with the Studio."""
        return self._stack.enter_context(self.connect())

    def connect(self, *, retry: RetryPolicy = QUICK, limits: Limits | None = None) -> StudioClient:
        """Another client with the key; the caller closes it."""
        return StudioClient(self.url, api_key=self.key, retry=retry, limits=limits)

    def session_of(
        self, documents: Sequence[Mapping[str, Any]], name: str = "test"
    ) -> TrainingSession:
        """A new session of these run documents, which are imported first, to rehearse with."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "runs.jsonl"
            path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in documents))
            ids = self.import_runs(path, project=_PROJECT).run_ids
        environment = next(one for one in self.client.environments.list() if one.provider == "test")
        assert environment.default_model is not None
        made = self.client.training.create(name, environment.id, environment.default_model)
        self.client.training.add_runs(made.id, ids)
        return self.client.training.get(made.id)
