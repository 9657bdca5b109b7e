"""Interactions, their documents exactly as they came. Imports this room."""

from pipeline.client.hosts import path_word
from pipeline.client.transport import Transport, get

__all__ = ["Interactions"]


class Interactions:
    """The project's interactions."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, interaction_id: str) -> bytes:
        """The interaction's document as it came; `NotFound` where there is none (any more)."""
        path = f"/interactions/{path_word(interaction_id)}"
        return self._transport.document(get(path, f"read interaction {interaction_id}"))
