"""Execution environments and the models that can be trained in them. Imports api and this room."""

from pipeline.api.environments import AIModel, Environment
from pipeline.client.choosing import looks_like_id, pick
from pipeline.client.hosts import path_word
from pipeline.client.transport import Transport, get
from pipeline.errors import NotFound

__all__ = ["Environments"]


class Environments:
    """The project's environments."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> tuple[Environment, ...]:
        """Every environment of the project."""
        call = get("/environments", "list environments")
        return self._transport.read(call, tuple[Environment, ...])

    def get(self, environment_id: str) -> Environment:
        """One environment in full."""
        path = f"/environments/{path_word(environment_id)}"
        return self._transport.read(get(path, f"read environment {environment_id}"), Environment)

    def trainable_models(self, environment_id: str) -> tuple[AIModel, ...]:
        """The models that can be trained there; none where the provider trains none."""
        path = f"/environments/{path_word(environment_id)}/trainable-models"
        call = get(path, f"list the trainable models of environment {environment_id}")
        return self._transport.read(call, tuple[AIModel, ...])

    def find(self, id_or_name: str) -> Environment:
        """The environment with this id, else the only one of this name."""
        if looks_like_id(id_or_name):
            try:
                return self.get(id_or_name)
            except NotFound:
                if id_or_name not in {row.name for row in self.list()}:
                    raise
        return pick(id_or_name, self.list(), noun="environment", host=self._transport.host)
