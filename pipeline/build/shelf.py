"""A shelf: where one stage leaves its output, part by part.

A part appears whole (by rename), and the shelf is finished when `_manifest.json` is there, which
is written when all parts are on the disk. What a killed build left behind is therefore always
usable: finished parts are not made again.
"""

from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from pipeline.ledger import Tally
from pipeline.storage import LocalStore

__all__ = ["PAYLOAD", "Shelf", "ShelfManifest"]

PAYLOAD = ("raw", "record", "parameters", "messages", "answer", "text")
"""Columns of long text: compressed, but neither dictionaries nor statistics are kept of them."""

_MANIFEST = "_manifest.json"


class ShelfManifest(Struct, frozen=True):
    """What a finished shelf holds."""

    rows: tuple[int, ...]
    """Rows of every part, in order."""
    tally: Tally
    """What the shelf's stage was given and what it let through."""
    facts: dict[str, Any] = {}
    """What later stages and readers need to know besides."""


class Shelf:
    """One stage's folder in a build's store."""

    def __init__(self, store: LocalStore, name: str) -> None:
        self.store = store
        self.name = name

    def manifest(self) -> ShelfManifest | None:
        """The manifest of a finished shelf, else None."""
        name = f"{self.name}/{_MANIFEST}"
        if not self.store.exists(name):
            return None
        return msgspec.json.decode(self.store.read_bytes(name), type=ShelfManifest)

    def count(self) -> int:
        """The rows of a finished shelf."""
        manifest = self.manifest()
        assert manifest is not None
        return sum(manifest.rows)

    def commit(self, manifest: ShelfManifest) -> ShelfManifest:
        """Finish the shelf. Raises `IntegrityError` unless the tally balances."""
        manifest.tally.assert_balanced(self.name)
        self.store.settle(self.name)
        self.store.write_bytes(f"{self.name}/{_MANIFEST}", msgspec.json.encode(manifest))
        return manifest

    def has_part(self, index: int, kind: str = "part") -> bool:
        """Whether the part is there, whole. One that a power cut tore has lost its footer."""
        if not self.store.exists(self._part(index, kind)):
            return False
        try:
            self.part_rows(index, kind)
        except (OSError, pa.ArrowException):
            return False
        return True

    def write_part(self, index: int, table: pa.Table, kind: str = "part") -> None:
        """Write a part as Parquet with page checksums."""
        plain = [name for name in table.column_names if name not in PAYLOAD]
        with self.store.open_draft(self._part(index, kind)) as file:
            pq.write_table(
                table,
                file,
                compression="zstd",
                compression_level=1,
                use_dictionary=plain,
                write_statistics=plain,
                write_page_checksum=True,
            )

    def read_part(
        self, index: int, columns: list[str] | None = None, kind: str = "part"
    ) -> pa.Table:
        """The part's columns, checksums verified."""
        path = self.store.path(self._part(index, kind))
        return pq.ParquetFile(path, page_checksum_verification=True).read(columns=columns)

    def part_rows(self, index: int, kind: str = "part") -> int:
        """How many rows the part has."""
        rows: int = pq.read_metadata(self.store.path(self._part(index, kind))).num_rows
        return rows

    def _part(self, index: int, kind: str) -> str:
        return f"{self.name}/{kind}-{index:05d}.parquet"
