"""What to build: `BuildSpec` and its parts, merged once from a TOML file, the environment, flags.

Every part is small and frozen and goes to one stage. The parts that decide the dataset's bytes
(`BuildSpec.making`) make the build's id; the others (where, with how many workers) do not.
A wrong word is a `UsageError` that ends with its path. Imports `errors`, `digests`.
"""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
from msgspec import Struct, field, structs

from pipeline.digests import canonical_json, content_digest
from pipeline.errors import SourceUnreadable, UsageError

__all__ = [
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
    "SelectSpec",
    "SourceSpec",
    "SplitSpec",
    "StudioSpec",
    "load_spec",
]

_LOWEST_THRESHOLD = 0.5
ENVIRONMENT = {
    "TRAINSET_STUDIO_URL": "studio.url",
    "TRAINSET_TOKEN_URL": "studio.token_url",
    "TRAINSET_REDACT_KEY": "redact.key",
}
"""Environment variables that set a word of the spec. The API key is no word of it: see `cli`."""


class SourceSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the runs come from: one Studio session, or exported files."""

    session: str | None = None
    """Id or name of a training session."""
    runs: tuple[str, ...] = ()
    """Exported run documents: .jsonl, .jsonl.gz, .jsonl.zst, .parquet, or globs of them."""
    environments: str | None = None
    """A JSON file of environments, used to fill an embedded Studio."""
    interactions: tuple[str, ...] = ()
    """Exported interactions and prompt templates (.json, .jsonl, or globs of them): what prompts
    that were not stored are rendered from; also used to fill an embedded Studio."""
    max_run_bytes: int = 32 << 20
    """A longer run document is rejected as too_large."""


class StudioSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Which Studio; without a url, `trainset run` starts an embedded one."""

    url: str | None = None
    token_url: str | None = None
    """Origin that exchanges API keys for tokens; default: the Studio's own origin."""
    environment: str | None = None
    """Id or name of the environment to train in, when `run` has to create the session."""
    model: str | None = None
    """Base model, when `run` has to create the session."""


class SelectSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Which runs are asked for. Empty tuples and None ask for all."""

    status: tuple[str, ...] = ("completed",)
    finish_reasons: tuple[str, ...] = ("stop", "stop_sequence", "tool_use")
    """Absent and empty reasons pass; reasons that mean "cut off" are left to the label check."""
    min_score: float | None = None
    unscored: Literal["keep", "reject"] = "keep"
    """What becomes of runs without a score when `min_score` is set."""
    tags: tuple[str, ...] = ()
    """A run needs at least one of these."""
    exclude_tags: tuple[str, ...] = ()
    interactions: tuple[str, ...] = ()
    """Ids or names."""
    models: tuple[str, ...] = ()
    since: datetime | None = None
    """First moment of `created_at` that counts (ISO 8601; without offset: UTC)."""
    until: datetime | None = None
    """First moment of `created_at` that does not count any more."""
    exclude_sources: tuple[str, ...] = ()
    """Values of `source.type` that are not asked for, for example `test-data` and `system`."""


class NormalizeSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """How a run becomes a record."""

    system_separator: str = "\n\n"
    """Between several system segments, which become one."""
    safety: Literal["end", "in_place", "drop"] = "end"
    """Marked safety text: at the end of the system message, where it stood in it, or nowhere.
    The mark itself is always removed."""
    schema_notices: Literal["remove", "keep"] = "remove"
    """What the platform wrote into the prompt about the run's own result_schema."""
    json_answers: Literal["compact", "spaced", "indented"] = "compact"
    """How an answer that was stored as JSON is written; keys keep their stored order."""
    thoughts: Literal["metadata", "drop", "inline"] = "metadata"
    """A model's reasoning: in a column beside the record, nowhere, or before the answer between
    `<think>` marks."""
    response_schema: Literal["metadata", "drop"] = "metadata"
    """The run's result_schema: in the record beside the messages, or nowhere."""
    inlined_reasoning: Literal["quarantine", "keep"] = "quarantine"
    """Answers that hold the model's reasoning without a mark between: rejected for review as
    reasoning_inlined, or kept as they are."""
    orphan_tool_results: Literal["reject", "inline"] = "reject"
    """A tool's result whose call is not stored: the run leaves, or the result becomes text of
    the user's."""
    system_only: Literal["reject", "user"] = "reject"
    """A prompt of nothing but system text: the run leaves, or the text becomes the user's."""


class RenderSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """How prompts that were not stored are made again from templates and parameters."""

    through: Literal["auto", "local", "api", "off"] = "auto"
    """Here, in a sandbox, where the template's text is known, else by the Studio; only here; only
    by the Studio; not at all."""
    html_entities: Literal["keep", "unescape"] = "keep"
    """Handlebars writes `&amp;` for `&`, and that is what the model saw; or the plain sign."""
    drift: Literal["flag", "reject"] = "flag"
    """A template that may have changed since the run (a draft, another version, the time of
    day in it): named in the ledger's flags, or the run leaves."""
    timeout_ms: int = 250
    """Longest time for one template."""
    memory_mb: int = 64
    """Most memory that templates may take in a process."""


class LabelSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Checks of the answer; each can be switched off."""

    empty: bool = True
    truncated: bool = True
    """The provider cut the answer off: by its finish_reason, or by tokens at the limit."""
    unfinished_json: bool = True
    """The answer's text begins as JSON and ends in the middle of it."""
    schema: bool = True
    """The answer must follow the run's own result_schema."""
    tools: bool = True
    """Calls name a tool that was on offer, keep its schema, and have a result."""
    error_text: bool = True
    """The answer is a program's error message."""
    refusal: bool = True
    """The answer is a model's refusal to answer."""
    echo: bool = True
    """The answer repeats the question."""
    language: bool = True
    """The answer is in another language than the one asked for."""
    selected: bool = True
    """A mediator's losing candidates leave."""
    superseded: Literal["same_parameters", "step", "off"] = "same_parameters"
    """Of several runs of one workflow step (of one workflow run and activity) the latest stays:
    where their parameters are equal, or whatever those are, or all stay."""


PrivateKind = Literal[
    "email", "phone", "card", "iban", "national_id", "ip", "key", "password", "secret_field"
]
"""What redaction can find; docs/redaction.md describes each."""
PrivateAction = Literal["off", "mask", "pseudonym", "drop"]


class RedactSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of private values; off unless asked for."""

    default: PrivateAction = "off"
    """For every kind that `kinds` does not name: nothing; `[EMAIL]`; a surrogate that is the same
    for the same value in the whole build; or the run leaves."""
    kinds: dict[PrivateKind, PrivateAction] = {}
    secret_fields: tuple[str, ...] = ()
    """Names of JSON fields that hold secrets, besides those that are known."""
    allow: tuple[str, ...] = ()
    """Values, and domains of addresses, that are never touched."""
    regions: tuple[str, ...] = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "BR", "IN", "AU", "JP")
    """Countries in whose way a telephone number without a country code may be written."""
    key: str | None = None
    """Set by TRAINSET_REDACT_KEY: without it pseudonyms can be undone by trying all numbers.
    Never written anywhere."""

    def action(self, kind: PrivateKind) -> PrivateAction:
        """What becomes of a kind."""
        return self.kinds.get(kind, self.default)

    def is_asked(self) -> bool:
        """Whether anything is to be done at all."""
        return any(self.action(kind) != "off" for kind in get_args(PrivateKind))

    def allowed(self) -> frozenset[str]:
        """`allow` without regard to case."""
        return _folded(self.allow)

    def secret_names(self) -> frozenset[str]:
        """`secret_fields` without regard to case."""
        return _folded(self.secret_fields)

    def passing(self) -> "RedactSpec":
        """The same policy for words beside a record: what would drop a run is masked there."""
        drops = self.default == "drop" or "drop" in self.kinds.values()
        return _passing(self) if drops else self

    def policy(self) -> dict[str, str]:
        """The action of every kind."""
        return {kind: self.action(kind) for kind in get_args(PrivateKind)}

    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell one key from another, and say nothing else of it."""
        if self.key is None:
            return "public"
        return content_digest(b"trainset redact\0" + self.key.encode())[:16]


@lru_cache(maxsize=64)
def _folded(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.casefold() for word in words)


def _passing(spec: RedactSpec) -> RedactSpec:
    kinds: dict[PrivateKind, PrivateAction] = {
        kind: "mask" if spec.action(kind) == "drop" else spec.action(kind)
        for kind in get_args(PrivateKind)
    }
    return structs.replace(spec, default="off", kinds=kinds)


class DedupeSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as alike, and what becomes of it."""

    near: bool = True
    """Off: only exact duplicates leave; the split still keeps alike inputs together."""
    threshold: float = 0.8
    """Jaccard index of the inputs' character 5-grams, in (0.5, 1]."""
    answer_threshold: float = 0.8
    conflicts: Literal["best", "keep", "drop"] = "best"
    """Alike inputs with another answer: the first by score, then newest stays; all; none."""
    contained: Literal["longest", "keep"] = "longest"
    """A conversation whose whole course another one repeats before it goes on: leaves, or stays."""

    def __post_init__(self) -> None:
        for name, value in (
            ("threshold", self.threshold),
            ("answer_threshold", self.answer_threshold),
        ):
            if not _LOWEST_THRESHOLD < value <= 1:
                raise ValueError(
                    f"{name} must be above {_LOWEST_THRESHOLD} and at most 1, it is {value}"
                )


class SplitSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """How kept runs are divided. Components of alike inputs are never divided."""

    validation: float = 0.1
    test: float = 0.0
    group_by: str | None = None
    """A dotted path into the run (`parameters.dialogue`, `config.conversation`): runs that
    share its value stay together as well."""
    salt: str = "trainset"
    """Another salt, another draw."""

    def __post_init__(self) -> None:
        if self.validation < 0 or self.test < 0 or self.validation + self.test >= 1:
            raise ValueError("validation and test must not be negative and sum to less than 1")


class GateSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """When a finished build is refused (exit 3) and not published."""

    min_kept: int = 1
    max_rejected_share: float = 1.0
    """Rejected runs over pulled runs; duplicates do not count."""
    max_code_share: dict[str, float] = {}
    """The same for single codes, for example `inputs_not_stored = 0.2`."""


class RunSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Where and how it runs; changes no byte of the dataset."""

    work_dir: str = ".trainset"
    engine: Literal["local", "dask"] = "local"
    workers: int = 0
    """Processes; 0 means one for each processor."""


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
    split: SplitSpec = field(default_factory=SplitSpec)
    gates: GateSpec = field(default_factory=GateSpec)
    run: RunSpec = field(default_factory=RunSpec)
    formats: tuple[str, ...] = ("openai",)

    def making(self) -> dict[str, Any]:
        """The parts that decide the dataset's bytes, as plain JSON values."""
        parts = ("select", "normalize", "render", "labels", "dedupe", "split", "formats")
        making: dict[str, Any] = {name: msgspec.to_builtins(getattr(self, name)) for name in parts}
        redact = msgspec.to_builtins(self.redact)
        del redact["key"]
        making["redact"] = {**redact, "key_fingerprint": self.redact.fingerprint()}
        making["source"] = {"max_run_bytes": self.source.max_run_bytes}
        plain: dict[str, Any] = msgspec.json.decode(canonical_json(making))
        return plain

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
    paths in the file's `[source]` count from the file's folder. Raises `UsageError` with the
    path of the wrong word, `SourceUnreadable` when the file cannot be read.
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
    return words


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
