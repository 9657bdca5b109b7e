"""`x-api-version`: results for old clients, strict bodies for new ones."""

import json
from typing import Any

import pytest

OLD, MIDDLE, NEW = "20250924", "20260319", "20260803"


def shown(account: Any, result: Any, version: str | None) -> Any:
    account.load([{**account.documents[account.ids[0]], "result": result}])
    headers = {} if version is None else {"x-api-version": version}
    one = account.ok(account.call("GET", f"/runs/{account.ids[0]}", headers=headers))
    query = {"query": {"_id": {"$in": [account.ids[0]]}}}
    (found,) = account.ok(account.call("POST", "/runs/find", json=query, headers=headers))
    assert one == found
    return one["result"]


@pytest.mark.parametrize(
    ("stored", "collapsed"),
    [
        ([{"type": "text", "value": "a"}, {"type": "text", "value": "b"}], "a\nb"),
        ([{"type": "thoughts", "value": "hm"}, {"type": "text", "value": "b"}], "b"),
        ([{"type": "text", "value": "so:"}, {"type": "json", "value": {"a": 1}}], {"a": 1}),
        ([{"type": "json", "value": [1, 2]}], [1, 2]),
        ([{"type": "image", "value": "data:x"}], ""),
        (None, None),
        ("plain", "plain"),
        ({"a": [1]}, {"a": [1]}),
        ([], []),
        ([1, "two"], [1, "two"]),
        ([{"type": "bus"}, {"type": "tram"}], [{"type": "bus"}, {"type": "tram"}]),
    ],
)
def test_below_20250925_a_result_is_collapsed(account: Any, stored: Any, collapsed: Any) -> None:
    assert shown(account, stored, OLD) == collapsed
    for version in (None, "20250925", MIDDLE, NEW):
        assert shown(account, stored, version) == stored


def test_a_run_without_a_result_stays_without(account: Any) -> None:
    raw = json.dumps({"id": "bare", "status": "processing", "n": 1.50})
    path = account.folder / "bare.jsonl"
    path.write_text(raw + "\n")
    account.studio.import_runs(path, project=account.project)
    headers = {"x-api-version": OLD}
    assert account.call("GET", "/runs/bare", headers=headers).content == raw.encode()


def test_20260803_refuses_unknown_keys_and_names_them(account: Any) -> None:
    session = account.session()
    made = {"name": "n", "env": account.env, "model": "test-chat-1"}
    for path, body, word in (
        ("/training", {**made, "colour": 1}, "colour"),
        (f"/training/{session}/add", {"runs": [], "force": True}, "force"),
        (f"/training/{session}/dataset", {"dataset": "default", "x": 1}, "x"),
        ("/runs/find", {"query": {}, "sort": 1}, "sort"),
        ("/runs/search", {"query": {"colour": "red"}}, "query.colour"),
        ("/runs/search", {"queries": {}}, "queries"),
    ):
        call = {"json": body, "headers": {"x-api-version": NEW}}
        message = account.refused(account.call("POST", path, **call), 400)
        assert message.startswith(f"{word}:")
        for version in (MIDDLE, None):
            headers = {} if version is None else {"x-api-version": version}
            answer = account.call("POST", path, json=body, headers=headers)
            assert answer.status_code in (200, 409)


def test_20260803_takes_every_key_that_there_is(account: Any) -> None:
    headers = {"x-api-version": NEW}
    session = account.session()
    query = {"interaction": None, "environment": None, "model": None, "status": None}
    query |= {"tags": [], "start": None, "end": None}
    for path, body in (
        ("/training", {"name": "n", "env": account.env, "model": "test-chat-1"}),
        (f"/training/{session}/add", {"runs": []}),
        ("/runs/find", {"query": {"ttl": 7}, "select": "+result", "limit": 1, "offset": 0}),
        ("/runs/search", {"query": query, "limit": 1, "offset": 0}),
    ):
        account.ok(account.call("POST", path, json=body, headers=headers))
    free = account.call("POST", "/prompts/none/render", json={"any": "key"}, headers=headers)
    account.refused(free, 404)


@pytest.mark.parametrize("word", ["2026-08-03", "now", "2026080", "202608031", "²0260803", ""])
def test_a_version_that_is_none_is_400(account: Any, word: str) -> None:
    headers = {b"x-api-version": word.encode()}
    for path in ("/training", f"/runs/{account.ids[0]}"):
        answer = account.http.get(
            f"/api/v1{path}",
            headers={b"Authorization": f"Bearer {account.token}".encode(), **headers},
        )
        account.refused(answer, 400)
    account.refused(account.http.get("/api/v1/training", headers=headers), 401)
