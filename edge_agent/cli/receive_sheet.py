"""``receive sheet``, ``leave`` and ``site``: the sheet that is signed, and what a clerk enters."""

from pathlib import Path
from typing import Any

import click

from ..contract.errors import BadRequest
from ..contract.wording import counted
from ..receiver.databases.database import Database
from ..receiver.office.correct import undo
from ..receiver.office.journal import Who, standing
from ..receiver.office.leave import add_leave, entered, leave_asked, read_leave_file
from ..receiver.office.period import Period
from ..receiver.office.sheet.gather import gather
from ..receiver.office.sheet.reckon import doubtful_cells
from ..receiver.office.sheet.write import Form, write_sheet
from ..receiver.office.site import import_site, site_in_force, site_text
from .options import as_json
from .period import with_period
from .receive_correct import with_who
from .receive_office import with_database
from .show import print_json, print_table


@click.command("sheet")
@with_period
@click.option("--team", help="Only the workers of this team, by the roster.")
@click.option(
    "--form",
    type=click.Choice(["01a", "01b", "days", "sessions"]),
    default="01a",
    show_default=True,
    help="01a: attendance; 01b: overtime; days, sessions: lists.",
)
@click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path), help="The new file.  [default: sheet-FORM-PERIOD]"
)
@with_database
def sheet(
    database: Database,
    period: Period,
    team: str | None,
    form: Form,
    lang: Any,
    output: Path | None,
) -> None:
    """Write the sheet of a month, or another period, that workers, foreman and director sign."""
    target = output or Path(f"sheet-{form}-{period.name}.xlsx")
    roll = gather(database, period, team)
    write_sheet(roll, form, lang, target)
    doubtful = doubtful_cells(roll)
    left = "none in doubt" if not doubtful else f"{counted(doubtful, 'cell')} in doubt"
    click.echo(f"{target}: {counted(len(roll.people), 'person', 'people')}, {left}")
    for year in sorted({period.first.year, period.last.year}):
        if not roll.site.knows_year(year):
            click.echo(
                f"No holidays of {year} were entered beside those of every year: Tết and the"
                " like are not shaded (receive site show)",
                err=True,
            )


@click.group("leave")
def leave_group() -> None:
    """Leave: symbols for days on which somebody was excused, beside the punches."""


@leave_group.command("add")
@click.argument("code")
@click.argument("symbol")
@click.argument("first", metavar="DAY")
@click.option("--to", "last", metavar="DAY", help="The last day.  [default: DAY]")
@click.option("--half", is_flag=True, help="Half a day each.")
@with_database
@with_who
def leave_add(
    database: Database, who: Who, code: str, symbol: str, first: str, last: str | None, half: bool
) -> None:
    """Worker CODE has leave SYMBOL (P, Ô, KL …) on DAY, or from DAY on."""
    numbers = add_leave(database, who, [leave_asked(code, symbol, first, last, half=half)])
    click.echo(f"Entered: leave {numbers[0]}." if numbers else "It stands already.")


@leave_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_database
@with_who
def leave_import(database: Database, who: Who, file: Path) -> None:
    """Enter the rows of FILE, CSV or XLSX: code, symbol, from, to, half. All of them, or none."""
    asked = read_leave_file(file)
    numbers = add_leave(database, who, asked)
    stood = len(asked) - len(numbers)
    beside = f"; {stood} stood already" if stood else ""
    click.echo(f"{counted(len(numbers), 'leave', 'leaves')} entered{beside}.")


@leave_group.command("remove")
@click.argument("number", type=click.IntRange(1, 2**53 - 1))
@with_database
@with_who
def leave_remove(database: Database, who: Who, number: int) -> None:
    """Take back leave NUMBER of the list: it stands no more, and nothing is deleted."""
    if number not in {row.id for row in standing(database, "leave")}:
        raise BadRequest(f"There is no leave {number} that stands: 'receive leave list' has them.")
    undo(database, who, number)
    click.echo(f"Taken back: leave {number}.")


@leave_group.command("list")
@click.option("--code", help="Of this worker only.")
@as_json
@with_database
def leave_list(database: Database, code: str | None, as_json: bool) -> None:
    """The leave that stands."""
    found = [one for one in entered(database) if code is None or one.leave.code == code]
    if as_json:
        print_json(found)
        return
    print_table(
        ("number", "code", "symbol", "from", "to", "half", "actor", "note"),
        (
            (
                *(one.number, one.leave.code, one.leave.symbol, one.leave.first, one.leave.last),
                *("half" if one.leave.half else "", one.who.actor, one.who.reason),
            )
            for one in found
        ),
        empty="No leave was entered.",
    )


@click.group("site")
def site_group() -> None:
    """What the site says of itself: its name, holidays, symbols and hours."""


@site_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_database
@with_who
def site_import(database: Database, who: Who, file: Path) -> None:
    """Take the settings of the site from FILE, TOML: they hold until others are imported."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{file} cannot be read: {error}.") from error
    site = import_site(database, who, text)
    click.echo(f"The site's settings hold: {counted(len(site.holidays), 'holiday')} entered.")


@site_group.command("show")
@as_json
@with_database
def site_show(database: Database, as_json: bool) -> None:
    """The settings in force, as a file to change and import again."""
    if as_json:
        print_json(site_in_force(database))
        return
    click.echo((site_text(database) or USUAL).rstrip())


USUAL = """\
# The site's own settings. What is not said is as here.
unit = ""                  # Đơn vị, at the head of the sheet
department = ""            # Bộ phận
day_hours = 8              # what is beyond them on a day is overtime
full_hours = 6             # a day is whole from these hours of work on
half_hours = 2             # and half from these on
rest_days = ["sunday"]
fixed_holidays = ["01-01", "04-30", "05-01", "09-02"]
holidays = []              # the others, each year anew: [2027-02-05, 2027-02-06]

[work]
full = "+"
half = "½"
rest = "LT"                # worked on a day of rest or a holiday: hours in form 01b
doubtful = "?"

# Symbols of leave, beside the usual ones. counts: in which sum its days are,
# "piece", "paid", "part", "insurance", "unpaid" or "none".
# [symbols]
# CĐ = { name = "Chế độ", counts = "paid" }

# Numbers for 'receive export --format attlog', where codes and gates have no digits of their own.
# [numbers.workers]
# NV0001 = 1
# [numbers.gates]
# cong-chinh = 1
"""
