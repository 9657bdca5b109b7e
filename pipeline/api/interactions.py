"""Interactions: what an application calls, made of prompt segments in their order.

What varies by the platform's age stays untyped: `prompts` of a run's interaction holds references
to templates, an exported one may hold the templates in full or their bare ids.
"""

from typing import Any

from msgspec import Struct

__all__ = ["Interaction"]


class Interaction(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An interaction as far as it is looked at; the document has more."""

    id: str
    name: str | None = None
    version: int | str | None = None
    status: str | None = None
    """`draft`, `published` or `archived`; a draft may have changed since a run."""
    project: Any = None
    """An id, or an object with one."""
    prompts: Any = None
    """Segments: `{"type": "template", "template": ...}` or `{"type": "chat", ...}`."""
    updated_at: str | None = None
