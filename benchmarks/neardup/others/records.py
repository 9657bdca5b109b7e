"""How every contestant gets its records and says which it kept: JSON lines of `id` and `text`."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["Record", "read", "write"]

Record = dict[str, str]


def read(path: str) -> Iterator[Record]:
    """One record a line."""
    with Path(path).open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def write(folder: str, kept: Iterable[Record]) -> None:
    """What was kept, as the only file of `<folder>/kept`."""
    target = Path(folder) / "kept"
    target.mkdir(parents=True, exist_ok=True)
    with (target / "kept.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in kept)
