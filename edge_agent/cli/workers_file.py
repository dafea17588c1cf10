"""``edge-agent workers import`` and ``export``: the workers of a gate as a CSV or XLSX file."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import BadRequest, StoreFault
from ..contract.formulas import harmless, meant
from ..contract.language import Message, received, say
from ..contract.people import look_alikes_among
from ..contract.spreadsheet import of_row, refuse
from ..gate.people.requests import ImportWorkers, ListedWorker
from ..gate.settings.schema import Settings
from .carry_out import Perform, at_the_gate, names_of
from .help import command, line_without
from .options import FilePath, as_json, ask_a_person, with_settings, yes_option
from .show import print_json
from .tell import tell, tell_notes
from .worker_words import fingers_of, tell_namesakes

if TYPE_CHECKING:
    from ..receiver.roster.roster_file import RosterFile

_AT_ONCE = 200
"""Rows of one request: a line of the control socket has 64 KiB, and a press waits for them."""

_CODES_TOLD = 10

_FILE = FilePath(path_type=Path, dir_okay=False)


@command(name="import", help="help.workers-import")
@click.argument("file", type=_FILE)
@click.option("--dry-run", is_flag=True, help="help.workers-dry-run")
@click.option("--force", is_flag=True, help="help.workers-import-force")
@yes_option
@as_json
@with_settings
def import_(
    settings: Settings, file: Path, dry_run: bool, force: bool, yes: bool, as_json: bool
) -> None:
    # Only here: openpyxl is a third of a second of a Pi, and asked for by this command alone.
    from ..receiver.roster.roster_file import look_at_roster_file

    found = look_at_roster_file(file)
    if not as_json:
        tell_notes(file, found.notes)
    alike = {} if force else _alike(found)
    problems = [*found.problems, *(of_row(number, why) for number, why in alike.items())]
    forced = set(alike)
    sound = {
        worker.code: (worker, number)
        for worker, number in zip(found.workers, found.rows, strict=True)
        if number not in found.doubted
    }
    rows = [
        ListedWorker(code=row.code, name=meant(row.name), active=row.active)
        for row, _ in sound.values()
    ]
    with at_the_gate(settings) as perform:
        planned = _ask(perform, rows, force=force, dry_run=True)
        # What only the gate knows is told beside what the file shows by itself, and not after it.
        for one in planned["problems"]:
            why, (_, number) = received(one["why"], one["name"], one["fields"]), sound[one["code"]]
            problems.append(of_row(number, why))
            forced |= {number} if one["name"] in _FORCED else set()
        refuse(file, problems, *_what_force_takes(sorted(forced)))
        if not as_json:
            _tell_plan(planned)
            _tell_capitals(planned)
            tell_namesakes(_named(planned), names_of(settings))
        goes_on = bool(planned["changes"]) and not dry_run
        if goes_on:
            if any(one["change"] != "added" for one in planned["changes"]):
                ask_a_person(yes, lambda: say("people.import-asks"))
            planned = _ask(perform, rows, force=force, dry_run=False)
    if as_json:
        print_json({**planned, "applied": goes_on})
    elif dry_run and planned["changes"]:
        line = line_without(click.get_current_context(), "--dry-run")
        tell(say("people.import-not-yet", line=line))
    else:
        tell(say("people.imported" if goes_on else "people.import-nothing"))
        if goes_on and any(one["change"] == "added" for one in planned["changes"]):
            tell(say("people.import-next"))


def _ask(
    perform: Perform, rows: list[ListedWorker], *, force: bool, dry_run: bool
) -> dict[str, Any]:
    """What all rows come to, batch by batch: doing it again goes on where it was broken off."""
    whole: dict[str, Any] = {"changes": [], "unchanged": 0, "problems": []}
    whole |= {"deactivated": [], "left": [], "delisted": []}
    for first in range(0, len(rows), _AT_ONCE):
        batch = rows[first : first + _AT_ONCE]
        told = perform(ImportWorkers(workers=batch, force=force, dry_run=dry_run))
        # A daemon of an older version does not tell all of it.
        whole = {name: value + told.get(name, type(value)()) for name, value in whole.items()}
    return whole


_FORCED = (
    "people.looks-like",
    "people.code-forgotten",
    "people.is-another",
    "credential.are-anothers",
)
"""What is the matter with a row that ``--force`` takes as it is."""


def _alike(found: "RosterFile") -> dict[int, Message]:
    """Codes of one file that people would take for each other, by the row of the later one."""
    rows = {worker.code: row for worker, row in zip(found.workers, found.rows, strict=True)}
    told = dict[int, Message]()
    for code, others in look_alikes_among(rows).items():
        if before := [other for other in others if rows[other] < rows[code]]:
            told[rows[code]] = Message("people.alike-in-file", code=code, others=before)
    return told


def _what_force_takes(rows: list[int]) -> list[Message]:
    """That ``--force`` is no word on one row alone, where several of them ask for it."""
    return [Message("people.import-force", count=len(rows), rows=rows)] if len(rows) > 1 else []


def _tell_capitals(planned: dict[str, Any]) -> None:
    """Of whom the file has the name in capitals, as it is shown from then on."""
    loud = {code: name for code, name in _named(planned).items() if name.isupper() and " " in name}
    if loud:
        first = next(iter(loud.values()))
        told = {"other": first.title(), "count": len(loud)}
        codes = [*loud][:_CODES_TOLD] + ["…"] * (len(loud) > _CODES_TOLD)
        tell(say("people.import-capitals", codes=codes, **told))


def _named(planned: dict[str, Any]) -> dict[str, str]:
    """Who is to get a name by it, by code."""
    named = ("added", "renamed")
    return {one["code"]: one["name"] for one in planned["changes"] if one["change"] in named}


def _tell_plan(planned: dict[str, Any]) -> None:
    for one in planned["changes"]:
        change = one["change"]
        if one["former"] is not None and change == "deactivated":
            change = "deactivated-renamed"
        tell(say(f"people.import-{change}", **one), indent="  ")
    told = {"deactivated": "stay-deactivated", "left": "stay-left", "delisted": "stay-delisted"}
    for name, words in told.items():
        if planned[name]:
            tell(say(f"people.import-{words}", codes=planned[name]), indent="  ")
    added = sum(one["change"] == "added" for one in planned["changes"])
    changed, unchanged = len(planned["changes"]) - added, planned["unchanged"]
    tell(say("people.import-sum", added=added, changed=changed, unchanged=unchanged))


@command(name="export", help="help.workers-export")
@click.argument("file", type=_FILE)
@with_settings
def export(settings: Settings, file: Path) -> None:
    # Only here: what the daemon does is asked for without the database.
    from ..contract.atomic_file import new_private_file
    from ..gate.daemon.assembly import Assembly

    kind = file.suffix.lower()
    if kind not in (".csv", ".xlsx"):
        raise BadRequest("people.export-format", path=file)
    store = Assembly(settings).store_for_reading()
    fingers: dict[str, list[str]] = {}
    for print_ in store.prints():
        fingers.setdefault(print_.worker, []).append(print_.finger)
    rows, leavings = [], store.leavings()
    for worker in store.workers():
        listed = worker.listed
        dates = (listed.valid_from, listed.valid_to) if listed else (None, None)
        leaving = leavings.get(worker.code)
        gone = worker.deactivated or (leaving is not None and leaving.left)
        may = say("words.no" if gone else "words.yes")
        told = ", ".join(fingers_of(fingers.get(worker.code, [])))
        rows.append([worker.code, worker.name, may, *(day or "" for day in dates), told])
    titles = [say(f"column.list-{name}") for name in ("code", "name", "active", "from", "to")]
    titles.append(say("column.fingers"))
    content = (
        _as_csv(titles, rows) if kind == ".csv" else _as_xlsx(say("column.sheet"), titles, rows)
    )
    with new_private_file(file) as out:
        out.write(content)
    tell(say("people.exported", count=len(rows), path=file))


def _as_csv(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """As RFC 4180 has it. The mark in front is for Excel, which would otherwise read it in the
    machine's old code page."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(titles)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _as_xlsx(title: str, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook of one sheet. Raises StoreFault where what writes it is not installed."""
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    except ImportError as error:
        raise StoreFault("table.no-openpyxl-writer") from error
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for row in (titles, *rows):
        cells = []
        for text in row:
            # As text, whatever it looks like: 0007 keeps its zeros, =1+1 is no formula.
            cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))
            cell.data_type = "s"
            cell.number_format = "@"
            cells.append(cell)
        sheet.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
