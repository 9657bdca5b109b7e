"""Check `manifest`: it can be read, its seal is whole, and its sums agree with one another."""

from pathlib import Path

from pipeline.build.verify.findings import Findings
from pipeline.manifest import DatasetFile, DatasetManifest, read_manifest

__all__ = ["check_manifest"]


def check_manifest(folder: Path, findings: Findings) -> tuple[str, DatasetManifest]:
    """The manifest of a dataset's folder."""
    manifest = read_manifest(folder)
    if manifest.seal is not None and manifest.seal != manifest.sealed().seal:
        findings.add("the manifest was changed after it was written", "its seal is another one")
    if sum(manifest.splits.values()) != manifest.tally.kept:
        said = f"{sum(manifest.splits.values()):,} in the splits, {manifest.tally.kept:,} kept"
        findings.add("the manifest's sums do not agree", said)
    for file in manifest.files:
        if file.split is not None and file.lines != _lines_of(manifest, file):
            findings.add("the manifest's sums do not agree", f"{file.path}: {file.lines:,} lines")
    for name, told in manifest.preferences.items():
        if sum(told.lines.values()) + sum(told.left_out.values()) != told.pairs:
            findings.add("the manifest's sums do not agree", f"{name}: {told.pairs:,} pairs")
    seal = f"seal {manifest.seal[:12]}…" if manifest.seal else "it has no seal"
    return f"build {manifest.build_id}, {seal}", manifest


def _lines_of(manifest: DatasetManifest, file: DatasetFile) -> int | None:
    """How many lines a file must have: its split's records, or its format's pairs there."""
    told = manifest.preferences.get(file.format or "")
    return (manifest.splits if told is None else told.lines).get(file.split or "")
