"""Rules of the house that a machine can hold."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "pipeline").rglob("*.py"))
HEAVY = {
    "httpx2", "litestar", "pyarrow", "numpy", "sqlalchemy", "jsonschema", "uvicorn", "dask",
    "tiktoken",
}  # fmt: skip
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:home|root|Users|work|mnt|opt)/[\w.-]+")
NEEDS = {"TRAINSET_REAL_RUNS", "TRAINSET_RUN_SAMPLES", "TRAINSET_POSTGRES", "TRAINSET_CHROMIUM"}
NOT_COLLECTED = {"tests/stages/test_run_samples.py", "tests/studio/people/test_browser.py"}
"""Deselected where nothing names the samples, or a browser."""
if find_spec("mistral_common") is None:
    NOT_COLLECTED |= {"tests/tokens/test_mistral.py"}
PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+")


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{module.relative_to(ROOT)}:{one.lineno} {one.name} has {length(one)} lines"
        for module in MODULES
        for one in functions(module)
        if length(one) > 60
    ]
    assert not long


def test_nine_functions_in_ten_are_at_most_35_lines() -> None:
    lengths = sorted(length(one) for module in MODULES for one in functions(module))
    assert lengths[len(lengths) * 9 // 10] <= 35


def test_no_module_is_longer_than_500_lines() -> None:
    sizes = {module: len(module.read_text(encoding="utf-8").splitlines()) for module in MODULES}
    assert not {str(module): size for module, size in sizes.items() if size > 500}


def test_every_module_opens_with_a_paragraph() -> None:
    silent = [
        str(module.relative_to(ROOT))
        for module in MODULES
        if not ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import sys, pipeline; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stdout.split())


def imports(module: Path) -> Iterator[str]:
    """First words of all imports, those inside functions too."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_every_import_of_the_package_is_a_declared_dependency() -> None:
    declared = {name for line in requirements() for name in providing(line)}
    known = declared | set(sys.stdlib_module_names) | {"pipeline"}
    strange = {
        f"{module.relative_to(ROOT)}: {name}"
        for module in MODULES
        for name in imports(module)
        if name not in known
    }
    assert not strange


def requirements() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = settings["optional-dependencies"]
    lines = [line for name in extras if name not in ("all", "dev") for line in extras[name]]
    return [re.split(r"[\[><=]", line)[0].lower() for line in settings["dependencies"] + lines]


def providing(distribution: str) -> set[str]:
    """Names that a distribution is imported under."""
    odd = {
        "pyjwt": {"jwt", "cryptography"},
        "boto3": {"boto3", "botocore"},
        "google-cloud-storage": {"google", "requests"},
        "google-crc32c": {"google_crc32c"},
        "python-stdnum": {"stdnum"},
        "quickjs-ng": {"quickjs"},
    }
    return odd.get(distribution, {distribution.replace("-", "_")})


def test_make_check_runs_the_import_contracts() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (check,) = re.findall(r"^check: (.*?) ##", makefile, re.MULTILINE)
    assert {"lint", "types", "contracts", "test"} <= set(check.split())
    assert "lint-imports" in makefile


def test_every_folder_of_tests_is_collected() -> None:
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in NEEDS},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    files = {line.partition("::")[0] for line in collected.splitlines() if "::" in line}
    written = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    missing = {name for name in written - files if not name.startswith("tests/oracles/")}
    assert missing == NOT_COLLECTED


def test_import_contracts_have_no_exceptions() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    assert len(contracts) >= 8
    assert not [one["name"] for one in contracts if one.get("ignore_imports")]


def test_no_tracked_file_names_a_path_of_somebodys_machine() -> None:
    found = []
    for path in tracked_files():
        if path == Path(__file__) or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)}: {hit}" for hit in MACHINE_PATH.findall(text)]
    assert not found


def test_constraints_are_plain_pins_in_order() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not PIN.fullmatch(line)] == []
    assert lines == sorted(lines, key=str.upper)
    assert not [line for line in lines if line.startswith("trainset==")]


def test_every_dependency_is_pinned() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = settings["dependencies"] + settings["optional-dependencies"]["dev"]
    names = {re.split(r"[\[><=]", line)[0].lower() for line in wanted}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    assert names <= pinned
