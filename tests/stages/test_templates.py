"""What is taken for a group's template, and what is not."""

import json
import random
from pathlib import Path

import msgspec
import pytest

from pipeline.stages.inputs import RecordText, normalize_text
from pipeline.stages.varying.templates import NO_TEMPLATE, Sample, Template, learn_template

TEXTS = json.loads((Path(__file__).parent / "data" / "template_texts.json").read_bytes())
LONG, OTHER, CHANGED = TEXTS["long"], TEXTS["other"], TEXTS["changed"]
AFTER, FAQ = TEXTS["after"], TEXTS["faq"]
SUBJECTS: list[str] = TEXTS["subjects"]
WORDS: list[str] = TEXTS["words"]
CHINESE = (
    "灯沙发椅架毯包裹街绿坏缺消话岛券螺镜帘壶枕屉阳台保发票员门铃园梯床邻月瓷被暖划巾我你他的是在有"
)
THAI = "กขคงจฉชซญดตถทธนบปผพฟภมยรลวสหอ"


def sample(turns: str, system: str = "", answer: str = "answer", **parameters: object) -> Sample:
    return Sample.of(RecordText(system, turns, answer), msgspec.json.encode(parameters))


def left(template: Template, turns: str, system: str = "") -> str:
    return template.variable(RecordText(system, turns, ""))


def messages(count: int, seed: int = 0) -> list[str]:
    """Different messages of six to fourteen words."""
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(6, 14))) for _ in range(count)]


def unspaced(letters: str, count: int, length: int, seed: int = 0) -> list[str]:
    """Different texts of a script that writes no spaces."""
    rng = random.Random(seed)
    return ["".join(rng.choices(letters, k=length)) for _ in range(count)]


# One template


def test_a_short_frame_around_the_parameters_is_taken_out() -> None:
    template = learn_template(
        [sample(f"customer message: {text}", message=text) for text in SUBJECTS]
    )
    assert left(template, "kindly customer message: where is it") == "kindly where is it"


def test_a_long_shared_stretch_is_taken_out_without_any_parameters() -> None:
    template = learn_template([sample(f"{LONG} {text} thank you") for text in SUBJECTS])
    assert left(template, f"{LONG} my lamp is broken") == "my lamp is broken"


def test_text_before_and_after_what_varies_is_taken_out() -> None:
    template = learn_template([sample(f"{LONG} {text} {AFTER}") for text in SUBJECTS])
    assert left(template, f"{LONG} my lamp is broken {AFTER}") == "my lamp is broken"


def test_several_variables_stay_in_their_order() -> None:
    pairs = zip(messages(30), messages(30, seed=1), strict=True)
    template = learn_template([sample(f"{LONG} {one} {OTHER} {two} {AFTER}") for one, two in pairs])
    assert left(template, f"{LONG} a red lamp {OTHER} it broke {AFTER}") == "a red lamp it broke"


def test_a_template_that_stands_twice_is_taken_out_twice() -> None:
    pairs = zip(messages(30), messages(30, seed=1), strict=True)
    template = learn_template([sample(f"{LONG} {one} {LONG} {two}") for one, two in pairs])
    assert left(template, f"{LONG} a red lamp {LONG} it broke") == "a red lamp it broke"


def test_where_nothing_is_left_the_whole_input_counts() -> None:
    template = learn_template([sample(f"{LONG} {text}") for text in SUBJECTS])
    assert left(template, LONG) == LONG


def test_of_an_input_of_one_letter_the_letter_counts() -> None:
    template = learn_template([sample(f"{LONG} {text}") for text in SUBJECTS])
    assert left(template, f"{LONG} x") == "x"


@pytest.mark.parametrize("word", ["", "x"])
def test_inputs_that_are_the_template_are_no_reason_against_it(word: str) -> None:
    texts = [*messages(20), word]
    template = learn_template([sample(f"{LONG} {text}".strip()) for text in texts])
    assert left(template, f"{LONG} my lamp is broken") == "my lamp is broken"


def test_a_group_of_nothing_but_the_template_has_none() -> None:
    assert left(learn_template([sample(LONG)] * 20), LONG) == LONG


def test_the_order_of_the_samples_does_not_matter() -> None:
    samples = [
        sample(f"{frame} {text} {AFTER}", system=f"be brief on {text}", message=text)
        for frame in (LONG, OTHER)
        for text in messages(20)
    ]
    rng = random.Random(3)
    assert learn_template(samples) == learn_template(rng.sample(samples, len(samples)))


def test_a_template_comes_back_from_json() -> None:
    samples = [sample(f"{LONG} {text}", system="be brief", message=text) for text in SUBJECTS]
    template = learn_template(samples)
    assert msgspec.json.decode(msgspec.json.encode(template), type=Template) == template


# Several templates in a group


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5])
def test_every_template_of_a_group_is_taken_out(share: float) -> None:
    few = round(128 * share)
    texts = messages(128)
    frames = [(OTHER, texts[:few]), (LONG, texts[few:])]
    template = learn_template([sample(f"{f} {text}") for f, those in frames for text in those])
    assert left(template, f"{OTHER} my lamp is broken") == "my lamp is broken"
    assert left(template, f"{LONG} my lamp is broken") == "my lamp is broken"


def test_four_templates_of_different_shapes() -> None:
    frames = ["{0} {1}", "{1} {2}", "{3} {1} {2}", "{4} {1}"]
    words = [LONG, "{}", AFTER, OTHER, CHANGED]
    shapes = [frame.format(*words) for frame in frames]
    texts = messages(120)
    template = learn_template(
        [sample(shapes[at % 4].format(text)) for at, text in enumerate(texts)]
    )
    for shape in shapes:
        assert left(template, shape.format("my lamp is broken")) == "my lamp is broken"


def test_a_branch_beside_runs_without_any_template() -> None:
    texts = messages(90)
    samples = [sample(f"{LONG} {text}" if at % 3 == 0 else text) for at, text in enumerate(texts)]
    template = learn_template(samples)
    assert left(template, f"{LONG} my lamp is broken") == "my lamp is broken"
    assert left(template, texts[1]) == texts[1]


def test_a_template_that_changed_in_the_middle() -> None:
    texts = messages(60)
    samples = [
        sample(f"{OTHER} {LONG if at < 40 else CHANGED} {text} {AFTER}")
        for at, text in enumerate(texts)
    ]
    template = learn_template(samples)
    for middle in (LONG, CHANGED):
        run = f"{OTHER} {middle} my lamp is broken {AFTER}"
        assert left(template, run) == "my lamp is broken"


def test_a_date_inside_the_template_stays_and_the_template_goes() -> None:
    samples = [
        sample(f"{OTHER} today is {at} may 2024. {LONG} {text}")
        for at, text in enumerate(messages(60))
    ]
    variable = left(learn_template(samples), f"{OTHER} today is 7 june 2025. {LONG} my lamp")
    assert variable.endswith(" my lamp")
    assert len(variable) < len("today is 7 june 2025. my lamp") + 1


@pytest.mark.parametrize("scattered", [1, 3])
def test_a_list_inside_the_template_that_varies_a_little_goes_with_it(scattered: int) -> None:
    rng = random.Random(2)
    items = [f"{one} {two}" for one, two in zip(WORDS, WORDS[7:] + WORDS[:7], strict=True)]

    def labels() -> str:
        left_out = rng.sample(items, k=scattered)
        return ", ".join(item for item in items if item not in left_out)

    samples = [sample(f"{OTHER} {labels()}. {LONG} {text}") for text in messages(64)]
    template = learn_template(samples)
    assert left(template, f"{OTHER} {labels()}. {LONG} my lamp is broken").endswith(
        "lamp is broken"
    )
    assert len(left(template, f"{OTHER} {labels()}. {LONG} my lamp is broken")) < 25


def test_what_the_first_runs_share_by_chance_hides_the_template_from_no_other() -> None:
    samples = [sample(f"{LONG} could {text}") for text in messages(5)]
    samples += [sample(f"{OTHER} {text}") for text in messages(60, seed=1)]
    assert left(learn_template(samples), f"{LONG} my lamp is broken") == "my lamp is broken"


# What is no template


def test_short_common_phrases_stay() -> None:
    template = learn_template([sample(f"hello there, {text} thank you") for text in SUBJECTS])
    assert left(template, "hello there, my lamp") == "hello there, my lamp"


@pytest.mark.parametrize(
    ("phrase", "letters"),
    [
        ("请问一下您好我想咨询一个问题", CHINESE),
        ("お世話になっております。よろしく", CHINESE),
        ("สวัสดีครับขอสอบถามหน่อยครับ", THAI),
    ],
)
def test_common_phrases_of_scripts_without_spaces_stay(phrase: str, letters: str) -> None:
    texts = [f"{phrase}{text}" for text in unspaced(letters, 60, 20)]
    template = learn_template([sample(normalize_text(text)) for text in texts])
    assert left(template, normalize_text(texts[0])) == normalize_text(texts[0])


def asked_often(question: str, frame: str, share: float) -> list[Sample]:
    """A share of the runs asks one question, with a word more somewhere; the others do not."""
    rng = random.Random(1)
    words = question.split()
    often = []
    for word in rng.choices(["please", "hello", "thanks", "really", "quickly", "again"], k=60):
        at = rng.randint(0, len(words))
        often.append(" ".join([*words[:at], word, *words[at:]]))
    count = round(100 * share)
    texts = [*rng.choices(often, k=count), *messages(100 - count)]
    return [sample(f"{frame} {text}".strip()) for text in texts]


@pytest.mark.parametrize("frame", ["", LONG])
@pytest.mark.parametrize("share", [0.1, 0.6, 0.9])
def test_a_question_that_many_ask_is_no_template(frame: str, share: float) -> None:
    template = learn_template(asked_often(FAQ, frame, share))
    run = f"{frame} hello {FAQ}".strip()
    assert left(template, run) == f"hello {FAQ}"


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_a_long_question_that_many_ask_is_no_template(share: float) -> None:
    question = (
        f"{FAQ} although the courier says that it was left with a neighbour on monday whom "
        "nobody in our street has ever heard of, and your telephone is always engaged"
    )
    assert left(learn_template(asked_often(question, "", share)), question) == question


def test_a_health_check_logged_all_night_is_no_template() -> None:
    check = "this is an automatic check of the service, answer with the word ok and nothing else"
    samples = [sample(f"{check} 2024-05-03 {at:02}:17:00", answer="ok") for at in range(60)]
    run = f"{check} 2024-05-04 01:00:00"
    assert left(learn_template(samples), run) == run


def test_sums_under_a_template_count() -> None:
    frame = "work out the sum that follows and answer with the number alone and nothing else:"
    rng = random.Random(0)
    pairs = [(rng.randint(10, 999), rng.randint(10, 999)) for _ in range(60)]
    samples = [sample(f"{frame} {a} + {b}", answer=str(a + b)) for a, b in pairs]
    assert left(learn_template(samples), f"{frame} 17 + 4") == "17 + 4"


def test_a_talk_that_goes_on_is_no_template() -> None:
    turns = messages(30)
    samples = [sample(" ".join(turns[:count])) for count in range(4, 30)]
    run = " ".join(turns[:12])
    assert left(learn_template(samples), run) == run


def test_near_copies_of_a_document_are_no_template() -> None:
    rng = random.Random(0)
    words = " ".join(messages(30)).split()
    samples = []
    for _ in range(40):
        copy = list(words)
        for _ in range(6):
            copy[rng.randrange(len(copy))] = rng.choice(WORDS) + "ish"
        samples.append(sample(" ".join(copy)))
    run = " ".join(words)
    assert len(left(learn_template(samples), run)) > 0.9 * len(run)


def test_a_document_asked_about_often_is_taken_out_and_a_rare_one_stays() -> None:
    manual, rare = " ".join(messages(20, seed=1)), " ".join(messages(20, seed=2))
    samples = [sample(f"{OTHER} {manual} {LONG} {text}") for text in messages(30)]
    samples += [sample(f"{OTHER} {text} {text} {LONG} {text}") for text in messages(30, seed=4)]
    template = learn_template(samples)
    assert left(template, f"{OTHER} {manual} {LONG} my lamp is broken") == "my lamp is broken"
    assert left(template, f"{OTHER} {rare} {LONG} my lamp") == f"{rare} my lamp"


# Few runs


def test_two_runs_that_ask_different_things_show_their_template() -> None:
    template = learn_template([sample(f"{LONG} {text}") for text in SUBJECTS[:2]])
    assert left(template, f"{LONG} my lamp is gone") == "my lamp is gone"


@pytest.mark.parametrize("count", [2, 3])
def test_near_copies_show_no_template(count: int) -> None:
    endings = ["", " please", " thank you all"][:count]
    template = learn_template([sample(f"{LONG} {FAQ}{ending}") for ending in endings])
    run = f"{LONG} {FAQ}"
    assert left(template, run) == run


def test_two_short_inputs_under_a_long_text_show_it_only_by_their_answers() -> None:
    text = f"{LONG} {OTHER} {CHANGED} {AFTER} {LONG} {OTHER}"
    alike = [sample(f"{text} {subject}", answer="billing desk") for subject in SUBJECTS[:2]]
    run = f"{text} my lamp is gone"
    assert left(learn_template(alike), run) == run
    apart = [
        sample(f"{text} {subject}", answer=answer)
        for subject, answer in zip(
            SUBJECTS[:2], ("we send you a new one", "on its way"), strict=True
        )
    ]
    assert left(learn_template(apart), run) == "my lamp is gone"


def test_what_two_talks_share_in_their_middle_stays() -> None:
    talks = messages(2, seed=7)
    samples = [sample(f"{talk} {talk} {talk} {LONG} {talk} {talk}") for talk in talks]
    run = samples[0].text.turns
    assert left(learn_template(samples), run) == run


def test_two_runs_with_parameters_show_their_template() -> None:
    samples = [sample(f"message: {text} label?", message=text) for text in (FAQ, f"{FAQ} please")]
    assert left(learn_template(samples), f"message: {FAQ} label?").startswith(FAQ)


def test_two_runs_learn_from_the_interactions_other_versions() -> None:
    own = [sample(f"{LONG} {FAQ}"), sample(f"{LONG} {FAQ} please")]
    siblings = [sample(f"{LONG} {text}") for text in messages(20)]
    run = f"{LONG} {FAQ}"
    assert left(learn_template(own), run) == run
    assert left(learn_template(own, siblings), run) == FAQ


def test_one_run_has_no_template() -> None:
    template = learn_template([sample(f"{LONG} {FAQ}")])
    assert left(template, f"{LONG} {FAQ}") == left(NO_TEMPLATE, f"{LONG} {FAQ}")


# Scripts without spaces


@pytest.mark.parametrize(("letters", "frame"), [(CHINESE, 34), (THAI, 60)])
def test_a_template_without_spaces_is_found(letters: str, frame: int) -> None:
    words = unspaced(letters, 2, frame, seed=9)
    texts = unspaced(letters, 60, 20)
    samples = [sample(f"{words[at % 2]}{text}") for at, text in enumerate(texts)]
    template = learn_template(samples)
    fresh = unspaced(letters, 40, 20, seed=5)
    for text in fresh:
        assert text.endswith(left(template, f"{words[0]}{text}"))
        assert len(left(template, f"{words[1]}{text}")) >= 18
