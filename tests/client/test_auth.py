import base64
import json
import threading
import time
from typing import Any

import pytest

from pipeline.api.tokens import IssuedToken
from pipeline.client import RetryPolicy, StudioClient
from pipeline.client.auth import lifetime_of
from pipeline.errors import AuthRefused, TrainsetError, Unreachable, UsageError

ISSUE = "POST /token/issue"
ENVIRONMENTS = "GET /api/v1/environments"
KEY = "sk-canary0123456789"


def jwt(name: str, **claims: float) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJoIjoxfQ.{payload}.{name}"


def in_(seconds: float) -> float:
    return time.time() + seconds


@pytest.fixture
def with_key(server: Any, quick: RetryPolicy) -> Any:
    server.on(ENVIRONMENTS, server.json([]))
    with StudioClient(server.url, api_key=KEY, retry=quick) as client:
        yield client


def test_a_key_is_exchanged_once_and_goes_nowhere_else(server: Any, with_key: StudioClient) -> None:
    token = jwt("first", exp=in_(900))
    server.on(ISSUE, server.json({"token": token}))
    for _ in range(3):
        with_key.environments.list()
    (issued,) = server.calls(ISSUE)
    assert issued.headers["authorization"] == f"Bearer {KEY}"
    assert issued.body == b""
    assert {call.headers["authorization"] for call in server.calls(ENVIRONMENTS)} == {
        f"Bearer {token}"
    }
    assert not any(KEY in call.path or KEY in str(call.query) for call in server.seen)


def test_a_token_is_renewed_a_minute_before_its_end(server: Any, with_key: StudioClient) -> None:
    server.on(
        ISSUE,
        server.json({"token": jwt("first", exp=in_(60.3))}),
        server.json({"token": jwt("second", exp=in_(900))}),
    )
    with_key.environments.list()
    time.sleep(0.4)
    with_key.environments.list()
    assert len(server.calls(ISSUE)) == 2


def test_a_401_fetches_one_new_token_for_all_threads(server: Any, with_key: StudioClient) -> None:
    good = jwt("second", exp=in_(900))
    server.on(
        ISSUE, server.json({"token": jwt("first", exp=in_(900))}), server.json({"token": good})
    )
    ready = threading.Barrier(6)

    def check(seen: Any) -> Any:
        if seen.headers["authorization"] == f"Bearer {good}":
            return server.json([])
        ready.wait(5)
        return server.json({"error": "Unauthorized", "status": 401}, 401)

    server.on(ENVIRONMENTS, check)
    failures: list[TrainsetError] = []

    def call() -> None:
        try:
            with_key.environments.list()
        except TrainsetError as error:
            failures.append(error)

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(server.calls(ISSUE)) == 2


def test_a_401_is_answered_with_a_new_token_once(server: Any, with_key: StudioClient) -> None:
    server.on(ISSUE, server.json({"token": jwt("any", exp=in_(900))}))
    server.on(ENVIRONMENTS, server.json({"message": "no"}, 401))
    with pytest.raises(AuthRefused, match="check the API key"):
        with_key.environments.list()
    assert len(server.calls(ENVIRONMENTS)) == 2


def test_a_creation_is_repeated_after_a_401_since_it_was_not_carried_out(
    server: Any, with_key: StudioClient
) -> None:
    server.on(ISSUE, server.json({"token": jwt("any", exp=in_(900))}))
    session = {"id": "s", "project": "p", "name": "n", "env": {"id": "e"}, "model": "m"}
    server.on(
        "POST /api/v1/training",
        server.json({}, 401),
        server.json({**session, "status": "created"}),
    )
    assert with_key.training.create("n", "e", "m").id == "s"


def test_the_exchange_survives_what_other_calls_survive(
    server: Any, with_key: StudioClient
) -> None:
    server.on(
        ISSUE,
        server.json({"error": "x", "message": "starting"}, 503, retry_after="0"),
        server.reset(),
        server.json({"token": jwt("any", exp=in_(900)), "more": 1}),
    )
    assert with_key.environments.list() == ()


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (403, {"error": "x", "message": "no account", "errorCode": "y"}, "no account"),
        (401, {}, "check the API key"),
        (404, {}, "--token-url"),
        (200, {"other": 1}, "is not the JSON"),
    ],
)
def test_a_refused_key_is_told_without_the_key(
    server: Any, with_key: StudioClient, status: int, body: Any, words: str
) -> None:
    server.on(ISSUE, server.json(body, status))
    with pytest.raises(TrainsetError, match=words) as caught:
        with_key.environments.list()
    assert "canary" not in str(caught.value)
    assert caught.value.exit_code == 4


def test_a_token_server_that_is_down_is_unreachable(server: Any, with_key: StudioClient) -> None:
    server.on(ISSUE, server.raw(b"<html>", 502))
    with pytest.raises(Unreachable, match="exchange the API key"):
        with_key.environments.list()
    assert server.calls(ENVIRONMENTS) == []


@pytest.mark.parametrize("tail", ["", "/", "/token/issue"])
def test_a_token_server_can_be_another_host(server: Any, quick: RetryPolicy, tail: str) -> None:
    server.on(ISSUE, server.json({"token": "opaque"}))
    server.on(ENVIRONMENTS, server.json([]))
    named = server.url.replace("127.0.0.1", "localhost") + tail
    with StudioClient(server.url, api_key=KEY, token_url=named, retry=quick) as client:
        client.environments.list()
    assert server.calls(ISSUE)[0].headers["host"].startswith("localhost:")
    assert server.calls(ENVIRONMENTS)[0].headers["authorization"] == "Bearer opaque"


@pytest.mark.parametrize("kind", ["api_key", "token"])
def test_what_is_no_key_is_sent_as_it_is(server: Any, quick: RetryPolicy, kind: str) -> None:
    server.on(ENVIRONMENTS, server.json([]))
    with StudioClient(server.url, retry=quick, **{kind: "eyJ.a.b\n"}) as client:  # type: ignore[arg-type]
        client.environments.list()
    assert [seen.headers["authorization"] for seen in server.seen] == ["Bearer eyJ.a.b"]


def test_without_a_key_nothing_is_sent(server: Any) -> None:
    server.on(ENVIRONMENTS, server.json([]))
    with StudioClient(server.url) as client:
        client.environments.list()
    assert "authorization" not in server.seen[0].headers


@pytest.mark.parametrize("secret", ["", "  ", "a b", "a\nb", "schlüssel"])
def test_a_key_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(UsageError, match="holds characters that no key has"):
        StudioClient("https://studio.example", api_key=secret)


def test_a_key_and_a_token_are_one_too_many() -> None:
    with pytest.raises(UsageError, match="not both"):
        StudioClient("https://studio.example", api_key=KEY, token="t")


def test_a_key_is_not_sent_to_a_token_server_in_the_clear() -> None:
    with pytest.raises(UsageError, match="--token-url"):
        StudioClient("https://api.example", api_key=KEY, token_url="http://sts.example")


@pytest.mark.parametrize(
    ("issued", "seconds"),
    [
        (IssuedToken(jwt("x", exp=1500.0)), 500),
        (IssuedToken(jwt("x", exp=1500.0), expires_in=7), 500),
        (IssuedToken(jwt("x", exp=900.0, iat=600.0)), 300),
        (IssuedToken(jwt("x", exp=900.0), expires_in=7), 7),
        (IssuedToken("opaque", expires_in=7), 7),
        (IssuedToken("opaque"), 3600),
        (IssuedToken("a.%%%.c", expires_in=0), 3600),
        (IssuedToken("a.bm8.c"), 3600),
        (IssuedToken("a.ü.c"), 3600),
    ],
)
def test_how_long_a_token_lives(issued: IssuedToken, seconds: float) -> None:
    assert lifetime_of(issued, now=1000.0) == seconds
