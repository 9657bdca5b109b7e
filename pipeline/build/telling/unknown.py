"""The runs of a build that were not understood, grouped so that a person can report a shape.

A group is a code, what was said and the JSON path, with numbers of list items left out. One run
of it is shown by its outline: keys and kinds of values, none of its words.
"""

import re
from collections import defaultdict

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Raw, Struct

from pipeline.build.ledger_file import LEDGER, Shelves
from pipeline.build.result import BuildResult
from pipeline.build.shelf import Shelf
from pipeline.stages.outline import outline
from pipeline.storage import LocalStore

__all__ = ["NOT_UNDERSTOOD", "UnknownShape", "unknown_shapes"]

NOT_UNDERSTOOD = (
    "unknown_prompt_shape",
    "unknown_result_shape",
    "unsupported_content",
    "ambiguous_prompt",
)
"""The codes that say: the run was not understood, or holds what no record can."""

_INDEX = re.compile(r"\[\d+\]")
_QUOTED = re.compile(r"'[^']{41,}'|\d+")
_DETAIL = re.compile(r"(.*) - at `(\$[^`]*)`", re.DOTALL)
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_SHOWN_IDS = 3


class UnknownShape(Struct, frozen=True):
    """Runs that were not understood for one reason at one place."""

    code: str
    said: str
    path: str
    """From `$`, the run; items of lists are `[*]`."""
    runs: int
    run_ids: tuple[str, ...]
    """The first three by id."""
    outline: str
    """The field of the first run that the path leads into, as JSON without its words."""


def unknown_shapes(build: BuildResult) -> list[UnknownShape]:
    """The groups, largest first."""
    ledger = pq.read_table(build.path / LEDGER, columns=["run_id", "code", "detail"])
    ledger = ledger.filter(pc.is_in(ledger["code"], pa.array(NOT_UNDERSTOOD)))
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in ledger.to_pylist():
        groups[_group(row["code"], row["detail"] or "")].append(row["run_id"])
    for ids in groups.values():
        ids.sort()
    raws = _raws(Shelves(LocalStore(build.path)).pulled, {ids[0] for ids in groups.values()})
    shapes = [
        UnknownShape(
            code, said, path, len(ids), tuple(ids[:_SHOWN_IDS]), _outline(raws.get(ids[0]), path)
        )
        for (code, said, path), ids in groups.items()
    ]
    return sorted(shapes, key=lambda shape: (-shape.runs, shape.code, shape.path, shape.said))


def _group(code: str, detail: str) -> tuple[str, str, str]:
    found = _DETAIL.fullmatch(detail)
    said, path = (found[1], found[2]) if found else (detail, "$")
    return code, _QUOTED.sub("…", said), _INDEX.sub("[*]", path)


def _raws(pulled: Shelf, run_ids: set[str]) -> dict[str, bytes]:
    """The documents of a few runs, from the first shelf."""
    manifest = pulled.manifest()
    assert manifest is not None
    found: dict[str, bytes] = {}
    for part in range(len(manifest.rows)):
        ids = pulled.read_part(part, ["run_id"])["run_id"].to_pylist()
        rows = [at for at, run_id in enumerate(ids) if run_id in run_ids]
        if rows:
            raws = pulled.read_part(part, ["raw"])["raw"].take(rows).to_pylist()
            found |= {ids[at]: raw for at, raw in zip(rows, raws, strict=True) if raw is not None}
    return found


def _outline(raw: bytes | None, path: str) -> str:
    if raw is None:
        return "null"
    field = re.split(r"[.\[]", path.removeprefix("$."))[0]
    value = _FIELDS.decode(raw).get(field)
    return "null" if value is None else outline(bytes(value))
