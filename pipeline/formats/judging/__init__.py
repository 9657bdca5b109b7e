"""Judging the lines of a file by a format: problems counted by kind, repairs tried. Pure."""

from pipeline.formats.judging.lines import LineJudge, Refusal, Wanted
from pipeline.formats.judging.mending import Mended, Used, mend_line
from pipeline.formats.judging.no_json import MARK, is_blank
from pipeline.formats.judging.tally import SHOWN, Example, Group, Renumber, Spot, Tally
from pipeline.formats.judging.whole_file import (
    FILE_MENDS,
    FILE_RULES,
    FileFacts,
    break_file_rules,
    rule_of,
)

__all__ = [
    "FILE_MENDS",
    "FILE_RULES",
    "MARK",
    "SHOWN",
    "Example",
    "FileFacts",
    "Group",
    "LineJudge",
    "Mended",
    "Refusal",
    "Renumber",
    "Spot",
    "Tally",
    "Used",
    "Wanted",
    "break_file_rules",
    "is_blank",
    "mend_line",
    "rule_of",
]
