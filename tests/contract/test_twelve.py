"""The twelve operations, and what their rules leave to us."""

from typing import Any

import pytest

SESSION_KEYS = {
    "id", "project", "name", "env", "model", "status", "runs", "dataset", "job",
    "created_by", "updated_by", "created_at", "updated_at",
}  # fmt: skip


def test_create_answers_200_with_the_session(door: Any) -> None:
    body = {"name": "contract check", "env": door.env, "model": door.model}
    made = door.post("/training", body)
    assert set(made) >= SESSION_KEYS
    assert (made["status"], made["runs"], made["dataset"], made["job"]) == ("created", [], None, {})
    assert made["env"]["id"] == door.env
    assert made["model"] == door.model


@pytest.mark.parametrize("word", ["name", "env", "model"])
@pytest.mark.parametrize("value", [None, "", 7])
def test_create_needs_name_env_and_model_as_non_empty_strings(
    door: Any, word: str, value: Any
) -> None:
    body = {"name": "contract check", "env": door.env, "model": door.model, word: value}
    assert word in door.post("/training", body, status=400)


def test_create_with_an_unknown_env_is_404(door: Any) -> None:
    body = {"name": "contract check", "env": "f" * 24, "model": door.model}
    door.post("/training", body, status=404)


def test_create_with_a_model_that_the_env_cannot_train_is_400_and_lists_those_it_can(
    door: Any,
) -> None:
    body = {"name": "contract check", "env": door.env, "model": "no-such-model"}
    assert door.model in door.post("/training", body, status=400)


def test_sessions_are_listed_newest_first_without_their_runs(door: Any) -> None:
    made = [door.session() for _ in range(3)]
    listed = door.get("/training?limit=3&offset=0")
    assert [one["id"] for one in listed] == made[::-1]
    assert not any("runs" in one for one in listed)


def test_pages_of_sessions_hold_still_under_inserts(door: Any) -> None:
    made = [door.session() for _ in range(4)]
    first = door.get("/training?limit=2&offset=0")
    newer = door.session()
    second = door.get("/training?limit=2&offset=3")
    assert [one["id"] for one in first + second] == made[::-1]
    assert door.get("/training?limit=1")[0]["id"] == newer


@pytest.mark.parametrize(
    "words", ["limit=0", "limit=1001", "limit=x", "limit=", "offset=-1", "offset=x", "status=lost"]
)
def test_a_bad_limit_offset_or_status_is_400(door: Any, words: str) -> None:
    door.get(f"/training?{words}", status=400)


def test_limit_is_1_to_1000(door: Any) -> None:
    door.session()
    assert len(door.get("/training?limit=1")) == 1
    assert door.get("/training?limit=1000")


@pytest.mark.seeded
def test_limit_is_100_where_none_is_given(door: Any) -> None:
    for _ in range(101):
        door.session()
    assert len(door.get("/training")) == 100
    assert len(door.get("/training/names")) == 100


def test_sessions_are_filtered_by_status(door: Any) -> None:
    session = door.session()
    assert session in [one["id"] for one in door.get("/training?status=created&limit=1000")]
    assert session not in [one["id"] for one in door.get("/training?status=failed&limit=1000")]


def test_an_unknown_session_is_404(door: Any) -> None:
    for path in ("", "/runs", "/url", "/upload-url"):
        door.get(f"/training/{'f' * 24}{path}", status=404)
    for path in ("/build", "/start", "/cancel"):
        door.post(f"/training/{'f' * 24}{path}", status=404)


def test_add_answers_ok_and_a_run_already_there_is_no_error(door: Any) -> None:
    session = door.session()
    assert door.post(f"/training/{session}/add", {"runs": door.runs[:2]}) == {"ok": True}
    assert door.post(f"/training/{session}/add", {"runs": door.runs[:3]}) == {"ok": True}
    assert door.get(f"/training/{session}")["runs"] == door.runs[:3]


def test_add_names_unknown_ids_in_a_404_and_adds_nothing(door: Any) -> None:
    session = door.session()
    body = {"runs": [door.runs[0], "f" * 24]}
    assert "f" * 24 in door.post(f"/training/{session}/add", body, status=404)
    assert door.get(f"/training/{session}")["runs"] == []


@pytest.mark.ours
def test_add_takes_100_000_ids_a_call_and_no_more(door: Any) -> None:
    ids = [f"{number:024x}" for number in range(100_001)]
    assert "100,000" in door.post(f"/training/{door.session()}/add", {"runs": ids}, status=400)


def test_runs_are_listed_in_the_order_of_adding_as_references(door: Any) -> None:
    session = door.session()
    order = [door.runs[2], door.runs[0], door.runs[1]]
    for run in order:
        door.post(f"/training/{session}/add", {"runs": [run]})
    listed = door.get(f"/training/{session}/runs?limit=100&offset=0")
    assert [run["id"] for run in listed] == order
    heavy = {"result", "parameters", "result_schema", "prompt"}
    assert not any(heavy & set(run) for run in listed)
    pages = [door.get(f"/training/{session}/runs?limit=2&offset={at}") for at in (0, 2, 4)]
    assert [run["id"] for page in pages for run in page] == order


@pytest.mark.costs
def test_build_prepares_the_session_and_unchanged_runs_give_the_same_dataset(door: Any) -> None:
    session = door.session(runs=12)
    first = door.post(f"/training/{session}/build")
    shown = door.get(f"/training/{session}")
    assert (shown["status"], shown["dataset"]) == ("prepared", first["dataset"])
    assert door.post(f"/training/{session}/build") == first


@pytest.mark.costs
def test_build_without_anything_to_train_on_is_400_with_a_reason(door: Any) -> None:
    session = door.session()
    assert "no runs" in door.post(f"/training/{session}/build", status=400)
    assert door.get(f"/training/{session}")["status"] == "created"


def test_url_is_404_before_there_is_a_dataset(door: Any) -> None:
    door.get(f"/training/{door.session()}/url", status=404)


@pytest.mark.costs
def test_url_is_a_signed_link_to_the_dataset(door: Any) -> None:
    session = door.session()
    name = door.uploaded(session, b"one\n")
    door.post(f"/training/{session}/dataset", {"dataset": name})
    url = door.get(f"/training/{session}/url")["url"]
    assert door.bare("GET", url).content == b"one\n"
    assert door.bare("GET", url.partition("?")[0]).status_code == 403


@pytest.mark.costs
def test_upload_url_is_a_resumable_session_or_a_signed_put(door: Any) -> None:
    session = door.session()
    resumable = door.get(f"/training/{session}/upload-url?resumable=true")["url"]
    assert "uploadType=resumable&upload_id=" in resumable
    plain = door.get(f"/training/{session}/upload-url")["url"]
    assert "upload_id" not in plain
    for url in (resumable, plain):
        stored = door.expect(door.bare("PUT", url, content=b"one\n"), 200)
        assert set(stored) >= {"name", "size", "crc32c", "md5Hash", "generation"}
        assert stored["size"] == "4"


@pytest.mark.costs
def test_an_object_belongs_to_its_session_alone(door: Any) -> None:
    name = door.uploaded(door.session(), b"one\n")
    door.post(f"/training/{door.session()}/dataset", {"dataset": name}, status=404)


@pytest.mark.costs
def test_dataset_takes_default_or_a_finished_upload(door: Any) -> None:
    session = door.session(runs=12)
    path = f"/training/{session}/dataset"
    door.post(path, {"dataset": "default"}, status=409)
    door.post(path, {"dataset": "no-such.jsonl"}, status=404)
    name = door.uploaded(session, b"one\n")
    assert door.post(path, {"dataset": name})["dataset"].endswith(name)
    assert door.get(f"/training/{session}")["status"] == "prepared"
    made = door.post(f"/training/{session}/build")["dataset"]
    door.post(path, {"dataset": name})
    assert door.post(path, {"dataset": "default"})["dataset"] == made


@pytest.mark.costs
def test_an_upload_that_is_not_finished_is_no_dataset(door: Any) -> None:
    session = door.session()
    url = door.get(f"/training/{session}/upload-url")["url"]
    name = url.partition("?")[0].rpartition("/")[2]
    door.post(f"/training/{session}/dataset", {"dataset": name}, status=404)


def test_start_without_a_dataset_is_409(door: Any) -> None:
    door.post(f"/training/{door.session()}/start", status=409)


@pytest.mark.costs
def test_start_is_idempotent_while_a_job_is_active(door: Any) -> None:
    session = door.prepared()
    job = door.post(f"/training/{session}/start")
    again = door.post(f"/training/{session}/start")
    shown = door.get(f"/training/{session}")
    if shown["status"] == "processing":
        assert again["id"] == job["id"]
    assert shown["job"]["id"] == again["id"]
    assert job["status"] in ("pending", "running")


@pytest.mark.seeded
def test_while_processing_a_session_takes_nothing_else(door: Any) -> None:
    session = door.prepared()
    with door.place.studio.database.write() as connection:
        connection.exec_driver_sql(
            f"UPDATE sessions SET status = 'processing' WHERE id = '{session}'"
        )
    for path, body in (
        ("build", None),
        ("add", {"runs": door.runs[:1]}),
        ("dataset", {"dataset": "default"}),
    ):
        door.post(f"/training/{session}/{path}", body, status=409)


def test_cancel_without_a_job_is_409(door: Any) -> None:
    door.post(f"/training/{door.session()}/cancel", status=409)


@pytest.mark.costs
def test_cancel_ends_the_active_job_and_answers_a_cancelled_one(door: Any) -> None:
    session = door.prepared()
    job = door.post(f"/training/{session}/start")
    ended = door.post(f"/training/{session}/cancel")
    assert (ended["id"], ended["status"]) == (job["id"], "cancelled")
    assert door.post(f"/training/{session}/cancel") == ended
    assert door.get(f"/training/{session}")["status"] == "cancelled"


@pytest.mark.costs
def test_a_new_start_leads_out_of_cancelled(door: Any) -> None:
    session = door.prepared()
    first = door.post(f"/training/{session}/start")["id"]
    door.post(f"/training/{session}/cancel")
    second = door.post(f"/training/{session}/start")["id"]
    assert second != first
    assert door.get(f"/training/{session}")["job"]["id"] == second


def test_an_unknown_job_is_404(door: Any) -> None:
    door.get(f"/training/job/{'f' * 24}", status=404)
    door.get(f"/training/job/{'f' * 24}?sync=true", status=404)


@pytest.mark.costs
def test_sync_waits_for_the_end_of_the_job(door: Any) -> None:
    session = door.prepared()
    job = door.post(f"/training/{session}/start")["id"]
    over = door.get(f"/training/job/{job}?sync=true")
    assert over["status"] == "completed"
    assert over["model"]
    assert door.get(f"/training/job/{job}") == over
    assert door.get(f"/training/{session}")["status"] == "completed"


@pytest.mark.ours
@pytest.mark.parametrize("word", ["maybe", "2", ""])
def test_sync_and_resumable_are_true_or_false(door: Any, word: str) -> None:
    door.get(f"/training/job/{'f' * 24}?sync={word}", status=400)
    door.get(f"/training/{door.session()}/upload-url?resumable={word}", status=400)
