"""What is kept is what would be found anew, in whatever order and portions it came."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from edge_agent.cli import main
from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.receiver.office.correct import Direction, add, move, undo, void
from edge_agent.receiver.office.journal import Who
from edge_agent.receiver.store import PayrollStore
from edge_agent.receiver.worktime.due import mark_due
from edge_agent.receiver.worktime.keep import is_due, renew
from edge_agent.receiver.worktime.known_shifts import apply_shifts
from edge_agent.receiver.worktime.shifts import Break, Shift
from tests.receiver.running import rows
from tests.receiver.test_effects import AT, CODE, Ledger, time

DAY = Shift(
    code="N", begin="06:00", end="18:00", breaks=(Break(begin="11:30", end="12:30", pressed=True),)
)
TIMES = ("06:00", "11:30", "12:30", "18:00")
COLUMNS = (
    "code, date, in_at, out_at, status, minutes, in_ledger, in_seq, out_ledger, out_seq, seconds,"
    " break_seconds, shift, why, run_ledger, run_seq, not_before, not_after"
)
WHO = Who("2026-11-30T00:00:00.000Z", "office", "x")


@pytest.fixture
def store(database: str) -> Iterator[PayrollStore]:
    with closing(PayrollStore(database)) as store:
        yield store


def kept(store: PayrollStore) -> tuple[list[Any], list[Any]]:
    renew(store._database)
    return (
        store._database.query(f"SELECT {COLUMNS} FROM worked ORDER BY code, lead_ledger, lead_seq"),
        store._database.query("SELECT * FROM doubts ORDER BY code, run_ledger, run_seq"),
    )


def anew(store: PayrollStore) -> tuple[list[Any], list[Any]]:
    """All is read from the first press on."""
    database = store._database
    for table in ("kept_sessions", "kept_doubts"):
        database.execute(f"DELETE FROM {table}")
    codes = database.query("SELECT code FROM marks UNION SELECT code FROM corrections")
    mark_due(database, [(code, None) for (code,) in codes if code])
    return kept(store)


def month() -> list[Ledger]:
    """Three workers at two gates: forgotten, voided, unsynced, resolved twice, recovered."""
    a, b, old = Ledger("a"), Ledger("b", "field"), Ledger("old", "field")
    for day in range(2, 28):
        for n, clock in enumerate(TIMES):
            if (day, clock) == (9, "11:30"):
                continue
            a.punch(f"{day:02} {clock}", code="0007")
            (a, b)[n % 2].punch(f"{day:02} {clock}", ("in", "out")[n % 2])
        if day % 5 == 0:
            seq = a.punch(f"{day:02} 19:00", code="0007")
            a.write("punch.voided", None, of=seq, worker="0007", reason="x", actor="uid:1")
        if day % 6 == 0:
            b.write("gate.alive", time(f"{day:02} 20:00"), recording=True, version="1")
            seq = b.punch(None, code="0009")
            b.write("gate.alive", time(f"{day:02} 22:00"), recording=True, version="1")
            b.punch(f"{day + 1:02} 05:00", code="0009")
            if day != 12:
                b.write("punch.time-resolved", time(f"{day:02} 21:30"), of=seq, worker="0009",
                        final=True, uncertainty_ms=9)  # fmt: skip
            if day == 18:
                b.write("punch.time-corrected", time(f"{day:02} 21:00"), of=seq, worker="0009",
                        uncertainty_ms=5, reason="later-sync")  # fmt: skip
    for seq in (old.punch("28 06:00", "in"), old.punch("28 11:00", "out")):
        b.recover(old.arrivals[seq - 1])
    return [a, b, old]


@pytest.mark.parametrize("shifts", [(DAY,), ()], ids=["shifts", "no-shifts"])
@pytest.mark.parametrize("seed", range(2))
def test_order_and_portions_make_no_difference(
    store: PayrollStore, seed: int, shifts: tuple[Shift, ...]
) -> None:
    rng = random.Random(seed)
    everything = [one for ledger in month() for one in ledger.arrivals]
    everything += rng.sample(everything, 20)
    rng.shuffle(everything)
    told = False
    while everything:
        count = rng.choice((1, 7, 60, 150))
        store.take(everything[:count], AT)
        del everything[:count]
        if not told and len(everything) < 150:
            told = True
            apply_shifts(store._database, shifts, actor="a", made_at=AT, zone="Asia/Ho_Chi_Minh")
        if rng.random() < 0.3:
            renew(store._database)
    found = kept(store)
    assert found == anew(store)
    assert any(row[4] == "complete" for row in found[0])


def test_what_comes_while_people_press_is_paired_at_once(
    store: PayrollStore, database: str
) -> None:
    gate = Ledger("a")
    for clock in TIMES:
        gate.punch(f"23 {clock}")
        store.take(gate.arrivals[-1:], AT)
        assert not is_due(store._database)
    seconds = rows(database, "SELECT sum(seconds) FROM sessions WHERE status = 'complete'")
    assert [int(cell) for (cell,) in seconds] == [39600]


def test_a_backlog_is_paired_when_it_is_quiet(store: PayrollStore, database: str) -> None:
    gate = Ledger("a")
    for day in range(1, 29):
        for clock in TIMES:
            gate.punch(f"{day:02} {clock}")
    store.take(gate.arrivals, AT)
    assert is_due(store._database)
    store.update_coverage(0.0)
    assert not is_due(store._database)
    assert rows(database, "SELECT count(*) FROM sessions WHERE status = 'complete'") == [(56,)]


def test_a_press_that_comes_late_is_paired_with_its_day(store: PayrollStore) -> None:
    gate = Ledger("a")
    for day in range(1, 29):
        for clock in TIMES:
            gate.punch(f"{day:02} {clock}")
    late = gate.arrivals.pop(9)
    store.take(gate.arrivals, AT)
    before = kept(store)
    store.take([late], AT)
    found = kept(store)
    assert (len(before[1]), len(found[1])) == (1, 0)
    assert found == anew(store)


def test_a_correction_is_paired_by_its_own_command(store: PayrollStore) -> None:
    gate = Ledger("a")
    for clock in (TIMES[0], *TIMES[2:]):
        gate.punch(f"23 {clock}")
    gate.punch("25 06:00")
    store.take(gate.arrivals, AT)
    apply_shifts(store._database, [DAY], actor="a", made_at=AT, zone="Asia/Ho_Chi_Minh")
    before = kept(store)
    assert [row[4] for row in before[1]] == ["not-covered", "open"]
    zone = "Asia/Ho_Chi_Minh"
    number = add(store._database, WHO, CODE, "2026-11-23T11:30", zone=zone, direction="out")
    assert not is_due(store._database)
    statuses = "SELECT status, seconds FROM sessions WHERE date = '2026-11-23' ORDER BY in_at"
    assert store._database.query(statuses) == [("complete", 19800), ("complete", 19800)]
    void(store._database, WHO, "payroll", number)
    assert kept(store)[0] == before[0]


def test_a_move_and_what_takes_it_back_are_paired_at_both_times(store: PayrollStore) -> None:
    """From one week into another, and back; a second one over the first."""
    gate = Ledger("a")
    for day in ("02", "10", "23"):
        for clock in TIMES:
            gate.punch(f"{day} {clock}")
    lost = gate.punch(None)
    gate.punch("25 06:00")
    store.take(gate.arrivals, AT)
    apply_shifts(store._database, [DAY], actor="a", made_at=AT, zone="Asia/Ho_Chi_Minh")
    states = [kept(store)]
    moves: list[tuple[int, str | None, Direction | None]] = [
        (12, "2026-11-02T20:00", None),
        (12, "2026-11-10T18:30", "out"),
        (3, "2026-11-23T15:00", None),
        (lost, "2026-11-03T06:00", "in"),
        (2, None, "in"),
    ]
    for seq, at, way in moves:
        move(store._database, WHO, "a", seq, at, zone="Asia/Ho_Chi_Minh", direction=way)
        states.append(kept(store))
        assert states[-1] == anew(store)
        assert states[-1] != states[-2]
    # What comes later is read with what was moved there from another week.
    gate.punch("23 15:30")
    store.take(gate.arrivals, AT)
    assert kept(store) == anew(store)
    for number in (5, 4, 3, 2, 1):
        undo(store._database, WHO, number)
        assert kept(store) == anew(store)


def test_whom_a_roster_names_counts_and_a_team_has_its_shifts(store: PayrollStore) -> None:
    roster = Roster(version=1, workers=[RosterWorker(code="0001", name="A")])
    store.apply_roster(msgspec.json.encode(roster), "2026-11-01T00:00:00.000Z")
    gate = Ledger("a")
    for clock in (TIMES[0], TIMES[3]):
        gate.punch(f"23 {clock}")
    store.take(gate.arrivals, "2026-11-23T12:00:00.000Z")
    assert kept(store) == ([], [])
    hall = Shift(code="N", begin="06:00", end="18:00", teams=("Sao",))
    apply_shifts(store._database, [hall], actor="a", made_at=AT, zone="Asia/Ho_Chi_Minh")
    for version, team in ((2, "Hái"), (3, "Sao")):
        worker = RosterWorker(code=CODE, name="B", team=team)
        roster = Roster(version=version, workers=[worker])
        assert store.apply_roster(msgspec.json.encode(roster), AT).applied
        [session] = kept(store)[0]
        assert session[4] == "complete"
        assert session[12] == (None if team == "Hái" else "N")


def test_new_shifts_change_nothing_before_they_hold(store: PayrollStore) -> None:
    gate = Ledger("a")
    for day in (2, 23):
        for clock in (TIMES[0], TIMES[3]):
            gate.punch(f"{day:02} {clock}")
    store.take(gate.arrivals, AT)
    old = Shift(code="A", begin="06:00", end="18:00", valid_to="2026-11-15")
    new = Shift(code="B", begin="06:00", end="18:00", valid_from="2026-11-16")
    for version, table in enumerate(([old], [old, new], [old, new]), 1):
        assert apply_shifts(
            store._database, table, actor="a", made_at=AT, zone="Asia/Ho_Chi_Minh"
        ) == min(version, 2)
        if version == 2:
            due = store._database.query("SELECT DISTINCT since_ms > 0 FROM pairing_due")
            assert [bool(later) for (later,) in due] == [True]
        kept(store)
    assert [row[12] for row in sorted(kept(store)[0], key=lambda row: row[1])] == ["A", "B"]
    assert kept(store) == anew(store)


def test_shifts_are_imported_shown_and_written_again(tmp_path: Path) -> None:
    database = str(tmp_path / "payroll.db")
    PayrollStore(database).close()
    table = tmp_path / "ca.csv"
    table.write_text(
        "Bảng ca xưởng chè,,,,,,\n"
        "Mã ca,Tên ca,Giờ vào,Giờ ra,Nghỉ giữa ca,Thứ,Tổ\n"
        'S,Ca sáng,6h,14:00,10:00-10:15 tính công,T2-T7,"Hái, Sao"\n'
        "01,Ca đêm,22:00,06:00,02:00-02:45 chấm,,\n",
        encoding="utf-8",
    )

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(
            main, ["--lang", "en", "receive", "shifts", *arguments, "--database", database]
        )
        assert done.exit_code == 0, done.output
        return done.output

    assert "version 1 is in force" in run("import", str(table))
    first = run("show", "--json")
    for kind in ("xlsx", "csv", "toml"):
        copy = tmp_path / f"copy.{kind}"
        run("show", "--output", str(copy))
        assert "the same as version 1" in run("import", str(copy))
    assert run("show", "--json") == first
    assert "10:00-10:15 paid" in run("show")
    shifts = msgspec.json.decode(first)["shifts"]
    assert [(one["code"], one["weekdays"]) for one in shifts] == [
        ("S", [1, 2, 3, 4, 5, 6]),
        ("01", [1, 2, 3, 4, 5, 6, 7]),
    ]


WRONG = {
    "begin": ("S,25:00,14:00,,", "25:00"),
    "no end": ("S,06:00,,,", "end: it has none"),
    "break": ("S,06:00,14:00,15:00-15:30,", "15:00-15:30 is not within it"),
    "word": ("S,06:00,14:00,10:00-10:15 maybe,", "'paid' or 'unpaid'"),
    "weekday": ("S,06:00,14:00,,T9", "no weekday"),
    "longer than a day": ("S,06:00,04:00,,", "longer than 20 hours"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_table_with_a_fault_is_refused_whole(tmp_path: Path, what: str) -> None:
    row, told = WRONG[what]
    database = str(tmp_path / "payroll.db")
    PayrollStore(database).close()
    table = tmp_path / "shifts.csv"
    table.write_text(f"code,begin,end,breaks,weekdays\nA,06:00,14:00,,\n{row}\n", encoding="utf-8")
    done = CliRunner().invoke(
        main, ["--lang", "en", "receive", "shifts", "import", str(table), "--database", database]
    )
    assert done.exit_code != 0
    assert "row 3" in done.output
    assert told in done.output
    shown = CliRunner().invoke(
        main, ["--lang", "en", "receive", "shifts", "show", "--database", database]
    )
    assert "No shifts are told" in shown.output
