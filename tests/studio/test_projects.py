"""Projects are kept apart: every route, asked for what is another project's."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from litestar.routes import HTTPRoute

from pipeline.studio import EmbeddedStudio
from pipeline.studio.app import make_app

OWN = "own"
"""Nothing of another project can be named: what is answered is the caller's own."""
MATRIX: dict[tuple[str, str], Any] = {
    ("POST", "/token/issue"): OWN,
    ("GET", "/.well-known/jwks.json"): OWN,
    ("GET", "/api/v1/openapi.json"): OWN,
    ("GET", "/docs"): OWN,
    ("GET", "/api/v1/training"): OWN,
    ("GET", "/api/v1/training/names"): OWN,
    ("POST", "/api/v1/training"): {"name": "n", "env": "{environment}", "model": "test-chat-1"},
    ("GET", "/api/v1/training/{session:str}"): None,
    ("POST", "/api/v1/training/{session:str}/add"): {"runs": []},
    ("GET", "/api/v1/training/{session:str}/runs"): None,
    ("POST", "/api/v1/training/{session:str}/build"): None,
    ("GET", "/api/v1/training/{session:str}/url"): None,
    ("GET", "/api/v1/training/{session:str}/upload-url"): None,
    ("POST", "/api/v1/training/{session:str}/dataset"): {"dataset": "default"},
    ("POST", "/api/v1/training/{session:str}/start"): None,
    ("POST", "/api/v1/training/{session:str}/cancel"): None,
    ("GET", "/api/v1/training/job/{job:path}"): None,
    ("GET", "/api/v1/runs/{run:str}"): None,
    ("GET", "/api/v1/runs"): OWN,
    ("POST", "/api/v1/runs/find"): OWN,
    ("POST", "/api/v1/runs/search"): OWN,
    ("GET", "/api/v1/environments"): OWN,
    ("GET", "/api/v1/environments/{environment:str}"): None,
    ("GET", "/api/v1/environments/{environment:str}/trainable-models"): None,
    ("GET", "/api/v1/interactions/{interaction:str}"): None,
    ("GET", "/api/v1/prompts/{prompt:str}"): None,
    ("POST", "/api/v1/prompts/{prompt:str}/render"): {"colour": "red"},
}
FOR_PEOPLE = {
    *(("GET", path) for path in ("/", "/datasets", "/jobs", "/jobs/live", "/healthz", "/metrics")),
    *(("GET", path) for path in ("/sign-in", "/sign-in/{link:str}", "/static/{name:str}")),
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
    *(
        ("GET", f"/sessions/{{session:str}}{rest}")
        for rest in ("", "/builds", "/live", "/runs/{position:int}")
    ),
}
"""Routes that take a cookie or nothing: tests/studio/people asks them for what is another's."""
WORDS = {"session:str": "session", "job:path": "job", "run:str": "run"}
WORDS |= {f"{one}:str": one for one in ("environment", "interaction", "prompt")}


def routes(studio: EmbeddedStudio) -> set[tuple[str, str]]:
    """Every route of the app, those of plain ASGI (which take secret links) left out."""
    return {
        (method, route.path)
        for route in make_app(studio.studio).routes
        if isinstance(route, HTTPRoute)
        for method in route.methods - {"OPTIONS", "HEAD"}
    }


def things(account: Any) -> dict[str, str]:
    """One of everything that can be named, a job on its way among them."""
    session = account.prepared()
    job = account.ok(account.post(f"/training/{session}/start"))["id"]
    template = {"id": secrets.token_hex(12), "role": "user", "content_type": "text"}
    template["content"] = "Hello."
    segments = [{"type": "template", "template": template}]
    interaction = {"id": secrets.token_hex(12), "name": "Hello", "prompts": segments}
    path = account.folder / "interactions.json"
    path.write_text(json.dumps(interaction))
    account.studio.import_interactions(path, account.project)
    return {
        "session": session,
        "job": job,
        "run": account.ids[0],
        "environment": account.env,
        "interaction": interaction["id"],
        "prompt": template["id"],
    }


def filled(template: str, named: dict[str, str]) -> str:
    for word, name in WORDS.items():
        template = template.replace(f"{{{word}}}", named[name])
    return template.removeprefix("/api/v1").replace("job//", "job/")


def body_for(body: Any, named: dict[str, str]) -> Any:
    if not isinstance(body, dict):
        return body
    return {
        key: named["environment"] if value == "{environment}" else value
        for key, value in body.items()
    }


def test_every_route_is_in_the_matrix(studio: EmbeddedStudio) -> None:
    assert routes(studio) == set(MATRIX) | FOR_PEOPLE


@pytest.mark.parametrize(
    ("method", "path"), [place for place, body in MATRIX.items() if body != OWN]
)
def test_what_is_another_projects_is_missing(
    new_account: Callable[..., Any], method: str, path: str
) -> None:
    mine, other = new_account(3), new_account(3)
    theirs = things(other)
    nothing = {name: "0" * len(value) for name, value in theirs.items()}
    answers = []
    for named in (theirs, nothing):
        body = body_for(MATRIX[method, path], named)
        options = {} if body is None else {"json": body}
        answer = mine.call(method, filled(path, named), **options)
        mine.refused(answer, 404)
        text = answer.text
        for value in named.values():
            text = text.replace(value, "ID")
        answers.append(text)
    assert answers[0] == answers[1]
    still = other.ok(other.get(f"/training/{theirs['session']}"))
    assert still["status"] in ("processing", "completed")


def test_what_a_list_shows_is_the_callers_own(new_account: Callable[..., Any]) -> None:
    mine, other = new_account(2), new_account(3)
    theirs = things(other)
    assert mine.ok(mine.get("/training")) == []
    assert mine.ok(mine.get("/training/names")) == []
    assert [one["id"] for one in mine.ok(mine.get("/environments"))] == [mine.env]
    for answer in (mine.get("/runs"), mine.post("/runs/search", {})):
        assert {run["id"] for run in mine.ok(answer)} == set(mine.ids)
    query = {"query": {"_id": {"$in": [*other.ids, mine.ids[0]]}}}
    assert [run["id"] for run in mine.ok(mine.post("/runs/find", query))] == mine.ids[:1]
    session = mine.session()
    mine.refused(mine.post(f"/training/{session}/add", {"runs": [theirs["run"]]}), 404)


def test_an_object_of_another_project_is_no_dataset(new_account: Callable[..., Any]) -> None:
    mine, other = new_account(1), new_account(1)
    name = other.upload(other.session(), b"{}\n")
    session = mine.session()
    mine.refused(mine.post(f"/training/{session}/dataset", {"dataset": name}), 404)


def test_two_projects_may_have_a_run_of_the_same_id(new_account: Callable[..., Any]) -> None:
    mine, other = new_account(1), new_account(1)
    mine.load([{**other.documents[other.ids[0]], "result": "mine"}])
    shared = other.ids[0]
    assert mine.ok(mine.get(f"/runs/{shared}"))["result"] == "mine"
    assert other.ok(other.get(f"/runs/{shared}"))["result"] != "mine"
    session = mine.session()
    mine.ok(mine.post(f"/training/{session}/add", {"runs": [shared]}))
    assert len(mine.ok(mine.get(f"/training/{session}/runs"))) == 1
