"""The part of a spec that says what becomes of private values."""

from functools import lru_cache
from typing import Literal, get_args

from msgspec import Struct, structs

from pipeline.digests import content_digest

__all__ = ["PrivateAction", "PrivateKind", "RedactSpec"]

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
