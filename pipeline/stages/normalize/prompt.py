"""Where a run's turns come from: its stored prompt, or the templates that it was rendered from.

A stored prompt is read as it stands. Where it was not stored it is rendered. Where it was stored
in a form that lost the roles, the templates may tell them, if both hold the same words.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from pipeline.api.runs import Run
from pipeline.prompts import PromptCatalog, Rendered, Renderer, Unrendered
from pipeline.records import Rejected
from pipeline.spec import RenderSpec
from pipeline.stages.normalize.damage import find_damage
from pipeline.stages.normalize.draft import Draft, Turn, refuse
from pipeline.stages.normalize.schema import read_schema
from pipeline.stages.normalize.segments import segment_turn
from pipeline.stages.normalize.shapes import READERS, tell_shape

__all__ = ["NO_TEMPLATES", "ReadPrompt", "is_stored", "read_prompt"]

NO_TEMPLATES = Renderer(PromptCatalog(), RenderSpec())
"""Knows no template: every prompt that was not stored stays unknown."""

_WHITE = re.compile(r"\s+")
_FORM = {"role", "type"}
_LABELS = re.compile(r"CONTEXT:|INSTRUCTION:|USER:|ASSISTANT:|(?:DONOTIGNORE-)?IMPORTANT:")
_NOTICE = re.compile(r"[A-Za-z,]*JSONSchema:")
"""Both without white space, as what is left of a prompt is."""


class ReadPrompt(Struct, frozen=True):
    """A prompt that was understood, and where it came from."""

    draft: Draft
    source: str = "stored"
    flags: tuple[str, ...] = ()
    note: str | None = None
    """What there is to say about the flags."""


def is_stored(prompt: Raw | UnsetType) -> bool:
    """Whether there is a prompt."""
    return prompt is not UNSET and bytes(prompt) != b"null"


def read_prompt(run: Run, renderer: Renderer) -> ReadPrompt | Rejected:
    """The run's turns, or why there are none."""
    if run.prompt is UNSET or not is_stored(run.prompt):
        return _render(run, renderer)
    told = tell_shape(bytes(run.prompt))
    if isinstance(told, Rejected):
        return told
    draft = find_damage(told.prompt) or READERS[told.shape](Raw(told.prompt))
    if isinstance(draft, Rejected):
        ambiguous = draft.code == "ambiguous_prompt"
        return (_tell_roles(run, renderer, told.prompt) if ambiguous else None) or draft
    hidden = draft.hides_safety and renderer.has_role("safety", run.interaction)
    if draft.roles_lost is None and not hidden:
        return ReadPrompt(draft)
    return _tell_roles(run, renderer, told.prompt) or ReadPrompt(draft)


def _render(run: Run, renderer: Renderer) -> ReadPrompt | Rejected:
    rendered = renderer.render(run.interaction, run.parameters, run.model_id, run.created_at)
    if isinstance(rendered, Unrendered):
        return refuse(rendered.code, rendered.detail, rendered.path)
    turns = _turns(rendered)
    if isinstance(turns, Rejected):
        return turns
    flags = ("template_drift",) if rendered.drift else ()
    return ReadPrompt(Draft(turns), rendered.source, flags, rendered.drift)


def _turns(rendered: Rendered) -> list[Turn] | Rejected:
    turns: list[Turn] = []
    for segment in rendered.segments:
        turn = segment_turn(segment.role, segment.text, "$.interaction.prompts")
        if isinstance(turn, Rejected):
            return turn
        turns.append(turn)
    return turns


def _tell_roles(run: Run, renderer: Renderer, prompt: bytes) -> ReadPrompt | None:
    """The turns as the templates give them, if they give the words of the stored prompt."""
    rendered = renderer.render(run.interaction, run.parameters, run.model_id, run.created_at)
    if isinstance(rendered, Unrendered):
        return None
    left = _bare("\n".join(_words(msgspec.json.decode(prompt))))
    for text in sorted((_bare(segment.text) for segment in rendered.segments), key=len)[::-1]:
        before, _, after = left.partition(text)
        if len(before) + len(after) + len(text) != len(left):
            return None
        left = before + after
    turns = _turns(rendered)
    if isinstance(turns, Rejected) or not _is_scaffolding(left, run):
        return None
    return ReadPrompt(Draft(turns), flags=("roles_from_templates",))


def _words(value: Any) -> Iterator[str]:
    """Every string of a prompt but those that tell its form."""
    match value:
        case str():
            yield value
        case list():
            for inner in value:
                yield from _words(inner)
        case dict():
            for key, inner in value.items():
                if key not in _FORM:
                    yield from _words(inner)


def _is_scaffolding(left: str, run: Run) -> bool:
    """Whether nothing is left but what the platform writes around segments."""
    schema = read_schema(run.result_schema)
    if schema is not None:
        for start in _NOTICE.finditer(left):
            quoted = left[start.end() :]
            if quoted == _bare(bytes(schema.compact).decode()):
                left = left[: start.start()]
                break
    return not _LABELS.sub("", left)


def _bare(text: str) -> str:
    return _WHITE.sub("", text)
