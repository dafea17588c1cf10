"""A clerk at payroll's database: ``receive export``, ``coverage``, ``roster show``."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from ..contract.errors import StoreFault
from ..contract.messages import RosterWorker
from ..contract.stamps import local_time
from ..contract.wording import counted
from ..receiver.coverage import gate_coverage
from ..receiver.databases import open_database
from ..receiver.databases.database import SCHEMES, Database
from ..receiver.databases.schema import check
from ..receiver.effects import UNREADABLE
from ..receiver.office.attlog import write_attlog
from ..receiver.office.export import export
from ..receiver.office.journal import keep_journal
from ..receiver.office.period import Period
from ..receiver.roster.known_workers import roster_shown, told_codes, unlisted
from ..receiver.signs_of_life import DRIFT_PPM
from ..receiver.worktime.keep import renew
from .options import as_json
from .period import with_period
from .show import print_json, print_table

DATABASE = "payroll.db"
"""Where nobody says which."""


@contextmanager
def _opened(where: str) -> Iterator[Database]:
    """The database beside a receiver that may be at work on it."""
    with closing(open_database(where, alone=False)) as database:
        check(database)
        _take_in_lost(database)
        renew(database)
        yield database


def _take_in_lost(database: Database) -> None:
    """Corrections that a restored backup does not have, before anybody is paid from it."""
    try:
        if count := keep_journal(database):
            came = counted(count, "correction")
            click.echo(f"{came} came back from the database's journal.", err=True)
    except StoreFault as fault:
        click.echo(str(fault), err=True)


def with_database(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--database``; without it, what was said before the command's name."""

    @click.option("--database", help="As for the receiver: a SQLite file or postgresql://…")
    @click.pass_context
    @wraps(command)
    def opened(ctx: click.Context, /, database: str | None, **arguments: Any) -> None:
        with _opened(database or str(options_before(ctx)["database"])) as found:
            command(found, **arguments)

    return opened


def options_before(ctx: click.Context) -> dict[str, Any]:
    """The options that stood before the command, at the group that has ``--database``."""
    above = ctx.parent
    while above is not None and "database" not in above.params:
        above = above.parent
    assert above is not None
    return above.params


def who_punches_beside(workers: Iterable[RosterWorker], where: str) -> str:
    """Who punches, and neither these rows nor an earlier roster names them, in a sentence.

    Payroll's database need not be here: a roster may be published from anywhere.
    """
    if not where.startswith(SCHEMES) and not os.path.exists(where):
        return "Who punches and is not in it is not known: name payroll's --database."
    named = {worker.code for worker in workers}
    try:
        with _opened(where) as database:
            strangers = [one.code for one in unlisted(database) if one.code not in named]
    except StoreFault as fault:
        return f"Who punches and is not in it is not known. {fault}"
    if not strangers:
        return "Everybody who punches is in it, or in an earlier roster."
    return (
        f"{counted(len(strangers), 'punches and is', 'punch and are')} not in it: "
        f"{told_codes(strangers)}. What counted before the first roster goes on counting; what "
        "they press from now on does not, until a roster names them."
    )


@click.command("show")
@as_json
@with_database
def show_roster(database: Database, as_json: bool) -> None:
    """The roster in force, whom it names, and who punches without being named."""
    shown = roster_shown(database)
    if as_json:
        print_json(shown)
        return
    if shown.version:
        click.echo(f"Version {shown.version}, in force since {shown.applied_at}:")
    else:
        click.echo("No roster has come: nobody is rejected for being unknown.")
    print_table(
        ("code", "name", "active", "from", "to", "note"),
        (
            (
                *(one.code, one.name, "" if one.active is None else _YES_NO[one.active]),
                *(one.valid_from, one.valid_to),
                "in an earlier roster only" if one.listed is False else "",
            )
            for one in shown.workers
        ),
        empty="Nobody is named.",
    )
    if not shown.unlisted:
        return
    who = counted(len(shown.unlisted), "punches", "punch")
    click.echo(f"\n{who} and no roster has named them:")
    print_table(
        ("code", "punches", "rejected", "last day"),
        ((told_codes([one.code]), one.punches, one.rejected, one.last_day)
         for one in shown.unlisted),
        empty="",
    )  # fmt: skip


_YES_NO = {True: "yes", False: "no"}


@click.command("export")
@with_period
@click.option(
    "--format",
    "kind",
    type=click.Choice(["xlsx", "csv", "attlog"]),
    default="xlsx",
    show_default=True,
    help="attlog: the lines of a ZKTeco terminal's attlog.dat.",
)
@click.option(
    "--view",
    type=click.Choice(["sessions", "punches", "corrections"]),
    default="sessions",
    show_default=True,
    help="What a csv file holds; an xlsx file has all.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="The new file.  [default: attendance-PERIOD]"
)
@with_database
def export_period(
    database: Database, period: Period, kind: str, view: Any, output: Path | None
) -> None:
    """Write a month's sessions and punches, or a period's, for Excel or for a program."""
    if kind == "attlog":
        _export_attlog(database, period, output or Path(f"attlog-{period.name}.dat"))
    else:
        target = output or Path(f"attendance-{period.name}.{kind}")
        count = export(database, period, target, view)
        click.echo(f"{target}: {counted(count, 'row')}")
    _tell_what_is_in_no_file(database)


def _export_attlog(database: Database, period: Period, target: Path) -> None:
    written = write_attlog(database, period, target)
    click.echo(f"{target}: {counted(written.lines, 'line')}")
    if count := written.without_time:
        click.echo(f"{counted(count, 'punch has', 'punches have')} no time, and so no line in it.")


def _tell_what_is_in_no_file(database: Database) -> None:
    strangers = unlisted(database)
    if rejected := sum(one.rejected for one in strangers):
        codes = told_codes(one.code for one in strangers if one.rejected)
        click.echo(
            f"{counted(rejected, 'punch in all does', 'punches in all do')} not count because no"
            f" roster names their workers: {codes} (receive roster show)"
        )
    ((unreadable,),) = database.query(
        "SELECT COUNT(*) FROM rejected WHERE reason = ?", [UNREADABLE]
    )
    if unreadable:
        click.echo(
            f"{counted(unreadable, 'entry is', 'entries are')} kept for a person and in no file:"
            " the view 'rejected'"
        )


@click.command("coverage")
@click.option("--gate", required=True, help="The gate's id.")
@click.option("--from", "begin", required=True, metavar="TIME", help="2026-11-23[T06:00].")
@click.option("--to", "end", required=True, metavar="TIME", help="2026-11-24[T06:00].")
@click.option("--zone", default="Asia/Ho_Chi_Minh", show_default=True, help="The zone of TIME.")
@click.option(
    "--drift-ppm",
    type=click.IntRange(1, 10000),
    default=DRIFT_PPM,
    show_default=True,
    help="The gate's [clock] drift_ppm.",
)
@as_json
@with_database
def show_coverage(
    database: Database, gate: str, begin: str, end: str, zone: str, drift_ppm: int, as_json: bool
) -> None:
    """Was GATE able to record? Judge an absence only where the answer is yes."""
    try:
        where = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise click.BadParameter(f"{zone!r} is no time zone.", param_hint="--zone") from None
    first, last = _moment(begin, where, "--from"), _moment(end, where, "--to")
    if first >= last:
        raise click.BadParameter("it has to come after --from.", param_hint="--to")
    spans = gate_coverage(database, gate, first, last, drift_ppm)
    rows = [
        {
            "from": local_time(span.begin_ms, where),
            "to": local_time(span.end_ms, where),
            "able": span.cover.value,
        }
        for span in spans
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("from", "to", "able to record"),
        ((_short(row["from"]), _short(row["to"]), row["able"]) for row in rows),
        empty="",
    )


def _short(time: str) -> str:
    return time[:19].replace("T", " ")


def _moment(text: str, zone: ZoneInfo, option: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        if not 2000 <= moment.year < 2200:
            raise ValueError("out of range")
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time: write 2026-11-23 or 2026-11-23T06:00.", param_hint=option
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return round(moment.timestamp() * 1000)
