"""The parts of a spec that say which runs there are and how they are read."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

__all__ = ["NormalizeSpec", "RenderSpec", "SelectSpec", "SourceSpec", "StudioSpec"]


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
    storage_hosts: tuple[str, ...] = ()
    """`HOST` or `HOST:PORT` of storages other than the Studio, Google's and Amazon's."""
    environment: str | None = None
    """Id or name of the environment to train in, when `run` has to create the session."""
    model: str | None = None
    """Base model, when `run` has to create the session."""


class SelectSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Which runs are asked for. Empty tuples and None ask for all."""

    status: tuple[str, ...] = ("completed",)
    finish_reasons: tuple[str, ...] = ("stop", "stop_sequence", "tool_use")
    """Upper and lower case are the same. Absent and empty reasons pass; reasons that mean "cut
    off" are left to the label check."""
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
