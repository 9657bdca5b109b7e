"""One GET against servers that speak no proper HTTP, or JSON that nobody expects.

Faults that a real Studio can be told to have are in `test_scripted.py`.
"""

import logging
import threading
import time
from typing import Any

import pytest

from pipeline.client import Limits, RetryPolicy, StudioClient
from pipeline.errors import (
    PermanentError,
    TrainsetError,
    Unreachable,
    UsageError,
)

ENVIRONMENTS = "GET /api/v1/environments"
GOOD = [{"id": "a" * 24, "name": "prod", "provider": "openai"}]


def test_an_answer_that_ends_early_with_its_connection_is_asked_for_again(
    server: Any, studio: StudioClient
) -> None:
    odd = server.json({}, 503, retry_after="garbage")
    server.on(ENVIRONMENTS, server.unframed(b'[{"id":"aaa'), odd, server.json(GOOD))
    assert [row.name for row in studio.environments.list()] == ["prod"]


def test_a_body_that_ends_with_the_connection_is_taken_if_it_is_whole(
    server: Any, studio: StudioClient
) -> None:
    server.on(ENVIRONMENTS, server.unframed(b"[]"))
    assert studio.environments.list() == ()
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": {"message": "as an object"}, "status": 400}', "saying: as an object;"),
        (b'{"message": {"a": 1}, "details": ["x"]}', 'saying: {"a":1}; ["x"];'),
        (b"<html>oops</html>", "with a page that is not JSON"),
        (b"", "without a word"),
        (b"{}", "without a word"),
        (b"null", "without a word"),
        (b'"plain"', "saying: plain;"),
        (b'{"message": "line\\nbreak \\u001b[31m"}', r"saying: line break \[31m;"),
        (b'{"message": "' + b"x" * 5000 + b'"}', "xxx…"),
        (b"\xff\xfe", "with a page that is not JSON"),
    ],
)
def test_error_bodies_of_every_shape_give_one_line(
    server: Any, studio: StudioClient, body: bytes, words: str
) -> None:
    server.on(ENVIRONMENTS, server.raw(body, 400, "application/json"))
    with pytest.raises(PermanentError) as caught:
        studio.environments.list()
    assert words.replace("\\[", "[") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_secret_that_a_server_repeats_is_repeated(server: Any, studio: StudioClient) -> None:
    message = "bad key sk-abc123XYZ, token eyJhbGciOi.eyJzdWIi.c2ln, at https://s/o?X-Sig=deadbeef"
    server.on(ENVIRONMENTS, server.json({"message": message}, 400))
    with pytest.raises(PermanentError) as caught:
        studio.environments.list()
    for secret in ("abc123XYZ", "eyJzdWIi", "deadbeef"):
        assert secret not in str(caught.value)


def test_nobody_listening_is_unreachable(quick: RetryPolicy) -> None:
    with (
        StudioClient("http://127.0.0.1:9", token="t", retry=quick) as client,
        pytest.raises(Unreachable, match=r"127\.0\.0\.1:9 gave no whole answer"),
    ):
        client.environments.list()


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;x"),
        (b"", b""),
    ],
    ids=["headers", "body", "chunk head", "silence"],
)
def test_an_answer_that_trickles_is_left(server: Any, head: bytes, drop: bytes) -> None:
    server.on(ENVIRONMENTS, server.trickle(head, drop))
    limits = Limits(whole=0.3)
    policy = RetryPolicy(attempts=1)
    started = time.monotonic()
    with (
        StudioClient(server.url, token="t", limits=limits, retry=policy) as client,
        pytest.raises(Unreachable, match=r"no whole answer within 0\.3 s|trickles"),
    ):
        client.environments.list()
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b'{"a": 1}', b"", b"[{}]", b"[\xff]"])
def test_a_success_that_is_something_else_is_told_so(
    server: Any, studio: StudioClient, body: bytes
) -> None:
    server.on(ENVIRONMENTS, server.raw(body))
    with pytest.raises(
        PermanentError, match=r"is not the JSON .* check that the URL is a Studio's"
    ):
        studio.environments.list()


def test_the_version_of_the_api_is_sent(server: Any, studio: StudioClient) -> None:
    server.on(ENVIRONMENTS, server.json([]))
    studio.environments.list()
    assert server.seen[0].headers["x-api-version"] == "20260803"


def test_closing_frees_who_waits_in_another_thread(server: Any) -> None:
    server.on(ENVIRONMENTS, server.trickle(b"", b""))
    client = StudioClient(server.url, token="t")
    ended: list[Exception] = []

    def call() -> None:
        try:
            client.environments.list()
        except TrainsetError as error:
            ended.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while not server.seen:
        time.sleep(0.01)
    client.close()
    thread.join(2)
    assert isinstance(ended[0], Unreachable)
    with pytest.raises(Unreachable, match="closed"):
        client.environments.list()


@pytest.mark.parametrize(
    "url",
    ["http://studio.example", "ftp://x", "studio.example", "", "https://u:p@studio.example", "h:%"],
)
def test_an_address_that_would_show_secrets_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="--studio-url"):
        StudioClient(url, token="t")


@pytest.mark.parametrize("tail", ["", "/", "/api/v1", "/api/v1/"])
def test_the_base_path_is_added_once(server: Any, tail: str) -> None:
    server.on(ENVIRONMENTS, server.json([]))
    with StudioClient(server.url + tail, token="t") as client:
        assert client.environments.list() == ()


def test_no_url_is_logged(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    server.on(ENVIRONMENTS, server.json([]))
    with caplog.at_level(logging.DEBUG), StudioClient(server.url, token="t") as client:
        client.environments.list()
    assert not [record for record in caplog.records if record.name.startswith("http")]
