"""Files that commands write where a person names them: whole, and over nothing that is no file.

Imports `storage` and `errors`.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import NoSpace, PermanentError, UsageError
from pipeline.storage import LocalStore

__all__ = ["is_the_source", "written"]


def is_the_source(path: Path, source: str) -> bool:
    """Whether a file that is to be written is the one that is read; `-` is standard input."""
    try:
        there = path.stat()
        read = os.fstat(sys.stdin.fileno()) if source == "-" else Path(source).stat()
    except (OSError, ValueError):
        return False
    return os.path.samestat(there, read)


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file that appears whole; `NoSpace` or `PermanentError` where it cannot be written.

    What is there and is no file, a folder or a device, is never replaced: `UsageError`.
    """
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: is there and is no plain file; name one")
    try:
        with LocalStore(path.parent).open_write(path.name) as file:
            yield file
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise NoSpace(f"{path}: the disk is full; nothing was written") from None
        raise PermanentError(f"{path}: cannot be written ({error.strerror})") from None
