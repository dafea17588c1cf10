"""Whose finger wears is told when they press, once, and by whoever has the ledger to read."""

from typing import Any

import pytest

from edge_agent.contract.errors import StoreFault
from edge_agent.contract.facts import PunchRecorded
from edge_agent.contract.people import Print, Worker
from edge_agent.gate.daemon.print_keeper import PrintKeeper
from edge_agent.gate.events import Event, GlassChanged, LedgerGrew, PrintWorn
from edge_agent.gate.evidence import SALT_BYTES, Evidence, Opening
from edge_agent.gate.settings.schema import SensorSettings
from tests.gate.fakes import HandClock
from tests.gate.staged_store import StagedStore

WELL, WORN = 128, 57


class Gate:
    """Ten workers at a gate whose daemon follows what they press."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.store = StagedStore.fresh()
        for slot in range(10):
            with self.store.changing() as change:
                change.put_worker(Worker(code=f"{slot}", name="Lan"))
                print_ = Print(worker=f"{slot}", finger="left-thumb", slot=slot, generation=1)
                change.put_print(print_, bytes(32))
        self.events: list[Event] = []
        self.start()

    def start(self) -> None:
        self.keeper = PrintKeeper(
            self.store, SensorSettings(), self.events.append, self.clock.monotonic
        )

    def press(self, slot: int, score: int) -> int:
        evidence = Evidence(finger="left-thumb", slot=slot, generation=1, score=score)
        opening = Opening(worker=f"{slot}", evidence=evidence, salt=bytes(SALT_BYTES))
        fact = PunchRecorded(
            worker=f"{slot}",
            direction=None,
            direction_source=None,
            evidence_hash=opening.hash,
        )
        self.clock.now += 60
        with self.store.changing() as change:
            seq = change.append(fact, self.clock.stamp()).seq
            change.put_opening(seq, opening)
        self.keeper.heard(LedgerGrew(seq=seq, kind="punch.recorded"))
        return seq

    def day(self, score: int, slots: range = range(10)) -> None:
        for slot in slots:
            self.press(slot, score)

    def follow(self) -> list[bool]:
        """Turn until there is nothing new."""
        return [self.keeper.turn() for _ in range(200)]


@pytest.fixture
def gate() -> Gate:
    return Gate()


def test_whoever_presses_with_a_finger_that_wears_is_told_once(gate: Gate) -> None:
    for _ in range(12):
        gate.day(WELL)
    assert not any(gate.follow())
    assert gate.events == []
    seqs = [gate.press(3, WORN) for _ in range(12)]
    assert gate.follow().count(True) == 1
    [event] = gate.events
    assert event == PrintWorn(worker="3", finger="left-thumb", seq=event.seq)  # type: ignore[attr-defined]
    assert event.seq in seqs  # type: ignore[attr-defined]
    assert [one.worker for one in gate.keeper.standing.worn] == ["3"]
    gate.press(3, WORN)
    gate.follow()
    assert len(gate.events) == 1


def test_a_daemon_that_starts_knows_and_does_not_tell_it_again(gate: Gate) -> None:
    for _ in range(12):
        gate.day(WELL)
    for _ in range(12):
        gate.press(3, WORN)
    gate.follow()
    assert len(gate.events) == 1
    gate.start()
    gate.follow()
    assert [one.worker for one in gate.keeper.standing.worn] == ["3"]
    gate.press(3, WORN)
    gate.follow()
    assert len(gate.events) == 1


def test_whose_finger_wore_while_nobody_followed_is_told_at_the_next_press(gate: Gate) -> None:
    for _ in range(12):
        gate.press(3, WORN)
    gate.start()
    gate.follow()
    assert gate.events == []  # Whoever pressed has gone.
    seq = gate.press(3, WORN)
    gate.follow()
    assert gate.events == [PrintWorn(worker="3", finger="left-thumb", seq=seq)]


def test_what_comes_while_it_reads_what_was_before_is_told_too(gate: Gate) -> None:
    for _ in range(30):
        gate.day(WELL)
    gate.start()
    gate.keeper.turn()
    for _ in range(12):
        gate.press(3, WORN)
    gate.follow()
    assert [type(event) for event in gate.events] == [PrintWorn]


def test_a_dirty_glass_is_told_and_that_it_is_clean_again(gate: Gate) -> None:
    for _ in range(12):
        gate.day(WELL)
    for _ in range(8):
        gate.day(round(WELL * 0.7))
    gate.follow()
    assert gate.events == [GlassChanged(dirty=True)]
    assert gate.keeper.standing.worn == []
    for _ in range(8):
        gate.day(WELL)
    assert any(gate.follow())
    assert gate.events == [GlassChanged(dirty=True), GlassChanged(dirty=False)]


def test_who_is_enrolled_anew_is_no_longer_told_of(gate: Gate) -> None:
    for _ in range(12):
        gate.press(3, WORN)
    gate.follow()
    assert len(gate.keeper.standing.worn) == 1
    with gate.store.changing() as change:
        change.drop_print(gate.keeper.standing.worn[0])
    gate.clock.now += 61
    assert any(gate.follow())
    assert gate.keeper.standing.worn == []


def test_a_database_that_fails_ends_nothing_and_is_read_on_later(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*place: Any) -> Any:
        raise StoreFault("store.busy", path="gate.db")

    for _ in range(12):
        gate.press(3, WORN)
    with monkeypatch.context() as failing:
        failing.setattr(gate.store, "scores_of", fail)
        assert not any(gate.follow())
    gate.clock.now += 61
    gate.follow()
    assert [type(event) for event in gate.events] == [PrintWorn]
