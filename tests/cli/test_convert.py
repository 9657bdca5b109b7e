"""`trainset convert`: a file into another format, with what could not be carried."""

import gzip
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.formats import FORMATS, get_format
from tests.formats.cases import CHATS, PREFERENCES

Command = Callable[..., subprocess.CompletedProcess[str]]
GOOD = get_format("openai").encode(CHATS["one question"])
BROKEN = b'{"messages":[{"role":"user","content":"Hm"}]}'


def test_lines_keep_their_order_and_what_is_left_out_is_told(
    command: Command, tmp_path: Path
) -> None:
    lines = [get_format("openai").encode(CHATS[case]) for case in ("system", "tools")]
    data = b"\n".join([lines[0], b"", BROKEN, lines[1], b"no json", BROKEN])
    (tmp_path / "in.jsonl").write_bytes(data)
    words = ["convert", "in.jsonl", "--from", "openai", "--to", "openai", "--out", "out.jsonl"]
    done = command(*words, "--left-out", "left.jsonl", "--json", cwd=tmp_path)
    assert done.returncode == 3
    assert "3 of 5 lines were left out" in done.stderr
    assert (tmp_path / "out.jsonl").read_bytes() == b"\n".join([*lines, b""])
    assert (tmp_path / "left.jsonl").read_bytes() == b"\n".join([BROKEN, b"no json", BROKEN, b""])
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["lines"], told["converted"]) == (5, 2)
    assert [(one["rule"], one["count"], one["first"]) for one in told["left_out"]] == [
        ("last-message", 2, ["in.jsonl:3", "in.jsonl:6"]),
        ("json", 1, ["in.jsonl:5"]),
    ]


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz"])
def test_standard_output_and_packed_files(command: Command, tmp_path: Path, name: str) -> None:
    data = b"\xef\xbb\xbf" + GOOD + b"\r\n" + GOOD
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    done = command("convert", name, "--from", "openai", "--to", "openai", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.encode() == (GOOD + b"\n") * 2


def test_standard_input(command: Command, tmp_path: Path) -> None:
    words = ["convert", "-", "--from", "openai", "--to", "openai", "--workers", "1"]
    done = command(*words, cwd=tmp_path, input=GOOD.decode())
    assert (done.returncode, done.stdout) == (0, GOOD.decode() + "\n")


def test_a_rewrite_is_counted(command: Command, tmp_path: Path) -> None:
    line = get_format("openai-dpo").encode(PREFERENCES["one question"])
    (tmp_path / "in.jsonl").write_bytes(line + b"\n")
    done = command("convert", "in.jsonl", "--from", "openai-dpo", "--to", "openai", cwd=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["messages"][-1]["content"] == "The small one."
    assert "other_answer_dropped" in done.stderr
    assert "openai takes 10 examples at least, these are 1" in done.stderr


def test_a_file_begins_as_its_format_asks_for(command: Command, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(GOOD)
    for form in FORMATS.values():
        if form.kind == "chat":
            out = f"{form.name}.jsonl"
            words = ["convert", "in.jsonl", "--from", "openai", "--to", form.name, "--out", out]
            assert command(*words, cwd=tmp_path).returncode == 0
            written = (tmp_path / out).read_bytes()
            assert written.startswith(form.file_prefix)
            assert form.check(written.removeprefix(form.file_prefix).rstrip(b"\n")) == ()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["absent.jsonl", "--from", "openai", "--to", "openai"], 4, "cannot be read"),
        ([".", "--from", "openai", "--to", "openai"], 2, "is a folder"),
        (["in.jsonl", "--from", "csv", "--to", "openai"], 2, "there is no format 'csv'"),
        (["in.jsonl", "--from", "openai", "--to", "openai-dpo"], 2, "needs two answers"),
        (["in.jsonl", "--from", "openai", "--to", "openai", "--json"], 2, "give --out FILE"),
        (["in.jsonl", "--from", "openai", "--to", "openai", "--out", "."], 2, "is no plain file"),
        (["in.jsonl", "--from", "openai", "--to", "openai", "--out", "in.jsonl"], 2, "is read as"),
        (
            ["in.jsonl", "--from", "openai", "--to", "openai", "--out", "/dev/full"],
            2,
            "no plain file",
        ),
        (["bad.jsonl.gz", "--from", "openai", "--to", "openai"], 4, "cannot be read"),
    ],
)
def test_one_sentence_and_the_right_code(
    command: Command, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    (tmp_path / "in.jsonl").write_bytes(GOOD)
    (tmp_path / "bad.jsonl.gz").write_bytes(b"no gzip")
    done = command("convert", *words, cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert (tmp_path / "in.jsonl").read_bytes() == GOOD


def test_lines_that_do_not_fit_one_another_are_told(command: Command, tmp_path: Path) -> None:
    weighed = {**json.loads(GOOD), "weight": 0.5}
    lines = [json.dumps(weighed).encode(), GOOD, json.dumps(weighed).encode()]
    (tmp_path / "in.jsonl").write_bytes(b"\n".join(lines))
    words = ["convert", "in.jsonl", "--from", "fireworks", "--to", "fireworks"]
    done = command(*words, "--out", "out.jsonl", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert "fireworks would refuse the file: line 2" in done.stderr
    assert json.loads(done.stdout)["apart"].startswith("line 2 / has no weight")


def test_one_file_is_not_written_twice_at_once(command: Command, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(GOOD)
    words = ["convert", "in.jsonl", "--from", "openai", "--to", "openai", "--out", "out.jsonl"]
    done = command(*words, "--left-out", "./out.jsonl", cwd=tmp_path)
    assert (done.returncode, "is the file of --out" in done.stderr) == (2, True)
    assert not (tmp_path / "out.jsonl").exists()
