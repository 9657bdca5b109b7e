"""Buckets by others: moto's server for S3, an emulator of Cloud Storage. Loopback, free ports."""

import json
import logging
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest
from gcp_storage_emulator.server import create_server
from moto.server import ThreadedMotoServer

from pipeline.studio import EmbeddedStudio, ObjectsAt

BUCKET = "datasets"
AMAZON = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
"""What is configured on the machine does not reach a test."""


@pytest.fixture(scope="session")
def amazon() -> Iterator[str]:
    """Moto's S3 with a bucket; its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as environment:
        for name, value in AMAZON.items():
            environment.setenv(name, value)
        environment.delenv("AWS_PROFILE", raising=False)
        boto3.client("s3", endpoint_url=url, region_name="us-east-1").create_bucket(Bucket=BUCKET)
        yield url
    server.stop()


@pytest.fixture(scope="session")
def google() -> Iterator[str]:
    """An emulator of Cloud Storage with a bucket; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


PLACES = {
    "local": "",
    "s3": "amazon",
    "gcs": "google",
}


@pytest.fixture(
    scope="module",
    params=[
        "local",
        pytest.param("s3", marks=pytest.mark.s3),
        pytest.param("gcs", marks=pytest.mark.gcs),
    ],
)
def place(request: pytest.FixtureRequest) -> tuple[str, ObjectsAt]:
    """Each kind of place for objects, and where it is."""
    if request.param == "local":
        return "local", ObjectsAt()
    endpoint = request.getfixturevalue(PLACES[request.param])
    scheme = "gs" if request.param == "gcs" else "s3"
    return request.param, ObjectsAt(f"{scheme}://{BUCKET}/team/a", endpoint)


@pytest.fixture(scope="module")
def placed(
    place: tuple[str, ObjectsAt], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedStudio]:
    """A Studio that keeps its datasets there."""
    with EmbeddedStudio(tmp_path_factory.mktemp("placed"), objects=place[1]) as running:
        yield running


@pytest.fixture
def account_there(placed: EmbeddedStudio, new_account: Callable[..., Any]) -> Iterator[Any]:
    """A fresh project in that Studio."""
    with httpx2.Client(base_url=placed.url, timeout=60) as client:
        yield new_account(where=placed, client=client)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training file of a few chunks that the rehearsal takes."""
    path = tmp_path_factory.mktemp("data") / "data.jsonl"
    said = ({"role": "user", "content": "%08d"}, {"role": "assistant", "content": "ho" * 2000})
    line = json.dumps({"messages": said})
    path.write_text("".join(line % number + "\n" for number in range(5000)))
    return path
