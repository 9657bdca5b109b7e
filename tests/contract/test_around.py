"""What real clients call around the training: runs, environments, prompts, interactions."""

from typing import Any

import pytest

HEAVY = {"result", "parameters", "result_schema", "prompt"}


def ids(answer: list[dict[str, Any]]) -> list[str]:
    return [run["id"] for run in answer]


def test_names_are_ids_and_names(door: Any) -> None:
    session = door.session()
    assert door.get("/training/names?limit=1") == [{"id": session, "name": "contract check"}]


def test_a_run_is_answered_in_full_and_an_unknown_one_is_404(door: Any) -> None:
    run = door.get(f"/runs/{door.runs[0]}")
    assert run["id"] == door.runs[0]
    assert "prompt" in run
    door.get(f"/runs/{'f' * 24}", status=404)


def test_runs_are_listed_as_references_most_recently_updated_first(door: Any) -> None:
    listed = door.get("/runs?limit=12&offset=0")
    assert not any(HEAVY & set(run) for run in listed)
    times = [run["updated_at"] for run in listed]
    assert times == sorted(times, reverse=True)


@pytest.mark.seeded
@pytest.mark.parametrize(
    ("words", "count"),
    [
        (f"interaction={'1' * 24}", 12),
        ("interaction=Colours", 12),
        ("status=completed", 12),
        ("model=gpt-4.1-mini", 12),
        (f"environment={'2' * 24}", 12),
        ("tag=n3", 1),
        ("tag=n", 0),
        ("status=failed", 0),
        ("model=none", 0),
        ("interaction=none", 0),
        ("environment=none", 0),
        ("status=completed&tag=n3", 1),
    ],
)
def test_runs_are_filtered(door: Any, words: str, count: int) -> None:
    assert len(door.get(f"/runs?{words}")) == count


def test_dates_of_the_list_are_accepted_and_ignored(door: Any) -> None:
    dated = door.get("/runs?limit=5&fromDate=2035-01-01&toDate=nonsense")
    assert dated == door.get("/runs?limit=5")


@pytest.mark.parametrize("name", ["_id", "id"])
def test_find_answers_full_runs_by_id(door: Any, name: str) -> None:
    wanted = [door.runs[2], door.runs[0], "f" * 24]
    found = door.post("/runs/find", {"query": {name: {"$in": wanted}}, "limit": 100, "offset": 0})
    assert set(ids(found)) == set(wanted[:2])
    assert all("prompt" in run for run in found)


@pytest.mark.ours
def test_find_keeps_the_order_of_asking(door: Any) -> None:
    wanted = [door.runs[5], door.runs[1], door.runs[3], door.runs[1]]
    found = door.post("/runs/find", {"query": {"_id": {"$in": wanted}}})
    assert ids(found) == wanted[:3]


@pytest.mark.seeded
def test_find_knows_equality_on_top_level_fields(door: Any) -> None:
    for query, count in (
        ({"status": "completed"}, 12),
        ({"modelId": "gpt-4.1-mini", "finish_reason": "stop"}, 12),
        ({"status": "failed"}, 0),
        ({"id": door.runs[0]}, 1),
        ({}, 12),
    ):
        assert len(door.post("/runs/find", {"query": query})) == count


@pytest.mark.ours
@pytest.mark.parametrize(
    "query",
    [{"a.b": 1}, {"status": {"$ne": "x"}}, {"result": "x"}, {"id": {"$in": [], "x": 1}}, {"": 1}],
)
def test_find_refuses_what_it_cannot_answer(door: Any, query: dict[str, Any]) -> None:
    door.post("/runs/find", {"query": query}, status=400)


def test_search_answers_references(door: Any) -> None:
    found = door.post("/runs/search", {"query": {}, "limit": 5, "offset": 0})
    assert len(found) == 5
    assert not any(HEAVY & set(run) for run in found)


@pytest.mark.seeded
def test_dates_of_a_search_work(door: Any) -> None:
    def found(**query: str) -> list[str]:
        return sorted(ids(door.post("/runs/search", {"query": query})))

    assert found(start="2026-03-03", end="2026-03-05") == sorted(door.runs[2:4])
    assert found(start="2026-03-12T10:00:00.000Z") == [door.runs[11]]
    assert found(end="2026-03-01T10:00:00.000Z") == []
    assert found(start="2026-03-03T12:00:00+02:00", end="2026-03-03T10:00:01Z") == [door.runs[2]]


@pytest.mark.seeded
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"interaction": "1" * 24}, 12),
        ({"environment": "2" * 24, "model": "gpt-4.1-mini", "status": "completed"}, 12),
        ({"tags": ["n3"]}, 1),
        ({"tags": ["n3", "n4"]}, 0),
        ({"status": "failed"}, 0),
    ],
)
def test_a_search_is_filtered(door: Any, query: dict[str, Any], count: int) -> None:
    assert len(door.post("/runs/search", {"query": query})) == count


def test_environments_are_listed_and_answered(door: Any) -> None:
    listed = door.get("/environments")
    assert door.env in [one["id"] for one in listed]
    shown = door.get(f"/environments/{door.env}")
    assert set(shown) >= {"id", "name", "provider"}
    door.get(f"/environments/{'f' * 24}", status=404)


def test_trainable_models_have_id_name_and_provider(door: Any) -> None:
    models = door.get(f"/environments/{door.env}/trainable-models")
    assert door.model in [model["id"] for model in models]
    assert all(set(model) >= {"id", "name", "provider"} for model in models)
    door.get(f"/environments/{'f' * 24}/trainable-models", status=404)


@pytest.mark.seeded
def test_a_prompt_is_rendered_with_the_parameters_as_body(door: Any) -> None:
    rendered = door.post(f"/prompts/t-{door.project}/render", {"number": 7})
    assert rendered == {
        "id": f"t-{door.project}", "role": "user", "content_type": "text", "rendered": "Hi.",
    }  # fmt: skip
    door.post(f"/prompts/{'f' * 24}/render", {}, status=404)


@pytest.mark.seeded
def test_an_interaction_refers_to_its_templates(door: Any) -> None:
    shown = door.get(f"/interactions/i-{door.project}")
    (segment,) = shown["prompts"]
    assert segment["template"]["id"] == f"t-{door.project}"
    assert "content" not in segment["template"]
    door.get(f"/interactions/{'f' * 24}", status=404)
