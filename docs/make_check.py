"""Bring `docs/check.md` up to date: `python docs/make_check.py`.

Runs the commands that the page shows, in a folder with the example's file, and writes what they
print below them; makes the table of repairs from the formats. Imports `pipeline`.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.formats import FORMATS
from pipeline.formats.judging import FILE_MENDS

DOCS = Path(__file__).parent
PAGE = DOCS / "check.md"
EXAMPLE = DOCS / "examples" / "chat.jsonl"
SHOWN = re.compile(r"(?<=```console\n)\$ trainset (.*?)\n.*?(?=```)", re.DOTALL)
TABLE = re.compile(r"(?<=<!-- repairs -->\n).*?(?=<!-- end of repairs -->)", re.DOTALL)


def updated(text: str) -> str:
    """The page with what the commands print now and the repairs that there are."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(EXAMPLE, folder)
        text = SHOWN.sub(lambda found: _printed(found[1], folder), text)
    return TABLE.sub(lambda _: "".join(_repairs()), text)


def _printed(words: str, folder: str) -> str:
    trainset = str(Path(sys.executable).with_name("trainset"))
    done = subprocess.run(  # noqa: S603 (our own command)
        [trainset, *words.split()], cwd=folder, capture_output=True, text=True, check=False
    )
    return f"$ trainset {words}\n{done.stdout.strip()}\n"


def _repairs() -> Iterator[str]:
    yield "| repair | what it does | in |\n|---|---|---|\n"
    found: dict[str, tuple[str, list[str]]] = {}
    for form in FORMATS.values():
        for mend in form.mends:
            names = found.setdefault(mend.name, (mend.says, []))[1]
            if form.name not in names:
                names.append(form.name)
    for name, (says, names) in found.items():
        told = says.split(":")[0] if name == "roles_renamed" else says
        yield f"| `{name}` | {told} | {_where(names)} |\n"
    for name, says in FILE_MENDS.items():
        yield f"| `{name}` | {says} | the file |\n"


def _where(names: list[str]) -> str:
    lacking = [name for name in FORMATS if name not in names]
    if not lacking:
        return "every format"
    return ", ".join(names) if len(names) <= len(lacking) else f"all but {', '.join(lacking)}"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
