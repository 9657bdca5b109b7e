"""A program's error stands where the answer should: "Error: 429 Too Many Requests".

What programs say is in `errors.toml`. An answer that explains an error, and one to a question about
errors or programs, is none of them. Imports the phrases' reader.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from pipeline.records import Rejected
from pipeline.stages.labels.beginnings import Beginnings
from pipeline.stages.labels.label import Label, refuse
from pipeline.stages.labels.phrases import (
    WORD_BEGINS,
    WORD_ENDS,
    Grammar,
    fold,
    load_table,
    quote,
)

__all__ = ["error_text"]

_LONGEST = 4000
"""Characters; enough for a trace of calls, too many for a message."""
_LONGEST_MESSAGE = 250
_HEAD = 80
_CODED = re.compile(r"(?:HTTP|http|[Ss]tatus|\W*[45]\d\d\b)")
_TABLE = load_table("errors.toml")
_VALUES = frozenset(map(fold, _TABLE["values"]))
_LONGEST_VALUE = max(map(len, _VALUES))
_CLASS = re.compile(r"(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception)(?::|\(|\s*$)")
"""`TypeError: ...`, `java.lang.NullPointerException`."""
_MARKED = re.compile(r"\[(?:error|err|fatal|exception|critical)\]", re.IGNORECASE)
"""`[ERROR] ...`, as a log has it."""
_STATUS = re.compile(
    r"(?:\W*\b(?:error|http(?:/\d(?:\.\d)?)?|status|code|api|server|client|request|failed|with|"
    r"exception|response|fatal|returned)\b\W*){0,6}\b[45]\d\d\b\W{1,4}"
    r"(?:too many requests|internal server error|bad gateway|service (?:temporarily )?unavailable|"
    r"gateway time-?out|unauthorized|forbidden|not found|bad request|request time-?out|"
    r"payload too large|unprocessable entity|(?:client|server) error|\{)"
)
"""`429 Too Many Requests`, with or without `Error:`, `HTTP/1.1` and the like before it."""
_PAGE = re.compile(
    r"<(?:title|h1|center)[^>]*>\s*(?:error\s*:?\s*)?(?:[45]\d\d\b|bad gateway|access denied|"
    r"service (?:temporarily )?unavailable|gateway time|internal server error|error\b)"
)
"""The page that a gateway shows when what is behind it fails."""
_OF_PAGES = re.compile(r"\b(?:html|web ?pages?|pages?|web ?sites?|css|templates?)\b")
_ERROR_KEYS = frozenset(
    {"error", "errors", "message", "status", "statuscode", "status_code", "code", "type", "detail"}
    | {"details", "success", "ok", "path", "request_id", "requestid", "param", "timestamp"}
)


class _Patterns(Struct, frozen=True):
    sentences: re.Pattern[str]
    starts: re.Pattern[str]
    prefixes: re.Pattern[str]
    explains: re.Pattern[str]
    technical: re.Pattern[str]
    programs: re.Pattern[str]


_GRAMMAR = Grammar.of({})
_BEGINNINGS = Beginnings.of(
    [
        ("values", True, _VALUES),
        *(
            (name, True, (one for phrase in _TABLE[name] for one in _GRAMMAR.beginnings(phrase)))
            for name in ("sentences", "starts", "prefixes")
        ),
    ]
)


def error_text(label: Label) -> Rejected | None:
    """Whether the answer is what a program says when it fails."""
    text = label.text
    if not text or label.calls or len(text) > _LONGEST:
        return None
    if text[0] == "{":
        found = '"' in text[:_HEAD] and _is_json_error(label)
    elif text[0] == "<":
        found = _is_page(label)
    else:
        found = _is_said(label)
    if not found:
        return None
    return refuse("error_text", f"the answer is a program's error: {quote(text)}")


def _is_said(label: Label) -> bool:
    text = label.text
    head = text[:_HEAD]
    kinds = list(_BEGINNINGS.candidates(text))
    coded = "rror" in head or "RROR" in head or "xception" in head or _CODED.match(head)
    if not kinds and not coded:
        return False
    folded = fold(text[:_LONGEST_MESSAGE])
    if "values" in kinds and len(text) <= _LONGEST_VALUE and folded in _VALUES:
        asked = label.record.response_schema is not UNSET or _names(label, folded)
        return not asked and not _asks_about_programs(label)
    patterns = _patterns()
    if "sentences" in kinds and len(text) <= _LONGEST_MESSAGE:
        match = patterns.sentences.fullmatch(folded)
        if match:
            return not _names(label, match["said"]) and not _asks_about_errors(label)
    if coded and (_CLASS.match(text) or _STATUS.match(folded) or _MARKED.match(text)):
        return not _explains(text) and not _asks_about_programs(label)
    if "starts" in kinds and patterns.starts.match(folded):
        return not _explains(text) and not _asks_about_errors(label)
    if "prefixes" in kinds and len(text) <= _LONGEST_MESSAGE and "\n\n" not in text:
        match = patterns.prefixes.match(folded)
        if match and not _explains(text):
            word = match.group().rstrip(" :!-\uff1a")
            return not _names(label, word) and not _asks_about_programs(label)
    return False


def _is_json_error(label: Label) -> bool:
    """`{"error": {"message": ...}}`, where no schema and no prompt asks for it."""
    if label.record.response_schema is not UNSET or not _ERROR_KEYS & _first_keys(label.text):
        return False
    try:
        value = msgspec.json.decode(label.text)
    except (msgspec.DecodeError, RecursionError):
        return False
    if not isinstance(value, dict) or not {key.lower() for key in value} <= _ERROR_KEYS:
        return False
    return _says_error(value) and not _names(label, "error")


def _says_error(value: dict[str, Any]) -> bool:
    match value.get("error"):
        case str() as text if text:
            return True
        case {"message": str()} | {"code": str() | int()} | {"type": str()}:
            return True
    said = value.get("message")
    return isinstance(said, str) and bool(_patterns().sentences.fullmatch(fold(said)))


def _first_keys(text: str) -> set[str]:
    return set(re.findall(r'"(\w+)"\s*:', text[:_HEAD].lower()))


def _is_page(label: Label) -> bool:
    folded = fold(label.text)
    if not folded.startswith(("<!doctype", "<html", "<head", "<center", "<h1")):
        return False
    question = fold(label.question())
    asked = _OF_PAGES.search(question) or _patterns().technical.search(question)
    return bool(_PAGE.search(folded)) and not asked


def _explains(text: str) -> bool:
    return bool(_patterns().explains.search(fold(text)))


def _names(label: Label, said: str) -> bool:
    """Whether a prompt names what the answer says, so that it may have asked for it."""
    pattern = re.compile(f"{WORD_BEGINS}{re.escape(said)}{WORD_ENDS}")
    return any(pattern.search(fold(prompt)) for prompt in label.prompts())


def _asks_about_errors(label: Label) -> bool:
    return bool(_patterns().technical.search(fold(label.question())))


def _asks_about_programs(label: Label) -> bool:
    question = fold(label.question())
    patterns = _patterns()
    return bool(patterns.technical.search(question) or patterns.programs.search(question))


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    sentences = _GRAMMAR.any_of(_TABLE["sentences"])
    afterwards = _GRAMMAR.any_of(map(_begun, _TABLE["afterwards"]))
    end = r"[\s.,!\u2026。、।]*"
    return _Patterns(
        sentences=re.compile(rf"\W*(?P<said>{sentences}){end}(?:(?:{afterwards}).*)?", re.DOTALL),
        starts=_beginning(_TABLE["starts"]),
        prefixes=_beginning(_TABLE["prefixes"]),
        explains=_word(_TABLE["explains"]),
        technical=_word(_TABLE["technical"]),
        programs=_word(_TABLE["programs"]),
    )


def _beginning(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile(_GRAMMAR.any_of(map(_begun, phrases)))


def _begun(phrase: str) -> str:
    """The phrase without the gap at its end: whatever follows."""
    return phrase.removesuffix("...").rstrip()


def _word(words: Iterable[str]) -> re.Pattern[str]:
    either = "|".join(re.escape(fold(word)) for word in words)
    return re.compile(f"{WORD_BEGINS}(?:{either}){WORD_ENDS}")
