"""What is written in a private value's place: a mark, or a pseudonym.

A pseudonym is drawn by a keyed hash of the value, so every worker draws the same one and nothing
is remembered. It has the form of the value: as many digits, at the same places, with right check
digits for cards (Luhn) and IBANs (mod 97); addresses are in domains and networks that are kept for
examples and tests (RFC 2606, RFC 2544, RFC 3849), which lead to nobody. Imports `finding`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address
from string import ascii_lowercase, ascii_uppercase, digits

import phonenumbers
from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from pipeline.spec import PrivateKind
from pipeline.stages.redact.finding import Finding

__all__ = ["MARKS", "is_surrogate", "mark", "pseudonym"]

MARKS: dict[PrivateKind, str] = {
    "email": "[EMAIL]",
    "phone": "[PHONE]",
    "card": "[CARD]",
    "iban": "[IBAN]",
    "national_id": "[ID]",
    "ip": "[IP]",
    "key": "[KEY]",
    "password": "[PASSWORD]",
    "secret_field": "[SECRET]",
}
_DOMAIN = "example.com"
_OURS = re.compile(rf"person-[0-9a-z]{{10}}@{re.escape(_DOMAIN)}")
_V4, _V6 = int(IPv4Address("198.18.0.0")), int(IPv6Address("2001:db8::"))
_V4_BITS, _V6_BITS = 17, 96
_PREFIX = re.compile(r"(?:[A-Za-z][A-Za-z0-9]{0,9}[_-]){1,3}|AKIA|ASIA|AIza|SG\.|ya29\.|eyJ|SK|AC")


def mark(kind: PrivateKind) -> str:
    """The mark of a kind, `[EMAIL]`."""
    return MARKS[kind]


def is_surrogate(text: str) -> bool:
    """Whether an address is one of ours, so that redacting twice changes nothing."""
    return _OURS.fullmatch(text) is not None


def pseudonym(finding: Finding, written: str, key: bytes) -> str:
    """What stands for the value; `written` is how it stands in the text."""
    draw = _Draw(key, finding.kind, finding.value)
    match finding.kind:
        case "email":
            return f"person-{draw.word(10)}@{_DOMAIN}"
        case "phone":
            return _phone(written, finding.value, draw)
        case "card":
            return _card(written, draw)
        case "iban":
            return _iban(written, finding.value, draw)
        case "ip":
            return _ip(finding.value, draw)
        case "key":
            return _key(written, draw)
        case "national_id":
            return "".join(draw.like(character) for character in written)
        case "password" | "secret_field":
            return f"secret-{draw.word(10)}"


class _Draw:
    """An endless row of numbers that hang on the key, the kind and the value alone."""

    def __init__(self, key: bytes, kind: str, value: str) -> None:
        self._key, self._seed = key, f"{kind}\0{value}".encode()
        self._bytes = self._stream()

    def _stream(self) -> Iterator[int]:
        for block in range(1 << 16):
            seed = self._seed + block.to_bytes(4, "big")
            yield from blake2b(seed, key=self._key, digest_size=64, person=b"trainset").digest()

    def number(self, bits: int) -> int:
        """A number of so many bits."""
        value = 0
        for _ in range((bits + 7) // 8):
            value = value << 8 | next(self._bytes)
        return value & ((1 << bits) - 1)

    def choose(self, letters: str) -> str:
        return letters[self.number(16) % len(letters)]

    def word(self, length: int) -> str:
        return "".join(self.choose(digits + ascii_lowercase) for _ in range(length))

    def like(self, character: str) -> str:
        """A character of the same kind; signs stay."""
        for letters in (digits, ascii_lowercase, ascii_uppercase):
            if character in letters:
                return self.choose(letters)
        return character


def _phone(written: str, value: str, draw: _Draw) -> str:
    """Country code, a leading zero, length and signs stay; other digits are drawn from the end.

    So a number has the same surrogate with and without its country code.
    """
    national = _national_length(value)
    drawn = [draw.choose(digits[2:]) for _ in range(national)]
    left = sum(character.isdigit() for character in written)
    made: list[str] = []
    for character in written:
        if not character.isdigit():
            made.append(character)
            continue
        made.append(character if left > national else drawn[national - left])
        left -= 1
    return "".join(made)


@lru_cache(maxsize=4096)
def _national_length(value: str) -> int:
    """How many digits a number has without its country code, or without a leading zero."""
    if not value.startswith("+"):
        return len(value.lstrip("0"))
    parsed = phonenumbers.parse(value)
    return len(phonenumbers.national_significant_number(parsed))


def _card(written: str, draw: _Draw) -> str:
    """First digit, length and signs stay, the last digit is the check digit."""
    kept = [character for character in written if character.isdigit()]
    made = kept[0] + "".join(draw.choose(digits) for _ in kept[1:-1])
    row = iter(made + luhn.calc_check_digit(made))
    return "".join(next(row) if character.isdigit() else character for character in written)


def _iban(written: str, value: str, draw: _Draw) -> str:
    """Country, length and spaces stay, the check digits are right."""
    account = "".join(draw.like(character) for character in value[4:])
    check = mod_97_10.calc_check_digits(account + value[:2])
    row = iter(value[:2] + check + account)
    return "".join(next(row) if character.isalnum() else character for character in written)


def _ip(value: str, draw: _Draw) -> str:
    if ip_address(value).version == 4:  # noqa: PLR2004 - of IPv4
        return str(IPv4Address(_V4 + draw.number(_V4_BITS)))
    return str(IPv6Address(_V6 + draw.number(_V6_BITS)))


def _key(written: str, draw: _Draw) -> str:
    """What names its maker stays, and its length."""
    if written.startswith("-----BEGIN"):
        return mark("key")
    match = _PREFIX.match(written)
    prefix = match[0] if match and match.end() < len(written) - 8 else ""
    return prefix + "".join(draw.like(character) for character in written[len(prefix) :])
