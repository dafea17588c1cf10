"""How much an XLSX may hold, looked at before anything makes cells of it.

It is a ZIP of XML, so that a few kilobytes can be gigabytes, and a single cell in the last corner
of a sheet, or one merged range, makes a reader lay out all that lies before it.
"""

import re
import zipfile
from contextlib import suppress
from pathlib import Path
from xml.parsers import expat

from .errors import BadRequest

MOST_PARTS = 2000
MOST_UNPACKED_BYTES = 60_000_000
MOST_ROWS = 50_000
MOST_CELLS = 300_000
"""Of all sheets together, also of those that lie between the first and the last of one: thirty for
each of a gate's workers."""

_MOST_ELEMENTS = 3 * MOST_CELLS
"""Of all XML: a cell has its value and perhaps its formula."""

_MOST_OTHERS = 150_000
"""Of what is no sheet and no text of one: styles, names, links."""

_DEEPEST = 100
_AT_ONCE = 64 * 1024
_LAST_COLUMN, _LAST_ROW = 16_384, 1_048_576
"""Excel's own limits."""

_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_TEXTS = ("worksheets/", "sharedStrings")


class TooMuch(BadRequest):
    """It is no list that people keep; nothing was read."""


def check_workbook(path: Path) -> None:
    """Raises TooMuch where an XLSX is larger than any list of workers, or is none.

    Takes a second or two at most, whatever the file is, and no memory to speak of.
    """
    with zipfile.ZipFile(path) as packed:
        parts = packed.infolist()
        if len(parts) > MOST_PARTS:
            raise TooMuch("table.too-many-parts", path=path, most=MOST_PARTS)
        if sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
            raise TooMuch("table.too-large-unpacked", path=path)
        counted = _Counted(path)
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                # Whoever reads it stops there too, and says so.
                with packed.open(part) as file, suppress(expat.ExpatError):
                    counted.begin(part.filename)
                    while data := file.read(_AT_ONCE):
                        counted.parser.Parse(data, False)
                    counted.end()


class _Counted:
    """What was met so far, in all parts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._elements = self._others = self._laid_out = 0

    def begin(self, part: str) -> None:
        self._of_text = any(name in part for name in _TEXTS)
        self._sheet = "worksheets/" in part
        self._row = self._column = self._rows = self._columns = self._depth = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._element
        self.parser.EndElementHandler = self._close
        self.parser.StartDoctypeDeclHandler = self._doctype

    def end(self) -> None:
        self.parser.Parse(b"", True)
        self._lay_out(self._rows * self._columns)

    def _doctype(self, *_: object) -> None:
        raise TooMuch("table.no-workbook", path=self._path)

    def _close(self, _name: str) -> None:
        self._depth -= 1

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        self._others += not self._of_text
        if self._depth > _DEEPEST:
            raise TooMuch("table.nested", path=self._path)
        if self._elements > _MOST_ELEMENTS or self._others > _MOST_OTHERS:
            raise self._too_many()
        if not self._sheet:
            return
        match name.rpartition(" ")[2]:
            case "row":
                self._row = _number(attributes.get("r")) or self._row + 1
                self._column = 0
                self._reach()
            case "c":
                self._column += 1
                if found := _CELL.fullmatch(attributes.get("r", "")):
                    self._column, self._row = _place(found)
                self._reach()
            case "mergeCell":
                self._lay_out(_area(attributes.get("ref", "")))

    def _reach(self) -> None:
        if self._row > MOST_ROWS:
            raise TooMuch("table.too-long", path=self._path, rows=MOST_ROWS, cells=MOST_CELLS)
        self._rows = max(self._rows, self._row)
        self._columns = max(self._columns, self._column)

    def _lay_out(self, cells: int) -> None:
        self._laid_out += cells
        if self._laid_out > MOST_CELLS:
            raise self._too_many()

    def _too_many(self) -> TooMuch:
        return TooMuch("table.too-many-cells", path=self._path, most=MOST_CELLS)


def _number(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,7}", text) else 0


def _place(found: re.Match[str]) -> tuple[int, int]:
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return min(column, _LAST_COLUMN), min(int(found[2]), _LAST_ROW)


def _area(reference: str) -> int:
    """How many cells a range like A1:C3 has; one that cannot be read is the largest."""
    first, _, last = reference.replace("$", "").upper().partition(":")
    ends = [_CELL.fullmatch(end) for end in (first, last or first)]
    if ends[0] is None or ends[1] is None:
        return _LAST_COLUMN * _LAST_ROW
    (left, top), (right, bottom) = _place(ends[0]), _place(ends[1])
    return (abs(right - left) + 1) * (abs(bottom - top) + 1)
