"""Whether a provider takes a dataset's file as a whole; its lines were checked one by one.

Limits are read off the manifest. What binds the lines of one file is looked for in the file.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from pipeline.formats import get_format
from pipeline.formats.judging import FileFacts, break_file_rules
from pipeline.manifest import DatasetFile, DatasetManifest

__all__ = ["beyond_limits", "refusals_of", "refused_files", "refused_together"]


def refused_files(dataset: Path, manifest: DatasetManifest) -> Iterator[str]:
    """For every file that its provider would refuse as a whole: which, and why."""
    for file in manifest.files:
        for reason in refusals_of(dataset, file):
            yield f"{file.path}: {reason}"


def refusals_of(dataset: Path, file: DatasetFile) -> Iterator[str]:
    """What is against one file, as ends of a sentence."""
    yield from beyond_limits(file)
    if file.split is not None and (found := refused_together(dataset, file)):
        yield found


def beyond_limits(file: DatasetFile) -> Iterator[str]:
    """What the format's limits have against the file, as ends of a sentence."""
    if file.format is None or file.split is None:
        return
    form = get_format(file.format)
    facts = FileFacts(
        examples=file.lines,
        bytes=file.bytes,
        marked=bool(form.file_prefix),
        training=file.split == "train",
    )
    yield from (problem.reason for problem in break_file_rules(form, facts))


def refused_together(dataset: Path, file: DatasetFile) -> str | None:
    """Where a line of the file does not fit those before it, as the end of a sentence."""
    form = get_format(file.format or "")
    if form.across is None:
        return None
    judge = form.across()
    with (dataset / file.path).open("rb") as opened:
        opened.seek(len(form.file_prefix))
        for number, line in enumerate(opened, 1):
            for problem in judge(msgspec.json.decode(line)):
                return f"line {number} {problem.pointer or '/'} {problem.reason}"
    return None
