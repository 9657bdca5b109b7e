"""Bytes by URL."""

from pathlib import Path

from pipeline.errors import UsageError
from pipeline.storage.local import LocalStore

__all__ = ["LocalStore", "open_store"]


def open_store(url: str) -> LocalStore:
    """The store of a work-dir. Buckets are not built yet."""
    scheme, found, _ = url.partition("://")
    if found and scheme != "file":
        raise UsageError(f"--work-dir {url}: {scheme}:// is not built yet; give a local folder")
    return LocalStore(Path(url.removeprefix("file://")).expanduser().resolve())
