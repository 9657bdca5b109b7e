"""What the near-duplicate rule compares, made again from the second shelf and kept on the disk.

The variable inputs and the answers of all records as sets of 5-grams, by the templates that the
build has learned. The order of the 5-grams (which are rare) is learned anew from a sample.
"""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from pipeline.build.comparing.keys import Templates, compared_texts
from pipeline.build.comparing.learned import kept_templates
from pipeline.build.comparing.rows import number_equal
from pipeline.build.comparing.scratch import FileSets, write_sets
from pipeline.build.shelf import Shelf
from pipeline.build.verify.material import DAMAGE, Material, parts_of, said
from pipeline.errors import IntegrityError
from pipeline.stages.alike.shingles import I64, U8, U64, shingle_sets, token_ranks

__all__ = ["Compared", "compare_again"]

_SAMPLE_PARTS = 16
_SAMPLE_ROWS = 128


@dataclass(frozen=True, slots=True)
class Compared:
    """Of all records of the second shelf, in order."""

    input: I64
    """Which distinct variable input."""
    answer: I64
    """Which distinct normalized answer."""
    inputs: FileSets
    """The sets of the distinct inputs."""
    answers: FileSets


@dataclass(frozen=True, slots=True)
class _PartSets:
    inputs: U64
    answers: U64
    input_sizes: I64
    answer_sizes: I64


def compare_again(material: Material) -> Compared:
    """Read every record and make its two sets."""
    shelf = material.shelves.records
    parts, rows = parts_of(shelf), material.ledger().rows_of_part
    material.progress.begin("verify compare", sum(rows))
    templates = _templates(material)
    ranks = _ranks(material, templates)
    work = _MakeSets(shelf, material.scratch, templates, *ranks)
    found: list[_PartSets] = []
    for part in material.engine.map(work, list(enumerate(zip(parts, rows, strict=True)))):
        found.append(part)
        material.progress.advance(len(part.inputs))
    none = np.zeros((0, 2), np.uint64)
    numbers, first = number_equal(np.concatenate([none, *(part.inputs for part in found)]))
    answers, of_answer = number_equal(np.concatenate([none, *(part.answers for part in found)]))
    inputs = FileSets.over(material.scratch, "inputs", [part.input_sizes for part in found])
    sets = FileSets.over(material.scratch, "answers", [part.answer_sizes for part in found])
    material.progress.end("verify compare", f"{len(first):,} distinct inputs")
    return Compared(numbers, answers, inputs.only(first), sets.only(of_answer))


def _templates(material: Material) -> Templates:
    try:
        templates = kept_templates(material.store)
    except DAMAGE as error:
        raise IntegrityError(f"4-dedupe: its templates cannot be read ({said(error)})") from None
    if not templates:
        raise IntegrityError("4-dedupe: the templates that were learned are missing")
    return templates


def _ranks(material: Material, templates: Templates) -> tuple[U8, U8]:
    """How frequent 5-grams are, of inputs and of answers, from a sample over the whole shelf."""
    shelf = material.shelves.records
    pairs = list(zip(parts_of(shelf), material.ledger().rows_of_part, strict=True))
    tasks = []
    for part, rows in pairs[:: max(1, len(pairs) // _SAMPLE_PARTS)]:
        step = max(1, rows // max(_SAMPLE_ROWS, 2048 // len(pairs)))
        tasks.append((part, np.arange(0, rows, step)))
    found = material.engine.map(_ReadTexts(shelf, templates), tasks)
    texts = [text for part in found for text in part]
    weight = sum(rows for _, rows in pairs) / max(1, len(texts))
    inputs = shingle_sets([variable for variable, _ in texts])
    answers = shingle_sets([answer for _, answer in texts])
    return token_ranks([(inputs, weight)]), token_ranks([(answers, weight)])


@dataclass(frozen=True, slots=True)
class _ReadTexts:
    records: Shelf
    templates: Templates

    def __call__(self, task: tuple[int, I64]) -> list[tuple[str, str]]:
        part, rows = task
        return compared_texts(self.records, part, rows, self.templates)


@dataclass(frozen=True, slots=True)
class _MakeSets:
    """Makes the sets of one part's records and writes them to scratch."""

    records: Shelf
    scratch: Path
    templates: Templates
    input_ranks: U8
    answer_ranks: U8

    def __call__(self, task: tuple[int, tuple[int, int]]) -> _PartSets:
        """For the part's place, its number and how many records it has."""
        place, (part, rows) = task
        texts = compared_texts(self.records, part, np.arange(rows), self.templates)
        inputs, answers = [one for one, _ in texts], [one for _, one in texts]
        input_sets = shingle_sets(inputs, self.input_ranks)
        answer_sets = shingle_sets(answers, self.answer_ranks)
        return _PartSets(
            inputs=_digests(inputs),
            answers=_digests(answers),
            input_sizes=write_sets(self.scratch, "inputs", place, input_sets),
            answer_sizes=write_sets(self.scratch, "answers", place, answer_sets),
        )


def _digests(texts: list[str]) -> U64:
    data = b"".join(blake2b(text.encode(), digest_size=16).digest() for text in texts)
    return np.frombuffer(data, np.uint64).reshape(-1, 2)
