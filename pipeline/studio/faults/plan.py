"""What is to go wrong, what has, and what the Studio was asked meanwhile. Imports this room."""

import threading
from collections import deque
from collections.abc import Mapping, Sequence

from msgspec import Struct

from pipeline.errors import UsageError
from pipeline.studio.faults.operations import checked_operation
from pipeline.studio.faults.script import Fault, read_fault

__all__ = ["FaultPlan", "Seen"]


class Seen(Struct, frozen=True):
    """A request that reached the Studio while the plan ran."""

    operation: str
    method: str
    path: str
    """Without the query, which may hold a secret."""
    fault: str | None
    """The fault that it met, as the script has it."""


class FaultPlan:
    """Faults in the order of each operation's requests. Safe to read while the Studio works.

    Raises `UsageError` for an operation or a fault that there is not.
    """

    def __init__(self, script: Mapping[str, Sequence[str]]) -> None:
        self._lock = threading.Lock()
        self._seen: list[Seen] = []
        self._gone: set[str] = set()
        self._tokens: dict[str, int] = {}
        self._left: dict[str, deque[Fault]] = {}
        for operation, words in script.items():
            checked_operation(operation)
            if isinstance(words, str):
                raise UsageError(f"faults: {operation}: give a list of faults, as [{words!r}]")
            self._left[operation] = deque(read_fault(operation, word) for word in words)

    @property
    def exhausted(self) -> bool:
        """Whether every fault has been met."""
        return not self.left

    @property
    def left(self) -> dict[str, tuple[str, ...]]:
        """Faults that no request has met yet, by operation."""
        with self._lock:
            waiting = self._left.items()
            return {name: tuple(one.word for one in faults) for name, faults in waiting if faults}

    @property
    def seen(self) -> tuple[Seen, ...]:
        """Every request so far, in the order of their arrival."""
        with self._lock:
            return tuple(self._seen)

    def calls(self, operation: str) -> tuple[Seen, ...]:
        """The requests of one operation so far."""
        return tuple(one for one in self.seen if one.operation == operation)

    def take(self, operation: str, method: str, path: str) -> Fault | None:
        """Note a request; the fault that it meets."""
        with self._lock:
            waiting = self._left.get(operation)
            fault = waiting.popleft() if waiting else None
            self._seen.append(Seen(operation, method, path, fault.word if fault else None))
            return fault

    def note(self, operation: str, method: str, path: str, fault: str) -> None:
        """Note a request that met what an earlier fault left behind."""
        with self._lock:
            self._seen.append(Seen(operation, method, path, fault))

    def vanish(self, run_ids: Sequence[str]) -> None:
        """From now on these runs are gone."""
        with self._lock:
            self._gone.update(run_ids)

    @property
    def gone(self) -> frozenset[str]:
        """Runs that vanished."""
        with self._lock:
            return frozenset(self._gone)

    def limit(self, token: str, calls: int) -> None:
        """From now on the token counts for so many calls."""
        with self._lock:
            self._tokens[token] = calls

    def spent(self, token: str) -> bool:
        """Count a call with the token; whether it counts no more."""
        with self._lock:
            left = self._tokens.get(token)
            if left:
                self._tokens[token] = left - 1
            return left == 0
