"""`--objects URL`: which place it names, and what is said where it is none."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UsageError
from pipeline.studio import EmbeddedStudio, ObjectsAt
from pipeline.studio.objects import opening


def opened(folder: Path, at: ObjectsAt) -> Any:
    with EmbeddedStudio(folder, objects=at) as studio:
        return studio.studio.store


@pytest.mark.parametrize(("scheme", "extra"), [("gs", "gcs"), ("s3", "s3")])
def test_a_missing_extra_is_one_sentence_with_the_pip_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, extra: str
) -> None:
    monkeypatch.setattr(opening, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=rf"`pip install 'trainset\[{extra}\]'`"):
        opened(tmp_path, ObjectsAt(f"{scheme}://bucket"))


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_a_folder_may_lie_anywhere(tmp_path: Path, prefix: str) -> None:
    folder = tmp_path / "elsewhere"
    store = opened(tmp_path / "data", ObjectsAt(f"{prefix}{folder}"))
    assert store.path("x").parent == folder / "objects"


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (ObjectsAt("folder", "http://127.0.0.1:9"), "for gs:// and s3:// alone"),
        (ObjectsAt("gs://"), "must be gs://BUCKET"),
        (ObjectsAt("s3://b?x=1"), "must be s3://BUCKET"),
        (ObjectsAt("https://b/x"), "give a folder"),
        (ObjectsAt("s3://b", "http://minio.example"), "would show datasets to everyone"),
        (ObjectsAt("s3://b", "minio.example"), "must be https://HOST"),
    ],
)
def test_what_is_no_place_is_refused(tmp_path: Path, at: ObjectsAt, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        opened(tmp_path, at)


def test_the_local_folder_imports_no_cloud(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from pipeline.studio import EmbeddedStudio\n"
        f"with EmbeddedStudio(Path({str(tmp_path)!r})): pass\n"
        "print({'boto3', 'google.cloud'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
