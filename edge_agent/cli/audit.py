"""``edge-agent audit``: who changed what, and when, from the ledger and those before it."""

import pwd
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

import click

from ..contract.attendance import attendance
from ..contract.chain import stamp_of
from ..contract.corrections import known_code
from ..contract.facts import PunchVoided
from ..contract.kinds import ACTS, ERASING, KINDS, kind_of, subject_of, words_of
from ..contract.language import LANGUAGES, Message, current, is_name, said, say
from ..contract.people import Holders, alike
from ..contract.people_facts import TemplatesDestroyed, WorkerErased, WorkerLeaveDropped
from ..contract.stamps import Stamp, parse_time, true_time
from ..gate.daemon.assembly import Assembly
from ..gate.ledger.store.sqlite_store import SqliteStore
from ..gate.settings.schema import Settings
from .complete import change_kinds, codes
from .help import group
from .kept_words import gone_of
from .older_ledgers import OlderLedgers
from .options import as_json, with_settings
from .show import print_json, who
from .since import entries_since, first_of, last_of, tell_span
from .tell import tell
from .worker_words import A_USER, OF_THE_GATE, by_whom, is_to_come, user_of

_INDENT = " " * 4

_SHOWN_OF_KEY = 12
"""Characters of a public key, by which it is known from another."""

_DESTROYED = kind_of(TemplatesDestroyed)
_ERASED, _VOIDED = kind_of(WorkerErased), kind_of(PunchVoided)
_CALLED_BACK = kind_of(WorkerLeaveDropped)
_PAYROLL = "payroll"
"""The actor of what its roster changes."""


@group(help="help.audit")
def audit() -> None:
    """Who did what."""


@audit.command("list", help="help.audit-list")
@click.option("--since", metavar="TIME", help="help.since")
@click.option("--until", metavar="TIME", help="help.until")
@click.option("--by", metavar="USER", help="help.audit-by")
@click.option("--worker", metavar="CODE", help="help.audit-worker", shell_complete=codes)
@click.option("--kind", metavar="KIND", help="help.audit-kind", shell_complete=change_kinds)
@as_json
@with_settings
def list_(
    settings: Settings,
    since: str | None,
    until: str | None,
    by: str | None,
    worker: str | None,
    kind: str | None,
    as_json: bool,
) -> None:
    assembly = Assembly(settings)
    first_ms = first_of(since, assembly.zone)
    last_ms = last_of(until, first_ms, assembly.zone)
    current = assembly.store_for_reading()
    forgotten = {one.code for one in current.workers() if one.nameless}
    older = OlderLedgers(assembly, lambda old: _changes(old, first_ms, assembly.zone))
    told = [{**one, "name": None} if one["worker"] in forgotten else one for one in older.changes]
    told = [*_with_erasures([*told, *_changes(current, first_ms, assembly.zone)])]
    actor = _actor(by, told) if by is not None else None
    code = _code(worker, current, told) if worker is not None else None
    kinds = ACTS if kind is None else _kinds(kind)  # The last that may refuse: it may also tell.
    tell_span(since, until, assembly.zone)
    changes = [
        one
        for one in told
        if actor in (None, one["actor"])
        and code in (None, one["worker"])
        and _is_until(one, last_ms)
    ]
    if as_json:
        print_json([one for one in changes if one["kind"] in kinds])
    else:
        acts = [one for one in _acts(changes) if kinds.intersection(one["kinds"])]
        now = assembly.clock.stamp()
        for one in acts:
            tell(_line(_with_what_is_gone(one, current), now), indent=_INDENT)
        if not acts:
            tell(say("audit.none-such" if any((since, until, by, worker, kind)) else "audit.none"))
    older.tell_what_lacks(current, first_ms)


def _with_erasures(changes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What somebody did, and of what erases a worker how much was ``erased``, once it is: the gate
    writes that later, in an entry of nobody's doing."""
    begun: dict[str, dict[str, Any]] = {}
    for one in changes:
        if one["kind"] == _ERASED:
            if (why := begun.pop(one["worker"], None)) is not None:
                why["erased"] = one["details"]
            continue
        if one["kind"] in ERASING:
            begun[one["worker"]] = one
        yield one


def _acts(changes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """As people did them, with the ``kinds`` of each one's entries: a print that is replaced was
    one act, and is two entries."""
    for change, after in zip_longest(changes, changes[1:]):
        kinds = change.setdefault("kinds", [change["kind"]])
        if change["kind"] == "print.removed" and after and _replaces(after, change):
            after |= {"kind": "print.replaced", "kinds": [*kinds, after["kind"]]}
        else:
            yield change


def _with_what_is_gone(change: dict[str, Any], store: SqliteStore) -> dict[str, Any]:
    """Of what was said to be destroyed, whether that is a file or a sensor, as far as the lists
    know: the entry has no more than its mark."""
    if change["kind"] != _DESTROYED:
        return change
    mark = change["details"]["backup"]
    if any(mark == one.backup for one in store.sealed_backups()):
        return {**change, "kind": f"{_DESTROYED}-file"}
    if any(mark == one.mark for one in store.replaced_sensors()):
        return {**change, "kind": f"{_DESTROYED}-sensor"}
    return change


def _replaces(one: dict[str, Any], removed: dict[str, Any]) -> bool:
    same = ("ledger", "at", "actor", "worker")
    return (
        (one["kind"], one["seq"]) == ("print.enrolled", removed["seq"] + 1)
        and all(one[key] == removed[key] for key in same)
        and one["details"]["finger"] == removed["details"]["finger"]
    )


def _changes(store: SqliteStore, first_ms: int | None, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    holders, kept, returns = store.holders(), _kept_as_they_were(store), store.returns()
    carried = store.recovered_through()
    for data in entries_since(store, first_ms, {*ACTS, _ERASED}):
        if _is_since(data, first_ms):
            told = {"ledger": store.ledger, **_change(data, holders, zone)}
            if data["seq"] <= carried:
                told["carried"] = True
            if data["seq"] in returns:
                told["back"] = True
            if data["kind"] == _VOIDED:
                told["punch_at"] = _when_punched(store, data["of"], zone)
            if data["seq"] in kept:
                told["listed" if data["actor"] == _PAYROLL else "renamed"] = True
            yield told


def _when_punched(store: SqliteStore, seq: int, zone: ZoneInfo) -> str | None:
    """When a punch was; None: not known, or not here any more."""
    entries = [store.data_of(entry) for entry in store.entries(seq, 1)]
    return next((one.at for one in attendance(entries, zone)), None)


def _kept_as_they_were(store: SqliteStore) -> set[int]:
    """The entries that leave whether a worker may punch as it was. By somebody at the gate they are
    of another name; payroll's roster may have changed a day or a gate as well, and says no more:
    no entry has a name."""
    found, active = set[int](), dict[str, bool]()
    for _, data in reversed([*store.newest_first(("worker.added", "worker.changed"))]):
        worker, now = data["worker"], data.get("active", True)
        if data["kind"] == "worker.changed" and "why" not in data and active.get(worker) is now:
            found.add(data["seq"])
        active[worker] = now
    return found


def _kinds(text: str) -> frozenset[str]:
    """The kinds of changes that somebody has named: one of them, or what they are of."""
    typed = text.strip().casefold()
    subjects = {subject_of(kind) for kind in ACTS}
    for subject in sorted(subjects):
        called = [one for language in LANGUAGES for one in _subject_in(subject, language)]
        if typed.removesuffix("s") == subject or any(alike(typed, one) for one in called):
            erasing = ERASING if subject in _ERASED_WITH_THE_WORKER else ()
            return frozenset(kind for kind in ACTS if subject_of(kind) == subject).union(erasing)
    if typed in ACTS:
        return frozenset({typed})
    names = {kind: _names_of(kind) for kind in sorted(ACTS)}
    if meant := {kind for kind in names if any(alike(typed, one) for one in names[kind])}:
        meant |= ERASING if "print.removed" in meant else set()
        listed = [
            say("audit.kind-called", kind=kind, called=words_of(kind)) for kind in sorted(meant)
        ]
        tell(say("audit.kinds-listed", text=text, kinds=listed), err=True)
        return frozenset(meant)
    known = [*sorted(subjects), *sorted(ACTS)]
    words = {one.casefold(): one for kind in names for one in _words_in(kind, current())}
    if not _near(typed, known):
        # Never taken for one: 'nhập công' is no beginning of 'nhập công nhân'.
        begun = [say(words_of(kind)) for kind in names if _begins_one(typed, names[kind])]
        if near := begun or [words[one] for one in _near(typed, words)]:
            quoted = [f"'{one}'" for one in near]
            why = say("audit.no-kind-but", text=text, meant=quoted)
            raise click.BadParameter(why, param_hint="--kind")
    told = [
        say("audit.kind-called", kind=one, called=Message(f"audit.of-{one}"))
        for one in sorted(subjects)
    ]
    raise click.BadParameter(_not_but("audit.no-kind", text, known, told), param_hint="--kind")


def _names_of(kind: str) -> list[str]:
    return [one for language in LANGUAGES for one in _words_in(kind, language)]


def _words_in(kind: str, language: str) -> list[str]:
    """What a kind of change is called, as the list itself tells it or otherwise."""
    return [said(words_of(kind), language), *_others(kind.replace(".", "-"), language)]


def _subject_in(subject: str, language: str) -> list[str]:
    """The same of what changes are of."""
    of = f"of-{subject}"
    return [said(Message(f"audit.{of}"), language), *_others(of, language)]


def _others(name: str, language: str) -> list[str]:
    also = f"audit.also-{name}"
    return said(Message(also), language).split(", ") if is_name(also) else []


def _begins_one(text: str, names: list[str]) -> bool:
    many = len(text.split())
    return many > 0 and any(alike(text, " ".join(one.split()[:many])) for one in names)


_ERASED_WITH_THE_WORKER = frozenset({"credential", "erasure", "print"})
"""Who asks what became of a print must find it, also where all of a worker's went at once."""


def _near(text: str, known: Iterable[str]) -> list[str]:
    """Which of those known may be meant, the likeliest first."""
    from difflib import get_close_matches  # Only for whoever has mistyped one.

    return get_close_matches(text, list(known))


def _not_but(name: str, text: str, known: list[str], all_: list[str]) -> str:
    """That there is no such one, and which is meant, or which there are."""
    if meant := _near(text.strip().casefold(), known):
        return say(f"{name}-but", text=text, meant=meant)
    return say(name, text=text, known=all_)


def _code(text: str, store: SqliteStore, changes: list[dict[str, Any]]) -> str:
    """The code of a worker of today, or of one whom a change was about."""
    names = {one.code: one.name for one in store.workers()}
    known = {*names, *(one["worker"] for one in changes if one["worker"])}
    return known_code(text, known, Message("people.add-first"), names)


def _actor(by: str, changes: list[dict[str, Any]]) -> str:
    """As the ledger names somebody whom a person names."""
    by = by.strip()
    if by in OF_THE_GATE:
        return by
    for actor in OF_THE_GATE:
        if any(alike(by, said(Message(f"audit.{actor}"), one)) for one in LANGUAGES):
            return actor
    number = by.removeprefix(A_USER)
    if number.isascii() and number.isdigit():
        return f"{A_USER}{int(number)}"
    try:
        return f"{A_USER}{pwd.getpwnam(by).pw_uid}"
    except (KeyError, ValueError):
        users = sorted({*OF_THE_GATE, *(one["user"] for one in changes if one["user"])})
        raise click.BadParameter(
            _not_but("audit.no-user", by, users, users), param_hint="--by"
        ) from None


def _is_since(data: dict[str, Any], first_ms: int | None) -> bool:
    """An unknown time may be any."""
    stamp = stamp_of(data)
    return first_ms is None or not stamp.trusted or stamp.wall_ms >= first_ms


def _is_until(change: dict[str, Any], last_ms: float) -> bool:
    """The same of an unknown time."""
    return change["at"] is None or parse_time(change["at"]) <= last_ms


def _change(data: dict[str, Any], holders: Holders, zone: ZoneInfo) -> dict[str, Any]:
    """One as ``--json`` prints it: ``name`` is that of whoever had the code then."""
    worker, actor = data.get("worker"), data.get("actor", "gate")
    return {
        "seq": data["seq"],
        "at": true_time(stamp_of(data), zone),
        "kind": data["kind"],
        "actor": actor,
        "user": user_of(actor),
        "worker": worker,
        "name": None if worker is None else holders.at(worker, data["seq"]),
        "details": {key: data[key] for key in _DETAILS[data["kind"]] if key in data},
    }


_DETAILS = {
    kind_of(fact): [key for key in fact.__struct_fields__ if key not in ("actor", "worker")]
    for fact in KINDS
}


def _line(change: dict[str, Any], now: Stamp) -> str:
    at = change["at"]
    when = Message("punch.at", at=at) if at else Message("punch.unknown-time")
    if is_to_come(at, now):
        when = Message("audit.when-to-come", at=at)
    name = "audit.line-carried" if change.get("carried") else "audit.line"
    what = _what(change)
    if change.get("back") and change["kind"] != _CALLED_BACK:
        what = Message("audit.and-back", what=what)
    return say(name, when=when, who=by_whom(change["actor"]), what=what)


def _what(change: dict[str, Any]) -> Message:
    """What was done, in words; a kind without any is told by its name."""
    kind, details = change["kind"], dict(change["details"])
    names = {change["worker"]: change["name"]} if change["name"] else {}
    told = {"whose": who(change["worker"], names)} if change["worker"] else {}
    if change.get("renamed"):
        kind = "worker.named"
    elif change.get("listed"):
        kind = "worker.listed"
    elif kind == _CALLED_BACK and change.get("back"):
        kind = "worker.back"
    elif kind == "worker.changed":
        renamed = details.get("why") == "renamed"
        kind = f"worker.{'renamed' if renamed else 'active' if details['active'] else 'inactive'}"
    elif kind == "credentials.allowed" and not details["allowed"]:
        kind = "credentials.disallowed"
    elif kind == "print.removed" and "why" in details:
        kind = f"print.not-{details['why']}"
    elif kind == "punch.added":
        details["moment"] = details["at"]
    elif change.get("punch_at"):
        kind, details["moment"] = "punch.voided-at", change["punch_at"]
    elif kind in ERASING:
        details["gone"] = _gone(change.get("erased"))
        if "last_day" in details:
            kind = "worker.left-after"
    elif kind == "templates.sealed":
        details["count"] = details["prints"]
        details["keys"] = [f"{one[:_SHOWN_OF_KEY]}…" for one in details["recipients"]]
    name = f"audit.{kind.replace('.', '-')}"
    if not is_name(name):
        return Message("audit.other", kind=change["kind"])
    return Message(name, **told, **details)


def _gone(erased: dict[str, Any] | None) -> Message:
    """What has really gone; None: the erasure is not done, as far as is told here."""
    if erased is None:
        return Message("audit.gone-not-yet")
    if not any(erased[key] for key in ("prints", "openings", "credentials")):
        return Message("audit.gone-nothing")
    return Message("audit.gone", what=gone_of(erased))
