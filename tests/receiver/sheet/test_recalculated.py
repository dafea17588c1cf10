"""The sheets in LibreOffice, without a person: its sums are ours, its pages are as said."""

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from edge_agent.receiver.office.period import period_of
from edge_agent.receiver.office.sheet.reckon import DayKind, reckon
from edge_agent.receiver.office.sheet.roll import Day, Person, Roll
from edge_agent.receiver.office.sheet.write import Form, write_sheet
from tests.patience import PATIENCE_S

from .rolls import month

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        shutil.which("soffice") is None or shutil.which("pdftotext") is None,
        reason="LibreOffice and poppler-utils are not installed"
        " (apt-get install libreoffice-calc poppler-utils)",
    ),
]

Opened = Callable[[Roll, Form], Path]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """Has LibreOffice open a sheet, calculate it, and save it and its pages; returns the folder."""
    home = tmp_path_factory.mktemp("office")

    def convert(roll: Roll, form: Form) -> Path:
        folder = tmp_path_factory.mktemp(form)
        write_sheet(roll, form, "vi", folder / "sheet.xlsx")
        for kind in ("xlsx:Calc MS Excel 2007 XML", "pdf"):
            subprocess.run(
                ["soffice", f"-env:UserInstallation=file://{home}", "--headless", "--convert-to",
                 kind, "--outdir", str(folder / "out"), str(folder / "sheet.xlsx")],
                check=True, capture_output=True, timeout=300,
            )  # fmt: skip
        return folder / "out"

    return convert


def calculated(folder: Path) -> Any:
    return load_workbook(folder / "sheet.xlsx", data_only=True).worksheets[0]


def pages(folder: Path) -> list[str]:
    """The text of each page."""
    done = subprocess.run(
        ["pdftotext", "-layout", str(folder / "sheet.pdf"), "-"],
        check=True, capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    return done.stdout.split("\f")


def expected(person: Person, roll: Roll) -> tuple[float, ...]:
    """The sums of 01a by the symbols, one by one: time, paid, insurance, unpaid."""
    sums = dict.fromkeys(("time", "paid", "insurance", "unpaid"), 0.0)
    symbols = roll.site.all_symbols()
    for on in roll.period.days():
        done = reckon(person.days.get(on, Day()), on, roll.site).symbol
        if done in ("+", "½") or done.startswith("+/"):
            sums["time"] += 1 if done == "+" else 0.5
        leave = done.removeprefix("+/").removeprefix("½")
        if leave in symbols:
            sums[symbols[leave].counts] += 1 if leave == done else 0.5
    return tuple(sums.values())


@pytest.mark.parametrize("first", [None, "2026-10-26"])
def test_01a_adds_up(opened: Opened, first: str | None) -> None:
    period = period_of(None, first, "2026-11-25") if first else period_of("2026-11", None, None)
    roll = month(period=period)
    sheet = calculated(opened(roll, "01a"))
    days = len(period.days())
    assert sheet.cell(10, 2).value == "NV0001"
    for row, person in enumerate(roll.people, start=10):
        cells = [sheet.cell(row, 5 + days + place).value or 0 for place in (1, 2, 4, 5)]
        assert tuple(cells) == expected(person, roll), person.code
    total = [sheet.cell(14, 5 + days + place).value or 0 for place in (1, 2, 4, 5)]
    assert tuple(total) == tuple(
        sum(column) for column in zip(*(expected(one, roll) for one in roll.people), strict=True)
    )
    assert total[0] > 0
    assert total[1] > 0


def test_01b_adds_up(opened: Opened) -> None:
    roll = month()
    sheet = calculated(opened(roll, "01b"))
    for number, person in enumerate(roll.people):
        done = [reckon(person.days.get(on, Day()), on, roll.site) for on in roll.period.days()]
        for line, part in ((0, "day_over"), (1, "night_over")):
            row = 10 + 2 * number + line
            for place, kind in enumerate((DayKind.WORKING, DayKind.REST, DayKind.HOLIDAY)):
                hours = sum(getattr(one, part) for one in done if one.kind is kind) / 3600
                assert sheet.cell(row, 35 + place).value == pytest.approx(hours)


def test_the_lists_add_up(opened: Opened) -> None:
    roll = month()
    worked = sum(
        session.worked
        for person in roll.people
        for day in person.days.values()
        for session in day.sessions
    )
    for form, title in (("days", "Giờ làm"), ("sessions", "Giờ làm")):
        sheet = calculated(opened(roll, form))  # type: ignore[arg-type]
        (column,) = (cell.column for cell in sheet[4] if cell.value == title)
        total = next(
            sheet.cell(row, column).value
            for row in range(sheet.max_row, 4, -1)
            if sheet.cell(row, 1).value == "Cộng"
        )
        if isinstance(total, datetime):  # How openpyxl reads more than a day.
            total = total - datetime(1899, 12, 30)  # noqa: DTZ001
        assert isinstance(total, timedelta)
        assert total.total_seconds() == pytest.approx(worked)


def test_thirty_people_are_one_page_and_more_have_the_titles_again(opened: Opened) -> None:
    """Of the form: what follows are the pages of the sources."""
    for people, count in ((30, 1), (31, 2), (80, 3)):
        for period in (None, period_of("2026-12", None, None)):
            roll = month(people=people) if period is None else month(people=people, period=period)
            form = [page for page in pages(opened(roll, "01a")) if "Quy ra công" in page]
            assert len(form) == count
            assert "Người duyệt" in form[-1]
            assert all("Họ và tên" in page for page in form)
            assert not re.search("###", "".join(form))
