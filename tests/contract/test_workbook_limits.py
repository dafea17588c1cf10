"""A file that would take minutes or gigabytes is refused in seconds, in a sentence."""

import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.contract import workbook_limits
from edge_agent.contract.errors import BadRequest
from edge_agent.contract.spreadsheet import read_table
from edge_agent.contract.workbook_limits import MOST_CELLS, MOST_ROWS, check_workbook

from .test_spreadsheet import HEAD, HOA, NEEDED, TITLES, book, read, text

SHEET = "xl/worksheets/sheet1.xml"
WITHIN_S = 60.0
"""Of a busy machine: alone it is two seconds."""


def altered(folder: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """A sound workbook, one part of which somebody has changed."""
    path = book(folder, HEAD, HOA)
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    parts[part] = change(parts.get(part, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


def rows(
    count: int, row: bytes = b'<row><c t="str"><v>1</v></c></row>'
) -> Callable[[bytes], bytes]:
    return lambda sheet: sheet.replace(b"</sheetData>", row * count + b"</sheetData>")


def before(end: bytes, more: bytes) -> Callable[[bytes], bytes]:
    return lambda part: part.replace(end, more + end)


FAR = b'<row r="2"><c r="XFD2"/></row><row r="50000"><c r="A50000"/></row>'
BOMBS: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "rows": (SHEET, rows(1_500_000), "more than 50,000 rows"),
    "cells": (SHEET, rows(20, b"<row>" + b"<c/>" * 20_000 + b"</row>"), "300,000 cells"),
    "elements": (SHEET, rows(1, b"<x/>" * 8_000_000), "300,000 cells"),
    "far corner": (SHEET, before(b"</sheetData>", FAR), "300,000 cells"),
    "row beyond all": (SHEET, before(b"</sheetData>", b'<row r="99999999999"/>' * 2), ""),
    "merged": (
        SHEET,
        before(b"</worksheet>", b'<mergeCells><mergeCell ref="A1:XFD50000"/></mergeCells>'),
        "300,000 cells",
    ),
    "styles": ("xl/styles.xml", before(b"</cellXfs>", b"<xf/>" * 500_000), "styles"),
    "texts": ("xl/sharedStrings.xml", lambda _: b"<sst>" + b"<si><t>x</t></si>" * 900_000, "cells"),
    "size": (SHEET, rows(1, b" " * 61_000_000), "larger unpacked"),
    "entities": (SHEET, lambda part: b'<!DOCTYPE x [<!ENTITY a "b">]>' + part, "document type"),
    "depth": (SHEET, rows(1, b"<x>" * 200 + b"</x>" * 200), "nested"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_is_too_much_is_refused_at_once(tmp_path: Path, bomb: str) -> None:
    part, change, told = BOMBS[bomb]
    path = altered(tmp_path, part, change)
    began = time.monotonic()
    if told:
        with pytest.raises(BadRequest, match=told):
            read(path)
    else:  # Nothing is laid out for it.
        read(path)
    assert time.monotonic() - began < WITHIN_S


def test_parts_without_end(tmp_path: Path) -> None:
    path = book(tmp_path, HEAD, HOA)
    with zipfile.ZipFile(path, "a") as packed:
        for number in range(2001):
            packed.writestr(f"xl/media/{number}", b"")
    with pytest.raises(BadRequest, match="2,000 parts"):
        read(path)


def test_what_people_keep_is_within(tmp_path: Path) -> None:
    """The control: the largest list there is, with columns to spare."""
    assert MOST_CELLS >= 10_000 * 25
    path = book(tmp_path, HEAD, *([f"NV{number}", "Hoa"] for number in range(500)))
    check_workbook(path)
    assert len(read(path).rows) == 500


def test_each_bound_is_what_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path, HEAD, HOA)
    assert read(path).rows
    for name, low in (("MOST_CELLS", 3), ("MOST_ROWS", 1), ("MOST_PARTS", 1)):
        with monkeypatch.context() as context:
            context.setattr(workbook_limits, name, low)
            with pytest.raises(BadRequest):
                read(path)


@pytest.mark.parametrize(
    "content",
    ["code,name\n" + "\n" * MOST_ROWS, "code,name\n" + "," * (MOST_CELLS + 1)],
    ids=["rows", "cells"],
)
def test_a_csv_has_the_same_bounds(tmp_path: Path, content: str) -> None:
    with pytest.raises(BadRequest, match="more than 50,000 rows or 300,000 cells"):
        read_table(text(tmp_path, content), TITLES, NEEDED)


def test_titles_without_end_are_not_told_without_end(tmp_path: Path) -> None:
    with pytest.raises(BadRequest) as refused:
        read(text(tmp_path, ",".join(["x" * 1000] * 100) + "\n"))
    assert len(str(refused.value)) < 2000
