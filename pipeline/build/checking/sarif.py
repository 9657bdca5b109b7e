"""Problems as a SARIF 2.1.0 file, which code hosts and editors show beside the lines.

Written as the problems come, whole or not at all. Imports `formats` and the
files of this room.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import msgspec

from pipeline import __version__
from pipeline.build.checking.result import Said
from pipeline.build.outputs import written
from pipeline.formats import Format, Rule
from pipeline.formats.judging import FILE_RULES, rule_of

__all__ = ["SarifFile", "sarif_file"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ENCODE = msgspec.json.Encoder().encode
_OF_FILES = ("examples", "file-bytes", "json", "schema")
"""Rules that a format has besides those that it lists."""


class SarifFile:
    """The file while it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._results = 0

    def write(self, said: Said) -> None:
        """One more result."""
        self._file.write(b",\n" if self._results else b"\n")
        self._file.write(_ENCODE(_result(said)))
        self._results += 1


@contextmanager
def sarif_file(path: Path, forms: Sequence[Format[Any]]) -> Iterator[SarifFile]:
    """A log of one run; it appears under its name when the block ends well."""
    driver = {"name": "trainset", "version": __version__, "rules": list(_rules(forms))}
    head = _ENCODE({"$schema": _SCHEMA, "version": "2.1.0"})[:-1]
    with written(path) as file:
        file.write(head + b',"runs":[{"tool":{"driver":' + _ENCODE(driver) + b"},")
        file.write(b'"columnKind":"unicodeCodePoints","results":[')
        yield SarifFile(file)
        file.write(b"\n]}]}\n")


def _rules(forms: Sequence[Format[Any]]) -> Iterator[dict[str, Any]]:
    for name, rule in FILE_RULES.items():
        yield _rule(name, rule)
    for form in forms:
        for name in dict.fromkeys((*form.rules, *_OF_FILES, *FILE_RULES)):
            yield _rule(f"{form.name}/{name}", rule_of(form, name))


def _rule(name: str, rule: Rule) -> dict[str, Any]:
    page = {"helpUri": rule.source.page} if rule.source and "://" in rule.source.page else {}
    return {"id": name, "shortDescription": {"text": rule.says}, "help": {"text": rule.fix}} | page


def _result(said: Said) -> dict[str, Any]:
    place: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(said.file)},
            "region": {"startLine": said.line or 1},
        }
    }
    if said.pointer:
        place["logicalLocations"] = [{"fullyQualifiedName": said.pointer}]
    return {
        "ruleId": said.rule_id if said.format is None else f"{said.format}/{said.rule_id}",
        "level": said.level,
        "message": {"text": said.message},
        "locations": [place],
        "properties": {"fix": said.fix, "mends": said.mends},
    }


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
