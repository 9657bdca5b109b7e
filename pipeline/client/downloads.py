"""Downloads from a signed URL: what it holds, and its bytes in a file, whole or not at all.

The URL is a secret: no Authorization header goes with it, no redirect is followed, and no message
shows its query. Imports `manifest.FileDigests` and this room.
"""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import httpx2

from pipeline.client.failures import failure, unreachable
from pipeline.client.hosts import checked_url, host_of
from pipeline.client.retry import RetryPolicy, persist
from pipeline.client.rounds import LONGEST, OnProgress, Outcome, Rounds, is_passing
from pipeline.client.stored import RemoteObject, compare, remote_of
from pipeline.client.wire import Answer, Limits, Wire
from pipeline.errors import PermanentError
from pipeline.manifest import FileDigests

__all__ = ["download", "remote_object"]

_WHAT = "look at the dataset"
_HEADERS = {"Accept-Encoding": "identity"}
_EMPTY = 416
_PART = 206
_HEAD = 64 << 10
"""Bytes of an answer that is no object, of which its words are read."""


def remote_object(
    url: str, *, retry: RetryPolicy | None = None, limits: Limits | None = None
) -> RemoteObject | None:
    """Size and checksum of what is behind the URL, without its bytes; None where neither is told.

    Asks for the first byte, since a URL that is signed for GET may refuse HEAD.
    """
    target = checked_url(url, flag="the download URL")
    with Wire(limits or Limits(), _HEADERS) as wire:
        request = wire.request("GET", target, headers={"Range": "bytes=0-0"})
        try:
            answer = persist(
                lambda: _head(wire, request),
                repeat="safe",
                policy=retry or RetryPolicy(),
                pause=wire.pause,
            )
        except httpx2.HTTPError as error:
            raise unreachable(_WHAT, host_of(target), error) from error
    if not answer.is_success and answer.status != _EMPTY:
        raise failure(_WHAT, host_of(target), answer)
    remote = remote_of(answer.status, answer.headers)
    return remote if remote.size is not None or remote.crc32c is not None else None


def download(
    url: str,
    path: Path,
    *,
    on_progress: OnProgress | None = None,
    retry: RetryPolicy | None = None,
    limits: Limits | None = None,
) -> FileDigests:
    """Bring the object into a file, whole or not at all; the digests of what was written.

    After a break it goes on by Range where the storage tells that it is the same object still,
    and from the start where not. Raises `IntegrityError` where size or checksum are told and
    differ. `on_progress` is told how many more bytes came. Memory stays flat.
    """
    target = checked_url(url, flag="the download URL")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file, Wire(limits or Limits(), _HEADERS) as wire:
            rounds = Rounds(
                what=f"download {path.name}",
                host=host_of(target),
                wire=wire,
                policy=retry or RetryPolicy(),
                on_progress=on_progress or _untold,
            )
            digests = _Download(target, file, rounds).run()
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return digests


@dataclass(slots=True)
class _Download:
    url: httpx2.URL
    file: BinaryIO
    rounds: Rounds
    digests: FileDigests = field(default_factory=FileDigests)
    remote: RemoteObject | None = None

    def run(self) -> FileDigests:
        """Rounds until all is there; then the comparison."""
        while True:
            outcome = self._round()
            if outcome is None:
                return self._compared()
            if isinstance(outcome, Answer) and not is_passing(outcome):
                raise self.rounds.failed(outcome)
            self.rounds.advanced(self.digests.bytes)
            self.rounds.wait_or_give_up(outcome)

    def _round(self) -> Outcome | None:
        """None when the object has come to its end."""
        wire = self.rounds.wire
        try:
            response = wire.open(wire.request("GET", self.url, headers=self._range()))
            try:
                if not response.is_success:
                    return Answer(response.status_code, response.headers, _first_bytes(response))
                self._take(response)
            finally:
                response.close()
        except httpx2.HTTPError as error:
            return error
        return None

    def _range(self) -> dict[str, str]:
        """From where to go on; nothing where another object could be behind the URL by now."""
        if self.remote is None or not self.remote.version or not self.digests.bytes:
            return {}
        return {"Range": f"bytes={self.digests.bytes}-"}

    def _take(self, response: httpx2.Response) -> None:
        """Write what comes: a whole object from the start, a part behind what is there."""
        if response.headers.get("content-encoding", "identity") != "identity":
            raise PermanentError(
                f"cannot {self.rounds.what}: {self.rounds.host} sends it compressed, which leaves "
                "nothing to compare its checksum with"
            )
        remote = remote_of(response.status_code, response.headers)
        if response.status_code != _PART:
            self._start_over()
        elif not self._fits(response, remote):
            self._start_over()
            raise httpx2.RemoteProtocolError("another part, or a part of another object, came")
        self.remote = remote
        ends = self.rounds.started + LONGEST
        for block in response.iter_raw():
            self.file.write(block)
            self.digests.update(block)
            self.rounds.advanced(self.digests.bytes)
            if time.monotonic() > ends:
                raise httpx2.ReadTimeout("the download trickles")

    def _fits(self, response: httpx2.Response, remote: RemoteObject) -> bool:
        span = response.headers.get("content-range", "")
        return (
            self.remote is not None
            and remote.version == self.remote.version
            and span.startswith(f"bytes {self.digests.bytes}-")
        )

    def _start_over(self) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.digests = FileDigests()

    def _compared(self) -> FileDigests:
        told = self.remote or RemoteObject(None, None)
        compare(
            where=self.rounds.host,
            size=(self.digests.bytes, told.size),
            crc32c=(self.digests.crc32c, told.crc32c),
        )
        return self.digests


def _head(wire: Wire, request: httpx2.Request) -> Answer:
    """The head of the answer, and its words where it is no object."""
    response = wire.open(request)
    try:
        body = b"" if response.is_success else _first_bytes(response)
        return Answer(response.status_code, response.headers, body)
    finally:
        response.close()


def _first_bytes(response: httpx2.Response) -> bytes:
    words = bytearray()
    for part in response.iter_bytes():
        words += part
        if len(words) >= _HEAD:
            break
    return bytes(words)


def _untold(more: int) -> None:
    del more
