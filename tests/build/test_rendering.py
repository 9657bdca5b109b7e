"""Prompts that were not stored: rendered from files, here, or by a Studio, always the same."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.build import BuildResult, build_dataset
from pipeline.build.pulling import asking, studio_source
from pipeline.build.pulling.studio_source import StudioSource
from pipeline.client import download
from pipeline.errors import (
    AuthRefused,
    GateRefused,
    RateLimited,
    SourceUnreadable,
    Unreachable,
    UsageError,
)
from pipeline.spec import BuildSpec, load_spec

SYSTEM, USER, DESK = (f"b{number}" * 12 for number in (1, 2, 3))


def spec_of(work: Path, **words: Any) -> BuildSpec:
    overrides = {name.replace("__", "."): value for name, value in words.items()}
    overrides |= {"run.work_dir": str(work), "run.workers": words.get("run__workers", 1)}
    return load_spec(None, environ={}, overrides=overrides)


def offline(shop: Any, runs: Path, interactions: Path | str, **words: Any) -> BuildResult:
    given = {"source__runs": (str(runs),), "source__interactions": (str(interactions),), **words}
    return build_dataset(spec_of(shop.folder / "offline", **given))


def online(shop: Any, through: str = "auto", work: str = "online", **words: Any) -> BuildResult:
    spec = spec_of(shop.folder / work, render__through=through, **words)
    source = StudioSource(shop.client, shop.client.training.get(shop.session))
    return build_dataset(spec, source=source)


def ledger(result: BuildResult) -> dict[int, dict[str, Any]]:
    rows = pq.read_table(result.path / "ledger.parquet").to_pylist()
    return {int(row["run_id"], 16): row for row in rows}


def dataset_bytes(result: BuildResult) -> dict[str, bytes]:
    folder = result.dataset / "openai"
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def records(result: BuildResult) -> dict[int, bytes]:
    table = pq.read_table(result.path / "2-normalize" / "part-00000.parquet")
    pairs = zip(table["run_id"].to_pylist(), table["record"].to_pylist(), strict=True)
    return {int(run_id, 16): record for run_id, record in pairs}


def said(result: BuildResult, run: int) -> tuple[str | None, str | None]:
    row = ledger(result)[run]
    return row["code"], row["detail"]


def test_prompts_are_rendered_from_a_file(shop: Any) -> None:
    result = offline(shop, shop.fill(30), shop.interactions_file())
    found = records(result)
    assert set(found) == set(range(30))
    system, user, answer = json.loads(found[4])["messages"]
    parameters = shop.runs[4]["parameters"]
    assert system == {"role": "system", "content": "You write for ${shop}."}
    lines = [f"About {parameters['shop']}:", *(f"- {one}" for one in parameters["things"])]
    assert user == {"role": "user", "content": "\n".join(lines)}
    assert answer["content"] == shop.runs[4]["result"][0]["value"]
    (user, _) = json.loads(found[3])["messages"]
    assert user["content"].startswith("Ann &amp; 314187 says: ")
    assert {row["prompt_source"] for row in ledger(result).values()} == {"rendered"}
    assert shop.front.calls == Counter()


@pytest.mark.parametrize("through", ["auto", "local", "api"])
def test_a_studio_gives_the_bytes_that_a_file_gives(shop: Any, through: str) -> None:
    runs = shop.fill(60)
    expected = dataset_bytes(offline(shop, runs, shop.interactions_file()))
    result = online(shop, through)
    assert dataset_bytes(result) == expected
    source = "rendered_by_studio" if through == "api" else "rendered"
    assert {row["prompt_source"] for row in ledger(result).values()} == {source}
    fetched = [f"GET /prompts/{ident}" for ident in (SYSTEM, USER, DESK)]
    fetched.append(f"GET /interactions/{'a2' * 12}")
    asked = {
        call: n for call, n in shop.front.calls.items() if "/prompts" in call or "/inter" in call
    }
    assert {call: asked.pop(call) for call in fetched} == dict.fromkeys(fetched, 1)
    assert sum(asked.values()) == (20 + 2 * 40 if through == "api" else 0)


def test_off_renders_nothing(shop: Any) -> None:
    runs = shop.fill(6)
    with pytest.raises(GateRefused, match="inputs_not_stored 6"):
        offline(shop, runs, shop.interactions_file(), render__through="off")
    with pytest.raises(GateRefused, match="inputs_not_stored 6"):
        online(shop, "off")
    assert not [call for call in shop.front.calls if "/prompts" in call or "/interact" in call]


def test_each_template_with_each_variables_is_rendered_once(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio_source, "_RUNS_PER_PART", 8)
    monkeypatch.setattr(asking, "_SAVED_AT_ONCE", 5)
    shop.fill(24)
    again = [{**run, "id": f"{number:024x}"} for number, run in enumerate(shop.runs, 1000)]
    path = shop.folder / "again.jsonl"
    path.write_text("".join(json.dumps(run) + "\n" for run in again))
    shop.client.training.add_runs(shop.session, shop.studio.import_runs(path).run_ids)
    result = online(shop, "api")
    assert shop.front.renders() == 8 + 2 * 16
    assert max(shop.front.bodies.values()) == 1
    assert len(list((result.path / "1-pull").glob("rendered-*.parquet"))) == 6
    fates = Counter(row["code"] for row in ledger(result).values())
    assert fates == {None: 24, "exact_duplicate": 24}


def test_equal_templates_give_the_same_build_and_changed_ones_another(shop: Any) -> None:
    runs = shop.fill(12)
    first, file = online(shop), offline(shop, runs, shop.interactions_file())
    assert online(shop).unchanged
    assert offline(shop, runs, shop.interactions_file("renamed.json")).unchanged
    changed = shop.interactions_file(desk={"content": "{{who}} writes: {{text}}"})
    shop.studio.import_interactions(changed)
    second, other = online(shop), offline(shop, runs, changed)
    assert len({first.build_id, file.build_id, second.build_id, other.build_id}) == 4
    assert b" writes: " in records(second)[3]
    assert dataset_bytes(second) == dataset_bytes(other)


def test_what_was_fetched_lies_with_the_build_and_is_enough(shop: Any) -> None:
    runs = shop.fill(12)
    first = online(shop)
    kept = first.path / "1-pull" / "interactions.json"
    assert dataset_bytes(offline(shop, runs, kept)) == dataset_bytes(first)


def test_lines_and_globs_are_read(shop: Any) -> None:
    runs = shop.fill(12)
    documents = json.loads(shop.interactions_file().read_text())
    for number in range(2):
        lines = "".join(json.dumps(one) + "\n" for one in documents[number::2])
        (shop.folder / f"i-{number}.jsonl").write_text(lines)
    result = offline(shop, runs, shop.folder / "i-*.jsonl")
    assert result.build_id == offline(shop, runs, shop.interactions_file()).build_id


@pytest.mark.parametrize(
    ("name", "data", "kind", "words"),
    [
        ("absent.json", None, SourceUnreadable, "absent.json: cannot be read"),
        ("none-*.json", None, SourceUnreadable, "no file matches"),
        ("broken.json", b"{", SourceUnreadable, "broken.json: is no JSON and no JSON lines"),
        ("broken.json.gz", b"{", SourceUnreadable, "cannot be read"),
        ("strange.json", b'[{"id": "x"}]', SourceUnreadable, "strange.json: .*document 1 has"),
        ("table.csv", b"a,b", UsageError, "table.csv: is not one of .json"),
    ],
)
def test_files_that_are_none_are_sentences(
    shop: Any, name: str, data: bytes | None, kind: type[Exception], words: str
) -> None:
    runs = shop.fill(1)
    if data is not None:
        (shop.folder / name).write_bytes(data)
    with pytest.raises(kind, match=words):
        offline(shop, runs, shop.folder / name)
    with pytest.raises(UsageError, match="buckets are not built yet"):
        offline(shop, runs, "gs://bucket/interactions.json")


def test_a_draft_is_flagged_or_leaves(shop: Any) -> None:
    runs = shop.fill(12, desk={"status": "draft"})
    path = shop.interactions_file(desk={"status": "draft"})
    for result in (offline(shop, runs, path), online(shop), online(shop, "api")):
        rows = ledger(result)
        assert {tuple(rows[run]["flags"]) for run in (0, 3, 6, 9)} == {("template_drift",)}
        assert {tuple(rows[run]["flags"]) for run in (1, 2, 4, 5)} == {()}
    rows = ledger(online(shop, render__drift="reject"))
    assert {rows[run]["code"] for run in (0, 3, 6, 9)} == {"template_drift"}


def test_what_was_stored_restricted_cannot_be_rendered(shop: Any) -> None:
    shop.fill(12)
    hidden = {**shop.runs[4], "id": f"{100:024x}", "parameters": {}}
    absent = {key: value for key, value in shop.runs[5].items() if key != "parameters"}
    path = shop.folder / "hidden.jsonl"
    path.write_text(json.dumps(hidden) + "\n" + json.dumps({**absent, "id": f"{101:024x}"}) + "\n")
    shop.client.training.add_runs(shop.session, shop.studio.import_runs(path).run_ids)
    result = online(shop, "api")
    for run in (100, 101):
        assert said(result, run)[0] == "inputs_not_stored"
    assert sum(row["outcome"] == "kept" for row in ledger(result).values()) == 12


def answering(method: str, beginning: str, reply: Any) -> Callable[[str, str], Any]:
    def before(called: str, path: str) -> Any:
        return reply if called == method and path.startswith(beginning) else None

    return before


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_template_that_the_studio_withholds_costs_its_runs_and_no_others(
    shop: Any, status: int
) -> None:
    shop.fill(12)
    path = f"/prompts/{DESK}"

    def before(method: str, called: str) -> Any:
        del method
        return shop.reply(status, "not yours") if called.startswith(path) else None

    shop.front.before = before
    result = online(shop)
    code, detail = said(result, 3)
    assert code == "inputs_not_stored"
    assert detail is not None
    assert f"the Studio answered {status} for " in detail
    assert "saying: not yours" in detail
    assert {row["code"] for run, row in ledger(result).items() if run % 3} == {None}
    # Gone is gone; what may not be read may still be rendered, so that is tried.
    assert (shop.front.renders() > 0) == (status == 403)


@pytest.mark.parametrize("status", [403, 404])
def test_an_interaction_that_the_studio_withholds_costs_its_runs(shop: Any, status: int) -> None:
    shop.fill(12)
    shop.front.before = answering("GET", "/interactions/", shop.reply(status, "no"))
    result = online(shop)
    code, detail = said(result, 3)
    assert code == "inputs_not_stored"
    assert f"the Studio answered {status} for interaction {'a2' * 12}, saying: no" in str(detail)
    assert {row["code"] for run, row in ledger(result).items() if run % 3} == {None}


def test_a_template_that_may_not_be_read_may_be_rendered(shop: Any) -> None:
    runs = shop.fill(12)
    shop.front.before = answering("GET", f"/prompts/{DESK}", shop.reply(403))
    result = online(shop)
    sources = {run: row["prompt_source"] for run, row in ledger(result).items()}
    assert {sources[run] for run in (0, 3, 6, 9)} == {"rendered_by_studio"}
    assert {sources[run] for run in (1, 2, 4, 5)} == {"rendered"}
    assert records(result) == records(offline(shop, runs, shop.interactions_file()))


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_studio_that_cannot_render_is_no_failure(shop: Any, status: int) -> None:
    shop.fill(60)

    def before(method: str, path: str) -> Any:
        del method
        return shop.reply(status) if path.endswith("/render") else None

    shop.front.before = before
    with pytest.raises(GateRefused, match="inputs_not_stored 60"):
        online(shop, "api")
    assert shop.front.renders() <= 3 * 16
    assert online(shop, "auto").manifest.tally.kept == 60


def test_variables_that_the_studio_refuses_make_a_run_unrenderable(shop: Any) -> None:
    shop.fill(12)
    broken = {"parameters": {"shop": "x", "things": 7}}
    runs = [{**shop.runs[number], **broken} for number in (4, 5)]
    path = shop.folder / "broken.jsonl"
    path.write_text("".join(json.dumps(run) + "\n" for run in runs))
    shop.studio.import_runs(path)
    for through in ("api", "auto"):
        result = online(shop, through)
        for number in (4, 5):
            code, detail = said(result, number)
            assert code == "unrenderable_template"
            assert "ShopUser" in str(detail)
            assert ("the Studio answered 400" in str(detail)) == (through == "api")
    assert result.manifest.tally.kept == 10


def test_bursts_and_pacing_are_waited_out(shop: Any) -> None:
    runs = shop.fill(30)
    replies = [
        shop.reply(503),
        shop.reply(429, x_ratelimit_reason="pacing", x_ratelimit_retry_ms="1"),
        shop.reply(429, retry_after="0"),
        (502, {"Content-Type": "text/html"}, b"<html>"),
    ]
    turn = iter(range(10_000))

    def before(method: str, path: str) -> Any:
        del method, path
        number = next(turn)
        return replies[number // 3 % 4] if number % 3 == 0 else None

    shop.front.before = before
    result = online(shop, "api")
    shop.front.before = None
    assert records(result) == records(offline(shop, runs, shop.interactions_file()))
    assert max(shop.front.bodies.values()) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({"status": 503}, Unreachable),
        ({"status": 500}, Unreachable),
        ({"status": 429, "x_ratelimit_reason": "quota"}, RateLimited),
        ({"status": 401}, AuthRefused),
    ],
)
def test_trouble_in_the_middle_loses_nothing_that_was_answered(
    shop: Any, monkeypatch: pytest.MonkeyPatch, reply: dict[str, Any], kind: type[Exception]
) -> None:
    monkeypatch.setattr(studio_source, "_RUNS_PER_PART", 10)
    monkeypatch.setattr(asking, "_SAVED_AT_ONCE", 4)
    runs = shop.fill(30)
    passed = iter([True] * 20)

    def before(method: str, path: str) -> Any:
        del method
        trouble = path.endswith("/render") and not next(passed, False)
        return shop.reply(**reply) if trouble else None

    shop.front.before = before
    with pytest.raises(kind) as caught:
        online(shop, "api")
    if kind is not AuthRefused:
        assert "what was rendered is kept" in str(caught.value)
        assert caught.value.exit_code == 75  # type: ignore[attr-defined]
    shop.front.before = None
    result = online(shop, "api")
    assert sum(shop.front.bodies.values()) == 10 + 2 * 20
    assert max(shop.front.bodies.values()) == 1
    assert dataset_bytes(result) == dataset_bytes(offline(shop, runs, shop.interactions_file()))


def test_nothing_is_asked_again_once_all_is_rendered(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.fill(12)

    def break_down(*given: Any) -> None:
        del given
        raise OSError(5, "the disk is ill")

    monkeypatch.setattr("pipeline.build.plan.prepare", break_down)
    with pytest.raises(OSError, match="ill"):
        online(shop, "api")
    monkeypatch.undo()
    before = shop.front.renders()
    assert online(shop, "api").manifest.tally.kept == 12
    assert shop.front.renders() == before


def test_a_build_that_is_killed_while_it_renders_goes_on(shop: Any, command: Any) -> None:
    runs = shop.fill(400)
    spec = shop.folder / "spec.toml"
    spec.write_text('[render]\nthrough = "api"\n')
    words = ["build", spec, "--studio-url", shop.front.url, "--session", shop.session]
    words += ["--api-key", shop.key, "--work-dir", shop.folder / "killed", "--json"]
    program = str(Path(sys.executable).with_name("trainset"))

    def slowly(method: str, path: str) -> None:
        del method
        if path.endswith("/render"):
            time.sleep(0.002)

    shop.front.before = slowly
    with subprocess.Popen([program, *map(str, words)], stderr=subprocess.DEVNULL) as child:
        while shop.front.renders() < 400:
            assert child.poll() is None
            time.sleep(0.01)
        child.kill()
    saved = list((shop.folder / "killed").rglob("rendered-*.parquet"))
    kept = sum(pq.read_metadata(path).num_rows for path in saved)
    assert kept == 256
    shop.front.before = None
    time.sleep(0.1)
    before = shop.front.renders()
    done = command(*words)
    assert done.returncode == 0, done.stderr
    wanted = len({json.dumps(run["parameters"]) for run in shop.runs})
    assert shop.front.renders() - before == 134 + 2 * (wanted - 134) - kept
    files = json.loads(done.stdout.splitlines()[-1])["files"]["openai"]
    expected = dataset_bytes(offline(shop, runs, shop.interactions_file()))
    for split, path in files.items():
        assert Path(path).read_bytes() == expected[f"{split}.jsonl"]


def test_the_answer_s_first_form_is_read_and_a_source_is_never_a_text(shop: Any) -> None:
    runs = shop.fill(12)

    def as_template(path: str, reply: Any) -> Any:
        if not path.endswith("/render"):
            return reply
        answer = json.loads(reply[2])
        return *reply[:2], json.dumps({**answer, "content": answer.pop("rendered")}).encode()

    def unrendered(path: str, reply: Any) -> Any:
        source = {SYSTEM: "x", USER: "y", DESK: "{{who}} says: {{text}}"}
        answer = json.loads(reply[2])
        if not path.endswith("/render"):
            return reply
        del answer["rendered"]
        answer["content"] = source[answer["id"]]
        return *reply[:2], json.dumps(answer).encode()

    shop.front.after = as_template
    expected = records(offline(shop, runs, shop.interactions_file()))
    assert {run: one for run, one in records(online(shop, "api")).items() if not run % 3} == {
        run: one for run, one in expected.items() if not run % 3
    }
    shop.front.after = unrendered
    code, detail = said(online(shop, "api", "fresh"), 3)
    assert code == "unrenderable_template"
    assert "without a rendered text" in str(detail)


def test_a_list_without_interactions_is_enough(shop: Any) -> None:
    runs = shop.fill(12)

    def without(path: str, reply: Any) -> Any:
        if "/runs?" not in path:
            return reply
        rows = [{"id": row["id"]} for row in json.loads(reply[2])]
        return *reply[:2], json.dumps(rows).encode()

    shop.front.after = without
    expected = dataset_bytes(offline(shop, runs, shop.interactions_file()))
    assert dataset_bytes(online(shop)) == expected


def test_a_file_goes_before_what_the_studio_has(shop: Any) -> None:
    shop.fill(12)
    path = shop.interactions_file("mine.json", desk={"content": "Mine: {{text}}"})
    result = online(shop, source__interactions=(str(path),))
    assert b"Mine: " in records(result)[3]
    assert not [call for call in shop.front.calls if "/prompts" in call or "/interact" in call]


def test_the_studio_s_own_build_renders(shop: Any) -> None:
    runs = shop.fill(30)
    shop.client.training.build(shop.session)
    url = shop.client.training.dataset_url(shop.session)
    path = shop.folder / "built.jsonl"
    download(url, path)
    expected = dataset_bytes(offline(shop, runs, shop.interactions_file()))["train.jsonl"]
    assert path.read_bytes() == expected
    first = shop.client.training.build(shop.session)
    assert shop.client.training.build(shop.session) == first
    changed = shop.interactions_file(desk={"content": "{{who}} writes: {{text}}"})
    shop.studio.import_interactions(changed)
    assert shop.client.training.build(shop.session) != first


def test_the_command_takes_interactions_without_a_studio(shop: Any, command: Any) -> None:
    runs, path = shop.fill(30), shop.interactions_file()
    words = ["--runs", runs, "--interactions", path, "--json", "--work-dir"]
    ran = command("run", *words, shop.folder / "ran")
    assert ran.returncode == 0, ran.stderr
    summary = json.loads(ran.stdout.splitlines()[-1])
    assert (summary["kept"], summary["job"]["status"]) == (30, "completed")
    built = json.loads(command("build", *words, shop.folder / "built").stdout.splitlines()[-1])
    for split, name in built["files"]["openai"].items():
        assert Path(name).read_bytes() == Path(summary["files"]["openai"][split]).read_bytes()


def test_parts_are_rendered_in_workers(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studio_source, "_RUNS_PER_PART", 10)
    runs = shop.fill(40)
    expected = dataset_bytes(offline(shop, runs, shop.interactions_file()))
    assert dataset_bytes(online(shop, "api", run__workers=2)) == expected
