"""Keys and tokens by the shapes that their makers gave them, by words before them, by entropy.

The makers' prefixes are facts that they publish so that scanners find them (GitHub, GitLab,
Stripe, Slack, AWS, Google, OpenAI and others; read 2026-11-23 in their documentation and in the
rules of gitleaks and bc-detect-secrets). A value of no known shape is a secret only after a word
that says so, and only if it is as mixed as a drawn one.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from pipeline.stages.redact.finding import Finding

__all__ = ["find_passwords", "find_tokens", "speaks_of_secrets"]

_LONG = re.compile(r"[A-Za-z0-9_/+=.~-]{16,}")
_SHAPE = re.compile(
    r"sk-(?:ant-|proj-|svcacct-|or-v1-|admin-|EXAMPLE-)?[A-Za-z0-9_-]{16,}"
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9]{20,}"
    r"|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}"
    r"|GOCSPX-[A-Za-z0-9_-]{20,}"
    r"|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{20,}|gl(?:pat|rt|dt|cbt)-[A-Za-z0-9_-]{20,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{20,}|hf_[A-Za-z]{30,}|npm_[A-Za-z0-9]{36}"
    r"|pypi-[A-Za-z0-9_-]{50,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|SK[0-9a-f]{32}"
    r"|AC[0-9a-f]{32}|key-[0-9a-f]{32}|[0-9a-f]{32}-us\d{1,2}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"
    r"|sq0(?:csp|atp)-[A-Za-z0-9_-]{22,}|EAAA[A-Za-z0-9_-]{56,}|dop_v1_[0-9a-f]{64}"
    r"|dckr_pat_[A-Za-z0-9_-]{20,}|tfp_[A-Za-z0-9]{40}|nvapi-[A-Za-z0-9_-]{40,}|gsk_[A-Za-z0-9]{40,}"
    r"|xai-[A-Za-z0-9]{40,}|r8_[A-Za-z0-9]{30,}|AKC[A-Za-z0-9]{20,}|ATATT[A-Za-z0-9_=-]{40,}"
    r"|lin_api_[A-Za-z0-9]{32,}|figd_[A-Za-z0-9_-]{30,}|hvs\.[A-Za-z0-9_-]{20,}|A3T[A-Z0-9]{17}"
    r"|AGE-SECRET-KEY-1[0-9A-Z]{50,}|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)?"
)
_PEM = re.compile(
    r"-----BEGIN (?P<what>[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?)-----.*?(?:-----END (?P=what)-----|\Z)",
    re.DOTALL,
)
_IN_URL = re.compile(r"(?<=://)[^\s:/@\"'<>]{1,64}:(?P<value>[^\s/@\"'<>]{3,})(?=@)")
_BEARER = re.compile(r"\b(?:bearer|basic)\s+(?P<value>[A-Za-z0-9_\-.~+/]{12,}=*)", re.IGNORECASE)
_SIGNED = re.compile(
    r"[?&;](?:sig|signature|x-amz-signature|x-goog-signature|token|access_token|sv_sig)"
    r"=(?P<value>[A-Za-z0-9%_.~+/-]{16,}=*)",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"(?<![a-z])(?:[a-z0-9]+[_-])*(?:api[_ -]?key|secret(?:[_ -]?(?:access[_ -]?)?key)?"
    r"|access[_ -]?key|client[_ -]?secret|auth[_ -]?token|access[_ -]?token|refresh[_ -]?token"
    r"|account[_ -]?key|private[_ -]?key|token|credentials?)"
    r"[\"']?\s*(?:=|:|\bis\b|->)\s*[\"'`]?(?P<value>[^\s\"'`,;]{12,})",
    re.IGNORECASE,
)
_PASSWORD = re.compile(
    r"(?<![a-z])(?:pass(?:word|wd|phrase|code)|pwd|passwort|kennwort|contraseñas?|mot de passe"
    r"|senha|parola d'ordine|wachtwoord|hasło|пароль|密码|パスワード|비밀번호|şifre)"
    r"[\"']?(?P<tie>\s*(?:=|:|\uff1a|->)\s*|\s+(?:is|ist|es|est|lautet|è|to|jest)\s*:?\s+|\s+)"
    r"[\"'`«“]?(?P<value>[^\s\"'`»”,;<>]{4,})",
    re.IGNORECASE,
)
_HINTS = (
    "pass", "pwd", "secret", "token", "key", "bearer", "basic ", "credential", "kennwort",
    "contraseñ", "senha", "parola", "wachtwoord", "hasło", "парол", "密码", "パスワード",
    "비밀번호", "şifre", "signature", "sig=",
)  # fmt: skip
_ANY_HINT = re.compile("|".join(_HINTS))
_SHORT = 60
"""In so short a text one search is faster than one for each word."""
_WORDS = re.compile(r"[a-zà-ÿ]+[.!?]*|[A-ZÀ-Þ][a-zà-ÿ]+[.!?]*", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-fA-F]+")
_HEX_BITS, _MIXED_BITS = 3.0, 3.5
_LONG_SECRET = 20


def speaks_of_secrets(text: str) -> bool:
    """Whether any word stands in the text that a secret could follow."""
    lowered = text.lower()
    if len(lowered) <= _SHORT:
        return _ANY_HINT.search(lowered) is not None
    return any(word in lowered for word in _HINTS)


def find_tokens(text: str) -> Iterator[Finding]:
    """Keys of known shapes, and private keys whole."""
    if "PRIVATE KEY" in text:
        for match in _PEM.finditer(text):
            yield Finding(match.start(), match.end(), "key", match[0])
    for long in _LONG.finditer(text):
        for match in _SHAPE.finditer(text, long.start(), long.end()):
            if match.start() and text[match.start() - 1].isalnum():
                continue
            value = match[0].rstrip(".-_")
            yield Finding(match.start(), match.start() + len(value), "key", value)


def find_passwords(text: str) -> Iterator[Finding]:
    """What words before it say is a secret."""
    for pattern in (_IN_URL, _BEARER, _SIGNED):
        for match in pattern.finditer(text):
            yield _value(match, "password" if pattern is _IN_URL else "key")
    for match in _ASSIGNED.finditer(text):
        if _is_drawn(match["value"]):
            yield _value(match, "key")
    for match in _PASSWORD.finditer(text):
        if _is_password(match["value"], told=bool(match["tie"].strip())):
            yield _value(match, "password")


def _value(match: re.Match[str], kind: Literal["key", "password"]) -> Finding:
    value = match["value"].rstrip(".!?)")
    start = match.start("value")
    return Finding(start, start + len(value), kind, value)


def _is_drawn(value: str) -> bool:
    """Whether a value is as mixed as a drawn one, and not an identifier that names something."""
    value = value.rstrip(".,!?)")
    if _UUID.fullmatch(value):
        return True
    if not re.search(r"\d", value) or not re.search(r"[A-Za-z]", value):
        return False
    bits = _entropy(value)
    return bits >= (_HEX_BITS if _HEX.fullmatch(value) else _MIXED_BITS)


def _is_password(value: str, *, told: bool) -> bool:
    """Whether what follows the word is one: `password: x` is believed, `password reset` is not."""
    value = value.rstrip(".!?)")
    if value.lower() in _NOT_VALUES or (value[:1] in "{<[*$%" and not value[1:2].isdigit()):
        return False
    has_digit, has_sign = bool(re.search(r"\d", value)), bool(re.search(r"[^\w]|_", value))
    if told:
        return has_digit or has_sign or not _WORDS.fullmatch(value) or len(value) >= _LONG_SECRET
    return (has_digit and len(value) >= 6) or (value.count("-") > 2)  # noqa: PLR2004


_NOT_VALUES = {"null", "none", "true", "false", "string", "required", "undefined", "n/a", "reset"}


def _entropy(value: str) -> float:
    """Bits a character, of the characters' frequencies in the value."""
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts)
