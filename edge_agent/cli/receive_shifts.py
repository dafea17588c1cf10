"""``edge-agent receive shifts``: when work begins and ends, for whom; presses are read by it."""

from pathlib import Path

import click

from ..contract.atomic_file import new_private_file
from ..contract.errors import BadRequest
from ..contract.language import say
from ..receiver.databases.database import Database
from ..receiver.office.correct import tell_shifts
from ..receiver.office.journal import Who
from ..receiver.worktime.known_shifts import shifts_in_force, version_in_force
from ..receiver.worktime.shift_file import read_shift_file, told_weekdays, write_shifts
from .help import group
from .options import FilePath, as_json, writes_to
from .receive_correct import now
from .receive_office import with_database
from .show import print_json, print_table
from .tell import tell, tell_notes


@group(help="help.shifts")
def shifts() -> None:
    """The table of shifts: by it presses are read, and lateness and days of rest are told."""


@shifts.command("import", help="help.shifts-import")
@click.argument("file", type=FilePath(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="help.shifts-dry-run")
@click.option("--actor", default="office", show_default=True, help="help.shifts-actor")
@with_database
def import_shifts(database: Database, file: Path, dry_run: bool, actor: str) -> None:
    found = read_shift_file(file)
    tell_notes(file, found.notes)
    before = version_in_force(database)
    rows = say("shifts.rows", count=len(found.shifts))
    if dry_run:
        tell(say("shifts.dry-run", rows=rows, version=before))
        return
    who = Who.said(actor, str(file.name), now())
    version = tell_shifts(database, who, found.shifts)
    if version == before:
        tell(say("shifts.same", rows=rows, version=version))
        return
    tell(say("shifts.in-force", rows=rows, version=version))


@shifts.command("show", help="help.shifts-show")
@writes_to("help.shifts-output")
@as_json
@with_database
def show_shifts(database: Database, output: Path | None, as_json: bool) -> None:
    version, found = version_in_force(database), shifts_in_force(database)
    if output is not None:
        kind = output.suffix.lower().removeprefix(".")
        if kind not in ("xlsx", "csv", "toml"):
            raise BadRequest("shifts.no-format", path=output)
        content = write_shifts(found, kind)
        with new_private_file(output) as file:
            file.write(content)
        rows = say("shifts.rows", count=len(found))
        tell(say("shifts.written", path=output, rows=rows, version=version))
        return
    if as_json:
        print_json({"version": version, "shifts": found})
        return
    if not version:
        tell(say("shifts.none"))
        return
    tell(say("shifts.version", version=version))
    print_table(
        ("code", "begin", "end", "days", "breaks", "for-whom", "from", "until"),
        (
            (
                *(one.code, one.begin, one.end, told_weekdays(one.weekdays)),
                ", ".join(
                    " ".join(
                        [
                            f"{pause.begin}-{pause.end}",
                            *([say("shifts.paid")] if pause.paid else []),
                            *([say("shifts.pressed")] if pause.pressed else []),
                        ]
                    )
                    for pause in one.breaks
                ),
                ", ".join((*one.teams, *one.workers)) or say("shifts.all"),
                *(one.valid_from, one.valid_to),
            )
            for one in found
        ),
        empty=say("shifts.nobody"),
    )
