"""The bytes of unfinished uploads: their checksums follow them through cuts and repetitions."""

from base64 import b64encode
from hashlib import md5
from pathlib import Path

import google_crc32c
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.studio.objects import parts as module
from pipeline.studio.objects.parts import Parts
from pipeline.studio.objects.quota import Quota

STEPS = st.lists(
    st.tuples(st.sampled_from(["append", "settle", "follow", "digests"]), st.binary(max_size=9)),
    max_size=25,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=STEPS, at=st.lists(st.integers(0, 12), min_size=25, max_size=25))
@example(steps=[("append", b"12345"), ("digests", b""), ("settle", b"")], at=[2] * 25)
def test_checksums_are_those_of_the_bytes_whatever_was_cut_and_written_anew(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[tuple[str, bytes]],
    at: list[int],
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 7)
    quota, held = Quota(None, 0), b""
    parts = Parts(tmp_path_factory.mktemp("parts"), quota)
    for (step, data), place in zip(steps, at, strict=False):
        match step:
            case "append":
                parts.append("x", len(held), data)
                held += data
            case "settle":
                held = held[:place]
                parts.settle("x", len(held))
            case "follow":
                parts.follow("x", min(place, len(held)))
            case "digests":
                parts.digests("x")
        assert parts.size("x") == quota.used == len(held)
    crc32c = b64encode(google_crc32c.Checksum(held).digest()).decode()
    assert parts.digests("x") == (crc32c, b64encode(md5(held).digest()).decode())


def test_the_end_of_a_large_upload_is_not_kept_waiting_for_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, block = Parts(tmp_path, Quota(None, 0)), b"x" * (1 << 20)
    for number in range(8):
        parts.append("x", number << 20, block)
        parts.settle("x", (number + 1) << 20)
    read: list[int] = []
    follow = module._Running.follow
    monkeypatch.setattr(
        module._Running,
        "follow",
        lambda self, path, end: (read.append(end - self.position), follow(self, path, end)),
    )
    parts.digests("x")
    assert read == [0]
