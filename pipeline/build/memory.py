"""Memory that a stage has freed goes back to the machine before the next one asks for its own.

Allocators keep what was freed; a build of a million runs would hold a third more than it uses.
"""

import ctypes
import sys

import pyarrow as pa

from pipeline.engines import Engine

__all__ = ["give_back", "let_go"]


_MANY = 100_000
"""Rows from which on it is worth the time."""


def let_go(engine: Engine, rows: int) -> None:
    """Give back what idle workers hold, and what was freed here."""
    if rows >= _MANY:
        engine.rest()
        give_back(rows)


def give_back(rows: int) -> None:
    """Give back what Arrow's pool and the C library hold and nobody uses."""
    if rows < _MANY:
        return
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
