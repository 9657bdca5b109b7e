"""Makes N copies of a file of runs, none of them alike to another.

    python benchmarks/copies.py RUNS OUT --copies 4 [--truth TRUTH.json]

Copy 0 is the original. In every other copy the words of the variable text (turns, answers, tool
results, parameters; not system prompts, templates, keys, tool names or labels of the schema)
are exchanged for words of the same length, by a keyed permutation of the corpus's vocabulary:
equal texts stay equal and near texts near, the lengths stay, and no text resembles its
original. Ids are hashes of copy and id. The truth is written beside OUT, with mapped ids;
`secret` entries only for copy 0, because a secret whose words are exchanged is none any more.
"""

import argparse
import hashlib
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
import zstandard

UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
WORD = re.compile(rf"[{UNSPACED}]|[^\W\d_{UNSPACED}]+|\d+")
TEMPLATE = re.compile(r"(Customer message:)")
Mapping = Callable[[str], str]
Words = dict[str, str]


def read_lines(path: Path) -> Iterator[bytes]:
    """The lines of a .jsonl or .jsonl.zst file."""
    with path.open("rb") as file:
        if path.suffix != ".zst":
            yield from file
            return
        reader = zstandard.ZstdDecompressor().stream_reader(file)
        yield from io.BufferedReader(cast("io.RawIOBase", reader), 1 << 20)


def copied_id(copy: int, run_id: str) -> str:
    """24 hexadecimal digits; copy 0 keeps its ids."""
    if copy == 0:
        return run_id
    return hashlib.sha256(f"{copy}/{run_id}".encode()).hexdigest()[:24]


def vocabulary(runs: Iterable[dict[str, Any]]) -> list[list[str]]:
    """The words of all variable texts, in groups of one length and kind, each in keyed order."""
    seen: set[str] = set()

    def collect(text: str) -> str:
        seen.update(word.lower() for word in WORD.findall(text))
        return text

    for run in runs:
        rewrite(run, collect)
    groups: dict[tuple[int, str], list[str]] = defaultdict(list)
    for word in seen:
        groups[len(word), _kind(word)].append(word)
    return [sorted(words, key=_key) for _, words in sorted(groups.items())]


def _kind(word: str) -> str:
    if word.isdigit():
        return "digits"
    return "latin" if word.isascii() else f"U+{ord(word[0]) >> 8:02x}xx"


def _key(word: str) -> bytes:
    return hashlib.blake2b(word.encode(), digest_size=8, key=b"copies").digest()


def exchange(groups: list[list[str]], copy: int) -> Words:
    """Each word's replacement in a copy: `copy` places on in its group, so copies differ."""
    return {
        word: words[(place + copy) % len(words)]
        for words in groups
        for place, word in enumerate(words)
    }


def replace_words(text: str, words: Words) -> str:
    """The text with its words exchanged; case letter by letter, all between words as it was."""
    return WORD.sub(partial(_replace, words), text)


def _replace(words: Words, match: re.Match[str]) -> str:
    found = match[0]
    new = words.get(found.lower(), found)
    if found.islower() or len(new) != len(found):
        return new
    pairs = zip(found, new, strict=True)
    return "".join(b.upper() if a.isupper() and len(b.upper()) == 1 else b for a, b in pairs)


def rewrite(run: dict[str, Any], change: Mapping) -> dict[str, Any]:
    """The run with `change` applied to every stretch of variable text."""
    prompt, system = run.get("prompt"), _system(run.get("prompt"))
    given = [text for text in _strings(run.get("parameters")) if text not in system]
    turn = partial(_turn, change, max(given, key=len, default=""))
    run = dict(run)
    if "prompt" in run:
        run["prompt"] = _prompt(prompt, turn, change)
    if "parameters" in run:
        named = partial(_unless, change, lambda text: text in system)
        run["parameters"] = _leaves(run["parameters"], named)
    if "result" in run:
        labels = set(_labels(run.get("result_schema")))
        run["result"] = _result(run["result"], partial(_unless, change, labels.__contains__))
    return run


def _unless(change: Mapping, spared: Callable[[str], bool], text: str) -> str:
    return text if spared(text) else _pieces(change, text)


def _pieces(change: Mapping, text: str) -> str:
    pieces = TEMPLATE.split(text)
    return "".join(piece if number % 2 else change(piece) for number, piece in enumerate(pieces))


def _turn(change: Mapping, given: str, text: str) -> str:
    """Where a parameter stands inside a text, what comes before it is template."""
    before, found, after = text.partition(given) if given else (text, "", "")
    return before + _pieces(change, found + after) if found else _pieces(change, text)


def _system(prompt: Any) -> str:
    match prompt:
        case list():
            return json.dumps([turn for turn in prompt if turn.get("role") == "system"])
        case dict():
            return json.dumps([prompt.get("system"), prompt.get("toolConfig")])
        case _:
            return ""


def _prompt(prompt: Any, turn: Mapping, change: Mapping) -> Any:
    match prompt:
        case list():
            return [one if one.get("role") == "system" else _message(one, turn) for one in prompt]
        case {"messages": list(messages)}:
            return prompt | {"messages": [_converse(one, turn, change) for one in messages]}
        case {"contents": list(contents)}:
            return prompt | {"contents": [_gemini(one, turn) for one in contents]}
        case str():
            return turn(prompt)
        case _:
            return prompt


def _message(message: dict[str, Any], turn: Mapping) -> dict[str, Any]:
    match message.get("content"):
        case str(text):
            return message | {"content": turn(text)}
        case list(parts):
            return message | {"content": [_text_of(part, turn) for part in parts]}
        case _:
            return message


def _gemini(content: dict[str, Any], turn: Mapping) -> dict[str, Any]:
    return content | {"parts": [_text_of(part, turn) for part in content["parts"]]}


def _text_of(part: dict[str, Any], turn: Mapping) -> dict[str, Any]:
    return part | {"text": turn(part["text"])} if isinstance(part.get("text"), str) else part


def _converse(message: dict[str, Any], turn: Mapping, change: Mapping) -> dict[str, Any]:
    if not isinstance(message.get("content"), list) or message.get("role") == "system":
        return message if message.get("role") == "system" else _message(message, turn)
    return message | {"content": [_block(block, turn, change) for block in message["content"]]}


def _block(block: dict[str, Any], turn: Mapping, change: Mapping) -> dict[str, Any]:
    match block:
        case {"toolUse": dict(use)}:
            return {"toolUse": use | {"input": _leaves(use.get("input"), change)}}
        case {"toolResult": dict(answer)}:
            content = [_leaves(part, change) for part in answer.get("content", [])]
            return {"toolResult": answer | {"content": content}}
        case _:
            return _text_of(block, turn)


def _result(result: Any, change: Mapping) -> Any:
    match result:
        case [{"type": str(), "value": _}, *_]:
            return [part | {"value": _leaves(part["value"], change)} for part in result]
        case _:
            return _leaves(result, change)


def _leaves(value: Any, change: Mapping) -> Any:
    match value:
        case str():
            return change(value)
        case list():
            return [_leaves(item, change) for item in value]
        case dict():
            return {key: _leaves(item, change) for key, item in value.items()}
        case _:
            return value


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _strings(item)
        case dict():
            yield from _strings(list(value.values()))


def _labels(schema: Any) -> Iterator[str]:
    match schema:
        case {"enum": list(labels)}:
            yield from (label for label in labels if isinstance(label, str))
        case dict():
            for part in schema.values():
                yield from _labels(part)
        case list():
            for part in schema:
                yield from _labels(part)


def copy_run(run: dict[str, Any], copy: int, words: Words) -> dict[str, Any]:
    """One run of one copy."""
    changed = rewrite(run, partial(replace_words, words=words))
    return changed | {"id": copied_id(copy, run["id"])}


def write_copy(source: Path, target: Path, copy: int, groups: list[list[str]]) -> int:
    """One copy as a file of its own; several such files, joined, are a valid file."""
    words, count = exchange(groups, copy), 0
    encode = msgspec.json.Encoder().encode
    with target.open("wb") as raw, _writer(raw, packed=target.suffix == ".zst") as out:
        for line in read_lines(source):
            run = msgspec.json.decode(line)
            out.write(line if copy == 0 else encode(copy_run(run, copy, words)) + b"\n")
            count += 1
    return count


def _writer(raw: BinaryIO, *, packed: bool) -> Any:
    if not packed:
        return io.BufferedWriter(cast("io.RawIOBase", raw))
    return zstandard.ZstdCompressor(level=3).stream_writer(raw, closefd=False)


def write_copies(source: Path, target: Path, copies: int, workers: int = 2) -> int:
    """All copies, one after another, in one file; returns how many runs it holds."""
    groups = vocabulary(msgspec.json.decode(line) for line in read_lines(source))
    parts = [target.with_name(f"{copy}-{target.name}") for copy in range(copies)]
    with ProcessPoolExecutor(workers) as pool:
        jobs = [
            pool.submit(write_copy, source, part, n, groups if n else [])
            for n, part in enumerate(parts)
        ]
        count = sum(job.result() for job in jobs)
    with target.open("wb") as whole:
        for part in parts:
            with part.open("rb") as file:
                while block := file.read(1 << 22):
                    whole.write(block)
            part.unlink()
    return count


def copied_truth(truth: dict[str, Any], copies: int) -> dict[str, Any]:
    """The planted list for all copies."""
    planted = [
        fact | {key: copied_id(copy, fact[key]) for key in ("run", "of") if key in fact}
        for copy in range(copies)
        for fact in truth["planted"]
        if copy == 0 or fact["what"] != "secret"
    ]
    return {"copies": copies, "runs": truth["runs"] * copies, "planted": planted} | {
        "kept_by_exact_pairwise": truth["kept_by_exact_pairwise"]
    }


def main() -> None:
    """Read the flags, write the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("runs", type=Path)
    parser.add_argument("out", type=Path, help=".jsonl or .jsonl.zst")
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--truth", type=Path)
    flags = parser.parse_args()
    count = write_copies(flags.runs, flags.out, flags.copies, flags.workers)
    print(f"{flags.out}: {count:,} runs, {flags.out.stat().st_size:,} bytes")
    if flags.truth:
        truth = copied_truth(json.loads(flags.truth.read_bytes()), flags.copies)
        place = flags.out.with_name(flags.out.name.split(".")[0] + ".truth.json")
        place.write_text(json.dumps(truth))


if __name__ == "__main__":
    main()
