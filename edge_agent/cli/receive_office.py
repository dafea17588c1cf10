"""A clerk at payroll's database: ``receive export``, ``coverage``, ``roster show``."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import wraps
from math import inf
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from ..contract.errors import BadRequest, StoreFault
from ..contract.language import Message, say
from ..contract.messages import RosterWorker
from ..contract.stamps import local_time, parse_time
from ..contract.typed_times import day_in_full, month_in_full, period_in_full, span_in_full
from ..gate.settings.load import load_settings
from ..receiver.connection import ReceiverOptions
from ..receiver.coverage import gate_coverage
from ..receiver.databases import open_database
from ..receiver.databases.database import SCHEMES, Database
from ..receiver.databases.schema import check
from ..receiver.effects import UNREADABLE
from ..receiver.office.attlog import write_attlog
from ..receiver.office.delivered import Delivered, not_delivered
from ..receiver.office.export import export
from ..receiver.office.journal import keep_journal
from ..receiver.office.period import Period, period_of
from ..receiver.roster.known_workers import (
    forget_name,
    holders,
    roster_shown,
    told_codes,
    unlisted,
)
from ..receiver.signs_of_life import DRIFT_PPM
from ..receiver.worktime.keep import renew
from ..receiver.worktime.shifts import ZONE
from .complete import Keyword
from .help import Command
from .moments import moment, refuse_either_of_two, refuse_unclear_day
from .options import as_json, ask_a_person, refuse_problems, writes_to, yes_option
from .show import print_json, print_table, shown_day, who
from .tell import tell

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
            tell(say("payroll.came-back", count=count), err=True)
    except StoreFault as fault:
        tell(say(fault.message), err=True)


def with_database(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--database``; without it, what was said before the command's name."""

    @click.option("--database", help="help.office-database")
    @click.pass_context
    @wraps(command)
    def opened(ctx: click.Context, /, database: str | None, **arguments: Any) -> None:
        before = str(options_before(ctx)["database"])
        with _opened(before if database is None else database) as found:
            command(found, **arguments)

    return opened


def first_day_typed(text: str) -> str:
    """The first day of what was typed for ``--since``: a day, a week or a month."""
    span = span_in_full(text.strip(), datetime.now(ZONE).date())
    return span[0][:10] if span else typed_here(text)


def typed_here(text: str, zone: ZoneInfo = ZONE, *, to_come: bool = False) -> str:
    """A day that was typed, in full, by this machine's clock."""
    text, today = text.strip(), datetime.now(zone).date()
    refuse_either_of_two(text, today, to_come=to_come)
    refuse_unclear_day(text, today, to_come=to_come)
    return day_in_full(text, today, to_come=to_come)


def month_typed(text: str) -> str:
    """A month that was typed, in full, by this machine's clock, which is told where it leans on
    that."""
    text = text.strip()
    month = month_in_full(text, datetime.now(ZONE).date())
    if month is None or month_in_full(text, None) is not None:
        return text
    tell(say("sheet.which-month", month=month[5:], year=month[:4]), err=True)
    return month


def with_period(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--month``, or ``--from`` and ``--to``, and hand it that as ``period``."""

    @click.option("--month", help="help.period-month")
    @click.option("--from", "first", metavar="DAY", help="help.period-from")
    @click.option("--to", "last", metavar="DAY", help="help.period-to")
    @wraps(command)
    def asked(
        *arguments: Any, month: str | None, first: str | None, last: str | None, **named: Any
    ) -> None:
        if first is not None and last is not None:
            today = datetime.now(ZONE).date()
            for one in (first, last):
                refuse_either_of_two(one, today)
            first, last = period_in_full(first.strip(), last.strip(), today)
        month = month if month is None else month_typed(month)
        command(*arguments, period=period_of(month, first, last), **named)

    return asked


def options_before(ctx: click.Context) -> dict[str, Any]:
    """The options that stood before the command, at the group that has ``--database``."""
    above = ctx.parent
    while above is not None and "database" not in above.params:
        above = above.parent
    assert above is not None
    return above.params


def stated_database() -> str | None:
    """What a command that is copied has to name; the default is named nowhere."""
    context = click.get_current_context()
    before = options_before(context)["database"]
    stated = context.params["database"] or (before if before != DATABASE else None)
    return None if stated is None else str(stated)


def options_of(config: Path | None, database: str, **flags: Any) -> ReceiverOptions:
    """What was given on the command line, over a gate's settings file. Raises BadRequest."""
    wanted: dict[str, Any] = {}
    if config is not None:
        mqtt = load_settings(config).mqtt
        taken = ("host", "port", "tls", "ca_file", "protocol", "root")
        wanted = {name: getattr(mqtt, name) for name in taken}
    wanted |= {name: value for name, value in flags.items() if value is not None}
    try:
        options = msgspec.convert({"database": database, **wanted}, ReceiverOptions)
    except msgspec.ValidationError as error:
        raise BadRequest("payroll.bad-options", why=str(error)) from error
    refuse_problems(options.access)
    return options


def who_punches_beside(workers: Iterable[RosterWorker], where: str) -> Message:
    """Who punches, and neither these rows nor an earlier roster names them.

    Payroll's database need not be here: a roster may be published from anywhere.
    """
    if not where.startswith(SCHEMES) and not os.path.exists(where):
        return Message("roster.punches-unknown")
    named = {worker.code for worker in workers}
    try:
        with _opened(where) as database:
            strangers = [one.code for one in unlisted(database) if one.code not in named]
    except StoreFault as fault:
        return Message("roster.punches-unknown-because", why=fault)
    if not strangers:
        return Message("roster.everybody-listed")
    return Message("roster.strangers", count=len(strangers), codes=told_codes(strangers))


@click.command("forget", cls=Command, help="help.roster-forget")
@click.argument("code")
@yes_option
@with_database
def forget_roster(database: Database, code: str, yes: bool) -> None:
    """The name of a worker who has left goes from payroll's database and its files."""
    names = dict(database.query("SELECT code, name FROM known_workers WHERE code = ?", [code]))
    if names:
        ask_a_person(yes, lambda: say("roster.forget-asks", whose=who(code, names)))
    if not forget_name(database, code):
        raise BadRequest("roster.no-name", code=code)
    tell(say("roster.forgotten", code=code))


@click.command("show", cls=Command, help="help.roster-show")
@as_json
@with_database
def show_roster(database: Database, as_json: bool) -> None:
    """The roster in force, whom it names, and who punches without being named."""
    shown = roster_shown(database)
    if as_json:
        print_json(shown)
        return
    if shown.version:
        tell(
            say("roster.in-force", version=shown.version, since=at_payroll(shown.applied_at or ""))
        )
    else:
        tell(say("roster.none"))
    print_table(
        ("code", "name", "active", "from", "to", "note"),
        (
            (
                *(one.code, one.name, "" if one.active is None else say(_YES_NO[one.active])),
                *(shown_day(one.valid_from), shown_day(one.valid_to)),
                say("roster.earlier-only") if one.listed is False else "",
            )
            for one in shown.workers
        ),
        empty=say("roster.nobody"),
    )
    if not shown.unlisted:
        return
    click.echo()
    tell(say("roster.unlisted", count=len(shown.unlisted)))
    print_table(
        ("code", "punches", "rejected", "last-day"),
        ((say(told_codes([one.code])), one.punches, one.rejected, shown_day(one.last_day))
         for one in shown.unlisted),
        empty="",
    )  # fmt: skip


_YES_NO = {True: "roster.yes", False: "roster.no"}


@click.command("export", cls=Command, help="help.export")
@with_period
@click.option(
    "--format",
    "kind",
    type=click.Choice(["xlsx", "csv", "attlog"]),
    default="xlsx",
    show_default=True,
    help="help.export-format",
)
@click.option(
    "--view",
    type=Keyword(["sessions", "punches", "corrections"], lambda one: f"keyword.view-{one}"),
    default="sessions",
    show_default=True,
    help="help.export-view",
)
@writes_to("help.export-output")
@with_database
def export_period(
    database: Database, period: Period, kind: str, view: Any, output: Path | None
) -> None:
    """Write a month's sessions and punches, or a period's, for Excel or for a program."""
    if kind == "attlog":
        _export_attlog(database, period, output or Path(f"attlog-{period.name}.dat"))
    else:
        target = output or Path(f"attendance-{period.name}.{kind}")
        written = export(database, period, target, view)
        sheets = [_rows_of(one, n, written.states) for one, n in written.rows.items()]
        tell(say("payroll.rows", path=target, sheets=sheets))
        tell_nameless(database, written.nameless)
    tell_not_delivered(database, period)
    _tell_what_is_in_no_file(database)


def _rows_of(sheet: str, count: int, states: dict[str, int]) -> Message:
    """Of punches those that count come first: after damages there are many copies beside them."""
    others = {state: n for state, n in states.items() if state != "valid"}
    if sheet != "punches" or not others:
        return Message(f"payroll.rows-{sheet}", count=count)
    beside = [
        Message("payroll.rows-beside", number=n, state=Message(f"paper.state_{state}"))
        for state, n in others.items()
    ]
    return Message("payroll.rows-punches-counted", count=states.get("valid", 0), beside=beside)


def tell_nameless(database: Database, codes: list[str]) -> None:
    """Who stands in a file by the code alone, and how names come there."""
    if codes:
        told = {"count": len(codes), "codes": told_codes(codes)}
        version = roster_shown(database).version
        tell(say("payroll.nameless-listed" if version else "payroll.nameless", **told))


_MOST_GATES = 10
"""That are told of: more of them are counted."""


def tell_not_delivered(database: Database, period: Period) -> None:
    """Until when each gate has delivered, where presses of the period may still come."""
    for told in told_not_delivered(not_delivered(database, period)):
        tell(say(told))


def told_not_delivered(lacking: list[Delivered]) -> Iterator[Message]:
    """What is said of them: of some each, and how many more there are."""
    for one in lacking[:_MOST_GATES]:
        until = (one.until or "")[:16]
        yield Message(f"payroll.delivered-{one.lacking}", gate=one.gate, until=until)
    if len(lacking) > _MOST_GATES:
        yield Message("payroll.delivered-more", count=len(lacking) - _MOST_GATES)


def _export_attlog(database: Database, period: Period, target: Path) -> None:
    written = write_attlog(database, period, target)
    tell(say("payroll.lines", path=target, count=written.lines))
    if count := written.without_time:
        tell(say("payroll.no-time", count=count))


def _tell_what_is_in_no_file(database: Database) -> None:
    strangers = unlisted(database)
    if rejected := sum(one.rejected for one in strangers):
        codes = told_codes(one.code for one in strangers if one.rejected)
        tell(say("payroll.not-counted", count=rejected, codes=codes))
    ((unreadable,),) = database.query(
        "SELECT COUNT(*) FROM rejected WHERE reason = ?", [UNREADABLE]
    )
    if unreadable:
        tell(say("payroll.unreadable-kept", count=unreadable))


@click.command("coverage", cls=Command, help="help.coverage")
@click.option("--gate", required=True, help="help.coverage-gate")
@click.option("--from", "begin", required=True, metavar="TIME", help="help.coverage-from")
@click.option("--to", "end", required=True, metavar="TIME", help="help.coverage-to")
@click.option("--zone", default="Asia/Ho_Chi_Minh", show_default=True, help="help.coverage-zone")
@click.option(
    "--drift-ppm",
    type=click.IntRange(1, 10000),
    default=DRIFT_PPM,
    show_default=True,
    help="help.coverage-drift",
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
        raise click.BadParameter(say("clerk.no-zone", name=zone), param_hint="--zone") from None
    first, last = moment(begin, where, "--from"), moment(end, where, "--to")
    if first >= last:
        raise click.BadParameter(say("payroll.ends-before"), param_hint="--to")
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
        ("begin", "end", "able"),
        (
            (
                *(say("words.moment", at=row[end]) for end in ("from", "to")),
                say(f"payroll.able-{row['able']}"),
            )
            for row in rows
        ),
        empty="",
    )


def whose_code(database: Database, code: str, at_ms: float = inf) -> str:
    """The name and the code of whoever had a code then (milliseconds since 1970), or has it."""
    name = holders(database).at(code, at_ms)
    return who(code, {code: name} if name else {})


def at_payroll(at: str) -> str:
    """A time as payroll's people have it: its own clock is noted in UTC."""
    return local_time(parse_time(at), ZONE) if at.endswith("Z") else at
