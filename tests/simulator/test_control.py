"""The words of the control socket, and the socket itself."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.simulator.control import answer
from edge_agent.simulator.faults import FAULTS
from edge_agent.simulator.fingers import Quality
from edge_agent.simulator.glass import Press
from edge_agent.simulator.paths import SimulatorError
from tests.patience import PATIENCE_S

from .conftest import Simulate

PRESS = "error expected press NAME [SECONDS] [QUALITY[:COUNT]]"
QUALITY = "error expected QUALITY good|dry|wet|messy|partial|worn|moved|faint|ghost"
COUNT = "error expected COUNT from 1 to 10000"
SECONDS = "error expected SECONDS above 0, such as 0.8"
VERBS = (
    "error expected one of press, lift, touch, sunlight, wear, exchange, impostor, unplug, plug, "
    "power, slots, fault, quit"
)


class Recorder:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def press(self, press: Press) -> None:
        self.told.append(press)

    def lift(self) -> None:
        self.told.append("lift")

    def sunlight(self, on: bool) -> None:
        self.told.append(("sunlight", on))

    def touch_level(self) -> bool | None:
        return {0: True, 1: False}.get(len(self.told))

    def wear(self, slot: int) -> bool:
        self.told.append(("wear", slot))
        return slot == 5

    def exchange(self, one: int, other: int) -> bool:
        self.told.append(("exchange", one, other))
        return one == 5

    def impostor(self) -> None:
        self.told.append("impostor")

    def unplug(self) -> bool:
        self.told.append("unplug")
        return self.told.count("unplug") == 1

    def plug(self) -> bool:
        self.told.append("plug")
        return self.told.count("plug") == 1

    def power(self, on: bool) -> bool:
        self.told.append(("power", on))
        return self.told.count(("power", on)) == 1

    def slots(self) -> tuple[list[int], int]:
        return [0, 1, 5], 162

    def fault(self, kind: str, count: int) -> None:
        self.told.append((kind, count))

    def quit(self) -> None:
        self.told.append("quit")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("press an", Press("an")),
        ("press an 0.8", Press("an", 0.8)),
        ("press an dry", Press("an", None, Quality.DRY)),
        ("press  Nguyễn-An   2   worn:3 ", Press("Nguyễn-An", 2.0, Quality.WORN, 3)),
        ("press an good:1", Press("an", None, Quality.GOOD, 1)),
        ("lift", "lift"),
        ("sunlight on", ("sunlight", True)),
        ("sunlight off", ("sunlight", False)),
        ("wear 5", ("wear", 5)),
        ("exchange 5 6", ("exchange", 5, 6)),
        ("impostor", "impostor"),
        ("unplug", "unplug"),
        ("plug\r", "plug"),
        ("power off", ("power", False)),
        ("power on", ("power", True)),
        ("fault noise", ("noise", 1)),
        ("fault late-ack 3", ("late-ack", 3)),
        ("quit", "quit"),
    ],
)
def test_commands(line: str, told: Any) -> None:
    recorder = Recorder()
    assert answer(line, recorder) == "ok"
    assert recorder.told == [told]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("", VERBS),
        ("push an", VERBS),
        ("PRESS an", VERBS),
        ("press", PRESS),
        ("press an 1 dry 2", PRESS),
        ("press an dry 1", PRESS),
        ("press an 0", SECONDS),
        ("press an -1", SECONDS),
        ("press an nan", SECONDS),
        ("press an inf", SECONDS),
        ("press an soft", QUALITY),
        ("press an 1 dry:", COUNT),
        ("press an 1 dry:0", COUNT),
        ("press an 1 dry:x", COUNT),
        ("press an 1 dry:²", COUNT),
        ("press an 1 2", QUALITY),
        ("lift now", "error expected lift alone"),
        ("quit now", "error expected quit alone"),
        ("fault", "error expected fault KIND [COUNT]"),
        ("fault gremlins", "error expected a fault: " + ", ".join(FAULTS)),
        ("fault noise 0", COUNT),
        ("fault noise 10001", COUNT),
        ("fault noise 1 2", "error expected fault KIND [COUNT]"),
    ],
)
def test_malformed_lines_say_what_was_expected(line: str, reply: str) -> None:
    recorder = Recorder()
    assert answer(line, recorder) == reply
    assert recorder.told == []


def test_slots() -> None:
    assert answer("slots", Recorder()) == "ok count=3 capacity=162 slots=0,1,5"


def test_what_is_so_already() -> None:
    recorder = Recorder()
    answer("plug", recorder)
    answer("unplug", recorder)
    assert answer("plug", recorder) == "error the sensor is plugged in already"
    assert answer("unplug", recorder) == "error the sensor is unplugged already"
    answer("power off", recorder)
    assert answer("power off", recorder) == "error the sensor's power is off already"


words = st.sampled_from(["press", "fault", "noise", "dry:", "1e999", "-", "\x00", "\x85"])


@given(st.text() | st.lists(words | st.text(), max_size=5).map(" ".join))
def test_no_line_breaks_it(line: str) -> None:
    reply = answer(line, Recorder())
    assert reply.startswith(("ok", "error expected "))
    assert "\n" not in reply


def _connect(path: str) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(PATIENCE_S)
    client.connect(path)
    return client


def test_several_clients_and_commands(simulate: Simulate) -> None:
    simulator = simulate()
    path = str(simulator.options.control)
    with _connect(path) as one, _connect(path) as other:
        one.sendall(b"press an\nlift\nsl")
        other.sendall(b"unplug\n")
        assert other.makefile().readline() == "ok\n"
        one.sendall(b"ots\nlift me\n")
        replies = one.makefile()
        assert [replies.readline() for _ in range(4)] == [
            "ok\n",
            "ok\n",
            "ok count=0 capacity=1000 slots=\n",
            "error expected lift alone\n",
        ]
    assert simulator.ask("plug") == ""


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"\xff\xfe\n", "error expected UTF-8\n"),
        (b"x" * 2000, "error expected a line of at most 1000 bytes\n"),
        (b"\n", VERBS + "\n"),
    ],
)
def test_bytes_that_are_no_line(simulate: Simulate, data: bytes, reply: str) -> None:
    simulator = simulate()
    with _connect(str(simulator.options.control)) as client:
        client.sendall(data)
        assert client.makefile().readline() == reply
    assert simulator.ask("lift") == ""


def test_a_client_that_leaves_or_never_reads_troubles_nobody(simulate: Simulate) -> None:
    simulator = simulate()
    path = str(simulator.options.control)
    with _connect(path) as silent, _connect(path) as hasty:
        hasty.sendall(b"slots\n" * 3)
        hasty.close()
        with pytest.raises(ConnectionError):  # hung up on, once it has more replies than fit
            silent.sendall(b"slots\n" * 100_000)
        assert simulator.ask("slots").startswith("count=0")


def test_the_remote_raises_an_error_reply(simulate: Simulate) -> None:
    with pytest.raises(SimulatorError, match="expected lift alone"):
        simulate().ask("lift me")


def test_the_touch_output_is_told() -> None:
    recorder = Recorder()
    assert answer("touch", recorder) == "ok high"
    recorder.lift()
    assert answer("touch", recorder) == "ok low"
    recorder.lift()
    assert answer("touch", recorder) == "error this model has no touch output"


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("touch me", "error expected touch alone"),
        ("sunlight", "error expected sunlight on|off"),
        ("sunlight on off", "error expected sunlight on|off"),
        ("wear", "error expected wear SLOT"),
        ("wear x", "error expected wear SLOT"),
        ("exchange 5", "error expected exchange SLOT SLOT"),
        ("exchange 7 5", "error both slots have to hold a template"),
        ("impostor now", "error expected impostor alone"),
        ("wear 7", "error slot 7 holds no template"),
    ],
)
def test_what_is_not_understood(line: str, reply: str) -> None:
    assert answer(line, Recorder()) == reply
