"""A record of parts and texts, for a format that takes one or the other."""

from pipeline.formats import Fitted, fit
from pipeline.formats.fitting.carries import Carries
from pipeline.records import ChatRecord, ImagePart, Message, PreferenceRecord, TextPart, ToolCall

IN_PARTS = Carries(texts="in_parts", images=("data",))
SEEN = Message("user", (ImagePart("image/png", "AAAA"), TextPart("Broken?")))
CALLING = Message("assistant", None, (ToolCall("a", "look", {}),))


def test_every_text_beside_parts_becomes_a_part() -> None:
    record = ChatRecord((Message("system", "Look."), SEEN, Message("assistant", "Yes.")))
    fitted = fit(record, IN_PARTS)
    assert isinstance(fitted, Fitted)
    assert [one.content for one in fitted.record.messages] == [
        (TextPart("Look."),),
        SEEN.content,
        (TextPart("Yes."),),
    ]
    assert fitted.rewrites == ("texts_in_parts",)
    assert fit(fitted.record, IN_PARTS) == Fitted(fitted.record, ())


def test_texts_alone_stay_texts_and_no_content_stays_none() -> None:
    texts = ChatRecord((Message("user", "Look."), CALLING))
    assert fit(texts, IN_PARTS) == Fitted(texts, ())
    parts = ChatRecord((SEEN, CALLING))
    assert fit(parts, IN_PARTS) == Fitted(parts, ())


def test_the_answers_of_a_preference_follow_its_prompt() -> None:
    fitted = fit(
        PreferenceRecord((SEEN,), (Message("assistant", "Yes."),), (Message("assistant", "No."),)),
        IN_PARTS,
    )
    assert isinstance(fitted, Fitted)
    assert fitted.record.chosen == (Message("assistant", (TextPart("Yes."),)),)
    assert fitted.record.rejected == (Message("assistant", (TextPart("No."),)),)
