"""The documents in which the platform stores runs: the envelope, and three prompt shapes."""

import hashlib
import json
import tomllib
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
START = datetime(2025, 3, 3, 7, 30, tzinfo=UTC)
HUT_RULES = (
    "You are the booking desk of three mountain huts: Corrie Hut, Alderfell and Blackstep. "
    "Look things up before you answer, and reserve only after the guest has said yes."
)
ENVIRONMENTS = {
    "openai-prod": ("openai", "gpt-4.1-mini-2025-04-14"),
    "bedrock": ("bedrock", "us.amazon.nova-lite-v1:0"),
    "vertex": ("vertexai", "publishers/google/models/gemini-2.5-flash"),
    "claude": ("anthropic", "claude-haiku-4-5"),
    "mistral": ("mistralai", "mistral-large"),
    "panel": ("virtual_mediator", None),
}
INTERACTIONS = {
    "AnswerSupport": ("openai-prod", 4, "Answer a customer's message"),
    "ReadOrder": ("openai-prod", 2, "Read an order out of a mail or a telephone note"),
    "RouteTicket": ("openai-prod", 7, "Choose the team that gets a message"),
    "HutDesk": ("bedrock", 1, "Talk with a hut guest and look things up"),
    "AskAboutGear": ("vertex", 3, "Answer a question about gear and the outdoors"),
    "TranslateReview": ("vertex", 1, "Put a review into English"),
}
TEAMS = ["delivery", "returns", "warranty", "payment", "advice", "account", "press", "spam"]
SCHEMAS: dict[str, Any] = {
    "ReadOrder": {
        "type": "object",
        "properties": {
            "customer": {"type": "string"},
            "city": {"type": "string"},
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "article": {"type": "string"},
                        "count": {"type": "integer", "minimum": 1},
                    },
                    "required": ["article", "count"],
                },
            },
            "needed_by": {"type": ["string", "null"], "description": "YYYY-MM-DD"},
        },
        "required": ["customer", "city", "items", "needed_by"],
        "additionalProperties": False,
    },
    "RouteTicket": {
        "type": "object",
        "properties": {
            "team": {"type": "string", "enum": TEAMS},
            "urgent": {"type": "boolean"},
        },
        "required": ["team", "urgent"],
        "additionalProperties": False,
    },
}


@cache
def texts(name: str) -> dict[str, Any]:
    """One file of hand-written texts."""
    return tomllib.loads((HERE / "texts" / f"{name}.toml").read_text(encoding="utf-8"))


def made_id(*words: str) -> str:
    """24 hexadecimal digits that always come out the same for the same words."""
    return hashlib.sha256("/".join(words).encode()).hexdigest()[:24]


def openai(system: str | None, turns: list[str]) -> list[dict[str, Any]]:
    """An OpenAI chat array; the turns are user, assistant, user, ..."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for number, text in enumerate(turns):
        role = "assistant" if number % 2 else "user"
        messages.append({"role": role, "content": [{"type": "text", "text": text}]})
    return messages


def gemini(system: str, turns: list[str]) -> dict[str, Any]:
    """Gemini contents; the role of the system part is `user`, as stored."""
    contents = [
        {"role": "model" if number % 2 else "user", "parts": [{"text": text}]}
        for number, text in enumerate(turns)
    ]
    return {"contents": contents, "system": {"role": "user", "parts": [{"text": system}]}}


def converse(system: str, turns: list[list[Any]]) -> dict[str, Any]:
    """Bedrock Converse with the tools of `texts/huts.toml`; ids of calls count up."""
    messages: list[dict[str, Any]] = []
    open_calls: list[str] = []
    for kind, *rest in turns:
        if kind in {"user", "assistant"}:
            messages.append({"role": kind, "content": [{"text": rest[0]}]})
        elif kind in {"call", "calls"}:
            calls = [rest] if kind == "call" else rest
            open_calls = [
                made_id(system, str(len(messages)), str(n))[:12] for n in range(len(calls))
            ]
            messages.append({"role": "assistant", "content": _calls(open_calls, calls)})
        else:
            messages.append({"role": "user", "content": _results(open_calls, rest)})
    return {
        "messages": messages,
        "system": [{"text": system}],
        "toolConfig": {"tools": [_tool(tool) for tool in texts("huts")["tool"]]},
    }


def _calls(ids: list[str], calls: list[Any]) -> list[dict[str, Any]]:
    return [
        {"toolUse": {"toolUseId": f"call_{call_id}", "name": name, "input": arguments}}
        for call_id, (name, arguments) in zip(ids, calls, strict=True)
    ]


def _results(ids: list[str], values: list[Any]) -> list[dict[str, Any]]:
    return [
        {"toolResult": {"toolUseId": f"call_{i}", "content": [{"json": v}], "status": "success"}}
        for i, v in zip(ids, values, strict=True)
    ]


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    schema = {"json": json.loads(tool["schema"])}
    spec = {"name": tool["name"], "description": tool["description"], "inputSchema": schema}
    return {"toolSpec": spec}


def run(  # noqa: PLR0913 - a stored run has that many sides
    key: str,
    interaction: str,
    *,
    prompt: Any,
    parameters: Any,
    result: Any,
    score: float | None = None,
    day: float | None = None,
    tags: tuple[str, ...] = (),
) -> dict[str, Any]:
    """One stored run. `day` (after the first of the export) decides who is newer."""
    environment, version, description = INTERACTIONS[interaction]
    model = ENVIRONMENTS[environment][1]
    created = _moment(key, day)
    document = {
        "id": made_id("run", key),
        "interaction": _interaction(interaction, version, description),
        "environment": environment_of(environment),
        "modelId": model,
        "ttl": 0,
        "status": "completed",
        "finish_reason": "stop",
        "prompt": prompt,
        "parameters": parameters,
        "result": result,
        "token_use": _tokens(prompt, result),
        "execution_time": 400 + len(json.dumps(result)) * 7,
        "created_at": _stamp(created),
        "updated_at": _stamp(created + timedelta(seconds=3)),
        "config": {"model": model, "temperature": 0.2, "run_data": "DEBUG"},
        "tags": list(tags),
        **_ownership(),
    }
    if interaction in SCHEMAS:
        document["result_schema"] = SCHEMAS[interaction]
    if score is not None:
        document["evaluation"] = {"score": score}
    return document


def _interaction(name: str, version: int, description: str) -> dict[str, Any]:
    return {
        "id": made_id("interaction", name),
        "name": name,
        "description": description,
        "status": "published",
        "version": version,
        "tags": [],
    }


def environment_of(name: str) -> dict[str, Any]:
    """The reference to an environment."""
    return {"id": made_id("environment", name), "name": name, "provider": ENVIRONMENTS[name][0]}


def _ownership() -> dict[str, Any]:
    key = made_id("key")
    return {
        "account": {"id": made_id("account"), "name": "Fernhill Outfitters"},
        "project": {"id": made_id("project"), "name": "Customer care"},
        "source": {
            "type": "api",
            "label": "care-desk",
            "principal_type": "apikey",
            "principal_id": key,
            "client_ip": "192.0.2.17",
        },
        "created_by": f"apikey:{key}",
        "updated_by": f"apikey:{key}",
    }


def stamp_of(day: float) -> str:
    """The time of a day after the first of the export."""
    return _stamp(_moment("", day))


def _moment(key: str, day: float | None) -> datetime:
    drawn = int(made_id("day", key)[:8], 16) / 2**32 * 150
    return START + timedelta(seconds=round((drawn if day is None else day) * 86_400))


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _tokens(prompt: Any, result: Any) -> dict[str, int]:
    asked = len(json.dumps(prompt, ensure_ascii=False)) // 5
    told = len(json.dumps(result, ensure_ascii=False)) // 4
    return {"prompt": asked, "result": told, "total": asked + told}
