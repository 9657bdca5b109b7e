"""Bytes by URL."""

from pathlib import Path

from pipeline.errors import UsageError
from pipeline.storage.local import LocalStore
from pipeline.storage.lock import hold_folder

__all__ = ["LocalStore", "hold_folder", "open_store"]


def open_store(url: str) -> LocalStore:
    """The store of a work-dir. Buckets are not built yet."""
    scheme, found, _ = url.partition("://")
    if found and scheme != "file":
        raise UsageError(f"--work-dir {url}: {scheme}:// is not built yet; give a local folder")
    return LocalStore(Path(url.removeprefix("file://")).expanduser().resolve())
