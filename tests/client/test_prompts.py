"""Interactions and prompt templates as the client reads them, and rendering by the Studio."""

from typing import Any

import pytest

from pipeline.api.prompts import RenderedPrompt
from pipeline.client import Refusal, StudioClient
from pipeline.errors import (
    AuthRefused,
    NotFound,
    PermanentError,
    RateLimited,
    TrainsetError,
    Unreachable,
)

IDENT = "a1" * 12
INTERACTION = f"GET /api/v1/interactions/{IDENT}"
PROMPT = f"GET /api/v1/prompts/{IDENT}"
RENDER = f"POST /api/v1/prompts/{IDENT}/render"
DOCUMENT = b'{ "id":"x",  "n": 1.50E+2, "t":"\\u00e9"}'
VARIABLES = b'{ "b":1,  "a": 1.50E+2, "t":"\\u00e9"}'
ANSWER = {"id": IDENT, "name": "U", "role": "user", "content_type": "jst", "rendered": "Hello."}


def test_documents_come_byte_for_byte(server: Any, studio: StudioClient) -> None:
    for route in (INTERACTION, PROMPT):
        server.on(route, server.raw(DOCUMENT, kind="application/json"))
    for read in (studio.interactions, studio.prompts):
        assert read.get(IDENT) == DOCUMENT
        assert read.look_up(IDENT) == DOCUMENT


def test_variables_are_sent_byte_for_byte(server: Any, studio: StudioClient) -> None:
    server.on(RENDER, server.json(ANSWER))
    rendered = RenderedPrompt(**ANSWER)
    assert studio.prompts.render(IDENT, VARIABLES) == rendered
    assert studio.prompts.try_render(IDENT, VARIABLES) == rendered
    for seen in server.calls(RENDER):
        assert seen.body == VARIABLES
        assert seen.headers["content-type"] == "application/json"


def test_the_answer_of_the_first_clients_is_read(server: Any, studio: StudioClient) -> None:
    template = {"id": IDENT, "role": "user", "content": "Hello.", "inputSchema": {}, "version": 2}
    server.on(RENDER, server.json(template))
    answer = studio.prompts.render(IDENT, b"{}")
    assert (answer.rendered, answer.content, answer.role) == (None, "Hello.", "user")


def test_ids_are_one_segment_of_the_path(server: Any, studio: StudioClient) -> None:
    server.on("GET /api/v1/interactions/sys%3Aa%2Fb", server.raw(b"{}"))
    assert studio.interactions.get("sys:a/b") == b"{}"


def test_rendering_is_repeated_as_a_get_is(server: Any, studio: StudioClient) -> None:
    faults = [server.json({}, 503), server.reset(), server.raw(b"<html>", 500)]
    server.on(RENDER, *faults, server.json(ANSWER))
    assert studio.prompts.render(IDENT, VARIABLES).rendered == "Hello."
    assert [seen.body for seen in server.calls(RENDER)] == [VARIABLES] * 4
    paced = server.json({}, 429, x_ratelimit_reason="pacing", x_ratelimit_retry_ms="1")
    server.on(RENDER, *[paced] * 4, server.json(ANSWER))
    assert studio.prompts.render(IDENT, VARIABLES).rendered == "Hello."


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PermanentError),
        (403, AuthRefused),
        (404, NotFound),
        (410, NotFound),
        (501, Unreachable),
    ],
)
def test_a_refusal_is_raised_or_is_an_answer(
    server: Any, studio: StudioClient, status: int, kind: type[TrainsetError]
) -> None:
    for route in (INTERACTION, PROMPT, RENDER):
        server.on(route, server.json({"message": "the reason why"}, status))
    for call in (
        lambda: studio.interactions.get(IDENT),
        lambda: studio.prompts.get(IDENT),
        lambda: studio.prompts.render(IDENT, b"{}"),
    ):
        with pytest.raises(kind, match="the reason why"):
            call()
    refusal = Refusal(status, "saying: the reason why")
    assert studio.interactions.look_up(IDENT) == refusal
    assert studio.prompts.look_up(IDENT) == refusal
    assert studio.prompts.try_render(IDENT, b"{}") == refusal


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthRefused), (429, RateLimited), (500, Unreachable), (503, Unreachable)],
)
def test_what_may_pass_is_no_refusal(
    server: Any, studio: StudioClient, status: int, kind: type[TrainsetError]
) -> None:
    for route in (INTERACTION, PROMPT, RENDER):
        server.on(route, server.json({}, status))
    for call in (
        lambda: studio.interactions.look_up(IDENT),
        lambda: studio.prompts.look_up(IDENT),
        lambda: studio.prompts.try_render(IDENT, b"{}"),
    ):
        with pytest.raises(kind):
            call()


@pytest.mark.parametrize("body", [b"[]", b"<html>", b"", b'"text"'])
def test_a_success_that_is_something_else_is_told_so(
    server: Any, studio: StudioClient, body: bytes
) -> None:
    for route in (INTERACTION, PROMPT, RENDER):
        server.on(route, server.raw(body))
    for call in (
        lambda: studio.interactions.look_up(IDENT),
        lambda: studio.prompts.get(IDENT),
        lambda: studio.prompts.try_render(IDENT, b"{}"),
    ):
        with pytest.raises(PermanentError, match="is not the JSON"):
            call()
