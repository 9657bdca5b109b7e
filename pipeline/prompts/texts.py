"""One template's text, and what is said of a rendering. Imports `catalog`, `sandbox`, the nouns."""

from typing import Literal

import msgspec
from msgspec import Raw, Struct

from pipeline.digests import content_digest
from pipeline.prompts.catalog import Template
from pipeline.prompts.sandbox import Failure, Sandbox
from pipeline.records import RejectCode
from pipeline.spec import RenderSpec

__all__ = [
    "Rendered",
    "RenderedText",
    "Segment",
    "TemplateRequest",
    "Unrendered",
    "name_of",
    "open_sandbox",
    "render_here",
    "render_template",
]


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


def open_sandbox(spec: RenderSpec | None = None) -> Sandbox:
    """An engine with the spec's bounds; it belongs to the thread that opens it."""
    spec = spec or RenderSpec()
    return Sandbox(timeout_ms=spec.timeout_ms, memory_mb=spec.memory_mb)


def render_template(
    sandbox: Sandbox, template: Template, variables: bytes, moment: str = ""
) -> str | Unrendered:
    """One template's text, for the Studio's own rendering. `variables` is a JSON object."""
    found = render_here(sandbox, template, variables, moment, RenderSpec())
    if isinstance(found, Failure):
        return Unrendered("unrenderable_template", f"{name_of(template)}: {found.said}")
    return found


def render_here(
    sandbox: Sandbox, template: Template, body: bytes, moment: str, spec: RenderSpec
) -> str | Failure:
    """The template's text. `body` is a JSON object, `moment` what a template says the time is."""
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


def name_of(template: Template) -> str:
    """What a sentence calls the template."""
    return f"template {template.name or template.id}"
