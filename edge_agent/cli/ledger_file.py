"""The ledger as a file for an auditor: JSON lines with the chain, or a table for a spreadsheet."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..domain.chain import Entry, read_wire
from ..domain.errors import BadRequest, StoreFault
from ..new_file import new_private_file
from ..ports import Store

_BATCH = 500

_COLUMNS = ("seq", "time", "kind", "worker", "name", "direction", "of", "reason", "clock", "hash")

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(store: Store, target: Path) -> int:
    """Write the whole ledger to the new file ``target``, and return the number of entries.

    ``.jsonl``: the entries' own bytes, one a line, which docs/examples/verify_export.py checks.
    ``.csv``: for Excel and LibreOffice, with the names that the workers have today. Only its owner
    may read the file. It is complete or not there. Raises BadRequest, StoreFault.
    """
    lines = {".jsonl": _json_lines, ".csv": _table}.get(target.suffix.lower())
    if lines is None:
        raise BadRequest(
            f"{target} names no format: end it in .jsonl (for programs) or .csv (for Excel)."
        )
    count = 0
    with new_private_file(target) as file:
        for line in lines(store):
            file.write(line)
            count += 1
    return count - 1


def _json_lines(store: Store) -> Iterator[bytes]:
    yield b""  # No head.
    for entry in _entries(store):
        yield entry.wire + b"\n"


def _table(store: Store) -> Iterator[bytes]:
    names = {worker.code: worker.name for worker in store.workers()}
    # Without the mark Excel takes the file for the machine's old code page: Nguyá»…n.
    yield b"\xef\xbb\xbf" + _row(_COLUMNS)
    for entry in _entries(store):
        try:
            _, data = read_wire(entry.wire)
        except ValueError as error:
            raise StoreFault(
                f"Entry {entry.seq} cannot be read ({error}): see 'edge-agent ledger verify'."
            ) from error
        yield _row(_cells(entry, data, names))


def _cells(entry: Entry, data: dict[str, Any], names: dict[str, str]) -> Iterator[object]:
    code = data.get("worker")
    yield entry.seq
    yield data["at"][:19].replace("T", " ") if data["at"] else "not known yet"
    yield entry.kind
    yield _code(code) if code else None
    yield _text(names.get(code)) if code else None
    yield data.get("direction")
    yield data["of"] if isinstance(data.get("of"), int) else None
    yield _text(data.get("reason"))
    yield data["clock"]["state"]
    yield entry.hash.hex()


def _code(code: str) -> str:
    """Text that stays text: a spreadsheet makes 7 of 0007."""
    return f'="{code}"' if code.isascii() and code.isdigit() else str(_text(code))


def _text(text: object) -> str | None:
    """Text that no spreadsheet takes for a formula (CWE-1236)."""
    if text is None:
        return None
    return f"'{text}" if str(text).startswith(_FORMULA) else str(text)


def _row(cells: Any) -> bytes:
    line = _Line()
    csv.writer(line).writerow(cells)
    return line.text.encode()


class _Line:
    """Where the csv module writes one row to."""

    text = ""

    def write(self, text: str) -> None:
        self.text += text


def _entries(store: Store) -> Iterator[Entry]:
    first = store.checkpoint().seq + 1
    while entries := store.entries(first, _BATCH):
        yield from entries
        first = entries[-1].seq + 1
