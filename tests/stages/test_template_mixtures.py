"""Any mixture of templates in any scripts: what varies comes back, and nothing else."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stages.inputs import RecordText, normalize_text
from pipeline.stages.varying.templates import SAMPLE_SIZE, Sample, Template, learn_template

SCRIPTS = {
    "latin": "abcdefghijklmnoprstuvwy",
    "greek": "αβγδεζηθικλμνξοπρστυφχψω",
    "arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "devanagari": "कखगघचछजझटठडढतथदधनपफबभमयरलवशसह",
    "hangul": "가나다라마바사아자차카타파하고노도로모보소오조초코토포호",
    "chinese": "".join(map(chr, range(0x4E00, 0x5400))),
    "kana": "".join(map(chr, range(0x3041, 0x3094))),
    "thai": "กขคงจฉชซญดตถทธนบปผพฟภมยรลวสหอ",
}


def sample(turns: str) -> Sample:
    return Sample(RecordText("", turns, "answer"), ())


def left(template: Template, turns: str) -> str:
    return template.variable(RecordText("", turns, ""))


@dataclass(frozen=True)
class Mixture:
    """Random templates, and runs of each with random texts in their slots."""

    runs: list[tuple[int, str, str]]
    """The template, the variable text and the whole input."""
    fill: Callable[[int, list[str]], str]
    """The input of a template with these texts in its slots."""
    slots: list[int]


def random_text(rng: random.Random, script: str, words: int) -> str:
    """So many words of a script: invented ones, so that none is a phrase."""
    letters = SCRIPTS[script]
    space = "" if script in ("chinese", "kana", "thai") else " "
    sizes = (rng.randint(2, 8) if space else 2 for _ in range(words))
    return normalize_text(space.join("".join(rng.choices(letters, k=size)) for size in sizes))


def mixture(seed: int, count: int) -> Mixture:
    """Up to four templates with one or two slots, in any scripts."""
    rng = random.Random(seed)
    shapes = [(0,), (1,), (0, 1), (0, 1, 2)]
    templates = []
    for _ in range(rng.randint(1, 4)):
        script = rng.choice(list(SCRIPTS))
        words = [random_text(rng, script, rng.randint(25, 70)) for _ in range(3)]
        templates.append((rng.choice(shapes), words))

    def fill(which: int, texts: list[str]) -> str:
        shape, words = templates[which]
        if len(shape) == 1:
            pieces = [words[0], texts[0]] if shape[0] else [texts[0], words[0]]
        else:
            between = zip(words, [*texts, ""], strict=False)
            pieces = [piece for pair in between for piece in pair][: 2 * len(shape) - 1]
        return normalize_text("\n".join(pieces))

    slots = [max(1, len(shape) - 1) for shape, _ in templates]
    script, runs = rng.choice(list(SCRIPTS)), []
    for at in range(count):
        which = at % len(templates) if at < SAMPLE_SIZE else rng.randrange(len(templates))
        texts = [random_text(rng, script, rng.randint(8, 30)) for _ in range(slots[which])]
        runs.append((which, " ".join(texts), fill(which, texts)))
    return Mixture(runs, fill, slots)


def squeezed(text: str) -> str:
    return text.replace(" ", "")


def alike(one: str, other: str) -> float:
    sets = [{text[at : at + 5] for at in range(len(text) - 4)} for text in (one, other)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


@given(st.integers(0, 1 << 32))
@settings(max_examples=30, deadline=None)
def test_what_varies_is_recovered_from_any_mixture_of_templates(seed: int) -> None:
    mixed = mixture(seed, 3 * SAMPLE_SIZE)
    template = learn_template([sample(turns) for _, _, turns in mixed.runs[:SAMPLE_SIZE]])
    found = [squeezed(left(template, turns)) for _, _, turns in mixed.runs]
    texts = [squeezed(text) for _, text, _ in mixed.runs]
    near = [
        text[6:-6] in got and len(got) <= len(text) + 12
        for got, text in zip(found, texts, strict=True)
    ]
    assert sum(near) >= 0.99 * len(near)


@given(st.integers(0, 1 << 32))
@settings(max_examples=30, deadline=None)
def test_a_word_changes_the_variable_input_as_it_changes_the_text(seed: int) -> None:
    mixed = mixture(seed, SAMPLE_SIZE)
    template = learn_template([sample(turns) for _, _, turns in mixed.runs])
    words = random_text(random.Random(seed), "latin", 14).split()
    changed = [*words[:7], "otherwise", *words[8:]]
    for which, slots in enumerate(mixed.slots):
        one, other = (
            [" ".join(text), *["the same words in the second slot"] * (slots - 1)]
            for text in (words, changed)
        )
        variables = [left(template, mixed.fill(which, texts)) for texts in (one, other)]
        bare = alike(" ".join(one), " ".join(other))
        assert abs(alike(*variables) - bare) < 0.03
        again = left(template, mixed.fill(which, list(one)))
        assert again == variables[0]
