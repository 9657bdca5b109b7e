"""How far off the estimates of tokens are, and how fast counting is.

    python benchmarks/tokens.py [BUILD] [--texts]

Over the made-up texts of `token_texts.toml`, and over the records of a build's second shelf where
its folder is given: how far off `o200k_base` is as a stand-in for a tokenizer that is not at hand,
and `characters`, and UTF-8 divided by 4, against every tokenizer that is installed. Those of OpenAI
always are; Mistral's come with mistral-common[sentencepiece], Llama's with llama-models, Qwen's
with dashscope: packages that ship their tokenizer and are read here, not imported.
"""

import argparse
import time
import tomllib
from binascii import a2b_base64
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from itertools import starmap
from pathlib import Path

import pyarrow.parquet as pq
from tiktoken import Encoding

from pipeline.digests import decode_record
from pipeline.records import ChatRecord, TextPart
from pipeline.tokens import TokenCounter, counter_for
from pipeline.tokens.counter import TextLengths
from pipeline.tokens.encodings import ENCODINGS
from pipeline.tokens.mistral import MistralLengths, is_at_hand

Count = Callable[[str], int]
CUT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""What Llama 3 cuts a text by; Qwen takes digits one by one, Llama 4 has o200k_base's pattern."""
SHIPPED = {
    "llama-3": ("llama_models", "llama3/tokenizer.model", CUT),
    "llama-4": ("llama_models", "llama4/tokenizer.model", ENCODINGS["o200k_base"].pattern),
    "qwen": ("dashscope", "resources/qwen.tiktoken", CUT.replace("{1,3}", "")),
}
"""Package, file in it, pattern."""


def tokenizers() -> Iterator[tuple[str, Count]]:
    """Every tokenizer that is installed, by name."""
    for model in ("gpt-4.1", "gpt-4"):
        counter = counter_for(model, "openai")
        yield counter.name, one_by_one(counter)
    for name, (package, file, pattern) in SHIPPED.items():
        found = find_spec(package)
        if found is not None and found.submodule_search_locations:
            words = (Path(found.submodule_search_locations[0]) / file).read_bytes().split()
            ranks = dict(zip(map(a2b_base64, words[::2]), map(int, words[1::2]), strict=True))
            one = Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
            yield name, lambda text, one=one: len(one.encode_ordinary(text))
    if is_at_hand():
        for name in ("mistral-tekken-v3", "mistral-v3"):
            yield name, one_by_one(MistralLengths(name))


def one_by_one(lengths: TextLengths) -> Count:
    """The same for a single text."""
    return lambda text: lengths.count_texts([text])[0]


def texts_of(record: ChatRecord) -> Iterator[str]:
    """The texts of a record's messages."""
    for message in record.messages:
        if isinstance(message.content, str):
            yield message.content
        for part in message.content if isinstance(message.content, tuple) else ():
            if isinstance(part, TextPart):
                yield part.text


def records_of(build: Path) -> dict[str, list[ChatRecord]]:
    """The records of the second shelf, by interaction."""
    found: dict[str, list[ChatRecord]] = {}
    for path in sorted((build / "2-normalize").glob("part-*.parquet")):
        table = pq.read_table(path, columns=["interaction", "record"])
        for interaction, data in zip(*(column.to_pylist() for column in table), strict=True):
            found.setdefault(interaction or "no interaction", []).append(decode_record(data))
    return found


def show(groups: Mapping[str, Counter[str]], *, every: bool) -> None:
    """For every tokenizer the mean of the groups' errors, signs aside, and the worst; or all."""
    estimates: dict[str, Count] = {
        "o200k_base": one_by_one(counter_for(None, "together")),
        "characters": one_by_one(counter_for(None, "openai", counting="estimate")),
        "bytes / 4": lambda text: -(-len(text.encode()) // 4),
    }
    for name, count in tokenizers():
        for stands, estimate in estimates.items():
            errors = {
                group: summed(estimate, texts) / summed(count, texts) - 1
                for group, texts in groups.items()
            }
            mean = sum(map(abs, errors.values())) / len(errors)
            worst = max(errors, key=lambda group: abs(errors[group]))
            said = f"{name:<18} {stands:<11} {mean:7.1%}  worst {errors[worst]:+.0%} {worst}"
            print(said)
            if every:
                listed = starmap("{} {:+.1%}".format, errors.items())
                print("    " + ", ".join(listed))


def summed(count: Count, texts: Counter[str]) -> int:
    """The tokens of all texts, each as often as it occurs."""
    return sum(count(text) * times for text, times in texts.items())


def show_speed(counter: TokenCounter, records: list[ChatRecord]) -> None:
    """How long all records take on one core, as a build has them, in parts of 1,300."""
    counter.count_texts(["load it"])
    parts = [records[at : at + 1300] for at in range(0, len(records), 1300)]
    begun = time.perf_counter()
    tokens = sum(sum(counter.count_all(part)) for part in parts)
    took = time.perf_counter() - begun
    print(f"{counter.name:<18} {tokens:,} tokens, {len(records) / took:,.0f} records/s")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path, nargs="?", help="a build's folder")
    parser.add_argument("--texts", action="store_true", help="show the error of every text")
    given = parser.parse_args()
    with Path(__file__).with_name("token_texts.toml").open("rb") as file:
        made_up = {name: Counter([text]) for name, text in tomllib.load(file).items()}
    print(f"{len(made_up)} made-up texts")
    show(made_up, every=given.texts)
    if given.build is None:
        return
    records = records_of(given.build)
    print(f"{sum(map(len, records.values())):,} records of {len(records)} interactions")
    show(
        {
            name: Counter(text for record in of_it for text in texts_of(record))
            for name, of_it in records.items()
        },
        every=True,
    )
    everything = [record for of_it in records.values() for record in of_it]
    show_speed(counter_for("gpt-4.1", "openai"), everything)
    show_speed(counter_for(None, "openai", counting="estimate"), everything)


if __name__ == "__main__":
    main()
