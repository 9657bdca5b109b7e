"""Every oracle takes a good line and refuses broken ones: it is really asked, and really answers.

The lines are those of the providers' own pages, each broken in a way that the oracle is known to
see (and that our own code has no part in).
"""

import json
from typing import Any

import pytest

from tests.oracles.judges import google_genai_package, together_package
from tests.oracles.oracle import FileOracle, Oracle
from tests.oracles.register import FILE_JUDGES, JUDGES

ASKED = {"role": "user", "content": "Next bus?"}
DONE = {"role": "assistant", "content": "At 14:05."}
CALL = {"id": "TX92Jm8Zi", "type": "function", "function": {"name": "bus", "arguments": "{}"}}
CALLING = {"role": "assistant", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "TX92Jm8Zi", "content": "14:05"}
TOOL = {
    "type": "function",
    "function": {
        "name": "bus",
        "description": "Departures",
        "parameters": {"type": "object", "properties": {}},
    },
}
CHAT = {"messages": [ASKED, CALLING, RESULT, DONE], "tools": [TOOL]}
PLAIN = {"messages": [ASKED, DONE]}
PAIR = {
    "input": {"messages": [ASKED]},
    "preferred_output": [DONE],
    "non_preferred_output": [{"role": "assistant", "content": "No."}],
}
ADDED = {"messages": [ASKED, DONE | {"thoughts": "Hm."}]}
WEIGHED = {"messages": [ASKED, DONE | {"weight": 0.5}]}
OF_NOBODY = {"messages": [ASKED | {"role": "human"}, DONE]}
OBJECT = {
    "messages": [
        ASKED,
        {
            "role": "assistant",
            "tool_calls": [CALL | {"function": {"name": "bus", "arguments": {}}}],
        },
    ]
}
CONTENTS = [
    {"role": "user", "parts": [{"text": "Legs?"}]},
    {"role": "model", "parts": [{"text": "8"}]},
]
COMPLETIONS = [{"score": score, "completion": CONTENTS[1]} for score in (1, 0)]
NOVA_TURNS = [
    {"role": "user", "content": [{"text": "Legs?"}]},
    {"role": "assistant", "content": [{"text": "Eight."}]},
]
NOVA = {"schemaVersion": "bedrock-conversation-2024", "messages": NOVA_TURNS}
CLAUDE = {"system": "Be brief.", "messages": [ASKED, DONE]}
PROMPT = {"prompt": "2+2=", "completion": "4"}
TRL = {
    "messages": [
        ASKED,
        CALLING | {"tool_calls": [CALL | {"function": {"name": "bus", "arguments": {}}}]},
        RESULT,
        DONE,
    ],
    "tools": [TOOL],
}

GOOD_AND_BROKEN: dict[str, tuple[Any, list[Any]]] = {
    "openai-schema": (CHAT, [WEIGHED, OF_NOBODY, OBJECT]),
    "openai-types": (CHAT, [ADDED, OF_NOBODY, OBJECT, CHAT | {"answer": 4}]),
    "openai-schema-dpo": (PAIR, [PAIR | {"preferred_output": [DONE, DONE]}, PAIR | {"input": 1}]),
    "openai-types-dpo": (PAIR, [PAIR | {"preferred_output": [ASKED]}, PLAIN]),
    "together": (CHAT, [WEIGHED, OF_NOBODY, CHAT | {"id": 1}, {"messages": [ASKED]}]),
    "together-1.5": (PLAIN, [WEIGHED, {"messages": [ASKED, ASKED, DONE]}]),
    "mistral-v3": (
        CHAT,
        [
            WEIGHED,
            ADDED,
            {"messages": [DONE, ASKED]},
            {"messages": [ASKED, CALLING | {"content": "Hm."}]},
        ],
    ),
    "mistral-v11": (
        CHAT,
        [{"messages": [ASKED, CALLING, RESULT | {"tool_call_id": "AAAAAAAA1"}, DONE]}],
    ),
    "gemini-example": (
        {"contents": CONTENTS},
        [{"contents": CONTENTS, "answer": 4}, {"contents": [{"parts": "Legs?"}]}],
    ),
    "gemini-preference-example": (
        {"contents": CONTENTS[:1], "completions": COMPLETIONS},
        [
            {"contents": CONTENTS[:1], "completions": [{"score": "high"}]},
            {"contents": CONTENTS, "systemInstruction": 1},
        ],
    ),
    "gemini-history": (
        {"contents": CONTENTS},
        [
            {"contents": [CONTENTS[0] | {"parts": []}]},
            {"contents": [CONTENTS[0] | {"role": "assistant"}]},
        ],
    ),
    "nova-forge": (
        NOVA,
        [
            NOVA | {"messages": NOVA_TURNS[:1]},
            NOVA | {"messages": NOVA_TURNS[::-1]},
            NOVA | {"system": [{"text": "User: hm"}]},
        ],
    ),
    "bedrock-converse": (NOVA, [NOVA | {"messages": [{"role": "user", "content": [{"txt": ""}]}]}]),
    "sagemaker-converse": (
        NOVA,
        [NOVA | {"messages": NOVA_TURNS[:1]}, NOVA | {"system": "Be brief."}],
    ),
    "sagemaker-sft": (PROMPT, [PROMPT | {"completion": 4}, PLAIN]),
    "sagemaker-prompt-completion": (PROMPT, [PROMPT | {"completion": 4}, PLAIN]),
    "anthropic-types": (
        CLAUDE,
        [CLAUDE | {"system": 1}, CLAUDE | {"messages": [ASKED | {"content": [{"type": "film"}]}]}],
    ),
    "trl": (
        TRL,
        [
            {"prompt": [ASKED], "messages": [DONE]},
            {"text": "Legs?"},
            {"prompt": [ASKED | {"role": "system"}]},
        ],
    ),
}
ORACLES = {one.name: one for oracles in JUDGES.values() for one in oracles}
FILE_ORACLES = {one.name: one for oracles in FILE_JUDGES.values() for one in oracles}


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_there_are_lines_for_every_oracle() -> None:
    assert GOOD_AND_BROKEN.keys() == ORACLES.keys()


@pytest.mark.parametrize("oracle", ORACLES.values(), ids=ORACLES)
def test_an_oracle_takes_a_good_line(oracle: Oracle) -> None:
    good, _ = GOOD_AND_BROKEN[oracle.name]
    assert oracle.knows(good)
    assert oracle.judge(written(good)) is None


@pytest.mark.parametrize("oracle", ORACLES.values(), ids=ORACLES)
def test_an_oracle_refuses_broken_lines(oracle: Oracle) -> None:
    _, broken = GOOD_AND_BROKEN[oracle.name]
    for line in broken:
        assert oracle.judge(written(line)), line


@pytest.mark.parametrize("oracle", ORACLES.values(), ids=ORACLES)
@pytest.mark.parametrize("line", [b"", b"{", b"\xff", b"[" * 5_000, b"null"])
def test_what_is_no_line_is_refused_by_all(oracle: Oracle, line: bytes) -> None:
    assert oracle.judge(line)


@pytest.mark.parametrize(
    ("name", "good", "broken"),
    [
        ("nova-forge-file", [NOVA, NOVA], [NOVA, NOVA | {"system": [{"text": "Be brief."}]}]),
        ("together-file", [PLAIN, CHAT], [PLAIN, PAIR]),
        ("datasets", [TRL, PLAIN], [PLAIN, 1]),
    ],
)
def test_a_file_is_taken_or_refused(name: str, good: list[Any], broken: list[Any]) -> None:
    oracle: FileOracle = FILE_ORACLES[name]
    assert oracle.judge([written(line) for line in good]) is None
    assert oracle.judge([written(line) for line in broken])


def test_the_old_together_is_another_one() -> None:
    line = written({"messages": [ASKED, ASKED, DONE]})
    assert together_package.judge(line) is None
    assert together_package.judge_old(line)
    assert not together_package.has_no_tools(CHAT)


def test_the_models_of_google_take_both_spellings() -> None:
    instruction = {"parts": [{"text": "Be brief."}]}
    for name in ("systemInstruction", "system_instruction"):
        line = written({"contents": CONTENTS, name: instruction})
        assert google_genai_package.judge_chat(line) is None
