"""``receive close`` and ``receive diff``: a month that was signed, and what came of it since."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import click
import msgspec

from ..contract.errors import BadRequest
from ..contract.language import say
from ..contract.stamps import utc_time
from ..receiver.databases.database import Database
from ..receiver.office.closing.close import (
    close,
    closed_numbers,
    closings,
    every_closing,
    supplement,
)
from ..receiver.office.closing.differences import Difference, differences
from ..receiver.office.closing.numbers import ClosedSession, numbers
from ..receiver.office.closing.since import as_in_file, as_on, of_file
from ..receiver.office.journal import Who
from ..receiver.office.period import Period
from ..receiver.worktime.shifts import ZONE
from .help import Command
from .options import as_json
from .receive_correct import with_who
from .receive_office import (
    at_payroll,
    first_day_typed,
    tell_not_delivered,
    with_database,
    with_period,
)
from .show import print_json, print_table, shown_day
from .tell import tell


@click.command("close", cls=Command, help="help.close")
@with_period
@click.option("--supplement", "later", is_flag=True, help="help.close-supplement")
@click.option("--force", is_flag=True, help="help.close-force")
@with_database
@with_who
def close_period(database: Database, who: Who, period: Period, later: bool, force: bool) -> None:
    """Close a month: its numbers stay as they are, and what comes later is a supplement."""
    if later:
        added, found = supplement(database, who, period, force=force)
        _print(found)
        tell(say("clerk.supplement-closed", number=added.number, period=period.name))
        return
    closed = close(database, who, period, force=force)
    tell(say("clerk.is-closed", period=period.name, count=len(closed.workers)))
    if closed.left:
        tell(say("clerk.left-open", count=len(closed.left)))
    tell_not_delivered(database, period)


@click.command("closings", cls=Command, help="help.closings")
@as_json
@with_database
def list_closings(database: Database, as_json: bool) -> None:
    """Which periods are closed, by whom, and what went into supplements."""
    found = every_closing(database)
    rows = [
        {
            "period": one.period.name,
            "supplement": one.number,
            "closed_at": one.who.made_at,
            "actor": one.who.actor,
            "reason": one.who.reason,
            "workers": len(one.workers),
            "left": len(one.left),
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("period", "supplement", "closed", "actor", "workers", "left", "note"),
        (
            (
                *(
                    row["period"],
                    row["supplement"] or "",
                    shown_day(at_payroll(str(row["closed_at"]))[:10]),
                ),
                *(row["actor"], row["workers"], row["left"], row["reason"]),
            )
            for row in rows
        ),
        empty=say("clerk.nothing-closed"),
    )


@click.command("diff", cls=Command, help="help.diff")
@with_period
@click.option("--since", metavar="FILE|DAY", help="help.diff-since")
@click.option("--supplement", "of", type=click.IntRange(1), help="help.diff-supplement")
@as_json
@with_database
def show_differences(
    database: Database, period: Period, since: str | None, of: int | None, as_json: bool
) -> None:
    """What has come of a month since it was closed, or since a file or a day: who, how many
    minutes.

    Exit code 0 where nothing has, 1 where something has.
    """
    found = _since(database, period, since) if since else _since_closed(database, period, of)
    if as_json:
        print_json([_as_builtins(one) for one in found])
    else:
        _print(found)
    click.get_current_context().exit(1 if found else 0)


def _since_closed(database: Database, period: Period, of: int | None) -> list[Difference]:
    closed = closings(database, period)
    if of is None:
        return differences(closed_numbers(closed), numbers(database, period))
    if of >= len(closed):
        raise BadRequest("clerk.no-supplement", period=period.name, number=of)
    return differences(closed_numbers(closed, of - 1), closed_numbers(closed, of))


def _since(database: Database, period: Period, since: str) -> list[Difference]:
    now = numbers(database, period)
    if Path(since).exists():
        return differences(of_file(Path(since)), as_in_file(now))
    try:
        midnight = datetime.combine(date.fromisoformat(first_day_typed(since)), time(), ZONE)
    except ValueError:
        raise BadRequest("clerk.no-since", text=since) from None
    return differences(as_on(database, utc_time(int(midnight.timestamp()) * 1000), period), now)


def _as_builtins(one: Difference) -> dict[str, Any]:
    return {**msgspec.to_builtins(one), "minutes": one.seconds // 60}


def _print(found: Iterable[Difference]) -> None:
    rows = list(found)
    print_table(
        ("worker", "date", "before", "now", "minutes", "note"),
        (
            (
                *(one.code, shown_day(one.date), _hours(one.before), _hours(one.after)),
                *(f"{one.seconds / 60:+.0f}", "; ".join(_note(one))),
            )
            for one in rows
        ),
        empty=say("clerk.nothing-changed"),
    )
    if rows:
        total = sum(one.seconds for one in rows) / 60
        count = len({one.code for one in rows})
        tell(say("clerk.difference", count=count, minutes=f"{total:+.0f}"))


def _note(one: Difference) -> Iterator[str]:
    if one.was != one.now:
        yield f"{_times(one.was)} -> {_times(one.now)}"
    if one.leave_was or one.leave_now:
        yield say("clerk.other-leave")


def _times(sessions: list[ClosedSession]) -> str:
    return ", ".join(f"{_clock(one['in_at'])}-{_clock(one['out_at'])}" for one in sessions) or "-"


def _clock(at: str | None) -> str:
    if at is None:
        return "?"
    return at_payroll(at)[11:16]


def _hours(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}"
