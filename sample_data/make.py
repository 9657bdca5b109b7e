"""Writes `runs.jsonl`, `interactions.json` and `broken.jsonl` from the texts beside it: same texts, same bytes.

The conversations are in `texts/*.toml`, written by hand; this file puts them into the documents
in which the platform stores runs, and `cases.py` and `forms.py` add the awkward ones. Run it after a change:

    python sample_data/make.py            writes the files
    python sample_data/make.py --check    exits 1 when the files are not what the texts give
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cases import broken_lines, case_runs
from forms import form_runs, interactions
from shapes import HUT_RULES, converse, gemini, openai, run, texts

HERE = Path(__file__).parent
CARE = "You answer customers of Fernhill Outfitters, an outdoor shop. Be brief, warm and exact."
GEAR = "You are a patient outdoor guide. Answer in the language of the question, without lists."
REVIEW = "Put the customer's review into plain English. Add nothing, leave nothing out."


def support_runs() -> Iterator[dict[str, Any]]:
    """Free text, a dozen languages, mostly one turn."""
    for number, talk in enumerate(texts("support")["talk"]):
        turns = talk["ask"] if isinstance(talk["ask"], list) else [talk["ask"]]
        yield run(
            f"support-{number}",
            "AnswerSupport",
            prompt=openai(CARE, turns),
            parameters={"message": turns[-1], "language": talk.get("lang", "en")},
            result=talk["answer"],
            score=talk.get("score"),
        )


def order_runs() -> Iterator[dict[str, Any]]:
    """JSON out of free text, with a result_schema."""
    for number, order in enumerate(texts("extract")["order"]):
        result = {
            "customer": order["name"],
            "city": order["city"],
            "items": [{"article": article, "count": count} for article, count in order["items"]],
            "needed_by": order.get("by"),
        }
        yield run(
            f"order-{number}",
            "ReadOrder",
            prompt=openai(
                "Read the order. Answer in JSON, null where it says nothing.", [order["ask"]]
            ),
            parameters={"mail": order["ask"]},
            result=result,
        )


def ticket_runs() -> Iterator[dict[str, Any]]:
    """A short message behind a template of several hundred words."""
    listed = texts("classify")
    for number, ticket in enumerate(listed["ticket"]):
        yield run(
            f"ticket-{number}",
            "RouteTicket",
            prompt=openai(None, [listed["template"]["before"] + ticket["ask"]]),
            parameters={"message": ticket["ask"]},
            result={"team": ticket["team"], "urgent": ticket["urgent"]},
        )


def gear_runs() -> Iterator[dict[str, Any]]:
    """Gemini contents: questions about gear, and reviews put into English."""
    listed = texts("gear")
    for number, talk in enumerate(listed["question"]):
        turns = talk["ask"] if isinstance(talk["ask"], list) else [talk["ask"]]
        yield run(
            f"gear-{number}",
            "AskAboutGear",
            prompt=gemini(GEAR, turns),
            parameters={"question": turns[-1]},
            result=[{"type": "text", "value": talk["answer"]}],
        )
    for number, talk in enumerate(listed["review"]):
        yield run(
            f"review-{number}",
            "TranslateReview",
            prompt=gemini(REVIEW, [talk["ask"]]),
            parameters={"review": talk["ask"]},
            result=[{"type": "text", "value": talk["answer"]}],
        )


def hut_runs() -> Iterator[dict[str, Any]]:
    """Tool use over Bedrock Converse, one and several steps, also in parallel."""
    for number, talk in enumerate(texts("huts")["talk"]):
        yield run(
            f"hut-{number}",
            "HutDesk",
            prompt=converse(HUT_RULES, talk["turns"]),
            parameters={"message": talk["turns"][0][1]},
            result=[{"type": "text", "value": talk["answer"]}],
            score=talk.get("score"),
        )


def all_runs() -> list[dict[str, Any]]:
    """Every run of `runs.jsonl`: by the time of its creation, as an export lists them."""
    makers = (support_runs, order_runs, ticket_runs, gear_runs, hut_runs, case_runs, form_runs)
    runs = [made for maker in makers for made in maker()]
    return sorted(runs, key=lambda made: (made["created_at"], made["id"], made["updated_at"]))


def files() -> dict[str, bytes]:
    """The files' bytes by name."""
    lines = [json.dumps(made, ensure_ascii=False) + "\n" for made in all_runs()]
    return {
        "runs.jsonl": "".join(lines).encode(),
        "interactions.json": _pretty(interactions()),
        "broken.jsonl": b"\n".join(broken_lines()) + b"\n",
    }


def _pretty(documents: list[dict[str, Any]]) -> bytes:
    return json.dumps(documents, ensure_ascii=False, indent=1).encode() + b"\n"


def main() -> int:
    """Write or check the files."""
    made = files()
    if "--check" in sys.argv[1:]:
        stale = [name for name, data in made.items() if (HERE / name).read_bytes() != data]
        for name in stale:
            print(f"{name} is not what the texts give: run python sample_data/make.py")
        return 1 if stale else 0
    for name, data in made.items():
        (HERE / name).write_bytes(data)
        print(f"{name}: {len(data.splitlines())} lines, {len(data):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
