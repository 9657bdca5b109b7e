"""The spec: merged from file, environment and flags; a wrong word is named by its path."""

import re
from pathlib import Path

import pytest

from pipeline.errors import SourceUnreadable, UsageError
from pipeline.spec import BuildSpec, SampleSpec, SplitSpec, load_spec


def write(folder: Path, text: str) -> Path:
    path = folder / "trainset.toml"
    path.write_text(text)
    return path


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, '[studio]\nurl = "http://file"\n[run]\nworkers = 3\n')
    environ = {"TRAINSET_STUDIO_URL": "http://environment"}
    spec = load_spec(path, environ=environ, overrides={"run.workers": 5, "run.work_dir": None})
    assert spec.studio.url == "http://environment"
    assert spec.run.workers == 5
    assert spec.run.work_dir == BuildSpec().run.work_dir


def test_paths_in_the_file_count_from_its_folder(tmp_path: Path) -> None:
    path = write(tmp_path, '[source]\nruns = ["a.jsonl", "gs://b/c"]\nenvironments = "e.json"\n')
    spec = load_spec(path, environ={}, overrides={})
    assert spec.source.runs == (str(tmp_path / "a.jsonl"), "gs://b/c")
    assert spec.source.environments == str(tmp_path / "e.json")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[split]\nvalidaton = 0.1\n", "validaton"),
        ('[split]\nvalidation = "a lot"\n', "`spec.split.validation`"),
        ("[split]\nvalidation = 0.7\ntest = 0.4\n", "`spec.split`"),
        ("[dedupe]\nthreshold = 0.3\n", "threshold must be above 0.5"),
        ('[dedupe]\nconflicts = "worst"\n', "`spec.dedupe.conflicts`"),
        ("[against]\nthreshold = 0.4\n", "threshold must be above 0.5"),
        ('[against]\nset = ["a"]\n', "set"),
        ("[sources]\n", "sources"),
        ("formats = 3\n", "`spec.formats`"),
    ],
)
def test_a_wrong_word_is_named_by_its_path(tmp_path: Path, text: str, path: str) -> None:
    with pytest.raises(UsageError, match=r"trainset\.toml") as raised:
        load_spec(write(tmp_path, text), environ={}, overrides={})
    assert path in str(raised.value)


def test_a_file_that_is_not_toml_or_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not TOML"):
        load_spec(write(tmp_path, "[split\n"), environ={}, overrides={})
    with pytest.raises(SourceUnreadable, match="cannot be read"):
        load_spec(tmp_path / "absent.toml", environ={}, overrides={})


def test_only_what_decides_the_bytes_decides_the_digest() -> None:
    def digest(**overrides: object) -> str:
        words = {name.replace("__", "."): value for name, value in overrides.items()}
        return load_spec(None, environ={}, overrides=words).digest()

    assert digest(run__workers=7, studio__url="http://x") == digest()
    assert digest(split__salt="other") != digest()
    assert digest(select__tags=("a",)) != digest()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"temperature": 2.0}, "give max_records, max_tokens or max_cost"),
        ({"temperature": 0.5, "max_records": 9}, "sample.temperature must be at least 1"),
        ({"max_records": 0}, "sample.max_records must be above 0"),
        ({"max_tokens": -3}, "sample.max_tokens must be above 0"),
        ({"caps": {"Sort": 0}}, "sample.caps.Sort must be above 0"),
        ({"max_cost": 3.0}, "need one another"),
        ({"price_per_million_tokens": 3.0}, "need one another"),
        ({"max_cost": float("nan"), "price_per_million_tokens": 1.0}, "max_cost must be above 0"),
        ({"epochs": 0}, "sample.epochs must be above 0"),
    ],
)
def test_a_sample_that_cannot_be_taken_is_a_sentence(words: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        load_spec(None, environ={}, overrides={"sample": words})


@pytest.mark.parametrize("group_by", ["", ".a", "a..b", ("a", "")])
def test_a_tie_that_is_no_path_is_a_sentence(group_by: object) -> None:
    with pytest.raises(UsageError, match="group_by holds dotted paths"):
        load_spec(None, environ={}, overrides={"split": {"group_by": group_by}})


def test_the_name_of_the_previous_build_is_no_part_of_the_digest() -> None:
    plain = BuildSpec().digest()
    assert BuildSpec(split=SplitSpec(previous="latest")).digest() == plain
    assert BuildSpec(split=SplitSpec(group_by=("conversation",))).digest() == plain
    assert BuildSpec(split=SplitSpec(group_by="a")).digest() != plain
    assert BuildSpec(sample=SampleSpec(max_records=3)).digest() != plain


def test_what_a_sum_of_money_pays_for() -> None:
    spec = SampleSpec(max_cost=6.0, price_per_million_tokens=2.0, epochs=3)
    assert spec.tokens_for_cost() == 1_000_000
    assert SampleSpec(max_tokens=7).tokens_for_cost() is None
    free = SampleSpec(max_cost=float("inf"), price_per_million_tokens=1e-9)
    assert free.tokens_for_cost() == 1 << 62


def test_a_build_among_the_sets_is_no_path(tmp_path: Path) -> None:
    path = write(tmp_path, '[against]\nsets = ["e.jsonl", "latest", "4cf1", "gs://b/c", "d/*"]\n')
    sets = load_spec(path, environ={}, overrides={}).against.sets
    assert sets == (str(tmp_path / "e.jsonl"), "latest", "4cf1", "gs://b/c", str(tmp_path / "d/*"))


def test_how_near_is_too_near_counts_where_there_is_a_set() -> None:
    def digest(**words: object) -> str:
        overrides = {f"against.{name}": value for name, value in words.items()}
        return load_spec(None, environ={}, overrides=overrides).digest()

    assert digest(threshold=0.9) == digest()
    assert digest(sets=("a",), threshold=0.9) != digest(sets=("a",)) != digest()
    assert digest(sets=("b",)) == digest(sets=("a",))
    assert digest(sets=("a",), contained=False) != digest(sets=("a",))
