"""Private values in a text, or in JSON, found and replaced.

The text is looked at once for what any detector needs (an `@`, a run of digits, a long word, a
word that speaks of secrets), and only those detectors read it that can find something. Imports the
room's detectors and `spec`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.spec import PrivateKind, RedactSpec
from pipeline.stages.redact.finding import Finding, without_overlaps
from pipeline.stages.redact.identities import LETTERS, find_identities
from pipeline.stages.redact.network import find_emails, find_ips
from pipeline.stages.redact.numbers import find_cards, find_ibans, find_phones, is_phone_word
from pipeline.stages.redact.surrogates import MARKS, is_surrogate, mark, pseudonym
from pipeline.stages.redact.tokens import find_passwords, find_tokens, speaks_of_secrets

__all__ = ["Cleaner", "Dropped", "find_private"]

_DIGITS = re.compile(r"\d(?:[ .()/\-\u00a0\u2011]{0,2}\d){6}")
_QUAD = re.compile(r"\d\.\d{1,3}\.\d{1,3}\.\d|:[0-9A-Fa-f]{0,4}:")
_LONG = re.compile(r"[A-Za-z0-9_./+=~-]{16}|PRIVATE KEY")
_SECRET_FIELD = re.compile(
    r"(?:.*[_.-])?(?:pass(?:word|wd|phrase|code)|pwd|secret(?:[_-]?key)?|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|client[_-]?secret|(?:access|refresh|auth|id|session|bearer)[_-]?token"
    r"|authorization|credentials?|cvv2?|cvc|pin(?:[_-]?code)?|otp|ssn|session[_-]?id|cookie)",
    re.IGNORECASE,
)
_PIN_LIKE = re.compile(r"pin|otp", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_JSON_STARTS = ("{", "[")
_SHORTEST = 6
"""No value of any kind is shorter, but in a field that is named after secrets."""
_SHORT = 60
_SHORTEST_TOLD = 10
"""Nor is a secret with the word that tells it."""
_TOLD = {"key", "password", "secret_field"}
_MIXED = re.compile(r"[^A-Za-z]")
_ANYTHING = re.compile(
    r"@|\d(?:[ .()/\-\u00a0\u2011]{0,2}\d){5}|[A-Za-z0-9_./+=~-]{16}|[A-Z]{2} ?\d\d|[A-Z]{4}\d"
    r"|:[0-9A-Fa-f]{0,4}:|\d\.\d{1,3}\.\d{1,3}\.\d|[{\[]"
)
"""What a short text needs for any detector to find something."""


class Dropped(Exception):
    """A value was found whose kind the policy does not let pass."""

    def __init__(self, kind: PrivateKind) -> None:
        super().__init__(kind)
        self.kind = kind


def find_private(text: str, regions: tuple[str, ...], field: str = "") -> list[Finding]:
    """Every private value of a text, in order; `field` is the JSON field that it stands in."""
    return without_overlaps(_all(text, regions, field))


def _all(text: str, regions: tuple[str, ...], field: str) -> Iterator[Finding]:
    """What each detector finds, the surest first."""
    has_digits = _DIGITS.search(text) is not None
    if _LONG.search(text):
        yield from find_tokens(text)
    if "@" in text or speaks_of_secrets(text):
        yield from find_passwords(text)
    if "@" in text:
        yield from find_emails(text)
    if has_digits:
        yield from find_ibans(text)
        yield from find_cards(text)
    if has_digits or LETTERS.search(text):
        yield from find_identities(text)
    if _QUAD.search(text):
        yield from find_ips(text)
    if has_digits:
        yield from find_phones(text, regions, named=is_phone_word(field))


class Cleaner(Struct):
    """Replaces private values by a policy; counts what it replaced."""

    spec: RedactSpec
    key: bytes
    kept: frozenset[str] = frozenset()
    """Texts that are never touched: values that a schema names."""
    counts: Counter[str] = msgspec.field(default_factory=Counter)
    told: dict[str, PrivateKind] = {}
    """Secrets of this record that only words beside them told: they are secrets elsewhere too."""

    def text(self, text: str, field: str = "") -> str:
        """The text with its private values replaced; the same object where there are none.

        Raises `Dropped` where the policy says so.
        """
        if len(text) < _SHORTEST or text in self.kept:
            return text
        if len(text) <= _SHORT and not self.told and not _may_hold_any(text):
            return text
        if text.startswith(_JSON_STARTS) and (cleaned := self._json_text(text)) is not None:
            return cleaned
        return self._plain(text, field)

    def value(self, value: Any, field: str = "") -> Any:
        """The same for JSON: names of fields count, kinds of values stay."""
        match value:
            case dict():
                made = {name: self._field(name, inner) for name, inner in value.items()}
                return made if any(made[name] is not value[name] for name in value) else value
            case list():
                items = [self.value(inner, field) for inner in value]
                changed = any(a is not b for a, b in zip(items, value, strict=True))
                return items if changed else value
            case str():
                return self.text(value, field)
            case bool():
                return value
            case int():
                return self._number(value, field)
        return value

    def _field(self, name: str, value: Any) -> Any:
        action = self.spec.action("secret_field")
        is_leaf = isinstance(value, str | int) and not isinstance(value, bool) and value != ""
        if action == "off" or not is_leaf or not self._is_secret(name, value):
            return self.value(value, name)
        if isinstance(value, str) and (value in self.kept or value in MARKS.values()):
            return value
        finding = Finding(0, len(str(value)), "secret_field", str(value))
        if isinstance(value, str):
            return self._replace(finding, value)
        self._replace(finding, str(value))
        return _number_like(value, pseudonym(_as_id(finding), str(value), self.key))

    def _is_secret(self, name: str, value: Any) -> bool:
        if name.casefold() in self.spec.secret_names():
            return True
        return _names_secret(name) and (not _PIN_LIKE.search(name) or str(value).isdigit())

    def _number(self, value: int, field: str) -> int:
        """A card, a telephone or an identity that stands as a number; most numbers are none."""
        if abs(value) < 1_000_000:  # noqa: PLR2004 - shorter than any of them
            return value
        found = find_private(str(value), self.spec.regions, field)
        if len(found) != 1 or found[0].end - found[0].start != len(str(value)):
            return value
        if self.spec.action(found[0].kind) == "off":
            return value
        self._replace(found[0], str(value))
        return _number_like(value, pseudonym(found[0], str(value), self.key))

    def _json_text(self, text: str) -> str | None:
        """JSON as text: its values are cleaned and everything around them stays; None: not JSON."""
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return None
        cleaned = self.value(value)
        if cleaned is value:
            return text
        return _written_like(text, value, cleaned)

    def _plain(self, text: str, field: str) -> str:
        known = _find_cached(text, self.spec.regions, field)
        if self.told:
            known = tuple(without_overlaps([*known, *self._told(text)]))
        found = [one for one in known if self._asks(one)]
        if not found:
            return text
        pieces: list[str] = []
        at = 0
        for one in found:
            pieces += [text[at : one.start], self._replace(one, text[one.start : one.end])]
            at = one.end
        return "".join([*pieces, text[at:]])

    def _told(self, text: str) -> Iterator[Finding]:
        for value, kind in self.told.items():
            at = text.find(value)
            while at >= 0:
                yield Finding(at, at + len(value), kind, value)
                at = text.find(value, at + len(value))

    def _asks(self, finding: Finding) -> bool:
        if self.spec.action(finding.kind) == "off" or is_surrogate(finding.value):
            return False
        return finding.value.casefold() not in self.spec.allowed() and not (
            finding.kind == "email" and finding.value.rpartition("@")[2] in self.spec.allowed()
        )

    def _replace(self, finding: Finding, written: str) -> str:
        action = self.spec.action(finding.kind)
        if action == "drop":
            raise Dropped(finding.kind)
        self.counts[finding.kind] += 1
        if finding.kind in _TOLD and len(written) >= _SHORTEST and _MIXED.search(written):
            self.told.setdefault(finding.value, finding.kind)
        return mark(finding.kind) if action == "mask" else pseudonym(finding, written, self.key)


@lru_cache(maxsize=2048)
def _find_cached(text: str, regions: tuple[str, ...], field: str) -> tuple[Finding, ...]:
    """System messages and templates come again and again."""
    return tuple(find_private(text, regions, field))


def _may_hold_any(text: str) -> bool:
    """Whether any detector could find something in a short text."""
    return (len(text) >= _SHORTEST_TOLD and speaks_of_secrets(text)) or bool(_ANYTHING.search(text))


@lru_cache(maxsize=4096)
def _names_secret(name: str) -> bool:
    return _SECRET_FIELD.fullmatch(_CAMEL.sub("_", name)) is not None


def _as_id(finding: Finding) -> Finding:
    return Finding(finding.start, finding.end, "national_id", finding.value)


def _number_like(value: int, made: str) -> int:
    """A number of as many digits."""
    digits = "".join(character for character in made if character.isdigit())[: len(str(abs(value)))]
    number = int("1" + digits[1:]) if digits.startswith("0") else int(digits or 0)
    return number if value >= 0 else -number


def _written_like(text: str, value: Any, cleaned: Any) -> str:
    """The cleaned JSON in the way the text writes JSON, as far as that can be told."""
    for indent in (None, 0, 2, 4, 1, 3):
        if _write(value, indent) == text:
            return _write(cleaned, indent)
    return _write(cleaned, 2 if "\n" in text else None)


def _write(value: Any, indent: int | None) -> str:
    data = msgspec.json.encode(value)
    return (data if indent is None else msgspec.json.format(data, indent=indent)).decode()
