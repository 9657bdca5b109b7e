"""Which key comes too late in a file for the columns that `datasets` makes of it."""

from typing import Any

import pytest

from pipeline.formats import get_format
from pipeline.formats.rules.columns import keys_come_early
from tests.formats.trl_lines import ASKED, CALLED, DONE, LIGHT, called

PLAIN = {"messages": [ASKED, DONE]}
FILLS = {"messages": [ASKED | {"content": "x" * (10 << 20)}, DONE]}
"""More than the columns are taken from."""


def late(*lines: Any) -> list[tuple[str, str]]:
    judge = keys_come_early()
    found = [problem for line in lines for problem in judge(line)]
    assert {problem.rule for problem in found} <= {"late-key"}
    return [(problem.pointer, problem.reason.partition(":")[0]) for problem in found]


@pytest.mark.parametrize(
    "lines",
    [
        [PLAIN, {"messages": CALLED, "tools": "[]"}],
        [FILLS, PLAIN, PLAIN],
        [{"messages": CALLED}, FILLS, {"messages": [ASKED, DONE | {"thinking": "Hm."}]}],
        [{"messages": [], "tools": "[]"}, FILLS, PLAIN, {"messages": [], "tools": "[]"}],
        [{"a": {}}, FILLS, {"a": {"b": 1}}],
        [{"a": [{"b": {"c": 1}}, {"b": {}}]}, FILLS, {"a": [{"b": {"d": 1}}]}],
    ],
)
def test_keys_that_came_early(lines: Any) -> None:
    assert late(*lines) == []


def test_a_column_that_comes_late() -> None:
    said = "has the key 'tools', which none before it has"
    assert late(FILLS, PLAIN | {"tools": "[]"}) == [("", said)]


def test_a_key_of_a_message_that_comes_late() -> None:
    thinking = {"messages": [ASKED, DONE | {"thinking": "Hm."}]}
    said = "has the key 'thinking', which none before it has"
    assert late(PLAIN, FILLS, thinking) == [("/messages/1", said)]


def test_a_key_that_all_objects_had_and_a_late_one_lacks() -> None:
    def line(**arguments: int) -> dict[str, Any]:
        return {"completion": [called(arguments)]}

    at = "/completion/0/tool_calls/0/function/arguments"
    filler = {"completion": [called({"a": 1, "b": "x" * (10 << 20)})]}
    said = "has no 'b', which all before it have"
    assert late(line(a=1, b=2), filler, line(b=3, a=2), line(a=2)) == [(at, said)]
    assert late(line(a=1, b=2), line(a=1), filler, line(a=2), line(c=1)) == []


def test_tools_in_lists_are_looked_into() -> None:
    other: dict[str, Any] = {"type": "function", "function": {"name": "f"}}
    filler = FILLS | {"tools": [LIGHT]}
    found = {at for at, _ in late(filler, PLAIN | {"tools": [other]})}
    assert found == {"/tools/0/function"}


@pytest.mark.parametrize("name", ["trl", "trl-completion", "trl-dpo"])
def test_trls_formats_judge_files_so(name: str) -> None:
    form = get_format(name)
    assert form.across is keys_come_early
    assert form.rule("late-key").why
