"""The script that one would write without the package: the yardstick, plain and honest.

    python benchmarks/plain.py RUNS OUT_FOLDER [--batch]

Reads exported runs, drops what is not completed, empty or cut off, checks answers against their
schema, flattens prompts to messages, drops near-duplicates with datasketch's MinHash LSH as its
documentation shows it, splits at random, writes JSON lines for OpenAI.
"""

import argparse
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard
from datasketch import MinHash, MinHashLSH
from jsonschema import Draft202012Validator


def read_runs(path: str) -> Iterator[dict[str, Any]]:
    """One document a line, plain or zstd."""
    with Path(path).open("rb") as file:
        packed = path.endswith(".zst")
        lines = zstandard.ZstdDecompressor().stream_reader(file) if packed else file
        for line in io.TextIOWrapper(lines, encoding="utf-8"):
            yield json.loads(line)


validators: dict[str, Draft202012Validator] = {}


def is_valid(result: Any, schema: dict[str, Any]) -> bool:
    """Against the run's schema; one validator a schema."""
    key = json.dumps(schema)
    if key not in validators:
        validators[key] = Draft202012Validator(schema)
    return validators[key].is_valid(result)


def text_of(part: dict[str, Any]) -> str:
    """A part's text; tool calls and results as JSON."""
    return part["text"] if "text" in part else json.dumps(part)


def messages_of(prompt: Any) -> list[dict[str, str]]:
    """The prompt as a list of role and text."""
    if isinstance(prompt, dict):
        system = prompt.get("system") or []
        parts = system["parts"] if isinstance(system, dict) else system
        turns = [{"role": "system", "content": parts}] if parts else []
        turns += prompt.get("messages") or prompt.get("contents") or []
    else:
        turns = prompt
    messages = []
    for turn in turns:
        content = turn.get("content") or turn.get("parts") or ""
        text = content if isinstance(content, str) else "\n".join(map(text_of, content))
        role = "assistant" if turn["role"] == "model" else turn["role"]
        messages.append({"role": role, "content": text})
    return messages


def answer_of(result: Any) -> str:
    """The answer as text."""
    if isinstance(result, list) and result and isinstance(result[0], dict) and "value" in result[0]:
        return "\n".join(str(part["value"]) for part in result if part["type"] == "text")
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)


def usable(run: dict[str, Any]) -> bool:
    """Completed, stored, answered, not cut off, and as its schema says."""
    if run["status"] != "completed" or run.get("finish_reason") == "length":
        return False
    if not run.get("prompt") or not run.get("result") or isinstance(run["prompt"], str):
        return False
    return "result_schema" not in run or is_valid(run["result"], run["result_schema"])


def minhash_of(messages: list[dict[str, str]], *, batch: bool) -> MinHash:
    """Over word 5-grams of the whole record."""
    words = " ".join(message["content"] for message in messages).lower().split()
    shingles = {" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))}
    minhash = MinHash(num_perm=128)
    if batch:
        minhash.update_batch([shingle.encode("utf-8") for shingle in shingles])
        return minhash
    for shingle in shingles:
        minhash.update(shingle.encode("utf-8"))
    return minhash


def main() -> None:
    """All of it, in one loop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("runs")
    parser.add_argument("out", type=Path)
    parser.add_argument("--batch", action="store_true", help="update_batch instead of the loop")
    flags = parser.parse_args()
    lsh, kept = MinHashLSH(threshold=0.8, num_perm=128), []
    for number, run in enumerate(read_runs(flags.runs)):
        if not usable(run):
            continue
        answer = {"role": "assistant", "content": answer_of(run["result"])}
        messages = [*messages_of(run["prompt"]), answer]
        minhash = minhash_of(messages, batch=flags.batch)
        if not lsh.query(minhash):
            lsh.insert(str(number), minhash)
            kept.append({"messages": messages})
    random.Random(0).shuffle(kept)
    flags.out.mkdir(parents=True, exist_ok=True)
    cut = len(kept) // 10
    for name, rows in (("validation", kept[:cut]), ("train", kept[cut:])):
        with (flags.out / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    print(json.dumps({"pulled": number + 1, "kept": len(kept)}))


if __name__ == "__main__":
    main()
