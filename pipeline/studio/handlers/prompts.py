"""`/prompts`: templates in full, and what they say with given variables."""

from typing import Any

from litestar import Request, get, post
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.params import FromPath

from pipeline.api.prompts import RenderedPrompt
from pipeline.studio.catalog import get_prompt
from pipeline.studio.handlers.answers import raw_document
from pipeline.studio.keys import Caller
from pipeline.studio.state import Studio

__all__ = ["ROUTES"]


@get("/prompts/{prompt:str}", sync_to_thread=True)
def retrieve_prompt(
    studio: NamedDependency[Studio], caller: NamedDependency[Caller], prompt: FromPath[str]
) -> Any:
    """One template as it was imported, with `content` and `inputSchema`."""
    return raw_document(_document(studio, caller, prompt))


@post("/prompts/{prompt:str}/render", status_code=200)
async def render_prompt(
    studio: NamedDependency[Studio],
    caller: NamedDependency[Caller],
    prompt: FromPath[str],
    request: Request[Any, Any, Any],
) -> RenderedPrompt:
    """The template as it is now, with the body's variables put in; stores nothing."""
    document = await sync_to_thread(_document, studio, caller, prompt)
    return await studio.templates.render(document, await request.body())


def _document(studio: Studio, caller: Caller, prompt: str) -> bytes:
    with studio.database.read() as connection:
        return get_prompt(connection, caller.project, prompt)


ROUTES = [retrieve_prompt, render_prompt]
