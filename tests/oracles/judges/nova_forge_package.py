"""AWS's `amzn-nova-forge`: the sample that its dataset validator reads, for Nova 2 Lite on Bedrock.

The validator looks into the images that a line names: an S3 of our own holds, under every name,
an image of the type that the line says. The package's start loads the SageMaker SDK, which the
validator does not need; it is imported without it (`bare_package`).
"""

import io
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from PIL import Image
from pydantic import ValidationError

from tests.oracles.oracle import bare_package, one_line, read_json

_FORGE = "amzn_nova_forge"
bare_package(
    "amzn-nova-forge",
    _FORGE,
    *(f"{_FORGE}.{one}" for one in ("core", "util", "validation", "dataset")),
    f"{_FORGE}.dataset.configs",
    f"{_FORGE}.dataset.dataset_validator",
)

from amzn_nova_forge.core.enums import Model  # noqa: E402 (after the packages are bare)
from amzn_nova_forge.dataset.dataset_validator import dataset_validator  # noqa: E402
from amzn_nova_forge.dataset.dataset_validator.sft_dataset_validator import (  # noqa: E402
    SFTConverseDatasetSample,
    SFTDatasetValidator,
)

__all__ = ["judge", "judge_file"]


class _Bucket:
    """As much of an S3 client as the validator asks."""

    def __init__(self, types: dict[str, str]) -> None:
        self._types = types

    def _bytes(self, bucket: str, key: str) -> bytes:
        return _picture(self._types.get(f"s3://{bucket}/{key}", "png"))

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 (boto3's words)
        return {"ContentLength": len(self._bytes(Bucket, Key))}

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> dict[str, Any]:  # noqa: ARG002, N803
        return {"Body": io.BytesIO(self._bytes(Bucket, Key))}

    def download_fileobj(self, *, Bucket: str, Key: str, Fileobj: Any) -> None:  # noqa: N803
        Fileobj.write(self._bytes(Bucket, Key))


def judge(line: bytes) -> str | None:
    """One sample."""
    try:
        value = read_json(line)
        context = {"model": Model.NOVA_LITE_2, "s3_client": _Bucket(dict(_types(value)))}
        SFTConverseDatasetSample.model_validate(value, context=context)
    except (ValueError, ValidationError, dataset_validator.InfrastructureError) as error:
        return one_line(error)
    return None


def judge_file(lines: Sequence[bytes]) -> str | None:
    """All lines, and whether what one has, all have."""
    validator = SFTDatasetValidator()
    seen: dict[str, bool | None] = dict.fromkeys(validator.get_optional_fields())
    first: dict[str, int] = {}
    for number, line in enumerate(lines):
        if reason := judge(line):
            return reason
        try:
            validator._check_optional_field_consistency(
                read_json(line), number, validator.get_optional_fields(), seen, first
            )
        except ValueError as error:
            return one_line(error)
    return None


def _types(value: Any) -> Iterator[tuple[str, str]]:
    """Where images lie, and of what type the line says they are."""
    if isinstance(value, list):
        for one in value:
            yield from _types(one)
    elif isinstance(value, dict):
        match value:
            case {"format": str(said), "source": {"s3Location": {"uri": str(uri)}}}:
                yield uri, said.lower()
        for one in value.values():
            yield from _types(one)


@cache
def _picture(said: str) -> bytes:
    written = io.BytesIO()
    try:
        Image.new("RGB", (32, 32)).save(written, format=said)
    except KeyError:
        Image.new("RGB", (32, 32)).save(written, format="png")
    return written.getvalue()
