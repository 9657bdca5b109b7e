"""What every format must do, whichever it is."""

import json
import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.formats import FORMATS, Fitted, Format, Unfit, fit, get_format
from pipeline.formats.fitting.carries import Rewrite
from pipeline.records import Record
from tests.formats.cases import CHATS, PREFERENCES
from tests.formats.write_golden import told_of

GOLDEN = Path(__file__).parent / "golden"
EVERY = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS.keys())


def cases(form: Format[Any]) -> Mapping[str, Record]:
    return CHATS if form.kind == "chat" else PREFERENCES


EVERY_CASE = pytest.mark.parametrize(
    ("form", "case"), [(form, case) for form in FORMATS.values() for case in cases(form)]
)


@EVERY_CASE
def test_a_record_survives_the_way_to_a_line_and_back(form: Format[Any], case: str) -> None:
    match fit(cases(form)[case], form.carries):
        case Fitted(record=record, rewrites=rewrites):
            line = form.encode(record)
            assert b"\n" not in line
            assert form.check(line) or form.decode(line) == record
            assert set(rewrites) <= set(get_args(Rewrite))
        case Unfit(reason=reason):
            assert reason


@EVERY
def test_what_becomes_of_every_case_is_written_down(form: Format[Any]) -> None:
    golden = json.loads((GOLDEN / f"{form.name}.json").read_text(encoding="utf-8"))
    assert told_of(form.name) == golden


@EVERY
@given(line=st.binary())
def test_any_bytes_are_checked_without_an_exception(form: Format[Any], line: bytes) -> None:
    assert isinstance(form.check(line), tuple)


@EVERY
@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"null",
        b"\xef\xbb\xbf{}",
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"a":1e999}',
        b"[" * 100_000,
        b'{"messages":' + b"[" * 900 + b"]" * 900 + b"}",
    ],
)
def test_what_is_no_line_is_a_problem(form: Format[Any], line: bytes) -> None:
    (first, *_) = form.check(line)
    assert first.rule in {"json", "schema"}
    assert first.reason


@EVERY
def test_every_limit_has_its_source(form: Format[Any]) -> None:
    limits = form.limits
    names = {name for name in limits.__struct_fields__ if name != "sources"}
    assert set(limits.sources) == {name for name in names if getattr(limits, name) is not None}
    assert all(source.page and source.read >= "2026-11-23" for source in limits.sources.values())


@EVERY
def test_every_rule_has_a_source_or_a_reason(form: Format[Any]) -> None:
    for rule in form.rules.values():
        assert rule.says
        assert rule.fix
        assert (rule.source is None) == bool(rule.why)
    assert form.source.read >= "2026-11-23"


def test_formats_are_known_by_their_names() -> None:
    assert {get_format(name).name for name in FORMATS} == set(FORMATS)


def test_a_format_that_there_is_not_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="no format 'csv'; there are: openai"):
        get_format("csv")


@EVERY
def test_a_format_goes_to_a_worker_and_is_itself_there(form: Format[Any]) -> None:
    assert pickle.loads(pickle.dumps(form)) is form


def pointers(problems: Iterable[Any]) -> list[str]:
    return [problem.pointer for problem in problems]


def test_a_pointer_escapes_what_json_pointer_escapes() -> None:
    form = get_format("openai")
    line = b'{"messages":[{"role":"user","content":[{"type":"image_url","a/b":1}]}]}'
    assert pointers(form.check(line))[0].startswith("/messages/0/content/0")
