"""Check files against formats, in a stream, and write them repaired."""

from pipeline.build.checking.check import WORKER_MODULES, CheckOptions, check_file
from pipeline.build.checking.fixing import Fix
from pipeline.build.checking.result import CheckedFile, Fixed, FormatVerdict, Found, Hear, Said
from pipeline.build.checking.sarif import sarif_file

__all__ = [
    "WORKER_MODULES",
    "CheckOptions",
    "CheckedFile",
    "Fix",
    "Fixed",
    "FormatVerdict",
    "Found",
    "Hear",
    "Said",
    "check_file",
    "sarif_file",
]
