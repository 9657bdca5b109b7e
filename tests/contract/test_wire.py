"""The wire: paths, headers, bodies and errors."""

import re
from typing import Any

import pytest

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
IDENT = re.compile(r"[0-9a-f]{24}\Z")


def test_a_path_with_a_trailing_slash_is_the_same(door: Any) -> None:
    session = door.session()
    for path in ("/training", "/training/names", f"/training/{session}", "/runs", "/environments"):
        assert door.get(f"{path}/") == door.get(path)
    made = {"name": "slash", "env": door.env, "model": door.model}
    assert door.post("/training/", made)["name"] == "slash"


def test_times_have_milliseconds_and_z_and_ids_are_24_hexadecimal_digits(door: Any) -> None:
    session = door.get(f"/training/{door.session()}")
    assert TIME.match(session["created_at"])
    assert TIME.match(session["updated_at"])
    assert IDENT.match(session["id"])


def test_unknown_headers_and_query_parameters_are_ignored(door: Any) -> None:
    headers = {"x-unknown": "1", "x-project-id": "another", "x-app-version": "1"}
    assert isinstance(door.get("/training?colour=red&limit=1", headers=headers), list)


@pytest.mark.seeded
@pytest.mark.parametrize("written", ["raw", "encoded", "encoded-slash", "trailing"])
def test_a_job_id_with_slash_and_colon_is_taken_raw_and_encoded(door: Any, written: str) -> None:
    session = door.prepared()
    job = door.post(f"/training/{session}/start")["id"]
    arn = f"arn:aws:bedrock:us-east-1:123:job/{door.project}.amazon/x"
    with door.place.studio.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE jobs SET id = '{arn}' WHERE id = '{job}'")
    word = {
        "raw": arn,
        "encoded": arn.replace(":", "%3A").replace("/", "%2F"),
        "encoded-slash": arn.replace("/", "%2f"),
        "trailing": f"{arn}/",
    }[written]
    assert door.get(f"/training/job/{word}")["id"] == arn
    door.get(f"/training/job/{word}x", status=404)


@pytest.mark.seeded
def test_below_20250925_result_is_collapsed(door: Any) -> None:
    run = door.runs[0]
    old = door.get(f"/runs/{run}", headers={"x-api-version": "20250924"})
    new = door.get(f"/runs/{run}", headers={"x-api-version": "20250925"})
    assert old["result"] == "It is number 0."
    assert new["result"] == [{"type": "text", "value": "It is number 0."}]
    assert {**old, "result": new["result"]} == new


def test_20260803_refuses_unknown_body_keys(door: Any) -> None:
    body = {"name": "n", "env": door.env, "model": door.model, "colour": "red"}
    message = door.post("/training", body, status=400, headers={"x-api-version": "20260803"})
    assert "colour" in message


@pytest.mark.ours
def test_before_20260803_and_without_a_version_unknown_body_keys_are_ignored(door: Any) -> None:
    body = {"name": "n", "env": door.env, "model": door.model, "colour": "red"}
    door.post("/training", body, headers={"x-api-version": "20260319"})
    door.post("/training", body)


@pytest.mark.parametrize("path", ["/nowhere", "/training/x/y/z", "/training/job", "/runs/a/b"])
def test_an_unknown_route_is_a_404_as_json(door: Any, path: str) -> None:
    door.get(path, status=404)


@pytest.mark.ours
@pytest.mark.parametrize("path", ["/nowhere", "/api/v2/training", "/%2e%2e/x", "/token"])
def test_a_route_beside_the_api_is_a_404_as_json(door: Any, path: str) -> None:
    door.expect(door.bare("GET", path), 404)


@pytest.mark.ours
@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/training"), ("PUT", "/runs"), ("PATCH", "/training/x"), ("GET", "/runs/find/x")],
)
def test_a_method_that_a_path_does_not_take_is_405_as_json(
    door: Any, method: str, path: str
) -> None:
    answer = door.call(method, path)
    assert answer.status_code in (404, 405)
    door.expect(answer, answer.status_code)
    if answer.status_code == 405:
        assert answer.headers["allow"]


@pytest.mark.ours
def test_a_body_over_16_mib_is_413_as_json(door: Any) -> None:
    body = b'{"runs": ["' + b"x" * (17 << 20) + b'"]}'
    headers = {"Content-Type": "application/json"}
    door.expect(
        door.call("POST", f"/training/{door.session()}/add", content=body, headers=headers), 413
    )


@pytest.mark.ours
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/json; charset=x"])
def test_a_body_that_is_not_json_is_415_as_json(door: Any, kind: str) -> None:
    call = {"content": b"x", "headers": {"Content-Type": kind}}
    door.expect(door.call("POST", "/training", **call), 415)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"name": 7}', b'{"name": "\xff"}'])
def test_a_bad_body_is_400_as_json(door: Any, body: bytes) -> None:
    call = {"content": body, "headers": {"Content-Type": "application/json"}}
    door.expect(door.call("POST", "/training", **call), 400)


@pytest.mark.seeded
def test_429_with_pacing_names_its_reason_and_its_wait(door: Any) -> None:
    turns = door.place.studio.building
    session, taken = door.session(runs=12), 0
    while turns._places.acquire(blocking=False):
        taken += 1
    try:
        answer = door.call("POST", f"/training/{session}/build")
    finally:
        turns._places.release(taken)
    door.expect(answer, 429)
    assert answer.headers["x-ratelimit-reason"] == "pacing"
    assert int(answer.headers["x-ratelimit-retry-ms"]) > 0
    assert int(answer.headers["retry-after"]) > 0
    assert door.get(f"/training/{session}")["status"] == "created"


@pytest.mark.seeded
def test_500_is_json_and_tells_nothing(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*words: Any) -> Any:
        raise RuntimeError(f"/secret/path {words}")

    monkeypatch.setattr(door.place.studio.links, "signed", breaks)
    message = door.get(f"/training/{door.session()}/upload-url", status=500)
    assert "secret" not in message
