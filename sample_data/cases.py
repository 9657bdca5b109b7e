"""The awkward runs, each named by a tag `case:<name>`; README.md says what becomes of them.

A run that stays beside one that leaves is tagged `case:<name>.kept`.
"""

import json
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from shapes import HUT_RULES, converse, gemini, made_id, openai, run, texts

Run = dict[str, Any]
CARE = "You answer customers of Fernhill Outfitters, an outdoor shop. Be brief, warm and exact."


def case_runs() -> Iterator[Run]:
    """All of them."""
    yield from _exact_duplicates()
    yield from _near_duplicates()
    yield from _chain()
    yield from _conflicts()
    yield from _same_words()
    yield from _not_asked_for()
    yield from _not_stored()
    yield from _shapes_not_read()
    yield from _bad_answers()
    yield from _secrets()
    yield from _tools()
    yield from _unusual_but_good()
    yield from _scripts()
    yield from _long()


def _support(case: str, ask: str, answer: Any, *, key: str = "", **words: Any) -> Run:
    return run(
        f"case-{case}{key}",
        "AnswerSupport",
        prompt=openai(CARE, [ask]),
        parameters={"message": ask},
        result=answer,
        tags=(f"case:{case}",),
        **words,
    )


def _ticket(case: str, ask: str, team: str, urgent: Any, **words: Any) -> Run:
    return run(
        f"case-{case}",
        "RouteTicket",
        prompt=openai(None, [texts("classify")["template"]["before"] + ask]),
        parameters={"message": ask},
        result={"team": team, "urgent": urgent},
        tags=(f"case:{case}",),
        **words,
    )


def _exact_duplicates() -> Iterator[Run]:
    ask = "Hello, do you still make the old Tarn backpack with the leather straps? Mine is 19 years old."
    answer = (
        "We stopped making it in 2011, and we miss it too. The workshop can put new leather straps "
        "on yours for 45 euros, if the back panel is still sound."
    )
    yield _support("exact-duplicate.kept", ask, answer, score=0.9, day=20)
    yield _support("exact-duplicate", ask, answer, key="-1", score=0.5, day=21)
    yield _support("exact-duplicate", ask, answer, key="-2", day=22)
    ask = "tracking says 'handed to Gary'. there is no Gary here."
    yield _ticket("exact-duplicate-template.kept", ask, "delivery", urgent=False, day=40)
    yield _ticket("exact-duplicate-template", ask, "delivery", urgent=False, day=39)


def _near_duplicates() -> Iterator[Run]:
    ask = (
        "The inner tent of my Kestrel 2 has a tear of about four centimetres near the left door, "
        "probably from a dog's claw. Can I repair it myself, or do I have to send it in?"
    )
    answer = (
        "You can do it yourself: clean the fabric with alcohol, cut a round patch of tent tape "
        "two centimetres larger than the tear, press it on from both sides and leave it for a day."
    )
    yield _support("near-duplicate.kept", ask, answer, score=0.9, day=30)
    changed = ask.replace("probably", "presumably")
    yield _support("near-duplicate", changed, answer, key="-1", score=0.8, day=31)
    added = ask.replace("Can I repair", "Can I perhaps repair")
    yield _support("near-duplicate", added, answer, key="-2", score=0.7, day=32)

    ask = (
        "Guten Tag, meine Tochter hat bei Ihnen einen Rucksack für die Klassenfahrt ausgesucht, "
        "jetzt ist er in der Farbe Petrol nicht mehr lieferbar. Kommt diese Farbe noch einmal?"
    )
    answer = (
        "Guten Tag, ja: Petrol kommt Mitte Mai wieder. Wir haben einen Rucksack für Ihre Tochter "
        "vorgemerkt und schreiben Ihnen, sobald er da ist."
    )
    yield _support("near-duplicate-german.kept", ask, answer, score=0.9, day=33)
    changed = ask.replace("jetzt ist er", "nun ist er")
    yield _support("near-duplicate-german", changed, answer, score=0.6, day=34)

    ask = (
        "Paid for express because the school trip leaves on Wednesday morning, and the tracking "
        "page now says Friday. Can somebody stop the van or send a second one?"
    )
    yield _ticket("near-duplicate-template.kept", ask, "delivery", urgent=True, day=51)
    changed = ask.replace("somebody", "someone")
    yield _ticket("near-duplicate-template", changed, "delivery", urgent=True, day=50)


def _chain() -> Iterator[Run]:
    """`a` and `b` are alike, `b` and `c` are alike, `a` and `c` are not."""
    a = (
        "I lent my stove to a friend and he cleaned the burner with a wire brush. Since then the "
        "flame is yellow on one side and leaves soot on the pot. Is the burner ruined, or can I "
        "get a new burner head from you and fit it without special tools?"
    )
    b = a.replace("a friend and he cleaned", "my brother and he scrubbed")
    c = b.replace("leaves soot on the pot", "blackens each pot")
    answer = (
        "A yellow flame on one side means that some of the jets are widened or blocked. A new "
        "burner head costs 12 euros and is screwed on by hand; please don't use the stove until then."
    )
    yield _support("chain-a.kept", a, answer, score=0.9, day=60)
    yield _support("chain-b", b, answer, score=0.5, day=61)
    yield _support("chain-c.kept", c, answer, score=0.7, day=62)


def _conflicts() -> Iterator[Run]:
    ask = "Is the Dipper bottle safe for hot tea straight from the kettle?"
    good = "Yes, up to 100 degrees. Leave the lid open for a minute so that the steam can get out."
    bad = "No. It is a drinking bottle for cold water only and would melt in your hands."
    yield _support("conflict.kept", ask, good, score=0.92, day=70)
    yield _support("conflict", ask, bad, score=0.41, day=75)
    ask = "I was promised a call back about the torn awning and nobody rang, third time now"
    yield _ticket("conflict-unscored.kept", ask, "warranty", urgent=False, day=82)
    yield _ticket("conflict-unscored", ask, "account", urgent=True, day=81)


def _same_words() -> Iterator[Run]:
    ask = "Do the Moorland boots come in half sizes, and do they run large or small?"
    answer = "They come in half sizes from 38 to 46 and run true to size with a medium sock."
    yield _support("whitespace.kept", ask, answer, score=0.9, day=90)
    spaced = "  " + ask.replace(", and", ",\n\nand").replace("run large", "run   large") + "\n"
    yield _support("whitespace", spaced, answer, score=0.5, day=91)
    ask = "Où puis-je télécharger la déclaration de conformité du réchaud pour le contrôle à l'école ?"
    answer = "Elle se trouve sur la page du réchaud, tout en bas, sous « Documents »."
    yield _support("composed-characters.kept", ask, answer, score=0.9, day=92)
    loose = unicodedata.normalize("NFD", ask)
    yield _support("composed-characters", loose, answer, score=0.5, day=93)


def _not_asked_for() -> Iterator[Run]:
    failed = _support("failed-run", "What time do you open on bank holidays?", None)
    error = {"code": "provider_error", "message": "upstream timed out after 60 s"}
    yield failed | {"status": "failed", "error": error}
    waiting = _support("still-processing", "Can I order by telephone?", None)
    yield waiting | {"status": "processing", "finish_reason": None}
    flawed = _support("run-error", "How heavy is the Kestrel 3 with pegs?", "About 2.4 kg")
    yield flawed | {"error": {"code": "validation_error", "message": "result is incomplete"}}
    blocked = _support("content-filter", "How do I sharpen an axe so that it shaves?", "I cannot")
    yield blocked | {"finish_reason": "content_filter"}
    yield _support("low-score", "Which map do I need for Skye?", "A map of Skye.", score=0.12)
    tagged = _support("excluded-tag", "Test test, is this thing on?", "Loud and clear.")
    yield tagged | {"tags": [*tagged["tags"], "do-not-train"]}
    ask = "Where is your shop in Edinburgh, and can I park a camper van there?"
    old = _support("same-run-id", ask, "In Leith. There is a car park.", day=100)
    new = _support(
        "same-run-id",
        ask,
        "In Leith, two minutes from the shore. Vans up to six metres fit into the yard behind.",
        day=100,
    )
    moment = datetime.fromisoformat(old["created_at"]) + timedelta(days=1)
    yield old
    yield new | {"updated_at": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")}


def _not_stored() -> Iterator[Run]:
    for number, ask in enumerate(("Is the mat foldable?", "Do you sell snowshoes?")):
        made = _support("standard-storage", ask, "Yes.", key=f"-{number}")
        del made["prompt"]
        made["config"]["run_data"] = "STANDARD"
        yield made
    for number, answer in enumerate(("Your deletion is confirmed.", "It weighs 320 grams.")):
        made = _support("restricted-storage", "-", answer, key=f"-{number}")
        del made["prompt"], made["parameters"]
        made["config"]["run_data"] = "RESTRICTED"
        yield made


def _shapes_not_read() -> Iterator[Run]:
    ask = "Which wax for the canvas pack?"
    text = f"CONTEXT: {CARE}\nINSTRUCTION: {ask}\n"
    yield _support("text-prompt", ask, "Beeswax, thinly.") | {"prompt": text}
    video = {
        "inputPrompt": "What happens here?",
        "mediaSource": {"s3Location": {"uri": "s3://x/y"}},
    }
    yield _support("unknown-prompt", "-", "Somebody pitches a tent.") | {"prompt": video}
    silent = openai(CARE, [])
    yield _support("no-user-turn", "-", "How can I help you today?") | {"prompt": silent}


def _bad_answers() -> Iterator[Run]:
    asks = (
        "Do you have gift wrapping?",
        "Is there a student discount?",
        "Can I visit the workshop?",
    )
    for number, (ask, nothing) in enumerate(zip(asks, ("", [], " \n\t "), strict=True)):
        yield _support("empty-result", ask, nothing, key=f"-{number}")
    cut = _support(
        "truncated",
        "Please explain the whole range of sleeping bags to me, I have all evening.",
        "Gladly. Let us begin with the lightest. The Plover Air is made for summer nights and",
    )
    yield cut | {"finish_reason": "length"}
    yield _ticket("breaks-schema-enum", "my tent was eaten by a cow", "livestock", urgent=False)
    yield _ticket(
        "breaks-schema-type", "where is my parcel, since Tuesday", "delivery", urgent="no"
    )
    made = run(
        "case-breaks-schema-missing",
        "ReadOrder",
        prompt=openai(
            "Read the order. Answer in JSON, null where it says nothing.", ["9 pegs, pls"]
        ),
        parameters={"mail": "9 pegs, pls"},
        result={"items": [{"article": "tent peg", "count": 9}], "needed_by": None},
        tags=("case:breaks-schema-missing",),
    )
    yield made


def _secrets() -> Iterator[Run]:
    """Made up or reserved for examples, every one of them."""
    told = (
        ("Please call me on +49 30 0000 0000 or write to jo.sample@example.com about FH-20500.",
         "Thank you, I have passed your number and address on to the workshop; they ring tomorrow."),
        ("Refund it to DE89 3704 0044 0532 0130 00 please, the old card was closed.",
         "Noted, the refund goes to the account ending in 0130 00 instead of the closed card."),
        ("My card is 4111 1111 1111 1111, 12/29, can you charge the difference for me?",
         "Please never send a card number by mail. You will find a payment link in your account."),
        ("Our script fails with: Authorization: Bearer sk-EXAMPLE-0000-not-a-real-key, status 401",
         "That key was revoked. Make a new one under 'Interfaces', and please don't mail keys."),
        ("I still can't log in as jo.sample with the password correct-horse-example-battery",
         "Your account was locked after three attempts and is open again. Do change the password."),
    )  # fmt: skip
    for number, (ask, answer) in enumerate(told):
        yield _support("made-up-secret", ask, answer, key=f"-{number}")


def _hut(case: str, turns: list[list[Any]], answer: Any, **changes: Any) -> Run:
    made = run(
        f"case-{case}",
        "HutDesk",
        prompt=converse(HUT_RULES, turns),
        parameters={"message": turns[0][1]},
        result=answer,
        tags=(f"case:{case}",),
    )
    return made | changes


def _tools() -> Iterator[Run]:
    ask = "Is the winter room at Blackstep heated?"
    lonely = {
        "toolResult": {"toolUseId": "call_lost", "content": [{"text": "a stove, wood inside"}]}
    }
    orphan = _hut("orphan-tool-result", [["user", ask]], "Yes, there is a stove with wood.")
    orphan["prompt"]["messages"][0]["content"].append(lonely)
    yield orphan
    turns = [["user", "Reserve two bunks at Corrie Hut on the 3rd of May, name Halloran."]]
    yield _hut("tool-call-not-stored", turns, [], finish_reason="tool_use")
    turns = [
        [
            "user",
            (
                "Is there mobile reception at Alderfell, inside or out? I have to ring home in the "
                "evening, the children want to hear how far we came."
            ),
        ],
        ["call", "hut_rules", {"topic": "telephone"}],
        ["result", {"alderfell": "none inside, one bar on the terrace", "corrie": "none"}],
    ]
    kept = _hut(
        "near-duplicate-tools.kept",
        turns,
        "Inside, no. On the terrace you get one bar, enough to ring.",
    )
    yield kept | {"evaluation": {"score": 0.8}}
    turns = [["user", turns[0][1].replace("have to", "must")], *turns[1:]]
    yield _hut(
        "near-duplicate-tools", turns, "Inside, no. On the terrace you get one bar, enough to ring."
    )


def _unusual_but_good() -> Iterator[Run]:
    ask = "Which side of the fleece goes outside?"
    silent = _support("no-finish-reason", ask, "The smooth one; the fluffy side holds your warmth.")
    del silent["finish_reason"]
    yield silent
    told = [
        {"type": "thoughts", "value": "They ask about candles. Fire in a tent: say no, kindly."},
        {
            "type": "text",
            "value": "Better not: tents burn in seconds. A Wren on low light lasts 90 hours.",
        },
    ]
    yield _support("thoughts", "Can I read by candle light in my tent?", told)
    listed = _support(
        "list-result", "Pick three tags: 'tent, leaks at the seam, bought in 2019'", None
    )
    schema = {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 3}
    yield listed | {"result": ["tent", "leak", "older than warranty"], "result_schema": schema}
    yield _schema_notice()
    first = (
        "I'm looking for a tent for two adults and a baby, mostly weekends, a car but no campsite."
    )
    reply = (
        "Then the Kestrel 3: room for a cot, stands up without pegs. How tall is the taller adult?"
    )
    for number, turns in enumerate(
        ([first], [first, reply, "1.94 m. And my wife wants a window."])
    ):
        yield run(
            f"case-conversation-{number}",
            "AnswerSupport",
            prompt=openai(CARE, turns),
            parameters={"message": turns[-1], "conversation": "c-0417"},
            result=reply
            if number == 0
            else "Then take the Kestrel 3 Long, 2.30 m inside, with a clear panel in the front door.",
            tags=("case:conversation",),
        )
    yield _support("very-short", "?", "Hello! Did your message get lost on the way? Tell me more.")


def _schema_notice() -> Run:
    schema = {
        "type": "object",
        "properties": {"hut": {"type": "string"}, "stars": {"type": "integer"}},
        "required": ["hut", "stars"],
    }
    turns = [["user", "Guest book, Corrie: 'Five stars, the soup alone was worth the climb!'"]]
    made = _hut("schema-notice", turns, {"hut": "Corrie Hut", "stars": 5}, result_schema=schema)
    notice = "IMPORTANT: The answer must be a JSON object using the following JSON Schema:\n"
    made["prompt"]["system"].append({"text": notice + json.dumps(schema, indent=2)})
    del made["prompt"]["toolConfig"]
    return made


def _scripts() -> Iterator[Run]:
    yield _support(
        "emoji",
        "tent survived the storm ⛈️💪 but my bf didn't 😂 do u sell better sleeping mats 👨‍👩‍👧‍👦🏕️??",
        "Glad the tent held 🏕️ For him: the Alder mat, R-value 4.5, 8 cm thick, quiet when he turns over.",
    )
    yield _support(
        "right-to-left",
        "שלום, הזמנתי פנס Wren Pro (מספר FH-21404) והגיע Wren רגיל. אפשר להחליף?",
        "שלום, סליחה על הטעות. ה-Wren Pro יוצא אליך היום, ואת הפנס שקיבלת אפשר להשאיר אצלך.",
    )
    yield _support(
        "mixed-direction",
        "السلام عليكم، رسالة الخطأ هي \u2067PAYMENT_DECLINED (code 51)\u2069 مع أن الرصيد كاف.",
        "وعليكم السلام، الرمز 51 يأتي من البنك ويعني تجاوز الحد اليومي. جرب مرة أخرى بعد منتصف الليل.",
    )
    yield _support(
        "combining-characters",
        "Xin chào, đôi giày Moorland có chống nước không? Tôi sắp đi Sa Pa vào mùa mưa. Z̸a̷l̶g̵o̴!",
        "Chào bạn, có. Giày có màng chống nước, nhưng nên bôi sáp trước chuyến đi và mang thêm tất.",
    )
    ask = "เต็นท์กันฝนได้กี่มิลลิเมตรครับ จะไปเขาใหญ่ช่วงหน้าฝน"
    yield run(
        "case-no-spaces",
        "AskAboutGear",
        prompt=gemini("Answer in the language of the question.", [ask]),
        parameters={"question": ask},
        result="ฟลายชีตกันน้ำได้ 3,000 มม. และพื้นเต็นท์ 5,000 มม. เพียงพอสำหรับฝนหนักทั้งคืนครับ",
        tags=("case:no-spaces",),
    )


def _long() -> Iterator[Run]:
    """The log of a sensor on a hut's roof, pasted whole by somebody who wants one number."""
    lines = []
    for hour in range(600):
        drawn = int(made_id("weather", str(hour)), 16)
        low, wind, sky = drawn % 19 - 6, drawn // 19 % 70, drawn // 1330 % 4
        what = ("clear", "cloud", "rain", "snow" if low < 1 else "mist")[sky]
        lines.append(f"day {hour // 24 + 1:02} {hour % 24:02}:00 {low:+} C wind {wind} km/h {what}")
    ask = "When did the wind first pass 65 km/h? Log of the roof sensor:\n" + "\n".join(lines)
    first = next(line for line in lines if int(line.split("wind ")[1].split()[0]) > 65)
    yield _support("very-long-input", ask, f"On {first[:12]}, in this line: {first}.")


def broken_lines() -> Iterator[bytes]:
    """Lines to feed by hand; the first is good, the others each break in their own way."""
    ask = "Is this line all right?"
    good = _support("broken-file", ask, "This one is; look at the next ones.")
    text = json.dumps(good, ensure_ascii=False)
    yield text.encode()
    yield b"this is not JSON"
    yield text[:400].encode()
    yield b'["JSON, but", "not a run"]'
    yield b'{"status": "completed", "result": "a run without an id"}'
    yield text.replace('"ttl": 0', '"ttl": NaN').replace(good["id"], made_id("nan")).encode()
    yield text.replace(ask, "half a smile: \\ud83d").replace(good["id"], made_id("lone")).encode()
    broken = text.replace(good["id"], made_id("bytes")).encode()
    yield broken.replace(ask.encode(), b"caf\xe9, in Latin-1")
    deep = '"parameters": ' + "[" * 10_000 + "]" * 10_000 + ', "was": '
    yield text.replace('"parameters": ', deep).replace(good["id"], made_id("deep")).encode()
