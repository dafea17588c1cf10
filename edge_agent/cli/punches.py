"""``edge-agent punches``: what was recorded, for people."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from msgspec import structs

from ..contract.attendance import attendance
from ..contract.chain import stamp_of
from ..contract.facts import Direction
from ..contract.stamps import parse_time
from ..gate.daemon.assembly import Assembly
from ..gate.ledger.store.sqlite_store import SqliteStore
from ..gate.people.requests import AddPunch, VoidPunch
from ..gate.settings.schema import Settings
from .carry_out import carry_out
from .options import as_json, with_settings
from .show import print_json, print_table

_DAY_MS = 86_400_000
"""How far back a shift may have begun; and a corrected clock put later entries before earlier."""


@click.group()
def punches() -> None:
    """The punches of this gate."""


@punches.command("list")
@click.option("--since", metavar="TIME", help="Only from this local time on: 2026-11-23[T06:00].")
@as_json
@with_settings
def list_(settings: Settings, since: str | None, as_json: bool) -> None:
    """All punches by time, with the working day: a night shift belongs to the day it began.

    A punch whose time is not known (yet) shows between which times it was, and is always listed.
    """
    assembly = Assembly(settings)
    first_ms = _moment(since, assembly.zone) if since is not None else None
    store = assembly.store_for_reading()
    holders = store.holders()
    entries = list(_entries_since(store, first_ms))
    entries.reverse()
    found = [
        {**structs.asdict(punch), "name": holders.at(punch.worker, punch.seq)}
        for punch in attendance(entries, assembly.zone)
        if first_ms is None or punch.at is None or parse_time(punch.at) >= first_ms
    ]
    if as_json:
        print_json(found)
        return
    print_table(
        ("seq", "day", "time", "code", "name", "direction", "note"),
        (
            (
                punch["seq"],
                punch["working_day"],
                _when(punch),
                punch["worker"],
                punch["name"],
                punch["direction"],
                _note(punch),
            )
            for punch in found
        ),
        empty=f"No punches since {since}." if since else "No punches yet.",
    )


@punches.command()
@click.argument("seq", type=int)
@click.option("--reason", required=True, help="A code, such as wrong-worker: never a name.")
@as_json
@with_settings
def void(settings: Settings, seq: int, reason: str, as_json: bool) -> None:
    """Withdraw punch SEQ: payroll is told not to count it. Nothing is deleted."""
    result = carry_out(settings, VoidPunch(seq=seq, reason=reason))
    if as_json:
        print_json(result)
    else:
        click.echo(f"Punch {seq} of {result['worker']} is voided (entry {result['seq']}).")


@punches.command()
@click.argument("code")
@click.option("--at", required=True, metavar="TIME", help="Local time: 2026-11-23T06:00.")
@click.option("--reason", required=True, help="A code, such as forgot-to-press: never a name.")
@click.option("--direction", type=click.Choice([way.value for way in Direction]))
@click.option("--force", is_flag=True, help="Although the time or the worker is odd.")
@as_json
@with_settings
def add(settings: Settings, as_json: bool, **asked: Any) -> None:
    """Add a punch of worker CODE, on a supervisor's word."""
    result = carry_out(settings, AddPunch(**asked))
    if as_json:
        print_json(result)
    else:
        click.echo(
            f"A punch of {result['worker']} at {_local(result['at'])} is added "
            f"(entry {result['seq']})."
        )


def _entries_since(store: SqliteStore, first_ms: int | None) -> Iterator[dict[str, Any]]:
    """The data of the entries, the last one first, as far back as one may be of ``first_ms``."""
    for _, data in store.newest_first():
        yield data
        stamp = stamp_of(data)
        if first_ms is not None and stamp.trusted and stamp.wall_ms < first_ms - _DAY_MS:
            return


def _when(punch: dict[str, Any]) -> str:
    if punch["at"]:
        return _local(punch["at"])
    low, high = punch["not_before"], punch["not_after"]
    if low and high:
        return f"{_local(low)} … {_local(high)}"
    if low:
        return f"after {_local(low)}"
    return f"before {_local(high)}" if high else "time not known yet"


def _note(punch: dict[str, Any]) -> str | None:
    if punch["voided"]:
        return f"voided: {punch['voided']}"
    if punch["kind"] == "punch.added":
        return "added by a supervisor"
    if punch["kind"] == "punch.recovered":
        return "recovered"
    return f"repeat of {punch['of']}" if punch["of"] else None


def _local(at: str) -> str:
    return at[:19].replace("T", " ")


def _moment(text: str, zone: ZoneInfo) -> int:
    """Milliseconds since 1970 of a local time given by a person."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time: write 2026-11-23 or 2026-11-23T06:00.", param_hint="--since"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return round(moment.timestamp() * 1000)
