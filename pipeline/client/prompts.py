"""Prompt templates, and their rendering by the Studio. Imports api's types and this room."""

from msgspec import Raw

from pipeline.api.prompts import RenderedPrompt
from pipeline.client.hosts import path_word
from pipeline.client.transport import Call, Refusal, Transport, get, post

__all__ = ["Prompts"]


class Prompts:
    """The project's prompt templates."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, prompt_id: str) -> bytes:
        """The template's document as it came; `NotFound` where there is none (any more)."""
        call = _get(prompt_id)
        return self._transport.document(call, self._transport.ask(call))

    def look_up(self, prompt_id: str) -> bytes | Refusal:
        """The same, with a refusal as an answer: a caller who can do without goes on."""
        call = _get(prompt_id)
        answer = self._transport.answer_or_refusal(call)
        return answer if isinstance(answer, Refusal) else self._transport.document(call, answer)

    def render(self, prompt_id: str, variables: bytes) -> RenderedPrompt:
        """The template's text with these variables, a JSON object's bytes, put in.

        Rendering stores nothing and the same body gives the same text, so that the call is
        repeated as a GET is. The answer is of the template as it is now, whatever version a run
        was made with.
        """
        return self._transport.read(_render(prompt_id, variables), RenderedPrompt)

    def try_render(self, prompt_id: str, variables: bytes) -> RenderedPrompt | Refusal:
        """The same, with a refusal as an answer: of these variables, or of the template."""
        call = _render(prompt_id, variables)
        answer = self._transport.answer_or_refusal(call)
        if isinstance(answer, Refusal):
            return answer
        return self._transport.decoded(call, answer, RenderedPrompt)


def _get(ident: str) -> Call:
    return get(f"/prompts/{path_word(ident)}", f"read prompt template {ident}")


def _render(ident: str, variables: bytes) -> Call:
    path = f"/prompts/{path_word(ident)}/render"
    return post(path, f"render prompt template {ident}", body=Raw(variables), repeat="safe")
