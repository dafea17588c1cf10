"""The table of shifts as people keep it: XLSX, CSV or TOML, read and written."""

import csv
import io
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ...contract.errors import BadRequest, EdgeAgentError, StoreFault
from ...contract.language import Message, because
from ...contract.people import checked_code
from ...contract.spreadsheet import as_day, of_row, read_table, refuse
from ..toml_place import toml_problem
from .shifts import EARLY_MIN, EVERY_DAY, LATE_MIN, Break, Shift, minutes_of

TITLES = {
    "code": ("code", "mã ca", "ký hiệu ca", "ca", "shift"),
    "name": ("name", "tên ca", "diễn giải"),
    "begin": ("begin", "giờ vào", "giờ bắt đầu", "bắt đầu", "từ giờ", "start"),
    "end": ("end", "giờ ra", "giờ kết thúc", "kết thúc", "đến giờ"),
    "breaks": ("breaks", "nghỉ giữa ca", "giờ nghỉ", "nghỉ trưa", "break"),
    "weekdays": ("weekdays", "các thứ", "ngày trong tuần", "thứ", "ngày làm việc", "days"),
    "early": ("early", "vào sớm (phút)", "vào sớm", "sớm (phút)", "early (minutes)", "early_min"),
    "late": (
        "late",
        "ra muộn (phút)",
        "ra muộn",
        "ra trễ",
        "muộn (phút)",
        "late (minutes)",
        "late_min",
    ),
    "workers": ("workers", "mã nv", "nhân viên", "mã nhân viên", "người lao động", "worker"),
    "teams": ("teams", "tổ", "bộ phận", "đội", "team"),
    "valid_from": ("valid_from", "từ ngày", "from", "valid from"),
    "valid_to": ("valid_to", "đến ngày", "to", "valid to"),
}
"""Field → the titles under which a column may stand, in any case; the first is the English one,
the second the Vietnamese one that is written."""

_LONGEST_DAY = 20 * 60
_MOST_MINUTES = 12 * 60
_MOST_SHIFTS = 5_000

_PAID = ("paid", "tính công", "có lương", "hưởng lương")
_UNPAID = ("unpaid", "không tính công", "không lương", "")
_PRESSED = ("pressed", "chấm", "có chấm", "bấm")

_DAYS = {
    **{name: n for n, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 1)},
    **{f"t{n}": n - 1 for n in range(2, 8)},
    **{f"thứ {n}": n - 1 for n in range(2, 8)},
    **dict.fromkeys(("cn", "t8", "chủ nhật"), 7),
    **{str(n): n for n in range(1, 8)},
}
"""How a weekday may be written. 1 is Monday, as ISO 8601 has it; T2, thứ hai, as people do."""

_WRITTEN_DAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")


class ShiftFile(Struct, frozen=True):
    """The shifts in a file, and ``notes`` on what a person should know of how it was read."""

    shifts: list[Shift]
    notes: list[Message]


def read_shift_file(path: Path) -> ShiftFile:
    """Read the shifts. Raises BadRequest with all that is wrong, by row; StoreFault."""
    if path.suffix.lower() == ".toml":
        at, rows, notes = _of_shift, _read_toml(path), list[Message]()
    else:
        table = read_table(path, TITLES, [("code",), ("begin",), ("end",)])
        at, rows, notes = of_row, [(row.number, row.cells) for row in table.rows], table.notes
    problems: list[Message] = []
    shifts: list[Shift] = []
    for number, cells in rows:
        shift, found = _shift(cells)
        if shift is not None and shift in shifts:
            found.append(Message("shifts.twice"))
        problems += [at(number, what) for what in found]
        if shift is not None:
            shifts.append(shift)
    if not rows:
        raise BadRequest("shifts.none-in-file", path=path)
    if len(rows) > _MOST_SHIFTS:
        problems.append(Message("shifts.too-many", rows=len(rows), most=_MOST_SHIFTS))
    refuse(path, problems)
    return ShiftFile(shifts, notes)


def _of_shift(number: int, what: Message) -> Message:
    return Message("shifts.of-shift", number=number, what=what)


def _read_toml(path: Path) -> list[tuple[int, dict[str, Any]]]:
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadRequest("shifts.not-read", path=path, why=because(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise BadRequest("shifts.no-toml", path=path, why=toml_problem(error)) from error
    except UnicodeDecodeError as error:
        why = Message("table.not-utf8-text")
        raise BadRequest("shifts.no-toml", path=path, why=why) from error
    rows = read.pop("shift", [])
    known = {title: name for name, titles in TITLES.items() for title in titles}
    problems = [Message("shifts.unknown-table", name=name) for name in read]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        problems.append(Message("shifts.tables"))
        rows = []
    for n, row in enumerate(rows, 1):
        problems += [
            _of_shift(n, Message("shifts.unknown-field", name=name))
            for name in row
            if name.casefold() not in known
        ]
    refuse(path, problems)
    return [
        (n, {known[name.casefold()]: value for name, value in row.items()})
        for n, row in enumerate(rows, 1)
    ]


def _shift(cells: dict[str, Any]) -> tuple[Shift | None, list[Message]]:
    """A row as a shift, and what is wrong with it."""
    problems: list[Message] = []

    def checked(what: str, read: Any, otherwise: Any) -> Any:
        cell = cells.get(what)
        if cell is None or cell == "":
            return otherwise
        try:
            return read(cell)
        except EdgeAgentError as error:
            problems.append(Message("shifts.wrong", field=what, why=error.message))
            return otherwise

    code = checked("code", _code, "")
    if not code and not problems:
        problems.append(Message("shifts.lacks", field="code"))
    for needed in ("begin", "end"):
        if cells.get(needed) in (None, ""):
            problems.append(Message("shifts.lacks", field=needed))
    begin, end = checked("begin", _clock, "00:00"), checked("end", _clock, "00:00")
    valid_from = checked("valid_from", _day, None)
    valid_to = checked("valid_to", _day, None)
    shift = Shift(
        code=code,
        name=str(cells.get("name") or ""),
        begin=begin,
        end=end,
        breaks=checked("breaks", _breaks, ()),
        weekdays=checked("weekdays", _weekdays, EVERY_DAY),
        early_min=checked("early", _minutes, EARLY_MIN),
        late_min=checked("late", _minutes, LATE_MIN),
        workers=checked("workers", _list, ()),
        teams=checked("teams", _list, ()),
        valid_from=valid_from,
        valid_to=valid_to,
    )
    if not problems:
        problems += _meaning(shift)
    return (None if problems else shift), problems


def _meaning(shift: Shift) -> Iterable[Message]:
    begin, end = minutes_of(shift.begin), minutes_of(shift.end)
    end += 1440 if end <= begin else 0
    if end - begin > _LONGEST_DAY:
        yield Message("shifts.too-long", begin=shift.begin, end=shift.end)
    if shift.valid_from and shift.valid_to and shift.valid_to < shift.valid_from:
        yield Message("shifts.ends-before", first=shift.valid_from, last=shift.valid_to)
    last = begin
    for pause in sorted(shift.breaks, key=lambda one: (minutes_of(one.begin) - begin) % 1440):
        starts = begin + (minutes_of(pause.begin) - begin) % 1440
        ends = starts + (minutes_of(pause.end) - minutes_of(pause.begin)) % 1440
        if starts < last or ends > end or starts == ends:
            yield Message("shifts.break-outside", begin=pause.begin, end=pause.end)
        last = ends


def _code(cell: Any) -> str:
    return checked_code(str(cell))


def _clock(cell: Any) -> str:
    """A time of day as Excel and people write it: a time, "6:00", "6h30", "18h"."""
    if isinstance(cell, datetime | time):
        return cell.strftime("%H:%M")
    if isinstance(cell, float) and 0 <= cell < 1:  # A day's part, in a cell that is not formatted.
        minutes = round(cell * 1440)
        return f"{minutes // 60:02}:{minutes % 60:02}"
    found = re.fullmatch(r"([0-9]{1,2})(?:[:hHgG.]([0-9]{2})?)?(?::[0-9]{2})?", str(cell).strip())
    hours, minutes = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
    if hours == 24 and minutes == 0:
        hours = 0
    if hours > 23 or minutes > 59:
        raise BadRequest("shifts.bad-clock", text=str(cell))
    return f"{hours:02}:{minutes:02}"


def _day(cell: Any) -> str:
    day = as_day(cell) or ""
    try:
        return datetime.strptime(day, "%Y-%m-%d").date().isoformat()  # noqa: DTZ007
    except ValueError:
        raise BadRequest("shifts.bad-day", text=str(cell)) from None


def _minutes(cell: Any) -> int:
    text = str(cell).removesuffix(".0").strip()
    if not text.isdecimal() or int(text) > _MOST_MINUTES:
        raise BadRequest("shifts.bad-minutes", text=str(cell), most=_MOST_MINUTES)
    return int(text)


def _list(cell: Any) -> tuple[str, ...]:
    """Names with commas or semicolons between; in TOML a list."""
    parts = cell if isinstance(cell, list) else re.split(r"[,;\n]", str(cell))
    names = (" ".join(unicodedata.normalize("NFC", str(part)).split()) for part in parts)
    return tuple(dict.fromkeys(name for name in names if name))


def _weekdays(cell: Any) -> tuple[int, ...]:
    """ "Mon-Sat", "T2-T7", "T2, T4, CN"; in TOML also a list."""
    parts = cell if isinstance(cell, list) else re.split(r"[,;]", str(cell).removesuffix(".0"))
    found: set[int] = set()
    for part in parts:
        first, dash, last = str(part).strip().casefold().partition("-")
        begin = _weekday(first)
        end = _weekday(last) if dash else begin
        while True:
            found.add(begin)
            if begin == end:
                break
            begin = begin % 7 + 1
    return tuple(sorted(found))


def _weekday(text: str) -> int:
    name = " ".join(text.split())
    if (day := _DAYS.get(name, _DAYS.get(name[:3]))) is None:
        raise BadRequest("shifts.bad-weekday", text=text)
    return day


def _breaks(cell: Any) -> tuple[Break, ...]:
    """ "11:30-12:30", "11:30-12:30 pressed, 15:00-15:15 paid"; in TOML also a list."""
    parts = cell if isinstance(cell, list) else re.split(r"[,;\n]", str(cell))
    return tuple(_break(str(part).strip()) for part in parts if str(part).strip())


def _break(text: str) -> Break:
    found = re.fullmatch(r"(\S+?)\s*[-–]\s*(\S+)((?:\s+\S+)*)", text)
    if found is None:
        raise BadRequest("shifts.bad-break", text=text)
    said = " ".join(found[3].casefold().split())
    pressed = next((word for word in _PRESSED[::-1] if re.search(rf"(^| ){word}( |$)", said)), "")
    rest = " ".join(said.replace(pressed, " ").split()) if pressed else said
    if rest not in (*_PAID, *_UNPAID):
        raise BadRequest("shifts.bad-break-word", text=text)
    return Break(
        begin=_clock(found[1]), end=_clock(found[2]), paid=rest in _PAID, pressed=bool(pressed)
    )


def write_shifts(shifts: Sequence[Shift], kind: str) -> bytes:
    """The table as a file of this kind: ``xlsx``, ``csv`` or ``toml``; each is read as the same.

    Raises StoreFault where what writes XLSX is not installed.
    """
    if kind == "toml":
        return _toml(shifts).encode()
    rows = [_cells(shift) for shift in shifts]
    if kind == "csv":
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(TITLES)
        writer.writerows(rows)
        return b"\xef\xbb\xbf" + text.getvalue().encode()
    return _xlsx(rows)


def _cells(shift: Shift) -> list[str | int]:
    return [
        *(shift.code, shift.name, shift.begin, shift.end),
        ", ".join(map(_told_break, shift.breaks)),
        told_weekdays(shift.weekdays),
        *(shift.early_min, shift.late_min),
        *(", ".join(shift.workers), ", ".join(shift.teams)),
        *(shift.valid_from or "", shift.valid_to or ""),
    ]


def told_weekdays(days: Sequence[int]) -> str:
    """ "T2-T7", "T2, T4", as it is read again."""
    ordered = sorted(days)
    whole = ordered == list(range(ordered[0], ordered[-1] + 1)) if ordered else False
    if whole and len(ordered) > 2:
        return f"{_WRITTEN_DAYS[ordered[0] - 1]}-{_WRITTEN_DAYS[ordered[-1] - 1]}"
    return ", ".join(_WRITTEN_DAYS[day - 1] for day in ordered)


def _told_break(pause: Break) -> str:
    words = ("paid" if pause.paid else "", "pressed" if pause.pressed else "")
    return " ".join([f"{pause.begin}-{pause.end}", *filter(None, words)])


def _toml(shifts: Iterable[Shift]) -> str:
    """JSON's texts, numbers and lists are TOML's."""
    lines = []
    for shift in shifts:
        lines.append("[[shift]]")
        for name, value in (
            *(("code", shift.code), ("name", shift.name)),
            *(("begin", shift.begin), ("end", shift.end)),
            ("breaks", [_told_break(pause) for pause in shift.breaks]),
            ("weekdays", [_WRITTEN_DAYS[day - 1] for day in shift.weekdays]),
            *(("early", shift.early_min), ("late", shift.late_min)),
            *(("workers", list(shift.workers)), ("teams", list(shift.teams))),
            *(("valid_from", shift.valid_from), ("valid_to", shift.valid_to)),
        ):
            if value not in (None, "", []):
                lines.append(f"{name} = {msgspec.json.encode(value).decode()}")
        lines.append("")
    return "\n".join(lines)


def _xlsx(rows: Sequence[Sequence[str | int]]) -> bytes:
    try:
        from openpyxl import Workbook
        from openpyxl.styles import Font
    except ImportError as error:
        raise StoreFault("shifts.no-openpyxl") from error
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Ca làm việc"
    sheet.append([titles[1].capitalize() for titles in TITLES.values()])
    for row in rows:
        sheet.append(list(row))
    for cells in sheet.iter_rows():
        for cell in cells:
            if isinstance(cell.value, str):  # As text, whatever it looks like: 01 keeps its zero.
                cell.data_type, cell.number_format = "s", "@"
            cell.font = Font(bold=cell.row == 1)
    for n in range(len(TITLES)):
        longest = max(len(str(row[n])) for row in rows or [[""] * len(TITLES)])
        sheet.column_dimensions[chr(ord("A") + n)].width = max(16, min(40, longest + 2))
    sheet.freeze_panes = "B2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
