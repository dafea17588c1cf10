"""The table of a touch, cell by cell: what it says, and what a gate then does."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from edge_agent.gate.errors import SensorFault, SensorUnplugged
from edge_agent.gate.events import Outcome
from edge_agent.gate.rules import Hint, Match
from edge_agent.gate.touch.decide import Do, Last, Look, PinReading, Seen, decide

from .test_take_punch import HERS, HIS, Shift, shift

CONFIRM_BELOW = 50
HERS_WEAK, HIS_WEAK = Match(HERS.slot, 49), Match(HIS.slot, 49)

_PATIENCE_S, _STAYS_S = 5.0, 10.0

COLUMNS: dict[Last, dict[str, list[Any]]] = {
    Last.NOBODY: {},
    Last.SLOT: {"captures": [True], "searches": [HERS]},
    Last.REFUSED: {"captures": [True] * 3, "searches": [None] * 3},
    Last.TOLD: {"captures": [True], "extracts": [SensorUnplugged("gone")]},
    Last.GHOST: {"captures": [True] * 3, "extracts": [Hint.WIPE] * 3},
}
"""Column → the script of a sensor that brings a gate there."""


@dataclass
class Shown:
    """How a look comes to show this: what the pin says, and what the sensor answers."""

    capture: bool | None = True
    extract: Hint | None = None
    search: Match | None = None
    second: Match | None = None
    """What a second look finds, where there is one."""
    felt: bool | None = None
    doubted: bool = False
    after_s: float = 0.0


ROWS: dict[Seen, Shown] = {
    Seen.UNSURE: Shown(capture=None),
    Seen.BARE: Shown(capture=False),
    Seen.FINGER: Shown(search=HERS),
    Seen.DOUBTED: Shown(search=HERS, doubted=True, after_s=_PATIENCE_S),
    Seen.UNFELT: Shown(search=HERS, felt=False),
    Seen.SAME: Shown(search=HERS, doubted=True),
    Seen.OTHER: Shown(search=HIS, doubted=True, after_s=_PATIENCE_S),
    Seen.WEAK: Shown(search=HIS_WEAK, second=HIS, doubted=True, after_s=_PATIENCE_S),
    Seen.STRANGER: Shown(search=None, doubted=True, after_s=_PATIENCE_S),
    Seen.FEATURELESS: Shown(extract=Hint.WIPE, doubted=True, after_s=_PATIENCE_S),
    Seen.LASTING: Shown(extract=Hint.WIPE, doubted=True, after_s=_STAYS_S + 1.0),
    Seen.UNFELT_MATCH: Shown(search=HERS, felt=False),
    Seen.UNFELT_WEAK: Shown(search=HIS_WEAK, second=HIS, felt=False),
    Seen.UNFELT_STRANGER: Shown(search=None, felt=False),
    Seen.UNFELT_FEATURELESS: Shown(extract=Hint.PRESS_FLAT, felt=False),
    Seen.CONFIRMED: Shown(search=HIS_WEAK, second=HIS_WEAK, doubted=True, after_s=_PATIENCE_S),
    Seen.UNCONFIRMED: Shown(search=HIS_WEAK, second=HERS, doubted=True, after_s=_PATIENCE_S),
}

CELLS: dict[Seen, dict[Last, Do]] = {
    Seen.UNSURE: dict.fromkeys(Last, Do.DOUBT) | {Last.NOBODY: Do.LEAVE},
    Seen.BARE: dict.fromkeys(Last, Do.CLEAR),
    Seen.FINGER: dict.fromkeys(Last, Do.LEAVE) | {Last.NOBODY: Do.ANSWER},
    Seen.DOUBTED: {last: Do.SCAN for last in Last if last is not Last.NOBODY},
    Seen.UNFELT: dict.fromkeys(Last, Do.SCAN),
    Seen.SAME: {Last.SLOT: Do.SETTLE},
    Seen.OTHER: {last: Do.CREDIT for last in Last if last is not Last.NOBODY},
    Seen.WEAK: dict.fromkeys(Last, Do.CONFIRM),
    Seen.STRANGER: {
        Last.SLOT: Do.DARKEN,
        Last.REFUSED: Do.LEAVE,
        Last.TOLD: Do.LEAVE,
        Last.GHOST: Do.ANSWER,
    },
    Seen.FEATURELESS: {
        Last.SLOT: Do.DARKEN,
        Last.REFUSED: Do.LEAVE,
        Last.TOLD: Do.LEAVE,
        Last.GHOST: Do.LEAVE,
    },
    Seen.LASTING: {Last.GHOST: Do.HUSH},
    Seen.UNFELT_MATCH: dict.fromkeys(Last, Do.LEAVE) | {Last.NOBODY: Do.CREDIT},
    Seen.UNFELT_WEAK: dict.fromkeys(Last, Do.LEAVE) | {Last.NOBODY: Do.CONFIRM},
    Seen.UNFELT_STRANGER: dict.fromkeys(Last, Do.LEAVE) | {Last.NOBODY: Do.ANSWER},
    Seen.UNFELT_FEATURELESS: dict.fromkeys(Last, Do.CLEAR),
    Seen.CONFIRMED: dict.fromkeys(Last, Do.CREDIT),
    Seen.UNCONFIRMED: dict.fromkeys(Last, Do.REFUSE),
}

every_cell = pytest.mark.parametrize(
    ("seen", "last"),
    [pytest.param(seen, last, id=f"{last.value}-{seen.value}") for seen in Seen for last in Last],
)


@every_cell
def test_the_table(seen: Seen, last: Last) -> None:
    assert decide(seen, last) is CELLS[seen].get(last)


class Gate:
    """A gate in a column of the table, and what it has done since."""

    def __init__(self, last: Last) -> None:
        self.shift: Shift = shift(
            **{"captures": [], "searches": [], "confirm_below": CONFIRM_BELOW, **COLUMNS[last]}
        )
        if last is not Last.NOBODY:
            with suppress(SensorFault):
                self.shift.taker.poll()
            self.shift.sensor.recover()
        self.forget()

    def forget(self) -> None:
        self.shift.site.panel.told.clear()
        self.shift.sensor.asked.clear()
        self.shift.site.events.clear()

    def look(self, shown: Shown, pin: PinReading | None = None) -> Look:
        """Have the glass show this once; scans that follow show the same."""
        if shown.doubted:
            self.shift.taker.disturbed()
        self.shift.site.clock.now += shown.after_s
        sensor = self.shift.sensor
        sensor.captures = [shown.capture, True, True]
        sensor.extracts, sensor.searches = [shown.extract] * 3, [shown.search] * 3
        if shown.second is not None:
            sensor.searches = [shown.search, shown.second]
        return self.shift.taker.poll(pin or PinReading(felt=shown.felt))

    @property
    def told(self) -> list[Any]:
        """What the panel was told, briefly."""
        return [what[1] if what[0] == "show" else what[0] for what in self.shift.site.panel.told]

    @property
    def asked(self) -> list[str]:
        return self.shift.sensor.asked

    def comes_then(self, match: Match | None, extract: Hint | None = None) -> list[Any]:
        """What a finger is told that is on the glass at the next look."""
        self.forget()
        self.look(Shown(search=match, extract=extract))
        return self.told


ONE_LOOK = ["capture"]
ONE_SCAN = ["capture", "extract", "search"]
POOR_SCAN = ["capture", "extract"]


def left(gate: Gate, last: Last, seen: Seen) -> None:
    scanned = seen is not Seen.FINGER and seen is not Seen.UNSURE
    assert gate.told == []
    assert gate.asked[0:1] == ONE_LOOK
    assert (len(gate.asked) > 1) is scanned
    if last is not Last.NOBODY and seen is Seen.FINGER:
        assert gate.comes_then(HERS) == []


def doubted(gate: Gate, last: Last, seen: Seen) -> None:
    assert (gate.told, gate.asked) == ([], ONE_LOOK)
    gate.shift.site.clock.now += _PATIENCE_S
    assert gate.comes_then(HIS) == ["touched", Outcome.REFUSED]


def settled(gate: Gate, last: Last, seen: Seen) -> None:
    assert (gate.told, gate.asked) == ([], ONE_SCAN)
    assert gate.comes_then(HIS) == []
    assert gate.asked == ONE_LOOK


def cleared(gate: Gate, last: Last, seen: Seen) -> None:
    assert gate.told == []
    assert gate.asked == (ONE_LOOK if seen is Seen.BARE else POOR_SCAN)
    assert gate.comes_then(HIS) == ["touched", Outcome.REFUSED]


def scanned(gate: Gate, last: Last, seen: Seen) -> None:
    assert gate.asked == ONE_SCAN


def answered(gate: Gate, last: Last, seen: Seen) -> None:
    outcome = Outcome.RECORDED if seen is Seen.FINGER else Outcome.UNKNOWN
    assert gate.told == ["touched", outcome]
    assert gate.comes_then(None) == []


def credited(gate: Gate, last: Last, seen: Seen) -> None:
    outcome = Outcome.RECORDED if seen is Seen.UNFELT_MATCH else Outcome.REFUSED
    scans = ONE_SCAN * 2 if seen is Seen.CONFIRMED else ONE_SCAN
    assert (gate.told, gate.asked) == (["touched", outcome], scans)
    assert gate.comes_then(HERS) == []


def confirmed(gate: Gate, last: Last, seen: Seen) -> None:
    assert (gate.told, gate.asked) == (["touched", Outcome.REFUSED], ONE_SCAN * 2)
    assert gate.comes_then(HIS) == []


def refused(gate: Gate, last: Last, seen: Seen) -> None:
    assert (gate.told, gate.asked) == (["touched", Outcome.UNKNOWN], ONE_SCAN * 2)
    assert gate.shift.site.store.data()[-1]["worker"] is None
    assert gate.comes_then(HERS) == []


def darkened(gate: Gate, last: Last, seen: Seen) -> None:
    assert gate.told == ["dark"]
    assert gate.comes_then(HIS) == ["touched", Outcome.REFUSED]


def hushed(gate: Gate, last: Last, seen: Seen) -> None:
    assert (gate.told, gate.asked) == ([], POOR_SCAN)
    gate.look(ROWS[Seen.BARE])
    assert gate.comes_then(None, Hint.WIPE) == ["touched", "dark"]


SHOWS: dict[Do, Callable[[Gate, Last, Seen], None]] = {
    Do.LEAVE: left,
    Do.DOUBT: doubted,
    Do.SETTLE: settled,
    Do.CLEAR: cleared,
    Do.SCAN: scanned,
    Do.ANSWER: answered,
    Do.CREDIT: credited,
    Do.CONFIRM: confirmed,
    Do.REFUSE: refused,
    Do.DARKEN: darkened,
    Do.HUSH: hushed,
}


@pytest.mark.parametrize(
    ("seen", "last"),
    [
        pytest.param(seen, last, id=f"{last.value}-{seen.value}-{do.value}")
        for seen, row in CELLS.items()
        for last, do in row.items()
    ],
)
def test_what_the_gate_does(seen: Seen, last: Last) -> None:
    gate = Gate(last)
    look = gate.look(ROWS[seen])
    SHOWS[CELLS[seen][last]](gate, last, seen)
    expected = {
        Seen.UNSURE: Look.UNSURE,
        Seen.BARE: Look.NOBODY,
        Seen.UNFELT_FEATURELESS: Look.GHOST,
    }
    assert look is expected.get(seen, Look.FINGER)
