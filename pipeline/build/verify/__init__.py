"""`trainset verify`: everything that a build says of itself, done again from its files alone.

One file a check. A check that meets a damaged file says so and the others go on; what cannot be
checked because something is missing is said as well. Nothing is written but to a scratch folder.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pyarrow as pa

from pipeline.build.progress import SILENT, Progress
from pipeline.build.verify.compared import compare_again
from pipeline.build.verify.dedupe import check_dedupe
from pipeline.build.verify.files import check_files
from pipeline.build.verify.findings import (
    Broken,
    Checked,
    Findings,
    NotChecked,
    Verdict,
    Verification,
)
from pipeline.build.verify.ledger import check_ledger
from pipeline.build.verify.lines import check_lines
from pipeline.build.verify.manifest import check_manifest
from pipeline.build.verify.material import DAMAGE, Material, said
from pipeline.build.verify.preferences import check_preferences, preference_formats
from pipeline.build.verify.privacy import check_private
from pipeline.build.verify.records import check_records
from pipeline.build.verify.shelves import check_shelves
from pipeline.build.verify.split import check_cut, check_split
from pipeline.engines import Engine, open_engine
from pipeline.errors import TrainsetError
from pipeline.manifest import DatasetManifest
from pipeline.storage import LocalStore

__all__ = ["Broken", "Checked", "Verification", "verify_folder"]

_PRELOAD = ("pipeline.build.verify",)
_SHELVES = ("1-pull", "2-normalize", "3-validate", "4-dedupe", "5-split")
_OF_SHELVES = ("shelves", "ledger", "records", "dedupe", "split", "cut", "private")
"""Checks that need more than the dataset's own folder."""
T = TypeVar("T")


def verify_folder(folder: Path, *, workers: int = 0, progress: Progress = SILENT) -> Verification:
    """Verify a build's folder, or a dataset's that was copied away from its shelves."""
    dataset = folder / "dataset" if (folder / "dataset").is_dir() else folder
    checks = _Checks()
    manifest = checks.make("manifest", lambda found: check_manifest(dataset, found))
    if manifest is None:
        for name in ("files", "lines", *_OF_SHELVES):
            checks.skip(name, "the manifest cannot be read")
        return Verification(str(folder), None, tuple(checks.done))
    engine = open_engine("local", workers, _PRELOAD)
    try:
        checks.run("files", lambda found: check_files(dataset, manifest, engine, found))
        _check_rest(dataset, manifest, checks, engine=engine, progress=progress)
    finally:
        engine.close()
    return Verification(str(folder), manifest.build_id, tuple(checks.done))


def _check_rest(
    dataset: Path,
    manifest: DatasetManifest,
    checks: "_Checks",
    *,
    engine: Engine,
    progress: Progress,
) -> None:
    store = LocalStore(dataset.parent)
    shelves = dataset.name == "dataset" and any(store.path(name).is_dir() for name in _SHELVES)
    with TemporaryDirectory(prefix="trainset-verify-") as scratch:
        material = Material(store, dataset, manifest, engine, progress, Path(scratch))
        if shelves:
            _check_build(material, checks)
            return
        checks.run("lines", lambda found: check_lines(material, None, found))
        for name in _OF_SHELVES:
            checks.skip(name, "the build's shelves are not beside the dataset")


def _check_build(material: Material, checks: "_Checks") -> None:
    checks.run("shelves", lambda found: check_shelves(material, found))
    checks.run("ledger", lambda found: check_ledger(material, found))
    records = checks.make("records", lambda found: check_records(material, found))
    checks.run("lines", lambda found: check_lines(material, records, found))
    compared = cache(lambda: compare_again(material))
    checks.run("dedupe", lambda found: check_dedupe(material, compared(), found))
    checks.run("split", lambda found: check_split(material, records, found))
    checks.run("cut", lambda found: check_cut(material, compared(), found))
    if preference_formats(material):
        checks.run("preferences", lambda found: check_preferences(material, found))
    checks.run("private", lambda found: check_private(material, found))


class _Checks:
    """The checks that were done, and how one is."""

    def __init__(self) -> None:
        self.done: list[Checked] = []

    def run(self, name: str, check: Callable[[Findings], str]) -> None:
        """Do a check that says what it looked at."""
        self.make(name, lambda findings: (check(findings), None))

    def make(self, name: str, check: Callable[[Findings], tuple[str, T]]) -> T | None:
        """The same for a check whose reading others need; None where it could not be finished."""
        findings = Findings()
        made: T | None = None
        lacking = False
        try:
            looked_at, made = check(findings)
        except NotChecked as error:
            looked_at, lacking = str(error), True
        except (*DAMAGE, AssertionError, TrainsetError) as error:
            findings.add("the check could not be finished", said(error))
            looked_at = "what could be read"
        finally:
            pa.default_memory_pool().release_unused()
        broken = findings.broken()
        verdict: Verdict = "broken" if broken else "not checked" if lacking else "holds"
        self.done.append(Checked(name, looked_at, verdict, broken))
        return made

    def skip(self, name: str, reason: str) -> None:
        """Say that a check was not done, and why."""
        self.done.append(Checked(name, reason, "not checked"))
