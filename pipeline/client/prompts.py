"""Prompt templates, and their rendering by the Studio. Imports api's types and this room."""

from msgspec import Raw

from pipeline.api.prompts import RenderedPrompt
from pipeline.client.hosts import path_word
from pipeline.client.transport import Transport, get, post

__all__ = ["Prompts"]


class Prompts:
    """The project's prompt templates."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, prompt_id: str) -> bytes:
        """The template's document as it came; `NotFound` where there is none (any more)."""
        path = f"/prompts/{path_word(prompt_id)}"
        return self._transport.document(get(path, f"read prompt template {prompt_id}"))

    def render(self, prompt_id: str, variables: bytes) -> RenderedPrompt:
        """The template's text with these variables, a JSON object's bytes, put in.

        Rendering stores nothing and the same body gives the same text, so that the call is
        repeated as a GET is. The answer is of the template as it is now, whatever version a run
        was made with.
        """
        call = post(
            f"/prompts/{path_word(prompt_id)}/render",
            f"render prompt template {prompt_id}",
            body=Raw(variables),
            repeat="safe",
        )
        return self._transport.read(call, RenderedPrompt)
