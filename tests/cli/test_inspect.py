"""`trainset inspect --unknown`: what was not understood, grouped."""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Command = Callable[..., subprocess.CompletedProcess[str]]
Runs = list[dict[str, Any]]


def test_unknown_shapes_are_grouped_by_place(
    runs: Runs,
    write_runs: Callable[[Sequence[dict[str, Any]], str], Path],
    command: Command,
    tmp_path: Path,
) -> None:
    strange = [
        {**runs[number], "id": f"{number + 5000:024x}", "prompt": prompt}
        for number, prompt in enumerate(
            [{"talk": [{"who": "me", "words": "private"}]}] * 2
            + [[{"role": "user", "content": "hello"}] * at + [{"role": "judge"}] for at in (1, 2)]
        )
    ]
    work = tmp_path / "work"
    command("build", "--runs", write_runs([*runs, *strange], "r.jsonl"), "--work-dir", work)
    shown = command("inspect", "--unknown", "--work-dir", work)
    assert shown.returncode == 0
    assert "2 runs: unknown_prompt_shape: an object with the keys talk" in shown.stdout
    assert '{"talk":[{"who":"string","words":"string"}]}' in shown.stdout
    assert "private" not in shown.stdout
    told = command("inspect", "--unknown", "--json", "--work-dir", work)
    groups = json.loads(told.stdout.splitlines()[-1])["unknown"]
    assert [(one["runs"], one["path"]) for one in groups] == [
        (2, "$.prompt"),
        (2, "$.prompt[*].role"),
        (1, "$.prompt"),
    ]
    assert groups[1]["run_ids"] == [f"{5002:024x}", f"{5003:024x}"]


def test_a_build_that_understood_everything_says_so(
    runs: Runs,
    write_runs: Callable[[Sequence[dict[str, Any]], str], Path],
    command: Command,
    tmp_path: Path,
) -> None:
    work = tmp_path / "work"
    command("build", "--runs", write_runs(runs[:20], "r.jsonl"), "--work-dir", work)
    assert "every run was understood" in command("inspect", "--unknown", "--work-dir", work).stdout
