"""Where Vietnamese is asked for, no command of a gate answers in English."""

import fcntl
import os
import pty
import signal
import socket
import struct
import termios
import threading
from collections.abc import Iterator
from contextlib import suppress
from tempfile import TemporaryFile

import pytest

from tests.english import english, foreign
from tests.everyday import one_in
from tests.patience import PATIENCE_S

from .gate import Gate, name_of
from .test_every_command import ARGUMENTS, LEAVES, SHOWS, commands, line, needs_gate

VIETNAMESE = {"LANG": "vi_VN.UTF-8", "LANGUAGE": ""}

GATES = [name for name in LEAVES if needs_gate(name) and name != "metrics"]
"""All but what is a program's to read: as JSON, it speaks no language."""

PARTS = 3
each_part = pytest.mark.parametrize("part", one_in(PARTS, range(PARTS)))
"""One command in three each day."""

VALUES = {
    *("payroll", "gate", "sensor", "erasure", "clock", "office", "sessions"),
    *("access", "correct", "restrict", "object", "erase", "attendance"),
}
"""Words that are typed as the value of an option."""


def said(arguments: list[str], gate: Gate) -> tuple[int, str]:
    """The exit code of a command, and all that it says."""
    assert Gate.forks is not None
    with TemporaryFile("w+") as out:
        process = Gate.forks.start(
            arguments,
            stdout=out.fileno(),
            stderr=out.fileno(),
            cwd=gate.folder,
            environment={**os.environ, **VIETNAMESE},
        )
        code = process.wait(PATIENCE_S)
        out.seek(0)
        return code, out.read()


def wrong(command: str) -> Iterator[list[str]]:
    """Ways to mistype a command."""
    yield [*command.split(), "--no-such-option"]
    yield [*command.split(), *ARGUMENTS[command], "one", "too", "many"]
    yield command.split()


@pytest.fixture
def spoken(gate: Gate) -> Gate:
    """A gate that is stopped, with what commands of every kind take."""
    assert gate.cli("punches", "add", *ARGUMENTS["punches add"]).code == 0
    return gate


@each_part
def test_no_command_answers_in_english(spoken: Gate, part: int) -> None:
    for command in GATES[part::PARTS]:
        code, told = said(line(command, spoken), spoken)
        assert (command, english(told)) == (command, []), told
        assert "Traceback" not in told
        assert code != 2, (command, told)


@each_part
def test_no_help_is_english(spoken: Gate, part: int) -> None:
    everything = {" ".join(name.split()[:1]) for name in GATES} | set(GATES)
    for command in sorted(everything)[part::PARTS]:
        code, told = said([*command.split(), "--help"], spoken)
        assert (command, code, english(told)) == (command, 0, [])
        strange = set(foreign(told)) - VALUES
        assert (command, strange) == (command, set()), told


@each_part
def test_no_typing_error_is_answered_in_english(spoken: Gate, part: int) -> None:
    for command in GATES[part::PARTS]:
        if command == "ledger readable":
            continue
        for arguments in wrong(command):
            _, told = said([*arguments, "--config", str(spoken.config)], spoken)
            assert (arguments, english(told)) == (arguments, [])


def test_a_running_gate_is_spoken_of_in_vietnamese(spoken: Gate) -> None:
    spoken.simulate("--no-pace")
    spoken.start()
    for command in ("status", "doctor", "workers list", "sensor info", "punches list"):
        _, told = said([*command.split(), "--config", str(spoken.config)], spoken)
        assert (command, english(told)) == (command, []), told
    _, told = said(["workers", "add", "NV004", name_of("NV004"), *config(spoken)], spoken)
    assert told.startswith("edge-agent: Công nhân NV004 đã có rồi")


def on_terminal(arguments: list[str], gate: Gate, columns: int, **environment: str) -> str:
    """What a command shows on a terminal that is so wide."""
    assert Gate.forks is not None
    ours, theirs = pty.openpty()
    set_size = struct.pack("4H", 40, columns, 0, 0)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, set_size)
    known = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
    process = Gate.forks.start(
        arguments,
        stdout=theirs,
        stderr=theirs,
        cwd=gate.folder,
        environment={**known, **VIETNAMESE, "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment},
    )
    os.close(theirs)
    told = b""
    with os.fdopen(ours, "rb", 0) as screen, suppress(OSError):  # Everybody has closed it.
        while more := screen.read(4000):
            told += more
    process.wait(PATIENCE_S)
    return told.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_terminal_of_any_width_is_spoken_to_in_vietnamese(spoken: Gate, columns: int) -> None:
    """No word of a sentence is torn, nothing is wider than it has to be, and NO_COLOR is heeded."""
    for command in SHOWS:
        told = on_terminal(line(command, spoken), spoken, columns, NO_COLOR="1", LANGUAGE="vi")
        shown = told.rpartition("\r\x1b[K")[2]  # What the doctor was looking at meanwhile.
        assert (command, english(shown)) == (command, []), shown
        assert "Traceback" not in shown
        assert "\x1b" not in shown, command
        if command in ("status", "doctor", "ledger verify"):
            wide = [row for row in shown.splitlines() if len(row) > columns]
            assert [row for row in wide if max(map(len, row.split())) < columns - 12] == []
        assert not [row for row in shown.splitlines() if len(row) > 80 and columns == 40], shown


def test_a_terminal_with_colours_gets_them(spoken: Gate) -> None:
    """The control of the one above."""
    shown = on_terminal(line("status", spoken), spoken, 80, LANGUAGE="vi")
    assert "\x1b[31mCổng" in shown
    assert "\x1b" not in on_terminal(line("status", spoken), spoken, 80, TERM="dumb")


def test_a_gate_that_hangs_is_told_at_once_and_in_vietnamese(spoken: Gate) -> None:
    spoken.simulate("--no-pace")
    daemon = spoken.start()
    spoken.open(spoken.watch())
    daemon.signal(signal.SIGSTOP)
    try:
        code, told = said(["status", *config(spoken)], spoken)
        assert (code, english(told)) == (69, []), told
        assert "KHÔNG chấm công được: chương trình cổng không trả lời từ " in told
        code, told = said(["doctor", "--problems", *config(spoken)], spoken)
        assert (code, english(told)) == (1, []), told
        assert "không trả lời" in told
    finally:
        daemon.signal(signal.SIGCONT)


@pytest.mark.parametrize(
    "answers",
    [
        b'{"answer":"done","result":{"daemon":"running","gate":"t"}}\n',
        b'{"answer":"no-such-answer"}\n',
        b'{"answer":"failed","error":"Out of order.","exit_code":65,"name":"no.such"}\n',
        b"HTTP/1.1 400\r\n\r\n",
    ],
    ids=["older", "newer", "unknown message", "another program"],
)
def test_a_daemon_of_another_version_breaks_no_command(spoken: Gate, answers: bytes) -> None:
    """What the other one says is passed on as it is; all else is Vietnamese."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(spoken.socket))
        listener.listen()
        stop = threading.Event()

        def answer() -> None:
            while not stop.is_set():
                channel, _ = listener.accept()
                with channel, suppress(OSError):
                    channel.settimeout(0.5)
                    if channel.recv(1000):
                        channel.sendall(answers)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            for command in ("status", "doctor", "workers add", "prints remove"):
                code, told = said(line(command, spoken), spoken)
                assert "Traceback" not in told, (command, told)
                assert code not in (0, 2), (command, told)
                assert english(told.replace("Out of order", "")) == [], (command, told)
        finally:
            stop.set()
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(str(spoken.socket))
            thread.join(PATIENCE_S)
    spoken.socket.unlink()


def config(gate: Gate) -> list[str]:
    return ["--config", str(gate.config)]


def test_english_is_found_where_it_is() -> None:
    """The control of the tests above."""
    assert english("Cổng t đang chạy.\nThe daemon has stopped.") == ["The daemon has stopped."]
    assert english("Chạy 'edge-agent the thing' và xem /the/path.") == []
    assert {name for name, _ in commands()} >= set(GATES)
