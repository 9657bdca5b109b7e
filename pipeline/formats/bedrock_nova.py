"""Amazon Nova supervised fine-tuning: turns as Converse writes them, images in S3.

AWS's pages and programs differ; what is held to here: tools are taken (the Nova 2 guide and both
validators of AWS; the Bedrock guide's page on Nova 2 says that they might fail a job). Whether a
line has a system prompt, an image, reasoning or a call may differ from line to line: one of AWS's
validators (`amzn-nova-forge`) wants an optional field in all lines of a file or in none, no page
does, and the guide asks for examples with and without a call. `bucketOwner` may be left out, and
is: a record does not know it. Imports `records` and the shared files of this room.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.format import Format, Limits, Problem, Rule, Source
from pipeline.formats.mends.converse import (
    inputs_as_objects,
    texts_in_blocks,
    unused_blocks_dropped,
    version_added,
)
from pipeline.formats.mends.fields import unknown_keys_dropped
from pipeline.formats.mends.places import CHAT
from pipeline.formats.mends.systems import systems_lifted
from pipeline.formats.mends.turns import tail_dropped, turns_merged
from pipeline.formats.rules.converse import (
    BLOCK_RULES,
    blocks_are_in_order,
    blocks_of,
    calls_are_on_offer,
    results_answer_calls,
    texts_are_not_empty,
    tools_are_named_once,
)
from pipeline.formats.rules.images import image_rules
from pipeline.formats.rules.json_schemas import is_json_schema
from pipeline.formats.rules.turns import (
    ALTERNATION,
    FIRST_MESSAGE,
    LAST_MESSAGE,
    alternates,
    begins_with,
    cited,
    ends_with,
)
from pipeline.formats.unread import at_places
from pipeline.formats.wires.converse import (
    ENCODER,
    WireText,
    WireTools,
    WireTurn,
    decode_system,
    decode_tools,
    decode_turns,
    encode_system,
    encode_tools,
    encode_turns,
)
from pipeline.records import ChatRecord

__all__ = ["BEDROCK_NOVA"]


class _Line(Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    schema_version: str
    system: tuple[WireText, ...] = ()
    tool_config: WireTools | UnsetType = UNSET
    messages: tuple[WireTurn, ...]


_DECODER = msgspec.json.Decoder(_Line)
_VERSION = "bedrock-conversation-2024"
_GUIDE = Source(
    "https://docs.aws.amazon.com/nova/latest/nova2-userguide/nova-data-prep-sft-2.html",
    "2026-11-26",
)
_NOVA_1 = Source(
    "https://docs.aws.amazon.com/nova/latest/userguide/fine-tune-prepare-data-understanding.html",
    "2026-11-26",
)
_TRAINING = Source(
    "https://docs.aws.amazon.com/nova/latest/nova2-userguide/nova-sft-2-smhp.html", "2026-11-26"
)
_VALIDATOR = Source(
    "https://github.com/aws-samples/amazon-nova-samples/tree/main/customization/"
    "bedrock-finetuning/understanding/dataset_validation",
    "2026-11-26",
)
_FORGE = Source(
    "https://github.com/aws/nova-forge-sdk, dataset_checks_config.py of 1.4.10", "2026-11-26"
)

_LIMITS = Limits(
    min_examples=8,
    max_examples=20_000,
    max_images=10,
    max_image_bytes=10_000_000,
    max_example_tokens=32_768,
    sources={
        "min_examples": _NOVA_1,
        "max_examples": _NOVA_1,
        "max_images": _GUIDE,
        "max_image_bytes": _GUIDE,
        "max_example_tokens": _TRAINING,
    },
)
"""Of every model; Nova 2 Lite takes 200 examples or more on Bedrock (the catalog has it)."""

_RESERVED = (
    *("System:", "SYSTEM:", "User:", "USER:", "Bot:", "BOT:", "Assistant:", "ASSISTANT:"),
    *("Thought:", "[EOS]", "<image>", "<video>", "<unk>"),
)
"""In the letters in which AWS gives them: seven on the page, the others in its validators."""
_RESERVED_WORD = re.compile("|".join(map(re.escape, _RESERVED)))

_RULES: dict[str, Rule] = {
    "first-message": cited(FIRST_MESSAGE, _GUIDE),
    "last-message": cited(LAST_MESSAGE, _GUIDE),
    "alternation": cited(ALTERNATION, _GUIDE),
    "reserved-word": Rule(
        f"No text has one of the reserved words {' '.join(_RESERVED)}",
        "write another word that means the same",
        _FORGE,
    ),
    "empty-text": Rule(
        "A turn with text and without an image has a letter of text",
        "leave the empty text out, or the line",
        _VALIDATOR,
    ),
    **BLOCK_RULES,
    "tool-name": Rule("Tools on offer have names of their own", "rename one", _VALIDATOR),
    "input-schema": Rule(
        "A tool's inputSchema is a JSON Schema",
        "write its types in small letters: object, string, number, integer, boolean, array",
        _GUIDE,
    ),
    "undeclared-tool": Rule(
        "The tool of every call is in toolConfig", "put the tool into toolConfig", _GUIDE
    ),
    "call-id": Rule(
        "Every call of the conversation has an id of its own",
        "give the call another id, and its result the same",
        _GUIDE,
    ),
    "orphan-result": Rule(
        "A toolResult answers a call of the turn before it, once",
        "give it the toolUseId of that call, or leave the result out",
        _GUIDE,
    ),
    "images": image_rules(_LIMITS)["images"],
    "bucket": Rule(
        "All images of a file lie in one bucket, that of the file itself",
        "copy the images to the bucket of the file",
        _GUIDE,
    ),
}


def _encode(record: ChatRecord) -> bytes:
    line = _Line(
        schema_version=_VERSION,
        system=encode_system(record.messages),
        tool_config=encode_tools(record.tools),
        messages=encode_turns(record.messages),
    )
    return ENCODER.encode(line)


def _decode(line: bytes) -> ChatRecord:
    """Without `bucketOwner`; JSON of a tool's result becomes text."""
    read = _DECODER.decode(line)
    messages = (*decode_system(read.system), *decode_turns(read.messages))
    return ChatRecord(messages, decode_tools(read.tool_config))


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    turns = line["messages"]
    yield from begins_with("user", turns)
    yield from ends_with("assistant", turns)
    yield from alternates(turns)
    for pointer, text in _texts_of(line):
        if _RESERVED_WORD.search(text):
            words = ", ".join(dict.fromkeys(_RESERVED_WORD.findall(text)))
            yield Problem("reserved-word", pointer, f"has the reserved {words}")
    yield from texts_are_not_empty(turns)
    kinds = {kind for turn in turns for block in turn["content"] for kind in block}
    if kinds & {"reasoningContent", "toolUse"}:
        yield from blocks_are_in_order(turns)
    if "image" in kinds:
        yield from _too_many_images(turns)
    tools = line["toolConfig"]["tools"] if "toolConfig" in line else ()
    if tools:
        yield from tools_are_named_once(tools)
        for number, tool in enumerate(tools):
            schema = tool["toolSpec"]["inputSchema"]["json"]
            at = f"/toolConfig/tools/{number}/toolSpec/inputSchema/json"
            yield from is_json_schema(schema, at)
    if kinds & {"toolUse", "toolResult"}:
        yield from calls_are_on_offer(turns, tools)
        yield from results_answer_calls(turns)


def _texts_of(line: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text that AWS looks into, with its pointer."""
    for number, part in enumerate(line.get("system", ())):
        yield f"/system/{number}/text", part["text"]
    for number, turn in enumerate(line["messages"]):
        for place, block in enumerate(turn["content"]):
            at = f"/messages/{number}/content/{place}"
            if "text" in block:
                yield f"{at}/text", block["text"]
            elif "reasoningContent" in block:
                text = block["reasoningContent"]["reasoningText"]["text"]
                yield f"{at}/reasoningContent/reasoningText/text", text
            elif "toolResult" in block:
                for index, part in enumerate(block["toolResult"]["content"]):
                    if "text" in part:
                        yield f"{at}/toolResult/content/{index}/text", part["text"]


def _too_many_images(turns: list[dict[str, Any]]) -> Iterator[Problem]:
    most = _LIMITS.max_images
    for seen, (pointer, _) in enumerate(blocks_of("image", turns), start=1):
        if most is not None and seen == most + 1:
            said = f"is image number {seen}; {most} are taken in one example"
            yield Problem("images", pointer, said)


def _across() -> Callable[[dict[str, Any]], Iterable[Problem]]:
    """`bucket`: the first image of a file says where the others lie."""
    bucket = ""

    def judge(line: dict[str, Any]) -> Iterator[Problem]:
        nonlocal bucket
        for pointer, image in blocks_of("image", line["messages"]):
            uri = image["source"]["s3Location"]["uri"]
            found = uri.removeprefix("s3://").partition("/")[0]
            bucket = bucket or found
            if found != bucket:
                said = f"lies in another bucket than {bucket}, where the file's first image lies"
                yield Problem("bucket", f"{pointer}/source/s3Location/uri", said)

    return judge


BEDROCK_NOVA = Format(
    name="bedrock-nova",
    title="Amazon Bedrock, supervised fine-tuning of Nova",
    kind="chat",
    schema="bedrock-nova",
    source=_GUIDE,
    limits=_LIMITS,
    carries=Carries(
        several_systems="joined",
        later_system="refused",
        same_role_turns="merged",
        content_beside_calls="never_empty",
        images=("s3",),
        image_types=("image/png", "image/jpeg", "image/gif", "image/webp"),
        image_turns="user",
        weight="refused",
        reasoning="kept",
    ),
    rules=_RULES,
    encode=_encode,
    decode=_decode,
    break_rules=_break_rules,
    across=_across,
    unread=at_places("messages/*/content/*/image/source/s3Location/bucketOwner"),
    mends=(
        unused_blocks_dropped(),
        version_added(_VERSION),
        texts_in_blocks(),
        inputs_as_objects(),
        systems_lifted(in_parts=True),
        unknown_keys_dropped("schemaVersion", "system", "toolConfig", "messages"),
        turns_merged(CHAT),
        tail_dropped(CHAT),
    ),
)
"""Text, images in S3, tools; reasoning for Nova 2 alone."""
