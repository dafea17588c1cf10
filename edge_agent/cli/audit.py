"""``edge-agent audit``: who changed what, and when, from the ledger and those before it."""

import pwd
from collections.abc import Iterator
from contextlib import closing
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

import click

from ..contract.chain import stamp_of
from ..contract.errors import EdgeAgentError
from ..contract.kinds import ACTS, KINDS, kind_of
from ..contract.language import Message, is_name, say
from ..contract.people import Holders
from ..contract.rights import user
from ..contract.stamps import true_time
from ..gate.daemon.assembly import Assembly
from ..gate.ledger.store.sqlite_store import SqliteStore
from ..gate.settings.schema import Settings
from .carry_out import who
from .help import group
from .options import as_json, with_settings
from .show import print_json
from .since import entries_since, moment
from .tell import tell

_A_USER = "uid:"

_OF_THE_GATE = ("payroll", "gate")
"""Who is no user of the machine."""

_INDENT = " " * 4


@group(help="help.audit")
def audit() -> None:
    """Who did what."""


@audit.command("list", help="help.audit-list")
@click.option("--since", metavar="TIME", help="help.since")
@click.option("--by", metavar="USER", help="help.audit-by")
@as_json
@with_settings
def list_(settings: Settings, since: str | None, by: str | None, as_json: bool) -> None:
    assembly = Assembly(settings)
    first_ms = moment(since, assembly.zone) if since is not None else None
    actor = _actor(by) if by is not None else None
    current = assembly.store_for_reading()
    forgotten = {worker.code for worker in current.workers() if worker.nameless}
    older, unread = _older(assembly, first_ms)
    told = [{**one, "name": None} if one["worker"] in forgotten else one for one in older]
    told += _changes(current, first_ms, assembly.zone)
    changes = [one for one in told if actor in (None, one["actor"])]
    if as_json:
        print_json(changes)
    for change in () if as_json else _acts(changes):
        tell(_line(change), indent=_INDENT)
    if not changes and not as_json:
        tell(say("audit.none" if since is by is None else "audit.none-such"))
    if unread:
        tell(say("audit.unread", files=unread), err=True)


def _acts(changes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """As people did them: a print that is replaced was one act, and is two entries."""
    for change, after in zip_longest(changes, changes[1:]):
        if change["kind"] == "print.removed" and after and _replaces(after, change):
            after["kind"] = "print.replaced"
        else:
            yield change


def _replaces(one: dict[str, Any], removed: dict[str, Any]) -> bool:
    same = ("ledger", "at", "actor", "worker")
    return (
        (one["kind"], one["seq"]) == ("print.enrolled", removed["seq"] + 1)
        and all(one[key] == removed[key] for key in same)
        and one["details"]["finger"] == removed["details"]["finger"]
    )


def _older(assembly: Assembly, first_ms: int | None) -> tuple[list[dict[str, Any]], list[str]]:
    """The changes of the ledgers that were left for this one, and the files that tell none."""
    changes = dict[tuple[str, int], dict[str, Any]]()
    unread = list[str]()
    for file in assembly.set_aside():
        try:
            with closing(
                SqliteStore.read_only(file, assembly.settings.gate.id, assembly.zone)
            ) as old:
                # A copy that was put back has what its original has.
                changes |= {
                    (one["ledger"], one["seq"]): one
                    for one in _changes(old, first_ms, assembly.zone)
                }
        except EdgeAgentError:
            unread.append(str(file))
    return list(changes.values()), unread


def _changes(store: SqliteStore, first_ms: int | None, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    holders = store.holders()
    for data in entries_since(store, first_ms, ACTS):
        if _is_since(data, first_ms):
            yield {"ledger": store.ledger, **_change(data, holders, zone)}


def _actor(by: str) -> str:
    """As the ledger names somebody whom a person names."""
    if by in _OF_THE_GATE:
        return by
    number = by.removeprefix(_A_USER)
    if number.isascii() and number.isdigit():
        return f"{_A_USER}{int(number)}"
    try:
        return f"{_A_USER}{pwd.getpwnam(by).pw_uid}"
    except (KeyError, ValueError):
        told = say("audit.no-user", text=by)
        raise click.BadParameter(told, param_hint="--by") from None


def _is_since(data: dict[str, Any], first_ms: int | None) -> bool:
    """An unknown time may be any."""
    stamp = stamp_of(data)
    return first_ms is None or not stamp.trusted or stamp.wall_ms >= first_ms


def _change(data: dict[str, Any], holders: Holders, zone: ZoneInfo) -> dict[str, Any]:
    """One as ``--json`` prints it: ``name`` is that of whoever had the code then."""
    worker, actor = data.get("worker"), data["actor"]
    number = actor.removeprefix(_A_USER)
    return {
        "seq": data["seq"],
        "at": true_time(stamp_of(data), zone),
        "kind": data["kind"],
        "actor": actor,
        "user": user(int(number)) if number != actor and number.isdigit() else None,
        "worker": worker,
        "name": None if worker is None else holders.at(worker, data["seq"]),
        "details": {key: data[key] for key in _DETAILS[data["kind"]] if key in data},
    }


_DETAILS = {
    kind_of(fact): [key for key in fact.__struct_fields__ if key not in ("actor", "worker")]
    for fact in KINDS
}


def _line(change: dict[str, Any]) -> str:
    at = change["at"]
    when = Message("punch.at", at=at) if at else Message("punch.unknown-time")
    return say("audit.line", when=when, who=_by_whom(change), what=_what(change))


def _by_whom(change: dict[str, Any]) -> Message | str:
    actor = change["actor"]
    if actor in _OF_THE_GATE:
        return Message(f"audit.{actor}")
    return str(change["user"] or actor)


def _what(change: dict[str, Any]) -> Message:
    """What was done, in words; a kind without any is told by its name."""
    kind, details = change["kind"], dict(change["details"])
    names = {change["worker"]: change["name"]} if change["name"] else {}
    told = {"whose": who(change["worker"], names)} if change["worker"] else {}
    if kind == "worker.changed":
        renamed = details.get("why") == "renamed"
        kind = f"worker.{'renamed' if renamed else 'active' if details['active'] else 'inactive'}"
    elif kind == "credentials.allowed" and not details["allowed"]:
        kind = "credentials.disallowed"
    elif kind == "punch.added":
        details["moment"] = details["at"]
    name = f"audit.{kind.replace('.', '-')}"
    if not is_name(name):
        return Message("audit.other", kind=change["kind"])
    return Message(name, **told, **details)
