"""What a clerk does: corrections beside the entries, and a month for Excel."""

import csv
import json
import os
import unicodedata
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from edge_agent.cli import main
from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.receiver.roster.known_workers import know_workers
from edge_agent.receiver.store import PayrollStore

from .running import rows
from .test_effects import AT, CODE, Ledger

WHO = ["--actor", "office-1", "--reason", "đã về quên bấm"]


@pytest.fixture
def ledger(database: str) -> Ledger:
    """A month's end and a new month: what is in the database."""
    a = Ledger("a")
    a.punch("23 07:00", "in")
    a.punch("23 16:00", "out")
    a.punch("30 22:00", "in")
    a.write("punch.recorded", "2026-12-01T06:00:00.000+07:00", worker=CODE, direction="out")
    a.punch("23 07:00", "in", code="0007")
    a.punch(None, "in", code="=1+1")
    a.write("punch.recorded")
    with closing(PayrollStore(database)) as store:
        store.take(a.arrivals, AT)
        names = {CODE: "Nguyễn Thị Ánh", "0007": "Ma Văn Đô", "=1+1": "+84"}
        workers = [RosterWorker(code=code, name=name) for code, name in names.items()]
        workers += [
            RosterWorker(code="GONE", name="Đi", active=False),
            RosterWorker(code="LATE", name="Sau", valid_from="2026-11-24"),
            RosterWorker(code="Á7", name="Ái"),
        ]
        know_workers(store._database, workers)
    return a


@pytest.fixture
def amended(database: str, ledger: Ledger) -> None:
    """What the gate itself has said of more punches there."""
    ledger.write("punch.repeated", "2026-11-23T07:00:09.000+07:00", worker=CODE, of=1)
    ledger.write("gate.alive", "2026-11-23T17:00:00.000+07:00", recording=True, version="1")
    ledger.punch("22 07:00", "in")
    ledger.write("punch.voided", None, of=10, worker=CODE, reason="x", actor="uid:1")
    with closing(PayrollStore(database)) as store:
        store.take(ledger.arrivals, AT)


def state(database: str, seq: int, ledger: str = "a") -> str:
    ((found,),) = rows(
        database, f"SELECT state FROM punches WHERE ledger = '{ledger}' AND seq = {seq}"
    )
    return str(found)


def test_void_counts_no_more_and_changes_no_entry(
    receive: Callable[..., Result], database: str, ledger: Ledger
) -> None:
    before = rows(database, "SELECT seq, hash, wire FROM entries ORDER BY seq")
    assert receive("correct", "void", "a", "2", *WHO).exit_code == 0
    assert (state(database, 1), state(database, 2)) == ("valid", "voided")
    assert rows(database, "SELECT seq, hash, wire FROM entries ORDER BY seq") == before
    assert rows(database, "SELECT what, ledger, seq, actor, reason FROM corrections") == [
        ("void", "a", 2, "office-1", "đã về quên bấm")
    ]
    again = receive("correct", "void", "a", "2", *WHO)
    assert (again.exit_code, "before" in again.output) == (65, True)


def test_added_punch_ends_its_session_and_can_be_voided(
    receive: Callable[..., Result], database: str, ledger: Ledger
) -> None:
    asked = ["correct", "add", "0007", "2026-11-23T16:30", "--direction", "out"]
    done = receive(*asked, *WHO)
    assert done.exit_code == 0, done.output
    assert "entry 1 of ledger payroll" in done.output
    session = "SELECT out_at, status, minutes FROM sessions WHERE code = '0007'"
    assert rows(database, session) == [("2026-11-23T16:30:00.000+07:00", "complete", 570)]
    assert receive("correct", "void", "payroll", "1", *WHO).exit_code == 0
    assert rows(database, session) == [(None, "open", None)]
    assert state(database, 1, "payroll") == "voided"


@pytest.mark.parametrize(
    ("code", "at", "forced"),
    [
        (f" {CODE} ", "2026-11-23T12:00", False),
        (unicodedata.normalize("NFD", "Á7"), "2026-11-23T12:00", False),
        ("GONE", "2026-11-23T12:00", True),
        ("LATE", "2026-11-23T12:00", True),
        (CODE, "2026-09-23T12:00", True),
        (CODE, "2026-11-23T07:00:30", True),
    ],
)
def test_what_is_odd_is_entered_where_it_is_meant(
    receive: Callable[..., Result], database: str, ledger: Ledger, code: str, at: str, forced: bool
) -> None:
    asked = ["correct", "add", code, at, *WHO]
    assert receive(*asked).exit_code == (65 if forced else 0)
    if forced:
        assert receive(*asked, "--force").exit_code == 0
    again = receive(*asked, "--force")
    assert (again.exit_code, "already, entry 1 of ledger payroll" in again.output) == (65, True)
    known = unicodedata.normalize("NFC", code.strip())
    assert rows(database, "SELECT code FROM corrections") == [(known,)]


def test_before_the_first_roster_those_who_punch_are_known(
    receive: Callable[..., Result], database: str
) -> None:
    a = Ledger("a")
    a.punch("23 07:00")
    with closing(PayrollStore(database)) as store:
        store.take(a.arrivals, AT)
    assert receive("correct", "add", CODE, "2026-11-23T12:00", *WHO).exit_code == 0
    asked = ["correct", "add", "NEW7", "2026-11-23T12:00", *WHO]
    assert receive(*asked).exit_code == 65
    assert receive(*asked, "--force").exit_code == 0
    assert receive("correct", "add", "NEW7", "2026-11-23T17:00", *WHO).exit_code == 0


def test_a_punch_is_voided_once_by_whichever_of_its_entries(
    receive: Callable[..., Result], database: str
) -> None:
    a, b = Ledger("a"), Ledger("b")
    a.punch("23 07:00")
    b.recover(a.arrivals[0])
    with closing(PayrollStore(database)) as store:
        store.take([*a.arrivals, *b.arrivals], AT)
    assert receive("correct", "void", "b", "1", *WHO).exit_code == 0
    assert state(database, 1) == "voided"
    again = receive("correct", "void", "a", "1", *WHO)
    assert (again.exit_code, "voided already" in again.output) == (65, True)


def test_rejected_entry_is_settled_by_a_void(
    receive: Callable[..., Result], database: str, ledger: Ledger
) -> None:
    assert rows(database, "SELECT seq, reason FROM rejected") == [(7, "unreadable")]
    assert receive("correct", "void", "a", "7", *WHO).exit_code == 0
    assert rows(database, "SELECT seq FROM rejected") == []
    with closing(PayrollStore(database)) as store:
        assert next(store.progress()).rejected_count == 0


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["correct", "void", "a", "99", *WHO], 65),
        (["correct", "void", "payroll", "1", *WHO], 65),
        (["correct", "void", "a", "8", *WHO], 65),  # a repeat, which does not count anyway
        (["correct", "void", "a", "9", *WHO], 65),  # what says that it repeats one
        (["correct", "void", "a", "10", *WHO], 65),  # voided at the gate
        (["correct", "void", "a", "2", "--actor", "x", "--reason", " "], 65),
        (["correct", "void", "a", "2"], 2),
        (["correct", "add", "", "2026-11-23T07:00", *WHO], 65),
        (["correct", "add", CODE, "yesterday", *WHO], 65),
        (["correct", "add", CODE, "2026-11-23", *WHO], 65),
        (["correct", "add", CODE, "0026-11-23T07:00", *WHO], 65),
        (["correct", "add", CODE, "2062-11-23T07:00", "--force", *WHO], 65),
        (["correct", "add", CODE, "2026-11-28T08:01", "--force", *WHO], 65),
        (["correct", "add", CODE, "2026-09-23T07:00", *WHO], 65),
        (["correct", "add", CODE, "2026-11-23T07:00", "--direction", "out", "--force", *WHO], 65),
        (["correct", "add", CODE.lower(), "2026-11-23T12:00", *WHO], 65),
        (["correct", "add", "9999", "2026-11-23T12:00", "--force", *WHO], 65),
        (["correct", "add", "GONE", "2026-11-23T12:00", *WHO], 65),
        (["correct", "add", "LATE", "2026-11-23T12:00", *WHO], 65),
        (["correct", "add", CODE, "2026-11-23T12:00", "--gate", "nowhere", *WHO], 65),
        (["correct", "add", CODE, "2026-11-23T07:00", "--zone", "Mars", *WHO], 65),
        (["export", "--month", "2026-13"], 65),
        (["export", "--month", "13/2026"], 65),
        (["export", "--month", "2026-11", "--output", "/nowhere/x.xlsx"], 74),
        (["export", "--month", "2026-11", "--output", "/tmp/x.pdf"], 65),
    ],
)
def test_what_cannot_be_done_is_told_and_leaves_nothing(
    receive: Callable[..., Result],
    database: str,
    amended: None,
    arguments: list[str],
    exit_code: int,
) -> None:
    done = receive(*arguments)
    assert done.exit_code == exit_code, done.output
    assert rows(database, "SELECT count(*) FROM corrections") == [(0,)]


def test_a_month_for_excel(
    receive: Callable[..., Result], database: str, ledger: Ledger, tmp_path: Path
) -> None:
    target = tmp_path / "thang-11.xlsx"
    done = receive("export", "--month", "2026-11", "--output", str(target))
    assert done.exit_code == 0, done.output
    assert target.stat().st_mode & 0o777 == 0o600
    book = load_workbook(target)
    sessions, punches = (book[name] for name in ("Ca làm 2026-11", "Chấm công 2026-11"))
    title, *lines = [[cell.value for cell in row[:7]] for row in sessions.iter_rows()]
    assert title[:3] == ["Mã NV", "Họ tên", "Ngày"]
    assert lines == [
        ["0007", "Ma Văn Đô", "2026-11-23", "2026-11-23 07:00:00", None, None, "chưa ra"],
        ["=1+1", "+84", None, None, None, None, "chờ giờ đúng"],
        [CODE, "Nguyễn Thị Ánh", "2026-11-23", "2026-11-23 07:00:00", "2026-11-23 16:00:00", 540,
         "đủ vào, ra"],
        [CODE, "Nguyễn Thị Ánh", "2026-11-30", "2026-11-30 22:00:00", "2026-12-01 06:00:00", 480,
         "đủ vào, ra"],
    ]  # fmt: skip
    for sheet in (sessions, punches):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", cell
                if isinstance(cell.value, str):
                    assert cell.number_format == "@"
    assert [row[0].value for row in punches.iter_rows(min_row=2)] == ["0007", "=1+1", *[CODE] * 3]
    again = receive("export", "--month", "2026-11", "--output", str(target))
    assert (again.exit_code, "already" in again.output) == (65, True)
    assert sorted(os.listdir(tmp_path / ".")) == sorted(
        {"thang-11.xlsx", *(name for name in os.listdir(tmp_path) if name.startswith("payroll"))}
    )


def test_a_period_that_is_no_month(
    receive: Callable[..., Result], database: str, ledger: Ledger, tmp_path: Path
) -> None:
    target = tmp_path / "x.csv"
    asked = ["export", "--from", "2026-11-24", "--to", "2026-12-23"]
    done = receive(*asked, "--format", "csv", "--output", str(target))
    assert done.exit_code == 0, done.output
    with target.open(encoding="utf-8-sig", newline="") as file:
        assert [line["date"] for line in csv.DictReader(file)] == ["2026-11-30"]
    book = tmp_path / "x.xlsx"
    assert receive(*asked, "--output", str(book)).exit_code == 0
    assert load_workbook(book).sheetnames[0] == "Ca làm 24-11 23-12-2026"


def test_a_month_for_a_program(
    receive: Callable[..., Result], database: str, ledger: Ledger, tmp_path: Path
) -> None:
    target = tmp_path / "x.csv"
    asked = ["export", "--month", "2026-11", "--format", "csv", "--view", "punches"]
    assert receive(*asked, "--output", str(target)).exit_code == 0
    assert target.read_bytes().startswith(b"\xef\xbb\xbfcode,")
    with target.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["code"] for line in lines] == ["0007", "'=1+1", *[CODE] * 3]
    assert [line["name"] for line in lines][:3] == ["Ma Văn Đô", "'+84", "Nguyễn Thị Ánh"]
    assert [line["state"] for line in lines] == ["valid", "pending-time", *["valid"] * 3]


def test_what_has_no_date_is_in_each_month_that_it_may_belong_to(
    receive: Callable[..., Result], database: str, tmp_path: Path
) -> None:
    """An unknown worker's too; its bounds are the gate's, or the ledger's order and its arrival."""
    a = Ledger("a")
    a.write("gate.alive", "2026-10-30T10:00:00.000+07:00", recording=True, version="1")
    known = a.punch(None, "in")
    unknown = a.punch(None, "in", code="9999")
    a.punch("23 07:00", "in")
    resolved = a.punch(None, "in", code="0007")
    a.write("punch.time-resolved", None, of=known, worker=CODE, final=True)
    a.write("punch.time-resolved", None, of=resolved, worker="0007", final=True,
            not_before="2026-12-01T01:00:00.000+07:00",
            not_after="2026-12-02T01:00:00.000+07:00")  # fmt: skip
    last = a.punch(None, "in", code="9998")
    arrived = "2026-12-31T20:00:00.000Z"  # Of the new year already, where the gate is.
    roster = Roster(version=1, workers=[
        RosterWorker(code=code, name="Người") for code in (CODE, "0007")
    ])  # fmt: skip
    with closing(PayrollStore(database)) as store:
        store.apply_roster(msgspec.json.encode(roster), "2026-10-01T00:00:00.000Z")
        store.take(a.arrivals, arrived)

    def of(month: str, view: str) -> dict[tuple[str, ...], tuple[str, str, str]]:
        target = tmp_path / f"{month}-{view}.csv"
        asked = ["export", "--month", month, "--format", "csv", "--view", view]
        done = receive(*asked, "--output", str(target))
        assert done.exit_code == 0, done.output
        assert "2 punches in all do not count" in done.output
        with target.open(encoding="utf-8-sig", newline="") as file:
            return {
                (line["code"], line.get("seq") or line["in_seq"]): (
                    line.get("state") or line["status"], line["not_before"], line["not_after"]
                )
                for line in csv.DictReader(file) if not line["date"]
            }  # fmt: skip

    between = ("2026-10-30T10:00:00.000+07:00", "2026-11-23T07:00:00.000+07:00")
    within = ("2026-12-01T01:00:00.000+07:00", "2026-12-02T01:00:00.000+07:00")
    open_end = ("2026-11-23T07:00:00.000+07:00", "2027-01-01T03:00:00.000+07:00")
    early = {(CODE, str(known)): ("no-time", *between),
             ("9999", str(unknown)): ("rejected", *between)}  # fmt: skip
    late = {("9998", str(last)): ("rejected", *open_end)}
    assert of("2026-09", "punches") == {}
    assert of("2026-10", "punches") == early
    assert of("2026-11", "punches") == early | late
    assert of("2026-12", "punches") == {("0007", str(resolved)): ("no-time", *within)} | late
    assert of("2027-01", "punches") == late
    assert of("2027-02", "punches") == {}
    assert of("2026-12", "sessions") == {("0007", str(resolved)): ("manual", *within)}


def test_bounds_that_contradict_each_other_lose_no_punch(
    receive: Callable[..., Result], database: str, tmp_path: Path
) -> None:
    """The gate's clock was seconds ahead of payroll's as the month turned."""
    a = Ledger("a")
    a.write("gate.alive", "2026-12-01T00:00:05.000+07:00", recording=True, version="1")
    a.punch(None, "in")
    a.punch(None, "in", code="9999")
    roster = Roster(version=1, workers=[RosterWorker(code=CODE, name="Người")])
    with closing(PayrollStore(database)) as store:
        store.apply_roster(msgspec.json.encode(roster), "2026-10-01T00:00:00.000Z")
        store.take(a.arrivals, "2026-11-30T16:59:58.000Z")
    for month, count in ("2026-10", 0), ("2026-11", 2), ("2026-12", 2), ("2027-01", 0):
        target = tmp_path / f"{month}.csv"
        asked = ["export", "--month", month, "--format", "csv", "--view", "punches"]
        assert receive(*asked, "--output", str(target)).exit_code == 0
        assert len(target.read_text("utf-8-sig").splitlines()) == 1 + count
        told = receive("settle", "--month", month, "--actor", "office-1", "--json")
        kinds = [item["kind"] for item in json.loads(told.stdout)["items"]]
        assert sorted(kinds) == (["pending-time", "unknown-worker"] if count else [])


def test_a_code_that_was_freed_shows_its_old_punches_under_their_own_holder(
    receive: Callable[..., Result], database: str, tmp_path: Path
) -> None:
    a = Ledger("a")
    a.punch("22 07:00", "in")
    a.punch("22 16:00", "out")
    a.punch(None, "in")
    a.punch("24 07:00", "in")
    names = ("Lê Thị Hoa", "Lê Thị Hòa", "Trần Văn Ba")
    days = ("01", "02", "23")
    with closing(PayrollStore(database)) as store:
        store.take(a.arrivals[:3], "2026-11-22T12:00:00.000Z")
        for version, (name, day) in enumerate(zip(names, days, strict=True), 1):
            roster = Roster(version=version, workers=[RosterWorker(code=CODE, name=name)])
            payload = msgspec.json.encode(roster)
            assert store.apply_roster(payload, f"2026-11-{day}T00:00:00.000Z").applied
        store.take(a.arrivals[3:], AT)
    assert receive("correct", "add", CODE, "2026-11-21T07:00", *WHO).exit_code == 0
    for view, expected in (
        ("punches", {"21": "Lê Thị Hòa", "22": "Lê Thị Hòa", "": "Lê Thị Hòa", "24": names[2]}),
        ("sessions", {"21": "Lê Thị Hòa", "22": "Lê Thị Hòa", "": "Lê Thị Hòa", "24": names[2]}),
    ):
        target = tmp_path / f"{view}.csv"
        asked = ["export", "--month", "2026-11", "--format", "csv", "--view", view]
        assert receive(*asked, "--output", str(target)).exit_code == 0
        with target.open(encoding="utf-8-sig", newline="") as file:
            found = {line["date"][8:]: line["name"] for line in csv.DictReader(file)}
        assert found == expected


def test_database_may_be_named_before_the_command(
    database: str, ledger: Ledger, tmp_path: Path
) -> None:
    arguments = [
        "--lang",
        "en",
        "receive",
        "--database",
        database,
        "correct",
        "void",
        "a",
        "2",
        *WHO,
    ]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert state(database, 2) == "voided"


def test_a_database_that_is_not_the_receivers_is_left_alone(tmp_path: Path) -> None:
    nowhere = tmp_path / "typo.db"
    arguments = [
        "--lang",
        "en",
        "receive",
        "export",
        "--month",
        "2026-11",
        "--database",
        str(nowhere),
    ]
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, "no database" in done.output) == (74, True)
    assert not nowhere.exists()
    nowhere.write_bytes(b"")
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, "is an empty file" in done.output) == (74, True)


def test_a_stranger_s_punches_are_told_until_a_clerk_has_settled_them(
    receive: Callable[..., Result], database: str, tmp_path: Path
) -> None:
    a = Ledger("a")
    a.punch("23 07:00", "in")
    unknown = a.punch("23 07:01", "in", code="9999")
    roster = Roster(version=1, workers=[RosterWorker(code=CODE, name="Người")])
    with closing(PayrollStore(database)) as store:
        store.apply_roster(msgspec.json.encode(roster), "2026-10-01T00:00:00.000Z")
        store.take(a.arrivals, AT)

    def exported(name: str) -> str:
        return receive("export", "--month", "2026-11", "--output", str(tmp_path / name)).output

    assert "1 punch in all does not count because no roster names its worker: 9999" in exported(
        "1.xlsx"
    )
    assert receive("correct", "void", "a", str(unknown), *WHO).exit_code == 0
    assert "does not count" not in exported("2.xlsx")
