"""The formats' verdict on a record, as a rejection."""

from pipeline.formats import get_format
from pipeline.records import ChatRecord, ImagePart, Message, Rejected
from pipeline.stages.validate import Validate

validate = Validate((get_format("openai"),))


def record(content: str | tuple[ImagePart, ...]) -> ChatRecord:
    return ChatRecord((Message("user", content), Message("assistant", "a")))


def test_an_accepted_record() -> None:
    lines = validate(record("q"))
    assert not isinstance(lines, Rejected)
    assert lines.lines == (get_format("openai").encode(record("q")),)
    assert lines.rewritten is None


def test_a_refusal_names_format_place_and_reason() -> None:
    rejected = validate(record((ImagePart("image/tiff", "AAAA"),)))
    assert isinstance(rejected, Rejected)
    assert (rejected.stage, rejected.code) == ("validate", "format_refused")
    assert rejected.detail.startswith("openai: /messages/0/content/0/image_url/url is neither")
