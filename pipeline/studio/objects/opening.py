"""`--objects URL`: which place it names, made ready. A cloud's SDK is imported only where asked."""

from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from pipeline.errors import UsageError
from pipeline.studio.database import Database
from pipeline.studio.objects.links import Links
from pipeline.studio.objects.local import LocalObjects
from pipeline.studio.objects.quota import ObjectLimits
from pipeline.studio.objects.store import Objects

__all__ = ["ObjectsAt", "open_objects"]

_MODULES = {"gs": ("gcs", "google.cloud.storage"), "s3": ("s3", "boto3")}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ObjectsAt(Struct, frozen=True):
    """Where datasets are kept."""

    url: str | None = None
    """A folder, `gs://BUCKET/PREFIX` or `s3://BUCKET/PREFIX`; None: in the data-dir."""
    endpoint: str | None = None
    """Another server that speaks the cloud's API, said by a person. No variable of the
    environment is followed to one: it would lead uploads elsewhere without a word."""
    limits: ObjectLimits = ObjectLimits()


def open_objects(at: ObjectsAt, database: Database, data_dir: Path, links: Links) -> Objects:
    """The place, once it is known to be there. Raises `UsageError` for one that is no place."""
    scheme, found, _ = (at.url or "").partition("://")
    if not found or scheme == "file":
        if at.endpoint is not None:
            raise UsageError("--objects-endpoint: is for gs:// and s3:// alone")
        folder = Path(at.url.removeprefix("file://")).expanduser() if at.url else data_dir
        return LocalObjects(database, folder, links, at.limits)
    if scheme not in _MODULES:
        raise UsageError(f"--objects {scheme}://: give a folder, gs://BUCKET or s3://BUCKET")
    _check_endpoint(at.endpoint)
    _check_installed(scheme)
    parts = urlsplit(at.url or "")
    if not parts.netloc or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(f"--objects: must be {scheme}://BUCKET or {scheme}://BUCKET/PREFIX")
    prefix = f"{parts.path.strip('/')}/".lstrip("/")
    if scheme == "gs":
        from pipeline.studio.objects.gcs import GcsObjects  # noqa: PLC0415 (an extra)

        return GcsObjects(database, (parts.netloc, prefix), links, at.endpoint)
    from pipeline.studio.objects.s3 import S3Objects  # noqa: PLC0415 (an extra)

    return S3Objects(
        database,
        (parts.netloc, prefix),
        links,
        endpoint=at.endpoint,
        limits=at.limits,
        data_dir=data_dir,
    )


def _check_endpoint(endpoint: str | None) -> None:
    if endpoint is None:
        return
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise UsageError("--objects-endpoint: must be https://HOST, or http:// on this machine")
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        raise UsageError(
            f"--objects-endpoint: http://{url.hostname} would show datasets to everyone on the "
            "way; use https:// (http:// is for this machine alone)"
        )


def _check_installed(scheme: str) -> None:
    extra, module = _MODULES[scheme]
    try:
        found = find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise UsageError(
            f"--objects {scheme}://: needs {module}; install it with "
            f"`pip install 'trainset[{extra}]'`"
        )
