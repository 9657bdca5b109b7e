"""Datasets as files for those who read them: the object's own, or one that is brought here first.

Bringing takes as long as it takes, in threads of its own: whoever asks is told to ask again.
"""

import shutil
import threading
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from pipeline.studio.objects.store import Objects

__all__ = ["Scratch"]

_AT_ONCE = 2


class Scratch:
    """A folder with the datasets that are in use. Emptied when it is opened."""

    def __init__(self, objects: Objects, folder: Path) -> None:
        self._objects = objects
        self._folder = folder
        self._fetching: dict[str, Future[Path]] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="datasets")
        shutil.rmtree(folder, ignore_errors=True)

    def ready(self, name: str) -> Path | None:
        """The file with the object's bytes; None as long as it is on its way.

        Raises what bringing it raised, once; the next call begins anew.
        """
        if (path := self._objects.local(name)) is not None:
            return path
        with self._lock:
            future = self._fetching.get(name)
            if future is None:
                self._fetching[name] = self._threads.submit(self._fetch, name)
                return None
            if not future.done():
                return None
            if future.exception() is not None:
                del self._fetching[name]
            return future.result()

    def keep(self, names: Collection[str]) -> None:
        """Remove the files of all but these objects."""
        with self._lock:
            over = [name for name, one in self._fetching.items() if one.done()]
            for name in over:
                if name not in names:
                    del self._fetching[name]
                    (self._folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Start nothing more, and wait for what is under way."""
        self._threads.shutdown(cancel_futures=True)

    def _fetch(self, name: str) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / name
        self._objects.fetch(name, path)
        return path
