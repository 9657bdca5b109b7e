"""Datasets in a bucket of Google Cloud Storage: uploads and downloads go there, past the Studio.

Resumable sessions are begun here for an object that must not exist yet, so that nothing is ever
overwritten. A link for one PUT cannot be bound so without a header that its user would have to
send: it leads to a name of its own, and what came there is copied when it is accepted.
Imports google-cloud-storage.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import google.auth.transport.requests
from google.api_core.exceptions import GoogleAPIError, PreconditionFailed
from google.api_core.exceptions import NotFound as Missing
from google.auth.credentials import AnonymousCredentials, Signing
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage import Blob, Client
from google.cloud.storage.exceptions import DataCorruption
from requests.exceptions import RequestException

from pipeline.errors import IntegrityError, NotFound, PermanentError, Unreachable, UsageError
from pipeline.studio.database import Database
from pipeline.studio.objects.links import Links
from pipeline.studio.objects.parts import digests_of
from pipeline.studio.objects.rows import Finished, ObjectRows
from pipeline.studio.objects.store import CONTENT_TYPE, INCOMING

__all__ = ["GcsObjects"]

_ENDPOINT = "https://storage.googleapis.com"
"""Always said: unsaid, STORAGE_EMULATOR_HOST and API_ENDPOINT_OVERRIDE would say another."""
_CHUNK = 8 << 20
_SECONDS = 60.0


class GcsObjects:
    """Objects under a prefix of a bucket."""

    spool = None
    """Google serves the upload sessions."""

    def __init__(
        self, database: Database, where: tuple[str, str], links: Links, endpoint: str | None
    ) -> None:
        self.rows = ObjectRows(database)
        bucket, self._prefix = where
        self._url = f"gs://{bucket}/{self._prefix}"
        self._lifetime = timedelta(seconds=links.lifetime)
        self._signer = _NoSigner() if endpoint else None
        with _trouble(self._url):
            self._client = _client(endpoint)
            self._bucket = self._client.bucket(bucket)
            list(self._client.list_blobs(bucket, prefix=self._prefix, max_results=1))

    def place(self, name: str) -> str:
        """`gs://…`, as trainings at Google take it."""
        return f"{self._url}{name}"

    def download_url(self, name: str) -> str:
        """A V4 signed URL of the very bytes that were accepted."""
        stored = self.rows.find(name)
        return self._signed(name, "GET", generation=stored.generation if stored else None)

    def upload_url(self, session: str, *, resumable: bool) -> str:
        """A resumable session's URI, or a V4 signed URL for one PUT."""
        upload = self.rows.begin(session)
        if not resumable:
            return self._signed(INCOMING + upload.object, "PUT")
        with _trouble(self._url):
            url: str = self._blob(upload.object).create_resumable_upload_session(
                content_type=CONTENT_TYPE, if_generation_match=0, timeout=_SECONDS
            )
        return url

    def put(self, session: str, source: Path) -> str:
        """A new object with the bytes of a file; Google compares the checksum."""
        upload = self.rows.begin(session)
        blob = self._blob(upload.object)
        with _trouble(self._url):
            blob.upload_from_filename(
                str(source),
                content_type=CONTENT_TYPE,
                if_generation_match=0,
                checksum="crc32c",
                timeout=_SECONDS,
            )
        self.rows.finish(upload, _finished(blob))
        return upload.object

    def accept(self, name: str, session: str) -> str | None:
        """The name of the session's finished object, which Google calls by its key."""
        name = name.removeprefix(self._prefix).removeprefix(INCOMING)
        upload = self.rows.upload_of(name)
        if upload is None or upload.session != session:
            return None
        if upload.state == "open":
            with _trouble(self._url):
                blob = self._there(name) or self._copied(name)
            if blob is None:
                return None
            self.rows.finish(upload, _finished(blob))
        return name if self.rows.belongs(name, session) else None

    def local(self, name: str) -> Path | None:
        """None: the bytes are at Google."""
        del name
        return None

    def fetch(self, name: str, target: Path) -> None:
        """Bring the object of the accepted generation into a file."""
        stored = self.rows.find(name)
        if stored is None:
            raise NotFound(f"{name}: no such object")
        blob = self._bucket.blob(
            self._prefix + name, chunk_size=_CHUNK, generation=int(stored.generation or 0)
        )
        with _trouble(self._url):
            blob.download_to_filename(str(target), timeout=_SECONDS)
        if digests_of(target)[0] != stored.crc32c:
            raise IntegrityError(f"{self._url}{name}: is not what was accepted; upload it again")

    def reach(self) -> None:
        """List one object: a bucket that is not there has no list, not even an empty one."""
        with _trouble(self._url):
            found = self._bucket.list_blobs(prefix=self._prefix, max_results=1, timeout=_SECONDS)
            next(iter(found), None)

    def sweep(self) -> None:
        """Google ends what is left of unfinished uploads by itself after a week."""

    def _blob(self, name: str) -> Blob:
        return self._bucket.blob(self._prefix + name, chunk_size=_CHUNK)

    def _there(self, name: str) -> Blob | None:
        return self._bucket.get_blob(self._prefix + name, timeout=_SECONDS)

    def _copied(self, name: str) -> Blob | None:
        """What came by a link, copied to where no link can write."""
        came, target, token = self._there(INCOMING + name), self._blob(name), ""
        if came is None:
            return None
        try:
            while token is not None:
                token, _, _ = target.rewrite(
                    came,
                    token=token or None,
                    if_generation_match=0,
                    if_source_generation_match=came.generation,
                    timeout=_SECONDS,
                )
        except PreconditionFailed:
            return self._there(name)
        came.delete(timeout=_SECONDS)
        return self._there(name)

    def _signed(self, name: str, method: str, generation: str | None = None) -> str:
        with _trouble(self._url):
            url: str = self._blob(name).generate_signed_url(
                version="v4",
                method=method,
                expiration=self._lifetime,
                generation=generation,
                credentials=self._signer,
                **self._signing(),
            )
        return url

    def _signing(self) -> dict[str, Any]:
        """Where the credentials hold no key (a machine of Google's): signed by IAM instead."""
        credentials = self._signer or self._client._credentials  # noqa: SLF001 (no public way)
        if isinstance(credentials, Signing):
            return {}
        credentials.refresh(google.auth.transport.requests.Request())
        email = getattr(credentials, "service_account_email", None)
        return {"service_account_email": email, "access_token": credentials.token}


class _NoSigner(Signing):  # type: ignore[no-untyped-call,misc,unused-ignore]
    """Signs for a server that a person named instead of Google, which checks no signature."""

    signer_email = "nobody@localhost"
    signer = None

    def sign_bytes(self, message: bytes) -> bytes:
        """Bytes that are no signature."""
        del message
        return b"unsigned"


def _client(endpoint: str | None) -> Client:
    options = {"api_endpoint": endpoint or _ENDPOINT}
    if endpoint is None:
        return Client(client_options=options)
    return Client(project="none", credentials=AnonymousCredentials(), client_options=options)


def _finished(blob: Blob) -> Finished:
    return Finished(int(blob.size), blob.crc32c or "", blob.md5_hash or "", str(blob.generation))


@contextmanager
def _trouble(url: str) -> Iterator[None]:
    """What the library raises, as one of the house's, without the secrets that it may quote."""
    try:
        yield
    except Missing:
        raise NotFound(f"{url}: is not there") from None
    except DataCorruption:
        raise IntegrityError(f"{url}: the bytes arrived changed; try again") from None
    except GoogleAPIError as error:
        status = getattr(error, "code", None)
        said = f"{url}: Google answered {status or type(error).__name__}"
        if status is None or status in (408, 429) or status >= 500:  # noqa: PLR2004 (server errors)
            raise Unreachable(said) from None
        raise PermanentError(
            f"{said}; the Studio's account needs to read and write there"
        ) from None
    except GoogleAuthError as error:
        raise UsageError(
            f"{url}: no credentials of Google ({type(error).__name__}); run `gcloud auth "
            "application-default login`, or name a key file in GOOGLE_APPLICATION_CREDENTIALS"
        ) from None
    except RequestException as error:
        raise Unreachable(f"{url}: cannot be reached ({type(error).__name__})") from None
