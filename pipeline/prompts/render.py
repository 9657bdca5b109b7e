"""A run's prompt, made again from its interaction's templates and its parameters.

Imports the room's other files, `records` and `spec`. The same run and the same templates give the
same text: `_now` says when the run was made, and `jst` templates know no time at all.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from pipeline.digests import content_digest
from pipeline.prompts.catalog import (
    ChatPart,
    Interaction,
    PromptCatalog,
    Template,
    TemplatePart,
    read_interaction,
)
from pipeline.prompts.sandbox import Failure, Sandbox
from pipeline.records import RejectCode
from pipeline.spec import RenderSpec

__all__ = [
    "Rendered",
    "RenderedText",
    "Renderer",
    "Segment",
    "TemplateRequest",
    "Unrendered",
    "open_sandbox",
    "render_template",
]

_PUBLISHED = {None, "published", "archived"}
_READY = {"text", "jst", "handlebars"}
_MEMORY_KEY = "@memory"
_REFERENCE = re.compile(r"store:\S+")
_NOT_HERE = re.compile(r"\b_\s*\.\s*(?:dayjs|loadCsv|jsonToCsv)\b")
"""Helpers of `jst` that only the Studio has."""
_NOW = re.compile(r"\{\{\{?~?\s*_now\b")
_VARIABLE = re.compile(r"\{\{|\$\{")


_GIVERS = "the Studio or --interactions FILE"


class Segment(Struct, frozen=True):
    """One part of a prompt, before any driver gave it a form."""

    role: str
    """system, user, assistant, safety, ..."""
    text: str


class Rendered(Struct, frozen=True):
    """A prompt that was rendered."""

    segments: tuple[Segment, ...]
    drift: str | None = None
    """Why it may not be what the model saw; a sentence."""
    source: Literal["rendered", "rendered_by_studio"] = "rendered"


class Unrendered(Struct, frozen=True):
    """Why there is no prompt."""

    code: RejectCode
    detail: str
    path: str = "$.parameters"


class RenderedText(Struct, frozen=True):
    """The Studio's answer to a request: the text, or why there is none."""

    text: str | None
    said: str | None = None
    role: str | None = None
    """The template's role, where the run's interaction does not say it."""


class TemplateRequest(Struct, frozen=True):
    """A template that only the Studio can render for a run."""

    template_id: str
    version: str | None
    variables: bytes
    """A JSON object."""

    @property
    def key(self) -> str:
        """32 hexadecimal digits: equal for equal template, version and variables."""
        head = f"{self.template_id}\0{self.version}\0".encode()
        return content_digest(head + self.variables)


class _Failed(Exception):
    """Ends a rendering inside this file."""

    def __init__(self, code: RejectCode, detail: str, path: str = "$.parameters") -> None:
        super().__init__(detail)
        self.unrendered = Unrendered(code, detail, path)


class Renderer:
    """Renders prompts by a spec. `rendered` holds the Studio's answers by `TemplateRequest.key`.

    It can be sent to another process; the engine starts where it is first needed.
    """

    def __init__(
        self,
        catalog: PromptCatalog,
        spec: RenderSpec,
        rendered: Mapping[str, RenderedText] | None = None,
    ) -> None:
        self.catalog = catalog
        self.spec = spec
        self.rendered = rendered or {}
        self._sandbox: Sandbox | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Renderer, (self.catalog, self.spec, dict(self.rendered))

    def render(
        self,
        interaction: Raw | UnsetType,
        parameters: Raw | UnsetType,
        model_id: str | None = None,
        moment: str | None = None,
    ) -> Rendered | Unrendered:
        """The prompt's segments, in order; never raises on a run that `read` let through.

        `moment` is when the run was made, for templates that ask for the time.
        """
        try:
            return self._rendered(interaction, parameters, model_id, moment or "")
        except _Failed as failed:
            return failed.unrendered

    def requests(
        self, interaction: Raw | UnsetType, parameters: Raw | UnsetType, model_id: str | None = None
    ) -> tuple[TemplateRequest, ...]:
        """What the Studio has to render before this run's prompt can be made."""
        try:
            variables = self._variables(interaction, parameters)
            parts = self._parts(interaction)
        except _Failed:
            return ()
        templates = [part.template for part in parts if isinstance(part, TemplatePart)]
        body = _body(variables, model_id)
        asked = [self._known(template)[0] for template in templates]
        return tuple(
            TemplateRequest(one.id, one.version, body) for one in asked if self._asks_studio(one)
        )

    def references(self, interaction: Raw | UnsetType) -> tuple[Interaction, tuple[Template, ...]]:
        """The interaction that a run names, and those of its templates without a known text."""
        like = _interaction(interaction)
        known = like if like.parts is not None else self.catalog.interaction(like)
        parts = (known.parts if known else None) or ()
        found = [self._known(one.template)[0] for one in parts if isinstance(one, TemplatePart)]
        return known or like, tuple(one for one in found if one.content is None)

    def has_role(self, role: str, interaction: Raw | UnsetType) -> bool:
        """Whether a segment of that role is known to belong to the interaction's prompt."""
        like = _interaction(interaction)
        known = like if like.parts else self.catalog.interaction(like)
        parts = (known.parts if known else None) or ()
        templates = [part.template for part in parts if isinstance(part, TemplatePart)]
        return any(role in (one.role, self._known(one)[0].role) for one in templates)

    def _rendered(
        self,
        interaction: Raw | UnsetType,
        parameters: Raw | UnsetType,
        model_id: str | None,
        moment: str,
    ) -> Rendered:
        if self.spec.through == "off":
            said = "the prompt was not stored, and render.through is 'off'"
            raise _Failed("inputs_not_stored", said, "$.prompt")
        variables = self._variables(interaction, parameters)
        parts = self._parts(interaction)
        work = _Work(self, variables, _body(variables, model_id), moment)
        if drifted := self._interaction_drift(interaction):
            work.drift.append(drifted)
        segments = [segment for part in parts for segment in work.segments(part)]
        if self.spec.drift == "reject" and work.drift:
            raise _Failed("template_drift", work.drift[0], "$.interaction")
        return Rendered(
            tuple(segments),
            work.drift[0] if work.drift else None,
            "rendered_by_studio" if work.asked_studio else "rendered",
        )

    def _variables(
        self, interaction: Raw | UnsetType, parameters: Raw | UnsetType
    ) -> dict[str, Any]:
        given = None if parameters is UNSET else msgspec.json.decode(parameters)
        if isinstance(given, str) or (isinstance(given, dict) and _MEMORY_KEY in given):
            raise _Failed("unrenderable_parameters", "the parameters point into a memory pack")
        if given is None:
            said = "neither the prompt nor the parameters were stored with the run"
            raise _Failed("inputs_not_stored", said)
        if not isinstance(given, dict):
            said = f"the parameters are a {type(given).__name__}, not an object"
            raise _Failed("unrenderable_parameters", said)
        if not given and self._needs_variables(interaction):
            said = "the templates want parameters, and none were stored with the run"
            raise _Failed("inputs_not_stored", said)
        if (path := _reference(given)) is not None:
            said = "a reference to a stored document, whose text is not in the run"
            raise _Failed("unrenderable_parameters", said, f"$.parameters{path}")
        return given

    def _needs_variables(self, interaction: Raw | UnsetType) -> bool:
        """Whether any template looks like it; where none is known, it is taken for granted."""
        for part in self._parts(interaction):
            if isinstance(part, ChatPart):
                return True
            template, _ = self._known(part.template)
            if template.content is None or template.content_type != "text":
                if template.content is None or template.variables:
                    return True
                if _VARIABLE.search(template.content):
                    return True
        return False

    def _parts(self, interaction: Raw | UnsetType) -> tuple[TemplatePart | ChatPart, ...]:
        like = _interaction(interaction)
        if like.parts:
            return like.parts
        known = self.catalog.interaction(like)
        if like.id is None and like.name is None:
            said = "the prompt was not stored, and the run names no interaction to render it from"
            raise _Failed("inputs_not_stored", said, "$.interaction")
        if known is None or not known.parts:
            said = (
                "the prompt was not stored, and the templates of interaction "
                f"{like.name or like.id} are not known: {_GIVERS} gives them"
            )
            raise _Failed("inputs_not_stored", said, "$.interaction")
        return known.parts

    def _interaction_drift(self, interaction: Raw | UnsetType) -> str | None:
        like = _interaction(interaction)
        named = f"interaction {like.name or like.id}"
        if like.status not in _PUBLISHED:
            return f"{named} is a draft, which may have changed since the run"
        known = None if like.parts else self.catalog.interaction(like)
        if known is not None and like.version is not None and known.version != like.version:
            return f"{named} is known in version {known.version} only, not {like.version}"
        return None

    def _known(self, like: Template) -> tuple[Template, str | None]:
        """The template with its text where that is known, and why it may have drifted."""
        known = like if like.content is not None else self.catalog.template(like)
        if known is None:
            return like, None
        named = f"template {known.name or known.id}"
        if like.version is not None and known.version != like.version:
            return known, f"{named} is known in version {known.version} only, not {like.version}"
        if known.status not in _PUBLISHED or like.status not in _PUBLISHED:
            return known, f"{named} is a draft, which may have changed since the run"
        return known, None

    def _asks_studio(self, template: Template) -> bool:
        if self.spec.through in {"local", "off"}:
            return False
        if self.spec.through == "api" or template.content is None:
            return True
        is_here = template.content_type in _READY
        return not is_here or _NOT_HERE.search(template.content) is not None

    def sandbox(self) -> Sandbox:
        """This process's engine."""
        if self._sandbox is None:
            self._sandbox = open_sandbox(self.spec)
        return self._sandbox


class _Work:
    """One run's rendering."""

    def __init__(
        self, renderer: Renderer, variables: dict[str, Any], body: bytes, moment: str
    ) -> None:
        self.renderer = renderer
        self.variables = variables
        self.body = body
        self.moment = moment
        self.drift: list[str] = []
        self.asked_studio = False

    def segments(self, part: TemplatePart | ChatPart) -> Iterator[Segment]:
        if isinstance(part, ChatPart):
            yield from _chat(self.variables, part.key)
            return
        template, drift = self.renderer._known(part.template)  # noqa: SLF001 - of one file
        if drift:
            self.drift.append(drift)
        text, role = self._text(template)
        role = part.template.role or role
        if role is None:
            raise _Failed(
                "unrenderable_template", f"{_named(template)} has no role", "$.interaction"
            )
        yield Segment(role, text)

    def _text(self, template: Template) -> tuple[str, str | None]:
        if self.renderer._asks_studio(template):  # noqa: SLF001 - of one file
            return self._answer(template)
        if template.content is None:
            said = f"{_named(template)} is not known: {_GIVERS} gives it"
            raise _Failed("inputs_not_stored", said, "$.interaction")
        if _NOW.search(template.content) and template.content_type == "handlebars":
            self.drift.append(f"{_named(template)} asks for the time; it was given the run's")
        found = _render_here(
            self.renderer.sandbox(), template, self.body, self.moment, self.renderer.spec
        )
        if isinstance(found, Failure):
            said = f"{_named(template)} cannot be rendered: {found.said}"
            raise _Failed("unrenderable_template", said)
        return found, template.role

    def _answer(self, template: Template) -> tuple[str, str | None]:
        key = TemplateRequest(template.id, template.version, self.body).key
        answer = self.renderer.rendered.get(key)
        if answer is None:
            if template.content is not None and template.content_type not in _READY:
                kind = f"{_named(template)} is of type {template.content_type!r}"
                said = f"{kind}, which only a Studio renders"
                raise _Failed("unrenderable_template", said, "$.interaction")
            said = f"{_named(template)} is not known: {_GIVERS} gives it"
            raise _Failed("inputs_not_stored", said, "$.interaction")
        if answer.text is None:
            code: RejectCode = "unrenderable_template"
            raise _Failed(code, f"{_named(template)}: {answer.said}", "$.interaction")
        self.asked_studio = True
        return answer.text, template.role or answer.role


def open_sandbox(spec: RenderSpec | None = None) -> Sandbox:
    """An engine with the spec's bounds; it belongs to the thread that opens it."""
    spec = spec or RenderSpec()
    return Sandbox(timeout_ms=spec.timeout_ms, memory_mb=spec.memory_mb)


def render_template(
    sandbox: Sandbox, template: Template, variables: bytes, moment: str = ""
) -> str | Unrendered:
    """One template's text, for the Studio's own rendering. `variables` is a JSON object."""
    found = _render_here(sandbox, template, variables, moment, RenderSpec())
    if isinstance(found, Failure):
        return Unrendered("unrenderable_template", f"{_named(template)}: {found.said}")
    return found


def _render_here(
    sandbox: Sandbox, template: Template, body: bytes, moment: str, spec: RenderSpec
) -> str | Failure:
    text = template.content or ""
    match template.content_type:
        case "text":
            return text
        case "jst":
            names = template.variables
            if names is None:
                names = tuple(msgspec.json.decode(body, type=dict[str, Raw]))
            return sandbox.jst(text, (*names, "_model"), body)
        case "handlebars":
            escape = spec.html_entities == "keep"
            return sandbox.handlebars(text, body, escape=escape, moment=moment)
    return Failure(f"it is of type {template.content_type!r}, which is not known")


def _named(template: Template) -> str:
    return f"template {template.name or template.id}"


def _chat(variables: dict[str, Any], key: str) -> Iterator[Segment]:
    turns = variables.get(key)
    if not isinstance(turns, list):
        said = "the chat segment wants a list of turns here"
        raise _Failed("unrenderable_parameters", said, f"$.parameters.{key}")
    for index, turn in enumerate(turns):
        match turn:
            case {"role": str() as role, "content": str() as content}:
                yield Segment(role, content)
            case _:
                said = "a turn of the chat without a role, or without content that is text"
                path = f"$.parameters.{key}[{index}]"
                raise _Failed("unrenderable_parameters", said, path)


def _body(variables: dict[str, Any], model_id: str | None) -> bytes:
    given = variables if model_id is None else {**variables, "_model": model_id}
    return msgspec.json.encode(given)


def _reference(value: Any, path: str = "") -> str | None:
    """Where a `store:` reference stands; None where there is none."""
    match value:
        case str() if _REFERENCE.fullmatch(value):
            return path
        case dict():
            inside = ((inner, f"{path}.{key}") for key, inner in value.items())
        case list():
            inside = ((inner, f"{path}[{index}]") for index, inner in enumerate(value))
        case _:
            return None
    return next((where for one, to in inside if (where := _reference(one, to)) is not None), None)


def _interaction(value: Raw | UnsetType) -> Interaction:
    return Interaction() if value is UNSET else _read_interaction(bytes(value))


@lru_cache(maxsize=1024)
def _read_interaction(data: bytes) -> Interaction:
    value = msgspec.json.decode(data)
    return read_interaction(value) if isinstance(value, dict | str) else Interaction()
