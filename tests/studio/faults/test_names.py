"""Operations and faults by name, against the app's own routes."""

import re
from pathlib import Path

import pytest
from litestar.routes import ASGIRoute, HTTPRoute

from pipeline.api import BASE_PATH
from pipeline.errors import UsageError
from pipeline.studio import EmbeddedStudio
from pipeline.studio.app import make_app
from pipeline.studio.faults import KINDS, OPERATIONS, FaultPlan
from pipeline.studio.faults.operations import operation_of

DESCRIPTION = f"{BASE_PATH}/openapi"
"""What describes the API is none of its operations."""


def served(studio: EmbeddedStudio) -> set[tuple[str, str]]:
    """Method and path of every route of the API, its placeholders without their types."""
    found = set()
    for route in make_app(studio.studio).routes:
        if not isinstance(route, HTTPRoute) or route.path.startswith(DESCRIPTION):
            continue
        if route.path.startswith((BASE_PATH, "/token/issue")):
            path = re.sub(r"\{(\w+):str\}", r"{\1}", route.path)
            found |= {(one, path) for one in route.methods if one not in ("OPTIONS", "HEAD")}
    return found


def test_every_route_of_the_api_has_a_name_and_every_name_a_route(studio: EmbeddedStudio) -> None:
    named = {(one.method, one.path) for routes in OPERATIONS.values() for one in routes}
    api = {pair for pair in named if not pair[1].startswith(("/upload", "/objects"))}
    assert api == served(studio)


def test_uploads_and_objects_have_routes(studio: EmbeddedStudio) -> None:
    app = make_app(studio.studio)
    mounted = {route.path for route in app.routes if isinstance(route, ASGIRoute)}
    assert {"/upload/storage/v1/b/trainset/o", "/objects"} <= mounted


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/api/v1/training/", "training.list"),
        ("GET", "/api/v1/training/names", "training.names"),
        ("GET", "/api/v1/training/abc", "training.get"),
        ("GET", "/api/v1/training/abc/runs", "runs.list"),
        ("GET", "/api/v1/training/job/arn:aws:bedrock/x/y", "training.job"),
        ("GET", "/api/v1/runs", "runs.list"),
        ("GET", "/api/v1/runs/find", "runs.get"),
        ("POST", "/api/v1/runs/find", "runs.find"),
        ("HEAD", "/objects/a.jsonl", "objects.get"),
        ("DELETE", "/upload/storage/v1/b/trainset/o", "upload.cancel"),
        ("GET", "/healthz", None),
        ("DELETE", "/api/v1/training/abc", None),
    ],
)
def test_a_request_is_known_by_its_method_and_path(
    method: str, path: str, name: str | None
) -> None:
    assert operation_of(method, path) == name


def test_asking_how_much_is_stored_is_an_operation_of_its_own() -> None:
    path = "/upload/storage/v1/b/trainset/o"
    assert operation_of("PUT", path, "bytes */100") == "upload.status"
    assert operation_of("PUT", path, "bytes 0-99/100") == "upload.chunk"
    assert operation_of("PUT", path) == "upload.chunk"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ({"runs.lst": ["503"]}, "no operation 'runs.lst'; did you mean runs.list"),
        ({"run.list": []}, "did you mean runs.list"),
        ({"nothing": []}, "there are token.issue, training.create"),
        ({"runs.list": ["slw:1"]}, r"runs.list: there is no fault 'slw:1'; .* slow:SECONDS"),
        ({"runs.list": ["200"]}, "one of ok, STATUS"),
        ({"runs.list": ["cut"]}, "cut:BYTES"),
        ({"runs.list": ["expire"]}, "cannot stand at runs.list, only at token.issue"),
        ({"training.start": ["vanish"]}, "only at runs.list, runs.find, runs.get"),
        ({"runs.list": "503"}, r"give a list of faults, as \['503'\]"),
    ],
)
def test_a_wrong_word_is_told_with_those_that_were_meant(
    studio: EmbeddedStudio, script: dict[str, list[str]], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        studio.faults(script)


def test_every_form_reads_as_its_own_kind() -> None:
    values = {"STATUS": "503", "SECONDS": "1.5", "MS": "20", "BYTES": "7", "MIB": "2"}
    values |= {"ROWS": "-2", "RUNS": "3", "CALLS": "4"}
    for kind in KINDS:
        place = kind.operations[0] if kind.operations else "training.start"
        whole = re.sub(r"[A-Z]{2,}", lambda word: values[word[0]], kind.form)
        for word in {re.sub(r"\[.*\]", "", whole), whole.replace("[", "").replace("]", "")}:
            plan = FaultPlan({place: [word]})
            taken = plan.take(place, "GET", "/")
            assert taken is not None
            assert taken.name == kind.name, word
            assert plan.exhausted


def test_the_documentation_lists_every_operation_and_every_fault() -> None:
    page = Path(__file__).parents[3].joinpath("docs/testing.md").read_text(encoding="utf-8")
    for kind in KINDS:
        assert f"| `{kind.form}` | {kind.said} |" in page, kind.form
    for name in OPERATIONS:
        assert f"`{name}`" in page, name
