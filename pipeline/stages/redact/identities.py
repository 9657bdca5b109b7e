"""National identity, tax and insurance numbers, by python-stdnum.

A number is taken where its check digits are right and its shape tells it from other numbers; one
that could be anything else (nine digits with a weak check) only after words that name it.
"""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from stdnum.au import tfn
from stdnum.be import nn
from stdnum.br import cnpj, cpf
from stdnum.ca import sin
from stdnum.cn import ric
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.tr import tckimlik
from stdnum.us import ssn
from stdnum.za import idnr as za_idnr

from pipeline.stages.redact.finding import Finding

__all__ = ["LETTERS", "find_identities"]


class _Shape(Struct, frozen=True):
    pattern: re.Pattern[str]
    check: Any
    """A module of python-stdnum; None where the shape alone tells."""
    words: re.Pattern[str] | None = None
    """What has to stand before it, where the number alone does not tell."""


def _shape(pattern: str, check: Any, words: str | None = None) -> _Shape:
    return _Shape(
        re.compile(rf"(?<![\w.+-]){pattern}(?![\w-]|\.\d)"),
        check,
        re.compile(words, re.IGNORECASE) if words else None,
    )


_SHAPES = (
    _shape(r"\d{3}-\d{2}-\d{4}", ssn),
    _shape(r"\d{9}", ssn, r"\bssn\b|social security"),
    _shape(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", None),
    _shape(r"\d{3}[ -]?\d{3}[ -]?\d{4}", nhs, r"\bnhs\b"),
    _shape(r"[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?[\dAB]{2} ?\d{3} ?\d{3} ?\d\d", nir),
    _shape(r"\d\d ?\d{3} ?\d{3} ?\d{3}", idnr, r"steuer|\bid-?nr|\btin\b|tax"),
    _shape(r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]", codicefiscale),
    _shape(r"\d{8}-?[A-Z]", dni),
    _shape(r"[XYZ]-?\d{7}-?[A-Z]", nie),
    _shape(r"\d{11}", pesel, r"pesel"),
    _shape(r"\d{9}", bsn, r"\bbsn\b|burgerservice|sofi"),
    _shape(r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", nn),
    _shape(r"\d{3}\.\d{3}\.\d{3}-\d\d", cpf),
    _shape(r"\d{11}", cpf, r"\bcpf\b"),
    _shape(r"\d\d\.\d{3}\.\d{3}/\d{4}-\d\d", cnpj),
    _shape(r"[2-9]\d{3} \d{4} \d{4}", aadhaar),
    _shape(r"[2-9]\d{11}", aadhaar, r"aadhaa?r|आधार"),
    _shape(r"[A-Z]{3}[ABCFGHLJPTK][A-Z]\d{4}[A-Z]", pan),
    _shape(r"\d{17}[\dX]", ric),
    _shape(r"\d{6}-[1-8]\d{6}", rrn),
    _shape(r"(?:19|20)?\d{6}[-+]\d{4}", personnummer),
    _shape(r"\d{3} ?\d{3} ?\d{3}", tfn, r"\btfn\b|tax file"),
    _shape(r"\d{3}[ -]\d{3}[ -]\d{3}", sin, r"\bsin\b|social insurance"),
    _shape(r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z\d]\d", curp),
    _shape(r"[1-9]\d{10}", tckimlik, r"\btc\b|t\.c\.|kimlik"),
    _shape(r"\d{13}", za_idnr, r"\bid\b|identity"),
    _shape(r"\d{4} ?\d{4} ?\d{4}", None, r"my ?number|マイナンバー|個人番号"),
)
LETTERS = re.compile(r"[A-Z]{2} ?\d\d|[A-Z]{4,6}\d|\d{7}-?[A-Z]")
"""What texts have in which numbers with letters stand."""
_BEFORE = 50


def find_identities(text: str) -> Iterator[Finding]:
    """Every number; value: without separators."""
    for shape in _SHAPES:
        for match in shape.pattern.finditer(text):
            before = text[max(match.start() - _BEFORE, 0) : match.start()]
            if shape.words is not None and not shape.words.search(before):
                continue
            if shape.check is None or shape.check.is_valid(match[0]):
                value = re.sub(r"[ ./+-]", "", match[0])
                yield Finding(match.start(), match.end(), "national_id", value)
