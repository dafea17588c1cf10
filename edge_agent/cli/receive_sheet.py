"""``receive sheet``, ``leave`` and ``site``: the sheet that is signed, and what a clerk enters."""

from pathlib import Path

import click

from ..contract.errors import BadRequest
from ..contract.language import VIETNAMESE, Message, because, current, say
from ..receiver.databases.database import Database
from ..receiver.office.correct import undo
from ..receiver.office.journal import Who, standing
from ..receiver.office.leave import add_leave, entered, leave_asked, read_leave_file
from ..receiver.office.period import Period
from ..receiver.office.sheet.gather import gather
from ..receiver.office.sheet.reckon import doubtful_cells
from ..receiver.office.sheet.write import Form, write_sheet
from ..receiver.office.site import import_site, site_in_force, site_text
from .complete import Keyword
from .help import Command, Group
from .options import FilePath, as_json, writes_to
from .receive_correct import about, with_who
from .receive_office import (
    tell_nameless,
    tell_not_delivered,
    typed_here,
    whose_code,
    with_database,
    with_period,
)
from .show import print_json, print_table, shown_day
from .tell import tell, tell_notes


@click.command("sheet", cls=Command, help="help.sheet")
@with_period
@click.option("--team", help="help.sheet-team")
@click.option(
    "--form",
    type=Keyword(["01a", "01b", "days", "sessions"], lambda one: f"keyword.form-{one}"),
    default="01a",
    show_default=True,
    help="help.sheet-form",
)
@writes_to("help.sheet-output")
@with_database
def sheet(
    database: Database,
    period: Period,
    team: str | None,
    form: Form,
    output: Path | None,
) -> None:
    """Write the sheet of a month, or another period, that workers, foreman and director sign."""
    target = output or Path(f"sheet-{form}-{period.name}.xlsx")
    roll = gather(database, period, team)
    write_sheet(roll, form, "vi" if current() == VIETNAMESE else "en", target)
    doubtful = doubtful_cells(roll)
    left = say("sheet.doubtful", count=doubtful) if doubtful else say("sheet.none-doubtful")
    tell(say("sheet.written", path=target, count=len(roll.people), doubtful=left))
    tell_nameless(database, [one.code for one in roll.people if not one.name])
    tell_not_delivered(database, period)
    for year in sorted({period.first.year, period.last.year}):
        if not roll.site.knows_year(year):
            tell(say("sheet.no-holidays", year=str(year)), err=True)


@click.group("leave", cls=Group, help="help.leave")
def leave_group() -> None:
    """Leave: symbols for days on which somebody was excused, beside the punches."""


@leave_group.command("add", help="help.leave-add")
@click.argument("code")
@click.argument("symbol")
@click.argument("first", metavar="DAY")
@click.option("--to", "last", metavar="DAY", help="help.leave-to")
@click.option("--half", is_flag=True, help="help.leave-half")
@with_database
@with_who
def leave_add(
    database: Database, who: Who, code: str, symbol: str, first: str, last: str | None, half: bool
) -> None:
    """Worker CODE has leave SYMBOL (P, Ô, KL …) on DAY, or from DAY on."""
    first = typed_here(first, to_come=True)
    last = typed_here(last, to_come=True) if last is not None else first
    leave = leave_asked(code, symbol, first, last, half=half)
    numbers = add_leave(database, who, [leave])
    told = {"whose": whose_code(database, leave.code)}
    told |= {"symbol": site_in_force(database).symbol(leave.symbol)}
    told |= {"first": str(leave.first), "last": str(leave.last)}
    if numbers:
        tell(say("sheet.leave-entered", number=numbers[0], **told))
    else:
        tell(say("sheet.leave-stood", **told))


@leave_group.command("import", help="help.leave-import")
@click.argument("file", type=FilePath(exists=True, dir_okay=False, path_type=Path))
@with_database
@with_who
def leave_import(database: Database, who: Who, file: Path) -> None:
    """Enter the rows of FILE, CSV or XLSX: code, symbol, from, to, half. All of them, or none."""
    asked = read_leave_file(file)
    tell_notes(file, asked.notes)
    numbers = add_leave(database, who, asked.leaves)
    tell(say("sheet.leaves-entered", count=len(numbers)))
    if stood := len(asked.leaves) - len(numbers):
        tell(say("sheet.leaves-stood", count=stood))


@leave_group.command("remove", help="help.leave-remove")
@click.argument("number", type=click.IntRange(1, 2**53 - 1))
@with_database
@with_who
def leave_remove(database: Database, who: Who, number: int) -> None:
    """Take back leave NUMBER of the list: it stands no more, and nothing is deleted."""
    if number not in {row.id for row in standing(database, "leave")}:
        raise BadRequest("sheet.leave-no-number", number=number)
    back = undo(database, who, number)
    tell(say("sheet.leave-taken-back", number=number, **about(database, back)))


@leave_group.command("list", help="help.leave-list")
@click.option("--code", help="help.leave-code")
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
                *(one.number, one.leave.code, one.leave.symbol),
                *(shown_day(str(day)) for day in (one.leave.first, one.leave.last)),
                *(say("sheet.half-day") if one.leave.half else "", one.who.actor, one.who.reason),
            )
            for one in found
        ),
        empty=say("sheet.leave-list-empty"),
    )


@click.group("site", cls=Group, help="help.site")
def site_group() -> None:
    """What the site says of itself: its name, holidays, symbols and hours."""


@site_group.command("import", help="help.site-import")
@click.argument("file", type=FilePath(exists=True, dir_okay=False, path_type=Path))
@with_database
@with_who
def site_import(database: Database, who: Who, file: Path) -> None:
    """Take the settings of the site from FILE, TOML: they hold until others are imported."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadRequest("sheet.site-unreadable", path=file, why=because(error)) from error
    except UnicodeDecodeError as error:
        why = Message("table.not-utf8-text")
        raise BadRequest("sheet.site-unreadable", path=file, why=why) from error
    site = import_site(database, who, text)
    tell(say("sheet.site-holds", count=len(site.holidays)))


@site_group.command("show", help="help.site-show")
@as_json
@with_database
def site_show(database: Database, as_json: bool) -> None:
    """The settings in force, as a file to change and import again."""
    if as_json:
        print_json(site_in_force(database))
        return
    click.echo((site_text(database) or say("sheet.site-usual")).rstrip())
