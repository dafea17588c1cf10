"""Whatever is typed for an argument is refused or taken with clear words, and never obeyed."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.cli import main
from tests.gate.fake_machine import FakeMachine
from tests.line import (
    LAN,
    assert_well_ended,
    documented_codes,
    make_gate,
    patience_of,
    take_role,
    typed,
)
from tests.other_user import as_user, needs_root, open_folder
from tests.system.test_every_command import ARGUMENTS, commands

_NOT_HERE = ("run", "watch", "display", "demo", "receive", "setup", "panel demo", "upgrade")
"""What goes on, asks the network, or changes the machine."""

BAD = (
    "",
    " ",
    "x" * 500,
    "Nguyễn" * 84,
    "\x1b[2J\x1b]0;mine\x07",
    "\x9b31mNV001",
    "NV001\r\nNV002",
    "\u202eNV001\u202c",
    "NV\u200b001",
    "\ufeff",
    "NV\udcff",
    "\udc80\udcff.csv",
    "-" * 40,
    "--no-such-option",
    "9" * 400,
    "-1",
    "1e999",
    "NaN",
    "٣٤٥",
    "²",
    "2026-02-30",
    "2026-13-01T25:61",
    "0000-00-00",
    "10000-01-01",
    "31/02/2026 06:00",
    "29:99",
    "2026-11-23T06:00+99:99",
    "{code}",
    "%s%n",
    "'\"`$(reboot)",
    "age1",
    "🫖" * 40,
)

_ANY_TEXT = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=60)
"""Without the sign that leads out of the folder, and the one that no argument can hold."""


def places() -> list[tuple[str, int | str]]:
    """Each command with each place where somebody types a value: one of its row, or an option."""
    found: list[tuple[str, int | str]] = []
    for name, command in commands():
        if name in _NOT_HERE:
            continue
        for at, word in enumerate(ARGUMENTS[name]):
            if not word.startswith("-"):
                found.append((name, at))
        found += [
            (name, option.opts[0])
            for option in command.params
            if isinstance(option, click.Option) and not option.is_flag and not option.count
            if option.name not in ("config", "output", "host", "port")
        ]
    return found


PLACES = places()


def line(command: str, place: int | str, bad: str) -> list[str]:
    words = list(ARGUMENTS[command])
    if isinstance(place, int):
        words[place] = bad
    elif bad and not bad.startswith("-"):
        words += [place, bad]
    else:
        words.append(f"{place}={bad}")
    return [*command.split(), *words]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("gate")
    with pytest.MonkeyPatch.context() as patch:
        machine = FakeMachine(patch)
        machine.add_user("lan", LAN)
        machine.add_user("root", 0)
        make_gate(folder)
        patch.chdir(folder)
        patch.setenv("EDGE_AGENT_CONFIG", str(folder / "edge-agent.toml"))
        patience_of(0.02, patch)
        take_role("root", machine, patch)
        assert typed(["workers", "add", "NV001", "Lò Thị Mây"]).exit_code == 0
        yield folder


CODES = documented_codes()


def check(command: str, place: int | str, bad: str) -> None:
    words = line(command, place, bad)
    assert_well_ended(typed(words), words, CODES)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: ascii(bad)[:20])
def test_bad_words_are_refused_with_clear_ones(gate: Path, bad: str) -> None:
    """One place in each turn: all places meet many of them, and no suite gets long."""
    first = BAD.index(bad)
    for command, place in PLACES[first :: len(BAD) // 3]:
        check(command, place, bad)


_PLAIN = settings(
    deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@settings(_PLAIN, max_examples=60)
@given(st.sampled_from(PLACES), st.sampled_from(BAD) | _ANY_TEXT)
def test_generated_words_are(gate: Path, place: tuple[str, int | str], bad: str) -> None:
    check(*place, bad)


@pytest.mark.parametrize("bad", ["", BAD[2], BAD[4], BAD[7], "\ufeff", "9" * 400, "{code}", "a\0b"])
def test_bad_words_in_answers_and_lists_are(gate: Path, bad: str) -> None:
    answer = bad.encode(errors="replace")
    for words in (
        ("workers", "add", "NV900"),
        ("workers", "rename", "NV001", "--force"),
        ("credentials", "add", "NV001", "--card", "--stdin"),
        ("credentials", "add", "NV001", "--pin", "--stdin"),
    ):
        done = typed(words, answer + b"\n")
        assert_well_ended(done, words, CODES, echoed=answer.decode())
    for row in (b'NV001,"%s"', b'"%s",Hoa', b"%s"):
        (gate / "bad.csv").write_bytes(b"code,name\n" + row.replace(b"%s", answer) + b"\n")
        for words in (
            ("workers", "import", "bad.csv", "--dry-run"),
            ("workers", "import", "bad.csv", "--force"),
            ("enroll", "--list", "bad.csv"),
            ("workers", "list"),
        ):
            assert_well_ended(typed(words), (*words, row), CODES)


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(_PLAIN, max_examples=20_000)
@given(st.sampled_from(PLACES), st.sampled_from(BAD) | _ANY_TEXT)
def test_twenty_thousand_generated_words_are(
    gate: Path, place: tuple[str, int | str], bad: str
) -> None:
    check(*place, bad)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: ascii(bad)[:20])
def test_each_bad_word_in_each_place(gate: Path, bad: str) -> None:
    for command, place in PLACES:
        check(command, place, bad)


@needs_root
@pytest.mark.parametrize(
    ("closed", "who"), [("list.csv", "read {}/list.csv (root:root 0600)"), (".", "enter {}")]
)
def test_a_file_that_this_user_may_not_read_is_told_with_who_and_what(
    closed: str, who: str
) -> None:
    with open_folder() as folder:
        file = folder / "list.csv"
        file.write_text("code,name\n")
        file.chmod(0o644)
        (folder / closed).chmod(0o600)

        def run() -> None:
            typed = ["--lang", "en", "receive", "roster", "import", str(file), "--version", "1"]
            told = CliRunner().invoke(main, typed)
            raise AssertionError(f"{told.exit_code} {told.output}")

        run_before = CliRunner().invoke(main, ["--lang", "en", "receive", "roster", "--help"])
        assert run_before.exit_code == 0  # What it needs is imported.
        told = as_user("nobody", run)
        assert told.startswith("AssertionError: 2 ")
        assert f" may not {who.format(folder)}" in told
        line = f"sudo edge-agent receive roster import {file} --version 1"
        assert told.rstrip().endswith(f": {line}")
