"""Keys for in and out, before the finger and behind it: whose punch they mean."""

from typing import Any

from edge_agent.contract.facts import Direction
from edge_agent.contract.people import Print, Worker
from edge_agent.gate.directions import DirectionRule
from edge_agent.gate.events import Outcome, PanelShown, PunchLed
from edge_agent.gate.rules import Match
from edge_agent.gate.sensor.pairing import digest
from edge_agent.gate.touch.take_punch import TakePunch
from edge_agent.gate.touch.way_keys import AFTER_S, HOLDS_S, WayKeys
from tests.gate.fakes import ScriptedSensor, Site, template_of

IN, OUT = Direction.IN, Direction.OUT
HERS, OTHERS = Match(0, 90), Match(2, 90)


class ScriptedKeys:
    """Keys that are pressed by a script."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._pressed: list[tuple[Direction, float]] = []

    def press(self, way: Direction) -> None:
        self._pressed.append((way, self._site.clock.monotonic()))

    def pressed(self) -> list[tuple[Direction, float]]:
        found, self._pressed = self._pressed, []
        return found

    def listen(self, heard: Any) -> None:
        pass

    def close(self) -> None:
        pass


class Gate:
    """A gate with keys, a script of fingers, and a clock of its own."""

    def __init__(self, repeat_window_s: int = 60) -> None:
        self.site = Site(repeat_window_s, DirectionRule.KEYS)
        with self.site.store.changing() as change:
            change.put_worker(Worker(code="009", name="Mây"))
            other = Print(worker="009", finger="left-index", slot=2, generation=1)
            change.put_print(other, digest(template_of("mây's index")))
        self.sensor = ScriptedSensor(self.site.clock)
        self.keys = ScriptedKeys(self.site)
        self.way = WayKeys(self.site.gate, self.site.panel, self.keys)
        self.taker = TakePunch(
            self.site.gate,
            self.sensor,
            self.site.panel,
            captures=3,
            recover=self.sensor.recover,
            offline=lambda: False,
            keys=self.way,
        )

    def finger(self, match: Match | None) -> PanelShown:
        self.sensor.captures, self.sensor.searches = [True, False], [match]
        if match is None:
            self.sensor.captures, self.sensor.searches = [True, True, True, False], [None] * 3
        while self.sensor.captures:
            self.taker.poll()
        self.taker.poll()
        return [e for e in self.site.events if isinstance(e, PanelShown)][-1]

    def passes(self, seconds: float) -> None:
        self.site.clock.now += seconds
        self.way.turn()

    @property
    def said(self) -> list[tuple[Any, ...]]:
        """What the ledger says of directions."""
        return [
            (e["kind"], e.get("of"), e["direction"], e["direction_source"])
            for e in self.site.store.data()
            if e["kind"] in ("punch.recorded", "punch.directed")
        ]


def test_a_key_and_then_the_finger() -> None:
    gate = Gate()
    gate.keys.press(OUT)
    gate.way.turn()
    assert ("choose", OUT) in gate.site.panel.told
    assert gate.finger(HERS).direction is OUT
    assert gate.said == [("punch.recorded", None, "out", "key")]
    assert gate.site.panel.told[-1] != ("choose", OUT)
    # The key has done its duty: the next finger has none.
    assert gate.finger(OTHERS).direction is None


def test_a_key_that_nobody_followed_is_forgotten() -> None:
    gate = Gate()
    gate.keys.press(OUT)
    gate.way.turn()
    gate.passes(HOLDS_S + 0.1)
    assert gate.finger(HERS).direction is None
    assert gate.site.panel.told.count(("choose", None)) == 1


def test_a_key_stays_for_a_second_try() -> None:
    gate = Gate()
    gate.keys.press(IN)
    assert gate.finger(None).outcome is Outcome.UNKNOWN
    gate.passes(2)
    assert gate.finger(HERS).direction is IN


def test_the_finger_and_then_a_key() -> None:
    gate = Gate()
    shown = gate.finger(HERS)
    assert shown.direction is None
    gate.passes(AFTER_S - 1)
    gate.keys.press(IN)
    gate.passes(0.1)
    assert gate.said == [
        ("punch.recorded", None, None, None),
        ("punch.directed", shown.seq, "in", "key"),
    ]
    assert [e for e in gate.site.events if isinstance(e, PunchLed)] == [
        PunchLed(worker="007", seq=gate.site.store.data()[-1]["seq"], of=shown.seq, direction=IN)
    ]
    assert gate.site.gate.known.last_punches["007"].direction is IN
    # Once: the same key now is the next worker's.
    gate.keys.press(IN)
    assert gate.finger(OTHERS).direction is IN


def test_a_key_comes_too_late() -> None:
    gate = Gate()
    gate.finger(HERS)
    gate.passes(AFTER_S + 0.5)
    gate.keys.press(IN)
    gate.passes(0.1)
    assert [kind for kind, *_ in gate.said] == ["punch.recorded"]
    assert gate.finger(OTHERS).direction is IN


def test_a_key_after_a_punch_by_key_is_the_next_workers() -> None:
    gate = Gate()
    gate.keys.press(IN)
    gate.finger(HERS)
    gate.keys.press(OUT)
    gate.passes(0.1)
    assert gate.finger(OTHERS).direction is OUT
    assert [entry[:1] + entry[2:] for entry in gate.said] == [
        ("punch.recorded", "in", "key"),
        ("punch.recorded", "out", "key"),
    ]


def test_the_other_key_and_the_finger_again_corrects() -> None:
    gate = Gate()
    gate.keys.press(IN)
    first = gate.finger(HERS)
    gate.passes(10)
    gate.keys.press(OUT)
    again = gate.finger(HERS)
    assert (again.outcome, again.direction) == (Outcome.REPEATED, OUT)
    assert gate.said[-1] == ("punch.directed", first.seq, "out", "key")
    assert gate.site.gate.known.last_punches["007"].direction is OUT
    # The same key again says nothing new.
    gate.passes(10)
    gate.keys.press(OUT)
    assert gate.finger(HERS).direction is None
    assert len(gate.said) == 2
    # Nor is it the next worker's.
    assert gate.finger(OTHERS).direction is None


def test_a_start_knows_what_a_key_has_said() -> None:
    gate = Gate()
    gate.finger(HERS)
    gate.keys.press(OUT)
    gate.passes(0.1)
    stamp = gate.site.clock.stamp()
    assert gate.site.store.last_punches(stamp, 86_400_000)["007"].direction is OUT
