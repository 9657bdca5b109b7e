"""`trainset publish` refuses a dataset whose redaction is not attested."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def test_the_command_refuses_to_publish_and_says_why(
    served: Any,
    runs: list[dict[str, Any]],
    write_runs: Callable[[Sequence[dict[str, Any]], str], Path],
    command: Callable[..., Any],
    tmp_path: Path,
) -> None:
    spec = tmp_path / "spec.toml"
    spec.write_text('[redact]\ndefault = "mask"\n')
    work, source = tmp_path / "work", write_runs(runs, "runs.jsonl")
    assert command("build", spec, "--runs", source, "--work-dir", work).returncode == 0
    (manifest,) = work.glob("builds/*/dataset/manifest.json")
    words = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**words, "privacy": None}))
    done = command("publish", "--work-dir", work, *served.flags)
    assert done.returncode == 3
    assert "no privacy block" in done.stderr
    assert "Traceback" not in done.stderr
