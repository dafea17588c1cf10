"""What each fault does to the bytes of the next exchange, and that the one after is sound."""

from __future__ import annotations

import pytest

from edge_agent.simulator.faults import FAULTS
from edge_agent.simulator.wire import Packet, Parser, Pid, Transmission

from .hosts import BROADCAST, Bench

COUNT = Packet(BROADCAST, Pid.COMMAND, b"\x1d").encode()
SOUND = bytes.fromhex("ef01ffffffff070005000000000c")
NOISE = bytes.fromhex("00ff55ef019c7fefef01ffff03800ae1ef004df0")

MANGLED = {
    "stray-byte": b"\x00" + SOUND,
    "drop-bytes": SOUND[:-4] + SOUND[-1:],
    "corrupt-checksum": SOUND[:-1] + b"\xf3",
    "wrong-length": SOUND[:7] + b"\x01" + SOUND[8:],
    "late-ack": SOUND,
    "duplicate-ack": SOUND + SOUND,
    "split-reply": SOUND,
    "silence": b"",
    "busy-21": bytes.fromhex("ef01ffffffff07000321002b"),
    "reboot": b"",
    "swap-sensor": b"",
    "noise": NOISE + SOUND,
    "power-cut": SOUND,
}


def test_every_fault_is_tried() -> None:
    assert set(MANGLED) == set(FAULTS)


@pytest.mark.parametrize("kind", MANGLED)
def test_a_fault_lasts_as_many_exchanges_as_asked(kind: str) -> None:
    bench = Bench()
    bench.sensor.inject(kind, 2)
    replies = []
    for _ in range(3):
        replies.append(bench.send(COUNT))
        bench.now += 10
    assert [reply.hex() for reply in replies] == [
        reply.hex() for reply in (MANGLED[kind], MANGLED[kind], SOUND)
    ]


def test_faults_come_in_the_order_asked() -> None:
    bench = Bench()
    bench.sensor.inject("silence", 1)
    bench.sensor.inject("stray-byte", 1)
    assert [bench.send(COUNT) for _ in range(3)] == [b"", b"\x00" + SOUND, SOUND]


def _replies(bench: Bench, data: bytes) -> list[Transmission]:
    return bench.sensor.receive(data, bench.now)


def test_a_late_reply_comes_after_3_seconds_and_holds_up_the_next() -> None:
    bench = Bench()
    bench.sensor.inject("late-ack", 1)
    [late] = _replies(bench, COUNT)
    bench.now += 1
    [following] = _replies(bench, COUNT)
    assert late.due == following.due == bench.now + 2


def test_a_split_reply_pauses_in_the_middle() -> None:
    bench = Bench()
    bench.sensor.inject("split-reply", 1)
    first, second = _replies(bench, COUNT)
    assert (len(first.data), len(second.data)) == (7, 7)
    assert second.due - first.due == pytest.approx(0.15)


@pytest.mark.parametrize(("kind", "stored"), [("silence", [0]), ("late-ack", [0]), ("busy-21", [])])
def test_which_faults_carry_the_instruction_out(kind: str, stored: list[int]) -> None:
    bench = Bench()
    bench.capture("an")
    bench.sensor.inject(kind, 1)
    bench.exchange(0x06, 1, 0, 0)
    assert bench.sensor.slots == stored


def test_a_reboot_forgets_what_is_not_in_flash() -> None:
    bench = Bench("as608")
    bench.verify()
    bench.enrol("an", 0)
    bench.sensor.inject("reboot", 1)
    assert bench.send(COUNT) == b"\x55"
    assert bench.ask(0x0F)[2] == 0
    assert bench.ask(0x08, 1) == b"\x0d"
    assert bench.sensor.slots == [0]


def test_a_swapped_sensor_is_fresh_from_its_maker() -> None:
    bench = Bench()
    bench.enrol("an", 0)
    bench.ask(0x18, 0, *b"\x07" * 32)
    bench.sensor.inject("swap-sensor", 1)
    assert bench.send(COUNT) == b""
    assert bench.sensor.slots == []
    assert bench.ask(0x19, 0) == b"\x00" + bytes(32)
    assert list(bench.flash.templates) == [0], "the old one lies in a drawer"


def test_a_transfer_is_damaged_in_its_last_packet() -> None:
    bench = Bench()
    bench.capture("an")
    template = bench.up_char()
    for kind in ("drop-bytes", "corrupt-checksum"):
        bench.sensor.inject(kind, 1)
        reply = bench.send(Packet(BROADCAST, Pid.COMMAND, b"\x08\x01").encode())
        frames = [frame for frame in Parser().feed(reply) if isinstance(frame, Packet)]
        assert b"".join(frame.data for frame in frames[1:]) == template[:384]
