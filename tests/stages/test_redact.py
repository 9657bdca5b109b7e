"""Private values leave a record: everywhere the same way, and nothing else changes."""

import json
import re
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban, luhn

from pipeline.records import ChatRecord, ImagePart, Message, Rejected, TextPart, Tool, ToolCall
from pipeline.spec import PrivateKind, RedactSpec
from pipeline.stages.redact import Redact, Redacted
from pipeline.stages.redact.cleaner import find_private

REGIONS = RedactSpec().regions
MASK = Redact(RedactSpec(default="mask"))
PSEUDONYM = Redact(RedactSpec(default="pseudonym", key="a key of the tests"))


def found(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in find_private(text, REGIONS)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Write to ada.lund+x@shop.example.org, please.", "email", "ada.lund+x@shop.example.org"),
        ("メールはada@shop.jpまで", "email", "ada@shop.jp"),
        ("Call +49 171 5550199.", "phone", "+49 171 5550199"),
        ("The number is (415) 282-8999, thanks", "phone", "(415) 282-8999"),
        ("Ruf an: 030 901820", "phone", "030 901820"),
        ("tel 0044 20 7946 0018", "phone", "0044 20 7946 0018"),
        ("card 4111 1111 1111 1111 please", "card", "4111 1111 1111 1111"),
        ("3782-822463-10005 is the card", "card", "3782-822463-10005"),
        ("to DE89 3704 0044 0532 0130 00 please", "iban", "DE89 3704 0044 0532 0130 00"),
        ("GB29NWBK60161331926819", "iban", "GB29NWBK60161331926819"),
        ("ssn 536-90-4399", "national_id", "536-90-4399"),
        ("codice RSSMRA85T10A562S", "national_id", "RSSMRA85T10A562S"),
        ("DNI 12345678Z", "national_id", "12345678Z"),
        ("CPF 390.533.447-05", "national_id", "390.533.447-05"),
        ("AHV 756.9217.0769.85", "national_id", "756.9217.0769.85"),
        ("СНИЛС 112-233-445 95", "national_id", "112-233-445 95"),
        ("RUT 12.531.909-2", "national_id", "12.531.909-2"),
        ("NIK saya 3171234567890123", "national_id", "3171234567890123"),
        ("from 93.184.216.34 at night", "ip", "93.184.216.34"),
        ("via 2606:2800:220:1:248:1893:25c8:1946", "ip", "2606:2800:220:1:248:1893:25c8:1946"),
        ("sk-proj-aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY, thanks", "key", None),
        ("AKIAQ3EXAMPLE7RT2WPL", "key", "AKIAQ3EXAMPLE7RT2WPL"),
        ("ghp_Z9y8X7w6V5u4T3s2R1q0P9o8N7m6L5k4J3i2", "key", None),
        ("eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", "key", "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl"),
        ("secret = 9fX2kLmQ7vTz4bNc8RwYp", "key", "9fX2kLmQ7vTz4bNc8RwYp"),
        ("My password is Tr0ub4dor&3.", "password", "Tr0ub4dor&3"),
        ("postgres://app:Xk29fjQ@db:5432/shop", "password", "Xk29fjQ"),
    ],
)
def test_each_kind_is_found_whole(text: str, kind: str, value: str | None) -> None:
    assert found(text) == [(kind, value or text.partition(",")[0])]


def test_a_private_key_is_found_to_its_end() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabcd\n-----END RSA PRIVATE KEY-----"
    assert found(f"here:\n{key}\nthanks") == [("key", key)]


@pytest.mark.parametrize(
    "text",
    [
        "3650*0.1=365, and 3650 - 2000 - 1000 = 650",
        "order FH-20500 of 2025-03-04, 12:30:45, 3 x 12.50",
        "request 7c9e6679-7425-40de-944b-e07fc1f90ae7 took 900 ms",
        "commit 356a192b7913b04c54574d18c28d46e6395428ab",
        "version 10.0.19041.1 listens on 127.0.0.1",
        "The password reset link has expired, and the token too.",
        "max_tokens: 1024 · ISBN 978-3-16-148410-0",
        "1234 5678 9012 3456 is no card, its check digit is wrong",
    ],
)
def test_what_only_looks_private_stays(text: str) -> None:
    assert found(text) == []


def record(*contents: Any, **fields: Any) -> ChatRecord:
    roles = ["user", "assistant"] * len(contents)
    messages = [Message(role, one) for role, one in zip(roles, contents, strict=False)]
    return ChatRecord(tuple(messages), **fields)


def redacted(redact: Redact, given_: ChatRecord, parameters: Any = None) -> Redacted:
    outcome = redact(given_, json.dumps(parameters).encode())
    assert isinstance(outcome, Redacted)
    return outcome


def test_one_value_has_one_surrogate_wherever_and_however_it_is_written() -> None:
    said = "Call +49 171 5550199 or ADA@shop.org; card 4111 1111 1111 1111"
    call = ToolCall("call_1", "ring", {"phone": "0171 5550199", "to": ["ada@shop.org"]})
    messages = (
        Message("user", said),
        Message("assistant", None, (call,)),
        Message("tool", '{"card": "4111111111111111"}', tool_call_id="call_1"),
        Message("assistant", "I rang +491715550199 and wrote to ada@shop.org."),
    )
    outcome = redacted(PSEUDONYM, ChatRecord(messages), {"who": "ada@shop.org"})
    user, asked, result, answer = outcome.record.messages
    email = re.findall(r"[\w.-]+@[\w.]+", str(user.content))[0]
    assert email.endswith("@example.com")
    assert asked.tool_calls[0].arguments["to"] == [email]
    assert email in str(answer.content)
    assert json.loads(outcome.parameters) == {"who": email}
    phone = asked.tool_calls[0].arguments["phone"]
    assert re.fullmatch(r"0\d{3} \d{7}", phone)
    assert "+49 " + phone[1:] in str(user.content)
    assert "+49" + phone[1:].replace(" ", "") in str(answer.content)
    card = json.loads(str(result.content))["card"]
    assert card != "4" + "1" * 15
    assert " ".join(card[at : at + 4] for at in range(0, 16, 4)) in str(user.content)
    assert outcome.counts == {"card": 2, "email": 3, "phone": 3}
    assert said not in msgspec.json.encode(outcome.record).decode()


def test_surrogates_are_valid_in_form() -> None:
    text = "4111 1111 1111 1111 and DE89 3704 0044 0532 0130 00 and 93.184.216.34"
    outcome = redacted(PSEUDONYM, record(text, "ok"))
    card, account, address = str(outcome.record.messages[0].content).split(" and ")
    assert luhn.is_valid(card.replace(" ", ""))
    assert card[0] == "4"
    assert iban.is_valid(account, check_country=False)
    assert account.startswith("DE")
    assert account.count(" ") == 5
    assert address.startswith(("198.18.", "198.19."))
    key = redacted(PSEUDONYM, record("AKIAQ3EXAMPLE7RT2WPL", "ok")).record.messages[0].content
    assert re.fullmatch(r"AKIA[A-Z0-9]{16}", str(key))
    assert key != "AKIAQ3EXAMPLE7RT2WPL"


def test_another_key_draws_other_pseudonyms_and_the_same_key_the_same() -> None:
    other = Redact(RedactSpec(default="pseudonym", key="another"))
    public = Redact(RedactSpec(default="pseudonym"))
    made = [
        str(redacted(one, record("ada@shop.org", "ok")).record.messages[0].content)
        for one in (PSEUDONYM, PSEUDONYM, other, public)
    ]
    assert made[0] == made[1]
    assert len(set(made)) == 3


def test_masks_and_kinds_of_their_own() -> None:
    spec = RedactSpec(default="mask", kinds={"phone": "off", "email": "pseudonym"})
    outcome = redacted(
        Redact(spec), record("ada@shop.org, +49 171 5550199, DE89370400440532013000", "x")
    )
    assert re.fullmatch(
        r"person-\w{10}@example\.com, \+49 171 5550199, \[IBAN\]",
        str(outcome.record.messages[0].content),
    )
    assert outcome.counts == {"email": 1, "iban": 1}


def test_a_kind_that_is_dropped_takes_its_run_along_and_is_not_quoted() -> None:
    spec = RedactSpec(default="mask", kinds={"card": "drop"})
    outcome = Redact(spec)(record("hello", "card 4111 1111 1111 1111"))
    assert isinstance(outcome, Rejected)
    assert (outcome.stage, outcome.code) == ("redact", "sensitive_data")
    assert "card" in outcome.detail
    assert "$.messages[1]" in outcome.detail
    assert "4111" not in outcome.detail
    assert Redact(spec).clean("reason: 4111 1111 1111 1111") == "reason: [CARD]"


def test_json_stays_json_and_looks_as_before() -> None:
    value = {"user": {"email": "a@b.io", "password": "x", "age": 7}, "ids": [1, 2]}
    for text in (
        json.dumps(value, separators=(",", ":")),
        json.dumps(value),
        json.dumps(value, indent=2),
    ):
        outcome = redacted(MASK, record("q", text))
        answer = str(outcome.record.messages[1].content)
        assert json.loads(answer) == {
            "user": {"email": "[EMAIL]", "password": "[SECRET]", "age": 7},
            "ids": [1, 2],
        }
        assert answer.count("\n") == text.count("\n")
        assert answer.count(" ") == text.count(" ")


def test_numbers_stay_numbers() -> None:
    call = ToolCall("call_1", "pay", {"card": 4111111111111111, "pin": 4711, "amount": 1200000})
    messages = (Message("user", "q"), Message("assistant", None, (call,)))
    made = redacted(MASK, ChatRecord(messages)).record.messages[1].tool_calls[0].arguments
    assert [type(value) for value in made.values()] == [int, int, int]
    assert luhn.is_valid(str(made["card"]))
    assert made["card"] != 4111111111111111
    assert made["pin"] != 4711
    assert made["amount"] == 1200000


def test_a_password_that_was_told_once_is_a_secret_everywhere() -> None:
    call = ToolCall("call_1", "login", {"with": "Tr0ub4dor&3"})
    messages = (
        Message("user", "is Tr0ub4dor&3 strong?"),
        Message("assistant", None, (call,)),
        Message("user", "My password: Tr0ub4dor&3"),
    )
    made = redacted(MASK, ChatRecord(messages), ["Tr0ub4dor&3"])
    assert "Tr0ub4dor" not in msgspec.json.encode(made.record).decode()
    assert made.counts == {"password": 3}
    assert made.parameters == b'["[PASSWORD]"]'


def test_values_that_the_schema_names_stay() -> None:
    schema = msgspec.Raw(b'{"properties":{"desk":{"enum":["care@shop.org","x"]}}}')
    answer = '{"desk":"care@shop.org","from":"ada@shop.org"}'
    outcome = redacted(MASK, record("q", answer, response_schema=schema))
    assert json.loads(str(outcome.record.messages[1].content)) == {
        "desk": "care@shop.org",
        "from": "[EMAIL]",
    }


def test_what_is_allowed_stays() -> None:
    spec = RedactSpec(default="mask", allow=("shop.org", "+491715550199"))
    text = "care@shop.org, +49 171 5550199, ada@home.org"
    outcome = redacted(Redact(spec), record(text, "ok"))
    assert outcome.record.messages[0].content == "care@shop.org, +49 171 5550199, [EMAIL]"


def test_images_tools_and_schemas_are_not_touched() -> None:
    tool = Tool("mail", {"default": "care@shop.org"}, "writes to care@shop.org")
    image = ImagePart(mime_type="image/png", data="QUtJQVEzRVhBTVBMRTdSVDJXUEw=")
    signed = ImagePart(url="https://b.example/i.png?X-Goog-Signature=9fX2kLmQ7vTz4bNc8RwYp")
    given_ = ChatRecord(
        (Message("user", (image, signed, TextPart("a@b.io"))), Message("assistant", "ok")), (tool,)
    )
    outcome = redacted(MASK, given_)
    content = outcome.record.messages[0].content
    assert content == (
        image,
        ImagePart(url="https://b.example/i.png?X-Goog-Signature=[KEY]"),
        TextPart("[EMAIL]"),
    )
    assert outcome.record.tools == (tool,)


def test_redacting_twice_is_redacting_once() -> None:
    text = "a@b.io, 4111 1111 1111 1111, DE89370400440532013000, password: hunter2!"
    once = redacted(MASK, record(text, "ok"))
    assert redacted(MASK, once.record).counts == {}
    email = redacted(PSEUDONYM, record("a@b.io", "ok"))
    assert redacted(PSEUDONYM, email.record).counts == {}


TEXTS = st.text() | st.sampled_from(
    [
        "a@b.io",
        "+49 171 5550199",
        "4111111111111111",
        "DE89370400440532013000",
        "password: hunter2!",
        '{"pin": 1234, "a": ["a@b.io"]}',
        "[",
        "93.184.216.34",
    ]
)
VALUES = st.recursive(
    TEXTS | st.integers() | st.none() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["pin", "token", "phone", "x"]) | TEXTS, inner, max_size=3
        )
    ),
    max_leaves=6,
)
ACTIONS = st.sampled_from(["off", "mask", "pseudonym", "drop"])
SPECS = st.builds(
    RedactSpec,
    default=ACTIONS,
    kinds=st.dictionaries(st.sampled_from(get_args(PrivateKind)), ACTIONS, max_size=3),
)


def form(value: Any) -> Any:
    """The keys and kinds of a JSON value."""
    match value:
        case dict():
            return {key: form(inner) for key, inner in value.items()}
        case list():
            return [form(inner) for inner in value]
    return type(value).__name__


@settings(max_examples=200)
@given(SPECS, TEXTS, st.dictionaries(TEXTS, VALUES, max_size=4))
def test_any_record_gives_a_verdict_and_keeps_its_form(
    spec: RedactSpec, text: str, arguments: dict[str, Any]
) -> None:
    call = ToolCall("call_1", "f", arguments)
    answer = json.dumps(arguments)
    given_ = ChatRecord((Message("user", text), Message("assistant", answer, (call,))))
    outcome = Redact(spec)(given_, json.dumps(arguments).encode(), text)
    assert isinstance(outcome, Redacted | Rejected)
    if isinstance(outcome, Rejected):
        return
    made = outcome.record.messages[1]
    assert form(made.tool_calls[0].arguments) == form(arguments)
    assert form(json.loads(str(made.content))) == form(arguments)
    if not outcome.counts:
        assert outcome.record == given_
