"""A person before the page: signed in, reading HTML."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from pipeline.studio.outcomes import Outcome, Sample, keep_outcome
from pipeline.studio.tables import jobs, objects

VOID = {"meta", "link", "input", "br"}


@dataclass
class Found(HTMLParser):
    """What a page holds; tags that are not closed as they were opened are an error."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    within: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.within.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def links(self, rel: str | None = None) -> list[str]:
        """Where links lead to, in order."""
        return [
            str(attrs.get("href"))
            for tag, attrs in self.tags
            if tag == "a" and (rel is None or attrs.get("rel") == rel)
        ]


def read(text: str) -> Found:
    """The page, parsed to its end."""
    found = Found()
    found.feed(text)
    found.close()
    assert found.within == []
    return found


@dataclass
class Person:
    """A browser without scripts."""

    http: httpx2.Client

    def sign_in(self, **form: str) -> httpx2.Response:
        return self.http.post("/sign-in", data=form)

    def answer(self, path: str) -> httpx2.Response:
        return self.http.get(path)

    @staticmethod
    def read(text: str) -> Found:
        return read(text)

    def look(self, path: str) -> Found:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        return read(answer.text)


@pytest.fixture
def new_person(studio: Any) -> Any:
    """Make a person with a cookie jar of their own."""
    clients: list[httpx2.Client] = []

    def make(key: str | None = None) -> Person:
        clients.append(httpx2.Client(base_url=studio.url, timeout=60))
        person = Person(clients[-1])
        if key is not None:
            assert person.sign_in(key=key).status_code == 303
        return person

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def person(account: Any, new_person: Callable[..., Person]) -> Person:
    """Someone with the account's key."""
    return new_person(account.key)


@dataclass
class World:
    """A project in which every value that a page shows is the same word."""

    account: Any
    session: str

    @property
    def paths(self) -> list[str]:
        own = f"/sessions/{self.session}"
        project = f"/?{httpx2.QueryParams({'project': self.account.project})}"
        builds = f"{own}/builds?{httpx2.QueryParams({'code': self.account.project})}"
        return ["/", project, own, f"{own}/live", f"{own}/runs/0", f"{own}/builds", builds,
                "/datasets", "/jobs", "/jobs/live"]  # fmt: skip


@pytest.fixture
def new_world(account: Any) -> Callable[[str], World]:
    """Say the word wherever one can be said: by the API, and else in the database."""

    def make(word: str) -> World:
        one = type(account)(account.studio, account.http, account.folder, word)
        one.env = secrets.token_hex(12)
        run = {
            "id": word,
            "interaction": {"id": "1" * 24, "name": word},
            "environment": {"id": "2" * 24, "name": word},
            **dict.fromkeys(["modelId", "status", "finish_reason", "created_at"], word),
            "prompt": [{"role": word, "content": word}, {"role": "user", "content": word}],
            "result": [{"type": "text", "value": word}],
            "parameters": {word: word},
            "error": {"message": word},
            "tags": [word],
        }
        provider = {"id": word, "name": word, "provider": "test"}
        listed = {"id": one.env, "name": word, "provider": "test", "default_model": word,
                  "enabled_models": [provider]}  # fmt: skip
        one.load([run], listed)
        one.sign_in()
        body = {"name": word, "env": one.env, "model": word}
        session = one.ok(one.post("/training", body))["id"]
        one.ok(one.post(f"/training/{session}/add", {"runs": [word]}))
        name = one.upload(session, one.good_dataset())
        one.ok(one.post(f"/training/{session}/dataset", {"dataset": name}))
        one.ok(one.post(f"/training/{session}/start"))
        job = one.ok(one.get(f"/training/{session}"))["job"]["id"]
        one.ok(one.get(f"/training/job/{job}", sync="true"))
        sample = Sample(word, word, word, word)
        counts = {word: 2}
        outcome = Outcome(
            pulled=5, kept=1, rejected=counts, duplicates=counts, splits=counts, tokens=counts,
            samples=(sample, sample),
        )  # fmt: skip
        database = one.studio.studio.database
        keep_outcome(database, session, None, Outcome(refused=word))
        keep_outcome(database, session, name, outcome)
        with database.write() as connection:
            words = {"model": word, "details": json.dumps(word), "status": "failed",
                     "provider": word}  # fmt: skip
            connection.execute(update(jobs).where(jobs.c.id == job).values(**words))
            shown = update(objects).where(objects.c.name == name)
            connection.execute(shown.values(name=f"{word}{session}"))
        return World(one, session)

    return make
