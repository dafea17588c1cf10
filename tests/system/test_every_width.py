"""Every command on a phone, a usual terminal and a wide one, in both languages.

No word is torn, and no line is wider than the terminal unless it is one word, or an option with its
value, in a command to be copied. By default a few commands on a phone; the product is long.
"""

import re
from collections.abc import Iterator

import pytest

from edge_agent.contract.language import ENGLISH, VIETNAMESE
from edge_agent.gate.roles import MAY
from edge_agent.receiver.store import PayrollStore
from tests.english import english
from tests.line import FILES

from .gate import STAFF, Gate
from .test_every_command import commands, line
from .test_vietnamese import on_terminal

_FOREVER = ("run", "watch", "display", "demo", "simulate", "receive")
"""What does not end by itself, or is no gate's."""

_WAITS = ("enroll", "identify", "sensor image", "panel demo")
"""What asks somebody at the gate, step by step, or shows its lamps."""

_ELSEWHERE = ("upgrade", "setup")
"""What changes the machine, or asks where no settings are."""

_FOR_PROGRAMS = ("metrics", "receive key new", "receive site show")
"""What is copied, or read by programs: its lines are as they have to be."""

_LAST = "retire"
"""After it a gate does nothing more."""

NAMES = [
    name
    for name, _ in commands()
    if name not in (*_FOREVER, *_WAITS, *_ELSEWHERE, *_FOR_PROGRAMS, _LAST)
]


@pytest.fixture
def used(gate: Gate) -> Gate:
    """A gate with something to show in each list."""
    for name, text in FILES.items():
        (gate.folder / name).write_text(text)
    for words in (
        ("punches", "add", "NV001", "--at", "2026-11-23T06:00", "--reason", "no-power"),
        ("punches", "add", "NV002", "--at", "2026-11-23T06:00", "--reason", "forgot-to-press"),
        (
            "punches",
            "void",
            str(1 + 2 * len(STAFF) + 2),
            "--reason",
            "wrong-worker-at-another-gate",
        ),
        ("consent", "record", "NV001", "--text", "vi-1", "--signed", "2026-11-23", "--paper"),
        ("privacy", "request", "NV001", "--what", "access"),
        ("credentials", "qr", "NV002", "--output", "nv002.png"),
        ("workers", "deactivate", "NV009"),
        ("workers", "leave", "NV010", "--yes"),
        ("carry", "out", "first.entries"),
    ):
        done = gate.cli(*words)
        assert done.code == 0, (words, done)
    taken = ("first.entries", "--receipts", "first.receipts", "--database", str(gate.payroll))
    PayrollStore(str(gate.payroll)).close()  # The receiver's own is there, as at any site.
    known = {"EDGE_AGENT_CONFIG": str(gate.config)}
    assert gate.cli("receive", "carry", "in", *taken, environment=known).code == 0
    return gate


def rows_of(shown: str) -> Iterator[str]:
    """The lines that stand there in the end, without colours."""
    for row in shown.split("\n"):
        yield re.sub(r"\x1b\[[0-9;]*m", "", row.rpartition("\r\x1b[K")[2]).rstrip()


def too_wide(row: str, columns: int) -> bool:
    """Whether it could have been shorter."""
    kept = row.strip().removesuffix(" \\")
    return len(row) > columns and " " in re.sub(r"^(--[\w-]+|- ) ", "", kept)


def check(used: Gate, language: str, columns: int, *, few: bool) -> None:
    """``few``: one command in three, and one in twenty mistyped."""
    for at, command in enumerate([*NAMES, _LAST]):
        words = ["--lang", language, *line(command, used)]
        wrong = ["--lang", language, *command.split(), "--no-such-option"]
        asked = [words] * (not few or at % 3 == 0) + [wrong] * (not few or at % 20 == 0)
        for typed in asked:
            shown = list(rows_of(on_terminal(typed, used, columns)))
            assert [row for row in shown if too_wide(row, columns)] == [], (command, shown)
            assert "Traceback" not in " ".join(shown), (command, shown)
            assert language == ENGLISH or english("\n".join(shown)) == [], command


def test_some_commands_fit_a_phone(used: Gate) -> None:
    used.start()
    check(used, VIETNAMESE, 40, few=True)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("runs", [False, True], ids=["stopped", "running"])
@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("language", [VIETNAMESE, ENGLISH])
def test_every_command_fits(used: Gate, language: str, columns: int, runs: bool) -> None:
    if runs:
        used.start()
    check(used, language, columns, few=False)


def test_what_is_too_wide_is_found() -> None:
    """The control of the one above."""
    assert too_wide("một hai", 6)
    assert not too_wide("một hai", 7)
    assert not too_wide("   /a/long/path/that/is/one.word", 10)
    assert not too_wide("    --reason 'x' \\", 10)
    assert set(MAY) - set(NAMES) == {
        *(name for name in _FOREVER if name != "receive"),
        *_WAITS,
        *_ELSEWHERE,
        *(_LAST, "metrics"),
    }
