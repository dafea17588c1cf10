"""Tables as people keep them: what is read is what a person sees, and the rest is told."""

import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from edge_agent.contract.errors import BadRequest
from edge_agent.contract.spreadsheet import Table, as_day, as_yes_no, read_table

TITLES = {
    "code": ("code", "mã nv"),
    "name": ("name", "họ và tên"),
    "family": ("family name", "họ và tên đệm"),
    "given": ("given name", "tên"),
    "from": ("from", "từ ngày"),
}
NEEDED = [("code",), ("name", "given")]


def read(path: Path) -> Table:
    return read_table(path, TITLES, NEEDED)


def cells(table: Table) -> list[dict[str, Any]]:
    return [{name: cell for name, cell in row.cells.items() if cell} for row in table.rows]


def book(folder: Path, *rows: list[Any], change: Callable[[Workbook], None] | None = None) -> Path:
    path = folder / "workers.xlsx"
    made = Workbook()
    for row in rows:
        sheet_of(made).append(row)
    if change:
        change(made)
    made.save(path)
    return path


def sheet_of(made: Workbook) -> Worksheet:
    assert isinstance(made.active, Worksheet)
    return made.active


def text(folder: Path, content: str) -> Path:
    path = folder / "workers.csv"
    path.write_bytes(content.encode())
    return path


HEAD = ["Mã NV", "Họ và tên"]
HOA = ["NV1", "Hoa"]


def test_the_first_visible_sheet_is_read_and_named(tmp_path: Path) -> None:
    def change(made: Workbook) -> None:
        sheet_of(made).title = "Cũ"
        sheet_of(made).sheet_state = "hidden"
        new = made.create_sheet("Danh sách")
        new.append(HEAD)
        new.append(["NV2", "Lan"])

    table = read(book(tmp_path, HEAD, HOA, change=change))
    assert cells(table) == [{"code": "NV2", "name": "Lan"}]
    assert any("'Danh sách' was read" in str(note) for note in table.notes)
    assert any("'Cũ' has rows too" in str(note) for note in table.notes)


def hide_row(made: Workbook) -> None:
    sheet_of(made).row_dimensions[2].hidden = True


def hide_column(made: Workbook) -> None:
    sheet_of(made).column_dimensions["B"].hidden = True


def put(cell: str, value: Any) -> Callable[[Workbook], None]:
    def change(made: Workbook) -> None:
        sheet_of(made)[cell] = value

    return change


def strike(made: Workbook) -> None:
    sheet_of(made)["B2"].font = Font(strike=True)


def write_in_an_old_font(made: Workbook) -> None:
    sheet_of(made)["B2"] = "NguyÔn ThÞ Hoa"
    sheet_of(made)["B2"].font = Font(name=".VnTime")


def hide_titles(made: Workbook) -> None:
    sheet_of(made).row_dimensions[1].hidden = True


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (hide_row, "row 2 is hidden"),
        (hide_titles, "row 1 is hidden"),
        (strike, "row 2 is struck out"),
        (write_in_an_old_font, "B2 is written in the old font .VnTime"),
        (hide_column, "column B is hidden"),
        (put("B2", '=IF(1=1,"Hoa","")'), "row 2: the formula in B2 was never calculated"),
        (put("B2", "#N/A"), "B2 shows an error"),
        (put("B2", "Nguy\ufffdn"), "B2: a letter was lost"),
        (put("C1", "MÃ NV"), "two columns are titled 'mã nv'"),
    ],
)
def test_what_cannot_be_seen_or_believed_is_refused_by_its_cell(
    tmp_path: Path, change: Callable[[Workbook], None], told: str
) -> None:
    assert cells(read(book(tmp_path, HEAD, HOA)))  # the control: without the change it is read
    with pytest.raises(BadRequest, match="nothing was taken") as refused:
        read(book(tmp_path, HEAD, HOA, change=change))
    assert told in str(refused.value)


def calculated(path: Path, shows: str, *, by_excel: bool = True) -> Path:
    """Put into the formula's cell what was calculated, where whoever writes XLSX leaves it.

    openpyxl calculates nothing, and says so in the workbook; Excel says nothing of the kind.
    """
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = re.sub(
        rb'<c r="(B\d)"><f>([^<]*)</f><v ?/?>(</v>)?',
        rb'<c r="\1" t="str"><f>\2</f><v>' + shows.encode() + b"</v>",
        parts[sheet],
    )
    if by_excel:
        parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b' fullCalcOnLoad="1"', b"")
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    assert (load_workbook(path, data_only=True).active["B2"].value or "") == shows
    return path


def test_a_formula_that_excel_has_calculated_is_what_it_shows(tmp_path: Path) -> None:
    path = calculated(book(tmp_path, HEAD, ["NV1", "=UPPER(A2)"]), "HOA")
    assert cells(read(path)) == [{"code": "NV1", "name": "HOA"}]


def test_a_formula_that_shows_nothing_is_an_empty_cell(tmp_path: Path) -> None:
    """Lists have formulas ready for rows to come, and nobody can save these away."""
    path = calculated(book(tmp_path, ["Tên", "Mã NV"], ["Hoa", '=IF(A2="","",A2)']), "")
    assert cells(read(path)) == [{"given": "Hoa"}]


def test_what_a_program_has_left_to_calculate_is_not_believed(tmp_path: Path) -> None:
    """It stores any value, and asks whoever opens the file to calculate: "0" would make a no."""
    path = calculated(book(tmp_path, HEAD, ["NV1", "=UPPER(A2)"]), "0", by_excel=False)
    with pytest.raises(BadRequest, match="B2 was never calculated"):
        read(path)


def merge(cells: str) -> Callable[[Workbook], None]:
    return lambda made: sheet_of(made).merge_cells(cells)


def test_a_title_over_two_columns_is_that_of_both(tmp_path: Path) -> None:
    """Family name and given name under one "Họ và tên": half of the name must not get lost."""
    rows = [["Mã NV", "Họ và tên", None, "Tổ"], ["NV1", "Nguyễn Thị", "Hoa", "A"]]
    table = read(book(tmp_path, *rows, change=merge("B1:C1")))
    assert cells(table) == [{"code": "NV1", "name": "Nguyễn Thị Hoa"}]


def test_titles_in_two_rows_are_no_row_of_the_table(tmp_path: Path) -> None:
    def change(made: Workbook) -> None:
        merge("A1:A2")(made)
        merge("B1:C1")(made)

    rows = [["Mã NV", "Họ và tên"], [None, "Họ đệm", "Tên"], ["NV1", "Nguyễn Thị", "Hoa"]]
    table = read(book(tmp_path, *rows, change=change))
    assert cells(table) == [{"code": "NV1", "name": "Nguyễn Thị Hoa"}]


def test_a_cell_beside_several_rows_is_that_of_each(tmp_path: Path) -> None:
    rows = [["Từ ngày", *HEAD], ["2026-11-01", *HOA], [None, "NV2", "Lan"], [None, "NV3", "Mai"]]
    table = read(book(tmp_path, *rows, change=merge("A2:A3")))
    assert [row.cells["from"] for row in table.rows] == ["2026-11-01", "2026-11-01", None]


def test_a_name_in_two_columns_under_one_title_is_asked_about(tmp_path: Path) -> None:
    """A CSV does not tell that the title stood over both."""
    path = text(tmp_path, "Mã NV;Họ và tên;;Từ ngày\nNV1;Nguyễn Thị;Hoa;\nNV2;Lò Thị;Mây;\n")
    with pytest.raises(BadRequest, match="column C, beside 'họ và tên', has text and no title"):
        read_table(path, TITLES, NEEDED, spread=("name",))
    path.write_text(path.read_text().replace("Hoa", "").replace("Mây", ""))
    assert [row.cells["name"] for row in read_table(path, TITLES, NEEDED, spread=("name",)).rows]


@pytest.mark.parametrize(
    "title",
    ["Họ và tên", "HỌ VÀ TÊN", "Họ và\nte\u0302n", "Họ\u00a0và  tên", " họ và tên: ", "Name*"],
)
def test_titles_are_compared_as_people_compare(tmp_path: Path, title: str) -> None:
    assert cells(read(book(tmp_path, ["Mã NV", title], HOA))) == [{"code": "NV1", "name": "Hoa"}]


def test_titles_without_marks_are_the_same_where_none_is_with_them(tmp_path: Path) -> None:
    path = book(tmp_path, ["MA NV", "Ho va Ten Dem", "ten", "tu ngay"], ["1", "Lò", "Mây", None])
    assert cells(read(path)) == [{"code": "1", "family": "Lò", "given": "Mây"}]
    path = book(tmp_path, ["mã nv", "tên", "ten"], ["1", "Mây", "mặt hàng"])
    assert cells(read(path)) == [{"code": "1", "given": "Mây"}], "the one with marks is meant"


def test_rows_above_and_below_the_table(tmp_path: Path) -> None:
    table = read(
        book(
            tmp_path,
            ["HỢP TÁC XÃ CHÈ"],
            ["Danh sách công nhân tháng 11"],
            [],
            HEAD,
            ["NV1", "Nguyễn Thị\nHoa "],
            ["Tổng cộng: 1 người", None],
            [None, "Cộng: 1"],
        )
    )
    assert cells(table) == [{"code": "NV1", "name": "Nguyễn Thị Hoa"}]
    assert table.rows[0].number == 5
    told = [str(note) for note in table.notes]
    assert told[1:] == [f"row {n} adds up the others and was passed over." for n in (6, 7)]


def test_a_person_whose_name_is_like_a_sum_is_one(tmp_path: Path) -> None:
    """Tổng is a name too: only a row without a code is a sum, and not one of whoever lacks it."""
    rows = [["Tổng", "NV1"], ["Tổng Thị Lan", None]]
    assert cells(read(book(tmp_path, HEAD[::-1], *rows))) == [
        {"code": "NV1", "name": "Tổng"},
        {"name": "Tổng Thị Lan"},
    ]


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_csv_that_names_its_separator(tmp_path: Path, separator: str) -> None:
    lines = [f"sep={separator}", f"code{separator}name", f'1{separator}"Hoa\nNguyễn"']
    table = read(text(tmp_path, "\r\n".join(lines)))
    assert cells(table) == [{"code": "1", "name": "Hoa Nguyễn"}]
    assert table.rows[0].number == 3


def test_addresses_have_more_commas_than_the_row_has_columns(tmp_path: Path) -> None:
    address = "số 5, xóm 2, xã A, huyện B, tỉnh C, Việt Nam"
    content = f"code;name;địa chỉ\n1;Hoa;{address}\n2;Lan;{address}\n"
    assert [row.cells["name"] for row in read(text(tmp_path, content)).rows] == ["Hoa", "Lan"]


def test_what_a_file_is_stands_in_it_and_not_in_its_name(tmp_path: Path) -> None:
    made = book(tmp_path, HEAD, HOA)
    assert cells(read(made.rename(tmp_path / "workers.xlsm"))) == [{"code": "NV1", "name": "Hoa"}]


def test_csv_with_a_broken_letter(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="row 2: a letter was lost"):
        read(text(tmp_path, "code,name\n1,Nguy\ufffdn\n"))


def test_a_number_that_shows_its_zeros_is_what_it_shows(tmp_path: Path) -> None:
    def change(made: Workbook) -> None:
        sheet_of(made)["A2"].number_format = "0000"

    assert cells(read(book(tmp_path, HEAD, [7, "Hoa"], change=change)))[0]["code"] == "0007"

    def spell(made: Workbook) -> None:
        sheet_of(made)["A2"].number_format = '"NV-"0000'

    assert cells(read(book(tmp_path, HEAD, [7, "Hoa"], change=spell)))[0]["code"] == "NV-0007"
    assert cells(read(book(tmp_path, HEAD, [7, "Hoa"])))[0]["code"] == 7  # the control


def test_missing_titles_are_asked_for_in_both_languages(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no column name") as told:
        read(book(tmp_path, ["Mã NV", "Ghi chú"], HOA))
    assert "họ và tên" in str(told.value)
    assert "It says mã nv, ghi chú" in str(told.value)


def test_a_small_file_that_is_huge_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 100_000_000)
    assert path.stat().st_size < 200_000
    with pytest.raises(BadRequest, match="larger unpacked"):
        read(path)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        (datetime(2026, 3, 1, 12), "2026-03-01"),  # noqa: DTZ001
        (date(2026, 3, 1), "2026-03-01"),
        ("01/03/2026", "2026-03-01"),
        (46082, "2026-03-01"),
        ("46082", "2026-03-01"),
        (46082.0, "2026-03-01"),
        ("31/02/2026", "31/02/2026"),
        (12, "12"),
        (None, None),
    ],
)
def test_days(cell: Any, day: str | None) -> None:
    assert as_day(cell) == day


@pytest.mark.parametrize(
    ("cell", "means"), [(None, True), ("CÓ", True), (False, False), ("không", False), ("?", None)]
)
def test_yes_and_no(cell: Any, means: bool | None) -> None:
    assert as_yes_no(cell, empty=True) is means
