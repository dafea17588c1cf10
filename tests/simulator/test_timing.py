"""With pace, the sensor takes as long as the real modules whose times were published."""

from __future__ import annotations

from itertools import pairwise

import pytest

from edge_agent.simulator.module import MODELS
from edge_agent.simulator.wire import Packet, Pid

from .hosts import BROADCAST, Bench


def _ms(bench: Bench, *content: int) -> float:
    """From the command being sent to the reply having been received."""
    bench.now += 10
    command = Packet(BROADCAST, Pid.COMMAND, bytes(content)).encode()
    return (bench.sensor.receive(command, bench.now)[-1].due - bench.now) * 1000


def test_the_times_of_a_real_module() -> None:
    bench = Bench("as608", paced=True)
    assert _ms(bench, 0x01) == pytest.approx(60), "nobody there: an assumption"
    bench.press("an")
    measured = {
        (0x0F,): 16,
        (0x01,): 190,
        (0x02, 2): 296,
        (0x02, 1): 296,
        (0x03,): 28,
        (0x05,): 12,
        (0x06, 1, 0, 0): 58,
        (0x04, 1, 0, 0, 0, 16): 47,
        (0x1D,): 12,
        (0x0C, 0, 1, 0, 1): 66,
        (0x0D,): 70,
    }
    assert {content: round(_ms(bench, *content), 3) for content in measured} == measured


def test_bytes_take_their_time_on_the_line() -> None:
    bench = Bench(paced=True)
    bench.press("an")
    bench.exchange(0x01)
    command = Packet(BROADCAST, Pid.COMMAND, b"\x0a").encode()
    bench.now += 10
    parts = bench.sensor.receive(command, bench.now)
    count = sum(len(part.data) for part in parts)
    assert count == 12 + 288 * (128 + 11)
    assert parts[-1].due - parts[0].due == pytest.approx((count - 16) * 10 / 57600, rel=1e-3)
    assert max(len(part.data) for part in parts) <= 16
    gaps = [later.due - sooner.due for sooner, later in pairwise(parts)]
    assert max(gaps) < 0.003, "one stream, whatever the packets"


def test_a_slow_line_is_slow() -> None:
    bench = Bench(paced=True)
    bench.flash.set(baud_multiplier=1)
    slow = (12 + 14) * 10 / 9600
    work = 0.012 - (12 + 14) * 10 / 57600
    assert _ms(bench, 0x1D) == pytest.approx((slow + work) * 1000)


def test_replies_keep_their_order() -> None:
    bench = Bench(paced=True)
    bench.press("an")
    image = Packet(BROADCAST, Pid.COMMAND, b"\x0a").encode()
    bench.exchange(0x01)
    bench.now += 1
    parts = bench.sensor.receive(image, bench.now)
    for step in range(3):
        parts += bench.sensor.receive(image[:9] + b"\x1d\x00\x21", bench.now + step)
    assert [part.due for part in parts] == sorted(part.due for part in parts)


@pytest.mark.parametrize("model", MODELS)
def test_a_booting_sensor_is_deaf(model: str) -> None:
    bench = Bench(model, paced=True, always_verify=False)
    kind = MODELS[model]
    greeting = bench.sensor.power_on(bench.now)
    assert [round(part.due - bench.now, 2) for part in greeting] == (
        [kind.boot_seconds] if kind.boot_byte else []
    )
    bench.now += kind.boot_seconds - 0.01
    assert bench.exchange(0x1D) == []
    bench.now += 0.02
    assert bench.ask(0x1D) == b"\x00\x00\x00"


def test_without_pace_nothing_takes_time() -> None:
    bench = Bench("as608")
    bench.press("an")
    for content in [(0x01,), (0x02, 1), (0x0A,), (0x0D,)]:
        assert _ms(bench, *content) == 0
