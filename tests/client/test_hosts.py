"""Where a dataset may be sent: the Studio, the clouds' storages, and what a person named."""

import httpx2
import pytest

from pipeline.client.hosts import storage_link
from pipeline.errors import PermanentError

STUDIO = httpx2.URL("https://studio.example/api/v1")


@pytest.mark.parametrize(
    "url",
    [
        "https://studio.example/upload/storage/v1/b/trainset/o?upload_id=x",
        "https://storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=resumable&upload_id=x",
        "https://www.googleapis.com/upload/storage/v1/b/b/o?upload_id=x",
        "https://my-bucket.storage.googleapis.com/train.jsonl?X-Goog-Signature=x",
        "https://storage.me-central2.rep.googleapis.com/b/o",
        "https://storage.mtls.googleapis.com/b/o",
        "https://s3.amazonaws.com/b/o?X-Amz-Signature=x",
        "https://my.bucket.s3.eu-central-1.amazonaws.com/o",
        "https://b.s3-us-west-2.amazonaws.com/o",
        "https://b.s3-fips.dualstack.us-gov-west-1.amazonaws.com/o",
        "https://b.s3-accelerate.amazonaws.com/o",
        "https://b.s3.cn-north-1.amazonaws.com.cn/o",
        "https://minio.example:9000/b/o",
        "https://other.example/b/o",
        "http://127.0.0.1:9000/b/o",
    ],
)
def test_storages_that_are_known_or_named_are_taken(url: str) -> None:
    named = ("minio.example:9000", "other.example", "127.0.0.1:9000")
    assert storage_link(url, studio=STUDIO, storages=named) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/upload?upload_id=x",
        "https://studio.example:8443/upload",
        "https://storage.googleapis.com.evil.example/b/o",
        "https://notstorage.googleapis.com/b/o",
        "https://storage.googleapis.com:8443/b/o",
        "https://www.googleapis.com/drive/v3/files",
        "https://s3.evil.example/b/o",
        "https://s3.eu-central-1.elb.amazonaws.com/b/o",
        "https://ec2.eu-central-1.amazonaws.com/b/o",
        "https://xs3.amazonaws.com/b/o",
        "https://169.254.169.254/latest/meta-data",
        "http://storage.googleapis.com/b/o",
        "http://127.0.0.1:9000/b/o",
        "https://minio.example:9001/b/o",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(PermanentError, match="handed out"):
        storage_link(url, studio=STUDIO, storages=("minio.example:9000",))


def test_a_studio_on_this_machine_leads_to_no_other_service_of_it() -> None:
    studio = httpx2.URL("http://127.0.0.1:8787/api/v1")
    storage_link("http://127.0.0.1:8787/objects/o", studio=studio)
    with pytest.raises(PermanentError, match=r"give --storage-host 127\.0\.0\.1:9000"):
        storage_link("http://127.0.0.1:9000/objects/o", studio=studio)
