"""Uploads to a URL that the Studio handed out: resumable sessions, and single signed PUTs.

The URL is a secret of its own: no Authorization header goes with it, no redirect is followed, and
no message shows its query. Imports api's object, `manifest.FileDigests` and this room.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx2

from pipeline.api.objects import StoredObject
from pipeline.client.failures import server_words
from pipeline.client.hosts import checked_url, host_of
from pipeline.client.retry import RetryPolicy
from pipeline.client.rounds import OnProgress, Outcome, Rounds, is_passing
from pipeline.client.stored import compare, compare_etag, stored_object
from pipeline.client.upload_source import UploadSource
from pipeline.client.wire import Answer, Limits, Wire
from pipeline.errors import IntegrityError, TransientError, UsageError
from pipeline.manifest import FileDigests

__all__ = ["UNIT", "UploadGone", "upload_file"]

UNIT = 256 << 10
"""Chunks but the last are multiples of it.

https://cloud.google.com/storage/docs/performing-resumable-uploads (read 2026-11-23)
"""

_DEAD_SESSION = (404, 410)
_DEAD_LINK = (401, 403, 404, 410)
_REFUSED_BYTES = (400, 412)
_CHECKSUM = re.compile(rb"crc32c|md5|checksum|hash|digest", re.IGNORECASE)
_AMAZON = "X-Amz-Signature"
"""Marks a presigned URL of S3, which answers no CRC32C unless a header was signed for it."""
_SLOWEST = 32 << 10
"""Bytes a second below which an upload in one piece is taken for stuck."""


class UploadGone(TransientError):
    """The URL has ended; ask the Studio for a new one and upload from the start."""


def upload_file(  # noqa: PLR0913 (keyword-only, each with its default)
    url: str,
    path: Path,
    *,
    digests: FileDigests | None = None,
    content_type: str = "application/jsonl",
    on_progress: OnProgress | None = None,
    chunk: int = 8 << 20,
    retry: RetryPolicy | None = None,
    limits: Limits | None = None,
) -> StoredObject:
    """Upload a file, whole and unchanged, or raise.

    A resumable session's URL is asked first how much it holds, so that an upload that was killed
    goes on where it was. Raises `UploadGone` where the URL has ended, `IntegrityError` where the
    file changed meanwhile or the object is not the file, `Unreachable` after too many rounds that
    brought nothing. `on_progress` is told how many more bytes are stored, what an earlier try had
    stored among them. At most `chunk` bytes are held in memory. `digests`, where they are known,
    spare the reading that makes them.
    """
    if chunk < UNIT or chunk % UNIT:
        raise UsageError(f"the chunk of an upload must be a multiple of {UNIT:,} bytes")
    target = checked_url(url, flag="the upload URL")
    headers = {"Content-Type": content_type, "Accept-Encoding": "identity"}
    with UploadSource(path, digests) as source, Wire(limits or Limits(), headers) as wire:
        rounds = Rounds(
            what=f"upload {path.name}",
            host=host_of(target),
            wire=wire,
            policy=retry or RetryPolicy(),
            on_progress=on_progress or _untold,
        )
        upload = _Upload(target, source, rounds)
        return upload.resumable(chunk) if "upload_id" in target.params else upload.single()


@dataclass(frozen=True, slots=True)
class _Upload:
    url: httpx2.URL
    source: UploadSource
    rounds: Rounds

    def resumable(self, chunk: int) -> StoredObject:
        """Ask, send from where the server is, and ask again after every trouble."""
        position: int | None = None
        while True:
            asked = position is None
            outcome = self._ask() if position is None else self._send(position, chunk)
            match outcome:
                case Answer(status=200 | 201):
                    return self._finished(outcome)
                case Answer(status=308) if "location" not in outcome.headers:
                    position = _position(outcome, self.source.size)
                    if self.rounds.advanced(position) or asked:
                        continue
                case Answer() if not is_passing(outcome):
                    raise self._refused(outcome, _DEAD_SESSION)
                case _:
                    position = None
            self._wait(outcome)

    def single(self) -> StoredObject:
        """The whole file in one PUT, and again as a whole after every trouble."""
        limits = self.rounds.wire.limits
        length = {"Content-Length": str(self.source.size)}
        md5 = self.source.md5() if _AMAZON in self.url.params else None
        patient = limits.patient(limits.silence, self.source.size / _SLOWEST)
        while True:
            self.source.check_unchanged()
            outcome = self._put(length, self.source.blocks(), patient)
            match outcome:
                case Answer() if outcome.is_success:
                    compare_etag(self.rounds.host, outcome, md5)
                    return self._finished(outcome)
                case Answer() if not is_passing(outcome):
                    raise self._refused(outcome, _DEAD_LINK)
            self._wait(outcome)

    def _ask(self) -> Outcome:
        """How much is stored; a 200 here says that an answer was lost and all is there."""
        return self._put({"Content-Range": f"bytes */{self.source.size}"}, b"")

    def _send(self, position: int, chunk: int) -> Outcome:
        if self.source.size == 0:
            return self._ask()
        data = self.source.read(position, chunk)
        end = position + len(data)
        headers = {"Content-Range": f"bytes {position}-{end - 1}/{self.source.size}"}
        if end == self.source.size:
            headers["x-goog-hash"] = f"crc32c={self.source.crc32c}"
        return self._put(headers, data)

    def _put(
        self,
        headers: dict[str, str],
        content: bytes | Iterable[bytes],
        limits: Limits | None = None,
    ) -> Outcome:
        """One PUT; a broken connection is an outcome like others."""
        wire = self.rounds.wire
        request = wire.request("PUT", self.url, headers=headers, content=content, limits=limits)
        try:
            return wire.exchange(request, limits)
        except httpx2.HTTPError as error:
            return error

    def _finished(self, answer: Answer) -> StoredObject:
        """The object, once it is the file's equal."""
        self.source.check_unchanged()
        stored = stored_object(answer, self.url, self.source.size)
        size = int(stored.size) if stored.size.isdecimal() else None
        compare(
            where=self.rounds.host,
            size=(self.source.size, size),
            crc32c=(self.source.crc32c, stored.crc32c),
        )
        self.rounds.advanced(self.source.size)
        return stored

    def _refused(self, answer: Answer, dead: tuple[int, ...]) -> Exception:
        """The exception for an answer that says no to these bytes or to this URL."""
        said = f"{self.rounds.host} answered {answer.status}, {server_words(answer)}"
        if answer.status in dead or _has_expired(answer):
            return UploadGone(f"the upload URL has ended: {said}; ask for a new one")
        if answer.status in _REFUSED_BYTES and _CHECKSUM.search(answer.body):
            return IntegrityError(
                f"cannot {self.rounds.what}: the bytes arrived changed: {said}; upload it again"
            )
        return self.rounds.failed(answer)

    def _wait(self, outcome: Outcome) -> None:
        """Wait before the next round; a file that changed is told before a server that is gone."""
        self.source.check_unchanged()
        self.rounds.wait_or_give_up(outcome)


def _position(answer: Answer, size: int) -> int:
    """Where to go on: what Range says is stored, rounded down to what may be sent from.

    Without Range nothing is stored. Bytes that are stored already are ignored when they come
    again, so that rounding down is safe; `bytes=0-0`, with which an emulator means nothing,
    becomes 0. Where all is stored but not finished, the end is sent again.
    """
    found = re.fullmatch(r"(?:bytes=)?0-(\d+)", answer.headers.get("range", "").strip())
    stored = int(found[1]) + 1 if found else 0
    if stored > max(size, 1):
        raise IntegrityError(
            f"the upload session holds {stored:,} bytes and the file has {size:,}: it is not this "
            "file's; ask for a new upload URL"
        )
    return max(min(stored, size - 1), 0) // UNIT * UNIT


def _has_expired(answer: Answer) -> bool:
    return answer.status == 400 and b"ExpiredToken" in answer.body  # noqa: PLR2004 (Bad Request)


def _untold(more: int) -> None:
    del more
