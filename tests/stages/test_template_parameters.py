"""What stored parameters and system messages tell of a group's template."""

import json
import random
from pathlib import Path

import msgspec
import pytest

from pipeline.stages.inputs import RecordText
from pipeline.stages.varying.templates import Sample, Template, learn_template

TEXTS = json.loads((Path(__file__).parent / "data" / "template_texts.json").read_bytes())
LONG, OTHER, CHANGED = TEXTS["long"], TEXTS["other"], TEXTS["changed"]
AFTER, FAQ = TEXTS["after"], TEXTS["faq"]
SUBJECTS: list[str] = TEXTS["subjects"]
WORDS: list[str] = TEXTS["words"]


def sample(turns: str, system: str = "", answer: str = "answer", **parameters: object) -> Sample:
    return Sample.of(RecordText(system, turns, answer), msgspec.json.encode(parameters))


def left(template: Template, turns: str, system: str = "") -> str:
    return template.variable(RecordText(system, turns, ""))


def messages(count: int, seed: int = 0) -> list[str]:
    """Different messages of six to fourteen words."""
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(6, 14))) for _ in range(count)]


def test_two_frames_of_parameters_are_told_apart() -> None:
    samples = [
        sample(f"message: {text} which label?" if at % 2 else f"to sort: {text}", message=text)
        for at, text in enumerate(messages(40))
    ]
    template = learn_template(samples)
    assert left(template, "to sort: my lamp is broken") == "my lamp is broken"
    assert left(template, "message: to sort out my lamp which label?") == "to sort out my lamp"


def test_values_that_the_prompt_does_not_show_do_not_mislead() -> None:
    samples = [
        sample(f"message: {text}", message=text, trace=f"0f{at}77-{at * 7919}", on="true")
        for at, text in enumerate(messages(40))
    ]
    assert left(learn_template(samples), "message: it is true") == "it is true"


@pytest.mark.parametrize("value", ["the", "label", "message", LONG])
def test_a_value_that_the_template_holds_does_not_mislead(value: str) -> None:
    samples = [sample(f"{LONG} {text} {AFTER}", message=text, word=value) for text in messages(40)]
    assert left(learn_template(samples), f"{LONG} my lamp {AFTER}") == "my lamp"


def test_a_value_that_only_some_have_and_all_texts_hold_does_not_mislead() -> None:
    samples = [
        sample(f"the label: {text}", message=text, **({"tone": "label"} if at % 3 else {}))
        for at, text in enumerate(messages(40))
    ]
    assert left(learn_template(samples), "the label: my lamp") == "my lamp"


def test_a_question_that_the_parameters_do_not_explain_is_no_template() -> None:
    names = [word.title() for word in WORDS]
    texts = [FAQ] * 20 + messages(12)
    samples = [
        sample(f"this is {name.lower()}. {text}", name=name)
        for name, text in zip(names, texts, strict=False)
    ]
    assert FAQ in left(learn_template(samples), f"this is mary. {FAQ}")


# System messages


def test_a_system_message_that_never_changes_does_not_count() -> None:
    template = learn_template([sample(text, system="be brief and warm") for text in SUBJECTS])
    assert left(template, "my lamp", "be brief and warm") == "my lamp"


def test_two_versions_of_a_system_message_do_not_count() -> None:
    systems = [f"{LONG} {OTHER} {CHANGED}", f"{OTHER} {CHANGED} {LONG} {AFTER}"]
    texts = messages(40)
    samples = [sample(text, system=systems[at % 2]) for at, text in enumerate(texts)]
    template = learn_template(samples)
    for system in systems:
        assert left(template, "my lamp", system) == "my lamp"


def test_a_system_message_with_a_date_does_not_count() -> None:
    samples = [
        sample(text, system=f"{LONG} today is {at} may. {OTHER}")
        for at, text in enumerate(messages(40))
    ]
    assert left(learn_template(samples), "my lamp", f"{LONG} today is 1 june. {OTHER}") == "my lamp"


def test_a_system_message_that_carries_the_document_counts() -> None:
    samples = [
        sample("sum it up in a line", system=f"{LONG} {text} and much more of it")
        for text in SUBJECTS
    ]
    template = learn_template(samples)
    assert left(template, samples[0].text.turns, samples[0].text.system) == (
        f"{SUBJECTS[0]} and much more of it sum it up in a line"
    )
