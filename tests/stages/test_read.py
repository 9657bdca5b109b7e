"""Any bytes at all give a run or a reason, and what passes can be decoded by everyone."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.api.runs import Run
from pipeline.records import Rejected
from pipeline.stages.read import MAX_DEPTH, read_run


def rejected(data: bytes, max_bytes: int = 1 << 20) -> Rejected:
    found = read_run(data, max_bytes)
    assert isinstance(found, Rejected), found
    assert found.stage == "pull"
    return found


def inside(value: bytes) -> bytes:
    """A run that has these bytes where nothing is decoded at first."""
    return b'{"id":"r","prompt":[' + value + b"]}"


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (b"", "not_json", "truncated"),
        (b"no JSON", "not_json", "malformed"),
        (b'{"id":"r"', "not_json", "truncated"),
        (b'{"id":"r"} {}', "not_json", "trailing"),
        (b'["id"]', "not_a_run", "Expected `object`, got `array`"),
        (b'{"status":"completed"}', "not_a_run", "`id`"),
        (b'{"id":7}', "not_a_run", "`$.id`"),
        (b'{"id":""}', "not_a_run", "empty"),
        (b'{"id":"r","modelId":7}', "not_a_run", "`$.modelId`"),
        (b'{"id":"\xff"}', "invalid_utf8", "0xff at byte 7"),
        (inside(b'"\xc3"'), "invalid_utf8", "0xc3 at byte 21"),
        (inside(b'{"\xff":1}'), "invalid_utf8", "byte 22"),
        (inside(b'"\xed\xa0\x80"'), "invalid_utf8", "byte 21"),
        (inside(rb'"\ud83d"'), "lone_surrogate", r"\ud83d at byte 21"),
        (inside(rb'"a \udc00 b and more"'), "lone_surrogate", r"\udc00 at byte 23"),
        (inside(rb'"\\\ud800"'), "lone_surrogate", "byte 23"),
        (inside(b"NaN"), "non_finite_number", "NaN at byte 20"),
        (inside(b"1,-Infinity"), "non_finite_number", "-Infinity at byte 22"),
        (inside(b"1e999"), "non_finite_number", "1e999 at byte 20"),
        (inside(b"[-1.5E+400 ]"), "non_finite_number", "more than a double holds"),
        (inside(b"9" * 5000), "non_finite_number", "999... at byte 20"),
        (inside(b"9" * 400 + b".5"), "non_finite_number", "more than a double holds"),
        (b'{"id":"1e999","anything":{"a":1e999}}', "non_finite_number", "byte 30"),
        (inside(b"[" * 10_000 + b"]" * 10_000), "too_deep", "200 levels"),
        (inside(b"[" * 300 + b"]" * 300), "too_deep", "200 levels"),
        (inside(b'{"a":' * 300 + b"1" + b"}" * 300), "too_deep", "200 levels"),
        (b"[" * 100_000, "not_a_run", "array"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(data: bytes, code: str, says: str) -> None:
    found = rejected(data)
    assert (found.code, says in found.detail) == (code, True), found


@pytest.mark.parametrize(
    "value",
    [
        rb'"\ud83d\ude00"',
        rb'"\\ud800"',
        b'"NaN, 1e999, \xf0\x9f\x98\x80"',
        b'"deep0e123", 1e12, 1e-999, 1.7e308',
        b"[]," * 1000 + b"[]",
        b'"' + b"[" * 1000 + b'"',
        b"[" * (MAX_DEPTH - 2) + b"]" * (MAX_DEPTH - 2),
        b"9" * 400,
    ],
)
def test_what_only_looks_wrong_passes(value: bytes) -> None:
    run = read_run(inside(value), 1 << 20)
    assert isinstance(run, Run)
    assert isinstance(run.prompt, msgspec.Raw)
    msgspec.json.decode(run.prompt)


def test_a_long_document_is_refused_unread() -> None:
    assert rejected(inside(b"NaN"), max_bytes=10).code == "too_large"


@given(st.binary())
@example(b'{"id":"\x00"}')
def test_any_bytes_at_all(data: bytes) -> None:
    assert isinstance(read_run(data, 1 << 20), Run | Rejected)


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_any_bytes_inside_a_document(one: bytes, other: bytes) -> None:
    found = read_run(b'{"id":"r","prompt":' + one + b',"x":"' + other + b'"}', 1 << 20)
    if isinstance(found, Run):
        assert found.prompt is not msgspec.UNSET
        msgspec.json.decode(found.prompt)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_python_json_is_refused_or_decoded_by_everyone(value: Any) -> None:
    """Python's json writes NaN, and lone surrogates as escapes."""
    data = json.dumps({"id": "r", "parameters": value}).encode()
    if isinstance(read_run(data, 1 << 20), Run):
        assert json.loads(data) == msgspec.json.decode(data)
        json.dumps(value, ensure_ascii=False).encode()
