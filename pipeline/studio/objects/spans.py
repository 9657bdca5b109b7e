"""Where the bytes of an upload's request belong: what Content-Range says."""

import re
from collections.abc import Mapping

from msgspec import Struct

from pipeline.studio.objects.wire import Refused

__all__ = ["Span", "read_span"]

_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)\Z")


class Span(Struct, frozen=True):
    """A request's place in its object."""

    first: int | None = None
    """None asks only how much is stored."""
    end: int | None = None
    """One more than the last byte's place; None where it is not said."""
    total: int | None = None
    whole: bool = False
    """No Content-Range at all: the body is all there is from its first byte on."""


def read_span(headers: Mapping[str, str], most: int) -> Span:
    """The place of a request's bytes in an object of at most so many; `Refused` for nonsense."""
    said = headers.get("content-range")
    if said is None:
        length = headers.get("content-length")
        end = None if length is None else int(length)
        return _bounded(Span(first=0, end=end, total=end, whole=True), most)
    match = _RANGE.match(said)
    if match is None:
        raise Refused(400, "Content-Range is not `bytes FIRST-LAST/TOTAL` or `bytes */TOTAL`")
    total = None if match[3] == "*" else int(match[3])
    if match[1] is None:
        return _bounded(Span(total=total), most)
    first, end = int(match[1]), int(match[2]) + 1
    if end <= first or (total is not None and end > total):
        raise Refused(400, "Content-Range ends before it begins, or after the total")
    return _bounded(Span(first=first, end=end, total=total), most)


def _bounded(span: Span, most: int) -> Span:
    if max(span.total or 0, span.end or 0) > most:
        raise Refused(413, f"an object has at most {most:,} bytes")
    return span
