"""Runs and environments: exact bytes, order, filters."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.client import StudioClient

HEAVY = {"result", "parameters", "result_schema", "prompt"}


def ids(answer: list[dict[str, Any]]) -> list[str]:
    return [run["id"] for run in answer]


def test_a_run_comes_back_byte_for_byte(account: Any) -> None:
    odd = '{"id":"odd", "n": 1.50, "big": 12345678901234567890123, "t":"\\u00e9\\n",  "e": {}}'
    path = account.folder / "odd.jsonl"
    path.write_text(odd + "\n")
    account.studio.import_runs(path, project=account.project)
    assert account.get("/runs/odd").content == odd.encode()
    found = account.post("/runs/find", {"query": {"id": {"$in": ["odd"]}}})
    assert found.content == f"[{odd}]".encode()


def test_runs_are_found_in_the_order_of_asking_each_once(account: Any) -> None:
    wanted = [account.ids[5], account.ids[2], "missing", account.ids[5], account.ids[9]]
    for name in ("_id", "id"):
        body = {"query": {name: {"$in": wanted}}, "limit": 100, "select": "+result"}
        found = account.ok(account.post("/runs/find", body))
        assert found == [account.documents[wanted[at]] for at in (0, 1, 4)]
    both = {"query": {"_id": {"$in": wanted}, "id": wanted[1]}}
    assert ids(account.ok(account.post("/runs/find", both))) == [wanted[1]]
    page = {"query": {"_id": {"$in": wanted}}, "limit": 1, "offset": 1}
    assert ids(account.ok(account.post("/runs/find", page))) == [wanted[1]]
    assert ids(account.ok(account.post("/runs/find", {"query": {"id": wanted[0]}}))) == wanted[:1]


def test_a_thousand_ids_at_once_and_no_more(account: Any) -> None:
    many = [*account.ids, *(f"x{number}" for number in range(1001 - len(account.ids)))]
    body = {"query": {"_id": {"$in": many[:1000]}}, "limit": 1000}
    assert ids(account.ok(account.post("/runs/find", body))) == account.ids
    account.refused(account.post("/runs/find", {"query": {"_id": {"$in": many}}}), 400)


def test_runs_are_found_by_what_their_fields_equal(account: Any) -> None:
    odd = {**account.documents[account.ids[0]], "status": "failed", "modelId": "m2", "ttl": 7}
    odd |= {"finish_reason": None, "kept": True}
    account.load([odd])
    for query in (
        {"status": "failed"},
        {"modelId": "m2"},
        {"ttl": 7},
        {"kept": True},
        {"finish_reason": None},
        {"status": "failed", "_id": {"$in": account.ids}},
        {"status": "failed", "modelId": "m2"},
    ):
        found = account.ok(account.post("/runs/find", {"query": query}))
        assert ids(found) == [odd["id"]], query
    for query in ({"status": "no"}, {"status": "no", "id": {"$in": account.ids}}, {"finish": "x"}):
        assert account.ok(account.post("/runs/find", {"query": query})) == []
    everything = account.ok(account.post("/runs/find", {"query": {}}))
    assert set(ids(everything)) == set(account.ids)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": []},
        {"query": {"status": {"$ne": "x"}}},
        {"query": {"id": {"$in": [1]}}},
        {"query": {"id": {"$in": ["a"], "$nin": []}}},
        {"query": {"_id": None}},
        {"query": {"id": 7}},
        {"query": {"result": "x"}},
        {"query": {"a.b": "x"}},
        {"query": {'x"': "x"}},
        {"query": {"x') --": 1}},
        {"query": {}, "limit": 0},
        {"query": {}, "limit": 1001},
        {"query": {}, "limit": "ten"},
        {"query": {}, "offset": -1},
        {"query": {}, "offset": 10**18},
        {"query": {}, "offset": 10**30},
        {"query": {"ttl": 10**30}},
        {"query": {"ttl": -1e300}},
    ],
)
def test_a_find_that_cannot_be_answered_is_400(account: Any, body: Any) -> None:
    account.refused(account.post("/runs/find", body), 400)


def test_references_leave_out_what_is_heavy(account: Any) -> None:
    session = account.session(runs=3)
    expected = {
        ident: {name: value for name, value in run.items() if name not in HEAVY}
        for ident, run in account.documents.items()
    }
    for refs in (
        account.ok(account.get("/runs")),
        account.ok(account.get(f"/training/{session}/runs")),
        account.ok(account.post("/runs/search", {})),
    ):
        assert refs
        assert all(ref == expected[ref["id"]] for ref in refs)


def test_runs_are_listed_newest_first_page_by_page(account: Any) -> None:
    by_time = sorted(
        account.documents.values(), key=lambda run: (run["updated_at"], run["id"]), reverse=True
    )
    listed = ids(account.ok(account.get("/runs", limit=1000)))
    assert listed == [run["id"] for run in by_time]
    pages = [ids(account.ok(account.get("/runs", limit=5, offset=at))) for at in (0, 5, 10, 15)]
    assert [ident for page in pages for ident in page] == listed


def test_runs_are_listed_by_their_fields(account: Any) -> None:
    account.load(
        [
            {**account.documents[account.ids[0]], "interaction": "bare", "modelId": "m2"},
            {**account.documents[account.ids[1]], "environment": "e2", "tags": ["50%_x", "b"]},
            {**account.documents[account.ids[2]], "status": "failed", "environment": None},
        ]
    )
    for words, at in (
        ({"interaction": "bare"}, 0),
        ({"model": "m2"}, 0),
        ({"environment": "e2"}, 1),
        ({"tag": "50%_x"}, 1),
        ({"status": "failed", "fromDate": "2030-01-01"}, 2),
    ):
        assert ids(account.ok(account.get("/runs", **words))) == [account.ids[at]], words
    named = ids(account.ok(account.get("/runs", interaction="Colours", limit=1000)))
    assert set(named) == set(account.ids[1:])
    assert account.ok(account.get("/runs", tag="50_xx")) == []


def test_a_tag_is_itself_alone(account: Any) -> None:
    tags = ["Gold", "gold", "a\nb", "b", "a\\nb"]
    documents = [
        {**account.documents[ident], "tags": [tag]}
        for ident, tag in zip(account.ids, tags, strict=False)
    ]
    account.load(documents)
    for ident, tag in zip(account.ids, tags, strict=False):
        assert [run["id"] for run in account.ok(account.get("/runs", tag=tag))] == [ident]
    assert account.ok(account.get("/runs", tag="\0")) == []


def test_a_search_knows_dates_tags_and_the_rest(account: Any) -> None:
    def search(limit: int = 100, **query: Any) -> set[str]:
        body = {"query": query, "limit": limit}
        return set(ids(account.ok(account.post("/runs/search", body))))

    by_day = {run["created_at"][:10]: run["id"] for run in account.documents.values()}
    third = by_day["2026-03-03"]
    assert search(start="2026-03-03", end="2026-03-04") == {third}
    assert search(start="2026-03-03T10:00:00Z", end="2026-03-03T10:00:01Z") == {third}
    assert search(start="2026-03-03T11:00:00+01:00", end="2026-03-03T10:00:00.001Z") == {third}
    assert search(end="2026-03-03T10:00:00.000Z") == {by_day["2026-03-01"], by_day["2026-03-02"]}
    assert search(tags=["n4"]) == {account.ids[4]}
    assert search(tags=["n4", "n5"]) == set()
    assert search(interaction="1" * 24, environment="2" * 24, status="completed") == set(
        account.ids
    )
    assert len(search(limit=3)) == 3
    for query in ({"start": "soon"}, {"end": ""}, {"start": 7}, {"tags": "n4"}):
        account.refused(account.post("/runs/search", {"query": query}), 400)


def test_the_client_fetches_every_run_of_a_session(account: Any) -> None:
    session = account.session(runs=12)
    with StudioClient(account.studio.url, api_key=account.key) as client:
        refs = [ref.id for ref in client.training.run_refs(session)]
        assert refs == account.ids
        wanted = [*refs, "vanished"]
        pulled = [pair for batch in client.runs.fetch(wanted, batch=5) for pair in batch]
    assert [ident for ident, _ in pulled] == wanted
    assert pulled[-1][1] is None
    assert [json.loads(raw) for _, raw in pulled[:-1]] == list(account.documents.values())


def test_environments_and_their_trainable_models(account: Any) -> None:
    listed = account.ok(account.get("/environments"))
    assert [one["id"] for one in listed] == [account.env]
    shown = account.ok(account.get(f"/environments/{account.env}"))
    assert shown == listed[0]
    assert shown["default_model"] == "test-chat-1"
    models = account.ok(account.get(f"/environments/{account.env}/trainable-models"))
    assert models == [{"id": "test-chat-1", "name": "Test-Chat-1", "provider": "test"}]
    account.refused(account.get("/environments/none"), 404)
    account.refused(account.get("/environments/none/trainable-models"), 404)


def test_only_models_that_a_provider_trains_are_listed(new_account: Callable[..., Any]) -> None:
    account = new_account(1)
    base = {"name": "n", "enabled_models": []}
    nova, titan = "us.amazon.nova-lite-v1:0", "amazon.titan-text"
    listed = [
        {**base, "id": "b1", "provider": "bedrock", "default_model": nova},
        {**base, "id": "b2", "provider": "bedrock", "default_model": titan},
        {**base, "id": "o1", "provider": "openai", "default_model": "gpt-4.1-mini"},
        {**base, "id": "s1", "provider": "strange", "default_model": "x"},
        {**base, "id": "t1", "provider": "test"},
    ]
    account.load([], *listed)
    found = {
        one["id"]: [
            model["id"]
            for model in account.ok(account.get(f"/environments/{one['id']}/trainable-models"))
        ]
        for one in listed
    }
    assert found == {"b1": [nova], "b2": [], "o1": ["gpt-4.1-mini"], "s1": [], "t1": []}
