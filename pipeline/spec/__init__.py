"""What to build: `BuildSpec` and its parts, merged once from a TOML file, the environment, flags.

Every part is small and frozen and goes to one stage. The parts that decide the dataset's bytes
(`BuildSpec.making`) make the build's id; the others (where, with how many workers) do not.
A wrong word is a `UsageError` that ends with its path. Imports `errors`, `digests`.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from pipeline.digests import canonical_json, content_digest
from pipeline.errors import SourceUnreadable, UsageError
from pipeline.spec.against import AgainstSpec
from pipeline.spec.dividing import NEED_ONE_ANOTHER, SampleSpec, SplitSpec
from pipeline.spec.judging import DedupeSpec, GateSpec, LabelSpec, RunSpec
from pipeline.spec.reading import (
    NormalizeSpec,
    RenderSpec,
    SelectSpec,
    SourceSpec,
    StudioSpec,
)
from pipeline.spec.redaction import PrivateAction, PrivateKind, RedactSpec
from pipeline.spec.target import TargetSpec

__all__ = [
    "AgainstSpec",
    "BuildSpec",
    "DedupeSpec",
    "GateSpec",
    "LabelSpec",
    "NormalizeSpec",
    "PrivateAction",
    "PrivateKind",
    "RedactSpec",
    "RenderSpec",
    "RunSpec",
    "SampleSpec",
    "SelectSpec",
    "SourceSpec",
    "SplitSpec",
    "StudioSpec",
    "TargetSpec",
    "load_spec",
]

ENVIRONMENT = {
    "TRAINSET_STUDIO_URL": "studio.url",
    "TRAINSET_TOKEN_URL": "studio.token_url",
    "TRAINSET_REDACT_KEY": "redact.key",
    "TRAINSET_CATALOG": "target.catalog",
}
"""Environment variables that set a word of the spec. The API key is no word of it: see `cli`."""


class BuildSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """One build, said in full."""

    source: SourceSpec = field(default_factory=SourceSpec)
    studio: StudioSpec = field(default_factory=StudioSpec)
    select: SelectSpec = field(default_factory=SelectSpec)
    normalize: NormalizeSpec = field(default_factory=NormalizeSpec)
    render: RenderSpec = field(default_factory=RenderSpec)
    labels: LabelSpec = field(default_factory=LabelSpec)
    redact: RedactSpec = field(default_factory=RedactSpec)
    dedupe: DedupeSpec = field(default_factory=DedupeSpec)
    sample: SampleSpec = field(default_factory=SampleSpec)
    against: AgainstSpec = field(default_factory=AgainstSpec)
    split: SplitSpec = field(default_factory=SplitSpec)
    target: TargetSpec = field(default_factory=TargetSpec)
    gates: GateSpec = field(default_factory=GateSpec)
    run: RunSpec = field(default_factory=RunSpec)
    formats: tuple[str, ...] = ("openai",)

    def __post_init__(self) -> None:
        sample, model = self.sample, self.target.model
        priced = sample.price_per_million_tokens is not None or model is not None
        if sample.max_cost is not None and not priced:
            raise ValueError(NEED_ONE_ANOTHER)

    def making(self) -> dict[str, Any]:
        """The parts that decide the dataset's bytes, as plain JSON values."""
        parts = ("select", "normalize", "render", "labels", "dedupe", "sample", "formats")
        making: dict[str, Any] = {name: msgspec.to_builtins(getattr(self, name)) for name in parts}
        redact = msgspec.to_builtins(self.redact)
        del redact["key"]
        making["redact"] = {**redact, "key_fingerprint": self.redact.fingerprint()}
        making["split"] = self.split.making()
        making["target"] = self.target.making()
        making["source"] = {"max_run_bytes": self.source.max_run_bytes}
        if self.against.sets:
            making["against"] = {
                "threshold": self.against_threshold(),
                "contained": self.against.contained,
            }
        plain: dict[str, Any] = msgspec.json.decode(canonical_json(making))
        return plain

    def against_threshold(self) -> float:
        """How alike an input may be to one of another set before its run leaves."""
        own = self.against.threshold
        return self.dedupe.threshold if own is None else own

    def digest(self) -> str:
        """32 hexadecimal digits over `making`."""
        return content_digest(canonical_json(self.making()))


def load_spec(
    path: str | Path | None,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any],
) -> BuildSpec:
    """The spec from a TOML file (or none), over it the environment, over that the flags.

    `overrides` maps dotted paths (`source.session`) to values; None means not given. Relative
    paths in the file's `[source]`, `[against]` and `[target]` count from the file's folder. Raises
    `UsageError` with the path of the wrong word, `SourceUnreadable` when the file cannot be read.
    """
    words = _read_toml(Path(path)) if path is not None else {}
    for variable, place in ENVIRONMENT.items():
        if environ.get(variable):
            _put(words, place, environ[variable])
    for place, value in overrides.items():
        if value is not None and value != ():
            _put(words, place, value)
    try:
        return msgspec.convert(words, BuildSpec)
    except msgspec.ValidationError as error:
        where = f"{path}: " if path is not None else ""
        raise UsageError(f"{where}{error}".replace("`$", "`spec")) from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        words = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceUnreadable(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is not TOML: {error}") from None
    source = words.get("source")
    if isinstance(source, dict):
        _resolve_paths(source, path.parent)
    target = words.get("target")
    if isinstance(target, dict) and isinstance(target.get("catalog"), str):
        target["catalog"] = str(path.parent / target["catalog"])
    against = words.get("against")
    if isinstance(against, dict) and isinstance(against.get("sets"), list):
        against["sets"] = [_resolve_set(name, path.parent) for name in against["sets"]]
    return words


def _resolve_set(name: Any, folder: Path) -> Any:
    """A file's path from the folder; a build's id, which looks like none, stays as it is."""
    is_path = isinstance(name, str) and any(mark in name for mark in "./*?[")
    return str(folder / name) if is_path and "://" not in name else name


def _resolve_paths(source: dict[str, Any], folder: Path) -> None:
    def resolve(name: Any) -> Any:
        local = isinstance(name, str) and "://" not in name
        return str(folder / name) if local else name

    for word in ("runs", "interactions"):
        if isinstance(source.get(word), list):
            source[word] = [resolve(name) for name in source[word]]
    if "environments" in source:
        source["environments"] = resolve(source["environments"])


def _put(words: dict[str, Any], place: str, value: Any) -> None:
    *parents, last = place.split(".")
    for parent in parents:
        words = words.setdefault(parent, {})
    words[last] = value
