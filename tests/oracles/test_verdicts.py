"""We accept nothing that an oracle refuses, and know why we refuse what all of them accept."""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest

from pipeline.formats import FORMATS, Format, Rule, get_format
from tests.oracles.books import complaints, section, unneeded, write_section
from tests.oracles.register import FILE_JUDGES, JUDGES, UNJUDGED
from tests.oracles.verdicts import Budget, Tally, excuses, judge_format

LITTLE = Budget(step=15, records=30, files=10)


@pytest.mark.parametrize("name", [name for name in FORMATS if name in JUDGES])
def test_verdicts_agree_or_it_is_known_why(
    name: str,
    tallies: Mapping[str, Future[Tally]],
    recorded: Mapping[str, Any],
    budget: Budget,
    pytestconfig: pytest.Config,
) -> None:
    form, tally = get_format(name), tallies[name].result()
    if pytestconfig.getoption("write"):
        write_section(name, section(form, tally))
        recorded = {name: section(form, tally)}
    assert tally.lines > 1_000
    assert min(tally.accepted, tally.refused) > 100
    assert (tally.files > 0) == (name in FILE_JUDGES)
    same_lines = budget == Budget()
    wrong = list(complaints(form, tally, recorded.get(name, {}) if same_lines else None))
    assert not wrong, "\n".join(wrong)


def test_every_excuse_is_needed(tallies: Mapping[str, Future[Tally]]) -> None:
    assert unneeded({name: one.result() for name, one in tallies.items()}) == []


def test_every_format_is_judged_or_it_is_said_why_not() -> None:
    assert set(FORMATS) <= {*JUDGES, *UNJUDGED}
    assert JUDGES.keys() <= FORMATS.keys()
    assert not JUDGES.keys() & UNJUDGED.keys()
    assert FILE_JUDGES.keys() <= JUDGES.keys()


def test_every_excuse_names_a_format_and_an_oracle_that_judges_it() -> None:
    for row in excuses():
        for name in row.formats:
            judges = (*JUDGES[name], *FILE_JUDGES.get(name, ()))
            assert row.oracle in {one.name for one in judges}
        assert row.because
        assert row.source
        assert row.read >= "2026-11-23"


def of_nothing(form: Format[Any]) -> list[str]:
    return list(complaints(form, judge_format(form, LITTLE), {}))


def test_a_rule_of_ours_that_is_lost_is_seen() -> None:
    careless = replace(get_format("mistral"), break_rules=lambda _: ())
    assert any("accepts what an oracle refuses: mistral-v3" in one for one in of_nothing(careless))


def test_a_disagreement_that_is_not_recorded_is_seen() -> None:
    found = of_nothing(get_format("openai"))
    assert any("not recorded" in one and "last-message" in one for one in found)


def test_a_rule_without_a_source_is_seen() -> None:
    form = get_format("openai")
    unsourced = replace(form, rules={**form.rules, "last-message": Rule("It ends well", "end it")})
    assert any("without a source: last-message" in one for one in of_nothing(unsourced))


def test_an_excuse_that_no_line_needs_is_seen() -> None:
    tally = judge_format(get_format("together"), LITTLE)
    tally.excused.clear()
    assert unneeded({"together": tally, "together-dpo": tally})
