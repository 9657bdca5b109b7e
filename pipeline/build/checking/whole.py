"""What is said of a file as a whole: its shape, what to be warned of, what was written.

Imports `formats` and the files of this room.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.build.checking.batches import MendCount
from pipeline.build.checking.duplicates import MOST
from pipeline.build.checking.fixing import Fix, FixedFile
from pipeline.build.checking.gathering import Gathered, warned
from pipeline.build.checking.opening import Opened
from pipeline.build.checking.result import FileMend, Fixed, Found, FoundAt
from pipeline.formats import Format, Problem
from pipeline.formats.judging import FILE_MENDS

__all__ = ["file_warnings", "fixed_summary", "shape_problems"]

_SHAPES = {
    "array": "is one JSON array, not JSON Lines",
    "objects": "has JSON objects over several lines, not JSON Lines",
}
_PACKINGS = {"gz": "gzip", "zst": "Zstandard"}


def shape_problems(opened: Opened) -> Iterator[Problem]:
    """Why the file is no JSON Lines in UTF-8, though its examples could be read."""
    if opened.utf16:
        yield Problem("encoding", "", "is UTF-16")
    if opened.look.shape != "lines":
        yield Problem("json-lines", "", _SHAPES[opened.look.shape])


def file_warnings(
    gathered: Gathered, forms: Sequence[Format[Any]], opened: Opened, fixed: Fixed | None
) -> Iterator[Found]:
    """What no provider refuses; with `fixed` of what was written."""
    suffix = forms[0].file_suffix
    name = opened.name.removesuffix(f".{opened.packing}") if fixed is None else fixed.path
    if name != "-" and not name.endswith(suffix):
        said = f"is called {Path(name).name}; {suffix} is asked for"
        yield warned("file-name", 0, (FoundAt(None, "", said),))
    if fixed is not None:
        return
    if opened.packing is not None:
        said = f"is packed ({_PACKINGS[opened.packing]})"
        yield warned("packed", 0, (FoundAt(None, "", said),))
    if gathered.carriage_returns:
        at = FoundAt(gathered.first_return, "", "ends with a carriage return and a line feed")
        yield warned("line-end", gathered.carriage_returns, (at,))
    count, first = gathered.duplicates.found()
    if count:
        yield warned("duplicate-line", count, first)
    if gathered.lines > MOST:
        said = f"has more lines; the first {MOST:,} were compared with one another"
        yield warned("duplicate-line", 0, (FoundAt(None, "", said),))


def fixed_summary(
    gathered: Gathered, form: Format[Any], opened: Opened, fix: Fix, written: FixedFile
) -> Fixed:
    """What was written, and which repairs were made."""
    tally = gathered.tallies[0]
    blank = gathered.mends.get("blank_line_dropped", MendCount()).lines
    broken = tally.refused - tally.mendable
    says = {**FILE_MENDS} | {mend.name: mend.says for mend in form.mends}
    whole = [FileMend(name, says[name], 0, ()) for name in _whole_mends(gathered, form, opened)]
    by_line = [
        FileMend(name, says[name], count.lines, tuple(count.first))
        for name, count in gathered.mends.items()
    ]
    return Fixed(
        path=fix.path,
        lines=gathered.written,
        bytes=written.size,
        mended=tally.mendable - blank,
        left=0 if fix.drop_broken else broken,
        left_out=broken if fix.drop_broken else 0,
        mends=(*whole, *sorted(by_line, key=lambda mend: -mend.lines)),
    )


def _whole_mends(gathered: Gathered, form: Format[Any], opened: Opened) -> Iterator[str]:
    if opened.utf16:
        yield "written_as_utf8"
    if opened.look.shape != "lines":
        yield "written_as_lines"
    if opened.look.marked and not form.file_prefix:
        yield "mark_dropped"
    if form.file_prefix and not opened.look.marked:
        yield "mark_added"
    if gathered.carriage_returns:
        yield "line_ends_changed"
