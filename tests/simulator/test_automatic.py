"""AutoEnroll and AutoIdentify of an R503."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge_agent.simulator.wire import Packet, Parser, Pid
from tests.patience import PATIENCE_S

from .conftest import Simulate
from .hosts import Bench

AUTO_ENROLL, AUTO_IDENTIFY, CANCEL = 0x31, 0x32, 0x30


class Automatic(Bench):
    """A bench whose clock runs on until the sensor has said what it says by itself."""

    def steps(self, *content: int) -> Iterator[tuple[int, ...]]:
        """Code, step and the rest of each acknowledgement."""
        data = self.send(Packet(self.address, Pid.COMMAND, bytes(content)).encode())
        while data or self.sensor.watches:
            for packet in Parser().feed(data):
                assert isinstance(packet, Packet)
                yield tuple(packet.data)
            self.now += 0.1
            data = self.data(self.sensor.tick(self.now))


def test_a_finger_that_stays_is_enrolled_in_fifteen_steps() -> None:
    bench = Automatic("r503")
    bench.press("an")
    said = list(bench.steps(AUTO_ENROLL, 9, 0, 0, 1, 0))
    assert said == [(0, step, 0, 9) for step in range(1, 16)]
    assert bench.sensor.slots == [9]
    assert list(bench.steps(AUTO_ENROLL, 0xC8, 0, 1, 0, 0)) == [(0, 15, 0, 0)]
    assert list(bench.steps(AUTO_ENROLL, 5, 0, 0, 0, 0)) == [(0x27, 0x0D, 0, 5)]  # It is known.
    assert list(bench.steps(AUTO_ENROLL, 9, 0, 1, 0, 0)) == [(0x0B, 1, 0, 9)]
    assert list(bench.steps(AUTO_ENROLL, 200 - 1, 1, 1, 0, 0)) == [(0, 15, 0, 199)]


def test_a_finger_has_to_leave_in_between_where_that_was_asked_for() -> None:
    bench = Automatic("r503")
    bench.press("an")
    said = []
    for step in bench.steps(AUTO_ENROLL, 3, 0, 0, 1, 1):
        said.append(step)
        if step[1] < 12 and step[1] % 2 == 0:
            bench.glass.lift(bench.now)
            bench.send(b"")
            bench.now += 0.2
            assert bench.data(bench.sensor.tick(bench.now)) == b""
            bench.press("an")
    assert [step[1] for step in said] == list(range(1, 16))
    bench.now += 1.0
    stays = list(bench.steps(AUTO_ENROLL, 4, 0, 1, 1, 1))
    assert stays[-1] == (0x26, 3, 0, 4)


@pytest.mark.parametrize(
    "instruction", [(AUTO_ENROLL, 1, 0, 0, 1, 0), (AUTO_IDENTIFY, 3, 0, 200, 1, 1)]
)
def test_nobody_comes(instruction: tuple[int, ...]) -> None:
    bench = Automatic("r503")
    bench.enrol("an", 0)
    began = bench.now
    [last] = bench.steps(*instruction)
    assert last[:2] == (0x26, 1)
    assert 9 < bench.now - began < 12


def test_identify() -> None:
    bench = Automatic("r503")
    assert [step[0] for step in bench.steps(AUTO_IDENTIFY, 3, 0, 200, 1, 1)] == [0x24]
    bench.enrol("an", 7)
    bench.press("an")
    first, second, third = bench.steps(AUTO_IDENTIFY, 3, 0, 200, 1, 1)
    assert (first[:2], second[:2], third[:4]) == ((0, 1), (0, 2), (0, 3, 0, 7))
    assert int.from_bytes(third[4:], "big") > 50
    [last] = bench.steps(AUTO_IDENTIFY, 3, 0, 200, 0, 1)
    assert last[:4] == (0, 3, 0, 7)
    bench.glass.lift(bench.now)
    bench.now += 1.0
    bench.press("binh")
    assert [step[:2] for step in bench.steps(AUTO_IDENTIFY, 3, 0, 200, 0, 3)] == [(9, 3)]


def test_cancel_ends_it() -> None:
    bench = Automatic("r503", paced=True)
    steps = bench.steps(AUTO_ENROLL, 1, 0, 0, 1, 0)
    bench.press("an")
    assert next(steps)[:2] == (0, 1)
    assert bench.ask(CANCEL) == b"\x00"
    assert not bench.sensor.watches
    assert bench.sensor.slots == []


def test_it_watches_by_itself_on_the_pty(simulate: Simulate) -> None:
    import serial

    simulator = simulate(model="r503")
    with serial.Serial(simulator.port, 57600, timeout=PATIENCE_S) as port:
        port.write(Packet(0xFFFFFFFF, Pid.COMMAND, bytes([AUTO_ENROLL, 2, 0, 0, 0, 0])).encode())
        simulator.ask("press an")
        [said] = Parser().feed(port.read(15))
        assert isinstance(said, Packet)
        assert said.data == bytes([0, 15, 0, 2])
    assert simulator.ask("slots").startswith("count=1 ")
