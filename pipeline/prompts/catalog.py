"""What is known of interactions and their prompt templates, read from the platform's documents.

A document is an interaction (it has `prompts`), a template (it has a `content_type`), or an array
of either. Unknown keys are ignored; a template may be an id, a reference or the whole. Imports
`errors` and `digests`.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from pipeline.digests import canonical_json, content_digest
from pipeline.errors import SourceUnreadable

__all__ = ["ChatPart", "Interaction", "PromptCatalog", "Template", "TemplatePart"]


class Template(Struct, frozen=True):
    """One prompt template in one version."""

    id: str
    version: str | None = None
    name: str | None = None
    role: str | None = None
    status: str | None = None
    content_type: str | None = None
    content: str | None = None
    """The text; None where only a reference is known."""
    variables: tuple[str, ...] | None = None
    """The names that its input schema declares; None where no schema is known."""


class TemplatePart(Struct, frozen=True, tag=True):
    """A segment that is rendered from a template."""

    template: Template


class ChatPart(Struct, frozen=True, tag=True):
    """Segments that stand in the parameters, as turns of a talk."""

    key: str
    """Which parameter holds them."""


class Interaction(Struct, frozen=True):
    """What an interaction's prompt is made of, in order."""

    id: str | None = None
    version: str | None = None
    name: str | None = None
    status: str | None = None
    parts: tuple[TemplatePart | ChatPart, ...] | None = None
    """None where only a reference is known."""


T = TypeVar("T", Interaction, Template)


class PromptCatalog(Struct, frozen=True):
    """Interactions and templates by id, each in all versions that are known."""

    interactions: dict[str, tuple[Interaction, ...]] = {}
    templates: dict[str, tuple[Template, ...]] = {}

    @classmethod
    def read(cls, documents: Iterable[bytes]) -> "PromptCatalog":
        """The catalog of some JSON documents; the first of equal versions counts.

        Raises `SourceUnreadable` for what is neither an interaction nor a template.
        """
        interactions: dict[str, tuple[Interaction, ...]] = {}
        templates: dict[str, tuple[Template, ...]] = {}
        for number, document in enumerate(documents, 1):
            for value in _values(document, number):
                match value:
                    case {"prompts": list(), "id": str() as ident}:
                        _add(interactions, ident, read_interaction(value))
                        found = read_interaction(value).parts or ()
                        whole = [one.template for one in found if isinstance(one, TemplatePart)]
                    case {"id": str()} if "content" in value or "content_type" in value:
                        whole = [read_template(value)]
                    case _:
                        raise SourceUnreadable(_neither(value, number))
                for template in whole:
                    if template.content is not None:
                        _add(templates, template.id, template)
        return cls(interactions, templates)

    def digest(self) -> str:
        """32 hexadecimal digits over all that is known, in whichever order it was read."""
        both = (*self.interactions.values(), *self.templates.values())
        known = sorted(canonical_json(one) for versions in both for one in versions)
        return content_digest(b"\n".join(known))

    def interaction(self, like: Interaction) -> Interaction | None:
        """The interaction in the version that is asked for, or another where that is not known."""
        found = self.interactions.get(like.id or "", ())
        if not found and like.id is None and like.name is not None:
            known = (one for versions in self.interactions.values() for one in versions)
            found = tuple(one for one in known if one.name == like.name)
        return _closest(found, like.version)

    def template(self, like: Template) -> Template | None:
        """The template in the version that is asked for, or another where that is not known."""
        return _closest(self.templates.get(like.id, ()), like.version)


def read_interaction(value: dict[str, Any] | str) -> Interaction:
    """An interaction's document or reference."""
    if isinstance(value, str):
        return Interaction(id=value)
    prompts = value.get("prompts")
    parts = (_read_part(one) for one in prompts) if isinstance(prompts, list) else None
    return Interaction(
        id=_text(value.get("id")),
        version=_version(value.get("version")),
        name=_text(value.get("name")),
        status=_text(value.get("status")),
        parts=None if parts is None else tuple(part for part in parts if part is not None),
    )


def read_template(value: dict[str, Any]) -> Template:
    """A template's document or reference; `id` must be there."""
    schema = value.get("inputSchema", value.get("input_schema"))
    declared = schema.get("properties", {}) if isinstance(schema, dict) else None
    return Template(
        id=str(value.get("id")),
        version=_version(value.get("version")),
        name=_text(value.get("name")),
        role=_text(value.get("role")),
        status=_text(value.get("status")),
        content_type=_text(value.get("content_type")),
        content=value["content"] if isinstance(value.get("content"), str) else None,
        variables=tuple(declared) if isinstance(declared, dict) else None,
    )


def _read_part(value: Any) -> TemplatePart | ChatPart | None:
    match value:
        case {"type": "chat"}:
            configuration = value.get("configuration")
            key = configuration.get("chatKey") if isinstance(configuration, dict) else None
            return ChatPart(_text(key) or "chat")
        case {"template": str() as ident}:
            return TemplatePart(Template(id=ident))
        case {"template": {"id": str()} as template}:
            return TemplatePart(read_template(template))
        case str():
            return TemplatePart(Template(id=value))
    return None


def _values(document: bytes, number: int) -> list[Any]:
    try:
        value = msgspec.json.decode(document)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        said = f"interactions: document {number} is not JSON: {error}"
        raise SourceUnreadable(said) from None
    return value if isinstance(value, list) else [value]


def _neither(value: Any, number: int) -> str:
    keys = ", ".join(sorted(value)[:8]) if isinstance(value, dict) else type(value).__name__
    return (
        f"interactions: document {number} has neither an interaction (id and prompts) nor a "
        f"template (id, content_type and content), but {keys or 'nothing'}"
    )


def _add(known: dict[str, tuple[T, ...]], ident: str, one: T) -> None:
    versions: list[T] = list(known.get(ident, ()))
    if all(other.version != one.version for other in versions):
        versions.append(one)
        known[ident] = tuple(versions)


def _closest(found: tuple[T, ...], version: str | None) -> T | None:
    """The version itself; else the latest."""
    for one in found:
        if one.version == version:
            return one
    return max(found, key=lambda one: _order(one.version), default=None)


def _order(version: str | None) -> tuple[int, str]:
    return (int(version) if version and version.isdecimal() else -1, version or "")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _version(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
