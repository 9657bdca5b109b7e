"""The platform's sample runs become the records that their page says, by the default policy."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from pipeline.prompts import PromptCatalog, Renderer
from pipeline.spec import BuildSpec, NormalizeSpec
from pipeline.stages.labels import CheckLabel
from pipeline.stages.normalize import Normalize
from pipeline.stages.prepare import Prepare, Prepared, Refused
from pipeline.stages.select import Select

pytestmark = pytest.mark.samples

CODES = {
    "17": "tool_turn_without_call",
    "21": "truncated_attachment",
    "25": "truncated_attachment",
    "31": "reasoning_inlined",
    "33": "virtual_parent",
    "35": "virtual_parent",
    "37": "not_selected",
    "41": "inputs_not_stored",
    "43": "truncated_answer",
    "47": "non_text_output",
    "49": "unrenderable_parameters",
    "51": "orphan_tool_result",
}
"""The reasons of those that are rejected or set aside for review."""


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(os.environ["TRAINSET_RUN_SAMPLES"])


def expectations(folder: Path) -> dict[str, tuple[str, dict[str, Any] | None]]:
    """By file name: the verdict, and the record that the page shows."""
    page = (folder / "expected.md").read_text(encoding="utf-8")
    found = {}
    for section in page.split("\n## ")[1:]:
        name, _, text = section.partition("\n")
        verdict = re.search(r"\*\*(\w+)\*\*", text)
        shown = re.search(r"```json\n(.*?)```", text, re.DOTALL)
        assert verdict is not None
        found[name.strip()] = verdict[1], json.loads(shown[1]) if shown else None
    return found


@pytest.fixture(scope="module")
def prepare(folder: Path) -> Prepare:
    spec = BuildSpec()
    catalog = PromptCatalog.read([(folder / "support" / "prompt-templates.json").read_bytes()])
    return Prepare(
        select=Select(spec.select),
        normalize=Normalize(NormalizeSpec(), Renderer(catalog, spec.render)),
        labels=CheckLabel(spec.labels),
        max_bytes=1 << 20,
    )


def messages_of(outcome: Prepared | Refused) -> list[dict[str, Any]]:
    """The record's messages, with a placeholder for the data of images as on the page."""
    assert isinstance(outcome, Prepared), outcome
    messages: list[dict[str, Any]] = json.loads(outcome.record_bytes)["messages"]
    for message in messages:
        for part in message["content"] if isinstance(message["content"], list) else ():
            if "data" in part:
                part["data"] = "<base64 kept>"
    return messages


def test_every_sample_ends_as_its_page_says(folder: Path, prepare: Prepare) -> None:
    expected = expectations(folder)
    assert len(expected) == 27
    for name, (verdict, record) in expected.items():
        outcome = prepare((folder / name).read_bytes())
        if verdict == "accept":
            assert record is not None
            assert messages_of(outcome) == record["messages"], name
            assert isinstance(outcome, Prepared)
            carried = "response_schema" in json.loads(outcome.record_bytes)
            assert carried == ("response_schema" in record), name
        else:
            assert isinstance(outcome, Refused), name
            assert outcome.rejected.code == CODES[name[:2]], name


def test_the_sample_for_review_is_kept_where_the_spec_says_so(
    folder: Path, prepare: Prepare
) -> None:
    name = "31-bedrock-deepseek-reasoning-inlined.json"
    keeping = Normalize(NormalizeSpec(inlined_reasoning="keep"), prepare.normalize.renderer)
    outcome = structs.replace(prepare, normalize=keeping)((folder / name).read_bytes())
    _, record = expectations(folder)[name]
    assert record is not None
    assert messages_of(outcome) == record["messages"]
