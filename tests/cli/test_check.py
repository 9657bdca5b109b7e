"""`trainset check` as a user calls it: words, JSON, SARIF, exit codes, and a kill in between."""

import json
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]

ANSWER = {"role": "assistant", "content": "Yes."}
HUMAN = json.dumps({"messages": [{"role": "human", "content": "?"}, ANSWER]})
STRAY = json.dumps({"messages": [{"role": "user", "content": "?"}, ANSWER], "id": 1})


def good(number: int) -> str:
    return json.dumps({"messages": [{"role": "user", "content": f"{number}?"}, ANSWER]})


GOODS = [good(number) for number in range(12)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.jsonl").write_text("\n".join(GOODS) + "\n")
    (tmp_path / "bad.jsonl").write_text("\n".join([*GOODS, HUMAN, STRAY]) + "\n")
    (tmp_path / "empty.jsonl").touch()
    return tmp_path


def test_an_accepted_file_is_0_and_a_refused_one_3_with_a_table(
    command: Command, folder: Path
) -> None:
    done = command("check", "good.jsonl", "--format", "openai", cwd=folder)
    assert done.returncode == 0
    assert "accepted by openai" in done.stdout
    done = command("check", "good.jsonl", "bad.jsonl", "--format", "openai", cwd=folder)
    assert done.returncode == 3
    assert "refused by openai" in done.stdout
    assert "2 of 14 lines; --fix mends 1" in done.stdout
    row = next(one for one in done.stdout.splitlines() if "/messages/*/role" in one)
    assert row.split()[:3] == ["schema", "1", "13"]
    assert "trainset: bad.jsonl: openai refuses 2 of 14 lines; see above" in done.stderr


def test_json_is_one_object_and_people_s_words_go_to_stderr(command: Command, folder: Path) -> None:
    words = ["check", "bad.jsonl", "--format", "openai", "--format", "openai-dpo", "--json"]
    done = command(*words, cwd=folder)
    assert done.returncode == 3
    assert "refused by openai" in done.stderr
    (only,) = done.stdout.splitlines()
    found = json.loads(only)
    assert found["accepted"] is False
    assert found["target"] is None
    (file,) = found["files"]
    assert (file["file"], file["lines"], file["examples"]) == ("bad.jsonl", 14, 14)
    assert file["fixed"] is None
    openai, dpo = file["formats"]
    assert (openai["format"], openai["refused"], openai["mendable"]) == ("openai", 2, 1)
    assert dpo["refused"] == 14
    assert set(openai["found"][0]) == {
        *("rule", "level", "place", "says", "fix", "page", "problems", "lines", "first")
    }
    assert openai["found"][0]["first"] == [
        {
            "line": 13,
            "pointer": "/messages/0/role",
            "reason": "'human' is not one of ['system', 'user', 'assistant', 'tool']",
        }
    ]


def test_lines_are_one_object_a_problem(command: Command, folder: Path) -> None:
    words = ["check", "-", "--format", "openai", "--lines"]
    with (folder / "bad.jsonl").open() as file:
        done = command(*words, cwd=folder, stdin=file)
    assert done.returncode == 3
    assert "standard input: openai refuses 2 of 14 lines" in done.stderr
    human, stray = map(json.loads, done.stdout.splitlines())
    assert human == {
        "ruleId": "schema",
        "level": "error",
        "message": "'human' is not one of ['system', 'user', 'assistant', 'tool']",
        "file": "-",
        "line": 13,
        "pointer": "/messages/0/role",
        "fix": "write the field as the provider's page says",
        "mends": [],
        "format": "openai",
    }
    assert stray["mends"] == ["unknown_keys_dropped"]
    done = command("check", "bad.jsonl", *words[2:], "--max-problems", "1", cwd=folder)
    assert len(done.stdout.splitlines()) == 1


def test_sarif_has_every_problem_with_its_rule_and_line(command: Command, folder: Path) -> None:
    words = ["check", "bad.jsonl", "empty.jsonl", "--format", "openai", "--sarif", "out.sarif"]
    assert command(*words, cwd=folder).returncode == 3
    log = json.loads((folder / "out.sarif").read_text())
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert len(rules) == len(run["tool"]["driver"]["rules"])
    results = run["results"]
    assert [one["ruleId"] for one in results] == ["openai/schema"] * 2 + ["openai/examples"]
    assert {one["ruleId"] for one in results} <= set(rules)
    assert all({"text"} == set(one["message"]) for one in results)
    first, second, third = (one["locations"][0] for one in results)
    assert first["physicalLocation"] == {
        "artifactLocation": {"uri": "bad.jsonl"},
        "region": {"startLine": 13},
    }
    assert first["logicalLocations"] == [{"fullyQualifiedName": "/messages/0/role"}]
    assert "logicalLocations" not in second
    assert third["physicalLocation"]["region"] == {"startLine": 1}
    assert rules["openai/examples"]["helpUri"].startswith("https://")


def test_an_accepted_file_makes_a_sarif_without_results(command: Command, folder: Path) -> None:
    words = ["check", "good.jsonl", "--format", "openai", "--sarif", "out.sarif"]
    assert command(*words, cwd=folder).returncode == 0
    assert json.loads((folder / "out.sarif").read_text())["runs"][0]["results"] == []


def test_fix_writes_what_it_can_and_says_what_is_left(command: Command, folder: Path) -> None:
    words = ["check", "bad.jsonl", "--format", "openai", "--fix", "out.jsonl"]
    done = command(*words, "--json", cwd=folder)
    assert done.returncode == 3
    assert "unknown_keys_dropped         1  14" in done.stderr
    assert "out.jsonl: openai refuses 1 of 14 lines" in done.stderr
    fixed = json.loads(done.stdout)["files"][0]["fixed"]
    assert (fixed["path"], fixed["mended"], fixed["left"]) == ("out.jsonl", 1, 1)
    assert (folder / "out.jsonl").read_text().splitlines()[:13] == [*GOODS, HUMAN]
    done = command(*words, "--drop-broken", cwd=folder)
    assert done.returncode == 0
    assert "accepted by openai" in done.stdout
    assert "left out                     1" in done.stdout
    assert command("check", "out.jsonl", "--format", "openai", cwd=folder).returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["good.jsonl"], 2, "--format"),
        (["--format", "openai"], 2, "FILE"),
        (["good.jsonl", "--format", "csv"], 2, "there is no format 'csv'"),
        (["absent.jsonl", "--format", "openai"], 4, "there is no such file"),
        ([".", "--format", "openai"], 4, "is a folder"),
        (["gs://b/x.jsonl", "--format", "openai"], 2, "buckets are not built yet"),
        (["*.csv", "--format", "openai"], 4, "no file matches"),
        (["empty.jsonl", "--format", "openai"], 3, "openai refuses the file"),
        (["*.jsonl", "--format", "openai", "--fix", "o"], 2, "give one FILE"),
        (["good.jsonl", "--format", "openai", "--drop-broken"], 2, "is for --fix"),
        (["good.jsonl", "--format", "openai", "--fix", "good.jsonl"], 2, "name another one"),
        (["good.jsonl", "--format", "openai", "--fix", "no/o.jsonl/x"], 0, ""),
        (["good.jsonl", "--format", "openai", "--fix", "good.jsonl/x"], 4, "cannot be written"),
        (["good.jsonl", "--format", "openai", "--sarif", "good.jsonl/x"], 4, "cannot be written"),
        (["good.jsonl", "--format", "openai", "--sarif", "good.jsonl"], 2, "for the log"),
        (["good.jsonl", "--format", "openai", "--sarif", "."], 2, "is no plain file"),
        (["good.jsonl", "--format", "openai", "--provider", "nobody"], 2, "nobody"),
    ],
)
def test_one_sentence_and_the_right_code(
    words: list[str], code: int, said: str, command: Command, folder: Path
) -> None:
    done = command("check", *words, cwd=folder)
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    assert said in done.stderr


def test_a_target_that_takes_no_new_jobs_is_refused_unless_allowed(
    command: Command, folder: Path
) -> None:
    (folder / "own.toml").write_text(
        '[sources.own]\npage = "https://example.com"\nread = 2026-01-01\n'
        '[providers.openai]\ncloses = { value = 2026-01-02, source = "own" }\n'
    )
    words = ["check", "good.jsonl", "--format", "openai", "--provider", "openai"]
    words += ["--catalog", "own.toml"]
    done = command(*words, "--json", cwd=folder)
    assert done.returncode == 3, done.stderr
    assert "takes no new jobs since 2026-01-02" in done.stderr
    assert json.loads(done.stdout)["target"]["state"] == "closed"
    done = command(*words, "--allow-closed", cwd=folder)
    assert done.returncode == 0
    assert "warning: " in done.stderr


def test_a_full_disk_is_try_later_and_leaves_nothing(command: Command, folder: Path) -> None:
    big = folder / "big.jsonl"
    big.write_text("\n".join(good(number) for number in range(3000)) + "\n")

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    words = ["check", "big.jsonl", "--format", "openai", "--fix", "out.jsonl"]
    done = command(*words, cwd=folder, preexec_fn=little_room)
    assert done.returncode == 75
    assert "the disk is full; nothing was written" in done.stderr
    assert not [path for path in folder.iterdir() if "out.jsonl" in path.name]


def test_what_comes_in_by_standard_input_is_not_written_over(
    command: Command, folder: Path
) -> None:
    with (folder / "bad.jsonl").open() as file:
        words = ["check", "-", "--format", "openai", "--fix", "bad.jsonl"]
        done = command(*words, cwd=folder, stdin=file)
    assert done.returncode == 2
    assert "is the file that is checked" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_kill_while_it_writes_leaves_what_was_there(number: int, folder: Path) -> None:
    out = folder / "out.jsonl"
    out.write_text("what was there\n")
    words = ["check", "-", "--format", "openai", "--fix", str(out)]
    trainset = str(Path(sys.executable).with_name("trainset"))
    with subprocess.Popen([trainset, *words], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as one:
        assert one.stdin is not None
        block = ("\n".join(GOODS) + "\n").encode() * 20_000
        one.stdin.write(block)
        one.stdin.flush()
        deadline = time.monotonic() + 60
        while not beginnings(folder) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert beginnings(folder)
        time.sleep(0.5)
        one.send_signal(number)
        one.wait(30)
        one.stdin.close()
    assert out.read_text() == "what was there\n"
    assert bool(beginnings(folder)) == (number == signal.SIGKILL)


def beginnings(folder: Path) -> list[Path]:
    """Files that are being written."""
    return [path for path in folder.glob(".out.jsonl.*.tmp") if path.stat().st_size]


def test_workers_give_the_same_words(command: Command, folder: Path) -> None:
    big = folder / "big.jsonl"
    lines = [*(good(number) for number in range(200_000)), HUMAN, STRAY]
    big.write_text("\n".join(lines) + "\n")
    words = ["check", "big.jsonl", "--format", "openai", "--json", "--workers"]
    one, two = (command(*words, workers, cwd=folder) for workers in ("1", "2"))
    assert (one.returncode, two.returncode) == (3, 3)
    assert one.stdout == two.stdout
    assert summary(one)["files"][0]["formats"][0]["found"][0]["first"][0]["line"] == 200_001


def summary(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
