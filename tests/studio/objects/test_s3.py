"""What is Amazon's own: multipart uploads behind one URL, presigned links, and its environment."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import httpx2
import pytest

from pipeline.client import download, upload_file
from pipeline.errors import IntegrityError, NotFound, PermanentError, UsageError
from pipeline.manifest import FileDigests
from pipeline.studio import EmbeddedStudio, ObjectsAt
from pipeline.studio.objects.s3 import PART

pytestmark = pytest.mark.s3
UNIT = 256 << 10


@pytest.fixture
def at(amazon: str) -> ObjectsAt:
    return ObjectsAt("s3://datasets/own", amazon)


@pytest.fixture
def bucket(amazon: str) -> Any:
    """The bucket past the Studio."""
    return boto3.resource("s3", endpoint_url=amazon, region_name="us-east-1").Bucket("datasets")


@pytest.fixture
def account_there(at: ObjectsAt, tmp_path: Path, new_account: Callable[..., Any]) -> Iterator[Any]:
    with (
        EmbeddedStudio(tmp_path / "s3", objects=at) as studio,
        httpx2.Client(base_url=studio.url, timeout=60) as client,
    ):
        yield new_account(where=studio, client=client)


@pytest.fixture
def sent(account_there: Any) -> list[str]:
    """The operations of S3 that the Studio calls."""
    return listened(account_there.studio)


def listened(studio: EmbeddedStudio) -> list[str]:
    calls: list[str] = []
    events = studio.studio.store._client.meta.events
    events.register("before-call.s3", lambda model, **_: calls.append(model.name))
    return calls


def upload_url(account: Any, session: str, resumable: str = "true") -> str:
    path = f"/training/{session}/upload-url"
    return str(account.ok(account.get(path, resumable=resumable))["url"])


def key(account: Any, session: str) -> str:
    place = account.ok(account.get(f"/training/{session}"))["dataset"]
    return str(place).removeprefix("s3://datasets/")


def test_a_large_upload_is_sent_on_in_parts_while_it_comes(
    account_there: Any, data: Path, bucket: Any, sent: list[str]
) -> None:
    session = account_there.session()
    stored = upload_file(upload_url(account_there, session), data)
    parts = -(-data.stat().st_size // PART)
    assert parts >= 2
    assert (sent.count("UploadPart"), sent.count("CompleteMultipartUpload")) == (parts, 1)
    account_there.ok(account_there.post(f"/training/{session}/dataset", {"dataset": stored.name}))
    assert bucket.Object(key(account_there, session)).e_tag.endswith(f'-{parts}"')
    told = bucket.Object(key(account_there, session)).get(ChecksumMode="ENABLED")
    assert (told["ChecksumCRC32C"], told["ChecksumType"]) == (stored.crc32c, "FULL_OBJECT")
    assert not list((account_there.studio.studio.data_dir / "parts").iterdir())


def test_parts_that_are_at_amazon_are_not_sent_again_after_a_restart(
    at: ObjectsAt, tmp_path: Path, new_account: Callable[..., Any], data: Path
) -> None:
    folder, body, size = tmp_path / "s3", data.read_bytes(), data.stat().st_size
    with EmbeddedStudio(folder, objects=at) as first, httpx2.Client(base_url=first.url) as http:
        account = new_account(where=first, client=http)
        session = account.session()
        url = upload_url(account, session)
        span = f"bytes 0-{PART + UNIT - 1}/{size}"
        half = http.put(url, content=body[: PART + UNIT], headers={"Content-Range": span})
        assert half.status_code == 308
    with EmbeddedStudio(folder, objects=at) as second:
        sent = listened(second)
        stored = upload_file(url.replace(first_origin(url), second.url), data)
        assert sent.count("UploadPart") == -(-size // PART) - 1
        assert second.studio.store.accept(stored.name, session) == stored.name


def first_origin(url: str) -> str:
    parsed = urlsplit(url)
    return f"{parsed.scheme}://{parsed.netloc}"


def test_an_upload_that_is_given_up_leaves_nothing_at_amazon(
    account_there: Any, data: Path, amazon: str
) -> None:
    url = upload_url(account_there, account_there.session())
    body, span = data.read_bytes()[:PART], f"bytes 0-{PART - 1}/*"
    account_there.http.put(url, content=body, headers={"Content-Range": span})
    client = boto3.client("s3", endpoint_url=amazon, region_name="us-east-1")
    listed = client.list_multipart_uploads(Bucket="datasets", Prefix="own/")
    assert len(listed["Uploads"]) == 1
    assert account_there.http.delete(url).status_code == 499
    listed = client.list_multipart_uploads(Bucket="datasets", Prefix="own/")
    assert "Uploads" not in listed


def test_an_object_whose_row_was_lost_in_a_crash_is_not_made_twice(
    account_there: Any, data: Path, sent: list[str]
) -> None:
    url = upload_url(account_there, account_there.session())
    store, body = account_there.studio.studio.store, data.read_bytes()
    span = f"bytes 0-{len(body) - len(body) % UNIT - 1}/{len(body)}"
    account_there.http.put(
        url, content=body[: len(body) - len(body) % UNIT], headers={"Content-Range": span}
    )
    upload = store.spool.opened(url.partition("upload_id=")[2])
    store.spool.append(upload, len(body) - len(body) % UNIT, body[-(len(body) % UNIT) :])
    store.take(upload.object, store.spool.parts.path(upload.object), store.spool.digests(upload))
    made = sent.count("CompleteMultipartUpload")
    done = upload_file(url, data)
    assert done.crc32c == FileDigests.of_file(data).crc32c
    assert sent.count("CompleteMultipartUpload") == made == 1


def test_an_object_that_was_changed_past_the_studio_fails_the_job(
    account_there: Any, data: Path, bucket: Any
) -> None:
    session = account_there.session()
    stored = upload_file(upload_url(account_there, session), data)
    account_there.ok(account_there.post(f"/training/{session}/dataset", {"dataset": stored.name}))
    bucket.Object(key(account_there, session)).put(Body=b"else")
    job = account_there.ok(account_there.post(f"/training/{session}/start"))["id"]
    over = account_there.ok(account_there.get(f"/training/job/{job}", sync="true"))
    assert over["status"] == "failed"
    assert "is not what was accepted" in over["details"]
    with pytest.raises(IntegrityError, match="is not what was accepted"):
        account_there.studio.studio.store.fetch(stored.name, data.with_name("x"))
    bucket.Object(key(account_there, session)).delete()
    with pytest.raises(NotFound, match="is not there"):
        account_there.studio.studio.store.fetch(stored.name, data.with_name("x"))


def test_links_are_presigned_for_one_key_and_a_while(account_there: Any, data: Path) -> None:
    session = account_there.session()
    link = upload_url(account_there, session, "false")
    words = parse_qs(urlsplit(link).query)
    assert words["X-Amz-Expires"] == ["3600"]
    assert words["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert words["X-Amz-SignedHeaders"] == ["host"]  # a client has nothing to send but the bytes
    assert urlsplit(link).path.startswith(f"/datasets/own/incoming/{session}-")
    assert upload_file(link, data).size == str(data.stat().st_size)


def test_the_environment_leads_no_upload_elsewhere(
    at: ObjectsAt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    with EmbeddedStudio(tmp_path / "asked", objects=at) as studio:
        assert studio.studio.store._client.meta.endpoint_url == at.endpoint
    from pipeline.studio.objects import s3  # noqa: PLC0415

    made: list[str] = []

    class Made:
        def __init__(self, *_: Any, config: Any, **more: Any) -> None:
            client = real("s3", config=config, **{**more, "region_name": "eu-central-1"})
            made.append(client.meta.endpoint_url)

        def head_bucket(self, **_: Any) -> Any:
            return {"ResponseMetadata": {"HTTPHeaders": {"x-amz-bucket-region": "eu-central-1"}}}

    real = boto3.client
    monkeypatch.setattr(s3.boto3, "client", Made)
    s3._client("datasets", None)
    assert made == ["https://s3.eu-central-1.amazonaws.com"] * 2


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("s3://no-such-bucket/x", PermanentError, "is not there"),
        ("s3://", UsageError, r"must be s3://BUCKET"),
        ("s3://key:secret@bucket", UsageError, r"must be s3://BUCKET"),
        ("ftp://x/y", UsageError, r"give a folder, gs://BUCKET or s3://BUCKET"),
    ],
)
def test_a_place_that_is_none_is_told_at_the_start(
    amazon: str, tmp_path: Path, url: str, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        EmbeddedStudio(tmp_path / "none", objects=ObjectsAt(url, amazon)).__enter__()
    assert "secret" not in str(caught.value)


def test_the_dataset_of_a_session_is_read_by_its_link(
    account_there: Any, data: Path, tmp_path: Path
) -> None:
    session = account_there.session()
    stored = upload_file(upload_url(account_there, session, "false"), data)
    account_there.ok(account_there.post(f"/training/{session}/dataset", {"dataset": stored.name}))
    link = account_there.ok(account_there.get(f"/training/{session}/url"))["url"]
    assert urlsplit(link).path == f"/datasets/{key(account_there, session)}"
    assert download(link, tmp_path / "x").bytes == data.stat().st_size
