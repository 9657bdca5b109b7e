"""What a build came to: the answer of `build_dataset`, and what `--json` prints of it."""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.errors import SourceUnreadable
from pipeline.manifest import DatasetManifest, read_manifest
from pipeline.storage import LocalStore

__all__ = ["LATEST", "BuildResult", "find_build", "find_folder"]

LATEST = "builds/latest"


class BuildResult(Struct, frozen=True):
    """A finished build."""

    path: Path
    """The build's folder."""
    manifest: DatasetManifest
    unchanged: bool = False
    """The build was there already; nothing was done."""

    @property
    def build_id(self) -> str:
        """The folder's name: equal runs and equal specs share it."""
        return self.manifest.build_id

    @property
    def dataset(self) -> Path:
        """The folder with the dataset's files and `manifest.json`."""
        return self.path / "dataset"

    @property
    def files(self) -> dict[str, dict[str, str]]:
        """Format -> split -> path of its JSONL file."""
        found: dict[str, dict[str, str]] = {}
        for file in self.manifest.files:
            if file.format is not None and file.split is not None:
                found.setdefault(file.format, {})[file.split] = str(self.dataset / file.path)
        return found

    def formats(self) -> tuple[str, ...]:
        """The formats that were asked for, in their order."""
        return tuple(self.manifest.spec["formats"])

    def summary(
        self, session: str | None = None, job: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The one object of `--json`."""
        tally = self.manifest.tally
        return {
            "build_id": self.build_id,
            "path": str(self.path),
            "pulled": tally.pulled,
            "kept": tally.kept,
            "rejected": dict(sorted(tally.rejected.items())),
            "duplicates": sum(tally.duplicates.values()),
            "splits": self.manifest.splits,
            "files": self.files,
            "estimate": msgspec.to_builtins(self.manifest.training),
            "session": session,
            "job": job,
        }


def find_build(work_dir: str, name: str | None) -> BuildResult:
    """A finished build by id, by a beginning of its id, by folder, or the latest."""
    folder = find_folder(work_dir, name)
    return BuildResult(path=folder, manifest=read_manifest(folder / "dataset"))


def find_folder(work_dir: str, name: str | None) -> Path:
    """The folder of that build, whatever state it is in."""
    return _folder(Path(work_dir).expanduser().resolve(), name)


def _folder(work_dir: Path, name: str | None) -> Path:
    if name is None or name == "latest":
        return _latest(work_dir)
    if (Path(name) / "dataset").is_dir():
        return Path(name).resolve()
    builds = work_dir / "builds"
    found = [path for path in sorted(builds.glob(f"{name}*")) if path.is_dir()]
    if len(found) == 1:
        return found[0]
    if not found:
        raise SourceUnreadable(f"{name}: no such build under {builds}")
    names = ", ".join(path.name for path in found)
    raise SourceUnreadable(f"{name}: fits more than one build ({names})")


def _latest(work_dir: Path) -> Path:
    store = LocalStore(work_dir)
    if not store.exists(LATEST):
        raise SourceUnreadable(f"{work_dir}: holds no finished build; run `trainset build` first")
    return work_dir / "builds" / store.read_bytes(LATEST).decode().strip()
