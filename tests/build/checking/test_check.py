"""Files checked in a stream: the same verdict however they are packed, cut and read."""

import gzip
import json
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.build import line_blocks
from pipeline.build.checking import (
    CheckedFile,
    CheckOptions,
    Fix,
    Said,
    check_file,
    duplicates,
    opening,
)
from pipeline.errors import GateRefused, SourceUnreadable, UsageError
from pipeline.formats import get_format
from pipeline.formats.judging import MARK, FileFacts, break_file_rules

GOOD = {"messages": [{"role": "user", "content": "é?"}, {"role": "assistant", "content": "Yes."}]}
TAIL = {"messages": [*GOOD["messages"], {"role": "user", "content": "Thanks."}]}
STRAY = {**GOOD, "id": 7}
HUMAN = {"messages": [{"role": "human", "content": "?"}, GOOD["messages"][1]]}


def line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def good(number: int) -> bytes:
    return line({"messages": [{"role": "user", "content": f"{number}?"}, GOOD["messages"][1]]})


GOODS = [good(number) for number in range(12)]


def check(data: bytes, tmp_path: Path, *, name: str = "train.jsonl", **options: Any) -> CheckedFile:
    path = tmp_path / name
    path.write_bytes(data)
    formats = options.pop("formats", ("openai",))
    hear = options.pop("hear", None)
    forms = [get_format(one) for one in formats]
    return check_file(str(path), forms, CheckOptions(**options), hear=hear)


def rules(checked: CheckedFile, form: int = 0) -> dict[str, list[int | None]]:
    """The lines of each rule that is broken."""
    found: dict[str, list[int | None]] = {}
    for one in checked.formats[form].found:
        found.setdefault(one.rule, []).extend(place.line for place in one.first)
    return found


def warnings(checked: CheckedFile) -> list[str]:
    return [one.rule for one in checked.warnings]


def joined(lines: Sequence[bytes]) -> bytes:
    return b"".join(one + b"\n" for one in lines)


def test_a_good_file_is_accepted_and_nothing_is_said_of_it(tmp_path: Path) -> None:
    checked = check(joined(GOODS), tmp_path)
    assert checked.accepted
    assert (checked.lines, checked.examples) == (12, 12)
    assert checked.bytes == len(joined(GOODS))
    assert checked.formats[0].found == ()
    assert checked.warnings == ()


def test_the_last_line_needs_no_newline(tmp_path: Path) -> None:
    data = joined(GOODS).removesuffix(b"\n")
    checked = check(data, tmp_path)
    assert checked.accepted
    assert (checked.lines, checked.bytes) == (12, len(data))


def test_problems_are_counted_by_kind_with_their_first_lines(tmp_path: Path) -> None:
    lines = [*GOODS, line(TAIL), line(HUMAN), *[line(TAIL)] * 7]
    (verdict,) = check(joined(lines), tmp_path).formats
    assert (verdict.accepted, verdict.refused) == (False, 9)
    tail, human = verdict.found
    assert (tail.rule, tail.lines, tail.problems) == ("last-message", 8, 8)
    assert [one.line for one in tail.first] == [13, 15, 16, 17, 18]
    assert (human.rule, human.place) == ("schema", "/messages/*/role")
    assert human.says.startswith("is not one of")
    assert human.first[0].reason.startswith("'human' is not one of")


def test_kinds_are_bounded_whatever_a_file_holds(tmp_path: Path) -> None:
    strange = [line({**GOOD, f"key{number}": 1}) for number in range(500)]
    (verdict,) = check(joined(strange), tmp_path).formats
    assert verdict.refused == 500
    assert len(verdict.found) == 201
    (rest,) = (one for one in verdict.found if one.place == "...")
    assert rest.lines == 300


def test_several_formats_judge_one_reading(tmp_path: Path) -> None:
    checked = check(joined([*GOODS, line(TAIL)]), tmp_path, formats=("openai", "openai-dpo"))
    assert [one.format for one in checked.formats] == ["openai", "openai-dpo"]
    assert [one.refused for one in checked.formats] == [1, 13]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b'{"messages": [', "ends in the middle"),
        (b'{"a": NaN}', "it has NaN at offset 6"),
        (b"{'a': 1}", "as in a Python literal"),
        (b'{"a": True}', "it has True at offset 6"),
        (b'{"a": 1} {"b": 2}', "something follows the first value, at offset 9"),
        (b'{"a": "\\ud800"}', "half of a surrogate pair"),
        (b'{"a": 1e999}', "too large to hold"),
        (b'{"a": "\x01"}', "is no JSON: invalid character at offset 7"),
        (b"[" * 5000, "nests too deeply"),
        (MARK + GOODS[0], "begins with a byte-order mark"),
    ],
)
def test_what_is_no_json_is_told_by_what_it_has(bad: bytes, said: str, tmp_path: Path) -> None:
    checked = check(joined([*GOODS, bad]), tmp_path)
    (found,) = checked.formats[0].found
    assert (found.rule, found.first[0].line) == ("json", 13)
    assert said in found.first[0].reason


def test_bytes_that_are_no_utf8_are_named_by_their_place_in_the_file(tmp_path: Path) -> None:
    bad = b'{"a":"x\xff"}'
    before = len(joined(GOODS))
    (found,) = check(joined([*GOODS, bad]), tmp_path).formats[0].found
    said = f"is no UTF-8: 0xff at offset 7 of the line, {before + 7:,} of the file"
    assert found.first[0].reason == said
    marked = check(MARK + joined([*GOODS, bad]), tmp_path).formats[0].found
    assert f"{before + 10:,} of the file" in marked[-1].first[0].reason


def test_blank_lines_are_refused_and_are_no_examples(tmp_path: Path) -> None:
    checked = check(b"\n" + joined(GOODS) + b"  \r\n\n", tmp_path)
    assert rules(checked) == {"blank-line": [1, 14, 15]}
    assert (checked.lines, checked.examples) == (15, 12)


def test_carriage_returns_are_only_warned_of(tmp_path: Path) -> None:
    checked = check(GOODS[0] + b"\n" + b"\r\n".join(GOODS[1:]) + b"\r\n", tmp_path)
    assert checked.accepted
    (found,) = checked.warnings
    assert (found.rule, found.lines, found.first[0].line) == ("line-end", 11, 2)


def test_lines_that_are_there_twice_are_only_warned_of(tmp_path: Path) -> None:
    checked = check(joined([*GOODS, GOODS[3], GOODS[3], GOODS[0]]), tmp_path)
    assert checked.accepted
    (found,) = checked.warnings
    assert (found.rule, found.lines) == ("duplicate-line", 3)
    assert [(one.line, one.reason) for one in found.first] == [
        (13, "is line 4 again"),
        (14, "is line 4 again"),
        (15, "is line 1 again"),
    ]


def test_of_a_long_file_the_first_lines_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "MOST", 5)
    monkeypatch.setattr("pipeline.build.checking.whole.MOST", 5)
    checked = check(joined([*GOODS, GOODS[3]]), tmp_path)
    (found,) = checked.warnings
    assert found.first[0].reason == "has more lines; the first 5 were compared with one another"


def test_the_number_of_examples_binds_a_training_file_alone(tmp_path: Path) -> None:
    few = joined(GOODS[:3])
    (found,) = check(few, tmp_path).formats[0].found
    assert found.rule == "examples"
    assert found.lines == 0
    assert found.first[0].reason == "has 3 examples, at least 10 are needed"
    assert found.page is not None
    assert check(few, tmp_path, training=False).accepted


@pytest.mark.parametrize("data", [b"", b"\n", MARK])
def test_an_empty_file_is_refused(data: bytes, tmp_path: Path) -> None:
    checked = check(data, tmp_path, training=False)
    assert not checked.accepted
    assert checked.formats[0].found[-1].rule in ("examples", "blank-line")
    assert "has 0 examples" in str(checked.formats[0].found)


def test_more_bytes_or_examples_than_are_taken_are_refused() -> None:
    facts = FileFacts(examples=20, bytes=512_000_001, marked=False, training=True)
    (found,) = break_file_rules(get_format("openai"), facts)
    assert found.rule == "file-bytes"
    facts = replace(facts, examples=3_000_001)
    (found,) = break_file_rules(get_format("fireworks"), facts)
    assert found.reason == "has 3,000,001 examples, at most 3,000,000 are taken"


def test_a_byte_order_mark_is_in_the_way(tmp_path: Path) -> None:
    checked = check(MARK + joined(GOODS), tmp_path)
    assert rules(checked) == {"byte-order-mark": [None]}
    assert checked.formats[0].refused == 0


def test_utf16_is_named_and_its_examples_are_judged(tmp_path: Path) -> None:
    text = joined([*GOODS, line(TAIL)]).decode()
    checked = check(text.encode("utf-16"), tmp_path)
    assert rules(checked) == {"encoding": [None], "last-message": [13]}


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_named_and_its_examples_are_judged(
    indent: int | None, tmp_path: Path
) -> None:
    values = [*map(json.loads, GOODS), HUMAN]
    checked = check(json.dumps(values, indent=indent).encode(), tmp_path)
    found = rules(checked)
    assert found.pop("json-lines") == [None]
    assert set(found) == {"schema"}
    assert (checked.lines, checked.formats[0].refused) == (13, 1)
    if indent:
        assert found["schema"] == [12 * 12 + 2]


def test_objects_over_several_lines_are_named(tmp_path: Path) -> None:
    text = "\n".join(json.dumps(json.loads(one), indent=1) for one in GOODS)
    checked = check(text.encode(), tmp_path)
    assert rules(checked) == {"json-lines": [None]}
    assert checked.lines == 12


def test_an_array_that_breaks_off_is_told_with_its_line(tmp_path: Path) -> None:
    text = json.dumps([GOOD, GOOD], indent=1)[:-40]
    checked = check(text.encode(), tmp_path)
    found = checked.formats[0].found
    assert [one.rule for one in found] == ["json-lines", "examples", "json"]
    assert "what follows was not looked at" in found[-1].first[0].reason


def test_lines_of_lists_are_no_array(tmp_path: Path) -> None:
    checked = check(b"[1]\n[2]\n", tmp_path, training=False)
    assert rules(checked) == {"schema": [1, 2]}


def test_a_line_beyond_the_limit_is_a_problem_and_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK", 1000)
    monkeypatch.setattr(opening, "BLOCK", 1000)
    for module in ("opening", "batches", "check"):
        monkeypatch.setattr(f"pipeline.build.checking.{module}.LONGEST_LINE", 4000)
    long = line({"messages": [{"role": "user", "content": "x" * 20_000}, GOOD["messages"][1]]})
    lines = [*GOODS[:5], long, *GOODS[5:], line(HUMAN)]
    for name, data in (("a.jsonl", joined(lines)), ("a.gz", gzip.compress(joined(lines)))):
        checked = check(data, tmp_path, name=name)
        assert rules(checked) == {"line-bytes": [6], "schema": [14]}
        assert checked.lines == 14
    with pytest.raises(GateRefused, match="was not read; nothing was written"):
        check(joined(lines), tmp_path, fix=Fix(str(tmp_path / "out.jsonl")))
    assert not (tmp_path / "out.jsonl").exists()
    fix = Fix(str(tmp_path / "out.jsonl"), drop_broken=True)
    checked = check(joined(lines), tmp_path, fix=fix)
    assert checked.fixed is not None
    assert (checked.fixed.lines, checked.fixed.left_out) == (12, 2)


MIXED = [*GOODS, line(TAIL), b"", line(STRAY), b'{"a":"\xff"}', *GOODS[:2], line(HUMAN), b"{"]


def verdict(checked: CheckedFile) -> tuple[Any, ...]:
    """All but names and the way it was packed."""
    kept = tuple(one for one in checked.warnings if one.rule not in ("packed", "file-name"))
    return (checked.lines, checked.examples, checked.formats, kept)


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst", "gz-inside.jsonl"])
def test_packed_files_have_the_same_verdict(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK", 300)
    plain = check(joined(MIXED), tmp_path)
    packed = gzip.compress(joined(MIXED))
    if name.endswith(".zst"):
        packed = zstandard.ZstdCompressor().compress(joined(MIXED))
    other = check(packed, tmp_path, name=name)
    assert verdict(other) == verdict(plain)
    assert other.bytes == plain.bytes
    assert "packed" in warnings(other)


def test_a_pipe_is_read_as_a_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK", 300)
    plain = check(joined(MIXED), tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(joined(MIXED),))
    writer.start()
    other = check_file(str(pipe), [get_format("openai")], CheckOptions())
    writer.join()
    assert verdict(other) == verdict(plain)


def test_workers_find_what_one_process_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BLOCK", 300)
    heard: list[Said] = []
    alone = check(joined(MIXED), tmp_path, hear=heard.append, listed=100)
    again: list[Said] = []
    pooled = check(joined(MIXED), tmp_path, hear=again.append, listed=100, workers=2)
    assert pooled == alone
    assert again == heard
    fixes = []
    for workers in (1, 2):
        out = tmp_path / f"fixed-{workers}.jsonl"
        check(joined(MIXED), tmp_path, workers=workers, fix=Fix(str(out)))
        fixes.append(out.read_bytes())
    assert fixes[0] == fixes[1]


def test_rules_that_bind_lines_hold_over_a_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BLOCK", 300)
    weighed = [line({**json.loads(one), "weight": 0.5}) for one in GOODS]
    data = joined([*GOODS, *weighed])
    checked = check(data, tmp_path, formats=("openai", "fireworks"), workers=2)
    assert rules(checked, 1) == {"example-weights": [13, 14, 15, 16, 17]}
    assert checked.formats[1].refused == 12


def test_a_mended_line_must_fit_those_before_it_too(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    odd = line({**STRAY, "weight": 0.5})
    fix = Fix(str(out))
    checked = check(joined([*GOODS, line(STRAY), odd]), tmp_path, formats=("fireworks",), fix=fix)
    assert rules(checked) == {"example-weights": [14]}
    assert out.read_bytes() == joined([*GOODS, compact(GOOD), odd])


def test_a_line_counts_once_for_a_kind_whatever_it_has_of_it(tmp_path: Path) -> None:
    twice = line({"messages": [{"role": "human", "content": "?"}] * 2 + GOOD["messages"]})
    (found,) = check(joined([*GOODS, twice]), tmp_path).formats[0].found
    assert (found.lines, found.problems, len(found.first)) == (1, 2, 1)


def test_problems_are_heard_in_order_up_to_a_number(tmp_path: Path) -> None:
    heard: list[Said] = []
    lines = [line(HUMAN), *GOODS[:3], line(TAIL), line(STRAY), b"{"]
    check(joined(lines), tmp_path, hear=heard.append, listed=100)
    assert [(one.line, one.rule_id) for one in heard] == [
        (1, "schema"),
        (5, "last-message"),
        (6, "schema"),
        (7, "json"),
        (None, "examples"),
    ]
    assert [one.mends for one in heard] == [
        (),
        ("tail_dropped",),
        ("unknown_keys_dropped",),
        (),
        (),
    ]
    assert {one.format for one in heard} == {"openai"}
    few: list[Said] = []
    check(joined(lines), tmp_path, hear=few.append, listed=2)
    assert few == heard[:2]


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("absent.jsonl", SourceUnreadable, "there is no such file"),
        (".", SourceUnreadable, "is a folder"),
        ("table.jsonl", UsageError, "is a Parquet file"),
        ("cut.gz", SourceUnreadable, "cannot be read to its end"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(
    name: str, error: type[Exception], said: str, tmp_path: Path
) -> None:
    (tmp_path / "table.jsonl").write_bytes(b"PAR1 and more")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(joined(GOODS))[:-20])
    with pytest.raises(error, match=said):
        check_file(str(tmp_path / name), [get_format("openai")], CheckOptions())


LINES = st.lists(
    st.sampled_from([*MIXED, line(GOOD), line(TAIL), b"[1]", b" ", b"null", GOODS[0] + b"\r"]),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, end=st.sampled_from([b"", b"\n"]), mark=st.sampled_from([b"", MARK]))
def test_a_fixed_file_is_what_its_verdict_says(
    lines: list[bytes], end: bytes, mark: bytes, tmp_path: Path
) -> None:
    data = mark + b"\n".join(lines) + end
    out = tmp_path / "out.jsonl"
    first = check(data, tmp_path, fix=Fix(str(out)), training=False)
    again = check(out.read_bytes(), tmp_path, training=False)
    assert first.fixed is not None
    assert again.lines == first.fixed.lines
    assert again.bytes == first.fixed.bytes
    assert again.formats[0].refused == first.fixed.left
    assert again.accepted == first.accepted
    assert not {"byte-order-mark", "blank-line"} & set(rules(again))
    second = tmp_path / "again.jsonl"
    check(out.read_bytes(), tmp_path, fix=Fix(str(second)), training=False)
    assert second.read_bytes() == out.read_bytes()


def good_lines_of(data: bytes) -> Iterator[bytes]:
    openai = get_format("openai")
    for one in data.split(b"\n"):
        if not openai.check(one.removesuffix(b"\r")):
            yield one.removesuffix(b"\r")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES)
def test_good_lines_come_through_a_fix_byte_for_byte(lines: list[bytes], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    check(joined(lines), tmp_path, fix=Fix(str(out)))
    written = iter(out.read_bytes().split(b"\n"))
    assert all(one in written for one in good_lines_of(joined(lines)))


def test_a_fix_counts_what_it_did(tmp_path: Path) -> None:
    data = MARK + joined([*GOODS, line(STRAY), b"", line(TAIL) + b"\r", line(HUMAN)])
    out = tmp_path / "out.jsonl"
    fixed = check(data, tmp_path, fix=Fix(str(out))).fixed
    assert fixed is not None
    assert (fixed.lines, fixed.mended, fixed.left, fixed.left_out) == (15, 2, 1, 0)
    assert {mend.mend: (mend.lines, mend.first) for mend in fixed.mends} == {
        "mark_dropped": (0, ()),
        "line_ends_changed": (0, ()),
        "unknown_keys_dropped": (1, ((13, "/id"),)),
        "blank_line_dropped": (1, ((14, ""),)),
        "tail_dropped": (1, ((15, "/messages/2"),)),
    }
    assert out.read_bytes() == joined([*GOODS, compact(GOOD), compact(GOOD), line(HUMAN)])


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def test_broken_lines_are_left_out_only_when_that_is_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    lines = [*GOODS, line(HUMAN), b"{"]
    assert not check(joined(lines), tmp_path, fix=Fix(str(out))).accepted
    assert out.read_bytes() == joined(lines)
    checked = check(joined(lines), tmp_path, fix=Fix(str(out), drop_broken=True))
    assert checked.accepted
    assert out.read_bytes() == joined(GOODS)
    assert rules(checked) == {"schema": [13], "json": [14]}


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_is_written_as_lines(indent: int | None, tmp_path: Path) -> None:
    values = [*map(json.loads, GOODS), STRAY]
    out = tmp_path / "out.jsonl"
    checked = check(json.dumps(values, indent=indent).encode(), tmp_path, fix=Fix(str(out)))
    assert checked.accepted
    written = [json.loads(one) for one in out.read_bytes().splitlines()]
    assert written == [*map(json.loads, GOODS), GOOD]
    assert checked.fixed is not None
    assert checked.fixed.mends[0].mend == "written_as_lines"


def test_utf16_is_written_as_utf8(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    text = joined([*GOODS, line(GOOD)]).decode().replace("\n", "\r\n")
    assert check(
        text.encode("utf-16-le").join([b"\xff\xfe", b""]), tmp_path, fix=Fix(str(out))
    ).accepted
    assert out.read_bytes() == joined([*GOODS, line(GOOD)])


def test_what_breaks_off_is_not_written(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with pytest.raises(GateRefused, match="nothing was written"):
        check(json.dumps([GOOD, GOOD]).encode()[:-9], tmp_path, fix=Fix(str(out)))
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]


@pytest.mark.parametrize("out", ["train.jsonl", "link.jsonl", "out.gz", "."])
def test_the_file_itself_is_never_written(out: str, tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to("train.jsonl")
    with pytest.raises(UsageError, match=r"--fix|is no plain file"):
        check(joined(GOODS), tmp_path, fix=Fix(str(tmp_path / out)))
    assert (tmp_path / "train.jsonl").read_bytes() == joined(GOODS)


def test_what_is_there_and_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="is no plain file"):
        check(joined(GOODS), tmp_path, fix=Fix(str(pipe)))
    assert pipe.is_fifo()


def test_a_fix_is_for_one_format(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give one --format"):
        check(b"", tmp_path, formats=("openai", "openai-dpo"), fix=Fix("out.jsonl"))
