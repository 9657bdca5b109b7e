"""Small facts of a run that come in several shapes: names, providers, scores, tags.

Imports only api's `Run`.
"""

from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

__all__ = ["interaction_of", "is_null", "plain", "provider_of", "score_of", "tags_of", "tokens_of"]


def is_null(value: Raw | UnsetType) -> bool:
    """Whether a field is absent or null."""
    return value is UNSET or bytes(value) == b"null"


def plain(value: Raw | UnsetType) -> Any:
    """The field decoded; None where it is absent."""
    return None if value is UNSET else msgspec.json.decode(value)


def interaction_of(value: Raw | UnsetType) -> tuple[str | None, str | None, str | None]:
    """The interaction's id, its name (or id), and its key: id and version."""
    return (None, None, None) if value is UNSET else _interaction(bytes(value))


@lru_cache(maxsize=4096)
def _interaction(data: bytes) -> tuple[str | None, str | None, str | None]:
    match msgspec.json.decode(data):
        case str() as bare:
            return bare, bare, bare
        case dict() as found:
            ident, name = _text(found.get("id")), _text(found.get("name"))
            version = found.get("version")
            key = ident or name
            return ident or name, name or ident, f"{key}@{version}" if key else None
        case _:
            return None, None, None


def provider_of(value: Raw | UnsetType) -> str | None:
    """The environment's provider; None where the run names only an id, or none."""
    return None if value is UNSET else _provider(bytes(value))


@lru_cache(maxsize=4096)
def _provider(data: bytes) -> str | None:
    match msgspec.json.decode(data):
        case {"provider": str() as provider}:
            return provider
        case _:
            return None


def score_of(value: Raw | UnsetType) -> float | None:
    """The evaluation's score, where there is one."""
    match plain(value):
        case {"score": int() | float() as score} if not isinstance(score, bool):
            return float(score)
        case _:
            return None


def tags_of(value: Raw | UnsetType) -> tuple[str, ...]:
    """The run's tags."""
    found = plain(value)
    return tuple(tag for tag in found if isinstance(tag, str)) if isinstance(found, list) else ()


def tokens_of(value: Raw | UnsetType) -> tuple[int, int]:
    """Tokens of prompt and answer as the platform counted them; 0 where it did not."""
    found = plain(value)
    if not isinstance(found, dict):
        return 0, 0
    answer = found.get("result", found.get("completion"))
    return _count(found.get("prompt")), _count(answer)


def _count(value: Any) -> int:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53
    return value if good else 0


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
