"""How fast runs without a prompt become a dataset: rendered here, and rendered by a Studio.

    python benchmarks/rendering.py [--runs N] [--studio-runs N] [--workers N]

The runs are made up: parameters and a result, two interactions with a text, a jst and a handlebars
template. The first figure is of a whole `trainset build` from files, start-up included. For the
others an embedded Studio runs as a process of its own, and every template of every run goes
through `POST /prompts/<id>/render` over the loopback interface.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pull import TRAINSET, served, studio

USER, DESK, SYSTEM = "b1" * 12, "b2" * 12, "b3" * 12
TEMPLATES: list[dict[str, Any]] = [
    {
        "id": SYSTEM,
        "role": "system",
        "content_type": "text",
        "content": "You write notes for a shop. Keep them under forty words.",
    },
    {
        "id": USER,
        "role": "user",
        "content_type": "jst",
        "content": "return `Items for ${shop}:\\n${items.map((i) => `- ${i.name}: ${i.left}`)"
        '.join("\\n")}\\n${urgent ? "Mark it urgent." : ""}`',
        "inputSchema": {"properties": {"shop": {}, "items": {}, "urgent": {}}},
    },
    {
        "id": DESK,
        "role": "user",
        "content_type": "handlebars",
        "content": "Review for {{product}}:\\n{{text}}\\n{{#each tags}}#{{this}} {{/each}}",
        "inputSchema": {"properties": {"product": {}, "text": {}, "tags": {}}},
    },
]
TEMPLATES = [{**one, "name": one["role"], "version": 1, "status": "published"} for one in TEMPLATES]
SYLLABLES = [first + second for first in "bcdfghjklmnprstvwxz" for second in "aeiou"]


def interaction(ident: str, *templates: str) -> dict[str, Any]:
    """An interaction of those templates."""
    segments = [{"type": "template", "template": one} for one in templates]
    return {"id": ident, "name": ident[:4], "version": 1, "prompts": segments}


def run(number: int) -> dict[str, Any]:
    """A run of STANDARD level, of words that no other run has in this order."""
    draw = random.Random(number)
    words = ["".join(draw.choices(SYLLABLES, k=3)) for _ in range(40)]
    if number % 2:
        items = [{"name": word, "left": number % 7} for word in words[:8]]
        named = interaction("a1" * 12, SYSTEM, USER)
        parameters: dict[str, Any] = {"shop": f"Pier {number}", "items": items, "urgent": True}
    else:
        named = interaction("a2" * 12, DESK)
        text = " ".join(words)
        parameters = {"product": f"Kettle & {number}", "text": text, "tags": words[:2]}
    return {
        "id": f"{number:024x}",
        "interaction": named,
        "environment": {"id": "2" * 24, "name": "shop", "provider": "openai"},
        "modelId": "gpt-4.1-mini",
        "status": "completed",
        "finish_reason": "stop",
        "parameters": parameters,
        "result": [{"type": "text", "value": f"Reorder {words[0]}, then {words[1]}."}],
        "created_at": "2026-03-01T10:00:00.000Z",
        "updated_at": "2026-03-01T11:00:00.000Z",
    }


def write(folder: Path, count: int) -> tuple[Path, Path]:
    """The files of runs and of templates."""
    runs, templates = folder / f"runs-{count}.jsonl", folder / "interactions.json"
    runs.write_text("".join(json.dumps(run(number)) + "\n" for number in range(count)))
    templates.write_text(json.dumps(TEMPLATES))
    return runs, templates


def build(*words: str) -> tuple[float, dict[str, Any]]:
    """One `trainset build`: its seconds and what it says."""
    started = time.perf_counter()
    done = subprocess.run(
        [TRAINSET, "build", *words, "--json"], stdout=subprocess.PIPE, text=True, check=True
    )
    return time.perf_counter() - started, json.loads(done.stdout.splitlines()[-1])


def offline(folder: Path, count: int, workers: int) -> float:
    """Runs a second through the whole build from files."""
    runs, templates = write(folder, count)
    words = ["--runs", str(runs), "--interactions", str(templates), "--workers", str(workers)]
    seconds, said = build(*words, "--work-dir", str(folder / "offline"))
    if "inputs_not_stored" in said["rejected"] or said["pulled"] != count:
        sys.exit(f"not all runs were rendered: {said}")
    return count / seconds


def through_studio(folder: Path, count: int) -> dict[str, float]:
    """Renderings a second of the client alone, and runs a second of a build."""
    from pipeline.client import StudioClient  # noqa: PLC0415 - the server starts without it

    runs, templates = write(folder, count)
    data = str(folder / "data")
    studio("import", "--data-dir", data, "--runs", str(runs), "--interactions", str(templates))
    environments = folder / "environments.json"
    model = {"id": "test-chat-1", "name": "t", "provider": "test"}
    known = {"id": "e1" * 12, "name": "e", "provider": "test", "enabled_models": [model]}
    environments.write_text(json.dumps([known]))
    studio("import", "--data-dir", data, "--runs", str(runs), "--environments", str(environments))
    key = studio("key", "--data-dir", data, "--project", "default")
    spec = folder / "spec.toml"
    spec.write_text('[render]\nthrough = "api"\n')
    figures: dict[str, float] = {}
    with served(data) as url, StudioClient(url, api_key=key) as client:
        session = client.training.create("bench", str(known["id"]), "test-chat-1")
        client.training.add_runs(session.id, [run(number)["id"] for number in range(count)])
        for name, ident, parity in (("text", SYSTEM, 1), ("jst", USER, 1), ("handlebars", DESK, 0)):
            bodies = [json.dumps(run(n)["parameters"]).encode() for n in range(parity, count, 2)]
            started = time.perf_counter()
            with ThreadPoolExecutor(8) as pool:
                for _ in pool.map(
                    lambda body, ident=ident: client.prompts.render(ident, body), bodies
                ):
                    pass
            figures[name] = len(bodies) / (time.perf_counter() - started)
        words = ["--studio-url", url, "--api-key", key, "--session", session.id]
        seconds, said = build(str(spec), *words, "--work-dir", str(folder / "online"))
    if said["pulled"] != count or "inputs_not_stored" in said["rejected"]:
        sys.exit(f"not all runs were rendered: {said}")
    figures["build"] = count / seconds
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--studio-runs", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=0)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rate = offline(folder, flags.runs, flags.workers)
        print(f"\nbuilt from files, rendered here: {rate:,.0f} runs/s (all stages, start-up too)")
        found = through_studio(folder, flags.studio_runs)
    said = ", ".join(f"{name} {found[name]:,.0f}/s" for name in ("text", "jst", "handlebars"))
    print(f"POST render over loopback: {said}")
    print(f"built from a session, every template rendered by it: {found['build']:,.0f} runs/s")


if __name__ == "__main__":
    main()
