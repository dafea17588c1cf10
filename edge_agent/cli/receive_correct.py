"""``receive correct``: payroll's own corrections, and how they are taken back."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from math import inf
from pathlib import Path
from shlex import join
from typing import Any, get_args

import click

from ..contract.language import Message, say
from ..receiver.databases.database import Database
from ..receiver.office.closing.close import closed_on
from ..receiver.office.correct import add, move, undo, void
from ..receiver.office.correction_file import restore
from ..receiver.office.correction_list import ListedCorrection, Wanted, listed
from ..receiver.office.journal import PAYROLL, Correction, What, Who
from ..receiver.office.leave import leave_of
from ..receiver.office.period import day_of, month_of
from ..receiver.worktime.shifts import ZONE
from .complete import Keyword, direction_option
from .help import group
from .moments import refuse_unsure
from .options import FilePath, as_json
from .receive_office import (
    at_payroll,
    first_day_typed,
    month_typed,
    stated_database,
    whose_code,
    with_database,
)
from .show import print_json, print_table, shown_day, shown_moment
from .tell import tell


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
        help="help.actor",
    )
    @click.option("--reason", required=True, help="help.reason")
    @wraps(command)
    def said(database: Database, /, actor: str, reason: str, **arguments: Any) -> None:
        command(database, Who.said(actor, reason, now()), **arguments)

    return said


@group(help="help.correct", elsewhere={"choose": "receive_settle", "keep": "receive_settle"})
def correct() -> None:
    """The group of the commands below."""


_zone = click.option(
    "--zone", default="Asia/Ho_Chi_Minh", show_default=True, help="help.zone-of-at"
)
_seq = click.argument("seq", type=click.IntRange(1, 2**53 - 1))


@correct.command("void", help="help.correct-void")
@click.argument("ledger")
@_seq
@with_database
@with_who
def correct_void(database: Database, who: Who, ledger: str, seq: int) -> None:
    """A punch counts no more, or a rejected entry is settled: entry SEQ of LEDGER."""
    number = void(database, who, ledger, seq)
    if told := _punch(database, ledger, seq):
        tell(say("clerk.voided", **told, seq=seq, ledger=ledger))
    else:
        tell(say("clerk.voided-unreadable", seq=seq, ledger=ledger))
    _tell_undo(who, number)
    _tell_closed(database, ledger, seq)


@correct.command("add", help="help.correct-add")
@click.argument("code")
@click.argument("at")
@direction_option
@click.option("--gate", help="help.gate-of-punch")
@_zone
@click.option("--force", is_flag=True, help="help.force-odd")
@with_database
@with_who
def correct_add(database: Database, who: Who, code: str, at: str, **details: Any) -> None:
    """Enter a punch that no gate has: worker CODE at the local time AT (2026-11-23T07:00)."""
    refuse_unsure(at, datetime.fromisoformat(now()).astimezone(ZONE))
    number = add(database, who, code, at, **details)
    tell(say("clerk.entered", **_punch(database, PAYROLL, number), number=number))
    _tell_undo(who, number)
    _tell_closed(database, PAYROLL, number)


@correct.command("move", help="help.correct-move")
@click.argument("ledger")
@_seq
@click.argument("at", required=False)
@direction_option
@_zone
@click.option("--force", is_flag=True, help="help.force-odd")
@with_database
@with_who
def correct_move(
    database: Database, who: Who, ledger: str, seq: int, at: str | None, **details: Any
) -> None:
    """A punch was at another time, AT, or in another direction: entry SEQ of LEDGER.

    What the gate wrote stays as the evidence.
    """
    if at is not None:
        refuse_unsure(at, datetime.fromisoformat(now()).astimezone(ZONE))
    moved = move(database, who, ledger, seq, at, **details)
    was = _what(moved.was_direction, moved.was)
    tell(say("clerk.moved", **_punch(database, ledger, seq), was=was, seq=seq, ledger=ledger))
    _tell_undo(who, moved.number)
    _tell_closed(database, ledger, seq, moved.was)


def _tell_undo(who: Who, number: int) -> None:
    """How a correction is taken back, whole, to be copied."""
    words = ["edge-agent", "receive", "correct", "undo", str(number), "--actor", who.actor]
    words += ["--reason", say("clerk.reason-undo")]
    if (database := stated_database()) is not None:
        words += ["--database", database]
    tell(say("clerk.undo", line=join(words)))


@correct.command("undo", help="help.correct-undo")
@click.argument("number", type=click.IntRange(1, 2**53 - 1))
@with_database
@with_who
def correct_undo(database: Database, who: Who, number: int) -> None:
    """Take back a correction by its NUMBER: nothing is removed, and it stands no more."""
    back = undo(database, who, number)
    kind = Message(f"clerk.what-{back.what}")
    told = {"number": number, "kind": kind, "actor": back.actor, "reason": back.reason}
    if whose := about(database, back):
        tell(say("clerk.taken-back-of", **whose, **told))
    else:
        tell(say("clerk.taken-back", **told))


_LISTED = sorted({*get_args(What)} - {"closed"})


@correct.command("list", help="help.correct-list")
@click.option(
    "--what", type=Keyword(_LISTED, lambda one: f"clerk.what-{one}"), help="help.list-what"
)
@click.option("--code", help="help.list-code")
@click.option("--actor", help="help.list-actor")
@click.option("--since", help="help.list-since")
@click.option("--month", help="help.list-month")
@as_json
@with_database
def correct_list(database: Database, as_json: bool, **wanted: str | None) -> None:
    """What was corrected, by whom and why."""
    if (since := wanted["since"]) is not None:
        wanted["since"] = day_of(first_day_typed(since)).isoformat()
    if (month := wanted["month"]) is not None:
        wanted["month"] = month_of(month_typed(month)).name
    rows = listed(database, Wanted(**wanted))
    if as_json:
        print_json(rows)
        return
    print_table(
        ("no", "made", "actor", "what", "worker", "was", "is", "note"),
        (
            (
                *(row.number, shown_day(row.made_on), row.actor),
                *(say(f"clerk.what-{row.what}"), row.code),
                *(shown_moment(row.was), shown_moment(row.at) or _way(row.direction)),
                _reason(row),
            )
            for row in rows
        ),
        empty=say("clerk.nothing-corrected"),
    )


@correct.command("import", help="help.correct-import")
@click.argument("file", type=FilePath(exists=True, dir_okay=False, path_type=Path))
@with_database
def correct_import(database: Database, file: Path) -> None:
    """Take in the corrections of a month's FILE, where the database and its journal were lost."""
    count = restore(database, file)
    tell(say("clerk.came-back", count=count, file=file))


def about(database: Database, back: Correction) -> dict[str, Any]:
    """Whom a correction is about, and what of theirs; nothing where it is about nobody."""
    if back.what == "leave":
        leave = leave_of(back).leave
        what = say("sheet.leave-what", symbol=leave.symbol, first=leave.first, last=leave.last)
        return {"whose": whose_code(database, leave.code), "what": [what]}
    if back.what in ("add", "void", "move"):
        place = (PAYROLL, back.id) if back.what == "add" else (back.ledger, back.seq)
        return _punch(database, *place)
    if back.code is not None:
        day = shown_day(back.day) or say("clerk.undated")
        return {"whose": whose_code(database, back.code), "what": [day]}
    return {}


def _punch(database: Database, ledger: str | None, seq: int | None) -> dict[str, Any]:
    """Whose punch an entry is, which way it led and when, as it stands by now; nothing where that
    cannot be read."""
    found = database.query(
        "SELECT code, direction, at, at_ms FROM judged WHERE ledger = ? AND seq = ?", [ledger, seq]
    )
    for code, direction, at, at_ms in found:
        whose = whose_code(database, code, inf if at_ms is None else at_ms)
        return {"whose": whose, "what": _what(direction, at)}
    return {}


def _what(direction: str | None, at: str | None) -> list[str]:
    when = say("words.moment", at=at_payroll(at)) if at else say("punch.unknown-time")
    return [*([_way(direction)] if direction else []), when]


def _tell_closed(database: Database, ledger: str, seq: int, was: str | None = None) -> None:
    """Whoever corrects a day that is closed has to know that it is not paid with that month."""
    found = database.query("SELECT day FROM judged WHERE ledger = ? AND seq = ?", [ledger, seq])
    days = [*(day for (day,) in found), was and was[:10]]
    for period in closed_on(database, days):
        tell(say("clerk.in-closed", period=period.name))


def _reason(row: ListedCorrection) -> str:
    if row.undone_by is None:
        return row.reason
    return say("clerk.undone", reason=row.reason, number=row.undone_by)


def _way(direction: str | None) -> str:
    return say(f"clerk.way-{direction}") if direction else ""
