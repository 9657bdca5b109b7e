"""Whatever a value says, the page is made of the same tags, and the value is read as it is."""

from typing import Any

import pytest

PAYLOADS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</pre></article><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' onfocus='alert(1)' autofocus='",
    "` onclick=alert(1) `",
    "<svg/onload=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example>",
    "<form action=//evil.example><button>Sign in</button>",
    "<style>*{display:none}</style>",
    "<!-- --><!--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}{# #}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\u003cscript\\u003ealert(1)",
    "<ScRiPt >alert(1)</sCrIpT >",
    "<script\t>alert(1)</script\n>",
    "\u202e<script>alert(1)</script>",
    "+ADw-script+AD4-alert(1)",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "?a=b&c=d#<script>",
    "../../etc/passwd",
    "//evil.example",
    "a'b\"c<d>e&f/g\\h%i+j k",
]
KNOWN = {
    "html", "head", "meta", "title", "link", "script", "body", "header", "a", "span", "nav",
    "form", "button", "main", "h1", "h2", "h3", "small", "p", "dl", "div", "dt", "dd", "section",
    "table", "thead", "tbody", "tr", "th", "td", "code", "strong", "time", "meter", "article",
    "pre", "details", "summary", "br",
}  # fmt: skip


def skeleton(page: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(tag, tuple(sorted(attrs))) for tag, attrs in page.tags]


@pytest.fixture
def plain(new_world: Any, new_person: Any) -> list[Any]:
    """The pages where every value is a harmless word."""
    world = new_world("plain")
    person = new_person(world.account.key)
    return [skeleton(person.look(path)) for path in world.paths]


def test_no_value_changes_what_a_page_is_made_of(
    new_world: Any, new_person: Any, plain: list[Any]
) -> None:
    assert {tag for page in plain for tag, _ in page} <= KNOWN
    for at in range(0, len(PAYLOADS), 4):
        payload = " ".join(PAYLOADS[at : at + 4])
        world = new_world(payload)
        person = new_person(world.account.key)
        for path, expected in zip(world.paths, plain, strict=True):
            page = person.look(path)
            assert skeleton(page) == expected, (payload, path)
            shown = page.text.replace("\u202e", "")
            assert payload.replace("\u202e", "") in shown, (payload, path)
            for tag, attrs in page.tags:
                for name in ("href", "action", "src", "data-live"):
                    link = str(attrs.get(name, "/"))
                    assert link.startswith("/"), (tag, payload)
                    assert not link.startswith("//"), (tag, payload)


def test_the_link_of_a_link_is_escaped_too(new_person: Any) -> None:
    for payload in ('"><script>', "%22%3E%3Cscript%3E", "'x"):
        page = new_person().look(f"/sign-in/{payload}")
        assert [tag for tag, _ in page.tags].count("script") == 1
