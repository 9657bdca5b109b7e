"""One run's way from its bytes to a record: read, select, normalize, check the label.

Whatever the bytes are, the end is a `Prepared` or a `Refused`. Imports the stages it is made of.
"""

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from pipeline.api.runs import Run
from pipeline.digests import encode_record, record_id
from pipeline.records import ChatRecord, Rejected
from pipeline.stages.inputs import text_of
from pipeline.stages.labels import CheckLabel
from pipeline.stages.normalize import Normalize
from pipeline.stages.read import read_run, rejected_decoding
from pipeline.stages.refs import interaction_of, provider_of, score_of, tokens_of
from pipeline.stages.select import Select

__all__ = ["Prepare", "Prepared", "Refused"]

_CHARACTERS_A_TOKEN = 4


class Prepared(Struct, frozen=True):
    """A run that became a record, with what later stages need to know of the run."""

    run_id: str
    record: ChatRecord
    record_bytes: bytes
    record_id: str
    interaction: str | None
    """Name, or id where there is no name."""
    interaction_key: str | None
    """Id and version: the group that a template is learned for."""
    model: str | None
    provider: str | None
    score: float | None
    created_at: str | None
    updated_at: str | None
    tokens: int
    """As the platform counted them; else characters / 4, rounded up."""
    group: str | None
    """The value at `split.group_by`."""
    parameters: bytes
    """JSON; `null` where none are stored."""


class Refused(Struct, frozen=True):
    """A run that left."""

    run_id: str | None
    interaction: str | None
    rejected: Rejected


@dataclass(frozen=True, slots=True)
class Prepare:
    """The stages before a record stands by itself, in their order."""

    select: Select
    normalize: Normalize
    labels: CheckLabel
    max_bytes: int
    group_by: str | None = None

    def __call__(self, data: bytes) -> Prepared | Refused:
        """The record of one run document, or why there is none."""
        run = read_run(data, self.max_bytes)
        if isinstance(run, Rejected):
            return Refused(None, None, run)
        try:
            return self._prepare(run, data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Refused(run.id, None, rejected_decoding(data, error))

    def _prepare(self, run: Run, data: bytes) -> Prepared | Refused:
        _, name, key = interaction_of(run.interaction)
        if rejected := self.select(run):
            return Refused(run.id, name, rejected)
        record = self.normalize(run)
        if isinstance(record, Rejected):
            return Refused(run.id, name, record)
        if rejected := self.labels(run, record):
            return Refused(run.id, name, rejected)
        data_of_record = encode_record(record)
        return Prepared(
            run_id=run.id,
            record=record,
            record_bytes=data_of_record,
            record_id=record_id(data_of_record),
            interaction=name,
            interaction_key=key,
            model=run.model_id,
            provider=provider_of(run.environment),
            score=score_of(run.evaluation),
            created_at=run.created_at,
            updated_at=run.updated_at,
            tokens=_tokens(run, record),
            group=_group(data, self.group_by) if self.group_by else None,
            parameters=b"null" if run.parameters is UNSET else bytes(run.parameters),
        )


def _tokens(run: Run, record: ChatRecord) -> int:
    counted = sum(tokens_of(run.token_use))
    if counted:
        return counted
    characters = sum(len(text_of(message)) for message in record.messages)
    return -(-characters // _CHARACTERS_A_TOKEN)


def _group(data: bytes, path: str) -> str | None:
    """The value at a dotted path of the run, as text; None where it leads nowhere."""
    value: Any = msgspec.json.decode(data)
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value, order="deterministic").decode()
