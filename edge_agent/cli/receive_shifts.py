"""``edge-agent receive shifts``: when work begins and ends, for whom; presses are read by it."""

from datetime import UTC, datetime
from pathlib import Path

import click

from ..contract.atomic_file import new_private_file
from ..contract.errors import BadRequest
from ..contract.wording import counted
from ..receiver.databases.database import Database
from ..receiver.worktime.keep import renew
from ..receiver.worktime.known_shifts import apply_shifts, shifts_in_force, version_in_force
from ..receiver.worktime.shift_file import read_shift_file, told_weekdays, write_shifts
from ..receiver.worktime.shifts import ZONE
from .options import as_json
from .receive_office import with_database
from .show import print_json, print_table


@click.group()
def shifts() -> None:
    """The table of shifts: by it presses are read, and lateness and days of rest are told."""


@shifts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what is in it, and change nothing.")
@click.option("--actor", default="office", show_default=True, help="Who tells: a code, no name.")
@with_database
def import_shifts(database: Database, file: Path, dry_run: bool, actor: str) -> None:
    """Put the shifts in FILE (.xlsx, .csv, .toml) in the place of those in force, as a new version.

    Sessions are read anew by them. Nothing is taken where anything in the file is wrong.
    """
    found = read_shift_file(file)
    for note in found.notes:
        click.echo(f"{file}: {note}")
    before = version_in_force(database)
    told = counted(len(found.shifts), "row")
    if dry_run:
        click.echo(f"{told}. Nothing was changed: version {before} is in force.")
        return
    made_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    version = apply_shifts(database, found.shifts, actor=actor, made_at=made_at, zone=ZONE.key)
    if version == before:
        click.echo(f"{told}: the same as version {version}, which stays.")
        return
    renew(database)
    click.echo(f"{told}: version {version} is in force, and sessions are read by it.")


@shifts.command("show")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="A new file to write them to: .xlsx, .csv or .toml, as import reads it.",
)
@as_json
@with_database
def show_shifts(database: Database, output: Path | None, as_json: bool) -> None:
    """The shifts in force."""
    version, found = version_in_force(database), shifts_in_force(database)
    if output is not None:
        kind = output.suffix.lower().removeprefix(".")
        if kind not in ("xlsx", "csv", "toml"):
            raise BadRequest(f"{output} names no format: end it in .xlsx, .csv or .toml.")
        content = write_shifts(found, kind)
        with new_private_file(output) as file:
            file.write(content)
        click.echo(f"{output}: {counted(len(found), 'row')} of version {version}")
        return
    if as_json:
        print_json({"version": version, "shifts": found})
        return
    if not version:
        click.echo("No shifts are told: presses are read by evidence alone.")
        return
    click.echo(f"Version {version}:")
    print_table(
        ("code", "from", "to", "days", "breaks", "for whom", "since", "until"),
        (
            (
                *(one.code, one.begin, one.end, told_weekdays(one.weekdays)),
                ", ".join(
                    f"{pause.begin}-{pause.end}{' paid' if pause.paid else ''}"
                    f"{' pressed' if pause.pressed else ''}"
                    for pause in one.breaks
                ),
                ", ".join((*one.teams, *one.workers)) or "all",
                *(one.valid_from, one.valid_to),
            )
            for one in found
        ),
        empty="Nobody has a shift.",
    )
