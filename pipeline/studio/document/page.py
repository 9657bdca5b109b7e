"""The page `/docs`: the OpenAPI document as HTML, made here; no script, and nothing from elsewhere.

Every word of the document is escaped.
"""

import json
from functools import cache
from html import escape
from typing import Any

from pipeline.studio.document.openapi import make_document

__all__ = ["PAGE_HEADERS", "make_page"]

PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "public, max-age=300",
}

_STYLE = """
:root { color-scheme: light dark; --line: #8885; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2rem; border-bottom: 1px solid var(--line); }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; }
summary { cursor: pointer; padding: .5rem .75rem; overflow-wrap: anywhere; }
details > div { padding: 0 .75rem .75rem; }
code, pre { font: 14px/1.4 ui-monospace, monospace; }
pre { background: var(--soft); padding: .5rem; overflow-x: auto; border-radius: .3rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .2rem .5rem .2rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.verb { display: inline-block; min-width: 3.2rem; font-weight: 700; }
"""


@cache
def make_page() -> str:
    """The whole page."""
    document = make_document()
    info = document["info"]
    sections = [_section(document, tag) for tag in document["tags"]]
    schemas = [_schema(name, one) for name, one in document["components"]["schemas"].items()]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])}</h1><p>{escape(info['description'])}</p>"
        '<p>For programs: <a href="/api/v1/openapi.json">openapi.json</a>.</p>'
        f"{''.join(sections)}<h2>Schemas</h2>{''.join(schemas)}</body></html>"
    )


def _section(document: dict[str, Any], tag: dict[str, str]) -> str:
    shown = [
        _operation(document, method, path, one)
        for path, methods in document["paths"].items()
        for method, one in methods.items()
        if tag["name"] in one["tags"]
    ]
    head = f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>"
    return head + "".join(shown)


def _operation(document: dict[str, Any], method: str, path: str, one: dict[str, Any]) -> str:
    parts = [f"<p>{escape(one.get('description', ''))}</p>"]
    if one.get("security") == []:
        parts.append("<p>Needs no token.</p>")
    if one["parameters"]:
        rows = [_parameter(_resolved(document, parameter)) for parameter in one["parameters"]]
        parts.append(_table(("Parameter", "In", "Type", "Meaning"), rows))
    body = one.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        parts.append(f"<p>Body: {_type(body['schema'])}</p>{_example(document, body['schema'])}")
    good = one["responses"]["200"]["content"]["application/json"]["schema"]
    parts.append(f"<p>Answer: {_type(good)}</p>{_example(document, good)}")
    errors = [
        f"{status} {escape(_resolved(document, answer)['description'])}"
        for status, answer in one["responses"].items()
        if status != "200"
    ]
    parts.append(f"<p>Errors: {', '.join(errors)}.</p>")
    return (
        f'<details id="{escape(one["operationId"])}"><summary>'
        f'<span class="verb">{method.upper()}</span> <code>{escape(path)}</code> '
        f"{escape(one['summary'])}</summary><div>{''.join(parts)}</div></details>"
    )


def _parameter(one: dict[str, Any]) -> tuple[str, ...]:
    name = f"<code>{escape(one['name'])}</code>{' (required)' if one.get('required') else ''}"
    return name, escape(one["in"]), _type(one["schema"]), escape(one["description"])


def _schema(name: str, one: dict[str, Any]) -> str:
    text = escape(json.dumps(one, indent=2, ensure_ascii=False))
    return (
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        f"<div><pre>{text}</pre></div></details>"
    )


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{one}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{one}</td>' for one in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words, with a link where it has a name."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    words = [str(schema.get("type", "any"))]
    if "minimum" in schema:
        words.append(f"{schema['minimum']} to {schema['maximum']}")
    if "default" in schema:
        words.append(f"default {json.dumps(schema['default'])}")
    return escape(", ".join(words))


def _example(document: dict[str, Any], schema: dict[str, Any]) -> str:
    many = schema.get("type") == "array"
    found = _resolved(document, schema["items"] if many else schema).get("examples")
    if not found:
        return ""
    shown = json.dumps([found[0]] if many else found[0], indent=2, ensure_ascii=False)
    return f"<pre>{escape(shown)}</pre>"


def _resolved(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """What a reference names, or the thing itself."""
    found: Any = value
    while "$ref" in found:
        target: Any = document
        for word in found["$ref"].removeprefix("#/").split("/"):
            target = target[word]
        found = target
    resolved: dict[str, Any] = found
    return resolved
