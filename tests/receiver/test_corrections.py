"""What a clerk puts right: moved, taken back, listed, and taken in again from a month's file."""

import json
from collections.abc import Callable
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.receiver.databases import open_database, schema
from edge_agent.receiver.databases.database import Unfit
from edge_agent.receiver.office.journal import Who, standing, turn
from edge_agent.receiver.office.journal import enter as enter_row
from edge_agent.receiver.roster.known_workers import know_workers
from edge_agent.receiver.store import PayrollStore

from .running import rows
from .test_effects import AT, CODE, Ledger

WHO = ["--actor", "office-1", "--reason", "'=quên bấm"]


@pytest.fixture
def ledger(database: str) -> Ledger:
    """A day, a punch without a time, a repeat, and one that was voided at the gate."""
    a = Ledger("a")
    a.punch("23 07:00", "in")
    a.punch("23 16:00")
    a.punch(None)
    a.write("punch.repeated", "2026-11-23T16:00:09.000+07:00", worker=CODE, of=2)
    a.punch("22 07:00", "in")
    a.write("punch.voided", None, of=5, worker=CODE, reason="x", actor="uid:1")
    with closing(PayrollStore(database)) as store:
        store.take(a.arrivals, AT)
    return a


def punch(database: str, seq: int, ledger: str = "a") -> tuple[object, ...]:
    ((time, direction, state),) = rows(
        database,
        f"SELECT time, direction, state FROM punches WHERE ledger = '{ledger}' AND seq = {seq}",
    )
    return time, direction, state


@pytest.mark.parametrize("how", ["time", "undated", "direction", "both", "twice"])
def test_a_punch_moves_and_its_entry_stays(
    receive: Callable[..., Result], database: str, ledger: Ledger, how: str
) -> None:
    wires = rows(database, "SELECT seq, hash FROM entries ORDER BY seq")
    asked, seq, becomes = {
        "time": (["1", "2026-11-23T06:30"], 1, ("06:30:00", "in", "valid")),
        "undated": (["3", "2026-11-23T12:00"], 3, ("12:00:00", None, "valid")),
        "direction": (["2", "--direction", "out"], 2, ("16:00:00", "out", "valid")),
        "both": (["2", "2026-11-23T17:00", "--direction", "out"], 2, ("17:00:00", "out", "valid")),
        "twice": (["2", "2026-11-23T17:00"], 2, ("17:00:00", "out", "valid")),
    }[how]
    before = punch(database, seq)
    if how == "twice":
        assert receive("correct", "move", "a", "2", "--direction", "out", *WHO).exit_code == 0
    done = receive("correct", "move", "a", *asked, *WHO)
    assert (done.exit_code, punch(database, seq)) == (0, becomes), done.output
    assert rows(database, "SELECT seq, hash FROM entries ORDER BY seq") == wires
    told = json.loads(receive("correct", "list", "--what", "move", "--json").output)[-1]
    was = None if how == "undated" else f"2026-11-23T{before[0]}.000+07:00"
    assert (told["code"], told["was"], told["undone_by"]) == (CODE, was, None)
    for number in range(told["number"], 0, -1):
        assert receive("correct", "undo", str(number), *WHO).exit_code == 0
    assert punch(database, seq) == before


def test_what_payroll_added_can_be_moved_and_taken_back(
    receive: Callable[..., Result], database: str, ledger: Ledger
) -> None:
    receive("correct", "add", CODE, "2026-11-23T12:00", *WHO)
    receive("correct", "move", "payroll", "1", "2026-11-23T12:30", "--direction", "in", *WHO)
    assert punch(database, 1, "payroll") == ("12:30:00", "in", "valid")
    assert receive("correct", "undo", "1", *WHO).exit_code == 0
    assert punch(database, 1, "payroll") == ("12:30:00", "in", "voided")


def test_a_void_is_taken_back_and_can_be_made_again(
    receive: Callable[..., Result], database: str, ledger: Ledger
) -> None:
    for number, state in ((1, "voided"), (3, "voided")):
        assert receive("correct", "void", "a", "1", *WHO).exit_code == 0
        assert punch(database, 1)[2] == state
        assert receive("correct", "undo", str(number), *WHO).exit_code == 0
        assert punch(database, 1)[2] == "valid"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["move", "a", "4", "2026-11-23T12:00"], "(a repeat, does not count)"),
        (["move", "a", "5", "2026-11-23T12:00"], "(voided)"),
        (["move", "a", "9", "2026-11-23T12:00"], "no punch that is held"),
        (["move", "a", "1"], "--direction"),
        (["move", "a", "1", "2026-11-23T16:00"], "entry 2 of ledger a"),
        (["move", "a", "1", "2026-11-23"], "is no time"),
        (["move", "a", "1", "2026-12-23T06:00"], "has not come yet"),
        (["move", "a", "1", "2026-11-23T06:00+15:00", "--force"], "is no time"),
        (["move", "a", "1", "2026-11-23T06:00+08:00"], "another offset"),
        (["add", CODE, "2026-11-23T06:00Z"], "another offset"),
        (["add", CODE, "2026-11-23T06:00-14:30", "--force"], "is no time"),
        (["move", "a", "1", "2026-08-23T06:00"], "more than two months ago"),
        (["undo", "7"], "There is no correction 7"),
        (["undo", "1"], "was taken back before"),
        (["undo", "2"], "is final"),
        (["undo", "3"], "--supplement"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    receive: Callable[..., Result], database: str, ledger: Ledger, arguments: list[str], why: str
) -> None:
    receive("correct", "void", "a", "1", *WHO)
    receive("correct", "undo", "1", *WHO)
    with closing(open_database(database, alone=False)) as opened, turn(opened):
        enter_row(opened, Who(AT, "office-1", "x"), "close", day="2026-10-01")
    before = rows(database, "SELECT COUNT(*) FROM corrections")
    told = receive("correct", *arguments, *WHO)
    assert (told.exit_code, why in told.output) == (65, True), told.output
    assert rows(database, "SELECT COUNT(*) FROM corrections") == before


def test_the_list_tells_what_is_asked(
    receive: Callable[..., Result], database: str, ledger: Ledger
) -> None:
    receive("correct", "void", "a", "1", *WHO)
    receive("correct", "add", CODE, "2026-11-24T07:00", "--actor", "office-2", "--reason", "y")
    receive("correct", "undo", "1", *WHO)
    assert receive("correct", "list").output.count("\n") == 4
    for filters, numbers in (
        (["--what", "add"], [2]),
        (["--actor", "office-1"], [1, 3]),
        (["--code", CODE], [1, 2, 3]),
        (["--code", "0007"], []),
        (["--since", "2026-11-28"], [1, 2, 3]),
        (["--since", "2026-11-29"], []),
        (["--month", "2026-11"], [1, 2]),
        (["--month", "2026-10"], []),
    ):
        told = json.loads(receive("correct", "list", "--json", *filters).output)
        assert [row["number"] for row in told if row["what"] != "undo"] == [
            number for number in numbers if number != 3
        ]


def test_the_list_since_a_day_begins_with_its_midnight_at_the_office(
    receive: Callable[..., Result], ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seq, made_at in (
        ("1", "2026-11-25T16:59:59.999Z"),
        ("2", "2026-11-25T17:00:00.000Z"),
        ("3", "2026-11-26T16:59:59.999Z"),
    ):
        monkeypatch.setattr("edge_agent.cli.receive_correct.now", lambda at=made_at: at)
        how = ("move", "a", seq, "--direction", "out")
        assert receive("correct", *how, *WHO).exit_code == 0
    for since, numbers in (
        ("25/11/2026", [1, 2, 3]),
        ("26/11/2026", [2, 3]),
        ("27/11/2026", []),
    ):
        told = json.loads(receive("correct", "list", "--since", since, "--json").output)
        assert [row["number"] for row in told] == numbers, since
    shown = receive("correct", "list").output.splitlines()[1:]
    assert [line.split()[1] for line in shown] == ["2026-11-25", "2026-11-26", "2026-11-26"]


@pytest.mark.parametrize("language", ["en", "vi"])
def test_each_answer_names_whose_punch_it_was_and_when(
    database: str, ledger: Ledger, language: str
) -> None:
    ledger.write("punch.recorded")
    with closing(PayrollStore(database)) as store:
        store.take(ledger.arrivals, AT)
        know_workers(store._database, [RosterWorker(code=CODE, name="Nguyễn Thị Ánh")])
    way_in, way_out, day, unknown = {
        "en": ("in", "out", "2026-11-23", "time not known yet"),
        "vi": ("vào", "ra", "23/11/2026", "chưa biết giờ"),
    }[language]

    def answer(*words: str) -> str:
        asked = ["--lang", language, "receive", "correct", *words, *WHO, "--database", database]
        done = CliRunner().invoke(main, asked)
        assert done.exit_code == 0, done.output
        return " ".join(done.output.split())

    whose = f"Nguyễn Thị Ánh, {CODE}: "
    assert f"{whose}{way_in}, {day} 07:00:00 (" in answer("void", "a", "1")
    assert f"{whose}{way_in}, {day} 07:00:00." in answer("undo", "1")
    moved = answer("move", "a", "1", "2026-11-23T06:30", "--direction", "out")
    assert f"{whose}{way_out}, {day} 06:30:00; " in moved
    assert f" {way_in}, {day} 07:00:00 (" in moved
    assert f"{whose}{way_in}, {day} 07:00:00." in answer("undo", "3")
    assert f" {unknown} (" in answer("move", "a", "3", "2026-11-23T12:00")
    added = answer("add", CODE, "2026-11-23T20:00", "--direction", "out")
    assert f"{whose}{way_out}, {day} 20:00:00 (" in added
    assert f"{whose}{way_out}, {day} 20:00:00." in answer("undo", "6")
    assert f"{whose}{day} 16:00:00 (" in answer("void", "a", "2")
    assert "7" in answer("void", "a", "7")  # Nothing of it can be read.
    with closing(PayrollStore(database)) as store:  # Somebody else has the code by now.
        roster = Roster(version=1, workers=[RosterWorker(code=CODE, name="Ma Văn Đô")])
        later = "2026-11-24T00:00:00.000Z"
        assert store.apply_roster(msgspec.json.encode(roster), later).applied
    assert f"{whose}{way_in}, {day} 07:00:00 (" in answer("void", "a", "1")


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_months_file_and_the_gates_bring_everything_back(
    receive: Callable[..., Result],
    database: str,
    ledger: Ledger,
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receive("correct", "void", "a", "1", *WHO)
    receive("correct", "move", "a", "2", "2026-11-23T17:00", "--direction", "out", *WHO)
    receive("correct", "add", CODE, "2026-11-23T06:00", "--direction", "in", *WHO)
    receive("correct", "undo", "1", *WHO)
    file = tmp_path / f"month.{kind}"
    asked = ["export", "--month", "2026-11", "--format", kind, "--output", str(file)]
    done = receive(*asked, "--view", "corrections")
    assert done.exit_code == 0, done.output

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    fresh = str(tmp_path / "fresh.db")
    with closing(PayrollStore(fresh)) as store:
        store.take(ledger.arrivals, AT)
    for count in ("3", "0"):
        with closing(open_database(fresh, alone=False)):
            told = CliRunner().invoke(
                main,
                ["--lang", "en", "receive", "correct", "import", str(file), "--database", fresh],
            )
        assert f"{'4' if count == '3' else count} correction" in told.output, told.output
    columns = "id, made_at, actor, reason, what, ledger, seq, code, at_ms, direction"
    every = f"SELECT {columns} FROM corrections ORDER BY id"
    assert rows(fresh, every) == rows(database, every)
    assert rows(fresh, "SELECT ledger, seq, time, state FROM punches ORDER BY 1, 2") == rows(
        database, "SELECT ledger, seq, time, state FROM punches ORDER BY 1, 2"
    )


def test_another_file_is_refused(
    receive: Callable[..., Result], ledger: Ledger, tmp_path: Path
) -> None:
    for name, text in (("x.csv", "a,b\n1,2\n"), ("x.xlsx", "no book"), ("y.csv", "")):
        (tmp_path / name).write_text(text)
        assert receive("correct", "import", str(tmp_path / name)).exit_code == 65


@pytest.mark.parametrize(
    "row",
    [
        "1,2026-11-24T00:00:00.000Z,o,r,void,,,,,,,,",
        "1,yesterday,o,r,void,a,1,,,,,,",
        "1,2026-11-24T00:00:00.000Z,o,r,add,,,0007,,,,,",
        "1,2026-11-24T00:00:00.000Z,o,r,add,,,0007,yesterday,,,,",
        "1,2026-11-24T00:00:00.000Z,o,r,steal,a,1,,,,,,",
        "one,2026-11-24T00:00:00.000Z,o,r,void,a,1,,,,,,",
        "1,2026-11-24T00:00:00.000Z,o,r,closed,,,0007,,2026-11-01,,,{}",
        "1,2026-11-24T00:00:00.000Z,o,r,close,,,,,2026-11-01,,,nothing",
    ],
)
def test_a_row_that_cannot_be_is_named_and_nothing_is_taken(
    receive: Callable[..., Result], database: str, ledger: Ledger, tmp_path: Path, row: str
) -> None:
    file = tmp_path / "x.csv"
    titles = "id,made_at,actor,reason,what,ledger,seq,code,at,day,direction,gate,details"
    good = "9,2026-11-24T00:00:00.000Z,o,r,void,a,2,,,,,,"
    file.write_text(f"{titles}\n{good}\n{row}\n")
    told = receive("correct", "import", str(file))
    assert (told.exit_code, "Row 3" in told.output) == (65, True), told.output
    assert rows(database, "SELECT COUNT(*) FROM corrections") == [(0,)]


def test_a_database_of_the_version_before_keeps_its_corrections(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dict(takewhile(lambda step: step[0] != "office", schema._STEPS.items()))
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "_STEPS", before)
        earlier.setattr(schema, "VIEWS", {})
        PayrollStore(empty_database).close()
        with closing(open_database(empty_database, alone=False)) as opened:
            for seq in (1, 2):
                opened.execute(
                    "INSERT INTO corrections (made_at, actor, reason, what, ledger, seq)"
                    f" VALUES ('{AT}', 'office-1', 'x', 'void', 'a', {seq})"
                )
            with pytest.raises(Unfit):
                opened.execute(
                    "INSERT INTO corrections (made_at, actor, reason, what)"
                    " VALUES ('x', 'x', 'x', 'move')"
                )
    PayrollStore(empty_database).close()
    with closing(open_database(empty_database, alone=False)) as opened:
        with turn(opened):
            assert enter_row(opened, Who(AT, "office-1", "y"), "leave", code=CODE) >= 3
        assert [row.id for row in standing(opened, "void")] == [1, 2]
        for sql in ("DELETE FROM corrections", "UPDATE corrections SET seq = 7"):
            with pytest.raises(Exception, match="append-only"):
                opened.execute(sql)
