"""Likeness of texts, computed independently of the package: its checks must not check itself.

A text is the set of its character 5-grams (NFKC, casefolded, white space collapsed); likeness
is the Jaccard index. `alike_pairs` is an exact join by prefix filtering: two sets with index t
or more share one of the first (1 - t) * size + 1 shingles in any common order, so rare shingles
first. Pure numpy.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]
FACTORS = np.random.default_rng(417).integers(1, 2**63, 5, dtype=np.uint64) * np.uint64(
    2
) + np.uint64(1)
TEMPLATE = "Customer message:"
BLOCK = 4_000_000


def normalized(text: str) -> str:
    """As the rule has it."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def shingles(text: str) -> U64:
    """The set of 5-grams as sorted hashes; a shorter text is one shingle."""
    points = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    if len(points) < 5:
        points = np.concatenate((points, np.zeros(5 - len(points), np.uint64)))
    count = len(points) - 4
    hashes = np.zeros(count, np.uint64)
    for place in range(5):
        hashes += points[place : place + count] * FACTORS[place]
    return np.unique(hashes)


def jaccard(one: U64, other: U64) -> float:
    """1 for equal sets, 0 for disjoint ones."""
    both = len(np.intersect1d(one, other, assume_unique=True))
    return both / (len(one) + len(other) - both)


def alike_pairs(
    left: list[U64], right: list[U64], threshold: float
) -> list[tuple[int, int, float]]:
    """Every pair of a left and a right set that is at least `threshold` alike."""
    names, sizes = _ranked(left + right)
    a = _prefixes(names[: len(left)], threshold)
    b = _prefixes(names[len(left) :], threshold)
    found = np.empty(0, np.int64)
    for codes in _meetings(a, b, len(right)):
        one, other = codes // len(right), codes % len(right)
        small, large = sizes[one], sizes[len(left) + other]
        near = np.minimum(small, large) >= threshold * np.maximum(small, large) - 1e-9
        found = np.union1d(found, codes[near])
    pairs = ((int(code // len(right)), int(code % len(right))) for code in found)
    scored = ((one, other, jaccard(left[one], right[other])) for one, other in pairs)
    return [pair for pair in scored if pair[2] >= threshold - 1e-9]


def _ranked(sets: list[U64]) -> tuple[list[I64], I64]:
    """Each set as sorted ranks, the rarest shingle of all sets first."""
    sizes = np.array([len(one) for one in sets])
    flat = np.concatenate(sets)
    _, index, counts = np.unique(flat, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), np.int64)
    rank[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    return [np.sort(part) for part in np.split(rank[index], np.cumsum(sizes)[:-1])], sizes


def _prefixes(names: list[I64], threshold: float) -> tuple[I64, I64]:
    """(shingle, row) of every prefix, sorted by shingle."""
    lengths = [len(one) - int(np.ceil(threshold * len(one) - 1e-9)) + 1 for one in names]
    tokens = np.concatenate([one[:n] for one, n in zip(names, lengths, strict=True)])
    rows = np.repeat(np.arange(len(names)), lengths)
    order = np.argsort(tokens, kind="stable")
    return tokens[order], rows[order]


def _meetings(a: tuple[I64, I64], b: tuple[I64, I64], width: int) -> Iterator[I64]:
    """Pairs of rows that share a prefix shingle, as codes row_a * width + row_b, in blocks."""
    starts = np.searchsorted(b[0], a[0], "left")
    counts = np.searchsorted(b[0], a[0], "right") - starts
    ends = np.cumsum(counts)
    cut = 0
    while cut < len(counts):
        base = ends[cut - 1] if cut else 0
        stop = max(cut + 1, int(np.searchsorted(ends, base + BLOCK, "right")))
        many, first = counts[cut:stop], starts[cut:stop]
        index = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        others = b[1][np.repeat(first, many) + index]
        yield np.unique(np.repeat(a[1][cut:stop], many) * width + others)
        cut = stop


def input_of_run(run: dict[str, Any]) -> str:
    """What varies in a stored run's input: all but the system prompt and the template's words."""
    prompt = run.get("prompt")
    match prompt:
        case list():
            turns: Iterable[Any] = (turn for turn in prompt if turn.get("role") != "system")
        case {"messages": list(messages)}:
            turns = messages
        case {"contents": list(contents)}:
            turns = contents
        case _:
            turns = [run.get("parameters") or run["id"]]
    return _plain(turns)


def input_of_line(line: dict[str, Any]) -> str:
    """The same of a line of the dataset in OpenAI's format."""
    return _plain(turn for turn in line["messages"][:-1] if turn["role"] != "system")


def _plain(turns: Iterable[Any]) -> str:
    text = "\n".join(word for turn in turns for word in _words(turn))
    return normalized(text.replace(TEMPLATE, " "))


def _words(turn: Any) -> Iterator[str]:
    """Texts, calls (name and arguments) and results (as JSON) in the order of the turn."""
    match turn:
        case {"parts": list(parts)} | {"content": list(parts)}:
            for part in parts:
                yield from _words(part)
        case {"toolUse": call}:
            yield f"{call['name']} {_json(call['input'])}"
        case {"toolResult": result}:
            yield from _words(result)
        case {"tool_calls": list(calls)}:
            yield turn.get("content") or ""
            for call in (one["function"] for one in calls):
                yield f"{call['name']} {_json(json.loads(call['arguments']))}"
        case _:
            yield _text(turn)


def _text(part: Any) -> str:
    match part:
        case {"role": "tool", "content": str(text)} if text[:1] in "{[":
            return _json(json.loads(text))
        case {"content": str(text)} | {"text": str(text)}:
            return text
        case {"json": value}:
            return _json(value)
        case _:
            return _json(part)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
