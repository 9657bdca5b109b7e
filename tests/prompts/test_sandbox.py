"""Templates have a world of their own: bounded, without a host, and nothing stays in it."""

import json
import pickle
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.prompts import (
    PromptCatalog,
    Rendered,
    RenderedText,
    Renderer,
    Template,
    TemplateRequest,
    Unrendered,
    open_sandbox,
    render_template,
)
from pipeline.prompts.sandbox import Failure, Sandbox
from pipeline.spec import RenderSpec


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(timeout_ms=250, memory_mb=32)


def jst(sandbox: Sandbox, code: str, **variables: Any) -> str | Failure:
    return sandbox.jst(code, tuple(variables), json.dumps(variables).encode())


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("return `${[3, 1, 2].sort().join('-')}`", "1-2-3"),
        ("return [...new Set(['a', 'a', 'b'])].join('')", "ab"),
        ("return Array.from({length: 2}, (_, i) => i).join('')", "01"),
        ("return _.stringify({a: [1, null]}, null, 1)", '{\n "a": [\n  1,\n  null\n ]\n}'),
        (
            "return _.addLineNumbers('a\\n'.repeat(10))",
            "\n".join([*(f"{{% {number:>2} %}} a" for number in range(1, 11)), "{% 11 %} "]),
        ),
        ("return 'a\\u0000b'", "a\0b"),
        ("return 'ß😀日本'.toUpperCase()", "SS😀日本"),
        ("return 'x' // a comment at the end", "x"),
        ("return `${this}`", "undefined"),
    ],
)
def test_what_a_script_can_say(sandbox: Sandbox, code: str, text: str) -> None:
    assert jst(sandbox, code) == text


@pytest.mark.parametrize(
    "name",
    [
        "Date",
        "Math",
        "require",
        "process",
        "globalThis",
        "eval",
        "Function",
        "load",
        "render",
        "performance",
        "console",
        "Intl",
        "Promise",
        "WeakRef",
    ],
)
def test_names_of_a_host_are_not_there(sandbox: Sandbox, name: str) -> None:
    assert jst(sandbox, f"return `${{{name}}}`") == Failure(
        f"ReferenceError: {name} is not defined"
    )
    made = "''.constructor.constructor"
    assert jst(sandbox, f"return {made}('return typeof {name}')()") == "undefined"


@pytest.mark.parametrize(
    "code",
    [
        "Array.prototype.map = () => ['evil']; return 'x'",
        "[].constructor.prototype.join = () => 'evil'; return 'x'",
        "({}).__proto__.left = 'evil'; return 'x'",
        "''.constructor.constructor('leaked = 1')(); return 'x'",
        "''.constructor.constructor('return this')().leaked = 1; return 'x'",
        "_.stringify = () => 'evil'; return 'x'",
        "Set.prototype.has = () => true; return 'x'",
        "(function* () {}).constructor.prototype.left = 'evil'; return 'x'",
        "[].values().__proto__.left = 'evil'; return 'x'",
        "leaked = 1; return 'x'",
    ],
)
def test_nothing_is_left_for_the_next_template(sandbox: Sandbox, code: str) -> None:
    jst(sandbox, code)
    clean = (
        "return [1].map((x) => x + 1).join() + typeof leaked + ({}).left + _.stringify(1)"
        " + (function* () {}).left + [].values().left"
    )
    assert jst(sandbox, clean) == "2undefinedundefined1undefinedundefined"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("while (true) {}", "timeout_ms"),
        ("const all = []; while (true) all.push('x'.repeat(1e6) + all.length)", "memory_mb"),
        ("const f = () => f() + 1; return f()", "without end"),
        ("return 3", "it returned number, not a string"),
        ("return", "it returned undefined, not a string"),
        ("return (", "SyntaxError"),
        ("return '😀'.slice(0, 1)", "half of a surrogate pair"),
        ("throw new Array(1)", "it threw"),
        ("throw 'a word'", "it threw"),
    ],
)
def test_a_script_that_gives_no_text_says_why(sandbox: Sandbox, code: str, said: str) -> None:
    failed = jst(sandbox, code)
    assert isinstance(failed, Failure)
    assert said in failed.said
    assert jst(sandbox, "return 'still here'") == "still here"


@pytest.mark.parametrize("name", ["__proto__", "constructor", "größe", "toString"])
def test_strange_names_are_only_names(sandbox: Sandbox, name: str) -> None:
    body = json.dumps({name: "v"}).encode()
    assert sandbox.jst(f"return {name}", (name,), body) == "v"
    assert sandbox.jst("return `${({}).v}`", (), body) == "undefined"


def test_a_name_that_is_no_name_is_an_error(sandbox: Sandbox) -> None:
    for name in ("first-name", "a b", "}){}; evil("):
        failed = sandbox.jst("return 'x'", (name,), b"{}")
        assert isinstance(failed, Failure)
        assert "SyntaxError" in failed.said


def test_handlebars_helpers_escapes_and_blocks(sandbox: Sandbox) -> None:
    body = json.dumps({"a": "<b> & \"c\" 'd' `e` = f", "list": [1, 2], "o": {"k": "v"}}).encode()

    def render(text: str, *, escape: bool = True) -> str | Failure:
        return sandbox.handlebars(text, body, escape=escape, moment="2026-01-01T00:00:00.000Z")

    assert render("{{a}}") == "&lt;b&gt; &amp; &quot;c&quot; &#x27;d&#x27; &#x60;e&#x60; &#x3D; f"
    assert render("{{{a}}}") == render("{{a}}", escape=False) == "<b> & \"c\" 'd' `e` = f"
    assert render("{{stringify o}}|{{stringify a}}|{{stringify missing}}") == (
        '{"k":"v"}|&lt;b&gt; &amp; &quot;c&quot; &#x27;d&#x27; &#x60;e&#x60; &#x3D; f|'
    )
    assert (
        render("{{#each list}}{{@index}}:{{this}}{{#unless @last}},{{/unless}}{{/each}}")
        == "0:1,1:2"
    )
    assert render("{{#with o}}{{k}}{{../list.[1]}}{{/with}}{{missing}}") == "v2"
    assert render("at {{_now}}") == "at 2026-01-01T00:00:00.000Z"
    assert render("{{a.constructor}}{{__proto__.x}}") == ""
    assert isinstance(render("{{#if}}"), Failure)
    assert isinstance(render("{{> missing}}"), Failure)
    assert isinstance(render("{{nohelper 1}}"), Failure)


def test_many_templates_go_through_one_sandbox(sandbox: Sandbox) -> None:
    for number in range(1200):
        assert jst(sandbox, f"return 'text {number}'") == f"text {number}"


def catalog(*documents: Any) -> PromptCatalog:
    return PromptCatalog.read([json.dumps(documents).encode()])


TEMPLATE = {
    "id": "t",
    "role": "user",
    "version": 1,
    "content_type": "handlebars",
    "content": "{{a}}",
}
INTERACTION = {"id": "i", "version": 1, "prompts": [{"type": "template", "template": "t"}]}


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


def test_a_renderer_goes_to_another_process() -> None:
    renderer = Renderer(catalog(TEMPLATE, INTERACTION), RenderSpec())
    for _ in range(2):
        rendered = renderer.render(raw("i"), raw({"a": "x"}))
        assert isinstance(rendered, Rendered)
        assert [(one.role, one.text) for one in rendered.segments] == [("user", "x")]
        renderer = pickle.loads(pickle.dumps(renderer))


def test_the_studio_is_asked_for_what_is_not_known_here() -> None:
    known = {**TEMPLATE, "content": None}
    prompts = [{"type": "template", "template": {**known, "version": 3}}]
    interaction = raw({"id": "i", "prompts": prompts})
    renderer = Renderer(catalog(), RenderSpec())
    (request,) = renderer.requests(interaction, raw({"a": "x"}), "m")
    assert request == TemplateRequest("t", "3", b'{"a":"x","_model":"m"}')
    unknown = renderer.render(interaction, raw({"a": "x"}), "m")
    assert isinstance(unknown, Unrendered)
    assert unknown.code == "inputs_not_stored"
    answered = Renderer(catalog(), RenderSpec(), {request.key: RenderedText("from there")})
    rendered = answered.render(interaction, raw({"a": "x"}), "m")
    assert isinstance(rendered, Rendered)
    assert (rendered.source, rendered.segments[0].text) == ("rendered_by_studio", "from there")
    refused = Renderer(catalog(), RenderSpec(), {request.key: RenderedText(None, "no such name")})
    failed = refused.render(interaction, raw({"a": "x"}), "m")
    assert isinstance(failed, Unrendered)
    assert failed.code == "unrenderable_template"
    assert "no such name" in failed.detail


@pytest.mark.parametrize(
    ("through", "content", "kind", "asked"),
    [
        ("auto", "{{a}}", "handlebars", 0),
        ("auto", "return _.dayjs().format()", "jst", 1),
        ("auto", "a", "js", 1),
        ("api", "{{a}}", "handlebars", 1),
        ("local", "a", "js", 0),
        ("off", "a", "js", 0),
    ],
)
def test_the_spec_says_who_renders(through: Any, content: str, kind: str, asked: int) -> None:
    known = catalog({**TEMPLATE, "content": content, "content_type": kind}, INTERACTION)
    renderer = Renderer(known, RenderSpec(through=through))
    assert len(renderer.requests(raw("i"), raw({"a": 1}))) == asked


def test_a_catalogs_digest_is_of_what_it_knows() -> None:
    one, other = catalog(TEMPLATE, INTERACTION), catalog(INTERACTION, TEMPLATE)
    assert one.digest() == other.digest()
    assert one.digest() != catalog({**TEMPLATE, "content": "{{b}}"}, INTERACTION).digest()


TEXT = st.text(st.characters(codec="utf-8"))
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | TEXT
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
CONTENTS = TEXT | st.lists(
    st.sampled_from(["{{", "}}", "{{{", "}}}", "#each a", "/each", "a", "return ", "`", "${", "}"])
).map("".join)


@settings(max_examples=150)
@given(ANY, CONTENTS, st.sampled_from(["text", "jst", "handlebars", "js", ""]), ANY)
def test_anything_in_gives_a_value_out(given_: Any, content: str, kind: str, schema: Any) -> None:
    known = catalog(
        {**TEMPLATE, "content": content, "content_type": kind, "inputSchema": schema}, INTERACTION
    )
    spec = RenderSpec(timeout_ms=50)
    outcome = Renderer(known, spec).render(raw("i"), raw(given_), "m", "now")
    assert isinstance(outcome, Rendered | Unrendered)
    template = Template(id="t", content=content, content_type=kind)
    rendered = render_template(open_sandbox(spec), template, b'{"a": 1}')
    assert isinstance(rendered, str | Unrendered)
