"""What becomes of every case in a format; run with names of formats, it writes the golden files.

`PYTHONPATH=. python tests/formats/write_golden.py [FORMAT...]`, then read the diff.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec

from pipeline.formats import FORMATS, Unfit, get_format, write_line
from tests.formats.cases import CHATS, PREFERENCES


def told_of(name: str) -> dict[str, Any]:
    """Every case of the format: its line and what was rewritten for it, or why it is refused."""
    form = get_format(name)
    told: dict[str, Any] = {}
    for case, record in (CHATS if form.kind == "chat" else PREFERENCES).items():
        written = write_line(form, record)
        if isinstance(written, Unfit):
            told[case] = {"refused": written.reason}
        else:
            line, rewrites = written
            problems = [f"{one.rule} {one.pointer}: {one.reason}" for one in form.check(line)]
            told[case] = {"line": msgspec.json.decode(line)}
            told[case] |= {"rewrites": list(rewrites)} if rewrites else {}
            told[case] |= {"problems": problems} if problems else {}
    return told


if __name__ == "__main__":
    for name in sys.argv[1:] or FORMATS:
        (Path(__file__).parent / "golden" / f"{name}.json").write_bytes(
            msgspec.json.format(msgspec.json.encode(told_of(name)), indent=1) + b"\n"
        )
