"""How many bytes objects may take: of one, and of all of them on the Studio's disk."""

import threading

from msgspec import Struct

from pipeline.errors import NoSpace

__all__ = ["ObjectLimits", "Quota"]


class ObjectLimits(Struct, frozen=True):
    """Limits in bytes."""

    one: int = 50 << 30
    """Of one object."""
    all: int | None = None
    """Of all objects and unfinished uploads on the Studio's disk together; None: the disk's."""


class Quota:
    """Counts what lies on the disk; exact, since every byte is asked for before it is written."""

    def __init__(self, most: int | None, used: int) -> None:
        self._most = most
        self._used = used
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """Bytes that are taken."""
        return self._used

    def take(self, count: int) -> None:
        """Take that many bytes more; `NoSpace` where they are not to be had."""
        with self._lock:
            if self._most is not None and self._used + count > self._most:
                raise NoSpace(
                    f"the Studio keeps at most {self._most:,} bytes of objects, and "
                    f"{self._used:,} are taken"
                )
            self._used += count

    def free(self, count: int) -> None:
        """Give bytes back."""
        with self._lock:
            self._used -= count
