"""A build with redaction: no private value in what leaves, attested, and published only so."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from pipeline.build import BuildResult, build_dataset
from pipeline.build.privacy import check_privacy
from pipeline.errors import GateRefused
from pipeline.manifest import DatasetManifest, read_manifest
from pipeline.spec import BuildSpec, load_spec

Writer = Callable[[Sequence[dict[str, Any]], str], Path]
Runs = list[dict[str, Any]]
SECRETS = ["ada.lund@shop-of-ada.io", "+49 171 5550199", "4111 1111 1111 1111", "hunter2!"]


def private(runs: Runs) -> Runs:
    """Runs with a secret in the prompt, in the answer, and in one that is rejected."""
    made = []
    for number, (run, secret) in enumerate(zip(runs[:8], SECRETS * 2, strict=True)):
        text = f"{run['parameters']['mail']} Write to {secret}, my password: {SECRETS[3]}"
        fields: dict[str, Any] = {
            "prompt": [{"role": "user", "content": text}],
            "parameters": {"mail": text, "case": {"owner": secret}},
            "result": f"I wrote to {secret} about case {number}.",
            "result_schema": None,
        }
        if number == 7:
            fields["result"] = {"label": secret}
            fields["result_schema"] = {"properties": {"label": {"enum": ["a"]}}}
        made.append({**run, **fields})
    return [*made, *runs[8:40]]


def spec_of(
    runs: Path, work: Path, environ: dict[str, str] | None = None, **words: Any
) -> BuildSpec:
    overrides = {"source.runs": (str(runs),), "run.work_dir": str(work), "run.workers": 1}
    return load_spec(None, environ=environ or {}, overrides={**overrides, **words})


@pytest.fixture
def source(runs: Runs, write_runs: Writer) -> Path:
    return write_runs(private(runs), "runs.jsonl")


def written(result: BuildResult) -> bytes:
    """Everything of a build but the first shelf, Parquet files as their values."""
    found = []
    for path in sorted(result.path.rglob("*")):
        if not path.is_file() or "1-pull" in path.parts:
            continue
        if path.suffix == ".parquet":
            found.append(json.dumps(pq.read_table(path).to_pylist(), default=str).encode())
        else:
            found.append(path.read_bytes())
    return b"\n".join(found)


def test_nothing_private_stands_anywhere_but_on_the_first_shelf(
    source: Path, tmp_path: Path
) -> None:
    plain = written(build_dataset(spec_of(source, tmp_path / "plain")))
    words = {"redact.default": "pseudonym", "split.group_by": "parameters.case"}
    result = build_dataset(spec_of(source, tmp_path / "work", **words))
    made = written(result)
    for secret in SECRETS:
        assert secret.encode() in plain
        assert secret.encode() not in made
        assert secret.replace(" ", "").encode() not in made
    assert b"@example.com" in made


def test_the_ledger_counts_and_the_manifest_attests(source: Path, tmp_path: Path) -> None:
    words = {"redact.default": "mask", "redact.kinds": {"card": "drop", "phone": "off"}}
    result = build_dataset(spec_of(source, tmp_path / "work", **words))
    rows = pq.read_table(result.path / "ledger.parquet").to_pylist()
    dropped = [row for row in rows if row["code"] == "sensitive_data"]
    assert [row["stage"] for row in dropped] == ["redact", "redact"]
    counted = [json.loads(row["redacted"]) for row in rows if row["redacted"]]
    assert all(count["password"] >= 1 for count in counted)
    privacy = result.manifest.privacy
    assert privacy is not None
    assert privacy.policy["email"] == "mask"
    assert privacy.policy["card"] == "drop"
    assert privacy.replaced["password"] == sum(count["password"] for count in counted)
    assert (privacy.records, privacy.dropped) == (len(counted), 2)
    assert privacy.key == "public"
    assert build_dataset(spec_of(source, tmp_path / "none")).manifest.privacy is None


def test_the_key_makes_another_build_and_is_written_nowhere(source: Path, tmp_path: Path) -> None:
    ids = set()
    for key in ("one secret key", "another secret key", None):
        environ = {"TRAINSET_REDACT_KEY": key} if key else {}
        words = {"redact.default": "pseudonym"}
        result = build_dataset(spec_of(source, tmp_path / "work", environ, **words))
        ids.add(result.build_id)
        assert b"secret key" not in written(result)
        assert result.manifest.privacy is not None
        assert (result.manifest.privacy.key == "public") == (key is None)
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"privacy": None}, "no privacy block"),
        ({"privacy.policy": {}}, "another policy"),
        ({"privacy.key": "0" * 16}, "another policy or key"),
        ({"privacy.rules": "0"}, "rules 0"),
        ({"spec.redact": {"default": "sometimes"}}, "not understood"),
    ],
)
def test_what_is_not_attested_is_not_published(
    changes: dict[str, Any], said: str, source: Path, tmp_path: Path
) -> None:
    result = build_dataset(spec_of(source, tmp_path / "work", **{"redact.default": "mask"}))
    check_privacy(result.manifest)
    words = msgspec.to_builtins(read_manifest(result.dataset))
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = words
        for parent in parents:
            place = place[parent]
        place[last] = value
    changed = msgspec.convert(words, DatasetManifest)
    with pytest.raises(GateRefused, match=said):
        check_privacy(changed)
