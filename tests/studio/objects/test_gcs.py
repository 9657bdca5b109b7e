"""What is Google's own: signed links, sessions for objects that must be new, its environment.

The emulator checks no signature and no expiry, and answers a question to a fresh session with
one byte stored: those are looked at here as far as they are the Studio's or the client's doing.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import google.auth
import httpx2
import pytest
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError
from google.cloud.storage import Client

from pipeline.client import upload_file
from pipeline.errors import IntegrityError, NotFound, UsageError
from pipeline.studio import EmbeddedStudio, ObjectsAt
from pipeline.studio.objects import gcs

pytestmark = pytest.mark.gcs
UNIT = 256 << 10


@pytest.fixture
def at(google: str) -> ObjectsAt:
    return ObjectsAt("gs://datasets/own", google)


@pytest.fixture
def bucket(google: str) -> Any:
    """The bucket past the Studio."""
    options = {"api_endpoint": google}
    client = Client(project="p", credentials=AnonymousCredentials(), client_options=options)
    return client.bucket("datasets")


@pytest.fixture
def account_there(at: ObjectsAt, tmp_path: Path, new_account: Callable[..., Any]) -> Iterator[Any]:
    with (
        EmbeddedStudio(tmp_path / "gcs", objects=at) as studio,
        httpx2.Client(base_url=studio.url, timeout=60) as client,
    ):
        yield new_account(where=studio, client=client)


def upload_url(account: Any, session: str, resumable: str = "true") -> str:
    path = f"/training/{session}/upload-url"
    return str(account.ok(account.get(path, resumable=resumable))["url"])


def test_links_are_signed_in_v4_for_one_object_and_a_while(account_there: Any) -> None:
    session = account_there.session()
    words = parse_qs(urlsplit(upload_url(account_there, session, "false")).query)
    assert words["X-Goog-Algorithm"] == ["GOOG4-RSA-SHA256"]
    assert words["X-Goog-Expires"] == ["3600"]
    assert words["X-Goog-SignedHeaders"] == ["host"]  # a client has nothing to send but the bytes


def test_a_session_is_for_an_object_that_must_be_new(
    account_there: Any, data: Path, bucket: Any
) -> None:
    session = account_there.session()
    url = upload_url(account_there, session)
    assert parse_qs(urlsplit(url).query)["ifGenerationMatch"] == ["0"]
    stored = upload_file(url, data)
    assert stored.name.startswith(f"own/{session}-")
    account_there.ok(account_there.post(f"/training/{session}/dataset", {"dataset": stored.name}))
    shown = account_there.ok(account_there.get(f"/training/{session}"))
    assert shown["dataset"] == f"gs://datasets/{stored.name}"
    assert bucket.get_blob(stored.name).crc32c == stored.crc32c


def test_a_download_is_of_the_generation_that_was_accepted(
    account_there: Any, data: Path, bucket: Any
) -> None:
    session = account_there.session()
    stored = upload_file(upload_url(account_there, session), data)
    account_there.ok(account_there.post(f"/training/{session}/dataset", {"dataset": stored.name}))
    link = account_there.ok(account_there.get(f"/training/{session}/url"))["url"]
    assert parse_qs(urlsplit(link).query)["generation"] == [stored.generation]
    store, name = account_there.studio.studio.store, stored.name.removeprefix("own/")
    bucket.blob(stored.name).upload_from_string(b"else")
    with pytest.raises((IntegrityError, NotFound)):
        store.fetch(name, data.with_name("x"))
    job = account_there.ok(account_there.post(f"/training/{session}/start"))["id"]
    over = account_there.ok(account_there.get(f"/training/job/{job}", sync="true"))
    assert over["status"] == "failed"


def test_the_environment_leads_no_upload_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    found = (AnonymousCredentials(), "p")
    monkeypatch.setattr(google.auth, "default", lambda **_: found)
    for variable in ("STORAGE_EMULATOR_HOST", "API_ENDPOINT_OVERRIDE"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    client = gcs._client(None)
    assert client.api_endpoint == client._connection.API_BASE_URL
    assert client.api_endpoint == "https://storage.googleapis.com"


def test_without_credentials_there_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(**_: Any) -> Any:
        raise DefaultCredentialsError("no")

    monkeypatch.setattr(google.auth, "default", none)
    with pytest.raises(UsageError, match="gcloud auth application-default login"):
        EmbeddedStudio(tmp_path, objects=ObjectsAt("gs://datasets")).__enter__()


def test_a_bucket_that_is_none_is_told_at_the_start(google: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="gs://none/: is not there"):
        EmbeddedStudio(tmp_path, objects=ObjectsAt("gs://none", google)).__enter__()
