"""A run's prompt, made again from its interaction's templates and its parameters.

Imports the room's other files, `records` and `spec`. The same run and the same templates give the
same text: `_now` says when the run was made, and `jst` templates know no time at all.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from pipeline.prompts.catalog import (
    ChatPart,
    Interaction,
    PromptCatalog,
    Template,
    TemplatePart,
    read_interaction,
)
from pipeline.prompts.parameters import MEMORY_KEY, Failed, find_reference, read_chat
from pipeline.prompts.sandbox import Failure, Sandbox
from pipeline.prompts.texts import (
    Rendered,
    RenderedText,
    Segment,
    TemplateRequest,
    Unrendered,
    name_of,
    open_sandbox,
    render_here,
)
from pipeline.records import RejectCode
from pipeline.spec import RenderSpec

__all__ = ["Renderer"]

_PUBLISHED = {None, "published", "archived"}
_READY = {"text", "jst", "handlebars"}
_NOT_HERE = re.compile(r"\b_\s*\.\s*(?:dayjs|loadCsv|jsonToCsv)\b")
"""Helpers of `jst` that only the Studio has."""
_NOW = re.compile(r"\{\{\{?~?\s*_now\b")
_VARIABLE = re.compile(r"\{\{|\$\{")


_GIVERS = "the Studio or --interactions FILE"


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
        except Failed as failed:
            return failed.unrendered

    def requests(
        self, interaction: Raw | UnsetType, parameters: Raw | UnsetType, model_id: str | None = None
    ) -> tuple[TemplateRequest, ...]:
        """What the Studio has to render before this run's prompt can be made."""
        try:
            variables = self._variables(interaction, parameters)
            parts = self._parts(interaction)
        except Failed:
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
            raise Failed("inputs_not_stored", said, "$.prompt")
        variables = self._variables(interaction, parameters)
        parts = self._parts(interaction)
        work = _Work(self, variables, _body(variables, model_id), moment)
        if drifted := self._interaction_drift(interaction):
            work.drift.append(drifted)
        segments = [segment for part in parts for segment in work.segments(part)]
        if self.spec.drift == "reject" and work.drift:
            raise Failed("template_drift", work.drift[0], "$.interaction")
        return Rendered(
            tuple(segments),
            work.drift[0] if work.drift else None,
            "rendered_by_studio" if work.asked_studio else "rendered",
        )

    def _variables(
        self, interaction: Raw | UnsetType, parameters: Raw | UnsetType
    ) -> dict[str, Any]:
        given = None if parameters is UNSET else msgspec.json.decode(parameters)
        if isinstance(given, str) or (isinstance(given, dict) and MEMORY_KEY in given):
            raise Failed("unrenderable_parameters", "the parameters point into a memory pack")
        if given is None:
            said = "neither the prompt nor the parameters were stored with the run"
            raise Failed("inputs_not_stored", said)
        if not isinstance(given, dict):
            said = f"the parameters are a {type(given).__name__}, not an object"
            raise Failed("unrenderable_parameters", said)
        if not given and self._needs_variables(interaction):
            said = "the templates want parameters, and none were stored with the run"
            raise Failed("inputs_not_stored", said)
        if (path := find_reference(given)) is not None:
            said = "a reference to a stored document, whose text is not in the run"
            raise Failed("unrenderable_parameters", said, f"$.parameters{path}")
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
            raise Failed("inputs_not_stored", said, "$.interaction")
        if known is None or not known.parts:
            said = (
                "the prompt was not stored, and the templates of interaction "
                f"{like.name or like.id} are not known: {_GIVERS} gives them"
            )
            raise Failed("inputs_not_stored", said, "$.interaction")
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
            yield from read_chat(self.variables, part.key)
            return
        template, drift = self.renderer._known(part.template)  # noqa: SLF001 - of one file
        if drift:
            self.drift.append(drift)
        text, role = self._text(template)
        role = part.template.role or role
        if role is None:
            raise Failed(
                "unrenderable_template", f"{name_of(template)} has no role", "$.interaction"
            )
        yield Segment(role, text)

    def _text(self, template: Template) -> tuple[str, str | None]:
        if self.renderer._asks_studio(template):  # noqa: SLF001 - of one file
            return self._answer(template)
        if template.content is None:
            said = f"{name_of(template)} is not known: {_GIVERS} gives it"
            raise Failed("inputs_not_stored", said, "$.interaction")
        if _NOW.search(template.content) and template.content_type == "handlebars":
            self.drift.append(f"{name_of(template)} asks for the time; it was given the run's")
        found = render_here(
            self.renderer.sandbox(), template, self.body, self.moment, self.renderer.spec
        )
        if isinstance(found, Failure):
            said = f"{name_of(template)} cannot be rendered: {found.said}"
            raise Failed("unrenderable_template", said)
        return found, template.role

    def _answer(self, template: Template) -> tuple[str, str | None]:
        key = TemplateRequest(template.id, template.version, self.body).key
        answer = self.renderer.rendered.get(key)
        if answer is None:
            if template.content is not None and template.content_type not in _READY:
                kind = f"{name_of(template)} is of type {template.content_type!r}"
                said = f"{kind}, which only a Studio renders"
                raise Failed("unrenderable_template", said, "$.interaction")
            said = f"{name_of(template)} is not known: {_GIVERS} gives it"
            raise Failed("inputs_not_stored", said, "$.interaction")
        if answer.text is None:
            code: RejectCode = "unrenderable_template"
            raise Failed(code, f"{name_of(template)}: {answer.said}", "$.interaction")
        self.asked_studio = True
        return answer.text, template.role or answer.role


def _body(variables: dict[str, Any], model_id: str | None) -> bytes:
    given = variables if model_id is None else {**variables, "_model": model_id}
    return msgspec.json.encode(given)


def _interaction(value: Raw | UnsetType) -> Interaction:
    return Interaction() if value is UNSET else _read_interaction(bytes(value))


@lru_cache(maxsize=1024)
def _read_interaction(data: bytes) -> Interaction:
    value = msgspec.json.decode(data)
    return read_interaction(value) if isinstance(value, dict | str) else Interaction()
