"""Prompt templates, and the answer of rendering one."""

from typing import Any

from msgspec import Struct

__all__ = ["PromptTemplate", "RenderedPrompt"]


class PromptTemplate(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A template as far as it is looked at; the document has more.

    A reference to a template, as runs and interactions hold them, has neither `content` nor
    `inputSchema`.
    """

    id: str
    name: str | None = None
    role: str | None = None
    version: int | str | None = None
    status: str | None = None
    content_type: str | None = None
    """`jst`, `handlebars` or `text`; `js` before 2025."""
    content: str | None = None
    project: Any = None
    """An id, or an object with one."""
    updated_at: str | None = None


class RenderedPrompt(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Answer of `POST /prompts/<id>/render`: `{id, name, role, content_type, rendered}`.

    The platform's first client typed the answer as the template itself; then `rendered` is
    absent and the text, if there is any, is its `content`.
    """

    id: str | None = None
    name: str | None = None
    role: str | None = None
    content_type: str | None = None
    rendered: str | None = None
    content: str | None = None
