"""What is taken for a group's template, and what is not."""

import msgspec

from pipeline.stages.inputs import RecordText
from pipeline.stages.templates import NO_TEMPLATE, Sample, learn_template

LONG = "classify the message of a customer by the one label that fits best and nothing else:"
SUBJECTS = [
    "my blue lamp arrived broken",
    "where is the parcel from monday",
    "please cancel what i bought",
    "you charged me twice for one chair",
    "can the sofa be had in green",
    "nobody answers your telephone",
    "the assembly sheet is missing",
    "i moved house, here is the new street",
    "do you deliver to small islands",
    "a gift card does not work at the till",
    "two screws are left over",
    "how do i wash this carpet",
]


def sample(turns: str, system: str = "", **parameters: object) -> Sample:
    return Sample.of(RecordText(system, turns, "answer"), msgspec.json.encode(parameters))


def test_a_short_frame_around_the_parameters_is_taken_out() -> None:
    samples = [sample(f"customer message: {text}", message=text) for text in SUBJECTS]
    template = learn_template(samples)
    text = RecordText("", "kindly customer message: where is it", "")
    assert template.variable(text) == "kindly where is it"


def test_a_long_shared_stretch_is_taken_out_without_any_parameters() -> None:
    template = learn_template([sample(f"{LONG} {text} thank you") for text in SUBJECTS])
    assert template.variable(RecordText("", f"{LONG} my lamp is broken", "")) == "my lamp is broken"


def test_short_common_phrases_stay() -> None:
    template = learn_template([sample(f"hello there, {text} thank you") for text in SUBJECTS])
    assert template.variable(RecordText("", "hello there, my lamp", "")) == "hello there, my lamp"


def test_a_system_message_that_never_changes_does_not_count() -> None:
    template = learn_template([sample(text, system="be brief and warm") for text in SUBJECTS])
    assert template.variable(RecordText("be brief and warm", "my lamp", "")) == "my lamp"


def test_a_system_message_that_carries_the_document_counts() -> None:
    samples = [
        sample("sum it up in a line", system=f"{LONG} {text} and much more of it")
        for text in SUBJECTS
    ]
    left = learn_template(samples).variable(samples[0].text)
    assert SUBJECTS[0] in left


def test_where_nothing_is_left_the_whole_input_counts() -> None:
    template = learn_template([sample(f"{LONG} {text}") for text in SUBJECTS])
    assert template.variable(RecordText("", LONG, "")) == LONG


def test_a_small_group_has_no_template() -> None:
    template = learn_template([sample(f"{LONG} {text}") for text in SUBJECTS[:3]])
    text = RecordText("", f"{LONG} my lamp", "")
    assert template.variable(text) == NO_TEMPLATE.variable(text)


def test_the_order_of_the_samples_does_not_matter() -> None:
    samples = [sample(f"{LONG} {text}", system="be brief") for text in SUBJECTS]
    assert learn_template(samples) == learn_template(samples[::-1])
