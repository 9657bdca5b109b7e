"""The id of a request: taken, made, and on every answer."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from pipeline.studio import EmbeddedStudio


@pytest.mark.parametrize("sent", ["abc-123", "A.b_c", "x" * 64])
def test_the_id_that_a_client_sends_comes_back(http: httpx2.Client, sent: str) -> None:
    assert http.get("/healthz", headers={"x-request-id": sent}).headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", 'a"b', "<b>", "a;b", "sk-secret/x"])
def test_what_is_no_id_is_replaced(http: httpx2.Client, sent: str) -> None:
    given = http.get("/healthz", headers={"x-request-id": sent}).headers["x-request-id"]
    assert given != sent
    assert len(given) == 16


def test_every_answer_has_one_of_its_own(account: Any, http: httpx2.Client) -> None:
    session = account.session()
    upload = account.ok(account.get(f"/training/{session}/upload-url", resumable="true"))["url"]
    answers = [
        http.get("/api/v1/training"),
        http.get("/nowhere"),
        http.post("/api/v1/training/x"),
        http.put(upload, content=b"x"),
        http.get("/objects/x"),
        account.get("/training", limit="no"),
        account.get("/training"),
    ]
    assert [one.status_code for one in answers] == [401, 404, 405, 200, 403, 400, 200]
    assert len({one.headers["x-request-id"] for one in answers}) == len(answers)


def test_two_in_a_row_are_not_the_same(
    studio: EmbeddedStudio, new_account: Callable[..., Any]
) -> None:
    account = new_account(1)
    ids = [account.get("/training").headers["x-request-id"] for _ in range(20)]
    assert len(set(ids)) == 20
    assert studio.url
