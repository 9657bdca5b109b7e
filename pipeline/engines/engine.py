"""What an engine promises: functions over batches, results in the order of the batches."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

__all__ = ["Engine"]

A = TypeVar("A")
B = TypeVar("B")


class Engine(Protocol):
    """Runs a function over batches; has never heard of a record."""

    def map(self, function: Callable[[A], B], batches: Iterable[A]) -> Iterator[B]:
        """`function` of every batch, in the order of the batches.

        At most a few batches are held at a time, however many there are. The function and the
        batches must be picklable. What the function raises is raised here.
        """

    def rest(self) -> None:
        """Give back the memory that idle workers hold; whoever maps again gets fresh ones."""

    def close(self) -> None:
        """Let go of what the engine holds."""
