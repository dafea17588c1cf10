"""A month's file tells what is not in it: names, and what gates have not delivered."""

import re
from pathlib import Path

import msgspec
import pytest

from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.receiver.store import PayrollStore

from .office_desk import Desk
from .test_effects import AT, CODE, Ledger, time

MONTH = ["--month", "2026-11"]
DECEMBER = "2026-12-01T00:30:00.000+07:00"


@pytest.fixture
def desk(database: str) -> Desk:
    return Desk(database)


def gate(name: str, *presses: str) -> Ledger:
    ledger = Ledger(f"ledger-{name}", name)
    for at in presses:
        ledger.punch(at, "in")
    return ledger


def alive(ledger: Ledger, at: str) -> None:
    ledger.write("gate.alive", at, recording=True, version="1")


def told(desk: Desk, tmp_path: Path, *options: str, what: str = "export") -> list[str]:
    file = tmp_path / f"{len(list(tmp_path.iterdir()))}.xlsx"
    return desk.done(what, *MONTH, "--output", str(file), *options).splitlines()


def test_rows_are_counted_by_what_they_are(desk: Desk, tmp_path: Path) -> None:
    a = gate("main", "23 07:00", "23 16:00", "24 07:00")
    desk.take(a)
    assert told(desk, tmp_path)[0].endswith(".xlsx: 3 sessions, 3 punches, 0 corrections")
    csv = ["export", *MONTH, "--format", "csv", "--view", "punches"]
    assert desk.done(*csv, "--output", str(tmp_path / "x.csv")).startswith(
        f"{tmp_path / 'x.csv'}: 3 punches\n"
    )
    desk.language = "vi"
    assert told(desk, tmp_path)[0].endswith(": 3 ca làm, 3 lần chấm công, 0 lần sửa công")


def test_what_does_not_count_is_told_apart(desk: Desk, tmp_path: Path) -> None:
    """Else it looks as if a damaged gate had recorded three times as much."""
    desk.take(gate("main", "23 07:00", "23 16:00", "24 07:00"))
    desk.done("correct", "void", "ledger-main", "1", "--actor", "lan", "--reason", "thử")
    said = told(desk, tmp_path)[0]
    assert "2 punches that count (beside them in the file: 1 'voided'), 1 correction" in said
    desk.language = "vi"
    csv = ["export", *MONTH, "--format", "csv", "--view", "punches"]
    assert desk.done(*csv, "--output", str(tmp_path / "x.csv")).startswith(
        f"{tmp_path / 'x.csv'}: 2 lần chấm công được tính (ngoài ra trong tệp: 1 'đã hủy')\n"
    )


@pytest.mark.parametrize("what", ["export", "sheet"])
def test_who_has_no_name_is_told_and_how_names_come(desk: Desk, tmp_path: Path, what: str) -> None:
    a = gate("main", "23 07:00")
    a.punch("23 07:05", "in", code="NV0007")
    desk.take(a)
    desk.language = "vi"
    found = "\n".join(told(desk, tmp_path, what=what))
    assert f"2 người chưa có tên trong tệp: NV0007, {CODE}." in found
    assert "edge-agent receive roster import" in found
    assert "edge-agent workers export" in found
    desk.know(CODE, "NV0007")
    assert "có tên" not in "\n".join(told(desk, tmp_path, what=what))


def test_beside_a_roster_who_has_no_name_is_told_otherwise(desk: Desk, tmp_path: Path) -> None:
    """The list is there: to import it once more would change nothing."""
    a = gate("main", "23 07:00")
    desk.take(a)
    roster = Roster(version=3, workers=[RosterWorker(code="NV0007", name="Lò Thị Hương")])
    store = PayrollStore(desk.database)
    store.apply_roster(msgspec.json.encode(roster), AT)
    store.close()
    found = "\n".join(told(desk, tmp_path))
    assert f"1 person has no name in the file: {CODE}." in found
    assert "edge-agent receive roster show" in found
    assert "roster import" not in found


@pytest.mark.parametrize("what", ["export", "sheet"])
def test_until_when_each_gate_has_delivered(desk: Desk, tmp_path: Path, what: str) -> None:
    desk.know(CODE)
    behind, done = gate("desk", "23 07:00"), gate("main", "23 16:00")
    alive(behind, time("30 18:49"))
    alive(done, DECEMBER)
    desk.take(behind, done)
    desk.language = "vi"
    found = [line for line in told(desk, tmp_path, what=what) if line.startswith("Cổng")]
    assert found == ["Cổng desk: đã đủ đến 30/11/2026 18:49; sau đó chưa nhận được gì."]
    alive(behind, DECEMBER)
    desk.take(behind)
    assert "Cổng" not in "\n".join(told(desk, tmp_path, what=what))


def test_a_gap_of_the_month_is_told_and_one_of_another_month_is_not(
    desk: Desk, tmp_path: Path
) -> None:
    desk.know(CODE)
    ledger = gate("desk", "23 07:00", "23 16:00", "24 07:00")
    alive(ledger, DECEMBER)
    missing = ledger.arrivals.pop(1)
    desk.take(ledger)
    found = "\n".join(told(desk, tmp_path))
    assert "Gate desk: complete until 2026-11-23 07:00; after that its ledger has a gap" in found
    before = desk.done("export", "--month", "10/2026", "--output", str(tmp_path / "october.xlsx"))
    assert "Gate" not in before
    ledger.arrivals.append(missing)
    desk.take(ledger)
    assert "Gate" not in "\n".join(told(desk, tmp_path))


def test_a_gate_that_left_service_is_not_waited_for(desk: Desk, tmp_path: Path) -> None:
    desk.know(CODE)
    ledger = gate("old", "20 07:00")
    ledger.write("gate.retired", time("21 08:00"), actor="uid:1", reason="x")
    desk.take(ledger)
    assert "Gate" not in "\n".join(told(desk, tmp_path))


def test_of_many_gates_some_are_told_and_the_others_counted(desk: Desk, tmp_path: Path) -> None:
    desk.know(CODE)
    desk.take(*(gate(f"g{n:02}", "20 07:00") for n in range(13)))
    found = told(desk, tmp_path)
    assert len([line for line in found if re.match(r"Gate g\d\d: complete until", line)]) == 10
    assert "3 more gates have not delivered all of this period." in found


def test_whoever_mistypes_a_gate_is_told_which_there_are(desk: Desk) -> None:
    asked = ["coverage", "--gate", "dek", "--from", "2026-11-20", "--to", "2026-11-21"]
    desk.take(Ledger("a"))
    assert "check the name" in desk.refused(*asked)
    desk.take(gate("desk", "20 07:00"), gate("main", "20 07:00"))
    assert "Gates that were: desk, main" in desk.refused(*asked)
