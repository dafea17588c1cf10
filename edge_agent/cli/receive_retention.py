"""``edge-agent receive retention``: which years payroll holds, and until when it has to."""

import click
from msgspec import to_builtins

from ..contract.language import say
from ..receiver.databases.database import Database
from ..receiver.office.retention import YEARS, kept_years
from .help import Command
from .options import as_json
from .receive_correct import now
from .receive_office import at_payroll, with_database
from .show import print_json, print_table, shown_day
from .tell import tell


@click.command("retention", cls=Command, help="help.receive-retention")
@click.option(
    "--years",
    type=click.IntRange(1, 100),
    default=YEARS,
    show_default=True,
    help="help.receive-retention-years",
)
@as_json
@with_database
def show_retention(database: Database, years: int, as_json: bool) -> None:
    today, rows = at_payroll(now())[:10], kept_years(database, years)
    is_over = [one.over is not None and one.over <= today for one in rows]
    if as_json:
        told = zip(rows, is_over, strict=True)
        print_json([{**to_builtins(one), "is_over": over} for one, over in told])
        return
    print_table(
        ("year", "punches", "workers", "over"),
        (
            (
                one.year or say("kept.no-date"),
                one.punches,
                one.workers,
                say("kept.is-over", day=one.over) if over else shown_day(one.over),
            )
            for one, over in zip(rows, is_over, strict=True)
        ),
        empty=say("kept.no-hours"),
    )
    tell(say("kept.years-over" if any(is_over) else "kept.none-over", count=years))
