"""Logged LLM calls as the platform stores and lists them.

A run differs by provider, storage level and age of the platform, so what varies stays `Raw` and
is read by the normalize stage; only the keys that every age has are typed, and those tolerantly.
"""

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

__all__ = ["FindRunsBody", "Run", "RunRef", "decode_raw_list", "ref_name"]


class Run(Struct, frozen=True, rename={"model_id": "modelId"}, kw_only=True):
    """One ExecutionRun in full. Decode it from the raw document's bytes.

    `Raw` fields are views into that document: keep it alive while you read them. A field that
    the document does not have is UNSET; one that is null is `Raw(b"null")`.
    """

    id: str
    status: str | None = None
    finish_reason: str | None = None
    model_id: str | None = None
    interaction: Raw | UnsetType = UNSET
    """An id, a reference or the whole interaction."""
    environment: Raw | UnsetType = UNSET
    """An id, a reference, the whole environment, or null when it was deleted."""
    parent: Raw | UnsetType = UNSET
    prompt: Raw | UnsetType = UNSET
    parameters: Raw | UnsetType = UNSET
    result: Raw | UnsetType = UNSET
    result_schema: Raw | UnsetType = UNSET
    tool_use: Raw | UnsetType = UNSET
    """Calls that the model made in the end; only exports of execution results have them."""
    error: Raw | UnsetType = UNSET
    token_use: Raw | UnsetType = UNSET
    evaluation: Raw | UnsetType = UNSET
    config: Raw | UnsetType = UNSET
    source: Raw | UnsetType = UNSET
    workflow: Raw | UnsetType = UNSET
    tags: Raw | UnsetType = UNSET
    created_at: str | None = None
    updated_at: str | None = None


class RunRef(Struct, frozen=True, kw_only=True):
    """A row of a list: what tells a run from another, and an edited one from the old."""

    id: str
    updated_at: str | None = None
    interaction: Raw | UnsetType = UNSET
    """An id, a reference or the whole interaction; not every server lists it."""


class FindRunsBody(Struct, frozen=True, omit_defaults=True):
    """Body of `POST /runs/find`: `{"query": {"_id": {"$in": [...]}}}` pulls many full runs."""

    query: dict[str, Any]
    limit: int | None = None
    offset: int | None = None
    select: Any = None
    """Fields to show; the embedded Studio always answers whole runs."""


def decode_raw_list(data: bytes) -> list[Raw]:
    """The elements of a JSON array, each as the very bytes that came."""
    return msgspec.json.decode(data, type=list[Raw])


def ref_name(value: Raw | UnsetType, key: str = "name") -> str | None:
    """`key` of a reference that is an object, the text of one that is a bare id, else None."""
    if value is UNSET:
        return None
    decoded: Any = msgspec.json.decode(value)
    if isinstance(decoded, str):
        return decoded
    if isinstance(decoded, dict):
        found = decoded.get(key, decoded.get("id"))
        return found if isinstance(found, str) else None
    return None
