"""The main job as a user runs it: to a finished job, once, whatever breaks in between."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from pipeline.api.jobs import read_status
from pipeline.build import build_dataset, find_build
from pipeline.build.publishing.publish import publish_dataset, start_training
from pipeline.build.pulling.studio_source import StudioSource
from pipeline.build.telling.life import explain_run
from pipeline.errors import Conflict, Unreachable
from pipeline.spec import GateSpec, load_spec

Command = Callable[..., subprocess.CompletedProcess[str]]
Runs = list[dict[str, Any]]
TRAINSET = str(Path(sys.executable).with_name("trainset"))


def last_json(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_run_ends_with_a_finished_job_and_a_second_run_does_nothing(
    served: Any, command: Command, tmp_path: Path
) -> None:
    words = ["run", *served.flags, "--work-dir", tmp_path / "work", "--json"]
    first = last_json(command(*words))
    assert first["job"]["status"] == "completed"
    assert first["job"]["model"].startswith("test-chat-1:rehearsal:")
    assert first["pulled"] == first["kept"] + sum(first["rejected"].values()) + first["duplicates"]
    again = command(*words)
    assert last_json(again)["job"]["id"] == first["job"]["id"]
    assert "Published already" in again.stderr
    assert "Started already" in again.stderr
    assert served.jobs() == 1


def test_run_needs_no_more_than_a_file_of_runs(
    runs: Runs,
    write_runs: Callable[[Sequence[dict[str, Any]], str], Path],
    command: Command,
    tmp_path: Path,
) -> None:
    words = ["run", "--runs", write_runs(runs, "r.jsonl"), "--work-dir", tmp_path / "w", "--json"]
    done = command(*words)
    assert last_json(done)["job"]["status"] == "completed"
    assert "started an embedded one at http://127.0.0.1:" in done.stderr
    assert last_json(command(*words))["job"]["id"] == last_json(done)["job"]["id"]


def test_a_fresh_work_dir_finds_what_was_done_at_the_studio(
    served: Any, command: Command, tmp_path: Path
) -> None:
    first = last_json(command("run", *served.flags, "--work-dir", tmp_path / "a", "--json"))
    other = last_json(command("run", *served.flags, "--work-dir", tmp_path / "b", "--json"))
    assert other["job"]["id"] == first["job"]["id"]
    assert served.jobs() == 1


def test_pull_from_a_studio_and_from_a_file_give_the_same_dataset(
    served: Any, command: Command, tmp_path: Path
) -> None:
    pulled = last_json(command("build", *served.flags, "--work-dir", tmp_path / "a", "--json"))
    read = last_json(
        command("build", "--runs", tmp_path / "runs.jsonl", "--work-dir", tmp_path / "b", "--json")
    )
    for split, path in pulled["files"]["openai"].items():
        assert Path(path).read_bytes() == Path(read["files"]["openai"][split]).read_bytes()


def test_a_run_that_vanishes_between_list_and_fetch_is_rejected_and_the_rest_goes_on(
    served: Any, tmp_path: Path, runs: Runs
) -> None:
    source = StudioSource(served.client, served.client.training.get(served.session))
    with served.studio.studio.database.write() as connection:
        connection.execute(text("DELETE FROM runs WHERE id = :id"), {"id": runs[3]["id"]})
    overrides = {"run.work_dir": str(tmp_path / "w"), "run.workers": 1}
    spec = load_spec(None, environ={}, overrides=overrides)
    result = build_dataset(spec, source=source)
    assert result.manifest.tally.pulled == len(runs)
    assert result.manifest.tally.rejected["vanished"] == 1
    (life,) = explain_run(result, runs[3]["id"])
    assert life.row.code == "vanished"


def test_the_steps_one_by_one(served: Any, command: Command, tmp_path: Path) -> None:
    work = ["--work-dir", tmp_path / "work"]
    last_json(command("build", *served.flags, *work, "--json"))
    assert "Published openai/train.jsonl" in command("publish", *served.flags, *work).stderr
    assert "nothing was done" in command("publish", *served.flags, *work).stderr
    assert "Started job" in command("start", *served.flags, *work).stderr
    watched = last_json(command("watch", *served.flags, "--json"))
    assert watched["job"]["status"] == "completed"
    assert "nothing was done" in command("start", *served.flags, *work).stderr
    refused = command("cancel", *served.flags)
    assert refused.returncode == 4
    assert "is completed already" in refused.stderr
    assert served.jobs() == 1


def test_the_session_gets_the_file_that_its_environment_takes(
    served: Any, command: Command, tmp_path: Path
) -> None:
    gemini, work = ["--format", "gemini"], ["--work-dir", tmp_path / "work"]
    refused = command("run", *served.flags, *work, *gemini)
    assert refused.returncode == 3
    assert "trains on openai, not on gemini; build with --format openai" in refused.stderr
    assert served.jobs() == 0
    ran = command("run", *served.flags, *work, *gemini, "--format", "openai", "--json")
    assert last_json(ran)["job"]["status"] == "completed"
    assert "Published openai/train.jsonl" in ran.stderr
    for step in ("publish", "start"):
        assert "nothing was done" in command(step, *served.flags, *work).stderr
    assert served.jobs() == 1


def test_a_lost_answer_of_start_never_makes_a_second_job(
    served: Any, command: Command, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    last_json(command("build", *served.flags, "--work-dir", work, "--json"))
    build = find_build(str(work), None)
    publish_dataset(build, served.client, served.session, gates=GateSpec())
    lost = served.studio.faults({"training.start": ["lost"]})
    with lost as plan, pytest.raises(Unreachable):
        served.client.training.start(served.session)
    assert plan.exhausted
    time.sleep(1.5)
    started = start_training(build, served.client, served.session)
    assert not started.started
    assert served.jobs() == 1


def test_start_survives_losing_its_own_answers(
    served: Any, command: Command, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    last_json(command("build", *served.flags, "--work-dir", work, "--json"))
    build = find_build(str(work), None)
    publish_dataset(build, served.client, served.session, gates=GateSpec())
    with served.studio.faults({"training.start": ["lost"]}) as plan:
        started = start_training(build, served.client, served.session)
    assert plan.exhausted
    assert read_status(started.job.status) in ("pending", "running", "completed")
    assert served.jobs() == 1


def test_another_build_s_dataset_is_not_started(
    served: Any, command: Command, tmp_path: Path, runs: Runs
) -> None:
    del runs
    last_json(command("run", *served.flags, "--work-dir", tmp_path / "a", "--json"))
    other = tmp_path / "b"
    spec = tmp_path / "keep.toml"
    spec.write_text('[dedupe]\nconflicts = "keep"\n')
    last_json(command("build", spec, *served.flags, "--work-dir", other, "--json"))
    with pytest.raises(Conflict, match="its dataset is not this build's"):
        start_training(find_build(str(other), None), served.client, served.session)


def test_a_dataset_that_was_trained_before_is_not_trained_again(
    served: Any, command: Command, tmp_path: Path
) -> None:
    keep = tmp_path / "keep.toml"
    keep.write_text('[dedupe]\nconflicts = "keep"\n')
    work = ["--work-dir", tmp_path / "work", "--json"]
    first = last_json(command("run", *served.flags, *work))
    other = last_json(command("run", keep, *served.flags, *work))
    again = last_json(command("run", *served.flags, *work))
    assert other["job"]["id"] != first["job"]["id"]
    assert again["job"]["id"] == first["job"]["id"]
    assert served.jobs() == 2


def test_a_cancelled_job_is_started_again_only_when_asked(
    served: Any, command: Command, tmp_path: Path
) -> None:
    work = ["--work-dir", tmp_path / "work"]
    last_json(command("build", *served.flags, *work, "--json"))
    assert command("publish", *served.flags, *work).returncode == 0
    build = find_build(str(tmp_path / "work"), None)
    job = start_training(build, served.client, served.session).job
    served.client.training.cancel(served.session)
    said = command("start", *served.flags, *work).stderr
    assert f"job {job.id} is cancelled" in said
    assert "--again" in said
    assert served.jobs() == 1
    assert "Started job" in command("start", "--again", *served.flags, *work).stderr
    assert served.jobs() == 2
    assert "nothing was done" in command("start", "--again", *served.flags, *work).stderr
    assert served.jobs() == 2


def test_killed_at_any_moment_the_main_job_ends_with_one_job(
    served: Any, command: Command, tmp_path: Path
) -> None:
    undisturbed = last_json(
        command("build", *served.flags, "--work-dir", tmp_path / "calm", "--json")
    )
    words = [TRAINSET, "run", *served.flags, "--work-dir", str(tmp_path / "work"), "--json"]
    draw = random.Random(11)
    for _ in range(7):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(draw.uniform(0.3, 2.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = last_json(command(*words[1:]))
    assert done["job"]["status"] == "completed"
    assert served.jobs() == 1
    for split, path in done["files"]["openai"].items():
        calm = Path(undisturbed["files"]["openai"][split])
        assert Path(path).read_bytes() == calm.read_bytes()


def test_interrupted_it_says_how_to_go_on(
    write_runs: Callable[[Sequence[dict[str, Any]], str], Path], runs: Runs, tmp_path: Path
) -> None:
    path = write_runs(runs * 300, "many.jsonl")
    words = [TRAINSET, "build", "--runs", str(path), "--work-dir", str(tmp_path / "work")]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "run the same command again to go on" in said
    assert "Traceback" not in said
