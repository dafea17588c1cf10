"""``receive sheet``, ``leave`` and ``site`` as a clerk uses them."""

import csv
import json
import re
import shlex
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import Result
from openpyxl import Workbook, load_workbook

from edge_agent.contract.errors import BadRequest
from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.receiver.databases import open_database
from edge_agent.receiver.office.closing.close import close
from edge_agent.receiver.office.journal import Who
from edge_agent.receiver.office.period import period_of
from edge_agent.receiver.office.site import read_site
from edge_agent.receiver.store import PayrollStore
from edge_agent.receiver.worktime.shifts import ZONE
from tests.receiver.running import rows
from tests.receiver.test_effects import AT, Ledger

from .conftest import WHO

Receive = Callable[..., Result]
SHEET = ("sheet", "--month", "2026-11")


def marks(path: Path) -> dict[str, str]:
    """Who is on the sheet, with the symbols of all days in a row."""
    sheet = load_workbook(path).worksheets[0]
    return {
        str(row[1]): "".join(str(cell or ".") for cell in row[4:34])
        for row in sheet.iter_rows(min_row=10, values_only=True)
        if isinstance(row[0], int)
    }


def test_everybody_on_the_roster_has_a_row(
    receive: Receive, worked: Ledger, tmp_path: Path
) -> None:
    target = tmp_path / "x.xlsx"
    done = receive(*SHEET, "--output", str(target))
    assert done.exit_code == 0, done.output
    assert "4 người" in done.output
    assert "Chưa nhập ngày lễ riêng của năm 2026" in done.output
    assert target.stat().st_mode & 0o777 == 0o600
    found = marks(target)
    assert found["NV0042"] == "." * 15 + "++++++" + "." * 9
    assert found["0007"][15] in "?½"
    assert found["0007"][16:21] == "+++++"
    assert found.keys() == {"NV0001", "0007", "NV0003", "NV0042"}
    assert found["NV0001"] == found["NV0003"] == "." * 30
    again = receive(*SHEET, "--output", str(target))
    assert (again.exit_code, str(target) in again.output) == (65, True)


def test_the_sum_is_the_same_in_sheet_view_and_export(
    receive: Receive, worked: Ledger, database: str, tmp_path: Path
) -> None:
    view = rows(database, "SELECT SUM(minutes) FROM sessions WHERE status = 'complete'")[0][0]
    done = receive("export", "--month", "2026-11", "--format", "csv", "--output",
                   str(tmp_path / "x.csv"))  # fmt: skip
    assert done.exit_code == 0
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    exported = sum(int(line["minutes"]) for line in lines if line["status"] == "complete")
    sums = {}
    for form, column in (("days", 10), ("sessions", 9)):
        target = tmp_path / f"{form}.xlsx"
        assert receive(*SHEET, "--form", form, "--output", str(target)).exit_code == 0
        cells = load_workbook(target).worksheets[0].iter_cols(column, column, min_row=5)
        lengths = [cell.value for cell in next(cells) if isinstance(cell.value, timedelta)]
        sums[form] = sum(lengths, timedelta()).total_seconds() / 60
    assert sums == {"days": view, "sessions": view}
    assert exported == view
    assert view > 0


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (("2026-11-24", "--to", "2026-11-20"), "20/11/2026 trước 24/11/2026"),
        (("2026-11-24", "--to", "2028-11-24"), "24/11/2026 đến 24/11/2028"),
        (("2026-11-23",), "23/11/2026 đến 24/11/2026"),
    ],
)
def test_days_are_told_as_people_write_them(
    receive: Receive, worked: Ledger, days: tuple[str, ...], told: str
) -> None:
    stands = ("leave", "add", "NV0003", "P", "2026-11-23", "--to", "2026-11-24")
    assert receive(*stands, *WHO).exit_code == 0
    refused = receive("leave", "add", "NV0003", "Ô", *days, *WHO, "--lang", "vi")
    assert told in " ".join(refused.output.split())


def test_leave_stands_beside_the_punches_until_it_is_taken_back(
    receive: Receive, worked: Ledger, tmp_path: Path
) -> None:
    add = ("leave", "add", "NV0003", "p", "2026-11-20", "--to", "2026-11-24")
    when = "P from 2026-11-20 to 2026-11-24"  # However the symbol was typed.
    whole = f"Entered: Lý A Páo, NV0003 has leave {when}, leave 1."
    assert whole in " ".join(receive(*add, *WHO).output.split())
    stood = " ".join(receive(*add, *WHO).output.split())
    assert f"stands already: Lý A Páo, NV0003 has leave {when}" in stood
    over = receive("leave", "add", "NV0003", "Ô", "2026-11-24", *WHO)
    assert (over.exit_code, "leave 1" in over.output or "correction 1" in over.output) == (65, True)
    half = receive("leave", "add", "NV0001", "KL", "2026-11-22", "--half", *WHO)
    assert half.exit_code == 0, half.output
    assert receive(*SHEET, "--output", str(tmp_path / "1.xlsx")).exit_code == 0
    found = marks(tmp_path / "1.xlsx")
    assert found["NV0003"][19:24] == "PP.PP"  # The 22nd is a Sunday.
    assert found["NV0001"][21:24] == "½KL"  # On a Sunday, but said of that day alone.
    removed = receive("leave", "remove", "1", *WHO)
    assert f"leave 1 of Lý A Páo, NV0003: {when}" in " ".join(removed.output.split())
    again = receive("leave", "remove", "1", *WHO)
    assert (again.exit_code, "no leave 1 that stands" in again.output) == (65, True)
    left = json.loads(receive("leave", "list", "--json").output)
    assert [(one["leave"]["code"], one["who"]["actor"]) for one in left] == [("NV0001", "office-1")]
    assert receive(*SHEET, "--output", str(tmp_path / "2.xlsx")).exit_code == 0
    assert marks(tmp_path / "2.xlsx")["NV0003"] == "." * 30


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("NV0001", "Q", "2026-11-20"), "no symbol"),
        (("NV9999", "P", "2026-11-20"), "No roster names NV9999"),
        (("NV0001", "P", "2026-11-31"), "no day"),
        (("NV0001", "P", "2026-11-20", "--to", "2026-11-19"), "before"),
        (("NV0001", "P", "2026-11-20", "--to", "2028-11-19"), "a year"),
    ],
)
def test_leave_that_cannot_be_is_told(
    receive: Receive, worked: Ledger, database: str, arguments: tuple[str, ...], said: str
) -> None:
    done = receive("leave", "add", *arguments, *WHO)
    assert (done.exit_code, said in done.output) == (65, True), done.output
    assert rows(database, "SELECT count(*) FROM corrections") == [(0,)]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_day_is_typed_at_the_office_as_at_the_gate(
    receive: Receive, worked: Ledger, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(ZONE)
    monkeypatch.setattr("edge_agent.cli.receive_correct.now", now.isoformat)
    yesterday = now.date() - timedelta(days=1)
    whole = f"{yesterday:%d/%m/%Y}" if language == "vi" else str(yesterday)
    spoken = ("--lang", language)
    for typed in ("hôm qua", "yesterday", f"{yesterday:%d/%m}"):
        done = receive("leave", "add", "NV0003", "P", typed, *WHO, *spoken)
        assert (done.exit_code, whole in done.output) == (0, True), (typed, done.output)
    added = ("correct", "add", "NV0003", "hôm qua 17h", *WHO, *spoken)
    done = receive(*added)
    assert (done.exit_code, f"{whole} 17:00:00" in " ".join(done.output.split())) == (0, True)
    period = receive("settle", "--from", "hôm qua", "--to", "today", "--json", *spoken)
    assert period.exit_code in (0, 1), period.output
    for since, count in (("yesterday", 1), ("ngày mai", 0)):
        listed = receive("correct", "list", "--since", since, "--what", "add", "--json", *spoken)
        assert len(json.loads(listed.output)) == count, since
    for words in (
        ("leave", "add", "NV0003", "P", "hôm kìa", *WHO),
        ("correct", "add", "NV0003", "hôm kìa 17h", *WHO),
        ("correct", "list", "--since", "hôm kìa"),
        ("diff", "--month", "2026-11", "--since", "hôm kìa"),
        ("coverage", "--gate", "g", "--from", "hôm kìa", "--to", "today"),
    ):
        done = receive(*words, *spoken)
        assert done.exit_code in (2, 65), (words, done.output)
        assert ("hôm qua" if language == "vi" else "yesterday") in done.output, words


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("words", [("add", "NV0003", "17h"), ("move", "a", "1", "17h")])
def test_a_time_without_its_day_is_answered_with_the_commands_of_both_days(
    receive: Receive,
    worked: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    words: tuple[str, ...],
) -> None:
    for hour, days in ((18, ("24/11/2026", "23/11/2026")), (16, ("23/11/2026",))):
        at = datetime(2026, 11, 24, hour, tzinfo=ZONE)
        monkeypatch.setattr("edge_agent.cli.receive_correct.now", at.isoformat)
        done = receive("correct", *words, *WHO, "--lang", language)
        lines = [line.strip() for line in done.output.splitlines() if "edge-agent rec" in line]
        assert (done.exit_code, len(lines)) == (65, len(days)), done.output
        for line, day in zip(lines, days, strict=True):
            typed = shlex.split(line)
            assert f"{day} 17:00" in typed, line
    assert json.loads(receive("correct", "list", "--json").output) == []


def test_a_month_is_typed_as_people_say_it(receive: Receive, worked: Ledger, database: str) -> None:
    """Which one is told where that leans on today; a list that knew only 2026-11 was empty."""
    now = datetime.now(ZONE)
    at = f"{now:%Y-%m}-01T07:00"
    assert receive("correct", "add", "NV0003", at, *WHO, "--force").exit_code == 0
    for typed, told in (
        *((f"{now:%Y-%m}", False), (f"{now:%m/%Y}", False), (f"tháng {now:%m/%Y}", False)),
        *(("tháng này", True), ("this month", True), (f"tháng {now.month}", True)),
    ):
        done = receive("correct", "list", "--month", typed, "--lang", "vi")
        assert "NV0003" in done.stdout, (typed, done.output)
        assert (f"Tháng {now:%m/%Y}." in done.stderr) is told, (typed, done.stderr)
        assert receive("settle", "--month", typed).exit_code in (0, 1), typed
    for command in (("settle",), ("sheet",), ("correct", "list")):
        done = receive(*command, "--month", "11")
        assert (done.exit_code, "'11'" in done.output) == (65, True), done.output


def test_leave_from_a_file_is_taken_as_a_whole_or_not_at_all(
    receive: Receive, worked: Ledger, database: str, tmp_path: Path
) -> None:
    file = tmp_path / "nghi.csv"
    title = "Mã NV,Từ ngày,Đến ngày,Ký hiệu,Nửa ngày\n"
    good = "NV0003,20/11/2026,21/11/2026,P,\nNV0001,16/11/2026,,ô,có\n"
    file.write_text(f"{title}{good}NV9999,20/11/2026,,P,\n0007,hôm qua,,P,\n", encoding="utf-8")
    done = receive("leave", "import", str(file), *WHO)
    assert (done.exit_code, "row 5" in done.output) == (65, True)
    file.write_text(f"{title}{good}NV9999,20/11/2026,,P,\n", encoding="utf-8")
    done = receive("leave", "import", str(file), *WHO)
    assert (done.exit_code, "NV9999" in done.output) == (65, True)
    assert rows(database, "SELECT count(*) FROM corrections") == [(0,)]
    file.write_text(title + good, encoding="utf-8")
    assert "2 leaves entered." in receive("leave", "import", str(file), *WHO).output
    assert "0 leaves entered.\n2 stood" in receive("leave", "import", str(file), *WHO).output
    shown = receive("leave", "list", "--code", "NV0001").output
    assert "Ô" in shown
    assert "half" in shown
    assert "NV0003" not in shown


def test_which_sheet_the_leave_was_read_from_is_told(
    receive: Receive, worked: Ledger, tmp_path: Path
) -> None:
    """Whoever keeps a sheet a month has given the clerk the wrong one before."""
    book = Workbook()
    book.active.title = "Tháng 10"
    book.create_sheet("Tháng 11").append(["Mã NV"])
    for row in (["Mã NV", "Từ ngày", "Ký hiệu"], ["NV0003", "20/11/2026", "P"]):
        book.active.append(row)
    book.save(file := tmp_path / "nghi.xlsx")
    told = receive("leave", "import", str(file), *WHO).output
    assert "'Tháng 10' was read" in told
    assert "'Tháng 11' has rows too" in told


def test_leave_and_settings_come_back_after_a_restore(
    receive: Receive, worked: Ledger, database: str, tmp_path: Path
) -> None:
    if database.startswith("postgresql"):
        pytest.skip("the file beside a database is the same; the restore is a file's")
    settings = tmp_path / "site.toml"
    settings.write_text('unit = "HTX"\nholidays = [2026-11-24]\n', encoding="utf-8")
    assert receive("site", "import", str(settings), *WHO).exit_code == 0
    assert receive("leave", "add", "NV0003", "P", "2026-11-20", *WHO).exit_code == 0
    for name in tmp_path.glob("payroll.db*"):
        if name.suffix != ".corrections":
            name.unlink()
    with closing(PayrollStore(database)) as store:
        store.take(worked.arrivals, AT)
    assert "P" in receive("leave", "list").output
    assert 'unit = "HTX"' in receive("site", "show").output


def test_a_site_is_imported_shown_and_imported_again(
    receive: Receive, worked: Ledger, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("united = 1", encoding="utf-8")
    assert receive("site", "import", str(wrong), *WHO).exit_code == 65
    shown = receive("site", "show").output
    file = tmp_path / "site.toml"
    file.write_text(shown.replace('unit = ""', 'unit = "HTX chè"'), encoding="utf-8")
    done = receive("site", "import", str(file), *WHO)
    assert done.exit_code == 0, done.output
    assert receive("site", "show").output == file.read_text(encoding="utf-8")
    assert json.loads(receive("site", "show", "--json").output)["unit"] == "HTX chè"
    assert receive(*SHEET, "--output", str(tmp_path / "x.xlsx")).exit_code == 0
    assert load_workbook(tmp_path / "x.xlsx").worksheets[0]["A1"].value == "Đơn vị: HTX chè"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("unit = ", "its last line is cut off"),
        ("united = 1", "united"),
        ("holidays = ['tết']", "holidays"),
        ("rest_days = ['chủ nhật']", "rest_days"),
        ("fixed_holidays = ['30/4']", "30/4"),
        ("full_hours = 9", "grow"),
        ("[work]\nfull = '*'", "no symbol"),
        ("[work]\nhalf = '+'", "means two things"),
        ("[symbols]\np2345 = {name = 'x'}", "no symbol"),
        ("[symbols]\np = {name = 'x'}", "means two things"),
        ("[numbers.gates]\na = 1\nb = 1", "given twice"),
        ("[numbers.workers]\na = 0", "between"),
    ],
)
def test_settings_that_cannot_be_used_are_told(text: str, said: str) -> None:
    with pytest.raises(BadRequest, match=re.escape(said)):
        read_site(text)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--month", "2026-11", "--output", "x.xls"), ".xlsx"),
        (("--from", "2026-10-01", "--to", "2026-11-25"), "31 ngày"),
        (("--month", "2026-11", "--output", "/nowhere/x.xlsx"), "/nowhere"),
    ],
)
def test_a_sheet_that_cannot_be_is_told(
    receive: Receive, worked: Ledger, arguments: tuple[str, ...], said: str
) -> None:
    done = receive("sheet", *arguments)
    assert done.exit_code in (65, 74)
    assert said in done.output


def test_of_nobody_there_is_no_sheet(receive: Receive, database: str) -> None:
    with closing(PayrollStore(database)):
        pass
    done = receive(*SHEET)
    assert (done.exit_code, "Không có ai" in done.output) == (65, True)


def test_a_closed_month_does_not_change(
    receive: Receive, worked: Ledger, database: str, tmp_path: Path
) -> None:
    """Neither by presses nor by leave that come later."""
    assert receive("leave", "add", "NV0003", "P", "2026-11-20", *WHO).exit_code == 0
    then = "2026-12-01T02:00:00.000Z"
    with closing(open_database(database, alone=False)) as opened:
        close(opened, Who(then, "office-1", "đã ký"), period_of("2026-11", None, None), force=True)
    assert receive(*SHEET, "--output", str(tmp_path / "1.xlsx")).exit_code == 0
    before = marks(tmp_path / "1.xlsx")
    assert before["NV0003"][19] == "P"
    worked.punch("24 06:00", "in", code="NV0001")
    worked.punch("24 14:00", "out", code="NV0001")
    with closing(PayrollStore(database)) as store:
        store.take(worked.arrivals[-2:], AT)
    assert receive("leave", "add", "NV0003", "P", "2026-11-18", *WHO).exit_code == 0
    assert receive("leave", "remove", "1", *WHO).exit_code == 0
    assert receive(*SHEET, "--output", str(tmp_path / "2.xlsx")).exit_code == 0
    assert marks(tmp_path / "2.xlsx") == before
    said = [cell.value for cell in load_workbook(tmp_path / "2.xlsx").worksheets[0]["A"]]
    assert any("Đã khóa ngày 01/12/2026" in str(cell) for cell in said)
    later = ("sheet", "--from", "2026-11-24", "--to", "2026-12-23", "--form", "days")
    assert receive(*later, "--output", str(tmp_path / "3.xlsx")).exit_code == 0


def test_a_team_has_a_sheet_of_its_own(
    receive: Receive, worked: Ledger, database: str, tmp_path: Path
) -> None:
    workers = [
        RosterWorker(code=code, name="Người", team=team)
        for code, team in (("NV0042", "Tổ hái"), ("0007", "Tổ sao"))
    ]
    with closing(PayrollStore(database)) as store:
        payload = msgspec.json.encode(Roster(version=2, workers=workers))
        assert store.apply_roster(payload, AT).applied
    asked = (*SHEET, "--team", "Tổ hái", "--output", str(tmp_path / "x.xlsx"))
    assert receive(*asked).exit_code == 0
    assert marks(tmp_path / "x.xlsx").keys() == {"NV0042"}
    assert load_workbook(tmp_path / "x.xlsx").worksheets[0]["A2"].value == "Bộ phận: Tổ hái"
    done = receive(*SHEET, "--team", "Tổ khác")
    assert (done.exit_code, "Tổ hái, Tổ sao" in done.output) == (65, True)


def test_the_sheet_is_vietnamese_unless_english_is_asked_for(
    receive: Receive, worked: Ledger, tmp_path: Path
) -> None:
    assert receive(*SHEET, "--lang", "en", "--output", str(tmp_path / "x.xlsx")).exit_code == 0
    book = load_workbook(tmp_path / "x.xlsx")
    assert book.sheetnames == ["Attendance", "Sources"]
    assert receive(*SHEET, "--output", str(tmp_path / "y.xlsx")).exit_code == 0
    assert load_workbook(tmp_path / "y.xlsx").sheetnames == ["Bảng chấm công", "Nguồn"]


def test_the_law_s_limits_are_told_and_applied_to_nothing(
    receive: Receive, worked: Ledger, database: str, tmp_path: Path
) -> None:
    sheets = [tmp_path / name for name in ("before.xlsx", "after.xlsx", "en.xlsx")]
    assert receive(*SHEET, "--output", str(sheets[0])).exit_code == 0
    assert "Giới hạn" not in load_workbook(sheets[0]).sheetnames
    for clock, way in (("06:00", "in"), ("12:00", "out"), ("12:30", "in"), ("20:30", "out")):
        worked.punch(f"23 {clock}", way, code="0007")
    with closing(PayrollStore(database)) as store:
        store.take(worked.arrivals[-4:], AT)
    assert receive(*SHEET, "--output", str(sheets[1])).exit_code == 0
    form, limits, _ = load_workbook(sheets[1]).worksheets
    foot = [str(cell.value) for cell in form["A"] if "Giới hạn của luật" in str(cell.value)]
    assert [told[-41:] for told in foot] == ["1 người gần hoặc quá, xem trang 'Giới hạn'."[-41:]]
    row = [cell.value for cell in limits[5]]
    assert [*row[:2], *row[3:]] == [
        *("0007", "Ma Văn Đô", "QUÁ"),
        "làm 14:00 trong ngày, tối đa 12:00 (điều 107)",
    ]
    assert row[2].date().isoformat() == "2026-11-23"
    before, after = marks(sheets[0]), marks(sheets[1])
    assert (before["0007"][22], after["0007"][22]) == (".", "+")
    assert before | {"0007": after["0007"]} == after
    assert receive(*SHEET, "--lang", "en", "--output", str(sheets[2])).exit_code == 0
    assert load_workbook(sheets[2])["Limits"]["E5"].value == "14:00 in a day, of 12:00 (art. 107)"
