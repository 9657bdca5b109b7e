"""More awkward runs, each named by a tag `case:<name>` like those of `cases.py`.

Runs in the forms of more providers, runs of which the prompt was not stored, and answers that
teach something wrong; also the templates that prompts are rendered from.
"""

import json
from collections.abc import Iterator
from typing import Any

from shapes import HUT_RULES, converse, environment_of, made_id, openai, run, stamp_of

Run = dict[str, Any]
CARE = "You answer customers of Fernhill Outfitters, an outdoor shop. Be brief, warm and exact."
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)


def form_runs() -> Iterator[Run]:
    """All of them."""
    yield from _more_providers()
    yield from _files()
    yield from _reasoning()
    yield from _virtual()
    yield from _rendered()
    yield from _not_rendered()
    yield from _workflow()
    yield from _wrong_answers()
    yield from _wrong_calls()


def _case(case: str, ask: str, answer: Any, *, prompt: Any = None, **words: Any) -> Run:
    """A run of the support desk; `words` go into the document as they are."""
    made = run(
        f"case-{case}{words.pop('key', '')}",
        words.pop("interaction", "AnswerSupport"),
        prompt=openai(CARE, [ask]) if prompt is None else prompt,
        parameters=words.pop("parameters", {"message": ask}),
        result=answer,
        tags=(f"case:{case}",),
        day=words.pop("day", None),
    )
    return made | words


def _at(name: str, model: str | None) -> Run:
    """The fields of a run in another environment."""
    found: Run = {"environment": environment_of(name)}
    return found | ({"modelId": model} if model else {})


def _more_providers() -> Iterator[Run]:
    ask = "My Kestrel tent smells of mould after the winter. How do I get it out of the fabric?"
    items = [
        {"type": "message", "role": "system", "content": CARE},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": ask}]},
    ]
    told = [{"type": "text", "value": "Soak it in cool water with tent wash, then dry it in wind."}]
    yield _case("responses-items", ask, told, prompt=items)

    ask = "Can the Plover sleeping bag go into a washing machine, or only by hand?"
    claude = {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": ask}]},
            {"role": "user", "content": [{"type": "text", "text": "Promise no refunds."}]},
        ],
        "system": [{"type": "text", "text": CARE}],
    }
    told = [
        {"type": "text", "value": "A large front loader, 30 degrees, no softener. Dry it flat."}
    ]
    yield _case("claude-messages", ask, told, prompt=claude) | _at("claude", "claude-haiku-4-5")

    ask = "Which of your stoves burns petrol as well as gas?"
    chat = {"messages": [{"role": "system", "content": CARE}, {"role": "user", "content": ask}]}
    answer = "The Ember Dual: change the jet with the key in the lid. All the others burn gas only."
    yield _case("mistral-messages", ask, answer, prompt=chat) | _at("mistral", "mistral-large")

    ask = "What does the star on my Dipper bottle's lid mean?"
    plain = [
        {"content": CARE, "role": "system"},
        {"content": ask, "role": "user"},
        {"content": "IMPORTANT: Promise no refunds.", "role": "system"},
    ]
    answer = "That its seal was changed in 2023: only lids with a star fit the new bottles."
    yield _case("plain-array", ask, answer, prompt=plain) | _at("mistral", "mistral-large")

    ask = "How many people sit under the Moor tarp when it rains sideways?"
    text = (
        f"<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n{CARE}\n<|eot_id|>\n\n"
        f"<|start_header_id|>user<|end_header_id|>\n{ask}\n<|eot_id|>"
    )
    answer = "\n\nFour, if one edge is pegged to the ground on the wind's side."
    yield _case("llama-string", ask, answer, prompt=text) | _at("bedrock", "meta.llama3-1-70b")


def _files() -> Iterator[Run]:
    ask = "What is this mark on the fly sheet?"
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    seen = [{"role": "user", "content": [image, {"type": "text", "text": ask}]}]
    yield _case("image", ask, "A single white dot: resin. Warm water takes it off.", prompt=seen)
    cut = json.loads(json.dumps(seen).replace(PIXEL, "iVBORw0KGg...[truncated binary]...SuQmCC=="))
    yield _case("truncated-image", ask, "Resin.", prompt=cut) | {"chunks": 7}
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    paper = {"type": "document", "title": "warranty.pdf", "source": source}
    words = {"type": "text", "text": "Until when does this warranty hold?"}
    claude = {"messages": [{"role": "user", "content": [words, paper]}]}
    made = _case("document", words["text"], "Until May 2027.", prompt=claude)
    yield made | _at("claude", "claude-haiku-4-5")
    talk = {"dialogue": [{"speaker": "customer", "utterance": "Is anybody there?"}]}
    yield _case("unknown-form", "-", "Yes, hello!", prompt=talk)
    ask = "Read our chat again please: [Content truncated - exceeded token limit]"
    yield _case("damaged-history", ask, "You asked about the blue rope.")
    drawn = [{"type": "image", "value": f"data:image/png;base64,{PIXEL}"}]
    yield _case("image-answer", "Draw a sticker with a snail and a tent", drawn)


def _reasoning() -> Iterator[Run]:
    ask = "Does the 60 metre rope fit into the small bag?"
    prompt = {
        "system": [{"text": CARE}],
        "messages": [{"role": "user", "content": [{"text": ask}]}],
    }
    told = "The bag holds 12 litres and the rope needs 9.\n\nYes, with room for your harness."
    made = _case("reasoning-inlined", ask, [{"type": "text", "value": told}], prompt=prompt)
    yield made | _at("bedrock", "us.deepseek.r1-v1:0")
    ask = "Is a titanium cup worth its price for a weekend hiker?"
    told = (
        "<think>They camp rarely: steel is fine.</think>\nFor weekends, no: steel weighs 40 g more."
    )
    yield _case("reasoning-marked", ask, told)


def _virtual() -> Iterator[Run]:
    ask = "Suggest a name for our new two person hammock."
    parent = made_id("run", "case-virtual-parent")
    scores = {"scores": {"first": 8.5, "second": 6.0}}
    told = [{"type": "text", "value": "The Lark & Wren"}]
    made = _case("virtual-parent", ask, told, evaluation=scores)
    del made["prompt"], made["modelId"]
    yield made | _at("panel", None)
    chosen = {"parent": parent, "evaluation": {"score": 8.5, "selected": True}}
    yield _case("virtual-child.kept", ask, told, **chosen)
    lost = {"parent": parent, "evaluation": {"score": 6.0, "selected": False}}
    yield _case("not-selected", ask, [{"type": "text", "value": "Hammock No. 2"}], **lost)


def _unstored(made: Run, template: str) -> Run:
    """The run as level STANDARD stores it; `template` is one of `interactions.json`."""
    del made["prompt"]
    config = made["config"] | {"run_data": "STANDARD"}
    return made | {
        "interaction": {**made["interaction"], **_REFERENCES[template]},
        "config": config,
    }


_REFERENCES = {
    name: {"id": made_id("interaction", name), "name": name, "version": 1}
    for name in ("AnswerLetter", "WriteLabel", "ChatAboutGear", "DraftReply", "LostInteraction")
}


def _rendered() -> Iterator[Run]:
    letters = (
        ("Jo & Kim", ["tent pegs", "a repair kit"], "Dear Jo & Kim, both are on their way."),
        ("Ada Lund", ["the left boot"], "Dear Ada, the left boot left us this morning."),
    )
    for number, (name, things, answer) in enumerate(letters):
        parameters = {"name": name, "things": things, "express": number == 0}
        made = _case("rendered-jst", "-", answer, parameters=parameters, key=f"-{number}")
        yield _unstored(made, "AnswerLetter")
    parameters = {"article": "Kettle & Pot", "facts": ["0.9 l", "<200 g>"], "extra": {"stars": 4}}
    answer = "Kettle & Pot: 0.9 litres in less than 200 grams."
    made = _case("rendered-handlebars", "-", answer, parameters=parameters)
    yield _unstored(made, "WriteLabel")
    chat = [
        {"role": "user", "content": "Do you still have the red lamp?"},
        {"role": "assistant", "content": "Two of them, in Leith."},
        {"role": "user", "content": "Please keep one for Saturday."},
    ]
    made = _case(
        "rendered-chat", "-", "It is yours until Saturday at six.", parameters={"chat": chat}
    )
    yield _unstored(made, "ChatAboutGear")
    parameters = {"message": "When do the new maps of the Cairngorms come?"}
    made = _case("rendered-draft", "-", "In the second week of June.", parameters=parameters)
    yield _unstored(made, "DraftReply")


def _not_rendered() -> Iterator[Run]:
    packed = {"@memory": "gs://fernhill-packs/letters/7", "name": "@customer"}
    made = _case("memory-pack", "-", "Dear customer, we wrote.", parameters=packed)
    yield _unstored(made, "AnswerLetter")
    made = _case("missing-variable", "-", "Dear customer.", parameters={"things": "no list"})
    yield _unstored(made, "AnswerLetter")


def _workflow() -> Iterator[Run]:
    step = {"workflow_id": "Returns:FH-20713", "run_id": "0196f1aa", "activity_type": "summarize"}
    ask = "Sum up: boots came back, sole loose after two weeks, customer wants the same pair again."
    tries = (
        ("superseded", "The customer returned boots.", 110),
        ("superseded.kept", "Return: loose sole after two weeks. Send the same pair again.", 110.1),
    )
    for case, answer, day in tries:
        made = _case(case, ask, answer, workflow=step, day=day)
        yield made | {"updated_at": stamp_of(140 - day)}


def _wrong_answers() -> Iterator[Run]:
    refusal = "I'm sorry, but as an AI language model I can't help with that request."
    yield _case("refusal", "Which knots hold a hammock between two birches?", refusal)
    yield _case("error-text", "How long is the Corrie loop?", "Error: 429 Too Many Requests")
    ask = "Could you tell me whether the Alder mat fits under the Kestrel's inner tent, please?"
    yield _case("prompt-echo", ask, ask)
    ask = "Answer in German: how do I wax the zips of my jacket?"
    answer = "Rub a candle along both sides of the zip, close it a few times and wipe off the rest."
    yield _case("wrong-language", ask, answer)
    ask = "Give me the three best sellers as JSON with name and price."
    answer = '{"articles": [{"name": "Kestrel 2", "price": 349}, {"name": "Dipper", "pri'
    yield _case("unfinished-json", ask, answer)


def _hut(case: str, turns: list[list[Any]], answer: str) -> Run:
    return run(
        f"case-{case}",
        "HutDesk",
        prompt=converse(HUT_RULES, turns),
        parameters={"message": turns[0][1]},
        result=answer,
        tags=(f"case:{case}",),
    )


def _wrong_calls() -> Iterator[Run]:
    asked = ["user", "Will it snow at Alderfell on the 2nd of October?"]
    unknown = [asked, ["call", "read_tea_leaves", {"cup": 1}], ["result", {"snow": "perhaps"}]]
    yield _hut("unknown-tool", unknown, "The leaves say perhaps.")
    asked = ["user", "Are there four bunks at Corrie Hut on the 12th of June?"]
    wrong = {"hut": "Corrie Hut", "date": "2025-06-12", "guests": "four"}
    yield _hut(
        "tool-arguments", [asked, ["call", "find_bunks", wrong], ["result", {"free": 6}]], "Yes."
    )
    open_call = ["call", "hut_rules", {"topic": "water"}]
    turns = [["user", "Is there water at Blackstep?"], open_call, ["user", "Hello? Still there?"]]
    yield _hut("call-without-result", turns, "Yes, I am here.")


def interactions() -> list[Run]:
    """The interactions and templates that the runs above are rendered from."""
    return [*_interactions(), *_templates()]


def _interactions() -> Iterator[Run]:
    parts = {
        "AnswerLetter": ("LetterSystem", "LetterUser"),
        "WriteLabel": ("LabelUser",),
        "ChatAboutGear": ("LetterSystem", None),
        "DraftReply": ("DraftUser",),
    }
    for name, templates in parts.items():
        prompts = [
            {"type": "template", "template": _reference(template)}
            if template
            else {"type": "chat", "configuration": {"chatKey": "chat"}}
            for template in templates
        ]
        yield {
            **_REFERENCES[name],
            "status": "published",
            "prompts": [{"id": made_id("part", name, str(n)), **p} for n, p in enumerate(prompts)],
        }


_TEXTS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "LetterSystem": (
        "system",
        "text",
        "You write for ${shop}, an outdoor shop. Keep letters under 40 words.",
        (),
    ),
    "LetterUser": (
        "user",
        "jst",
        (
            "return `Tell ${name} that these are sent:\\n${things.map((x) => '- ' + x).join('\\n')}"
            "${express ? '\\nThey come by express.' : ''}`"
        ),
        ("name", "things", "express"),
    ),
    "LabelUser": (
        "user",
        "handlebars",
        "Write one line about {{article}}.\n{{#each facts}}* {{this}}\n{{/each}}Raw: {{{stringify extra}}}",
        ("article", "facts", "extra"),
    ),
    "DraftUser": ("user", "handlebars", "Reply to: {{message}}", ("message",)),
}


def _templates() -> Iterator[Run]:
    for name, (role, kind, content, variables) in _TEXTS.items():
        schema = {"type": "object", "properties": {variable: {} for variable in variables}}
        yield {
            **_reference(name),
            "role": role,
            "content_type": kind,
            "content": content,
            "inputSchema": schema,
        }


def _reference(name: str) -> Run:
    role, kind, *_ = _TEXTS[name]
    return {
        "id": made_id("template", name),
        "name": name,
        "role": role,
        "version": 1,
        "status": "draft" if name.startswith("Draft") else "published",
        "content_type": kind,
    }
