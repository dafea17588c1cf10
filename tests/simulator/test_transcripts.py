"""Published logs of real modules, replayed to the byte.

What the log does not show (the finger, the templates in the library, the score that the module's
matcher came to) is set up between its lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from .hosts import Bench

OK_ACK = "EF01FFFFFFFF07000300000A"


@dataclass
class Line:
    """One exchange of a log; `before` brings the module into the state it was in."""

    sent: str
    received: str
    before: Callable[[Bench], object] = lambda bench: None


def _capture_in_buffer_2(bench: Bench) -> None:
    bench.ask(0x02, 2)


def _store_in_slot_1(bench: Bench) -> None:
    assert bench.ask(0x06, 1, 0, 1) == b"\x00"


def _finger_down(bench: Bench) -> None:
    bench.verify()
    bench.press("an")


SYNOCHIP = [
    Line("EF01FFFFFFFF010003010005", OK_ACK, _finger_down),
    Line(
        "EF01FFFFFFFF0100030F0013",
        "EF01FFFFFFFF07001300 000C 2EC8 0064 0003 FFFFFFFF 0002 0006 0587",
    ),
    Line("EF01FFFFFFFF01000402010008", OK_ACK),
    Line("EF01FFFFFFFF010003030007", "EF01FFFFFFFF070005 00 0113 0020", _capture_in_buffer_2),
    Line("EF01FFFFFFFF010003050009", OK_ACK),
    Line("EF01FFFFFFFF01000606010000000E", OK_ACK),
    Line(
        "EF01FFFFFFFF010008040100010010001F",
        "EF01FFFFFFFF070007 00 0001 0050 005F",
        _store_in_slot_1,
    ),
    Line("EF01FFFFFFFF0100070C000100010016", OK_ACK),
    Line("EF01FFFFFFFF0100031D0021", "EF01FFFFFFFF070005 00 0001 000D"),
    Line("EF01FFFFFFFF0100030D0011", OK_ACK),
]


def _library_of_two(bench: Bench) -> None:
    bench.verify()
    bench.enrol("an", 0)
    bench.enrol("binh", 1)


FAST_SEARCH = "EF01FFFFFFFF0100081B01000003E90111"
R30X = [
    Line(FAST_SEARCH, "EF01FFFFFFFF07000700 0000 0065 0073", _library_of_two),
    Line(FAST_SEARCH, "EF01FFFFFFFF07000700 0001 003C 004B"),
    Line(FAST_SEARCH, "EF01FFFFFFFF07000709 0000 0000 0017"),
]

R503 = [
    Line(
        "EF01FFFFFFFF0100030F0013",
        "EF01FFFFFFFF070013 00 0004 0000 00C8 0003 FFFFFFFF 0002 0006 04ED",
        Bench.verify,
    )
]
AT_115200 = [
    Line(
        "EF01FFFFFFFF0100030F0013",
        "EF01FFFFFFFF070013 00 0000 0000 0050 0003 FFFFFFFF 0002 000C 0477",
        lambda bench: bench.flash.set(baud_multiplier=12),
    )
]


def _scores(*values: int) -> Callable[[bytes, bytes], int]:
    drawn = iter(values)
    return lambda one, other: next(drawn)


def _synochip() -> Bench:
    # Slot 0 holds another finger than slot 1, but the log searches from slot 1 on.
    return Bench("as608", capacity=100, compare=_scores(0x113, 0x50))


LOGS: dict[str, tuple[Callable[[], Bench], list[Line]]] = {
    "synochip": (_synochip, SYNOCHIP),
    "r30x": (lambda: Bench("r307", compare=_scores(0x65, 3, 7, 0x3C, 11, 4)), R30X),
    "r503": (lambda: Bench("r503"), R503),
    "at 115200": (lambda: Bench("zfm20", capacity=80), AT_115200),
}


def _whole(data: bytes) -> Iterator[bytes]:
    yield data


def _byte_by_byte(data: bytes) -> Iterator[bytes]:
    yield from (data[at : at + 1] for at in range(len(data)))


def _after_garbage(data: bytes) -> Iterator[bytes]:
    yield bytes.fromhex("00 55 EF EF 01 FF FF FF FF 09 00 03 EF") + data


def _after_a_lost_tail(data: bytes) -> Iterator[bytes]:
    # A shorter announcement than what follows, so that the good packet shows within this one.
    yield bytes.fromhex("EF01 FFFFFFFF 07 0006 02") + data


@pytest.mark.parametrize("cut", [_whole, _byte_by_byte, _after_garbage, _after_a_lost_tail])
@pytest.mark.parametrize("log", LOGS)
def test_a_log_of_a_real_module(log: str, cut: Callable[[bytes], Iterator[bytes]]) -> None:
    make, lines = LOGS[log]
    bench = make()
    for line in lines:
        line.before(bench)
        received = b"".join(bench.send(part) for part in cut(bytes.fromhex(line.sent)))
        assert received.hex() == bytes.fromhex(line.received).hex(), line.sent


def test_power_up_says_55() -> None:
    assert Bench("as608").greeting == b"\x55"
    assert Bench("r307").greeting == b""


def test_a_template_in_transit_as_on_an_r307() -> None:
    bench = Bench("r307")
    bench.verify()
    bench.capture("an")
    reply = bench.send(bytes.fromhex("EF01FFFFFFFF010004080 1000E".replace(" ", "")))
    assert reply[:12].hex() == OK_ACK.lower()
    packets = [reply[at : at + 139] for at in range(12, len(reply), 139)]
    assert [packet[:9].hex() for packet in packets] == 3 * ["ef01ffffffff020082"] + [
        "ef01ffffffff080082"
    ]
    assert packets[0][9:11].hex() == "0301"
