"""Logs: JSON lines with the request's id, and no secret in any of them."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.studio.operating.logs import REQUEST_ID, redacted, set_up_logs

SAFE = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=20)
AROUND = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
HOLDERS = [
    "sk-{}",
    "pk-{}",
    "eyJ{0}.{0}.{0}",
    "http://h/upload/storage/v1/b/trainset/o?uploadType=resumable&upload_id={}",
    "http://h/objects/x?X-Expires=1&X-Signature={}",
    "https://b/o?X-Goog-Credential={0}&X-Goog-Signature={0}&X-Goog-Date=1",
    "https://b/o?X-Amz-Credential={0}&X-Amz-Security-Token={0}&X-Amz-Signature={0}",
    "/auth/token?token={}",
    "http://127.0.0.1:8787/sign-in/{}",
    "postgresql+psycopg://studio:{}@db.example/studio",
]


@given(secret=SAFE, before=AROUND, after=AROUND, holder=st.sampled_from(HOLDERS))
def test_a_secret_is_taken_out_wherever_it_stands(
    secret: str, before: str, after: str, holder: str
) -> None:
    said = redacted(f"{before} {holder.format(secret)} {after}")
    assert "[redacted]" in said
    assert secret not in said.replace(before, "").replace(after, "") or secret in before + after


@given(st.text(st.characters(categories=["L", "P", "Z"]), max_size=200))
def test_what_holds_no_secret_stays(text: str) -> None:
    if "=" not in text and "://" not in text and "/sign-in/" not in text:
        assert redacted(text) == text or "k-" in text or "eyJ" in text


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What goes to stderr once the logs are set up."""
    root, ours = logging.getLogger(), logging.getLogger("trainset")
    kept, level = root.handlers[:], (root.level, ours.level)
    root.handlers = []
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    set_up_logs("info")
    yield stream
    root.handlers = kept
    root.setLevel(level[0])
    ours.setLevel(level[1])


def test_a_line_is_an_object_with_the_requests_id(logged: io.StringIO) -> None:
    mark = REQUEST_ID.set("abc")
    logging.getLogger("trainset.studio").info("said %s", "so", extra={"facts": {"ms": 3}})
    REQUEST_ID.reset(mark)
    line = json.loads(logged.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "trainset.studio",
        "message": "said so",
        "request_id": "abc",
        "ms": 3,
    }


def test_a_broken_request_is_one_line_without_its_secrets(logged: io.StringIO) -> None:
    key = "sk-" + "a" * 40
    try:
        json.loads(f"bad key {key}")
    except ValueError:
        logging.getLogger("trainset.studio").exception("it broke with %s", key)
    text = logged.getvalue()
    assert text.count("\n") == 1
    assert key not in text
    assert "JSONDecodeError" in json.loads(text)["exception"]


def test_other_libraries_are_heard_from_warning_on(logged: io.StringIO) -> None:
    logging.getLogger("httpx2").info("GET https://h/?upload_id=abc")
    logging.getLogger("uvicorn.access").info("GET /?upload_id=abc")
    assert logged.getvalue() == ""
    logging.getLogger("other").warning("careful")
    assert "careful" in logged.getvalue()


def test_at_a_terminal_it_is_words(logged: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logged, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stderr", logged)
    logging.getLogger().handlers = []
    set_up_logs("info")
    logging.getLogger("trainset.studio").info("hello", extra={"facts": {"status": 200}})
    assert logged.getvalue().endswith("INFO hello status=200\n")
