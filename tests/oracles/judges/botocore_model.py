"""botocore's model of Bedrock's Converse: types and keys of turns, their blocks and tools."""

from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from tests.oracles.oracle import one_line, read_json, without

__all__ = ["judge"]


@cache
def _shape() -> Any:
    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    return model.operation_model("Converse").input_shape


def judge(line: bytes) -> str | None:
    """A line as the request of a conversation; `schemaVersion` is the training file's alone."""
    try:
        value = without(read_json(line), "schemaVersion")
    except ValueError as error:
        return one_line(error)
    if not isinstance(value, dict):
        return "is no object"
    report = ParamValidator().validate({"modelId": "nova", **value}, _shape())
    return one_line(report.generate_report()) if report.has_errors() else None
