"""One run's way from its bytes to a record: read, select, normalize, check the label.

Whatever the bytes are, the end is a `Prepared` or a `Refused`. Imports the stages it is made of.
"""

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, structs

from pipeline.api.runs import Run
from pipeline.digests import canonical_json, content_digest, encode_record, record_id
from pipeline.records import ChatRecord, Rejected
from pipeline.stages.facts import (
    Reference,
    decode_field,
    execution_of,
    reference_of,
    score_of,
    selected_of,
    step_of,
    token_use_of,
)
from pipeline.stages.inputs import text_of
from pipeline.stages.labels import CheckLabel
from pipeline.stages.normalize import Normalize, Normalized
from pipeline.stages.read import read_run
from pipeline.stages.redact import Redact, Redacted
from pipeline.stages.select import Select

__all__ = ["Prepare", "Prepared", "Refused"]

_CHARACTERS_A_TOKEN = 4
_WORKFLOW = "workflow"
"""The tie that is not a path: the execution of a workflow."""
_FIELDS = msgspec.json.Decoder(dict[str, Raw])


class Prepared(Struct, frozen=True):
    """A run that became a record, with what later stages need to know of the run."""

    run_id: str
    record: ChatRecord
    record_bytes: bytes
    record_id: str
    interaction: str | None
    """Name, or id where there is no name."""
    interaction_key: str | None
    """Id (or name) and version: the group that a template is learned for."""
    model: str | None
    provider: str | None
    score: float | None
    selected: bool | None
    """Whether a mediator took this answer; None where nobody chose."""
    created_at: str | None
    updated_at: str | None
    tokens: int
    """Prompt and answer as the platform counted them; else characters / 4, rounded up."""
    group: tuple[str | None, ...]
    """The value of each tie of the split; canonical JSON where it is no string; where values
    are redacted, a digest of it."""
    parameters: bytes
    """JSON; `null` where none are stored."""
    prompt_source: str = "stored"
    """`stored`, `rendered` or `rendered_by_studio`."""
    flags: tuple[str, ...] = ()
    """What a reader should know of the record, for example `template_drift`."""
    note: str | None = None
    """What there is to say about the flags."""
    step: str | None = None
    """Which workflow step the run is a try of."""
    thoughts: str | None = None
    """The model's reasoning, where it was stored apart from the answer."""
    redacted: str | None = None
    """What was replaced, by kind: a JSON object; None where nothing was."""


class Refused(Struct, frozen=True):
    """A run that left, and what the ledger says of it."""

    run_id: str | None
    """None where the document is no run."""
    interaction: str | None
    rejected: Rejected
    updated_at: str | None = None


class Prepare(Struct, frozen=True):
    """The composition of the stages before validation. Never raises, whatever the bytes."""

    select: Select
    normalize: Normalize
    labels: CheckLabel
    max_bytes: int
    group_by: tuple[str, ...] = ()
    """`SplitSpec.ties`: dotted paths into the run document, and the word `workflow`."""
    redact: Redact | None = None
    """None where nothing is to be redacted."""

    def __call__(self, data: bytes) -> Prepared | Refused:
        """The record of a run document and what belongs to it, or why there is none."""
        run = read_run(data, self.max_bytes)
        if isinstance(run, Rejected):
            return Refused(None, None, self._cleaned(run))
        interaction = reference_of(run.interaction)
        ready = self._record(run)
        if isinstance(ready, Rejected):
            named = interaction.name or interaction.id
            return Refused(run.id, named, self._cleaned(ready), run.updated_at)
        made, redacted = ready
        record = redacted.record
        encoded = encode_record(record)
        return Prepared(
            run_id=run.id,
            record=record,
            record_bytes=encoded,
            record_id=record_id(encoded),
            interaction=interaction.name or interaction.id,
            interaction_key=_key(interaction),
            model=run.model_id,
            provider=reference_of(run.environment).provider,
            score=score_of(run),
            selected=selected_of(run),
            created_at=run.created_at,
            updated_at=run.updated_at,
            tokens=_tokens(run, record),
            group=tuple(self._group(run, data, path) for path in self.group_by),
            parameters=redacted.parameters,
            prompt_source=made.prompt_source,
            flags=made.flags,
            note=made.note,
            thoughts=redacted.thoughts,
            redacted=canonical_json(redacted.counts).decode() if redacted.counts else None,
            step=_step(run, interaction, self.labels.spec.superseded),
        )

    def _record(self, run: Run) -> tuple[Normalized, Redacted] | Rejected:
        """What the run became, and the same as it is written out."""
        if rejected := self.select(run):
            return rejected
        made = self.normalize(run)
        if isinstance(made, Rejected):
            return made
        if rejected := self.labels(run, made.record):
            return self._cleaned(rejected, made.record)
        parameters = b"null" if run.parameters is UNSET else bytes(run.parameters)
        if self.redact is None:
            return made, Redacted(made.record, parameters, made.thoughts, {})
        redacted = self.redact(made.record, parameters, made.thoughts)
        return redacted if isinstance(redacted, Rejected) else (made, redacted)

    def _cleaned(self, rejected: Rejected, record: ChatRecord | None = None) -> Rejected:
        """The rejection without private values: a reason may quote what it is about."""
        if self.redact is None:
            return rejected
        return structs.replace(rejected, detail=self.redact.clean(rejected.detail, record))

    def _group(self, run: Run, data: bytes, path: str) -> str | None:
        group = _execution(run) if path == _WORKFLOW else _group(data, path)
        return group if group is None or self.redact is None else self.redact.digest(group)


def _step(run: Run, interaction: Reference, mode: str) -> str | None:
    """A digest of what makes two runs tries of one step; None where the run is no step's."""
    step = None if mode == "off" else step_of(run)
    if step is None:
        return None
    parameters = decode_field(run.parameters) if mode == "same_parameters" else None
    return content_digest(canonical_json([*step, interaction.id or interaction.name, parameters]))


def _key(interaction: Reference) -> str | None:
    name = interaction.id or interaction.name
    if name is None or interaction.version is None:
        return name
    return f"{name}@{interaction.version}"


def _tokens(run: Run, record: ChatRecord) -> int:
    use = token_use_of(run)
    counted = (use.prompt or 0) + (use.result or 0)
    if counted:
        return counted
    characters = sum(len(text_of(message)) for message in record.messages)
    return -(-characters // _CHARACTERS_A_TOKEN)


def _execution(run: Run) -> str | None:
    execution = execution_of(run)
    return None if execution is None else canonical_json(execution).decode()


def _group(data: bytes, path: str) -> str | None:
    """The value at a dotted path; None where the path leads nowhere, or to null."""
    first, *rest = path.split(".")
    field = _FIELDS.decode(data).get(first)
    value: Any = None if field is None else msgspec.json.decode(field)
    for step in rest:
        value = value.get(step) if isinstance(value, dict) else None
    if value is None or isinstance(value, str):
        return value
    return canonical_json(value).decode()
