"""The twelve operations, rule by rule, over a real socket."""

from collections.abc import Callable
from typing import Any

import pytest


def test_a_session_answers_what_the_contract_lists(account: Any) -> None:
    body = {"name": "mail", "env": account.env, "model": "test-chat-1", "unknown": 1}
    made = account.ok(account.post("/training", body))
    assert set(made) >= {
        "id", "project", "name", "env", "model", "status", "runs", "dataset", "job",
        "created_by", "updated_by", "created_at", "updated_at",
    }  # fmt: skip
    assert made["status"] == "created"
    assert (made["runs"], made["dataset"], made["job"]) == ([], None, {})
    assert len(made["id"]) == 24
    assert made["created_at"].endswith("Z")
    assert made["project"] == account.project
    assert made["env"] == {"id": account.env, "name": "test account", "provider": "test"}
    assert account.ok(account.get(f"/training/{made['id']}")) == made


@pytest.mark.parametrize("field", ["name", "env", "model"])
@pytest.mark.parametrize("value", ["", "  ", None, 7, ["a"]])
def test_a_session_needs_its_three_words(account: Any, field: str, value: Any) -> None:
    body = {"name": "mail", "env": account.env, "model": "test-chat-1", field: value}
    assert field in account.refused(account.post("/training", body), 400)
    del body[field]
    assert field in account.refused(account.post("/training", body), 400)


def test_an_unknown_environment_is_404_and_an_untrainable_model_400(account: Any) -> None:
    body = {"name": "mail", "env": "no-such", "model": "test-chat-1"}
    assert "no-such" in account.refused(account.post("/training", body), 404)
    body = {"name": "mail", "env": account.env, "model": "gpt-9"}
    assert "test-chat-1" in account.refused(account.post("/training", body), 400)


def test_sessions_are_listed_newest_first_and_pages_hold_still_under_inserts(account: Any) -> None:
    made = [account.session() for _ in range(5)]
    listed = account.ok(account.get("/training"))
    assert [one["id"] for one in listed] == made[::-1]
    assert all("runs" not in one or one["runs"] is None for one in listed)
    assert [one["id"] for one in account.ok(account.get("/training", limit=2, offset=1))] == [
        made[3],
        made[2],
    ]
    newer = account.session()
    again = [one["id"] for one in account.ok(account.get("/training", limit=1000))]
    assert again == [newer, *made[::-1]]
    names = account.ok(account.get("/training/names", limit=2))
    assert names == [{"id": newer, "name": "colours"}, {"id": made[4], "name": "colours"}]


def test_sessions_are_listed_by_status(account: Any) -> None:
    session, prepared = account.session(), account.prepared()
    created = account.ok(account.get("/training", status="created"))
    assert [one["id"] for one in created] == [session]
    ready = account.ok(account.get("/training", status="prepared"))
    assert [one["id"] for one in ready] == [prepared]
    account.refused(account.get("/training", status="bogus"), 400)
    account.refused(account.get("/training/names", status="bogus"), 400)


@pytest.mark.parametrize("path", ["/training", "/training/names", "/training/{id}/runs", "/runs"])
@pytest.mark.parametrize(
    "words",
    [
        "limit=0",
        "limit=abc",
        "limit=1001",
        "limit=-1",
        "limit=",
        "limit=9" + "9" * 40,
        "offset=-1",
        "offset=x",
        "offset=9" + "9" * 40,
    ],
)
def test_a_bad_limit_or_offset_is_400(account: Any, path: str, words: str) -> None:
    path = path.format(id=account.session())
    account.refused(account.call("GET", f"{path}?{words}"), 400)
    assert account.ok(account.call("GET", f"{path}?limit=1000&offset=0&unknown=1")) is not None


def test_runs_are_added_in_order_and_twice_is_no_error(account: Any) -> None:
    session = account.session()
    ids = account.ids
    assert account.ok(account.post(f"/training/{session}/add", {"runs": ids[3:6]})) == {"ok": True}
    account.ok(account.post(f"/training/{session}/add", {"runs": [ids[4], ids[0], ids[0]]}))
    account.ok(account.post(f"/training/{session}/add", {"runs": []}))
    expected = [*ids[3:6], ids[0]]
    assert account.ok(account.get(f"/training/{session}"))["runs"] == expected
    listed = account.ok(account.get(f"/training/{session}/runs"))
    assert [run["id"] for run in listed] == expected
    page = account.ok(account.get(f"/training/{session}/runs", limit=2, offset=1))
    assert [run["id"] for run in page] == expected[1:3]


def test_adding_is_noted_on_the_session(account: Any) -> None:
    before = account.ok(account.get(f"/training/{account.session()}"))
    account.ok(account.post(f"/training/{before['id']}/add", {"runs": account.ids[:1]}))
    after = account.ok(account.get(f"/training/{before['id']}"))
    assert after["updated_at"] >= before["updated_at"]
    assert after["status"] == "created"


def test_unknown_runs_are_named_and_nothing_is_added(account: Any) -> None:
    session = account.session(runs=1)
    body = {"runs": [account.ids[1], "f" * 24, "missing-run"]}
    message = account.refused(account.post(f"/training/{session}/add", body), 404)
    assert "f" * 24 in message
    assert "missing-run" in message
    assert account.ok(account.get(f"/training/{session}"))["runs"] == account.ids[:1]


def test_up_to_100_000_ids_a_call(account: Any) -> None:
    session = account.session()
    ids = [f"{number:024x}" for number in range(100_001)]
    assert "100,000" in account.refused(
        account.post(f"/training/{session}/add", {"runs": ids}), 400
    )
    account.refused(account.post(f"/training/{session}/add", {"runs": ids[1:]}), 404)


@pytest.mark.parametrize("body", [{}, {"runs": "x"}, {"runs": [1]}, {"runs": None}, [], "x", 7])
def test_a_body_of_the_wrong_type_is_400(account: Any, body: Any) -> None:
    session = account.session()
    account.refused(account.post(f"/training/{session}/add", body), 400)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"runs": [NaN]}',
        b'{"runs": ["\xff"]}',
        b"[" * 200000,
        b'{"runs": ["\\ud800"]}',
    ],
)
def test_what_is_no_json_is_400(account: Any, data: bytes) -> None:
    session = account.session()
    headers = {"Content-Type": "application/json"}
    for path in (f"/training/{session}/add", f"/training/{session}/dataset", "/runs/find"):
        account.refused(account.call("POST", path, content=data, headers=headers), 400)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=UTF-8", 200),
        ("application/json; charset=utf-16", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
    ],
)
def test_a_body_is_json_and_says_so(account: Any, kind: str, status: int) -> None:
    options = {"content": b'{"runs": []}', "headers": {"Content-Type": kind}}
    answer = account.call("POST", f"/training/{account.session()}/add", **options)
    assert answer.status_code == status
    if status != 200:
        account.refused(answer, status)


def test_a_body_without_a_type_is_json_and_none_needs_no_type(account: Any) -> None:
    session = account.session()
    add = f"/training/{session}/add"
    assert account.ok(account.call("POST", add, content=b'{"runs": []}')) == {"ok": True}
    plain = {"Content-Type": "text/plain"}
    account.refused(account.call("POST", f"/training/{session}/start", headers=plain), 409)


def test_a_packed_body_is_refused(account: Any) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    add = f"/training/{account.session()}/add"
    account.refused(account.call("POST", add, content=b'{"runs": []}', headers=headers), 415)


def test_a_body_over_16_mib_is_413(account: Any) -> None:
    body = {"runs": ["x" * (17 << 20)]}
    account.refused(account.post(f"/training/{account.session()}/add", body), 413)


def test_unknown_routes_and_methods_answer_json(account: Any) -> None:
    for path in ("/nowhere", "/training/x/y/z", "/runs/a/b"):
        account.refused(account.get(path), 404)
    account.refused(account.http.get("/nowhere"), 404)
    account.refused(account.call("DELETE", "/training"), 405)
    account.refused(account.call("PUT", f"/training/{account.session()}/add", json={}), 405)


def test_a_trailing_slash_is_the_same_path(account: Any) -> None:
    session = account.session(runs=2)
    for path in ("/training", f"/training/{session}", f"/training/{session}/runs", "/runs"):
        assert account.ok(account.get(f"{path}/")) == account.ok(account.get(path))
    account.ok(account.post(f"/training/{session}/add/", {"runs": []}))
    body = {"name": "slash", "env": account.env, "model": "test-chat-1"}
    assert account.ok(account.post("/training/", body))["name"] == "slash"


def test_without_a_dataset_there_is_no_url_no_default_and_no_start(account: Any) -> None:
    session = account.session(runs=1)
    account.refused(account.get(f"/training/{session}/url"), 404)
    account.refused(account.post(f"/training/{session}/dataset", {"dataset": "default"}), 409)
    account.refused(account.post(f"/training/{session}/dataset", {}), 409)
    account.refused(account.post(f"/training/{session}/start"), 409)
    account.refused(account.post(f"/training/{session}/cancel"), 409)
    account.refused(account.post(f"/training/{session}/dataset", {"dataset": "no.jsonl"}), 404)
    account.refused(account.post(f"/training/{session}/dataset", {"dataset": 7}), 400)
    assert account.ok(account.get(f"/training/{session}"))["status"] == "created"


def test_an_uploaded_object_becomes_the_dataset(account: Any) -> None:
    session = account.session()
    name = account.upload(session, b"one\n")
    answer = account.ok(account.post(f"/training/{session}/dataset", {"dataset": name}))
    shown = account.ok(account.get(f"/training/{session}"))
    assert shown["status"] == "prepared"
    assert shown["dataset"] == answer["dataset"]
    assert answer["dataset"].endswith(name)
    url = account.ok(account.get(f"/training/{session}/url"))["url"]
    assert account.http.get(url).content == b"one\n"


def test_an_object_belongs_to_its_session_alone(account: Any) -> None:
    session, other = account.session(), account.session()
    name = account.upload(session, b"one\n")
    account.refused(account.post(f"/training/{other}/dataset", {"dataset": name}), 404)


@pytest.mark.parametrize(
    "name", ["../studio.db", "..%2Fstudio.db", "/etc/passwd", "http://127.0.0.1/x", "a\u0000b", ""]
)
def test_a_dataset_is_never_a_path_or_a_url(account: Any, name: str) -> None:
    session = account.session()
    account.refused(account.post(f"/training/{session}/dataset", {"dataset": name}), 404)


def test_an_upload_that_is_not_finished_is_no_dataset(account: Any) -> None:
    session = account.session()
    url = account.ok(account.get(f"/training/{session}/upload-url"))["url"]
    name = url.partition("/objects/")[2].partition("?")[0]
    account.refused(account.post(f"/training/{session}/dataset", {"dataset": name}), 404)


def test_strange_ids_are_404(new_account: Callable[..., Any]) -> None:
    account = new_account(1)
    for word in ("nope", "%00", "%ff", "..%2f..", "x" * 5000, "%2e%2e", "a;b", "%F0%9F%90%8C"):
        for path in (f"/training/{word}", f"/runs/{word}", f"/training/job/{word}"):
            account.refused(account.get(path), 404)
