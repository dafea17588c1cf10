"""``receive correct``: payroll's own corrections, and how they are taken back."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, get_args

import click

from ..contract.wording import counted
from ..receiver.databases.database import Database
from ..receiver.office.correct import add, move, undo, void
from ..receiver.office.correction_file import restore
from ..receiver.office.correction_list import Wanted, listed
from ..receiver.office.journal import PAYROLL, What, Who
from .options import as_json
from .receive_office import with_database
from .show import print_json, print_table


def now() -> str:
    """What time it is, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def with_who(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--actor`` and ``--reason``, and hand it who decides and why."""

    @click.option(
        "--actor",
        required=True,
        envvar="EDGE_AGENT_ACTOR",
        show_envvar=True,
        help="Who decides: a code, not a name.",
    )
    @click.option("--reason", required=True, help="Why.")
    @wraps(command)
    def said(database: Database, /, actor: str, reason: str, **arguments: Any) -> None:
        command(database, Who.said(actor, reason, now()), **arguments)

    return said


@click.group()
def correct() -> None:
    """Payroll's own corrections, beside the entries: who, why, and nothing is ever changed."""


_zone = click.option(
    "--zone", default="Asia/Ho_Chi_Minh", show_default=True, help="The zone of AT."
)
_direction = click.option("--direction", type=click.Choice(["in", "out"]))
_seq = click.argument("seq", type=click.IntRange(1, 2**53 - 1))


@correct.command("void")
@click.argument("ledger")
@_seq
@with_database
@with_who
def correct_void(database: Database, who: Who, ledger: str, seq: int) -> None:
    """A punch counts no more, or a rejected entry is settled: entry SEQ of LEDGER."""
    number = void(database, who, ledger, seq)
    click.echo(f"Voided: entry {seq} of ledger {ledger}. {_UNDO.format(number)}")


@correct.command("add")
@click.argument("code")
@click.argument("at")
@_direction
@click.option("--gate", help="Where it should have been recorded.")
@_zone
@click.option("--force", is_flag=True, help="Although the time or the worker is odd.")
@with_database
@with_who
def correct_add(database: Database, who: Who, code: str, at: str, **details: Any) -> None:
    """Enter a punch that no gate has: worker CODE at the local time AT (2026-11-23T07:00)."""
    number = add(database, who, code, at, **details)
    click.echo(f"Entered: {code} at {at}, as entry {number} of ledger {PAYROLL}.")


@correct.command("move")
@click.argument("ledger")
@_seq
@click.argument("at", required=False)
@_direction
@_zone
@click.option("--force", is_flag=True, help="Although the time is odd.")
@with_database
@with_who
def correct_move(
    database: Database, who: Who, ledger: str, seq: int, at: str | None, **details: Any
) -> None:
    """A punch was at another time, AT, or in another direction: entry SEQ of LEDGER.

    What the gate wrote stays as the evidence.
    """
    moved = move(database, who, ledger, seq, at, **details)
    was = "without a time" if moved.was is None else f"at {moved.was}"
    click.echo(
        f"Moved: {moved.code}, entry {seq} of ledger {ledger}, until now {was}."
        f" {_UNDO.format(moved.number)}"
    )


@correct.command("undo")
@click.argument("number", type=click.IntRange(1, 2**53 - 1))
@with_database
@with_who
def correct_undo(database: Database, who: Who, number: int) -> None:
    """Take back a correction by its NUMBER: nothing is removed, and it stands no more."""
    back = undo(database, who, number)
    click.echo(f"Taken back: correction {number} ({back.what}, {back.actor}: {back.reason}).")


@correct.command("list")
@click.option("--what", type=click.Choice(sorted({*get_args(What)} - {"closed"})))
@click.option("--code", help="Of this worker.")
@click.option("--actor", help="By whom.")
@click.option("--since", help="Made on this day or later: 2026-11-23.")
@click.option("--month", help="About days of this month: 2026-11.")
@as_json
@with_database
def correct_list(database: Database, as_json: bool, **wanted: str | None) -> None:
    """What was corrected, by whom and why."""
    rows = listed(database, Wanted(**wanted))
    if as_json:
        print_json(rows)
        return
    print_table(
        ("no", "made", "actor", "what", "worker", "was", "is", "note"),
        (
            (
                *(row.number, row.made_at[:10], row.actor, row.what, row.code),
                *(_short(row.was), _short(row.at) or row.direction),
                row.reason + (f" (taken back by {row.undone_by})" if row.undone_by else ""),
            )
            for row in rows
        ),
        empty="Nothing was corrected.",
    )


@correct.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_database
def correct_import(database: Database, file: Path) -> None:
    """Take in the corrections of a month's FILE, where the database and its journal were lost."""
    count = restore(database, file)
    click.echo(f"{counted(count, 'correction')} came back from {file}.")


_UNDO = "To take it back: receive correct undo {}."


def _short(at: str | None) -> str:
    return (at or "")[:16].replace("T", " ")
