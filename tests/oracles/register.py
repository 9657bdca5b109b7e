"""Which oracles judge which format, and what is judged by nobody."""

from collections.abc import Mapping

from tests.oracles.judges import (
    anthropic_package,
    botocore_model,
    datasets_package,
    fireworks_as_openai,
    google_genai_package,
    mistral_common_package,
    nova_forge_package,
    openai_package,
    openai_schema,
    sagemaker_package,
    together_package,
    trl_package,
)
from tests.oracles.oracle import FileOracle, Oracle

__all__ = ["FILE_JUDGES", "JUDGES", "UNJUDGED"]

OPENAI_TYPES = Oracle(
    name="openai-types",
    package="openai",
    covers="types, keys, roles and required fields of messages and tools",
    misses="weights (taken out first), order of turns, pairing of calls and results",
    judge=openai_package.judge_chat,
)
OPENAI_SCHEMA = Oracle(
    name="openai-schema",
    package="OpenAI's OpenAPI document at f7f4b05",
    covers="types, roles, required fields, weights",
    misses="unknown keys, order of turns, whether there is an answer",
    judge=openai_schema.judge_chat,
)
OPENAI_TYPES_DPO = Oracle(
    name="openai-types-dpo",
    package=OPENAI_TYPES.package,
    covers="types, keys, roles and required fields of the input and both outputs",
    misses="how many messages an output has, order of turns",
    judge=openai_package.judge_preference,
)
OPENAI_SCHEMA_DPO = Oracle(
    name="openai-schema-dpo",
    package=OPENAI_SCHEMA.package,
    covers="types, roles, at most one message an output",
    misses="unknown keys, missing fields",
    judge=openai_schema.judge_preference,
)
TOGETHER = Oracle(
    name="together",
    package="together==2.14.0",
    covers="columns, roles, weights, images, at least one answer; the outputs of a preference",
    misses="alternation, tools and their calls",
    judge=together_package.judge,
)
TOGETHER_OLD = Oracle(
    name="together-1.5",
    package="together==1.5.35",
    covers="the same, and that turns alternate",
    misses="it knows no tools: such lines are not shown to it",
    judge=together_package.judge_old,
    knows=together_package.has_no_tools,
)
MISTRAL_V3 = Oracle(
    name="mistral-v3",
    package="mistral-common",
    covers="keys and types, last turn, order of roles, ids of nine characters, text or calls",
    misses="which call a result answers",
    judge=mistral_common_package.judge_v3,
)
MISTRAL_V11 = Oracle(
    name="mistral-v11",
    package="mistral-common",
    covers="the same of newer tokenizers: results are paired with calls by their ids",
    misses="text beside calls is allowed",
    judge=mistral_common_package.judge_v11,
)
GEMINI = Oracle(
    name="gemini-example",
    package="google-cloud-aiplatform",
    covers="keys and types of contents, parts, tools and the system instruction",
    misses="roles and their order, whether a part holds anything, where files lie",
    judge=google_genai_package.judge_chat,
)
GEMINI_PREFERENCE = Oracle(
    name="gemini-preference-example",
    package="google-genai",
    covers="keys and types of contents and completions",
    misses="scores, how many completions, order of turns",
    judge=google_genai_package.judge_preference,
)
GEMINI_TURNS = Oracle(
    name="gemini-history",
    package="google-genai",
    covers="roles user and model, no empty turns",
    misses="how a history ends",
    judge=google_genai_package.judge_turns,
)
NOVA = Oracle(
    name="nova-forge",
    package="amzn-nova-forge==1.4.10",
    covers="all of a Converse sample: roles, order, reserved words, images, calls and results",
    misses="calls without results",
    judge=nova_forge_package.judge,
)
CONVERSE = Oracle(
    name="bedrock-converse",
    package="botocore",
    covers="types and keys of a Converse request",
    misses="order of turns, roles, addresses",
    judge=botocore_model.judge,
)
CONVERSE_SCHEMA = Oracle(
    name="sagemaker-converse",
    package="sagemaker-train==1.27.0",
    covers="types, roles and keys of a Converse line without media",
    misses="order of turns, empty texts",
    judge=sagemaker_package.judge_converse,
    knows=sagemaker_package.has_no_media,
)
PROMPT = Oracle(
    name="sagemaker-sft",
    package="sagemaker-train==1.27.0",
    covers="a prompt and a completion, both strings",
    misses="all else",
    judge=sagemaker_package.judge_prompt,
)
PROMPT_SCHEMA = Oracle(
    name="sagemaker-prompt-completion",
    package="sagemaker-train==1.27.0",
    covers="types of a prompt and a completion",
    misses="empty texts, unknown keys",
    judge=sagemaker_package.judge_prompt_schema,
)
CLAUDE = Oracle(
    name="anthropic-types",
    package="anthropic",
    covers="types and keys of messages and the system prompt",
    misses="order of turns, blocks that Bedrock does not train",
    judge=anthropic_package.judge,
)
TRL = Oracle(
    name="trl",
    package="trl==1.16.0",
    covers="the columns; whether the templates of Qwen 3, gpt-oss and Gemma 4 can write it",
    misses="what a template passes over: unknown roles and keys, contents that are no text",
    judge=trl_package.judge,
)

_FIREWORKS = (
    Oracle(
        name="openai-schema",
        package=OPENAI_SCHEMA.package,
        covers=OPENAI_SCHEMA.covers,
        misses="what Fireworks adds, taken out first: weights, reasoning, calls without ids",
        judge=fireworks_as_openai.judge_schema,
    ),
    Oracle(
        name="openai-types",
        package=OPENAI_TYPES.package,
        covers=OPENAI_TYPES.covers,
        misses="what Fireworks adds, taken out first: weights, reasoning, calls without ids",
        judge=fireworks_as_openai.judge_types,
    ),
)
_OPENAI = (OPENAI_SCHEMA, OPENAI_TYPES)
_TRL = (TRL,)
JUDGES: Mapping[str, tuple[Oracle, ...]] = {
    "openai": _OPENAI,
    "azure": _OPENAI,
    "openai-dpo": (OPENAI_SCHEMA_DPO, OPENAI_TYPES_DPO),
    "gemini": (GEMINI, GEMINI_TURNS),
    "gemini-preference": (GEMINI_PREFERENCE, GEMINI_TURNS),
    "bedrock-nova": (NOVA, CONVERSE, CONVERSE_SCHEMA),
    "bedrock-claude": (CLAUDE,),
    "bedrock-text": (PROMPT, PROMPT_SCHEMA),
    "mistral": (MISTRAL_V3, MISTRAL_V11),
    "together": (TOGETHER, TOGETHER_OLD),
    "together-dpo": (TOGETHER, TOGETHER_OLD),
    "fireworks": _FIREWORKS,
    "trl": _TRL,
    "trl-completion": _TRL,
    "trl-dpo": _TRL,
}
"""By a format's name."""

_NOVA_FILE = FileOracle(
    name="nova-forge-file",
    package=NOVA.package,
    covers="what one line has (a system, images, reasoning, calls), all lines have",
    misses="buckets",
    judge=nova_forge_package.judge_file,
)
_TOGETHER_FILE = FileOracle(
    name="together-file",
    package=TOGETHER.package,
    covers="all lines of a file are of one shape",
    misses="as of a line; a weight of an example is unknown to it, such files are not shown to it",
    judge=together_package.judge_file,
    knows=lambda line: "weight" not in line,
)
_DATASETS = FileOracle(
    name="datasets",
    package="datasets",
    covers='load_dataset("json") reads the file, with as many rows as lines',
    misses="what a column holds",
    judge=datasets_package.judge_file,
)
FILE_JUDGES: Mapping[str, tuple[FileOracle, ...]] = {
    "bedrock-nova": (_NOVA_FILE,),
    "together": (_TOGETHER_FILE,),
    "together-dpo": (_TOGETHER_FILE,),
    "trl": (_DATASETS,),
    "trl-completion": (_DATASETS,),
    "trl-dpo": (_DATASETS,),
}
"""By a format's name."""

UNJUDGED: Mapping[str, str] = {
    "cohere": "Cohere's package has no check of records; its service ended fine-tuning in 2025",
}
"""Formats that no offline validator of somebody else knows, and why."""
