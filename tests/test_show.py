"""Tables for people: whole lines in a file, nothing torn in a narrow terminal."""

import os
import pty
import re
from contextlib import suppress

import pytest

from edge_agent.cli.show import print_table

ROW = (
    7,
    "2026-11-24 17:23:44",
    "Nguyễn Thị Hoa",
    "voided: wrong-worker-seen-at-the-gate-of-the-factory",
)
HEAD = ("seq", "time", "name", "note")


def test_a_file_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(HEAD, [ROW], "none")

    [_, line] = capsys.readouterr().out.splitlines()
    assert all(str(cell) in line for cell in ROW)


def test_a_narrow_terminal_folds_words_and_tears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "52")
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", 0) as screen:
        with os.fdopen(theirs, "w") as terminal:
            monkeypatch.setattr("sys.stdout", terminal)
            print_table(HEAD, [ROW], "none")
        said = b""
        with suppress(OSError):  # The end of a terminal that nobody has open any more.
            while more := screen.read(4000):
                said += more
    shown = re.sub(r"\x1b\[[0-9;]*m", "", said.decode())

    assert "2026-11-24 17:23:44" in shown
    assert "…" not in shown
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 52
