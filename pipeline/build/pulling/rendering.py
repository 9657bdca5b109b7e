"""Between the first shelf and the second: what is needed to render prompts that were not stored.

What is known of interactions and templates is laid beside the pulled runs
(`1-pull/interactions.json`, which `--interactions` reads again). Where the spec lets the Studio
render, each distinct template with each distinct set of variables is rendered once; the answers
of a part lie in `1-pull/rendered-*.parquet` as they come, so a build that was killed goes on, and
nothing after this step needs the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, UnsetType

from pipeline.api.documents import split_documents
from pipeline.api.runs import Run
from pipeline.build.progress import Progress
from pipeline.build.pulling.asking import Asking, read_answers
from pipeline.build.pulling.templates import Templates, TemplateStudio, Withheld, complete
from pipeline.build.shelf import Shelf
from pipeline.engines import Engine
from pipeline.errors import TransientError
from pipeline.prompts import (
    PromptCatalog,
    Rendered,
    RenderedText,
    Renderer,
    TemplateRequest,
    Unrendered,
)
from pipeline.prompts.catalog import TemplatePart
from pipeline.records import Rejected
from pipeline.spec import BuildSpec, RenderSpec
from pipeline.stages.normalize.prompt import is_stored
from pipeline.stages.read import read_run
from pipeline.stages.select import Select

__all__ = ["PartRenderer", "lay_out", "render_through_studio"]

_INTERACTIONS = "interactions.json"
_WITHHELD = "withheld.json"
_DONE = "_rendered.json"
_SOME = Raw(b'{"some":"variable"}')
_Told = dict[str, Withheld]


@dataclass(frozen=True, slots=True)
class PartRenderer:
    """Makes the renderer of one part, from what this step has laid beside the runs."""

    pulled: Shelf
    spec: RenderSpec

    def __call__(self, index: int) -> Renderer:
        """It knows every template, and the Studio's answers for the part's runs."""
        catalog, withheld = self.known()
        return _ToldRenderer(catalog, self.spec, read_answers(self.pulled, index), withheld)

    def known(self) -> tuple[PromptCatalog, _Told]:
        """The catalog, and what the Studio says of what it withholds."""
        folder = self.pulled.store.path(self.pulled.name)
        return _read_known(folder, (folder / _WITHHELD).stat().st_mtime_ns)


def render_through_studio(
    make: PartRenderer,
    spec: BuildSpec,
    templates: Templates,
    studio: TemplateStudio,
    *,
    engine: Engine,
    progress: Progress,
) -> None:
    """Lay out what the Studio knows besides, and what only it can render; or find it done."""
    pulled = make.pulled
    if pulled.store.exists(f"{pulled.name}/{_DONE}"):
        return
    manifest = pulled.manifest()
    assert manifest is not None
    parts = len(manifest.rows)
    if spec.render.through == "off":
        lay_out(pulled, templates)
        return
    named: set[bytes] = set()
    for found in engine.map(_NamedInteractions(pulled, spec.source.max_run_bytes), range(parts)):
        named |= found
    known = complete(templates, named, studio, spec.render)
    lay_out(pulled, known)
    answered = 0
    if _wants_studio(Renderer(known.catalog(), spec.render), named):
        answered = _ask(make, spec, known, studio, engine=engine, progress=progress)
    pulled.store.write_bytes(f"{pulled.name}/{_DONE}", msgspec.json.encode({"answered": answered}))


def _ask(
    make: PartRenderer,
    spec: BuildSpec,
    known: Templates,
    studio: TemplateStudio,
    *,
    engine: Engine,
    progress: Progress,
) -> int:
    """Let the Studio render what only it can; how many answers there are."""
    pulled = make.pulled
    manifest = pulled.manifest()
    assert manifest is not None
    parts = len(manifest.rows)
    progress.begin("render", None)
    asking = Asking(pulled, studio, known.catalog(), progress, dict(known.withheld))
    asking.recall(parts)
    scan = _Requests(make, Select(spec.select), spec.source.max_run_bytes)
    try:
        for part, requests in enumerate(engine.map(scan, range(parts))):
            asking.answer(part, requests)
    except TransientError as error:
        kept = "what was rendered is kept; render.through = 'local' does without the Studio"
        raise type(error)(f"{error} ({kept})") from error
    finally:
        lay_out(pulled, Templates(known.documents, asking.withheld))
    progress.end("render", f"{asking.made:,} prompts rendered by the Studio")
    return asking.made


def _wants_studio(renderer: Renderer, named: set[bytes]) -> bool:
    """Whether there is a run that the Studio may have to render a template for."""
    return any(renderer.requests(Raw(one), _SOME) for one in named)


def lay_out(pulled: Shelf, templates: Templates) -> None:
    """Write what is known beside the runs; the list of what is withheld comes last."""
    documents = b"[" + b",\n".join(one.strip() for one in templates.documents) + b"]\n"
    pulled.store.write_bytes(f"{pulled.name}/{_INTERACTIONS}", documents)
    withheld = msgspec.json.encode(templates.withheld, order="sorted")
    pulled.store.write_bytes(f"{pulled.name}/{_WITHHELD}", withheld)


@lru_cache(maxsize=2)
def _read_known(folder: Path, written: int) -> tuple[PromptCatalog, _Told]:
    """What was laid out, read once in each process; `written` tells a newer one."""
    del written
    documents = split_documents((folder / _INTERACTIONS).read_bytes())
    withheld = msgspec.json.decode((folder / _WITHHELD).read_bytes(), type=_Told)
    return PromptCatalog.read(documents), withheld


@dataclass(frozen=True, slots=True)
class _NamedInteractions:
    """The distinct interactions of one part's runs, as the runs name them."""

    pulled: Shelf
    max_bytes: int

    def __call__(self, index: int) -> set[bytes]:
        runs = _runs(self.pulled, index, self.max_bytes)
        return {bytes(run.interaction) for run in runs if isinstance(run.interaction, Raw)}


@dataclass(frozen=True, slots=True)
class _Requests:
    """What the Studio has to render for one part's runs, each request once."""

    make: PartRenderer
    select: Select
    max_bytes: int

    def __call__(self, index: int) -> list[TemplateRequest]:
        catalog, _ = self.make.known()
        renderer = Renderer(catalog, self.make.spec)
        requests: dict[str, TemplateRequest] = {}
        for run in _runs(self.make.pulled, index, self.max_bytes):
            if is_stored(run.prompt) or self.select(run) is not None:
                continue
            for one in renderer.requests(run.interaction, run.parameters, run.model_id):
                requests[one.key] = one
        return list(requests.values())


def _runs(pulled: Shelf, index: int, max_bytes: int) -> list[Run]:
    """The part's documents that are runs."""
    raws = pulled.read_part(index, ["raw"])["raw"].to_pylist()
    found = (read_run(raw, max_bytes) for raw in raws if raw is not None)
    return [run for run in found if not isinstance(run, Rejected)]


class _ToldRenderer(Renderer):
    """A renderer that says why the Studio did not give what is missing."""

    def __init__(
        self,
        catalog: PromptCatalog,
        spec: RenderSpec,
        rendered: Mapping[str, RenderedText],
        withheld: _Told,
    ) -> None:
        super().__init__(catalog, spec, rendered)
        self._withheld = withheld

    def __reduce__(self) -> tuple[Any, ...]:
        given = (self.catalog, self.spec, dict(self.rendered), self._withheld)
        return _ToldRenderer, given

    def render(
        self,
        interaction: Raw | UnsetType,
        parameters: Raw | UnsetType,
        model_id: str | None = None,
        moment: str | None = None,
    ) -> Rendered | Unrendered:
        """See `Renderer.render`."""
        found = super().render(interaction, parameters, model_id, moment)
        if not isinstance(found, Unrendered) or found.code != "inputs_not_stored":
            return found
        reason = self._reason(interaction) if found.path == "$.interaction" else None
        if reason is None:
            return found
        return Unrendered(found.code, f"{found.detail}; {reason}", found.path)

    def _reason(self, interaction: Raw | UnsetType) -> str | None:
        known, _ = self.references(interaction)
        parts = known.parts or ()
        idents = [part.template.id for part in parts if isinstance(part, TemplatePart)]
        told = (self._withheld.get(ident or "") for ident in (known.id, *idents))
        return next((one.said for one in told if one is not None), None)
