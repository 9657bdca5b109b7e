"""`--against` on the command line: several words, what is said, and what explain tells."""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import pytest

from pipeline.cli.build import command as build_command

Command = Callable[..., subprocess.CompletedProcess[str]]
Runs = list[dict[str, Any]]
Writer = Callable[[Sequence[dict[str, Any]], str], Path]


def parsed(*words: str) -> dict[str, Any]:
    """The command's parameters for these words."""
    context = build_command.make_context("build", list(words))
    assert isinstance(context, click.Context)
    return context.params


@pytest.mark.parametrize(
    ("words", "runs", "against", "spec"),
    [
        ("--runs a b --against c d", ("a", "b"), ("c", "d"), ()),
        ("--runs a --against c --runs b --against d", ("a", "b"), ("c", "d"), ()),
        ("s.toml --against latest", (), ("latest",), ("s.toml",)),
        ("--against c d s.toml", (), ("c", "d"), ("s.toml",)),
        ("--runs a b s.toml --against c", ("a", "b"), ("c",), ("s.toml",)),
        ("--against=c d --workers 2 b", (), ("c", "d"), ("b",)),
        ("--runs a --workers 2 b", ("a",), (), ("b",)),
        ("--runs a -- b", ("a",), (), ("b",)),
    ],
)
def test_a_flag_takes_the_words_up_to_the_next(
    words: str, runs: tuple[str, ...], against: tuple[str, ...], spec: tuple[str, ...]
) -> None:
    found = parsed(*words.split())
    assert (found["runs"], found["against"], found["spec"]) == (runs, against, spec)


def test_the_names_of_the_matches_are_told(
    runs: Runs, write_runs: Writer, command: Command, tmp_path: Path
) -> None:
    path = write_runs(runs, "runs.jsonl")
    mail = [runs[number]["parameters"]["mail"] for number in (3, 20)]
    for name, text in zip(("one.txt", "two.txt"), mail, strict=True):
        (tmp_path / name).write_text(f"A line before\n{text}\n")
    words = ["--against", "one.txt", "two.txt", "--work-dir", "work", "--json"]
    done = command("build", "--runs", path, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 near 4 items" in done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["rejected"]["contaminated"] == 2
    told = command("explain", runs[20]["id"], "--work-dir", "work", cwd=tmp_path)
    assert "rejected at dedupe: contaminated" in told.stdout
    assert "alike to line 2 of two.txt" in told.stdout
    again = command(
        "build", "--runs", path, "--against", "latest", "--work-dir", "work", cwd=tmp_path
    )
    assert again.returncode == 0, again.stderr
    assert "2 records" in again.stderr


def test_sets_in_the_spec_count_from_its_folder(
    runs: Runs, write_runs: Writer, command: Command, tmp_path: Path
) -> None:
    write_runs(runs, "runs.jsonl")
    (tmp_path / "set.txt").write_text(runs[3]["parameters"]["mail"])
    lines = '[source]\nruns = ["runs.jsonl"]\n[against]\nsets = ["set.txt"]\n'
    (tmp_path / "spec.toml").write_text(lines)
    done = command("build", tmp_path / "spec.toml", "--work-dir", tmp_path / "work", "--json")
    assert json.loads(done.stdout.splitlines()[-1])["rejected"]["contaminated"] == 1


@pytest.mark.parametrize(
    ("word", "code", "said"),
    [
        ("absent.jsonl", 4, "there is no such file"),
        ("nobuild", 4, "is no file, and no build"),
        ("gs://b/x.jsonl", 2, "buckets are not built yet"),
        ("nothing.jsonl", 4, "no line of it is understood"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    word: str,
    code: int,
    said: str,
    runs: Runs,
    write_runs: Writer,
    command: Command,
    tmp_path: Path,
) -> None:
    (tmp_path / "nothing.jsonl").write_text('{"a": 1}\n')
    path = write_runs(runs, "runs.jsonl")
    done = command("build", "--runs", path, "--against", word, cwd=tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
