"""Interactions and prompt templates: imported, shown, rendered."""

import gzip
import json
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SourceUnreadable
from pipeline.studio import import_into

SYSTEM, USER, NOTE = "a1" * 12, "a2" * 12, "a3" * 12
GREETING, BARE = "b1" * 12, "b2" * 12
TEMPLATES: list[dict[str, Any]] = [
    {
        "id": SYSTEM,
        "name": "ShopSystem",
        "role": "system",
        "status": "published",
        "version": 1,
        "content_type": "text",
        "content": "You speak for ${shop}.",
    },
    {
        "id": USER,
        "name": "ShopUser",
        "role": "user",
        "status": "published",
        "version": 2,
        "content_type": "jst",
        "content": "return `Greet ${name}: ${things.map((one) => one.toUpperCase()).join(', ')}`",
        "inputSchema": {"type": "object", "properties": {"name": {}, "things": {}}},
        "updated_at": "2025-01-01T00:00:00.000Z",
    },
    {
        "id": NOTE,
        "name": "Note",
        "role": "user",
        "status": "draft",
        "version": 1,
        "content_type": "handlebars",
        "content": "Note for {{name}}: {{{stringify extra}}}",
    },
]
REFERENCE = {key: TEMPLATES[0][key] for key in ("id", "name", "role", "status", "version")}
INTERACTIONS = [
    {
        "id": GREETING,
        "name": "Greeting",
        "status": "published",
        "version": 1,
        "prompts": [
            {"id": "c1" * 12, "type": "template", "template": REFERENCE},
            {"id": "c2" * 12, "type": "template", "template": USER},
            {"type": "chat", "configuration": {"chatKey": "talk"}},
        ],
        "updated_at": "2025-02-01T00:00:00.000Z",
    },
    {"id": BARE, "name": "Bare", "prompts": [{"type": "template", "template": TEMPLATES[2]}]},
]
VARIABLES = {"name": "Ann & Bo", "things": ["lamp", "é"], "extra": {"b": 1, "a": [2]}}


@pytest.fixture
def shop(account: Any) -> Any:
    """A project with templates and interactions."""
    path = account.folder / "interactions.json"
    path.write_text(json.dumps([*TEMPLATES, *INTERACTIONS]))
    found = account.studio.import_interactions(path, account.project)
    assert found.problems == []
    assert (set(found.interactions), len(found.prompts)) == ({GREETING, BARE}, 3)
    return account


def render(account: Any, prompt: str, variables: Any) -> Any:
    return account.ok(account.post(f"/prompts/{prompt}/render", variables))


def test_a_template_comes_as_it_was_imported(shop: Any) -> None:
    for template in TEMPLATES:
        assert shop.ok(shop.get(f"/prompts/{template['id']}")) == template


def test_an_interaction_shows_its_templates_as_references(shop: Any) -> None:
    shown = shop.ok(shop.get(f"/interactions/{GREETING}"))
    assert {key: shown[key] for key in shown if key != "prompts"} == {
        key: value for key, value in INTERACTIONS[0].items() if key != "prompts"
    }
    first, second, chat = shown["prompts"]
    assert first == {"id": "c1" * 12, "type": "template", "template": REFERENCE}
    assert second["template"]["version"] == 2
    assert second["template"]["updated_at"] == TEMPLATES[1]["updated_at"]
    assert not {"content", "inputSchema"} & set(second["template"])
    assert chat == {"type": "chat", "configuration": {"chatKey": "talk"}}


def test_a_template_within_an_interaction_is_a_template_too(shop: Any) -> None:
    (segment,) = shop.ok(shop.get(f"/interactions/{BARE}"))["prompts"]
    assert segment["template"]["name"] == "Note"
    assert "content" not in segment["template"]
    assert shop.ok(shop.get(f"/prompts/{NOTE}"))["content"] == TEMPLATES[2]["content"]


def test_every_type_is_rendered(shop: Any) -> None:
    texts = {
        SYSTEM: "You speak for ${shop}.",
        USER: "Greet Ann & Bo: LAMP, É",
        NOTE: 'Note for Ann &amp; Bo: {"b":1,"a":[2]}',
    }
    for template in TEMPLATES:
        assert render(shop, template["id"], VARIABLES) == {
            "id": template["id"],
            "name": template["name"],
            "role": template["role"],
            "content_type": template["content_type"],
            "rendered": texts[template["id"]],
        }


def test_no_body_is_no_variables(shop: Any) -> None:
    assert render(shop, SYSTEM, None)["rendered"] == "You speak for ${shop}."


@pytest.mark.parametrize("body", [b"[1]", b'"x"', b"{", b"null", b'{"a": NaN}', b'{"a": "\xff"}'])
def test_variables_that_are_no_object_are_400(shop: Any, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = shop.call("POST", f"/prompts/{SYSTEM}/render", content=body, headers=headers)
    assert "one JSON object" in shop.refused(answer, 400)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"content": "return `${things.missing.map(x => x)}`"}, "ShopUser"),
        ({"content": "return `${unknown_name}`"}, "unknown_name"),
        ({"content": "return 7"}, "number"),
        ({"content": "for (;;) {}"}, "timeout_ms"),
        ({"content": "const a = []; for (;;) a.push('x'.repeat(1 << 20) + a.length)"}, "Shop"),
        ({"content": "function f() { return f() } return f()"}, "without end"),
        ({"content": "return ("}, "ShopUser"),
        ({"content_type": "mystery"}, "mystery"),
        ({"content": None}, "no text"),
    ],
)
def test_a_template_that_cannot_be_rendered_is_400_with_a_sentence(
    shop: Any, changes: dict[str, Any], said: str
) -> None:
    path = shop.folder / "broken.json"
    path.write_text(json.dumps([{**TEMPLATES[1], **changes}]))
    shop.studio.import_interactions(path, shop.project)
    started = time.monotonic()
    message = shop.refused(shop.post(f"/prompts/{USER}/render", VARIABLES), 400)
    assert said in message
    assert time.monotonic() - started < 10


def test_templates_that_never_end_hold_nobody_up(shop: Any) -> None:
    path = shop.folder / "endless.json"
    path.write_text(json.dumps([{**TEMPLATES[1], "content": "for (;;) {}"}]))
    shop.studio.import_interactions(path, shop.project)
    asking = [
        threading.Thread(target=shop.post, args=(f"/prompts/{USER}/render", {})) for _ in range(12)
    ]
    for thread in asking:
        thread.start()
    waits = []
    while any(thread.is_alive() for thread in asking):
        started = time.monotonic()
        shop.ok(shop.get("/environments"))
        waits.append(time.monotonic() - started)
    assert max(waits) < 1.0


def test_what_is_not_there_is_404(shop: Any) -> None:
    nothing = secrets.token_hex(12)
    for answer in (
        shop.get(f"/interactions/{nothing}"),
        shop.get(f"/prompts/{nothing}"),
        shop.post(f"/prompts/{nothing}/render", {}),
        shop.get(f"/interactions/{USER}"),
        shop.get(f"/prompts/{GREETING}"),
    ):
        shop.refused(answer, 404)


def test_an_interaction_that_only_runs_hold_is_shown_as_the_newest_run_has_it(
    new_account: Callable[..., Any],
) -> None:
    account = new_account(2)
    first, second = account.documents.values()
    held = {**INTERACTIONS[0], "id": "d1" * 12}
    account.load(
        [
            {**first, "interaction": {**held, "version": 7}, "updated_at": "2026-01-02T00:00:00Z"},
            {**second, "interaction": {**held, "version": 6}, "updated_at": "2026-01-01T00:00:00Z"},
            {**second, "id": "e1" * 12, "interaction": "d1" * 12},
            {**second, "id": "e2" * 12, "interaction": "d2" * 12},
        ]
    )
    shown = account.ok(account.get(f"/interactions/{'d1' * 12}"))
    assert (shown["name"], shown["version"]) == ("Greeting", 7)
    assert shown["prompts"][0]["template"] == REFERENCE
    account.refused(account.get(f"/interactions/{'d2' * 12}"), 404)


def test_importing_again_replaces_and_another_project_has_its_own(
    shop: Any, new_account: Callable[..., Any]
) -> None:
    other = new_account(1)
    path = shop.folder / "other.json"
    path.write_text(json.dumps({**TEMPLATES[0], "content": "Another shop."}))
    other.studio.import_interactions(path, other.project)
    assert render(other, SYSTEM, {})["rendered"] == "Another shop."
    assert render(shop, SYSTEM, {})["rendered"] == "You speak for ${shop}."
    other.refused(other.post(f"/prompts/{USER}/render", VARIABLES), 404)
    shop.studio.import_interactions(path, shop.project)
    assert render(shop, SYSTEM, {})["rendered"] == "Another shop."


FORMS: dict[str, Callable[[list[Any]], bytes]] = {
    "array.json": lambda found: json.dumps(found, indent=1).encode(),
    "lines.jsonl": lambda found: b"\n".join(json.dumps(one).encode() for one in found),
    "lines.jsonl.gz": lambda found: gzip.compress(
        b"\n".join(json.dumps(one).encode() for one in found)
    ),
    "bom.json": lambda found: b"\xef\xbb\xbf" + json.dumps(found).encode(),
    "wrapped.json": lambda found: json.dumps(
        {"interactions": found[3:], "prompts": found[:3]}
    ).encode(),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_a_file_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(FORMS[name]([*TEMPLATES, *INTERACTIONS]))
    report = import_into(tmp_path / "data", None, None, "p", interactions=path)
    assert (report.interactions, report.templates, report.problems) == (2, 3, [])


def test_what_is_neither_is_named_and_skipped(tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    path.write_text(f'{json.dumps(TEMPLATES[0])}\nnonsense\n{{"id": "x"}}\n[7]\n')
    report = import_into(tmp_path / "data", None, None, "p", interactions=path)
    assert report.templates == 1
    assert [problem.split(": ")[:2] for problem in report.problems] == [
        ["mixed.jsonl", f"document {number}"] for number in (2, 3, 4)
    ]


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\xff\xfe"])
def test_a_file_of_nothing_is_told_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(data)
    with pytest.raises(SourceUnreadable, match="is no file of interactions and templates"):
        import_into(tmp_path / "data", None, None, "p", interactions=path)


def test_the_command_imports_interactions(command: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "interactions.json"
    path.write_text(json.dumps([*TEMPLATES, *INTERACTIONS]))
    done = command("studio", "import", "--data-dir", tmp_path / "data", "--interactions", path)
    assert done.stdout == "imported 2 interactions and 3 templates into project default\n"
    refused = command("studio", "import", "--data-dir", tmp_path / "data")
    assert refused.returncode == 2
    assert "nothing to import" in refused.stderr
