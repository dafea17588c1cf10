"""The first change of docs/contributing.md, made as it is told there, on a copy."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")

_AT_THE_END = re.compile(r"`([\w/.]+)`, at the end(?:[^`]*)\n\n```\w+\n(.*?)```", re.DOTALL)
_AMONG = re.compile(r"`([\w/.]+)`, its place among [^`]*\n\n```diff\n(.*?)```", re.DOTALL)


def test_the_five_files_are_there() -> None:
    table = PAGE.partition("## The way of a punch in five files")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `([\w/.]+)` \|", table, re.MULTILINE)
    assert len(named) == 5
    for file in named:
        assert (ROOT / "edge_agent" / file).is_file(), file


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A checkout in which the page was followed."""
    checkout = tmp_path / "checkout"
    for folder in ("edge_agent", "tests", "config", "docs"):
        shutil.copytree(ROOT / folder, checkout / folder)
    for file in ("setup.cfg", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / file, checkout)
    for file, text in _AT_THE_END.findall(PAGE):
        path = checkout / file
        gap = "\n\n\n" if path.suffix == ".py" else "\n\n"
        path.write_text(path.read_text(encoding="utf-8").rstrip("\n") + gap + text)
    for file, diff in _AMONG.findall(PAGE):
        path = checkout / file
        text = path.read_text(encoding="utf-8")
        lines = diff.splitlines()
        for old, new in zip(lines[::2], lines[1::2], strict=True):
            assert (old[0], new[0], text.count(f"{old[1:]}\n")) == ("-", "+", 1), old
            text = text.replace(old[1:], new[1:])
        path.write_text(text)
    python(checkout, "tests.catalogues")
    return checkout


def python(checkout: Path, *module: str, code: int = 0) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *module], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr


TESTS = (
    "tests/gate/doctor/test_machine.py::test_swap",
    "tests/gate/doctor/test_layout.py::test_each_check_is_in_one_section",
    "tests/gate/doctor/test_sentences.py",
    "tests/test_catalogues.py::test_both_languages_say_the_same",
)


@pytest.mark.slow
def test_the_first_change_is_as_it_is_told(changed: Path) -> None:
    assert len(_AT_THE_END.findall(PAGE)) == 6
    assert len(_AMONG.findall(PAGE)) == 1
    python(changed, "ruff", "check", "-q", "edge_agent", "tests/gate/doctor")
    python(changed, "ruff", "format", "-q", "--check", "edge_agent", "tests/gate/doctor")
    python(changed, "pytest", "-q", "-p", "no:cacheprovider", *TESTS)


@pytest.mark.slow
def test_the_wrong_way_round_it_is_found(changed: Path) -> None:
    check = changed / "edge_agent/gate/doctor/hardware.py"
    text = check.read_text(encoding="utf-8")
    assert text.count("if kinds else") == 1
    check.write_text(text.replace("if kinds else", "if not kinds else"))
    python(changed, "pytest", "-q", "-p", "no:cacheprovider", TESTS[0], code=1)
