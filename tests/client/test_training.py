from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.client import NoTrainingApi, StudioClient
from pipeline.client.paging import PAGE, every
from pipeline.client.training import _portions
from pipeline.errors import AuthRefused, Conflict, NotFound, PermanentError, Unreachable

LIST = "GET /api/v1/training"
NAMES = "GET /api/v1/training/names"
ID = "64e4c1c2f0a1b2c3d4e5f601"
OTHER = "64e4c1c2f0a1b2c3d4e5f602"


def session(session_id: str = ID, name: str = "mine", **more: Any) -> dict[str, Any]:
    return {
        "id": session_id,
        "project": "p",
        "name": name,
        "env": {"id": "e", "name": "prod", "provider": "openai"},
        "model": "m",
        "status": "created",
        "dataset": None,
        "job": {},
        **more,
    }


def refs(first: int, count: int) -> list[dict[str, str]]:
    return [{"id": f"{number:024x}", "status": "completed"} for number in range(first, count)]


def test_pages_are_read_to_the_short_one(server: Any, studio: StudioClient) -> None:
    rows = [session(f"{number:024x}") for number in range(205)]

    def page(seen: Any) -> Any:
        start = int(seen.query["offset"])
        return server.json(rows[start : start + int(seen.query["limit"])])

    server.on(LIST, page)
    assert [row.id for row in studio.training.list("created")] == [row["id"] for row in rows]
    assert [seen.query["offset"] for seen in server.seen] == ["0", "100", "200"]
    assert {seen.query["status"] for seen in server.seen} == {"created"}


def test_a_server_that_ignores_the_offset_is_not_asked_for_ever(
    server: Any, studio: StudioClient
) -> None:
    server.on(f"GET /api/v1/training/{ID}/runs", server.json(refs(0, 100)))
    assert len(list(studio.training.run_refs(ID))) == 100
    assert len(server.seen) == 3


def test_rows_that_come_again_on_the_next_page_count_once(
    server: Any, studio: StudioClient
) -> None:
    pages = [server.json(refs(0, 100)), server.json(refs(95, 195)), server.json(refs(190, 200))]
    server.on(f"GET /api/v1/training/{ID}/runs", *pages)
    assert [ref.id for ref in studio.training.run_refs(ID)] == [row["id"] for row in refs(0, 200)]


class _Row:
    def __init__(self, row_id: str) -> None:
        self.id = row_id


@given(
    count=st.integers(0, 450),
    repeats=st.sets(st.integers(0, 5)),
)
def test_paging_ends_and_gives_each_row_once(count: int, repeats: set[int]) -> None:
    calls: list[int] = []

    def page(offset: int) -> list[_Row]:
        calls.append(offset)
        start = 0 if len(calls) in repeats else offset
        return [_Row(str(number)) for number in range(start, min(start + PAGE, count))]

    ids = [row.id for row in every(page)]
    assert len(ids) == len(set(ids))
    assert len(calls) <= count // PAGE + 2 + len(repeats)
    if not {number + 1 for number in repeats} & repeats:
        assert ids == [str(number) for number in range(count)]


def test_a_session_is_found_by_id_and_by_name(server: Any, studio: StudioClient) -> None:
    server.on(f"GET /api/v1/training/{ID}", server.json(session(runs=["r1", "r2"])))
    server.on(NAMES, server.json([{"id": ID, "name": "mine"}, {"id": OTHER, "name": "yours"}]))
    assert studio.training.find(ID).runs == ("r1", "r2")
    assert studio.training.find("mine").runs == ("r1", "r2")


def test_without_names_the_listing_serves(server: Any, studio: StudioClient) -> None:
    server.on(LIST, server.json([session(), session(OTHER, "yours")]))
    server.on(f"GET /api/v1/training/{OTHER}", server.json(session(OTHER, "yours")))
    assert studio.training.find("yours").id == OTHER


def test_a_name_of_24_digits_is_still_a_name(server: Any, studio: StudioClient) -> None:
    server.on(LIST, server.json([session(OTHER, ID)]))
    server.on(NAMES, server.json([{"id": OTHER, "name": ID}]))
    server.on(f"GET /api/v1/training/{OTHER}", server.json(session(OTHER, ID)))
    assert studio.training.find(ID).id == OTHER


def test_what_is_not_found_names_what_was_meant(server: Any, studio: StudioClient) -> None:
    names = ["Support EN", "support-en", "billing"]
    server.on(LIST, server.json([]))
    server.on(
        NAMES, server.json([{"id": f"{i:024x}", "name": name} for i, name in enumerate(names)])
    )
    with pytest.raises(
        NotFound, match="no training session 'suport-en'; did you mean 'support-en'"
    ):
        studio.training.find("suport-en")
    with pytest.raises(NotFound, match="there are 3 others"):
        studio.training.find("zzz")
    with pytest.raises(NotFound, match="no such path"):
        studio.training.find(ID)


def test_a_name_that_two_bear_is_refused(server: Any, studio: StudioClient) -> None:
    server.on(NAMES, server.json([{"id": ID, "name": "twin"}, {"id": OTHER, "name": "twin"}]))
    with pytest.raises(PermanentError, match=rf"2 training sessions .*{ID}, {OTHER}"):
        studio.training.find("twin")


def test_a_refused_key_is_not_taken_for_missing_names(server: Any, studio: StudioClient) -> None:
    server.on(NAMES, server.json({"message": "who are you"}, 401))
    with pytest.raises(AuthRefused, match="who are you"):
        studio.training.find("mine")


@pytest.mark.parametrize("status", [404, 410])
def test_a_studio_without_training_says_what_still_works(
    server: Any, studio: StudioClient, status: int
) -> None:
    gone = server.raw(b"<html>", status)
    for route in (LIST, "POST /api/v1/training", f"GET /api/v1/training/{ID}"):
        server.on(route, gone)
    for call in (
        lambda: list(studio.training.list()),
        lambda: studio.training.create("n", "e", "m"),
        lambda: studio.training.get(ID),
        lambda: studio.training.find("mine"),
    ):
        with pytest.raises(NoTrainingApi, match=r"no training API .* --runs FILE") as caught:
            call()
        assert caught.value.exit_code == 4


def test_an_unknown_environment_is_no_missing_api(server: Any, studio: StudioClient) -> None:
    server.on(LIST, server.json([]))
    server.on("POST /api/v1/training", server.json({"message": "no environment e"}, 404))
    with pytest.raises(NotFound, match="no environment e") as caught:
        studio.training.create("n", "e", "m")
    assert not isinstance(caught.value, NoTrainingApi)


def test_runs_are_added_once_each_in_bounded_calls(server: Any, studio: StudioClient) -> None:
    server.on(f"POST /api/v1/training/{ID}/add", server.json({}, 503), server.json({"ok": True}))
    ids = [f"{number:024x}" for number in range(60_000)]
    studio.training.add_runs(ID, [*ids, *ids[:10]])
    bodies = [seen.json()["runs"] for seen in server.seen[1:]]
    assert [run_id for body in bodies for run_id in body] == ids
    assert max(len(seen.body) for seen in server.seen) < 1 << 21
    server.seen.clear()
    studio.training.add_runs(ID, [])
    assert server.seen == []


@given(st.lists(st.text(max_size=40), max_size=50))
def test_portions_lose_nothing_and_keep_the_order(ids: list[str]) -> None:
    assert [run_id for portion in _portions(ids) for run_id in portion] == list(dict.fromkeys(ids))


def test_portions_are_bounded_in_number() -> None:
    assert [len(portion) for portion in _portions(str(n) for n in range(100_001))] == [
        100_000,
        1,
    ]


def test_a_job_id_with_slashes_and_colons_is_encoded(server: Any, studio: StudioClient) -> None:
    arn = "arn:aws:bedrock:us-east-1:1:model-customization-job/m.a-b:128k/abc"
    path = "/api/v1/training/job/" + arn.replace(":", "%3A").replace("/", "%2F")
    server.on(f"GET {path}", server.json({"id": arn, "status": "succeeded", "model": "ft"}))
    assert studio.training.job(arn, sync=True).model == "ft"
    assert studio.training.job(arn).id == arn
    assert [seen.query for seen in server.seen] == [{"sync": "true"}, {}]


def test_a_start_is_never_sent_twice(server: Any, studio: StudioClient) -> None:
    route = f"POST /api/v1/training/{ID}/start"
    server.on(route, server.cut(b'{"id"', 500))
    with pytest.raises(Unreachable, match=f"start training session {ID}"):
        studio.training.start(ID)
    server.on(route, server.json({"id": "job-1", "status": "pending"}))
    assert studio.training.start(ID).id == "job-1"
    assert len(server.calls(route)) == 2


def test_a_conflict_keeps_the_servers_reason(server: Any, studio: StudioClient) -> None:
    server.on(f"POST /api/v1/training/{ID}/cancel", server.json({"message": "no job"}, 409))
    with pytest.raises(Conflict, match=r"cancel training session .* no job"):
        studio.training.cancel(ID)


@pytest.mark.parametrize(
    ("body", "url"), [(b'{"dataset": "https://x/y"}', "https://x/y"), (b"", None), (b"{}", None)]
)
def test_dataset_answers_may_say_nothing(
    server: Any, studio: StudioClient, body: bytes, url: str | None
) -> None:
    server.on(f"POST /api/v1/training/{ID}/build", server.reset(), server.raw(body))
    server.on(f"POST /api/v1/training/{ID}/dataset", server.json({}, 503), server.raw(body))
    assert studio.training.build(ID) == url
    assert studio.training.set_dataset(ID, "train.jsonl") == url
    assert server.seen[-1].json() == {"dataset": "train.jsonl"}


def test_links_are_given_as_they_came(server: Any, studio: StudioClient) -> None:
    link = f"{server.url}/o/a%2Fb?upload_id=x%2By&sig=a+b"
    server.on(f"GET /api/v1/training/{ID}/upload-url", server.json({"url": link}))
    server.on(f"GET /api/v1/training/{ID}/url", server.json({"url": link}))
    assert studio.training.upload_url(ID) == studio.training.dataset_url(ID) == link
    studio.training.upload_url(ID, resumable=False)
    assert [seen.query for seen in server.seen] == [{"resumable": "true"}, {}, {}]


@pytest.mark.parametrize("link", ["http://169.254.169.254/latest", "file:///etc/passwd", "x"])
def test_a_link_that_would_lead_astray_is_refused(
    server: Any, studio: StudioClient, link: str
) -> None:
    server.on(f"GET /api/v1/training/{ID}/url", server.json({"url": link}))
    with pytest.raises(PermanentError, match=r"the URL that 127\.0\.0\.1 handed out"):
        studio.training.dataset_url(ID)


def test_environments_are_found_with_their_models(server: Any, studio: StudioClient) -> None:
    row = {"id": ID, "name": "prod", "provider": "openai", "enabled_models": [{"id": "m"}]}
    server.on("GET /api/v1/environments", server.json([row, {**row, "id": OTHER, "name": "dev"}]))
    server.on(f"GET /api/v1/environments/{ID}", server.json(row))
    models = [{"id": "gpt", "name": "GPT", "provider": "openai"}]
    server.on(f"GET /api/v1/environments/{ID}/trainable-models", server.json(models))
    assert studio.environments.find("prod").id == studio.environments.find(ID).id == ID
    assert [model.id for model in studio.environments.trainable_models(ID)] == ["gpt"]
    with pytest.raises(NotFound, match="no environment 'prd'; did you mean 'prod'"):
        studio.environments.find("prd")
    with pytest.raises(NotFound):
        studio.environments.find("f" * 24)
