"""How many runs a second are rendered on one core, by the kind of template.

    python benchmarks/render.py [--runs 20000]

Each run has two templates (a `text` system segment and one of the kind) and ten parameters.
"""

import argparse
import json
import sys
import time

from msgspec import Raw

from pipeline.prompts import PromptCatalog, Rendered, Renderer
from pipeline.spec import RenderSpec

WORDS = "the grey wheel of the third bicycle has lost a spoke on the way to the shop"
WORD = WORDS.split()
CONTENTS = {
    "text": "Sort the mail into one of the teams. Answer with one word.",
    "jst": "return `Mail of ${name}, ${city}:\n${lines.map((one) => '- ' + one).join('\\n')}\n"
    "${urgent ? 'It is urgent.' : ''}`",
    "handlebars": "Mail of {{name}}, {{city}}:\n{{#each lines}}- {{this}}\n{{/each}}"
    "{{#if urgent}}It is urgent.{{/if}}",
}


def renderer(kind: str) -> Renderer:
    """A renderer that knows one interaction."""
    names = ["name", "city", "lines", "urgent", *(f"field{at}" for at in range(6))]
    schema = {"type": "object", "properties": {name: {} for name in names}}
    templates = [
        {"id": "system", "role": "system", "content_type": "text", "content": CONTENTS["text"]},
        {"id": "user", "role": "user", "content_type": kind, "content": CONTENTS[kind]},
    ]
    prompts = [{"type": "template", "template": one["id"]} for one in templates]
    documents = [{**one, "inputSchema": schema} for one in templates]
    known = [*documents, {"id": "mail", "prompts": prompts}]
    return Renderer(PromptCatalog.read([json.dumps(known).encode()]), RenderSpec())


def parameters(number: int) -> Raw:
    """Ten parameters, other ones for each run."""
    lines = [" ".join(WORD[at:] + WORD[:at]) for at in range(number % 5 + 1)]
    fields = {f"field{at}": f"{WORD[at]} {number}" for at in range(6)}
    given = {"name": f"Customer & {number}", "city": "Ghent", "lines": lines, "urgent": True}
    return Raw(json.dumps({**given, **fields}).encode())


def main() -> int:
    """Render, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=20_000)
    flags = parser.parse_args()
    interaction = Raw(b'"mail"')
    given = [parameters(number) for number in range(flags.runs)]
    print(f"{'templates':<20}{'runs':>9}{'runs/s':>11}")
    for kind in CONTENTS:
        work = renderer(kind)
        began = time.perf_counter()
        for one in given:
            if not isinstance(work.render(interaction, one, "a-model"), Rendered):
                sys.exit(f"a run of {kind} was not rendered")
        took = time.perf_counter() - began
        print(f"{'text and ' + kind:<20}{flags.runs:>9,}{flags.runs / took:>11,.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
