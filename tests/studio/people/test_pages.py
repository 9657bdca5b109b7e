"""What the pages show, read without a browser."""

import json
import re
import resource
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert

from pipeline.studio.people import queries
from pipeline.studio.tables import runs, session_runs


def test_a_session_is_shown_with_its_runs_their_prompts_and_answers(
    account: Any, person: Any
) -> None:
    session = account.session(runs=12)
    assert f"/sessions/{session}" in person.look("/").links()
    page = person.look(f"/sessions/{session}")
    for run in account.documents.values():
        assert run["prompt"][0]["content"] in page.text
        assert run["result"] in page.text
    assert "test account (test)" in page.text
    first = person.look(f"/sessions/{session}/runs/0")
    run = account.documents[account.ids[0]]
    for said in (
        run["id"],
        run["prompt"][0]["content"],
        run["result"],
        run["parameters"]["colour"],
    ):
        assert said in first.text


def test_a_build_is_shown_with_reasons_and_samples(account: Any, person: Any) -> None:
    failed = [{**run, "status": "failed"} for run in list(account.documents.values())[:3]]
    account.load(failed)
    session = account.session(runs=12)
    account.ok(account.post(f"/training/{session}/build"))
    page = person.look(f"/sessions/{session}")
    assert f"/sessions/{session}/builds?code=status" in page.links()
    for words in ("pulled12", "kept9", "rejected3", "train"):
        assert words in re.sub(r"\s", "", page.text)
    builds = person.look(f"/sessions/{session}/builds?code=status")
    for run in failed:
        assert run["id"] in builds.text
    assert f"/sessions/{session}/runs/0" in builds.links()
    assert failed[0]["id"] not in person.look(f"/sessions/{session}/builds?code=other").text
    assert "status" in person.look(f"/sessions/{session}/runs/0").text
    assert "8train" in re.sub(r"\s", "", person.look("/datasets").text) or "train" in page.text


def test_a_build_that_was_refused_says_why(account: Any, person: Any) -> None:
    account.load([{**run, "status": "failed"} for run in account.documents.values()])
    session = account.session(runs=3)
    said = account.refused(account.post(f"/training/{session}/build"), 400)
    assert said in person.look(f"/sessions/{session}").text
    assert said in person.look(f"/sessions/{session}/builds").text


def test_jobs_and_uploaded_datasets_are_shown(account: Any, person: Any) -> None:
    assert "No job" in person.look("/jobs").text
    session = account.prepared()
    job = account.ok(account.post(f"/training/{session}/start"))
    account.ok(account.get(f"/training/job/{job['id']}", sync="true"))
    for path in ("/jobs", "/jobs/live", f"/sessions/{session}", f"/sessions/{session}/live"):
        assert "completed" in person.look(path).text
    assert "uploaded" in person.look("/datasets").text
    live = [attrs for _, attrs in person.look("/jobs").tags if "data-live" in attrs]
    assert [one["data-live"] for one in live] == ["/jobs/live"]


def test_another_projects_things_are_not_there(
    new_account: Callable[..., Any], new_person: Any
) -> None:
    mine, other = new_account(2), new_account(2)
    session = other.prepared()
    other.ok(other.post(f"/training/{session}/add", {"runs": other.ids}))
    other.ok(other.post(f"/training/{session}/start"))
    person = new_person(mine.key)
    for path in ("", "/live", "/runs/0", "/builds"):
        answer = person.answer(f"/sessions/{session}{path}")
        assert answer.status_code == 404
        assert other.project not in answer.text
    for path in ("/", "/datasets", "/jobs", "/jobs/live", f"/?project={other.project}"):
        assert session not in person.answer(path).text
        assert f"/sessions/{session}" not in person.look(path).links()


@pytest.mark.parametrize(
    "path",
    ["/sessions/none", "/sessions/none/runs/1", "/static/none.css", "/static/live.py",
     "/sessions/x/runs/99999999999999999999999"],
)  # fmt: skip
def test_what_is_not_there_is_said_on_a_page(person: Any, path: str) -> None:
    answer = person.answer(path)
    assert answer.status_code == 404
    assert "There is nothing here" in person.read(answer.text).text


@pytest.mark.parametrize("query", ["?start=-1", "?start=x", "?start=" + "9" * 17])
def test_a_bad_place_is_refused_on_a_page(account: Any, person: Any, query: str) -> None:
    answer = person.answer(f"/sessions/{account.session()}{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")


def test_sessions_are_paged_and_new_ones_shift_nothing(account: Any, person: Any) -> None:
    made = [account.session() for _ in range(queries.PAGE * 2 + 5)]
    found: list[str] = []
    path: str | None = "/"
    while path is not None:
        page = person.look(path)
        listed = [link for link in page.links() if link.startswith("/sessions/")]
        assert len(listed) <= queries.PAGE
        found += listed
        account.session()
        path = next(iter(page.links("next")), None)
    assert found == [f"/sessions/{session}" for session in reversed(made)]


def test_datasets_and_jobs_are_paged(
    account: Any, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE", 3)
    sessions = [account.prepared() for _ in range(7)]
    for session in sessions:
        account.ok(account.post(f"/training/{session}/start"))
    for first in ("/datasets", "/jobs"):
        found: list[str] = []
        path: str | None = first
        while path is not None:
            page = person.look(path)
            found += [link for link in page.links() if link.startswith("/sessions/")]
            path = next(iter(page.links("next")), None)
        assert sorted(found) == sorted(f"/sessions/{session}" for session in sessions)


def test_a_session_of_very_many_runs_costs_a_page(account: Any, person: Any) -> None:
    said = json.dumps([{"role": "user", "content": "word " * 2000}])
    raw = f'{{"id":"%s","prompt":{said},"result":"x"}}'
    session = account.session()
    common = {"project": account.project, "ref": b"{}", "tags": "", "facts": ""}
    rows = [{**common, "id": f"r{at}", "raw": (raw % f"r{at}").encode()} for at in range(5000)]
    members = [{"session": session, "position": at, "run": f"r{at}"} for at in range(5000)]
    with account.studio.studio.database.write() as connection:
        connection.execute(insert(runs), rows)
        connection.execute(insert(session_runs), members)
    person.look(f"/sessions/{session}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for start in (0, 2500, 4990):
        page = person.look(f"/sessions/{session}?start={start}")
        listed = [link for link in page.links() if "/runs/" in link]
        assert listed[0] == f"/sessions/{session}/runs/{start}"
        assert len(listed) == min(queries.RUNS, 5000 - start)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
    assert "5,000" in page.text
    assert page.links("next") == []


def test_a_large_run_is_not_read_for_a_list_and_a_huge_one_never(account: Any, person: Any) -> None:
    large = {**next(iter(account.documents.values())), "id": "large", "result": "x" * 600_000}
    huge = {**large, "id": "huge", "result": "y" * (queries.LARGEST + 1)}
    account.load([large, huge])
    session = account.session()
    account.ok(account.post(f"/training/{session}/add", {"runs": ["large", "huge"]}))
    page = person.look(f"/sessions/{session}").text
    assert page.count("a large run") == 2
    assert "xxx" not in page
    one = person.look(f"/sessions/{session}/runs/0").text
    assert "580,000 more characters are not shown" in one
    assert "too much for a page" in person.look(f"/sessions/{session}/runs/1").text


def test_a_run_that_is_gone_is_said(account: Any, person: Any) -> None:
    session = account.session(runs=2)
    with account.studio.studio.database.write() as connection:
        connection.execute(delete(runs).where(runs.c.id == account.ids[0]))
    assert "this run is gone" in person.look(f"/sessions/{session}").text
    assert "This run is gone" in person.look(f"/sessions/{session}/runs/0").text


def test_what_comes_with_every_page_keeps_it_to_itself(account: Any, person: Any) -> None:
    session = account.session(runs=1)
    for path in ("/", f"/sessions/{session}", "/sign-in", "/sessions/none", "/static/studio.css"):
        headers = person.answer(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
        assert "unsafe" not in policy
        assert "*" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert person.answer("/").headers["cache-control"] == "no-store"


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs_in_line(
    account: Any, person: Any
) -> None:
    session = account.session(runs=12)
    for path in ("/", f"/sessions/{session}", f"/sessions/{session}/runs/0", "/jobs", "/sign-in"):
        page = person.look(path)
        for tag, attrs in page.tags:
            assert not [name for name in attrs if name.startswith("on") or name == "style"]
            for name in ("src", "href", "action"):
                if name in attrs:
                    assert str(attrs[name]).startswith("/")
                    assert not str(attrs[name]).startswith("//")
            if tag == "script":
                assert attrs == {"src": "/static/live.js", "defer": None}
        for tag, attrs in page.tags:
            if tag in ("script", "link"):
                assert person.answer(str(attrs.get("src", attrs.get("href")))).status_code == 200


def test_no_secret_is_on_a_page(account: Any, person: Any) -> None:
    session = account.prepared()
    account.ok(account.post(f"/training/{session}/add", {"runs": account.ids}))
    account.ok(account.post(f"/training/{session}/start"))
    for path in ("/", f"/sessions/{session}", "/datasets", "/jobs", f"/sessions/{session}/builds"):
        text = person.answer(path).text
        for secret in ("X-Signature", "upload_id", account.key, account.token, "eyJ"):
            assert secret not in text
