"""Datasets in a bucket of Amazon S3, or of a server that speaks its API.

S3 has no upload session behind one URL. So a resumable upload goes to the Studio, which speaks
Cloud Storage's protocol as for a local folder and sends each full part on to a multipart upload
before it says that the bytes are stored. A link for one PUT goes to S3 past the Studio, to a name
of its own; what came there is copied when it is accepted, so that no link can change an object
that was accepted, and S3 reckons its CRC32C by the way. Imports boto3.
"""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import google_crc32c
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from msgspec import Struct

from pipeline.errors import IntegrityError, NotFound, PermanentError, Unreachable, UsageError
from pipeline.studio.database import Database
from pipeline.studio.objects.links import Links
from pipeline.studio.objects.parts import Parts, digests_of
from pipeline.studio.objects.quota import ObjectLimits, Quota
from pipeline.studio.objects.rows import Finished, ObjectRows, UploadState
from pipeline.studio.objects.spool import Spool
from pipeline.studio.objects.store import CONTENT_TYPE, INCOMING

__all__ = ["PART", "S3Objects"]

PART = 8 << 20
"""Bytes of a part: at least 5 MiB, and at most 10,000 parts make an object.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html (read 2026-11-26)
"""
_BLOCK = 1 << 20
_GONE = ("404", "NoSuchKey", "NoSuchUpload", "NoSuchBucket", "NotFound")
_FAILED = ("412", "PreconditionFailed")


class _Sent(Struct):
    """A multipart upload under way, and its parts in order."""

    id: str
    parts: list[dict[str, Any]]

    @property
    def size(self) -> int:
        """Bytes that are at S3."""
        return len(self.parts) * PART


class S3Objects:
    """Objects under a prefix of a bucket; uploads under way in parts on this disk too."""

    def __init__(
        self,
        database: Database,
        where: tuple[str, str],
        links: Links,
        *,
        endpoint: str | None,
        limits: ObjectLimits,
        data_dir: Path,
    ) -> None:
        self.rows = ObjectRows(database)
        self._bucket, self._prefix = where
        self._url = f"s3://{self._bucket}/{self._prefix}"
        self._links = links
        self._sent: dict[str, _Sent] = {}
        parts = data_dir / "parts"
        parts.mkdir(parents=True, exist_ok=True)
        used = sum(entry.stat().st_size for entry in parts.iterdir())
        self.spool = Spool(self.rows, Parts(parts, Quota(limits.all, used)), self, limits)
        with _trouble(self._url):
            self._client = _client(self._bucket, endpoint)

    def place(self, name: str) -> str:
        """`s3://…`, as trainings at Amazon take it."""
        return f"{self._url}{name}"

    def download_url(self, name: str) -> str:
        """A presigned URL."""
        return self._presigned("get_object", self._prefix + name)

    def upload_url(self, session: str, *, resumable: bool) -> str:
        """A resumable session of this Studio's, or a presigned URL for one PUT."""
        upload = self.spool.begin(session)
        if resumable:
            return self._links.resumable(upload.id)
        return self._presigned("put_object", f"{self._prefix}{INCOMING}{upload.object}")

    def put(self, session: str, source: Path) -> str:
        """A new object with the bytes of a file."""
        upload = self.rows.begin(session)
        self.rows.finish(upload, self.take(upload.object, source, digests_of(source)))
        return upload.object

    def accept(self, name: str, session: str) -> str | None:
        """The name of the session's finished object; what came by a link of one PUT is copied."""
        name = name.removeprefix(self._prefix).removeprefix(INCOMING)
        upload = self.rows.upload_of(name)
        if upload is None or upload.session != session:
            return None
        if upload.state == "open":
            self._accept_single(upload)
        return name if self.rows.belongs(name, session) else None

    def local(self, name: str) -> Path | None:
        """None: the bytes are at Amazon."""
        del name
        return None

    def fetch(self, name: str, target: Path) -> None:
        """Bring the object as it was accepted into a file."""
        stored = self.rows.find(name)
        if stored is None:
            raise NotFound(f"{name}: no such object")
        with _trouble(self._url + name), target.open("wb") as file:
            body = self._call("get_object", name, IfMatch=f'"{stored.generation}"')["Body"]
            for block in body.iter_chunks(_BLOCK):
                file.write(block)
        crc32c, _ = digests_of(target)
        if target.stat().st_size != int(stored.size) or stored.crc32c not in (None, crc32c):
            raise IntegrityError(f"{self._url}{name}: is not what was accepted; upload it again")

    def reach(self) -> None:
        """Ask for the bucket, as at the start."""
        with _trouble(self._url):
            self._client.head_bucket(Bucket=self._bucket)

    def sweep(self) -> None:
        """End what no upload will finish, here and at Amazon."""
        self.spool.sweep()

    def recover(self, name: str) -> Finished | None:
        """Nothing is to be recovered: the part stays until the row is there."""
        del name
        return None

    def forward(self, name: str, part: Path, size: int) -> None:
        """Send every full part that is settled."""
        if size >= PART:
            with _trouble(self._url + name):
                self._send_parts(name, part, size - size % PART)

    def take(self, name: str, part: Path, digests: tuple[str, str]) -> Finished:
        """Make the object: in one request where it is small, else of its parts."""
        crc32c, md5 = digests
        with _trouble(self._url + name):
            there = self._head(self._prefix + name)
            if there is None:
                self._complete(name, part, crc32c)
                there = self._head(self._prefix + name)
        self._sent.pop(name, None)
        size = part.stat().st_size if part.exists() else 0
        if there is None or there["ContentLength"] != size or _crc32c(there) not in ("", crc32c):
            raise IntegrityError(f"{self._url}{name}: the bytes arrived changed; upload it again")
        return Finished(size, crc32c, md5, there["ETag"].strip('"'))

    def forget(self, name: str) -> None:
        """End its multipart upload, and remove what came by a link."""
        with _trouble(self._url + name):
            sent = self._multipart(name)
            if sent is not None:
                self._call("abort_multipart_upload", name, UploadId=sent.id)
            self._call("delete_object", INCOMING + name)
        self._sent.pop(name, None)

    def _accept_single(self, upload: UploadState) -> None:
        """Copy what came by a link to where no link can write."""
        name, incoming = upload.object, f"{self._prefix}{INCOMING}{upload.object}"
        with _trouble(self._url + name):
            there = self._head(self._prefix + name)
            came = self._head(incoming) if there is None else None
            if came is not None and came["ContentLength"] <= self.spool.limits.one:
                self._call(
                    "copy_object",
                    name,
                    CopySource={"Bucket": self._bucket, "Key": incoming},
                    CopySourceIfMatch=came["ETag"],
                    ChecksumAlgorithm="CRC32C",
                )
                there = self._head(self._prefix + name)
            if there is None:
                return
            etag = there["ETag"].strip('"')
            self.rows.finish(upload, Finished(there["ContentLength"], _crc32c(there), "", etag))
            self._call("delete_object", INCOMING + name)

    def _complete(self, name: str, part: Path, crc32c: str) -> None:
        """The object appears, unless one of that name is there."""
        size = part.stat().st_size if part.exists() else 0
        if size < PART:
            body = part.read_bytes() if size else b""
            self._call(
                "put_object",
                name,
                Body=body,
                ContentType=CONTENT_TYPE,
                ChecksumCRC32C=crc32c,
                IfNoneMatch="*",
            )
            return
        sent = self._send_parts(name, part, size)
        self._call(
            "complete_multipart_upload",
            name,
            UploadId=sent.id,
            MultipartUpload={"Parts": sent.parts},
            ChecksumCRC32C=crc32c,
            ChecksumType="FULL_OBJECT",
            MpuObjectSize=size,
            IfNoneMatch="*",
        )

    def _send_parts(self, name: str, part: Path, size: int) -> _Sent:
        """Send on what of the first `size` bytes is not at Amazon yet."""
        sent = self._multipart(name)
        if sent is None:
            made = self._call(
                "create_multipart_upload",
                name,
                ContentType=CONTENT_TYPE,
                ChecksumAlgorithm="CRC32C",
                ChecksumType="FULL_OBJECT",
            )
            sent = _Sent(made["UploadId"], [])
        self._sent[name] = sent
        with part.open("rb") as file:
            while sent.size < size:
                file.seek(sent.size)
                data = file.read(min(PART, size - sent.size))
                sent.parts.append(self._send_part(name, sent, data))
        return sent

    def _send_part(self, name: str, sent: _Sent, data: bytes) -> dict[str, Any]:
        number = len(sent.parts) + 1
        crc32c = b64encode(google_crc32c.Checksum(data).digest()).decode()
        told = self._call(
            "upload_part",
            name,
            UploadId=sent.id,
            PartNumber=number,
            Body=data,
            ChecksumCRC32C=crc32c,
        )
        return {"PartNumber": number, "ETag": told["ETag"], "ChecksumCRC32C": crc32c}

    def _multipart(self, name: str) -> _Sent | None:
        """The upload under way for a name; of one that another process began, the full parts."""
        if name in self._sent:
            return self._sent[name]
        key = self._prefix + name
        listed = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=key)
        ids = [one["UploadId"] for one in listed.get("Uploads", ()) if one["Key"] == key]
        if not ids:
            return None
        parts: list[dict[str, Any]] = []
        pages = self._client.get_paginator("list_parts")
        for page in pages.paginate(Bucket=self._bucket, Key=key, UploadId=ids[0]):
            for one in page.get("Parts", ()):
                if one["PartNumber"] == len(parts) + 1 and one["Size"] == PART:
                    told = {"PartNumber": one["PartNumber"], "ETag": one["ETag"]}
                    if "ChecksumCRC32C" in one:
                        told["ChecksumCRC32C"] = one["ChecksumCRC32C"]
                    parts.append(told)
        return _Sent(ids[0], parts)

    def _head(self, key: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._client.head_object(
                Bucket=self._bucket, Key=key, ChecksumMode="ENABLED"
            )
        except ClientError as error:
            if _code(error) in _GONE:
                return None
            raise
        return found

    def _call(self, operation: str, name: str, **more: Any) -> dict[str, Any]:
        call = getattr(self._client, operation)
        answer: dict[str, Any] = call(Bucket=self._bucket, Key=self._prefix + name, **more)
        return answer

    def _presigned(self, operation: str, key: str) -> str:
        with _trouble(self._url):
            url: str = self._client.generate_presigned_url(
                operation,
                Params={"Bucket": self._bucket, "Key": key},
                ExpiresIn=int(self._links.lifetime),
            )
        return url


def _client(bucket: str, endpoint: str | None) -> Any:
    """A client in the bucket's own region, which its presigned URLs have to name."""
    config = Config(
        signature_version="s3v4",
        # AWS_ENDPOINT_URL and a profile's endpoint_url would lead uploads elsewhere unasked.
        ignore_configured_endpoint_urls=True,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "max_attempts": 4},
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    region = None if endpoint is None else "us-east-1"
    client = boto3.client("s3", endpoint_url=endpoint, region_name=region, config=config)
    if endpoint is not None:
        client.head_bucket(Bucket=bucket)
        return client
    told = client.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    region = told.get("x-amz-bucket-region")
    return boto3.client("s3", region_name=region, config=config)


def _crc32c(head: dict[str, Any]) -> str:
    """The object's; empty where there is none, or one of the parts' checksums."""
    told = str(head.get("ChecksumCRC32C", ""))
    return "" if "-" in told else told


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _trouble(url: str) -> Iterator[None]:
    """What the library raises, as one of the house's."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = _code(error)
        said = f"{url}: S3 answered {status} {code}"
        if code in _GONE:
            raise NotFound(f"{url}: is not there") from None
        if code in _FAILED:
            raise IntegrityError(f"{url}: is not what was accepted; upload it again") from None
        if code in ("BadDigest", "InvalidDigest"):
            raise IntegrityError(f"{url}: the bytes arrived changed; try again") from None
        if status >= 500 or code in ("SlowDown", "RequestTimeout"):  # noqa: PLR2004
            raise Unreachable(said) from None
        raise PermanentError(
            f"{said}; the Studio's account needs to read and write there"
        ) from None
    except NoCredentialsError:
        raise UsageError(
            f"{url}: no credentials of Amazon; run `aws configure`, or set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY"
        ) from None
    except BotoCoreError as error:
        raise Unreachable(f"{url}: cannot be reached ({type(error).__name__})") from None
