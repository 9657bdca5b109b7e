"""One machine: a pool of processes, or none at all for one worker."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, forkserver
from typing import TypeVar

from pipeline.errors import TransientError

__all__ = ["LocalEngine", "prepare_workers"]

A = TypeVar("A")
B = TypeVar("B")

_LOOK_AHEAD = 2
"""Batches in flight for each worker."""


def prepare_workers(preload: tuple[str, ...]) -> None:
    """Start the server that workers are forked from, which imports these modules meanwhile.

    An engine does so too; to begin before the caller's own imports saves the wait for one of them.
    """
    if sys.platform == "linux":
        multiprocessing.get_context("forkserver").set_forkserver_preload(list(preload))
        forkserver.ensure_running()


class LocalEngine:
    """Worker processes that end when their parent does, however it ends."""

    def __init__(self, workers: int = 0, preload: tuple[str, ...] = ()) -> None:
        self.workers = workers or _processors()
        self._preload = preload
        self._pool: ProcessPoolExecutor | None = None

    def map(self, function: Callable[[A], B], batches: Iterable[A]) -> Iterator[B]:
        """`function` of every batch, in order; see `Engine.map`."""
        if self.workers == 1:
            return map(function, batches)
        return self._in_pool(function, batches)

    def rest(self) -> None:
        """End the workers, which are forked again at the next `map`."""
        self.close()

    def close(self) -> None:
        """End the workers; work that has not begun is dropped."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _in_pool(self, function: Callable[[A], B], batches: Iterable[A]) -> Iterator[B]:
        waiting: deque[Future[B]] = deque()
        try:
            for batch in batches:
                waiting.append(self._started().submit(function, batch))
                if len(waiting) >= _LOOK_AHEAD * self.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise TransientError(
                "a worker process was killed, perhaps because memory ran out; what was finished "
                "is kept: run the same command again, if need be with fewer --workers"
            ) from None
        finally:
            for future in waiting:
                future.cancel()

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            with _interrupts_wait():
                self._pool = self._start()
        return self._pool

    def _start(self) -> ProcessPoolExecutor:
        if sys.platform == "linux":
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(list(self._preload))
        else:
            context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self.workers, mp_context=context, initializer=_follow_parent)
        for _ in range(self.workers):
            pool.submit(os.getpid)
        return pool


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Ctrl-C is heard afterwards: a worker that is half begun would die with a traceback."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _follow_parent() -> None:
    """In a worker: end at once when the parent is gone, so that no work goes on unseen."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
