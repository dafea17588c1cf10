"""A module that lacks what a gate can do without is used; one that does not answer is not."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from edge_agent.gate.errors import SensorFault, SensorRefused, SensorSilent
from edge_agent.gate.ledger.recorder import Recorder
from edge_agent.gate.people.answers import StepKind
from edge_agent.gate.people.handlers import Dispatcher
from edge_agent.gate.people.requests import Enroll
from edge_agent.gate.sensor import fingerprint_sensor, link
from edge_agent.gate.sensor.fingerprint_sensor import FingerprintSensor
from edge_agent.gate.sensor.instructions import (
    INSTRUCTIONS,
    MEANINGS,
    NOT_VERIFIED,
    PACKET_ERROR,
    TEMPLATE_COUNT,
    Instruction,
)
from edge_agent.gate.sensor.pairing import Pairing, digest
from edge_agent.gate.settings.schema import SensorSettings
from tests.gate.fakes import HOAS, LANS, Site

from .line import ENROLLED, Line, Mishap, template
from .peer import COUNT, INDEX, LOAD, NOTE, VALUES, WRITE_NOTE, ack

WAYS: dict[str, Callable[[bytes], bytes]] = {
    "says nothing": lambda command: b"",
    "says it again": lambda command: command,
    "calls it damaged": lambda command: ack(0x01),
    "has a code of its own": lambda command: ack(0x1B),
}
"""How modules answer what they do not know."""

EMPTY: dict[str, Callable[[bytes], bytes]] = {"says OK and nothing more": lambda command: ack()}
"""Of an instruction that answers with something."""

LISTED: dict[str, Callable[[bytes], bytes]] = {
    f"says {code:02X}": lambda command, code=code: ack(code)  # type: ignore[misc]
    for code in sorted(MEANINGS - {PACKET_ERROR, NOT_VERIFIED})
}
"""An error that the manuals know, of another instruction."""


@contextmanager
def module(
    monkeypatch: pytest.MonkeyPatch, way: str = "says nothing", *lacks: int
) -> Iterator[Line]:
    """A line to an R307 that knows the fingers of ENROLLED, and lacks some instructions."""
    line = Line()
    line.unknown = dict.fromkeys(lacks, (WAYS | EMPTY | LISTED)[way])
    monkeypatch.setattr(fingerprint_sensor, "Port", lambda *_: line)
    with patch.object(link, "time", line):
        yield line


def connected() -> FingerprintSensor:
    sensor = FingerprintSensor(SensorSettings(port="/dev/line"))
    sensor.connect()
    return sensor


@pytest.mark.parametrize("way", WAYS)
def test_without_a_notepad(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with module(monkeypatch, way, NOTE, WRITE_NOTE) as line:
        sensor = connected()
        for _ in range(2):
            with pytest.raises(SensorRefused, match=r"does not know ReadNotepad: it is told from"):
                sensor.read_notepad(15)
            with pytest.raises(SensorRefused, match=r"does not know WriteNotepad: it is told from"):
                sensor.write_notepad(15, bytes(32))
        assert line.asked.count(NOTE) == line.asked.count(WRITE_NOTE) == 3  # then it is known
        assert sensor.slots() == set(ENROLLED)  # and the link is not in doubt


@pytest.mark.parametrize("way", EMPTY | LISTED)
@pytest.mark.parametrize("lacks", [(NOTE, WRITE_NOTE), (NOTE,), (WRITE_NOTE,)], ids=str)
def test_notes_that_cannot_be_kept_keep_nobody_out(
    way: str, lacks: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with module(monkeypatch, way, *lacks) as line:
        sensor = connected()
        site = Site()
        line.flash.store(LANS.slot, template(30))
        with site.store.changing() as change:
            change.put_digest(LANS, digest(template(30)))
            change.put_digest(HOAS, digest(template(1)))
        for _ in range(2):
            assert Pairing(site.gate, sensor, beat=lambda: None).check() is None
            assert sensor.slots() == line.flash.templates.keys()
            sensor.connect()


def test_an_index_of_one_page_is_not_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The later pages are refused: their slots are tried."""
    with module(monkeypatch) as line:
        line.flash.store(999, template(40))
        line.unknown[INDEX] = lambda command: (
            ack(0x0B) if command[10] else ack(0, index_of(line.flash.templates))
        )
        assert connected().slots() == {*ENROLLED, 999}


def index_of(templates: Iterable[int]) -> bytes:
    return sum(1 << slot for slot in templates if slot < 256).to_bytes(32, "little")


@pytest.mark.parametrize("way", WAYS | EMPTY | LISTED)
def test_without_an_index(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # An error that manuals know may be over the next time.
    asked_again = [INDEX, COUNT] if way in LISTED else [COUNT]
    with module(monkeypatch, way, INDEX) as line:
        sensor = connected()
        assert sensor.slots() == set(ENROLLED)
        # No further than there are templates, and not again as long as there are as many.
        assert line.asked.count(LOAD) == max(ENROLLED) + 1
        line.asked.clear()
        assert sensor.slots() == set(ENROLLED)
        assert line.asked == asked_again

        new = template(4, copy=1)
        sensor.write_template(20, new)
        assert line.flash.templates[20] == sensor.read_template(20) == new
        sensor.erase(3)
        sensor.erase(3)
        assert line.flash.templates.keys() == {*ENROLLED, 20} - {3}
        line.asked.clear()
        assert sensor.slots() == {*ENROLLED, 20} - {3}
        assert line.asked == asked_again


@pytest.mark.parametrize("mishap", [Mishap.REPLY_LOST, Mishap.FLIPPED, Mishap.NOT_HEARD])
@pytest.mark.parametrize("at", range(2))
def test_what_was_read_back_without_an_index_settles_a_lost_answer(
    mishap: Mishap, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with module(monkeypatch, "says nothing", INDEX) as line:
        sensor = connected()
        taken = sensor.slots()
        line.mishaps = iter([Mishap.NONE] * at + [mishap])
        try:
            sensor.erase(3)
            believed = {3}
        except SensorFault:
            sensor.recover()
            believed = set()
        assert sensor.slots() == line.flash.templates.keys()
        assert not believed & line.flash.templates.keys()
        assert taken - line.flash.templates.keys() <= {3}


@pytest.mark.parametrize("way", WAYS)
def test_whoever_lacks_both_is_paired_and_credits(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site()
    fingers = {LANS: 30, HOAS: 1}
    with site.store.changing() as change:
        for print_, finger in fingers.items():
            change.put_digest(print_, digest(template(finger)))
    with module(monkeypatch, way, INDEX, NOTE, WRITE_NOTE) as line:
        line.flash.store(LANS.slot, template(fingers[LANS]))
        sensor = connected()
        for _ in range(3):
            pairing = Pairing(site.gate, sensor, beat=lambda: None)
            assert pairing.check() is None
            pairing.recover()
            line.press(fingers[HOAS])
            assert sensor.capture()
            assert sensor.extract() is None
            match = sensor.search()
            assert match
            assert match.slot == HOAS.slot
            sensor.connect()
        # Somebody else's template in Lan's slot: it is told without any notes.
        line.flash.store(LANS.slot, template(fingers[HOAS], copy=1))
        assert Pairing(site.gate, sensor, beat=lambda: None).check() is not None


class Enrolling:
    """Somebody who does at the glass of a line what they are told."""

    def __init__(self, line: Line, finger: int) -> None:
        self._line, self._finger = line, finger

    def step(
        self,
        what: StepKind,
        hint: str | None = None,
        score: int | None = None,
        worker: str | None = None,
    ) -> None:
        if what is StepKind.LIFT:
            self._line.lift()
        else:
            self._line.press(self._finger)

    def beat(self) -> None:
        """No rest."""

    def go_on(self) -> None:
        """No rest either."""


@pytest.mark.parametrize("way", WAYS)
def test_whoever_lacks_both_enrols(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site()
    site.store.sql("DELETE FROM prints")
    none: Any = None
    with module(monkeypatch, way, INDEX, NOTE, WRITE_NOTE) as line:
        sensor = FingerprintSensor(SensorSettings(port="/dev/line"))
        info = sensor.connect()
        gate = Recorder(site.store, site.clock, site.events.append, site.gate.policy)
        pairing = Pairing(gate, sensor, beat=lambda: None)
        assert pairing.check() is None
        dispatcher = Dispatcher(gate, sensor, site.panel, pairing, none, none)
        before = line.flash.templates.keys() | set()
        request = Enroll(code="007", finger="left-thumb")
        dispatcher.carry_out(request, info, Enrolling(line, 40), "uid:0")
        [print_] = gate.known.prints
        assert line.flash.templates.keys() - before == {print_.slot}
        sensor.connect()
        assert Pairing(gate, sensor, beat=lambda: None).check() is None
        line.press(40)
        assert sensor.capture()
        assert sensor.extract() is None
        assert (match := sensor.search())
        assert match.slot == print_.slot


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "row", [row for row in INSTRUCTIONS.values() if row.without], ids=lambda row: row.name
)
def test_each_that_may_be_missing_is_told_and_leaves_a_sound_link(
    way: str, row: Instruction, monkeypatch: pytest.MonkeyPatch
) -> None:
    with module(monkeypatch, way, row.code):
        its_link = connected()._link
        with pytest.raises(link.InstructionMissing, match=f"does not know {row.name}: .+"):
            its_link.ask(row, **VALUES)
        its_link.ask(TEMPLATE_COUNT)


def test_one_lost_answer_is_no_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [Mishap.REPLY_LOST, Mishap.NOT_HEARD, Mishap.MISHEARD, Mishap.FLIPPED, Mishap.LATE]
    for mishap in some:
        with module(monkeypatch) as line:
            sensor = connected()
            line.mishaps = iter([mishap])
            assert sensor.read_notepad(15) == bytes(32)
            line.mishaps = iter([mishap])
            assert sensor.slots() == set(ENROLLED)
            assert LOAD not in line.asked


def test_who_has_answered_once_does_not_lack_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with module(monkeypatch) as line:
        sensor = connected()
        sensor.read_notepad(15)
        line.mishaps = iter([Mishap.REPLY_LOST])
        with pytest.raises(SensorSilent, match="did not answer ReadNotepad"):
            sensor.read_notepad(15)


def test_a_lack_is_not_believed_beyond_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A very bad line can look like one."""
    lost = [Mishap.REPLY_LOST, Mishap.NONE, Mishap.NONE]  # It is proved by two exchanges.
    with module(monkeypatch) as line:
        sensor = connected()
        line.mishaps = iter(lost * 3)
        with pytest.raises(SensorRefused, match="does not know ReadNotepad"):
            sensor.read_notepad(15)
        with pytest.raises(SensorRefused, match="does not know ReadNotepad"):
            sensor.read_notepad(15)
        sensor.recover()
        assert sensor.read_notepad(15) == bytes(32)


def test_a_dead_line_is_no_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    with module(monkeypatch) as line:
        sensor = connected()
        line.unknown = dict.fromkeys(INSTRUCTIONS, WAYS["says nothing"])
        with pytest.raises(SensorSilent, match="whether RX and TX are swapped"):
            sensor.slots()


def test_what_every_module_must_have_is_never_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with module(monkeypatch, "says nothing", LOAD) as line:
        sensor = connected()
        with pytest.raises(SensorSilent, match="did not answer LoadChar"):
            sensor.read_template(1)
        assert line.asked.count(LOAD) == 1
