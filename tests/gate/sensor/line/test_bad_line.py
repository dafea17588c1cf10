"""A line that spoils 15 % of all replies: one touch has one answer, in time, and a true one.

On the line's own clock; on a real pty, with a proxy between, in test_bad_pty.py beside this.
"""

from itertools import pairwise
from typing import Any

import pytest

from edge_agent.gate.errors import SensorFault
from edge_agent.gate.events import Outcome
from edge_agent.gate.ports import give_up
from edge_agent.gate.sensor import link
from edge_agent.gate.sensor.lifecycle import SensorLifecycle
from edge_agent.gate.sensor.pairing import Pairing, digest
from edge_agent.gate.touch import glass
from edge_agent.gate.touch.take_punch import TakePunch
from tests.everyday import one_in
from tests.gate.fakes import HOAS, LANS, Site

from .bad_line import HeldPresses
from .line import ENROLLED, Line, Mishap, template
from .peer import COUNT, INDEX, LOAD, NOTE, READ_SYS_PARA, WRITE_NOTE, ack
from .test_optional import connected, module

IN_TIME_S = 10.0
BEATS_WITHIN_S = 15.0  # The watchdog waits for twenty.


def judge(*runs: HeldPresses) -> None:
    """Hold what people were told to what is promised on such a line."""
    held = [press for run in runs for press in run.presses]
    assert all(press.is_true for press in held), "somebody was credited wrongly"
    # Where no look at the glass comes through for 15 s nobody knows of a finger: the standing sign
    # that the sensor cannot be used has begun meanwhile, before the worker's eyes.
    unseen = [press for press in held if not press.told]
    silent = [press for press in unseen if press.sign_began is None]
    in_time = sum(bool(press.told) and press.told[0][0] < IN_TIME_S for press in held)
    print(f"{len(held)} presses, {in_time} answered in time, {len(unseen)} by the sign alone")
    assert not silent, f"no answer at all: {silent}"
    assert in_time >= 0.99 * len(held), f"{in_time} of {len(held)} in time"
    held = [press for press in held if press.told]
    for press in held:
        # Whoever was told of a fault and holds on is credited all the same: green after red does
        # no harm. Nothing else is told twice.
        outcomes = [outcome for _, outcome, _ in press.told]
        assert outcomes[:-1] in ([], [Outcome.SENSOR_FAULT]), press
        assert len(outcomes) == 1 or outcomes[-1] is Outcome.RECORDED, press
    assert sum(len(press.told) == 1 for press in held) >= 0.93 * len(held)
    assert max(run.longest_beat for run in runs) < BEATS_WITHIN_S
    known = [press for press in held if press.finger in ENROLLED]
    credited = [press for press in known if press.told[-1][1] is Outcome.RECORDED]
    assert len(credited) >= 0.97 * len(known)


@pytest.mark.parametrize("seed", one_in(3, range(3)))
def test_a_hundred_held_presses(seed: int) -> None:
    judge(HeldPresses(100, seed).run())


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("first", range(3, 43, 10))
def test_a_thousand_held_presses(first: int) -> None:
    """Of a hundred two may be late where of a thousand three are: shares are held to these."""
    judge(*(HeldPresses(100, seed).run() for seed in range(first, first + 10)))


WEAKENED: dict[str, list[tuple[object, str, object]]] = {
    "a glass that was bare meanwhile is forgotten": [(TakePunch, "seen_bare", lambda _: None)],
    "a touch is given up after two seconds": [(glass, "_TRY_AGAIN_FOR_S", 2.0)],
}


@pytest.mark.parametrize("weakness", one_in(2, WEAKENED))
def test_a_weakened_gate_is_caught(weakness: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for attribute in WEAKENED[weakness]:
        monkeypatch.setattr(*attribute)
    with pytest.raises(AssertionError):
        judge(HeldPresses(100, seed=2).run())


_KINDS = [Mishap.REPLY_LOST, Mishap.FLIPPED, Mishap.CUT, Mishap.TWICE, Mishap.MISHEARD]


@pytest.fixture
def site() -> Site:
    """With the prints of two of the fingers that the line's module knows."""
    site = Site()
    with site.store.changing() as change:
        for print_, finger in ((LANS, 30), (HOAS, 1)):
            change.put_digest(print_, digest(template(finger)))
    return site


def _reconnect(line: Line, site: Site) -> None:
    """Connect once, and only once, as the gate does."""
    site.clock.monotonic = line.monotonic  # type: ignore[method-assign]
    sensor = connected()
    pairing = Pairing(site.gate, sensor, beat=lambda: None)
    keeper = SensorLifecycle(site.gate, sensor, site.panel, pairing)
    keeper._next_try = 0.0
    keeper.try_again()
    assert keeper.recording, keeper.state


@pytest.mark.parametrize("lacks", [(), (INDEX, NOTE, WRITE_NOTE)], ids=["all", "less"])
@pytest.mark.parametrize("mishap", _KINDS)
def test_a_reconnection_with_spoiled_answers_ends(
    mishap: Mishap, lacks: tuple[int, ...], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever answer it is, and every ninth one: nothing is begun anew."""
    with module(monkeypatch, "says nothing", *lacks) as line:
        line.flash.store(LANS.slot, template(30))
        _reconnect(line, site)  # It is adopted.
        line.asked.clear()
        _reconnect(line, site)
        sound = len(line.asked)
        for at in [*range(sound), None]:
            every = [Mishap.NONE] * 8 + [mishap]
            one = [Mishap.NONE] * (at or 0) + [mishap]
            line.mishaps = iter(every * 20 if at is None else one)
            line.asked.clear()
            _reconnect(line, site)
            assert line.asked.count(READ_SYS_PARA) <= (8 if at is None else 4)
            assert len(line.asked) < (3 * sound if at is None else sound + 40)


def _begin_anew(pairing: Pairing, fault: Any) -> None:
    give_up(fault)


_ANEW: dict[str, tuple[object, str, object]] = {
    "the index": (Pairing, "_go_on", _begin_anew),
    "the mark": (link, "_ASKED_IN_VAIN", 1),
    "the first look": (SensorLifecycle, "_see", SensorLifecycle._capture),
    "the parameters": (link.Link, "read", link.Link.ask),
}


@pytest.mark.parametrize("spoiled", _ANEW)
def test_a_reconnection_that_begins_anew_is_caught(
    spoiled: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*_ANEW[spoiled])
    with pytest.raises((AssertionError, SensorFault)):
        test_a_reconnection_with_spoiled_answers_ends(Mishap.REPLY_LOST, (), site, monkeypatch)


def _scan(line: Line, mishaps: list[Mishap], site: Site) -> float:
    """The longest time without a beat, in a scan of all slots of a module without an index."""
    line.mishaps = iter(mishaps)
    site.clock.monotonic = line.monotonic  # type: ignore[method-assign]
    sensor = connected()
    beaten = [line.monotonic()]
    pairing = Pairing(site.gate, sensor, beat=lambda: beaten.append(line.monotonic()))
    began = line.monotonic()
    assert pairing.check() is None
    assert line.monotonic() - began > 15
    return max(after - before for before, after in pairwise(beaten))


def test_the_scan_of_a_thousand_slots_beats(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with module(monkeypatch, "says nothing", INDEX) as line:
        line.flash.store(LANS.slot, template(30))
        line.flash.store(999, template(40))
        assert _scan(line, [], site) < 3.0  # Finding out that there is no index takes 2 seconds.
        assert line.asked.count(LOAD) == 1000 + 2  # and those of the two prints


def test_an_answer_that_is_spoiled_within_a_scan_is_asked_for_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with module(monkeypatch, "says nothing", INDEX) as line:
        line.flash.store(LANS.slot, template(30))
        line.flash.store(999, template(40))
        every = [Mishap.NONE] * 60 + [Mishap.FLIPPED]
        assert _scan(line, every * 16, site) < 3.0
        assert 1002 < line.asked.count(LOAD) < 1060


def test_a_template_that_cannot_be_loaded_is_looked_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else each look at the slots would be a scan of all of them."""

    def load(command: bytes) -> bytes:
        slot = int.from_bytes(command[11:13])
        return ack(0x00 if slot in line.flash.templates and slot != 7 else 0x0C)

    with module(monkeypatch, "says nothing", INDEX) as line:
        line.unknown[LOAD] = load
        sensor = connected()
        taken = sensor.slots()
        assert taken == set(ENROLLED) - {7}
        line.asked.clear()
        assert sensor.slots() == taken
        assert line.asked == [COUNT]
        sensor.erase(3)
        line.asked.clear()
        assert sensor.slots() == taken - {3}
        assert line.asked == [COUNT]


def test_an_answer_without_an_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with module(monkeypatch) as line:
        sensor = connected()
        sensor.slots()
        for mishap in (Mishap.CUT, Mishap.PACKET_LOST):
            line.mishaps = iter([mishap])
            began = line.monotonic()
            with pytest.raises(link.SensorGarbled, match="no whole packet came in time"):
                sensor.capture()
            assert line.monotonic() - began < 1.0  # The instruction has 1.5.
            sensor.recover()


def test_bytes_that_make_no_sense_are_no_sign_of_a_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    with module(monkeypatch) as line:
        sensor = connected()
        sound = [Mishap.NONE] * 2
        line.mishaps = iter([Mishap.FLIPPED, *sound, Mishap.CUT, *sound])
        assert sensor.slots() == set(ENROLLED)
        assert LOAD not in line.asked
