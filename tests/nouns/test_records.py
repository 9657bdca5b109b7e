"""Records and their bytes, the ledger's equation, the manifest's signature."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from pipeline.digests import canonical_json, decode_record, encode_record, record_id, unit_hash
from pipeline.errors import IntegrityError, SourceUnreadable
from pipeline.ledger import LEDGER_SCHEMA, LedgerRow, Tally
from pipeline.manifest import (
    CrossSplitProof,
    DatasetFile,
    DatasetManifest,
    FileDigests,
    read_manifest,
    verify_files,
    write_manifest,
)
from pipeline.records import ChatRecord, Message, Tool, ToolCall

RECORD = ChatRecord(
    messages=(
        Message("user", "Where is it?"),
        Message("assistant", None, (ToolCall("call_1", "track", {"b": 1, "a": [None]}),)),
        Message("tool", '{"port":"Gdynia"}', tool_call_id="call_1", name="track"),
        Message("assistant", "In Gdynia."),
    ),
    tools=(Tool("track", {"type": "object"}),),
    response_schema=msgspec.Raw(b'{"type":"string"}'),
)


def test_a_record_s_bytes_are_compact_and_leave_out_what_is_not_there() -> None:
    data = encode_record(RECORD)
    assert data.startswith(b'{"messages":[{"role":"user","content":"Where is it?"},')
    assert b'"tool_calls":null' not in data
    assert b'"arguments":{"b":1,"a":[null]}' in data


def test_bytes_and_record_turn_into_one_another() -> None:
    data = encode_record(RECORD)
    assert encode_record(decode_record(data)) == data
    assert record_id(data) == record_id(encode_record(decode_record(data)))
    assert len(record_id(data)) == 32


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical_json({"b": 1, "a": {"d": 2, "c": 3}}) == b'{"a":{"c":3,"d":2},"b":1}'


@given(st.text(), st.text())
def test_a_unit_hash_lies_between_0_and_1_and_is_always_the_same(salt: str, key: str) -> None:
    key = key.encode(errors="replace").decode()
    salt = salt.encode(errors="replace").decode()
    assert 0 <= unit_hash(salt, key) < 1
    assert unit_hash(salt, key) == unit_hash(salt, key)


def test_known_unit_hashes_never_change() -> None:
    assert unit_hash("trainset", "655f1e0c9b1e8a0001a1b2c3") == 0.23672966498144055


def test_the_ledger_s_columns_are_the_row_s_fields() -> None:
    assert LEDGER_SCHEMA.names == [field.name for field in msgspec.structs.fields(LedgerRow)]


def test_a_tally_that_loses_a_run_is_refused() -> None:
    Tally(
        pulled=6, kept=3, rejected={"status": 2}, duplicates={"near_duplicate": 1}
    ).assert_balanced("here")
    with pytest.raises(IntegrityError, match="6 runs came in and 5 are accounted for"):
        Tally(pulled=6, kept=3, rejected={"status": 2}, duplicates={}).assert_balanced("here")


def manifest_of(folder: Path) -> DatasetManifest:
    path = folder / "openai" / "train.jsonl"
    path.parent.mkdir()
    path.write_bytes(b'{"messages":[]}\n')
    digests = FileDigests.of_file(path)
    file = DatasetFile(
        path="openai/train.jsonl",
        format="openai",
        split="train",
        lines=1,
        bytes=digests.bytes,
        sha256=digests.sha256,
        crc32c=digests.crc32c,
    )
    return DatasetManifest(
        build_id="b",
        tally=Tally(1, 1, {}, {}),
        splits={"train": 1},
        tokens={"train": 3},
        files=(file,),
        proof=CrossSplitProof(0.8, 0, None, 0),
        spec={},
        source={},
        versions={},
    )


def test_a_manifest_is_read_back_and_signs_the_files(tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path)
    sealed = write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == sealed
    assert sealed.seal == sealed.sealed().seal == manifest.sealed().seal
    assert structs.replace(sealed, splits={"train": 2}).sealed().seal != sealed.seal
    verify_files(tmp_path, manifest)


def test_a_changed_and_a_missing_file_are_found(tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path)
    path = tmp_path / "openai" / "train.jsonl"
    path.write_bytes(b'{"messages":{}}\n')
    with pytest.raises(IntegrityError, match="was changed after it was written"):
        verify_files(tmp_path, manifest)
    path.unlink()
    with pytest.raises(IntegrityError, match="is missing"):
        verify_files(tmp_path, manifest)


def test_a_folder_without_a_manifest_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="no finished dataset"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text('{"build_id": ')
    with pytest.raises(IntegrityError, match="is damaged"):
        read_manifest(tmp_path)


def test_the_checksums_are_those_of_cloud_storage() -> None:
    digests = FileDigests()
    digests.update(b"123456789")
    assert digests.crc32c == "4waSgw=="
