"""Writes `runs.md` from the golden runs of the tests: `python docs/make_runs.py`.

Every example of the page is a run that a test holds against the record, or the reason, beside it.
"""

import json
from pathlib import Path
from typing import Any

from pipeline.records import Rejected
from pipeline.stages.normalize.shapes import READERS, tell_shape

HERE = Path(__file__).parent
GOLDENS = HERE.parent / "tests" / "stages" / "data"
PAGE = HERE / "runs.md"

OPENING = """# What a stored run looks like, and what becomes of it

Made by `docs/make_runs.py` from the runs in `tests/stages/data/`; a test holds the page to them.
Which shape a prompt has is told by its structure, never by its date, and by the provider only
where the structure leaves a doubt. What is not understood is rejected with a code and the JSON
path; `trainset inspect --unknown` groups such runs so that one can be reported.

The examples follow the default policy of `[normalize]`: system segments become one message,
joined by a blank line; safety text goes to its end without the platform's mark; notices about the
schema and prefills of the answer are taken out, only where their JSON equals the run's own schema;
JSON answers are written compactly in stored key order; reasoning goes to the column `thoughts`;
consecutive turns of one role become one. Where an example follows another word of the spec, it
says so.
"""

SECTIONS = {
    "openai": "OpenAI, Azure, xAI and the chat protocol",
    "bedrock": "Bedrock",
    "anthropic": "Claude on Vertex AI and at Anthropic",
    "google": "Gemini, and Llama on Vertex AI",
    "mistral": "Mistral, and Groq in 2024",
    "text": "Prompts of one string",
    "rendered": "Prompts that were not stored",
    "other": "Segments, wrappers, virtual environments, unknown shapes",
    "results": "Results",
    "rules": "The policy's other words, and what no record can be made of",
}
INTRODUCTIONS = {
    "openai": """Chat arrays until 2025, Responses items since; Groq, Together and models on Vertex
have stored an object of chat messages since July 2026.""",
    "bedrock": "Each model family's own form in 2024, Converse since January 2025.",
    "anthropic": "Messages of blocks that have a type.",
    "google": "Contents of parts. Only Gemini stores the whole conversation of a resumed run.",
    "mistral": "Plain arrays until 2025, Mistral's own object since.",
    "text": """Together until June 2026, Hugging Face, Replicate, watsonx, Llama on Bedrock in 2024.
Nothing in such a string is escaped.""",
    "rendered": """The platform stores prompts at its level DEBUG only. At STANDARD there are
parameters and a result, and the prompt is rendered again from the interaction's templates, which
the Studio gives, or `--interactions FILE`.""",
    "results": "Text, a JSON value (until September 2025), or a list of parts.",
}


def page() -> str:
    """The whole page."""
    goldens = {
        name: [json.loads(path.read_bytes()) for path in sorted((GOLDENS / name).glob("*.json"))]
        for name in SECTIONS
    }
    parts = [OPENING, _table([one for group in goldens.values() for one in group])]
    for name, title in SECTIONS.items():
        said = INTRODUCTIONS.get(name)
        parts.append(f"## {title}\n" + (f"\n{said}\n" if said else ""))
        parts += [_example(golden) for golden in goldens[name]]
    return "\n".join(parts)


def _table(goldens: list[dict[str, Any]]) -> str:
    """How many examples each shape has, and which codes they end with."""
    rows = ["| the prompt is | examples | and what can become of them |", "|---|---|---|"]
    for shape in READERS:
        found = [golden for golden in goldens if _shape(golden) == shape]
        ends = sorted({golden.get("rejected", {}).get("code", "kept") for golden in found})
        words = ", ".join("kept" if end == "kept" else f"`{end}`" for end in ends)
        rows.append(f"| {shape} | {len(found)} | {words} |")
    return "\n".join(rows) + "\n"


def _shape(golden: dict[str, Any]) -> str | None:
    told = tell_shape(json.dumps(golden["run"].get("prompt")).encode())
    return None if isinstance(told, Rejected) else told.shape


def _example(golden: dict[str, Any]) -> str:
    run = golden["run"]
    shape = _shape(golden)
    model = ", ".join(filter(None, [run.get("environment", {}).get("provider"), shape]))
    said = [
        f"### {run['id'].replace('-', ' ')}\n",
        golden["about"] + (f" ({model})" if model else ""),
    ]
    if "render" in golden:
        said.append(f"\nWith `[render]` {json.dumps(golden['render'])}.")
    if "options" in golden:
        words = ", ".join(
            f"`{key} = {json.dumps(value)}`" for key, value in golden["options"].items()
        )
        said.append(f"\nWith {words}.")
    if "interactions" in golden:
        said.append("\nThe templates:\n" + _block(golden["interactions"]))
    shown = {key: run[key] for key in run if key not in {"id", "status", "environment"}}
    if shown.get("modelId") == "m-1":
        del shown["modelId"]
    said.append("\nStored:\n" + _block(shown))
    said.append(_outcome(golden))
    return "\n".join(said)


def _outcome(golden: dict[str, Any]) -> str:
    if "rejected" in golden:
        rejected = golden["rejected"]
        return f"Rejected with `{rejected['code']}`: {rejected['detail']}\n"
    beside = [
        f"{name.replace('_', ' ')}: {json.dumps(golden[name], ensure_ascii=False)}"
        for name in ("thoughts", "prompt_source", "flags", "note")
        if name in golden
    ]
    record = dict(golden["record"])
    if "response_schema" in record:
        record["response_schema"] = "the run's result_schema"
    ending = f"Beside it: {'; '.join(beside)}\n" if beside else ""
    return "Becomes:\n" + _block(record) + ending


def _block(value: Any) -> str:
    """JSON a person can read: one message or field a line."""
    return f"```json\n{_lines(value, 0, 3)}\n```\n"


def _lines(value: Any, depth: int, deepest: int) -> str:
    short = json.dumps(value, ensure_ascii=False)
    if len(short) <= 96 - 2 * depth or depth >= deepest or not isinstance(value, dict | list):
        return short
    pad = "  " * (depth + 1)
    if isinstance(value, dict):
        inner = [
            f"{pad}{json.dumps(key, ensure_ascii=False)}: {_lines(one, depth + 1, deepest)}"
            for key, one in value.items()
        ]
        return "{\n" + ",\n".join(inner) + "\n" + "  " * depth + "}"
    inner = [pad + _lines(one, depth + 1, deepest) for one in value]
    return "[\n" + ",\n".join(inner) + "\n" + "  " * depth + "]"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
