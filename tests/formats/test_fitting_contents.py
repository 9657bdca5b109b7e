"""What becomes of texts in parts, types of images, and turns that are one."""

from typing import Any

import pytest

from pipeline.formats import Fitted, Unfit, fit
from pipeline.formats.fitting.carries import Carries
from pipeline.records import (
    ChatRecord,
    ContentPart,
    ImagePart,
    Message,
    TextPart,
    ToolCall,
)

ANSWER = Message("assistant", "Yes.")
ASKED = Message("user", "Broken?")


def fitted(record: Any, **carries: Any) -> tuple[Any, tuple[str, ...]]:
    done = fit(record, Carries(**carries))
    assert isinstance(done, Fitted)
    return done.record, done.rewrites


def shown(*parts: ContentPart) -> ChatRecord:
    return ChatRecord((Message("user", parts), ANSWER))


def test_texts_are_joined_as_they_were_cut() -> None:
    record = shown(TextPart("Bro"), TextPart("ken?"))
    done, rewrites = fitted(record, text_parts="joined")
    assert done == ChatRecord((ASKED, ANSWER))
    assert rewrites == ("parts_joined",)


def test_texts_about_an_image_stay_in_parts() -> None:
    record = shown(TextPart("Broken?"), ImagePart("image/png", "AAAA"))
    assert fitted(record, text_parts="joined", images=("data",)) == (record, ())


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (ImagePart(url="https://x.y/a.PNG?size=1#top"), "image/png"),
        (ImagePart(url="s3://shop/a.b/c.jpg"), "image/jpeg"),
        (ImagePart("image/jpg", "AAAA"), "image/jpeg"),
        (ImagePart("IMAGE/GIF", "AAAA"), "image/gif"),
        (ImagePart("image/webp", url="s3://shop/a.png"), "image/webp"),
    ],
)
def test_the_type_of_an_image_is_told(image: ImagePart, told: str) -> None:
    types = ("image/png", "image/jpeg", "image/gif", "image/webp")
    done, _ = fitted(shown(image), images=("data", "https", "s3"), image_types=types)
    assert done.messages[0].content[0].mime_type == told


def test_telling_a_type_is_named_and_done_once() -> None:
    carries = {"images": ("s3",), "image_types": ("image/png",)}
    done, rewrites = fitted(shown(ImagePart(url="s3://shop/a.png")), **carries)
    assert rewrites == ("image_types_told",)
    assert fitted(done, **carries) == (done, ())


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (ImagePart("image/tiff", url="s3://shop/a.png"), "takes no image of type image/tiff"),
        (ImagePart(url="s3://shop/a.tiff"), "has to be told an image's MIME type"),
        (ImagePart(url="s3://shop.png/a"), "has to be told an image's MIME type"),
        (ImagePart(url="s3://shop/png"), "has to be told an image's MIME type"),
    ],
)
def test_an_image_of_another_type_has_no_place(image: ImagePart, reason: str) -> None:
    carries = Carries(images=("s3",), image_types=("image/png",))
    assert fit(shown(image), carries) == Unfit(reason)


def test_turns_of_people_whose_names_are_dropped_are_merged() -> None:
    record = ChatRecord(
        (Message("user", "Hello.", name="ann"), Message("user", "Broken?", name="bob"), ANSWER)
    )
    done, rewrites = fitted(record, same_role_turns="merged")
    assert done == ChatRecord((Message("user", "Hello.\n\nBroken?"), ANSWER))
    assert rewrites == ("names_dropped", "turns_merged")
    assert fitted(record, same_role_turns="merged", names="kept") == (record, ())


@pytest.mark.parametrize(
    ("turns", "merged", "kept"),
    [
        ((ASKED, ANSWER), True, True),
        ((Message("system", "Mend."), ASKED, ANSWER), True, True),
        ((ASKED, ASKED, ANSWER), True, False),
        ((ASKED, ANSWER, ANSWER), True, False),
        ((ANSWER,), False, False),
        ((ANSWER, ASKED), False, False),
        ((ANSWER, ASKED, ANSWER), False, False),
        ((ASKED, ANSWER, ASKED, ANSWER), False, False),
    ],
)
def test_one_exchange_is_a_question_and_an_answer(
    turns: tuple[Message, ...], *, merged: bool, kept: bool
) -> None:
    for takes, same_role in ((merged, "merged"), (kept, "kept")):
        carries = Carries(several_turns="refused", same_role_turns=same_role)
        assert isinstance(fit(ChatRecord(turns), carries), Fitted) == takes


def test_a_system_message_that_becomes_a_question_is_one() -> None:
    record = ChatRecord((Message("system", "Say hello."), Message("assistant", "Hello.")))
    carries: dict[str, Any] = {"several_turns": "refused"}
    assert fit(record, Carries(**carries)) == Unfit(
        "takes a question and the answer to it, this conversation has none"
    )
    done, rewrites = fitted(record, system="into_user", **carries)
    assert [message.role for message in done.messages] == ["user", "assistant"]
    assert rewrites == ("system_into_user",)


def test_what_a_format_carries_stays_the_same_object() -> None:
    record = ChatRecord(
        (
            ASKED,
            Message("assistant", None, (ToolCall("call_1", "look", {}),)),
            Message("tool", (TextPart("a"), TextPart("b")), tool_call_id="call_1", name="look"),
            ANSWER,
        )
    )
    done, _ = fitted(record)
    assert done is record


def test_the_type_of_an_image_at_an_address_is_dropped() -> None:
    record = shown(ImagePart("image/png", url="https://x.y/a"), ImagePart("image/png", "AAAA"))
    carries: dict[str, Any] = {"images": ("data", "https"), "address_types": "dropped"}
    done, rewrites = fitted(record, **carries)
    assert done == shown(ImagePart(url="https://x.y/a"), ImagePart("image/png", "AAAA"))
    assert rewrites == ("image_types_dropped",)
    assert fitted(done, **carries) == (done, ())


def test_images_of_the_user_alone() -> None:
    image = ImagePart("image/png", url="gs://shop/a.png")
    carries = Carries(images=("gs",), image_turns="user")
    assert fit(shown(image), carries) == Fitted(shown(image), ())
    drawn = ChatRecord((ASKED, Message("assistant", (image,))))
    assert fit(drawn, carries) == Unfit("takes images in the user's turns alone")


@pytest.mark.parametrize(
    ("beside", "text"), [("kept", ""), ("never_empty", None), ("refused", None)]
)
def test_an_empty_text_beside_a_call(beside: str, text: str | None) -> None:
    calls = (ToolCall("call_1", "count", {}),)
    done, rewrites = fitted(
        ChatRecord((ASKED, Message("assistant", "", calls))), content_beside_calls=beside
    )
    assert done.messages[1].content == text
    assert rewrites == (() if text == "" else ("empty_texts_dropped",))
