"""What prompts that were not stored are rendered from: interactions and templates.

They come from files that the spec names and, for what those do not have, from the Studio: each
interaction and each template is asked for once. What the Studio withholds for good (it is gone,
or the key may not read it) is no failure: it is remembered with the Studio's words.
"""

import gzip
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import msgspec
import zstandard
from msgspec import Raw, Struct

from pipeline.api.documents import split_documents
from pipeline.api.prompts import RenderedPrompt
from pipeline.build.pulling.patterns import files_of
from pipeline.errors import SourceUnreadable, UsageError
from pipeline.prompts import PromptCatalog, Renderer
from pipeline.spec import BuildSpec, RenderSpec

__all__ = [
    "TemplateStudio",
    "Templates",
    "Withheld",
    "complete",
    "gather",
    "read_templates",
    "template_files",
]

_SUFFIXES = (".json", ".jsonl", ".ndjson", ".gz", ".zst")
_IN_FLIGHT = 8
_NO_IDS = ("", ".", "..")
"""Words that no path can hold."""


class Withheld(Struct, frozen=True):
    """What the Studio says instead of giving a thing, for good."""

    status: int
    said: str

    @property
    def is_gone(self) -> bool:
        """Whether there is no such thing, for any purpose."""
        return self.status in (404, 410)


class TemplateStudio(Protocol):
    """A Studio that can be asked for interactions and templates, by many threads at once."""

    def named(self) -> Iterable[bytes]:
        """Each interaction as the source's runs name it, before they are pulled; JSON."""

    def interaction(self, ident: str) -> bytes | Withheld:
        """An interaction's document."""

    def template(self, ident: str) -> bytes | Withheld:
        """A template's document."""

    def render(self, ident: str, variables: bytes) -> RenderedPrompt | Withheld:
        """What a template says with these variables."""


class Templates(Struct, frozen=True):
    """Documents of interactions and templates, as they came."""

    documents: tuple[bytes, ...] = ()
    withheld: dict[str, Withheld] = {}
    """Ids that the Studio gives nothing for, each with what it said."""

    def catalog(self) -> PromptCatalog:
        """What the documents say."""
        return PromptCatalog.read(self.documents)

    def digest(self) -> str | None:
        """Changes whenever an interaction or a template does; None where none is known."""
        return self.catalog().digest() if self.documents else None


def gather(spec: BuildSpec, studio: TemplateStudio | None) -> Templates:
    """What is known before the runs are pulled, so that the build's id is of the templates too."""
    if spec.render.through == "off":
        return Templates()
    known = read_templates(spec.source.interactions)
    return known if studio is None else complete(known, studio.named(), studio, spec.render)


def template_files(patterns: Sequence[str]) -> tuple[Path, ...]:
    """The files that the patterns name, each once."""
    paths = files_of("--interactions", patterns)
    for path in paths:
        if not path.name.endswith(_SUFFIXES):
            raise UsageError(f"{path}: is not one of {', '.join(_SUFFIXES)}")
    return tuple(dict.fromkeys(paths))


def read_templates(patterns: Sequence[str]) -> Templates:
    """The documents of the files; `SourceUnreadable` names a file that holds something else."""
    documents: list[bytes] = []
    for path in template_files(patterns):
        try:
            found = list(split_documents(_read(path)))
            PromptCatalog.read(found)
        except SourceUnreadable as error:
            raise SourceUnreadable(f"{path}: {error}") from None
        except (OSError, EOFError, zstandard.ZstdError) as error:
            raise SourceUnreadable(f"{path}: cannot be read ({error})") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SourceUnreadable(f"{path}: is no JSON and no JSON lines ({error})") from None
        documents += found
    return Templates(tuple(documents))


def complete(
    known: Templates, named: Iterable[bytes], studio: TemplateStudio, spec: RenderSpec
) -> Templates:
    """Those that are known, and from the Studio what the named interactions want besides.

    Raises what may pass: the same call goes on where this one was.
    """
    interactions = [one for one in sorted(set(named)) if _is_sound(one)]
    documents, withheld = list(known.documents), dict(known.withheld)
    asked = {*withheld, *_NO_IDS}
    while True:
        renderer = Renderer(PromptCatalog.read(documents), spec)
        wanted = _wanted(renderer, interactions, asked)
        if not wanted:
            return Templates(tuple(documents), withheld)
        asked |= {ident for ident, _ in wanted}
        for (ident, kind), answer in zip(wanted, _fetched(wanted, studio), strict=True):
            if isinstance(answer, Withheld):
                said = f"the Studio answered {answer.status} for {kind} {ident}, {answer.said}"
                withheld[ident] = Withheld(answer.status, said)
            elif _is_document(answer):
                documents.append(answer)
            else:
                withheld[ident] = Withheld(200, f"the Studio's {kind} {ident} cannot be understood")


def _wanted(
    renderer: Renderer, interactions: Sequence[bytes], asked: set[str]
) -> list[tuple[str, str]]:
    """Ids that are referred to and not known, with what they are, in a fixed order."""
    wanted: set[tuple[str, str]] = set()
    for one in interactions:
        interaction, templates = renderer.references(Raw(one))
        if not interaction.parts and interaction.id:
            wanted.add((interaction.id, "interaction"))
        wanted |= {(template.id, "template") for template in templates}
    return sorted(pair for pair in wanted if pair[0] not in asked)


def _fetched(
    wanted: Sequence[tuple[str, str]], studio: TemplateStudio
) -> Iterable[bytes | Withheld]:
    fetch: dict[str, Callable[[str], bytes | Withheld]] = {
        "interaction": studio.interaction,
        "template": studio.template,
    }
    pool = ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="fetch-templates")
    try:
        yield from pool.map(lambda pair: fetch[pair[1]](pair[0]), wanted)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _is_sound(interaction: bytes) -> bool:
    """Whether it can be looked into; lists are not checked as runs are."""
    try:
        msgspec.json.decode(interaction)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _is_document(answer: bytes) -> bool:
    try:
        PromptCatalog.read([answer])
    except SourceUnreadable:
        return False
    return True


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().decompressobj(read_across_frames=True).decompress(data)
    return data
