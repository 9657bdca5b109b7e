"""Bad input ends in one clear sentence and the right exit code, never in a traceback."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.storage import hold_folder

Command = Callable[..., subprocess.CompletedProcess[str]]
Runs = list[dict[str, Any]]
Writer = Callable[[Sequence[dict[str, Any]], str], Path]


def refused(done: subprocess.CompletedProcess[str], code: int, said: str) -> None:
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()[-1]) < 500


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["build"], 2, "there is nothing to build from"),
        (["build", "--runs", "absent.jsonl"], 4, "there is no such file"),
        (["build", "--runs", "empty.jsonl"], 4, "is empty"),
        (["build", "--runs", "notes.txt"], 2, "is not one of .jsonl"),
        (["build", "--runs", "broken.jsonl.gz"], 4, "cannot be read"),
        (["build", "--runs", "gs://b/x.jsonl"], 2, "buckets are not built yet"),
        (["build", "wrong.toml"], 2, "validaton"),
        (["build", "absent.toml"], 4, "cannot be read"),
        (["build", "--runs", "only-bad.jsonl"], 3, "nothing is left to train on"),
        (["build", "--runs", "only-bad.jsonl", "--format", "csv"], 2, "there are: openai"),
        (["build", "--runs", "only-bad.jsonl", "--engine", "dask"], 2, "not built yet"),
        (["build", "--runs", "only-bad.jsonl", "--work-dir", "s3://b/p"], 2, "not built yet"),
        (["build", "--runs", "only-bad.jsonl", "--workers", "-1"], 2, "--workers"),
        (["build", "--session", "x"], 2, "which Studio?"),
        (["build", "--session", "x", "--studio-url", "http://127.0.0.1:9"], 2, "no API key"),
        (["publish"], 4, "holds no finished build"),
        (["inspect", "nothing"], 4, "no such build"),
        (["report"], 2, "is not built yet"),
        (["fly"], 2, "No such command"),
        (["studio", "serve", "--data-dir", "d", "--host", "0.0.0.0"], 2, "--allow-remote"),
        (
            ["studio", "serve", "--data-dir", "d", "--database", "postgresql://x"],
            2,
            "names no database",
        ),
    ],
)
def test_one_sentence_and_the_right_code(
    words: list[str], code: int, said: str, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "broken.jsonl.gz").write_bytes(b"no gzip")
    (tmp_path / "only-bad.jsonl").write_text('{"id": \n[]\n')
    (tmp_path / "wrong.toml").write_text("[split]\nvalidaton = 0.1\n")
    refused(command(*words, cwd=tmp_path), code, said)


def test_an_unreadable_file_is_a_sentence(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "folder.jsonl"
    folder.mkdir()
    refused(command("build", "--runs", folder), 4, "there is no such file")


def test_a_studio_that_is_not_there_is_try_later(command: Command, tmp_path: Path) -> None:
    words = ["--studio-url", "http://127.0.0.1:9", "--api-key", "sk-made-up", "--session", "x"]
    refused(command("build", *words, "--work-dir", tmp_path / "w"), 75, "127.0.0.1:9")


def test_a_wrong_key_is_refused_for_good(served: Any, command: Command, tmp_path: Path) -> None:
    words = ["--studio-url", served.studio.url, "--api-key", "sk-wrong", "--session", "mail"]
    done = command("build", *words, "--work-dir", tmp_path / "w")
    refused(done, 4, "key")
    assert "sk-wrong" not in done.stderr


def test_an_unknown_session_and_one_without_runs(
    served: Any, command: Command, tmp_path: Path
) -> None:
    words = [*served.flags[:-1], "nightly", "--work-dir", tmp_path / "w"]
    refused(command("build", *words), 4, "nightly")
    environment = served.client.environments.find("rehearsals")
    served.client.training.create("bare", environment.id, "test-chat-1")
    words = [*served.flags[:-1], "bare", "--work-dir", tmp_path / "w"]
    refused(command("build", *words), 4, "holds no runs")


def test_a_work_dir_in_use_is_try_later_and_names_its_owner(
    runs: Runs, write_runs: Writer, command: Command, tmp_path: Path
) -> None:
    path = write_runs(runs, "runs.jsonl")
    with hold_folder(tmp_path / "work"):
        done = command("build", "--runs", path, "--work-dir", tmp_path / "work")
    refused(done, 75, "is using it")


def test_a_full_disk_is_try_later_and_leaves_no_dataset(
    runs: Runs, write_runs: Writer, command: Command, tmp_path: Path
) -> None:
    path = write_runs(runs, "runs.jsonl")
    work = tmp_path / "work"

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    words = ["build", "--runs", path, "--work-dir", work, "--workers", "1"]
    refused(command(*words, preexec_fn=little_room), 75, "the disk is full")
    assert not list(work.glob("builds/*/dataset/manifest.json"))
    assert command(*words).returncode == 0


def test_too_few_examples_for_the_provider_are_not_published(
    served: Any, runs: Runs, write_runs: Writer, command: Command, tmp_path: Path
) -> None:
    path = write_runs(runs[30:35], "few.jsonl")
    work = tmp_path / "work"
    assert command("build", "--runs", path, "--work-dir", work).returncode == 0
    done = command("publish", *served.flags, "--work-dir", work)
    refused(done, 3, "at least 10 are needed")


def test_a_dataset_that_was_touched_is_not_published(
    served: Any, command: Command, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    done = command("build", *served.flags, "--work-dir", work, "--json")
    train = Path(json.loads(done.stdout.splitlines()[-1])["files"]["openai"]["train"])
    train.write_bytes(train.read_bytes().replace(b"lamp", b"lamb"))
    refused(command("publish", *served.flags, "--work-dir", work), 5, "was changed after")


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from pipeline.cli.main import trainset; "
        "trainset.main(['--help'], standalone_mode=False); "
        "heavy = {'numpy', 'pyarrow', 'litestar', 'httpx2', 'sqlalchemy'} & sys.modules.keys(); "
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "publish" in done.stdout
