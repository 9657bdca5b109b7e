"""Full runs, their bytes exactly as they came. Imports api's run types and this room."""

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import msgspec
from msgspec import Raw, Struct

from pipeline.api.runs import FindRunsBody, decode_raw_list
from pipeline.client.failures import failure
from pipeline.client.hosts import path_word
from pipeline.client.transport import Call, Transport, get, post
from pipeline.client.wire import Answer, AnswerTooLarge
from pipeline.errors import NotFound

__all__ = ["Runs"]

_NOT_FOR_US = (400, 403, 404, 405, 410, 501)
"""Answers of `/runs/find` that mean it is missing or forbidden, for good."""
_NOT_THESE = (413, 500)
"""Answers that mean it cannot give these runs at once; one at a time it may."""
_SINGLES = 16
"""Runs that are read one by one at a time: an answer is waited for far longer than it is sent."""


class _Key(Struct):
    id: str


class Runs:
    """Runs by id: one, some, or very many in order."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._find_is_closed = threading.Event()

    def get(self, run_id: str) -> bytes:
        """The run's document as it came; `NotFound` where there is none (any more)."""
        call = get(f"/runs/{path_word(run_id)}", f"read run {run_id}")
        return self._transport.document(call, self._transport.ask(call))

    def find(self, run_ids: Sequence[str]) -> dict[str, bytes]:
        """The documents of those runs that the server found, in one call, by id."""
        call = _find_call(run_ids)
        return _picked(self._transport.ask(call), run_ids)

    def fetch(
        self, ids: Sequence[str], *, batch: int = 100, workers: int = 4
    ) -> Iterator[list[tuple[str, bytes | None]]]:
        """Every run in the order of `ids`, a batch at a time; None where one vanished.

        At most `workers` batches are held, however slowly they are taken. Where `/runs/find` is
        missing or forbidden, runs are read one by one, 16 at a time, in the same order.
        """
        with _pool(_SINGLES, "fetch-run") as singles, _pool(workers, "fetch-runs") as pool:
            ahead: deque[Future[list[tuple[str, bytes | None]]]] = deque()
            for start in range(0, len(ids), batch):
                ahead.append(pool.submit(self._all_of, ids[start : start + batch], singles))
                if len(ahead) >= workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def _all_of(
        self, ids: Sequence[str], singles: ThreadPoolExecutor
    ) -> list[tuple[str, bytes | None]]:
        """What `/runs/find` gives of these runs, and each of the others by itself."""
        documents: dict[str, bytes | None] = dict(self._found(ids))
        missing = [run_id for run_id in dict.fromkeys(ids) if run_id not in documents]
        documents.update(zip(missing, singles.map(self._get_or_none, missing), strict=True))
        return [(run_id, documents[run_id]) for run_id in ids]

    def _found(self, ids: Sequence[str]) -> dict[str, bytes]:
        """What `/runs/find` gives of these runs; nothing where it cannot."""
        if self._find_is_closed.is_set():
            return {}
        call = _find_call(ids)
        try:
            answer = self._transport.send(call)
        except AnswerTooLarge:
            return self._halves(ids)
        if answer.is_success:
            return _picked(answer, ids)
        if answer.status in _NOT_FOR_US:
            self._find_is_closed.set()
        elif answer.status not in _NOT_THESE:
            raise failure(call.what, self._transport.host, answer)
        return {}

    def _halves(self, ids: Sequence[str]) -> dict[str, bytes]:
        if len(ids) == 1:
            return {}
        middle = len(ids) // 2
        return self._found(ids[:middle]) | self._found(ids[middle:])

    def _get_or_none(self, run_id: str) -> bytes | None:
        try:
            return self.get(run_id)
        except NotFound:
            return None


def _picked(answer: Answer, ids: Sequence[str]) -> dict[str, bytes]:
    """The asked runs among those answered; one whose id cannot be read is as good as absent.

    One run that is no JSON (NaN) makes the whole answer none, and says nothing of the others:
    then none is taken, and each can be read by itself.
    """
    try:
        rows = decode_raw_list(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    wanted = set(ids)
    keyed = ((_id_of(row), row) for row in rows)
    return {key: bytes(row) for key, row in keyed if key is not None and key in wanted}


def _id_of(row: Raw) -> str | None:
    try:
        return msgspec.json.decode(row, type=_Key).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _find_call(ids: Sequence[str]) -> Call:
    query: Mapping[str, object] = {"_id": {"$in": list(ids)}}
    body = FindRunsBody(query=dict(query), limit=len(ids))
    return post("/runs/find", f"read {len(ids)} runs at once", body=body, repeat="safe")


@contextmanager
def _pool(workers: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Threads that are not waited for when the taker stops in the middle."""
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix=name)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
