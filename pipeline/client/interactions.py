"""Interactions, their documents exactly as they came. Imports this room."""

from pipeline.client.hosts import path_word
from pipeline.client.transport import Call, Refusal, Transport, get

__all__ = ["Interactions"]


class Interactions:
    """The project's interactions."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, interaction_id: str) -> bytes:
        """The interaction's document as it came; `NotFound` where there is none (any more)."""
        call = _call(interaction_id)
        return self._transport.document(call, self._transport.ask(call))

    def look_up(self, interaction_id: str) -> bytes | Refusal:
        """The same, with a refusal as an answer: a caller who can do without goes on."""
        call = _call(interaction_id)
        answer = self._transport.answer_or_refusal(call)
        return answer if isinstance(answer, Refusal) else self._transport.document(call, answer)


def _call(ident: str) -> Call:
    return get(f"/interactions/{path_word(ident)}", f"read interaction {ident}")
