"""Payment cards, IBANs and telephone numbers.

Cards: ISO/IEC 7812 lengths and issuers' first digits with the Luhn check; IBANs: the register's
lengths and mod 97, by python-stdnum; telephones: by phonenumbers, Google's numbering plans.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers
from stdnum import iban, luhn

from pipeline.stages.redact.finding import Finding

__all__ = ["find_cards", "find_ibans", "find_phones", "is_phone_word"]

_CARD = re.compile(r"(?<![A-Za-z0-9_.+-])\d(?:[ -]?\d){11,18}(?![A-Za-z0-9_-]|\.\d)")
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12,15}|35\d{14}|3(?:0[0-5]|[689]\d)\d{11}|62\d{14,17}"
    r"|(?:1800|2131)\d{11}|(?:5018|5020|5038|5893|6304|6390|6759|676[1-3])\d{8,15}"
)
_CARD_WORD = re.compile(
    r"\b(?:card|visa|mastercard|maestro|amex|karte|carte|tarjeta|carta|cartão|kaart)\b"
    r"|(?:payé|paid) (?:avec|with)|カード|银行卡|카드",
    re.IGNORECASE,
)
"""After such a word any number with a right check digit is a card's."""
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
_SHORTEST_IBAN = 15
_PHONE = re.compile(
    r"(?<![A-Za-z0-9_@#.,/:$€£*=+-])(?P<plus>\+|00)?"
    r"(?P<number>\(?\d(?:[ ().\-/\u00a0\u2011]{0,2}\d){5,16})"
    r"(?:[ ,]?(?:x|ext\.?) ?\d{1,6})?(?![A-Za-z0-9_%]|[-/.,:]\d)"
)
_DATE = re.compile(
    r"(?<!\d)(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d{2})(?!\d)"
)
_NANP = re.compile(r"(?:1[ .-]?)?\(?[2-9]\d\d\)?[ .-]\d{3}[ .-]\d{4}")
_NATIONAL = re.compile(r"\(?0\d")
_SEPARATED = re.compile(r"\d[ ().\-/\u00a0\u2011]+\d")
_WORDS = (
    "phone", "tel", "call", "mobile", "cell", "fax", "whatsapp", "text me", "ring", "sms",
    "dial", "reach me", "handy", "mobil", "ruf", "nummer", "appel", "portable", "llam", "móvil",
    "telef", "numéro", "teléfono", "chiam", "cellulare", "bel ", "zadzwo", "телеф", "звон",
    "тел", "電話", "电话", "手机", "전화", "هاتف", "फ़ोन", "फोन",
)  # fmt: skip
_BEFORE = 40
_FEWEST, _MOST = 7, 15
_E164 = phonenumbers.PhoneNumberFormat.E164
_DIGIT = re.compile(r"\d")


def find_cards(text: str) -> Iterator[Finding]:
    """Every card number; value: its digits."""
    for match in _CARD.finditer(text):
        digits = "".join(_DIGIT.findall(match[0]))
        if len(set(digits)) == 1 or not luhn.is_valid(digits):
            continue
        before = text[max(match.start() - _BEFORE, 0) : match.start()]
        if _ISSUERS.fullmatch(digits) or _CARD_WORD.search(before):
            yield Finding(match.start(), match.end(), "card", digits)


def find_ibans(text: str) -> Iterator[Finding]:
    """Every IBAN; value: without spaces, in capitals. Words after it are not part of it."""
    for match in _IBAN.finditer(text):
        end = match.end()
        while end - match.start() >= _SHORTEST_IBAN:
            value = iban.compact(text[match.start() : end]).upper()
            if iban.is_valid(value, check_country=False):
                yield Finding(match.start(), end, "iban", value)
                break
            end = max(text.rfind(" ", match.start(), end), text.rfind("-", match.start(), end))


def is_phone_word(text: str) -> bool:
    """Whether words (before a number, or the name of its field) speak of a telephone."""
    lowered = text.lower()
    return any(word in lowered for word in _WORDS)


def find_phones(text: str, regions: tuple[str, ...], *, named: bool) -> Iterator[Finding]:
    """Every telephone number; value: E.164 where the plan is known, else its digits.

    `named`: the whole text stands in a field that is named after telephones.
    """
    for match in _PHONE.finditer(text):
        number = match["number"]
        count = len(_DIGIT.findall(number))
        if not _FEWEST <= count <= _MOST or _DATE.search(number):
            continue
        before = text[max(match.start() - _BEFORE, 0) : match.start()]
        hinted = named or is_phone_word(before)
        if match["plus"]:
            value = _international(f"+{number}") or (_bare(number) if hinted else None)
        else:
            value = _national(number, regions, hinted=hinted)
        if value is not None:
            start = match.start()
            yield Finding(start, start + len(match[0].rstrip(" (.-/")), "phone", value)


def _national(number: str, regions: tuple[str, ...], *, hinted: bool) -> str | None:
    separated = _SEPARATED.search(number) is not None
    if separated and _NANP.fullmatch(number):
        return "+1" + _bare(number)[-10:]
    is_national = separated and _NATIONAL.match(number) is not None
    if not hinted and not is_national:
        return None
    value = _valid_somewhere(number, regions)
    if value is None and hinted and is_national:
        return _bare(number)
    return value


def _bare(number: str) -> str:
    return "".join(_DIGIT.findall(number))


def _international(number: str) -> str | None:
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number(parsed)
    return str(phonenumbers.format_number(parsed, _E164)) if possible else None


@lru_cache(maxsize=4096)
def _valid_somewhere(number: str, regions: tuple[str, ...]) -> str | None:
    for region in regions:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return str(phonenumbers.format_number(parsed, _E164))
    return None
