"""The page in headless Chromium: what a person does, on a phone and at a desk."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import update

from pipeline.studio.tables import jobs, sessions

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (an extra)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["TRAINSET_CHROMIUM"], args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def new_tab(chromium: Any, studio: Any) -> Iterator[Callable[..., Any]]:
    """A fresh browser that must not complain, load from elsewhere or open a dialog."""
    contexts, complaints = [], []

    def make(**options: Any) -> Any:
        context = chromium.new_context(base_url=studio.url, **options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda said: complaints.append(said.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("dialog", lambda dialog: complaints.append(dialog.message))
        tab.on(
            "request",
            lambda asked: asked.url.startswith(studio.url) or complaints.append(asked.url),
        )
        return tab

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def pages_of(world: Any) -> list[str]:
    """Those that a person opens, without the parts of them that are asked for again."""
    return [path for path in world.paths if not path.endswith("/live")]


def sign_in(tab: Any, key: str) -> None:
    tab.goto("/")
    tab.get_by_label("API key").fill(key)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("heading", name="Sessions").wait_for()


def test_a_person_signs_in_looks_at_a_run_and_signs_out(account: Any, new_tab: Any) -> None:
    account.session(runs=12)
    tab = new_tab(viewport=DESK)
    sign_in(tab, account.key)
    tab.get_by_role("link", name="colours").click()
    tab.get_by_role("link", name="3", exact=True).click()
    run = account.documents[account.ids[2]]
    tab.get_by_text(run["prompt"][0]["content"]).wait_for()
    tab.get_by_role("link", name="Next").click()
    tab.get_by_text(account.documents[account.ids[3]]["result"]).wait_for()
    tab.get_by_role("button", name="Sign out").click()
    tab.get_by_label("API key").wait_for()
    tab.goto("/")
    assert tab.url.endswith("/sign-in")


def test_the_link_that_works_once_opens_the_studio(studio: Any, new_tab: Any) -> None:
    link = studio.page_link()
    tab = new_tab()
    tab.goto(link)
    tab.get_by_role("button", name="Open the Studio").click()
    tab.get_by_text("all projects").wait_for()
    again = new_tab()
    again.goto(link)
    again.evaluate("0")
    assert again.get_by_role("button", name="Open the Studio").count() == 1


@pytest.mark.parametrize("where", ["session", "jobs"])
def test_a_job_is_seen_to_change_without_a_reload(account: Any, new_tab: Any, where: str) -> None:
    session = account.prepared()
    job = account.ok(account.post(f"/training/{session}/start"))["id"]
    account.ok(account.get(f"/training/job/{job}", sync="true"))
    database = account.studio.studio.database

    def put(job_status: str, session_status: str) -> None:
        with database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job).values(status=job_status))
            wanted = update(sessions).where(sessions.c.id == session)
            connection.execute(wanted.values(status=session_status))

    tab = new_tab()
    sign_in(tab, account.key)
    with database.write() as connection:  # a provider that nobody looks after: it stays so
        held = {"status": "cancelled", "provider": "elsewhere"}
        connection.execute(update(jobs).where(jobs.c.id == job).values(**held))
        busy = update(sessions).where(sessions.c.id == session).values(status="processing")
        connection.execute(busy)
    tab.goto(f"/sessions/{session}" if where == "session" else "/jobs")
    tab.get_by_text("cancelled").first.wait_for()
    if where == "jobs":
        tab.evaluate("document.querySelector('[data-live]').dataset.busy = 'yes'")
    tab.evaluate("window.still = true")
    put("completed", "completed")
    tab.get_by_text("completed").first.wait_for()
    assert tab.evaluate("window.still") is True
    assert tab.get_by_text("cancelled").count() == 0


def test_without_scripts_everything_is_there(account: Any, new_tab: Any) -> None:
    session = account.session(runs=12)
    account.ok(account.post(f"/training/{session}/build"))
    tab = new_tab(java_script_enabled=False)
    sign_in(tab, account.key)
    tab.goto(f"/sessions/{session}")
    answer = account.documents[account.ids[0]]["result"]
    for words in ("prepared", "Last build", "Datasets", answer):
        assert tab.get_by_text(words).first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK])
def test_no_page_is_wider_than_the_screen_and_its_words_can_be_read(
    new_world: Any, new_tab: Any, viewport: dict[str, int], scheme: str
) -> None:
    world = new_world("a-word-that-has-no-place-to-be-broken-" * 6)
    tab = new_tab(viewport=viewport, color_scheme=scheme)
    sign_in(tab, world.account.key)
    for path in pages_of(world):
        tab.goto(path)
        width = tab.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], path
    for selector in ("body", ".badge", "a", ".note"):
        assert tab.evaluate(CONTRAST, selector) >= 4.5, selector
    dark = scheme == "dark"
    assert (tab.evaluate(LIGHTNESS) < 0.5) is dark


def test_what_would_run_does_not_run(new_world: Any, new_tab: Any) -> None:
    word = "\"'></title><script>alert(1)</script><img src=x onerror=alert(2)><svg/onload=alert(3)>"
    world = new_world(word)
    tab = new_tab()
    sign_in(tab, world.account.key)
    for path in pages_of(world):
        tab.goto(path)
        tab.evaluate("Promise.all([...document.querySelectorAll('[data-live]')].map(refresh))")
        assert tab.locator("img, svg").count() == 0


LIGHTNESS = """() => {
  const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number);
  return (r + g + b) / 765;
}"""
CONTRAST = """(selector) => {
  const parts = (text) => text.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (one) => {
    const found = parts(getComputedStyle(one).backgroundColor);
    const clear = found.length > 3 && found[3] === 0;
    return clear && one.parentElement ? ground(one.parentElement) : found;
  };
  return Math.min(...[...document.querySelectorAll(selector)].map((one) => {
    const ink = light(parts(getComputedStyle(one).color)), sheet = light(ground(one));
    return (Math.max(ink, sheet) + 0.05) / (Math.min(ink, sheet) + 0.05);
  }));
}"""
