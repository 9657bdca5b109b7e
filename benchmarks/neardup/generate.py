"""Makes runs with a planted truth: what is a copy, what was edited, what only looks alike.

    python benchmarks/neardup/generate.py OUT_FOLDER --runs 20000 --seed 1

Every language of `words.py` has an interaction for every length of template (0 to 1,600 words
before what varies, in the system prompt or in the user's turn, with and without stored
parameters), one of conversations, and some of which there are two to six runs. OUT_FOLDER gets
`runs.jsonl` (the stored OpenAI chat shape), `inputs.jsonl` (what varies in each run, and the
length of its template) and `truth.json`: every planted pair with its likeness. The same seed and
size give the same bytes.
"""

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from edits import Turns, edited, invented, likeness, looking_alike, paraphrased, spoken
from words import LANGUAGES, Language

LENGTHS = (0, 25, 100, 400, 800, 1600)
RARE = (2, 3, 4, 6)
"""So many runs has each rare interaction, whatever the size: too few to learn much from."""
LABELS = ["damage", "wrong_item", "late", "billing", "parts", "return"]
SCHEMA = {
    "type": "object",
    "properties": {"label": {"enum": LABELS}},
    "required": ["label"],
    "additionalProperties": False,
}
SHARES = {
    "exact_duplicate": 0.10,
    "one_word_edit": 0.12,
    "look_alike": 0.08,
    "paraphrase": 0.05,
    "other_answer": 0.05,
}
CHANGES = {"one_word_edit": edited, "look_alike": looking_alike, "paraphrase": paraphrased}


@dataclass(frozen=True, slots=True)
class Interaction:
    """One prompt that many runs share."""

    number: int
    language: Language
    words: int
    """How many words of template come before what varies."""
    template: str
    in_system: bool
    stored: bool
    """Whether its runs store their parameters."""
    turns: int
    """More than one for conversations."""
    labels: bool
    """Whether it answers with a label or with a sentence."""
    runs: int | None = None
    """How many runs a rare one has; the others share what is left."""


@dataclass(frozen=True, slots=True)
class Said:
    """One run before it is written: what was said and what was answered."""

    turns: Turns
    answer: Any
    what: str
    """`unique`, or what was planted."""
    of: int | None = None
    """The place of the run that it was made from."""


def interactions(seed: int) -> list[Interaction]:
    """All of them, in a fixed order."""
    plans: list[tuple[int, int, int | None]] = [(words, 1, None) for words in LENGTHS]
    plans += [(100, 3, None), *((400, 1, runs) for runs in RARE)]
    made = ((language, *plan) for language in LANGUAGES for plan in plans)
    return [_interaction(seed, number, *plan) for number, plan in enumerate(made)]


def _interaction(
    seed: int, number: int, language: Language, words: int, turns: int, runs: int | None
) -> Interaction:
    rng = random.Random(f"{seed}/template/{number}")
    return Interaction(
        number=number,
        language=language,
        words=words,
        template=spoken(language, rng.choices(language.words, k=words)) if words else "",
        in_system=turns > 1 or number % 2 == 0,
        stored=turns == 1 and number % 3 == 0,
        turns=turns,
        labels=number % 5 < 3,
        runs=runs,
    )


def say(interaction: Interaction, count: int, seed: int) -> list[Said]:
    """The runs of one interaction: unique ones, then what is made from them."""
    rng = random.Random(f"{seed}/runs/{interaction.number}")
    planned = {what: round(count * share) for what, share in SHARES.items()}
    said = [_unique(interaction, rng) for _ in range(count - sum(planned.values()))]
    sources = rng.sample(range(len(said)), len(said))
    for what, many in planned.items():
        if what == "exact_duplicate":
            places = rng.choices(range(len(said)), k=many)  # some are copied several times
        else:
            places, sources = sources[:many], sources[many:]
        said += [_made(interaction, what, place, said, rng) for place in places]
    return said


def _unique(interaction: Interaction, rng: random.Random) -> Said:
    turns = invented(interaction.language, rng, interaction.turns)
    return Said(turns, _answer(interaction, rng), "unique")


def _answer(interaction: Interaction, rng: random.Random, *, unlike: Any = None) -> Any:
    if interaction.labels:
        return {"label": rng.choice([one for one in LABELS if {"label": one} != unlike])}
    language = interaction.language
    return spoken(language, rng.choices(language.words, k=rng.randint(8, 24)))


def _made(
    interaction: Interaction, what: str, of: int, said: list[Said], rng: random.Random
) -> Said:
    source = said[of]
    if what == "exact_duplicate":
        return Said(source.turns, source.answer, what, of)
    if what == "other_answer":
        return Said(source.turns, _answer(interaction, rng, unlike=source.answer), what, of)
    turns = CHANGES[what](interaction.language, source.turns, rng)
    return Said(turns, source.answer, what, of)


def run_id(seed: int, interaction: int, place: int) -> str:
    """24 hexadecimal digits."""
    return hashlib.sha256(f"{seed}/{interaction}/{place}".encode()).hexdigest()[:24]


def stored_run(interaction: Interaction, said: Said, run: str, number: int) -> dict[str, Any]:
    """One document in the stored OpenAI chat shape."""
    document: dict[str, Any] = {
        "id": run,
        "interaction": {
            "id": f"{interaction.number:024x}",
            "name": f"Ask{interaction.language.name}{interaction.number}",
            "version": 1,
        },
        "environment": {"id": "2" * 24, "name": "shop", "provider": "openai"},
        "modelId": "gpt-4.1-mini",
        "status": "completed",
        "finish_reason": "stop",
        "prompt": list(_prompt(interaction, said)),
        "result": said.answer,
        "created_at": f"2026-03-{1 + number % 28:02d}T{number % 24:02d}:{number % 60:02d}:00.000Z",
        "updated_at": f"2026-04-{1 + number % 28:02d}T{number % 24:02d}:{number % 60:02d}:00.000Z",
    }
    if interaction.stored:
        document["parameters"] = {"message": spoken(interaction.language, said.turns[0])}
    if interaction.labels:
        document["result_schema"] = SCHEMA
    return document


def _prompt(interaction: Interaction, said: Said) -> Iterator[dict[str, Any]]:
    template = interaction.template
    if template and interaction.in_system:
        yield {"role": "system", "content": template}
    for place, turn in enumerate(said.turns):
        text = spoken(interaction.language, turn)
        if place == 0 and template and not interaction.in_system:
            text = f"{template}\n\n{text}"
        role = "assistant" if place % 2 else "user"
        content = [{"type": "text", "text": text}] if role == "user" else text
        yield {"role": role, "content": content}


def write(folder: Path, runs: int, seed: int) -> dict[str, Any]:
    """All three files; returns the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    made = interactions(seed)
    documents: list[str] = []
    inputs: list[str] = []
    planted: list[dict[str, Any]] = []
    for interaction, count in zip(made, _counts(made, runs), strict=True):
        said = say(interaction, count, seed)
        ids = [run_id(seed, interaction.number, place) for place in range(len(said))]
        for run, one in zip(ids, said, strict=True):
            documents.append(_json(stored_run(interaction, one, run, len(documents))))
            inputs.append(_json(_input(interaction, one, run, count)))
        planted += _pairs(interaction, said, ids)
    random.Random(seed).shuffle(documents)
    _lines(folder / "runs.jsonl", documents)
    _lines(folder / "inputs.jsonl", inputs)
    truth = {"seed": seed, "runs": len(documents), "planted": planted}
    (folder / "truth.json").write_text(json.dumps(truth))
    return truth


def _counts(made: list[Interaction], runs: int) -> list[int]:
    rest = runs - sum(one.runs or 0 for one in made)
    common = [one.number for one in made if one.runs is None]
    if rest < len(common):
        raise ValueError(f"{runs} runs are too few for {len(made)} interactions")
    shares = {
        number: rest // len(common) + (place < rest % len(common))
        for place, number in enumerate(common)
    }
    return [one.runs or shares[one.number] for one in made]


def _input(interaction: Interaction, said: Said, run: str, count: int) -> dict[str, Any]:
    text = "\n".join(spoken(interaction.language, turn) for turn in said.turns)
    return {
        "id": run,
        "input": text,
        "template_words": interaction.words,
        "rare": interaction.runs is not None,
        "group": count,
    }


def _pairs(interaction: Interaction, said: list[Said], ids: list[str]) -> Iterator[dict[str, Any]]:
    for run, one in zip(ids, said, strict=True):
        if one.of is not None:
            alike = likeness(interaction.language, said[one.of].turns, one.turns)
            pair = {"what": one.what, "run": run, "of": ids[one.of]}
            yield pair | {"similarity": round(alike, 6)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main() -> None:
    """Read the flags, write the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    truth = write(flags.out, flags.runs, flags.seed)
    print(f"{flags.out}: {truth['runs']:,} runs, {len(truth['planted']):,} planted")


if __name__ == "__main__":
    main()
