"""The words of a script of faults: a closed list, each with what it does and where it may stand.

Imports the errors.
"""

import re
from difflib import get_close_matches

from msgspec import Struct

from pipeline.errors import UsageError

__all__ = ["KINDS", "Fault", "Kind", "read_fault"]

_UPLOADS = ("upload.chunk", "objects.put")
_PAGES = ("runs.list", "training.list", "training.names")
_SECONDS = r"\d{1,4}(?:\.\d{1,3})?"


class Kind(Struct, frozen=True):
    """One kind of fault."""

    name: str
    form: str
    """How it is written; what stands in brackets may be left out."""
    pattern: str
    """The whole word as an expression; its groups are the arguments."""
    said: str
    """What it does."""
    operations: tuple[str, ...] = ()
    """Where it may stand; anywhere where none is named."""


KINDS = (
    Kind(
        "ok", "ok", r"ok", "none: the request is answered as ever, and the next one meets the next"
    ),
    Kind(
        "status",
        "STATUS",
        r"([45]\d\d)",
        "an error of the API with this status, 400 to 599; nothing is carried out",
    ),
    Kind(
        "status",
        "STATUS:after:SECONDS",
        rf"([45]\d\d):after:({_SECONDS})",
        "the same with a `Retry-After`",
    ),
    Kind(
        "page",
        "STATUS:html",
        r"([45]\d\d):html",
        "a gateway's HTML page with this status; nothing is carried out",
    ),
    Kind(
        "pacing",
        "429:pacing[:MS]",
        r"429:pacing(?::(\d{1,7}))?",
        "turned away before any handler, to be called again after so many milliseconds (200)",
    ),
    Kind("quota", "429:quota", r"429:quota", "a quota is used up, which no wait mends"),
    Kind("redirect", "redirect", r"redirect", "a 307 to another address on the same host"),
    Kind(
        "reset",
        "reset",
        r"reset",
        "the connection is reset before the answer; nothing is carried out",
    ),
    Kind(
        "lost",
        "lost",
        r"lost",
        "the request is carried out, and the connection is reset before the answer",
    ),
    Kind(
        "cut",
        "cut:BYTES",
        r"cut:(\d{1,12})",
        "the request is carried out, and its answer ends after so many bytes of the body",
    ),
    Kind(
        "slow",
        "slow:SECONDS",
        rf"slow:({_SECONDS})",
        "the request waits so long, and is then carried out and answered",
    ),
    Kind(
        "garbage",
        "garbage",
        r"garbage",
        "the request is carried out, and the body of its answer is no JSON",
    ),
    Kind(
        "bomb",
        "gzip-bomb[:MIB]",
        r"gzip-bomb(?::(\d{1,5}))?",
        "a small compressed answer that grows to so many MiB (512); nothing is carried out",
    ),
    Kind(
        "shift",
        "shift[:ROWS]",
        r"shift(?::(-?\d{1,6}))?",
        "so many rows (1) before the page are gone meanwhile, so that it leaves as many out; "
        "below zero, rows came in and as many are shown again",
        _PAGES,
    ),
    Kind("repeat", "repeat", r"repeat", "the page before comes once more", _PAGES),
    Kind(
        "vanish",
        "vanish[:RUNS]",
        r"vanish(?::(\d{1,6}))?",
        "the first runs (1) of the page, or of those asked for, are gone from then on: "
        "`runs.find` leaves them out and `runs.get` answers 404",
        ("runs.list", "runs.find", "runs.get"),
    ),
    Kind(
        "expire",
        "expire[:CALLS]",
        r"expire(?::(\d{1,6}))?",
        "the issued token counts for so many calls (0) and is then refused with 401",
        ("token.issue",),
    ),
    Kind(
        "half",
        "half",
        r"half",
        "half of the body arrives and is kept, then the connection is reset",
        _UPLOADS,
    ),
    Kind(
        "partial",
        "partial",
        r"partial",
        "half of the chunk is kept, in units of 256 KiB, and the answer (308) says so",
        ("upload.chunk",),
    ),
    Kind(
        "corrupt",
        "corrupt",
        r"corrupt",
        "the first byte changes on its way",
        (*_UPLOADS, "objects.get"),
    ),
    Kind(
        "checksum",
        "checksum",
        r"checksum",
        "the answer, where it tells a crc32c, tells a wrong one",
        (*_UPLOADS, "upload.status", "objects.get"),
    ),
)
"""All faults that there are."""


class Fault(Struct, frozen=True):
    """A fault as it was asked for."""

    word: str
    name: str
    arguments: tuple[str | None, ...]


def read_fault(operation: str, word: str) -> Fault:
    """The fault that a word means for an operation; `UsageError` says what is wrong with it."""
    for kind in KINDS:
        if found := re.fullmatch(kind.pattern, word):
            if kind.operations and operation not in kind.operations:
                places = ", ".join(kind.operations)
                raise UsageError(f"faults: {word!r} cannot stand at {operation}, only at {places}")
            return Fault(word, kind.name, found.groups())
    forms = {kind.form.partition(":")[0].partition("[")[0]: kind.form for kind in KINDS[::-1]}
    near = [forms[one] for one in get_close_matches(word.partition(":")[0], forms, n=2)]
    known = "it is written " + " or ".join(near) if near else "one of " + ", ".join(_forms())
    raise UsageError(f"faults: {operation}: there is no fault {word!r}; {known}")


def _forms() -> list[str]:
    return [kind.form for kind in KINDS]
