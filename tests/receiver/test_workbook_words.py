"""A clerk's workbook is Vietnamese, and is read back; also one of before, with programs' words."""

import re
from itertools import chain
from pathlib import Path
from typing import get_args

import pytest
from openpyxl import load_workbook

from edge_agent.contract.attendance import EVIDENCE_OF_DIRECTION
from edge_agent.contract.facts import DirectionSource, Method
from edge_agent.receiver.databases.views import VIEWS
from edge_agent.receiver.office import export as export_
from edge_agent.receiver.office.journal import What
from edge_agent.receiver.office.workbook_words import meant, shown
from edge_agent.receiver.worktime.sessions import Status

from .office_desk import WHO, Desk
from .test_effects import CODE, Ledger

STATES = {
    state
    for then in re.findall(r"(?:THEN|ELSE) '([a-z-]+)'", VIEWS["judged"])
    for state in [then]
} - {"recovered"}  # fmt: skip

VALUES = {
    "status": {*get_args(Status), "not-covered"},
    "state": STATES,
    "source": {*Method, "supervisor", "recovered", "payroll", "other"},
    "direction": {"in", "out"},
    "direction_source": {*DirectionSource, *EVIDENCE_OF_DIRECTION},
    "what": set(get_args(What)),
}
"""Column → every value that this version can have there."""

READ_BACK = {
    "direction": {"in": "vào", "out": "ra"},
    "status": {
        "complete": "đủ vào, ra",
        "open": "chưa ra",
        "pending-time": "chờ giờ đúng",
        "manual": "người quyết định",
        "not-covered": "cổng không ghi được",
    },
    "what": {
        "void": "hủy",
        "add": "thêm",
        "move": "sửa giờ",
        "undo": "lấy lại",
        "keep": "để nguyên",
        "leave": "nghỉ",
        "site": "thiết lập",
        "shifts": "bảng ca",
        "closed": "công của kỳ đã khóa",
        "close": "khóa kỳ",
        "owner": "sổ của cổng",
        "successor": "cổng nối tiếp",
    },
}
"""The words in workbooks that people keep for years. Who changes one has the old one read, too."""

MONTH = ["--month", "2026-11"]


def test_the_states_are_found() -> None:
    assert {"valid", "voided", "pending-time", "no-time", "rejected", "repeated"} < STATES


@pytest.mark.parametrize("column", VALUES)
def test_every_value_has_words_of_its_own(column: str) -> None:
    told = {value: shown(column, str(value)) for value in VALUES[column]}
    assert not set(told.values()) & set(chain(*VALUES.values()))
    assert len(set(told.values())) == len(told)


@pytest.mark.parametrize("column", READ_BACK)
def test_what_was_written_once_is_read_for_ever(column: str) -> None:
    assert set(READ_BACK[column]) == VALUES[column]
    for value, words in READ_BACK[column].items():
        assert meant(column, words) == meant(column, value) == value


@pytest.fixture
def desk(database: str) -> Desk:
    desk = Desk(database)
    desk.know(CODE, "0007")
    a = Ledger("a")
    a.punch("23 07:00", "in")
    a.punch("23 16:00", "out")
    a.punch("24 07:00", "in", code="0007")
    a.punch(None, "in", code="0007")
    a.write("punch.repeated", "2026-11-23T07:00:09.000+07:00", worker=CODE, of=1)
    a.write("punch.added", "2026-11-26T07:00:00.000+07:00", worker=CODE, direction="in",
            reason="x", actor="uid:1")  # fmt: skip
    desk.take(a)
    desk.done("correct", "add", CODE, "2026-11-25T07:00", "--direction", "in", *WHO)
    desk.done("correct", "void", "a", "2", *WHO)
    desk.done("leave", "add", CODE, "P", "27/11/2026", *WHO)
    return desk


def test_a_workbook_has_no_word_of_programs(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "month.xlsx"
    desk.done("export", *MONTH, "--output", str(file))
    words = set(map(str, chain(*VALUES.values())))
    told = {
        sheet.title.split()[0]: {cell.value for row in sheet.iter_rows() for cell in row}
        for sheet in load_workbook(file).worksheets
    }
    assert told["Ca"] >= {"chưa ra", "chờ giờ đúng"}
    assert told["Chấm"] >= {"được tính", "đã hủy", "phòng lương thêm", "ghi bằng tay", "vào"}
    assert told["Sửa"] >= {"hủy", "thêm", "nghỉ", "vào"}
    numbers = {"payroll"}  # The ledger's name, as it is typed in a command.
    assert [found & words - numbers for found in told.values()] == [set()] * 3


def test_a_program_goes_on_reading_its_own_words(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "punches.csv"
    desk.language = "vi"
    desk.done("export", *MONTH, "--format", "csv", "--view", "punches", "--output", str(file))
    text = file.read_text("utf-8-sig")
    assert ",voided,finger," in text
    assert ",valid,payroll," in text


@pytest.mark.parametrize("of_before", [False, True])
def test_it_is_read_back_also_of_a_version_before(
    desk: Desk, of_before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "month.xlsx"
    if of_before:
        monkeypatch.setattr(export_, "shown", lambda _column, value: value)
    desk.done("export", *MONTH, "--output", str(file))
    assert desk.json("diff", *MONTH, "--since", str(file)) == []
    emptied = Desk(str(tmp_path / "emptied.db"))
    emptied.know(CODE, "0007")
    emptied.done("correct", "import", str(file))
    before, after = (one.json("correct", "list") for one in (desk, emptied))
    assert [one["what"] for one in after] == ["add", "void", "leave"]
    assert [(one["what"], one["direction"], one["at"]) for one in after] == [
        (one["what"], one["direction"], one["at"]) for one in before
    ]


def test_an_answer_has_no_word_of_programs_either(desk: Desk) -> None:
    desk.language = "vi"
    told = desk.refused("correct", "move", "a", "2", "2026-11-23T17:00", *WHO)
    assert "(đã hủy)" in told
    assert "voided" not in told


def test_what_takes_a_correction_back_can_be_copied(desk: Desk) -> None:
    told = desk.done("correct", "add", CODE, "2026-11-28T07:00", *WHO)
    line = told.partition("To take it back: ")[2].splitlines()[0]
    assert line.endswith(desk.database) or desk.database in line
    desk.follow(line)
    assert desk.json("correct", "list")[-1]["what"] == "undo"
