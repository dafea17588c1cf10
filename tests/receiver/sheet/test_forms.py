"""The forms as files: what stands in the cells, what is marked, and how they are printed."""

import io
from datetime import date, datetime
from functools import cache
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from edge_agent.receiver.office.period import period_of
from edge_agent.receiver.office.sheet.roll import Roll
from edge_agent.receiver.office.sheet.words import Language
from edge_agent.receiver.office.sheet.write import Form, draw
from edge_agent.receiver.office.site import Site, Symbol, Work

from .rolls import LEDGER, month

FORMS: tuple[Form, ...] = ("01a", "01b", "days", "sessions")
DOUBT = "00FFD966"


def drawn(roll: Roll, form: Form, language: Language = "vi") -> Workbook:
    file = io.BytesIO()
    draw(roll, form, language, file)
    return load_workbook(file)


@cache
def usual_book(form: Form, language: Language = "vi") -> Workbook:
    """Of the usual month: to be looked at only."""
    return drawn(month(), form, language)


def row_of(sheet: Any, code: str, column: int) -> list[Any]:
    (found,) = (row for row in sheet.iter_rows() if row[column - 1].value == code)
    return list(found)


def test_01a_has_a_row_for_everybody_and_a_column_for_each_day() -> None:
    sheet = drawn(month(Site(unit="HTX chè")), "01a").worksheets[0]
    assert sheet["A1"].value == "Đơn vị: HTX chè"
    text = [cell.value for row in sheet.iter_rows(max_row=9) for cell in row]
    assert {"BẢNG CHẤM CÔNG", "Tháng 11 năm 2026", "Mẫu số: 01a-LĐTL", "Quy ra công"} <= set(text)
    assert [cell.value.date().day for cell in sheet[7][4:34]] == list(range(1, 31))
    assert {cell.number_format for cell in sheet[7][4:34]} == {"d"}
    assert [cell.value for cell in sheet[8][4:7]] == ["CN", "T2", "T3"]
    marks = {code: [cell.value or "" for cell in row_of(sheet, code, 2)[4:34]] for code in
             ("NV0001", "0007", "NV0003", "@SUM(1)")}  # fmt: skip
    assert "".join(marks["NV0001"]) == "+" * 25
    assert marks["0007"][15:17] == ["?", "½"]
    assert marks["NV0003"][1:6] == ["P", "+/P", "Ô", "½KL", "½"]
    assert "".join(marks["@SUM(1)"]) == ""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_doubtful_cell_is_coloured_and_says_why(form: Form, language: Language) -> None:
    book = usual_book(form, language)
    sheet = book.worksheets[0]
    noted = [cell for row in sheet.iter_rows() for cell in row if cell.comment]
    assert noted
    assert {cell.fill.start_color.rgb for cell in noted} == {DOUBT}
    reason = {"vi": "Thiếu một lần ấn", "en": "A press is missing"}[language]
    assert any(reason in cell.comment.text for cell in noted)
    if form in ("01a", "01b"):
        for row in sheet.iter_rows(min_row=10):
            for cell in row[4:34]:
                assert (cell.fill.start_color.rgb == DOUBT) <= bool(
                    cell.comment or sheet.cell(cell.row - 1, cell.column).comment
                )


@pytest.mark.parametrize("form", FORMS)
def test_no_text_is_a_formula_and_no_formula_is_anybodys_text(form: Form) -> None:
    book = usual_book(form)
    found = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    formulas = [cell for cell in found if cell.data_type == "f"]
    assert formulas or form == "sessions"
    for cell in formulas:
        assert cell.value.startswith(("=COUNTIF(", "=SUM", "=SUBTOTAL(109,", "=0")), cell.value
        assert "1+1" not in cell.value
    texts = {cell.value: cell for cell in found if cell.data_type == "s"}
    for text in ("=1+1", "@SUM(1)"):
        assert texts.get(text) is not None or form == "sessions"
    assert all(cell.number_format == "@" for cell in found if cell.value == "0007")


@pytest.mark.parametrize("form", FORMS)
def test_it_is_printed_on_a4_as_wide_as_the_page_with_its_titles(form: Form) -> None:
    for sheet in usual_book(form):
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.print_title_rows
        assert sheet.print_area
        assert sheet.freeze_panes


@pytest.mark.parametrize("form", FORMS)
def test_each_press_is_named_for_its_cell(form: Form) -> None:
    roll, book = month(), usual_book(form)
    named = {
        (row[place], row[place + 1])
        for row in book.worksheets[1].iter_rows(min_row=4, values_only=True)
        for place in (6, 10)
        if row[place] == LEDGER
    }
    assert book.sheetnames[1] == "Nguồn"
    pressed = {
        (press.ledger, press.seq)
        for person in roll.people
        for day in [*(day.sessions for day in person.days.values()), person.undated]
        for session in day
        for press in session.presses()
    }
    if form == "01b":  # Only days with overtime, or in doubt, have cells there.
        assert named <= pressed
    else:
        assert named == pressed
    if form == "01a":
        sources = [row[:4] for row in book.worksheets[1].iter_rows(min_row=4, values_only=True)]
        assert ("F12", "NV0003", datetime(2026, 11, 2), "P") in sources  # noqa: DTZ001
        assert book.worksheets[0]["F12"].value == "P"


def test_days_has_real_times_and_hours_of_everybody() -> None:
    sheet = usual_book("days").worksheets[0]
    rows = [row for row in sheet.iter_rows(min_row=5) if row[0].value == "NV0001"]
    assert len(rows) == 30
    monday = rows[1]
    assert [cell.value for cell in monday[7:9]] == [
        datetime(2026, 11, 2, 6), datetime(2026, 11, 2, 18)  # noqa: DTZ001
    ]  # fmt: skip
    assert [cell.number_format for cell in monday[7:10]] == ["hh:mm", "hh:mm", "[h]:mm"]
    assert monday[9].value.total_seconds() == 11 * 3600
    assert len([row for row in sheet.iter_rows(min_row=5) if row[0].value == "@SUM(1)"]) == 30


def test_a_site_has_its_own_symbols() -> None:
    work = Work(full="X", half="X2", rest="CN", doubtful="!")
    symbols = {"F": Symbol("Nghỉ phép năm", "paid"), "P": Symbol("Phạt", "unpaid")}
    sheet = drawn(month(Site(work=work, symbols=symbols)), "01a").worksheets[0]
    row = row_of(sheet, "NV0003", 2)
    assert [cell.value for cell in row[4:10]] == [None, "P", "X/P", "Ô", "X2KL", "X2"]
    paid, unpaid = row[36].value, row[39].value
    assert '"F"' in paid
    assert '"P"' not in paid
    assert '"P"' in unpaid
    legend = [cell.value for line in sheet.iter_rows(min_row=14) for cell in line]
    assert "F: Nghỉ phép năm" in legend


def test_a_period_that_is_no_month_shows_both_its_months() -> None:
    period = period_of(None, "2026-10-26", "2026-11-25")
    sheet = drawn(month(period=period), "01a").worksheets[0]
    heads = [cell.value for cell in sheet[6]]
    assert {"Tháng 10 năm 2026", "Tháng 11 năm 2026"} <= set(heads)
    assert sheet["A4"].value == "Từ ngày 26/10/2026 đến ngày 25/11/2026"
    assert sheet["E7"].value.date() == date(2026, 10, 26)


def test_thirty_people_are_a_page() -> None:
    assert [one.id for one in drawn(month(people=80), "01a").worksheets[0].row_breaks.brk] == [
        39, 69
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["01a", "01b"])
@pytest.mark.parametrize("last", [1, 2, 7, 15, 22, 28])
def test_a_few_days_are_a_sheet_as_well(form: Form, last: int) -> None:
    sheet = drawn(month(period=period_of(None, "2026-11-01", f"2026-11-{last:02}")), form)
    texts = {cell.value for row in sheet.worksheets[0].iter_rows() for cell in row}
    assert {"Người chấm công", "Người duyệt", "Ký hiệu chấm công:"} <= texts
    spans = [span.bounds for span in sheet.worksheets[0].merged_cells.ranges]
    for n, (left, top, right, bottom) in enumerate(spans):
        for other in spans[:n]:
            apart = right < other[0] or other[2] < left or bottom < other[1] or other[3] < top
            assert apart, (spans[n], other)
