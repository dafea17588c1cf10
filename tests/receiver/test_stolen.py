"""``receive stolen``: whom to tell when a gate is gone, by what payroll holds of it."""

import pytest

from .office_desk import Desk
from .test_effects import Ledger, time


def enrolled(ledger: Ledger, worker: str, slot: int, generation: int = 1) -> None:
    print_ = {"worker": worker, "finger": "right-index", "slot": slot, "generation": generation}
    ledger.write("print.enrolled", **print_, actor="uid:0")


def gone(ledger: Ledger, kind: str, worker: str, slot: int, generation: int = 1) -> None:
    ledger.write(kind, worker=worker, slot=slot, generation=generation)


@pytest.fixture
def desk(database: str) -> Desk:
    """A gate that was stolen, and one that was not."""
    desk = Desk(database)
    gate, other = Ledger("a"), Ledger("b", gate="north-gate")
    for slot, worker in enumerate(("0001", "0001", "0002", "0003")):
        enrolled(gate, worker, slot)
    gone(gate, "print.erased", "0002", 2)
    gate.write("print.removed", worker="0003", finger="right-index", slot=3, generation=1)
    enrolled(gate, "0004", 3, generation=2)
    gate.write("credential.added", worker="0005", method="pin", actor="uid:0")
    gate.write("credential.added", worker="0002", method="card", actor="uid:0")
    gate.write("worker.erased", worker="0002", prints=1, openings=0, credentials=1, proof="0" * 64)
    press = {"direction": None, "direction_source": None, "method": "finger"}
    gate.write("punch.recorded", time("05T06:00"), worker="0003", **press)
    enrolled(other, "0009", 0)
    other.write("punch.recorded", time("05T06:00"), worker="0009", **press)
    desk.take(gate, other)
    desk.know("0001", "0006")
    return desk


def test_who_is_on_it_and_in_which_order(desk: Desk) -> None:
    found = {one["code"]: one for one in desk.json("stolen", "main-gate")}
    assert list(found) == ["0001", "0004", "0005", "0003", "0006"]
    assert [one["fingers"] for one in found.values()] == [2, 1, 0, 0, 0]
    assert found["0005"]["methods"] == ["pin"]
    assert found["0003"]["last_day"] == "2026-11-05"
    assert (found["0001"]["name"], found["0004"]["name"]) == ("Tên 0001", None)


@pytest.mark.parametrize(
    ("language", "says"), [("en", "TELL FIRST the 2"), ("vi", "BÁO TRƯỚC cho 2 người")]
)
def test_it_says_whom_to_tell_first(desk: Desk, language: str, says: str) -> None:
    desk.language = language
    told = desk.done("stolen", "main-gate")
    assert says in told
    assert told.index("0004") < told.index("0003")
    assert "0009" not in told


def test_another_gates_people_are_not_concerned(desk: Desk) -> None:
    assert [one["code"] for one in desk.json("stolen", "north-gate")] == ["0009", "0001", "0006"]


def test_a_gate_that_nobody_knows(desk: Desk) -> None:
    assert "main-gate, north-gate" in desk.refused("stolen", "east-gate")


@pytest.mark.parametrize("held", [False, True])
def test_it_is_said_where_payroll_lacks_an_earlier_ledger(database: str, held: bool) -> None:
    """Of a database that died before anything of it was sent: fingers stay in the sensor."""
    desk, old, new = Desk(database), Ledger("old"), Ledger("new")
    enrolled(old, "0001", 0)
    opened = {"gate": "main-gate", "zone": "Asia/Ho_Chi_Minh", "version": "1", "why": "damaged"}
    previous = {"ledger": "old", "seq": 0, "hash": "0" * 64}
    new.write("ledger.opened", **opened, previous=previous)
    desk.take(*([old, new] if held else [new]))
    said = desk.receive("stolen", "main-gate")
    assert ("whose fingers were enrolled before" in said.stderr) is not held
    assert [one["code"] for one in desk.json("stolen", "main-gate")] == (["0001"] if held else [])


@pytest.mark.parametrize(("erased", "fingers"), [(3, 0), (None, 1)])
def test_a_gate_that_was_retired_has_no_fingers_any_more(
    database: str, erased: int | None, fingers: int
) -> None:
    """Unless its sensor was not reached."""
    desk, gate = Desk(database), Ledger("a")
    enrolled(gate, "0001", 0)
    gate.write("gate.retired", erased=erased, slots=erased and 1000, actor="uid:0")
    desk.take(gate)
    found = desk.json("stolen", "main-gate")
    assert sum(one["fingers"] for one in found) == fingers


def test_a_sensor_that_was_replaced_is_told_until_it_is_destroyed(database: str) -> None:
    desk, gate = Desk(database), Ledger("a")
    enrolled(gate, "0001", 0)
    enrolled(gate, "0002", 1)
    gate.write("worker.left", worker="0002", actor="uid:0")  # Its sensor does not answer any more.
    place = {"finger": "right-index", "slot": 0, "generation": 1, "actor": "uid:0"}
    gate.write("print.removed", worker="0001", **place, why="adopted")
    gate.write("sensor.adopted", actor="uid:0", why="technician", replaced="ab" * 16)
    gate.write("worker.erased", worker="0002", prints=0, openings=0, credentials=0, proof="0" * 64)
    enrolled(gate, "0001", 0, generation=2)
    desk.take(gate)
    found = {one["code"]: one for one in desk.json("stolen", "main-gate")}
    assert {code: (one["fingers"], one["replaced"]) for code, one in found.items()} == {
        "0001": (1, 1),
        "0002": (0, 1),
    }
    assert "another sensor before, which may still hold 2 templates" in desk.done(
        "stolen", "main-gate"
    )
    gate.write("templates.destroyed", backup="ab" * 16, actor="uid:0")
    desk.take(gate)
    found = {one["code"]: one for one in desk.json("stolen", "main-gate")}
    assert {code: one["replaced"] for code, one in found.items()} == {"0001": 0}


def test_a_sensor_that_came_back_holds_only_what_it_is_used_for(database: str) -> None:
    desk, gate = Desk(database), Ledger("a")
    enrolled(gate, "0001", 0)
    place = {"finger": "right-index", "slot": 0, "generation": 1, "actor": "uid:0"}
    gate.write("print.removed", worker="0001", **place, why="adopted")
    gate.write("sensor.adopted", actor="uid:0", why="technician", replaced="ab" * 16)
    gate.write("sensor.adopted", actor="gate", why="new", returned="ab" * 16)
    desk.take(gate)
    assert desk.json("stolen", "main-gate") == []
    # It was taken out again before it could be emptied.
    gate.write("sensor.adopted", actor="gate", why="new", replaced="ab" * 16)
    desk.take(gate)
    assert [one["replaced"] for one in desk.json("stolen", "main-gate")] == [1]
