"""Which result of a tool answers which call, where a line need not say so. Imports nothing."""

from typing import Generic, NamedTuple, TypeVar

__all__ = ["OpenCall", "OpenCalls"]

T = TypeVar("T")


class OpenCall(NamedTuple, Generic[T]):
    """A call that waits for its result."""

    id: str | None
    name: str
    kept: T
    """What the reader wants back when the result comes."""


class OpenCalls(Generic[T]):
    """The calls of one turn of the assistant that wait for their results."""

    def __init__(self) -> None:
        self._waiting: list[OpenCall[T]] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def open(self, call: OpenCall[T]) -> bool:
        """Wait for the call's result; whether another call of the turn has the same id."""
        same = call.id is not None and any(one.id == call.id for one in self._waiting)
        self._waiting.append(call)
        return same

    def close(self, ident: str | None, name: str | None) -> OpenCall[T] | None:
        """The call that a result answers: by its id, else the first of its name, else the first.

        None where no such call waits.
        """
        for at, call in enumerate(self._waiting):
            if call.id == ident if ident is not None else name in (None, call.name):
                return self._waiting.pop(at)
        return None

    def close_all(self) -> list[T]:
        """Wait no more; what was kept of the calls that have no result."""
        kept = [call.kept for call in self._waiting]
        self._waiting.clear()
        return kept
