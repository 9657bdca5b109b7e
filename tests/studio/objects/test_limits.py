"""How large a dataset may be, how much all may take, and a disk that is full."""

import os
from collections.abc import Callable, Iterator
from errno import ENOSPC
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.client import RetryPolicy, upload_file
from pipeline.errors import NoSpace, PermanentError, Unreachable
from pipeline.studio import EmbeddedStudio, ObjectLimits, ObjectsAt
from pipeline.studio.objects.quota import Quota

UNIT = 256 << 10
QUICK = RetryPolicy(attempts=2, total=5.0, base=0.001, cap=0.002)


@pytest.fixture
def account_there(tmp_path: Path, new_account: Callable[..., Any]) -> Iterator[Any]:
    """A project in a Studio that takes objects of a megabyte, three megabytes in all."""
    at = ObjectsAt(limits=ObjectLimits(4 * UNIT, 12 * UNIT))
    with (
        EmbeddedStudio(tmp_path / "small", objects=at) as studio,
        httpx2.Client(base_url=studio.url, timeout=60) as client,
    ):
        yield new_account(where=studio, client=client)


def fresh(account: Any, resumable: str = "true") -> str:
    path = f"/training/{account.session()}/upload-url"
    return str(account.ok(account.get(path, resumable=resumable))["url"])


def put(account: Any, url: str, size: int, place: str | None = None) -> Any:
    headers = {} if place is None else {"Content-Range": f"bytes {place}"}
    return account.http.put(url, content=b"x" * size, headers=headers)


@pytest.mark.parametrize("resumable", ["true", "false"])
def test_an_object_that_is_too_large_is_413_however_it_is_sent(
    account_there: Any, resumable: str
) -> None:
    account_there.ok(put(account_there, fresh(account_there, resumable), 4 * UNIT))
    url = fresh(account_there, resumable)
    message = account_there.refused(put(account_there, url, 4 * UNIT + 1), 413)
    assert "at most 1,048,576 bytes" in message
    unsaid = account_there.http.put(url, content=iter([b"x" * UNIT] * 5))
    account_there.refused(unsaid, 413)
    account_there.ok(put(account_there, url, 4))


def test_a_range_beyond_the_limit_is_refused_before_its_bytes_come(account_there: Any) -> None:
    url = fresh(account_there)
    account_there.refused(put(account_there, url, UNIT, f"0-{UNIT - 1}/{5 * UNIT}"), 413)
    account_there.refused(put(account_there, url, UNIT, f"{4 * UNIT}-{5 * UNIT - 1}/*"), 413)
    account_there.refused(put(account_there, url, 0, f"*/{5 * UNIT}"), 413)


def test_beyond_the_quota_nothing_is_taken_until_something_is_given_up(account_there: Any) -> None:
    account_there.ok(put(account_there, fresh(account_there), 4 * UNIT))
    account_there.ok(put(account_there, fresh(account_there), 4 * UNIT))
    half = fresh(account_there)
    assert put(account_there, half, UNIT, f"0-{UNIT - 1}/*").status_code == 308
    message = account_there.refused(put(account_there, fresh(account_there), 4 * UNIT), 507)
    assert "at most 3,145,728 bytes of objects" in message
    account_there.ok(put(account_there, fresh(account_there), 3 * UNIT))
    assert account_there.http.delete(half).status_code == 499
    account_there.ok(put(account_there, fresh(account_there), UNIT))
    account_there.refused(put(account_there, fresh(account_there), 1), 507)
    assert account_there.studio.studio.store.quota.used == 12 * UNIT


def test_what_lies_there_counts_after_a_restart(account_there: Any, tmp_path: Path) -> None:
    account_there.ok(put(account_there, fresh(account_there), 4 * UNIT))
    put(account_there, fresh(account_there), UNIT + 5, f"0-{UNIT + 4}/*")
    used = account_there.studio.studio.store.quota.used
    assert used == 5 * UNIT
    account_there.studio.__exit__(None, None, None)
    at = ObjectsAt(limits=ObjectLimits(4 * UNIT, 12 * UNIT))
    with EmbeddedStudio(tmp_path / "small", objects=at) as studio:
        assert studio.studio.store.quota.used == used


def test_a_build_beyond_the_quota_is_busy_and_leaves_the_session_as_it_was(
    account_there: Any,
) -> None:
    session = account_there.session(runs=12)
    for size in (4 * UNIT, 4 * UNIT, 4 * UNIT - 10):
        account_there.ok(put(account_there, fresh(account_there), size))
    account_there.refused(account_there.post(f"/training/{session}/build"), 503)
    shown = account_there.ok(account_there.get(f"/training/{session}"))
    assert (shown["status"], shown["dataset"]) == ("created", None)


def test_the_client_says_what_was_too_much(account_there: Any, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"x" * (4 * UNIT + 1))
    with pytest.raises(PermanentError, match="an object has at most"):
        upload_file(fresh(account_there), file, retry=QUICK)
    for _ in range(3):
        put(account_there, fresh(account_there), 4 * UNIT)
    file.write_bytes(b"x" * UNIT)
    with pytest.raises(Unreachable, match="3,145,728 are taken"):
        upload_file(fresh(account_there), file, retry=QUICK)


def test_a_full_disk_is_507_and_the_upload_goes_on_when_there_is_room(
    account_there: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, whole = fresh(account_there), os.pwrite

    def full(file: int, data: bytes, at: int) -> int:
        if at >= UNIT:
            raise OSError(ENOSPC, "No space left on device")
        return whole(file, data[: UNIT - at], at)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        account_there.refused(put(account_there, url, 2 * UNIT, f"0-{2 * UNIT - 1}/*"), 507)
    status = put(account_there, url, 0, "*/*")
    assert status.headers["range"] == f"bytes=0-{UNIT - 1}"
    assert account_there.studio.studio.store.quota.used == UNIT
    place = f"{UNIT}-{2 * UNIT - 1}/{2 * UNIT}"
    account_there.ok(put(account_there, url, UNIT, place))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 100)), max_size=40))
def test_a_quota_is_never_exceeded(steps: list[tuple[bool, int]]) -> None:
    quota, used = Quota(100, 0), 0
    for is_more, count in steps:
        if is_more:
            try:
                quota.take(count)
            except NoSpace:
                assert used + count > 100
            else:
                used += count
        else:
            quota.free(min(count, used))
            used -= min(count, used)
        assert quota.used == used <= 100
