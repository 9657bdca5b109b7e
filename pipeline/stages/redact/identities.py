"""National identity, tax and insurance numbers, by python-stdnum.

A number is taken where its check digits are right and its shape tells it from other numbers. One
that could be anything else (nine digits) is taken only after words that name it, and there also
with wrong check digits: a slip of the pen does not make it less private.
"""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from stdnum.ar import cuit
from stdnum.be import nn
from stdnum.br import cnpj, cpf
from stdnum.ch import ssn as ch_ssn
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.in_ import aadhaar, pan
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.pk import cnic
from stdnum.se import personnummer
from stdnum.us import ssn

from pipeline.stages.redact.finding import Finding

__all__ = ["LETTERS", "find_identities"]


class _Shape(Struct, frozen=True):
    pattern: re.Pattern[str]
    check: Any
    """A module of python-stdnum; None where the shape alone tells."""
    words: re.Pattern[str] | None = None
    """What has to stand before it, where the number alone does not tell; no check then."""


def _shape(pattern: str, check: Any, words: str | None = None) -> _Shape:
    return _Shape(
        re.compile(rf"(?<![A-Za-z0-9_.+-]){pattern}(?![A-Za-z0-9_-]|\.\d)"),
        check,
        re.compile(words, re.IGNORECASE) if words else None,
    )


_SHAPES = (
    _shape(r"\d{3}-\d{2}-\d{4}", ssn),
    _shape(r"\d{3}[ -]?\d{2}[ -]?\d{4}", None, r"\bssn\b|social security"),
    _shape(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", None),
    _shape(r"[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-Z]", None, r"\bni(?:no)?\b|national insurance"),
    _shape(r"\d{3}[ -]?\d{3}[ -]?\d{4}", None, r"\bnhs\b"),
    _shape(r"[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?[\dAB]{2} ?\d{3} ?\d{3} ?\d\d", nir),
    _shape(r"[12] ?\d\d ?\d\d ?[\dAB]{2} ?\d{3} ?\d{3}(?: ?\d\d)?", None, r"sécurité sociale"),
    _shape(r"\d\d ?\d{3} ?\d{3} ?\d{3}", None, r"steuer-?(?:id|nummer)|\bid-?nr\b"),
    _shape(r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]", codicefiscale),
    _shape(r"[A-Z]{6}[\dL-V]{2}[A-Z][\dL-V]{2}[A-Z][\dL-V]{3}[A-Z]", None, r"codice fiscale"),
    _shape(r"\d{8}-?[A-Z]", dni),
    _shape(r"[XYZ]-?\d{7}-?[A-Z]", nie),
    _shape(r"\d{11}", None, r"pesel"),
    _shape(r"\d{9}", None, r"\bbsn\b|burgerservice|sofi-?nummer"),
    _shape(r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", nn),
    _shape(r"\d{3}\.\d{3}\.\d{3}-\d\d", cpf),
    _shape(r"\d{11}", None, r"\bcpf\b"),
    _shape(r"\d\d\.\d{3}\.\d{3}/\d{4}-\d\d", cnpj),
    _shape(r"[2-9]\d{3} \d{4} \d{4}", aadhaar),
    _shape(r"\d{4}[ -]?\d{4}[ -]?\d{4}", None, r"aadhaa?r|आधार"),
    _shape(r"[A-Z]{3}[ABCFGHLJPTK][A-Z]\d{4}[A-Z]", pan),
    _shape(r"\d{17}[\dX]", ric),
    _shape(r"\d{17}[\dX]", None, r"身份证|身份證|公民"),
    _shape(r"\d{6}-[1-8]\d{6}", rrn),
    _shape(r"\d{6}-?\d{7}", None, r"주민등록|외국인등록"),
    _shape(r"(?:19|20)?\d{6}[-+]\d{4}", personnummer),
    _shape(r"\d{3} ?\d{3} ?\d{3}", None, r"\btfn\b|tax file"),
    _shape(r"\d{3}[ -]?\d{3}[ -]?\d{3}", None, r"\bsin\b|social insurance"),
    _shape(r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z\d]\d", curp),
    _shape(r"[1-9]\d{10}", None, r"t\.?c\.? kimlik|kimlik no"),
    _shape(r"\d{13}", None, r"\b(?:sa|south african) id\b|identity number"),
    _shape(r"756\.\d{4}\.\d{4}\.\d\d", ch_ssn),
    _shape(r"\d{6}[-+A]\d{3}[\dA-Z]", hetu),
    _shape(r"\d{2}-\d{8}-\d", cuit),
    _shape(r"\d{1,2}\.\d{3}\.\d{3}-[\dKk]", rut),
    _shape(r"\d{5}-\d{7}-\d", cnic),
    _shape(r"\d{16}", None, r"\b(?:nik|ktp)\b"),
    _shape(r"\d{3}-\d{3}-\d{3}[ -]\d\d", None, r"снилс|snils"),
    _shape(r"\d{10}(?:\d\d)?", None, r"инн|\binn\b|паспорт"),
    _shape(r"\d{4} ?\d{6}", None, r"паспорт"),
    _shape(r"\d{11}", None, r"fødselsnummer|personnummer|\bbvn\b|\bnin\b"),
    _shape(r"\d{6}-?\d{4}", None, r"\bcpr\b"),
    _shape(r"\d{9}", None, r"\bnif\b|contribuinte"),
    _shape(r"\d{12}", None, r"\bcccd\b|căn cước"),
    _shape(r"\d{4} ?\d{4} ?\d{4}", None, r"my ?number|マイナンバー|個人番号"),
)
_BY_THEMSELVES = tuple(shape for shape in _SHAPES if shape.words is None)
_AFTER_WORDS = tuple(shape for shape in _SHAPES if shape.words is not None)
_ANY_NUMBER = re.compile("|".join(shape.pattern.pattern for shape in _BY_THEMSELVES))
_ANY_WORD = re.compile(
    "|".join(f"(?:{shape.words.pattern})" for shape in _SHAPES if shape.words), re.IGNORECASE
)
LETTERS = re.compile(r"[A-Z]{2} ?\d\d|[A-Z]{4,6}\d|\d{7}-?[A-Z]")
"""What texts have in which numbers with letters stand."""
_BEFORE = 50


def find_identities(text: str) -> Iterator[Finding]:
    """Every number; value: without separators."""
    shapes = [
        *(_BY_THEMSELVES if _ANY_NUMBER.search(text) else ()),
        *(_AFTER_WORDS if _ANY_WORD.search(text) else ()),
    ]
    for shape in shapes:
        for match in shape.pattern.finditer(text):
            before = text[max(match.start() - _BEFORE, 0) : match.start()]
            if shape.words is not None:
                told = shape.words.search(before) is not None
            else:
                told = shape.check is None or shape.check.is_valid(match[0])
            if told:
                value = re.sub(r"[ ./+-]", "", match[0])
                yield Finding(match.start(), match.end(), "national_id", value)
