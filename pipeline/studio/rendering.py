"""Rendering a stored template: in threads of its own, so that no other request waits for it.

A template is a program of a stranger's: the prompts room runs it in a sandbox with a bound on
time and memory, and releases the interpreter meanwhile. At most as many run at once as there are
processors, and those that wait hold no thread of the server's.
"""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
from msgspec import Raw

from pipeline.api.prompts import PromptTemplate, RenderedPrompt
from pipeline.errors import SourceUnreadable
from pipeline.prompts import (
    PromptCatalog,
    Sandbox,
    Unrendered,
    open_sandbox,
    render_template,
)
from pipeline.studio.failures import bad_request

__all__ = ["TemplateThreads", "render_document"]


class TemplateThreads:
    """The threads that templates run in."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="template")
        self._own = threading.local()

    async def render(self, document: bytes, variables: bytes) -> RenderedPrompt:
        """`render_document` in one of the threads."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._render, document, variables)

    def _render(self, document: bytes, variables: bytes) -> RenderedPrompt:
        """Each thread has an engine of its own, with the templates that it has compiled."""
        sandbox: Sandbox | None = getattr(self._own, "sandbox", None)
        if sandbox is None:
            sandbox = self._own.sandbox = open_sandbox()
        return render_document(sandbox, document, variables)

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def render_document(sandbox: Sandbox, document: bytes, variables: bytes) -> RenderedPrompt:
    """What the template of that document says with these variables; 400 with the reason."""
    given = variables or b"{}"
    try:
        msgspec.json.decode(given, type=dict[str, Raw])
        given.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"send the variables as one JSON object ({error})") from None
    shown = msgspec.json.decode(document, type=PromptTemplate)
    try:
        known = PromptCatalog.read([document]).templates.get(shown.id, ())
    except SourceUnreadable as error:
        raise bad_request(f"prompt template {shown.id}: {error}") from None
    if not known:
        raise bad_request(f"prompt template {shown.name or shown.id} has no text")
    text = render_template(sandbox, known[0], given)
    if isinstance(text, Unrendered):
        raise bad_request(text.detail)
    return RenderedPrompt(
        id=shown.id,
        name=shown.name,
        role=shown.role,
        content_type=shown.content_type,
        rendered=text,
    )
