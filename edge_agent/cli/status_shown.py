"""The one screen of ``edge-agent status``: whether the gate records, its parts, what to do now.

What matters most stands first, and what is the matter is told once, at the end, in that order too.
A file or a pipe has room for all of it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..contract.language import Message, say, visible
from ..gate.errors import DaemonHangs
from ..gate.host.service import copying, restarting
from ..gate.sealed_backups import NextBackup
from ..gate.settings.schema import Settings
from .status_to_do import Told, nobody_known, not_answering, to_do
from .tell import folded, height, is_screen, width
from .which_gate import for_this_gate
from .words import awaited, state_of

_LINES = 20
"""Of a terminal of 80 columns; a narrower one scrolls. A taller one shows more."""

_COLUMNS = 80

_LABEL = 9
"""Columns that a row's name takes at least."""

_NARROW = 60
"""Columns below which the names of rows have no column of their own."""


_CALM = ("daemon", "ledger", "payroll", "consent", "copy", "disk")
"""Rows that go where there is much to do, the first one first: what is wrong with what they are
of is among what is to be done."""


class Line(NamedTuple):
    """Text, its colour, and what begins its further lines where it is folded."""

    text: str
    colour: str | None = None
    indent: str = ""


Shown = list[Line]


def shown_of(settings: Settings, answer: dict[str, Any], *, whole: bool = False) -> Shown:
    """What is shown of a gate, by the daemon's answer or what a stopped one left; ``whole``: also
    what there is no room for."""
    if answer["ledger"] is None:
        if answer.get("elsewhere"):
            wait = _item("daemon", not_answering(settings, answer))
            return [_verdict(answer, 1), Line(say("status.to-do"), "bold"), wait]
        if why := answer.get("message"):
            return [Line(say(why["name"], **why["fields"]), "yellow")]
        return [Line(say("status.never-started", gate=answer["gate"]), "yellow")]
    todo = [_item(name, text) for name, text in to_do(settings, answer) if text is not None]
    main, further = list(_rows(answer)), list(_further_rows(answer))
    first = _verdict(answer, len(todo))
    if not todo:
        return [first, *_table(main + further), Line(say("status.nothing-to-do"), "green")]
    todo.insert(0, Line(say("status.to-do"), "bold"))
    if whole or not is_screen():
        return [first, *_table(main + further), *todo]
    room = _room() - _rows_of([first, *todo])
    return _fitting([first, *_with_room(main + further, _calm(answer), room)], todo)


def hanging(settings: Settings, hangs: DaemonHangs) -> Shown:
    """What is shown of a gate whose daemon is there and says nothing."""
    told = Message("status.why-hangs")
    if hangs.last is not None:
        from zoneinfo import ZoneInfo

        from ..contract.stamps import local_time

        at = local_time(round(hangs.last * 1000), ZoneInfo(settings.gate.timezone))
        told = Message("status.why-hangs-since", at=at)
    return [
        Line(say("status.records-not", gate=settings.gate.id, why=told), "red"),
        Line(say("status.to-do"), "bold"),
        _item("daemon", say("status.do-restart", restart=restarting())),
    ]


def _verdict(answer: dict[str, Any], problems: int) -> Line:
    """Whether a finger that is pressed now is recorded."""
    gate = answer["gate"]
    if process := answer.get("elsewhere"):
        told = "status.starting" if answer["starting"] else "status.elsewhere"
        return Line(say(told, gate=gate, process=process), "yellow")
    if (why := _why_not(answer)) is not None:
        return Line(say("status.records-not", gate=gate, why=why), "red")
    if nobody_known(answer) is not None:
        return Line(say("status.records-nobody", gate=gate, count=problems), "yellow")
    if problems:
        return Line(say("status.records-but", gate=gate, count=problems), "yellow")
    return Line(say("status.records", gate=gate), "green")


def _why_not(answer: dict[str, Any]) -> Message | None:
    if answer.get("retired"):  # Only of a stopped one: no daemon starts then.
        return Message("status.why-retired")
    if answer["daemon"] != "running":
        return Message("status.why-stopped")
    if "gate" in answer.get("hangs", ()):
        return Message("status.why-hangs")
    if answer["store"]["state"] == "failing":
        return Message("status.why-store")
    state = answer["sensor"]["state"]
    return None if state == "ready" else Message("status.why-sensor", state=state_of(state))


def _table(rows: list[Told]) -> Iterator[Line]:
    told = [(say(f"status.{name}"), text) for name, text in rows if text is not None]
    if width() < _NARROW:
        for label, text in told:
            yield Line(f"{label}: {text}", indent="  ")
        return
    wide = max(_LABEL, *(len(label) for label, _ in told))
    for label, text in told:
        yield Line(f"{label:<{wide}} {text}", indent=" " * (wide + 1))


def _calm(answer: dict[str, Any]) -> list[str]:
    """After a damage the row of the ledger is not: that a new one has begun is seen there."""
    damaged = any("damaged" in name for name in answer["store"]["set_aside"])
    return [name for name in _CALM if not (damaged and name == "ledger")]


def _with_room(rows: list[Told], names: list[str], room: int) -> Shown:
    """The rows in so many lines: of those that are calm, by their names, the fewest go, and are
    named."""
    rows = [row for row in rows if row[1] is not None]
    calm = [row for name in names for row in rows if row[0] == name]
    for count in range(len(calm) + 1):
        gone = calm[:count]
        lines = list(_table([row for row in rows if row not in gone]))
        if gone:
            names = [say(f"status.{name}") for name, _ in rows if name in dict(gone)]
            told = say("status.not-shown", rows=names, count=len(names))
            lines.append(Line(told, indent="  "))
        if _rows_of(lines) <= room:
            break
    return lines


def _item(name: str, text: str) -> Line:
    return Line(f"- {say(f'status.{name}')}: {text}", indent="  ")


def _fitting(lines: Shown, todo: Shown) -> Shown:
    """As much of what is to be done as there is room for, and how much more there is."""
    room = _room() - _rows_of(lines)
    shown: Shown = []
    for at, item in enumerate(todo):
        room -= _height(item)
        more = len(todo) - at
        if room < (0 if more == 1 else 1):
            shown.append(Line(say("status.more-to-do", count=more), indent="  "))
            break
        shown.append(item)
    return lines + shown


def _room() -> int:
    """How many lines of 80 columns a screen has room for."""
    return max(_LINES, (height() - 1) * min(width(), _COLUMNS) // _COLUMNS)


def _rows_of(lines: Shown) -> int:
    return sum(map(_height, lines))


def _height(line: Line) -> int:
    return folded(for_this_gate(line.text), line.indent, max(_COLUMNS, width())).count("\n") + 1


def _rows(answer: dict[str, Any]) -> Iterator[Told]:
    sensor = answer["sensor"]
    yield "last", _last(answer)
    yield "people", _people(answer)
    yield "sensor", state_of(sensor["state"])
    yield "waits", _awaiting(answer)
    yield "clock", _clock(answer)
    yield "uplink", _uplink(answer)
    yield "disk", _disk(answer["disk_free_bytes"])
    yield "backup", _backup(answer)
    yield "set-aside", ", ".join(map(visible, answer["store"]["set_aside"])) or None


def _further_rows(answer: dict[str, Any]) -> Iterator[Told]:
    """What stands last."""
    ledger = answer["ledger"]
    complete = ledger["complete_until"]
    yield "daemon", _daemon(answer)
    yield "ledger", say("status.entries", ledger=ledger["id"], count=ledger["last_seq"])
    yield "copy", _copy(answer.get("backup"))
    known = "status.complete-until" if complete else "status.nothing-complete"
    yield "complete", say(known, at=complete)
    version = answer["roster"]["version"]
    yield "roster", say("status.version", version=version) if version else say("status.no-roster")
    privacy = answer.get("privacy", {})  # A daemon of an older version does not know of it.
    yield "consent", say("status.consent-off") if privacy.get("consent") == "off" else None
    if keys := answer["uplink"].get("keys"):  # A stopped daemon tells none.
        yield "payroll", say("status.signed", keys=keys)


def _last(answer: dict[str, Any]) -> str | None:
    """Who punched last; a daemon of an older version does not tell it."""
    if "last_punch" not in answer:
        return None
    if (last := answer["last_punch"]) is None:
        return say("status.last-none")
    now, at = answer.get("time"), last["at"]
    if at is None:
        when = say("status.last-no-time")
    elif now and now["local"][:10] == at[:10]:
        when = at[11:19]
    else:
        when = say("status.moment", at=at)
    named = last["name"] not in (None, last["worker"])  # Of who was forgotten it is the code.
    whose = f"{last['name']}, {last['worker']}" if named else last["worker"]
    if last["direction"] is None:
        return say("status.last-punch", when=when, whose=whose)
    return say("status.last-way", when=when, whose=whose, way=last["direction"])


def _people(answer: dict[str, Any]) -> str:
    sensor = answer["sensor"]
    if sensor["capacity"]:
        prints = say("status.prints-of", prints=sensor["prints"], count=sensor["capacity"])
    else:
        prints = say("status.prints", count=sensor["prints"])
    workers = answer.get("workers")
    return prints if workers is None else say("status.workers", count=workers, prints=prints)


def _awaiting(answer: dict[str, Any]) -> str | None:
    """A stopped daemon, and one of an older version, says nothing of it."""
    asked = answer.get("awaiting")
    if asked is None:
        return None
    if worker := answer.get("awaiting_worker"):
        return say("status.awaits-of", awaits=awaited(asked), code=worker)
    return awaited(asked)


def _clock(answer: dict[str, Any]) -> str:
    clock, now = answer["clock"], answer.get("time")
    believed = clock.get("believed")  # A daemon of an older version does not tell it.
    state = say("status.clock-believed") if believed else state_of(clock["state"])
    if clock["uncertainty_ms"] is not None and not believed:
        state = say("status.within", state=state, ms=clock["uncertainty_ms"])
    if now is not None:
        local = now["local"]
        state = say("status.local", at=local, offset=local[-6:], state=state)
    if not clock["pending"]:
        return state
    if since := clock["pending_since"]:
        return say("status.pending-since", state=state, count=clock["pending"], since=since)
    return say("status.pending", state=state, count=clock["pending"])


def _uplink(answer: dict[str, Any]) -> str:
    """How the line is, and how much of the ledger payroll has not confirmed."""
    ledger, state = answer["ledger"], state_of(answer["uplink"]["state"])
    waiting = ledger["last_seq"] - ledger["confirmed_seq"]
    if not waiting:
        return say("status.all-sent", state=state)
    if since := answer.get("waiting_since"):
        return say("status.wait-since", state=state, count=waiting, since=since)
    return say("status.wait", state=state, count=waiting)


def _disk(free: int | None) -> str:
    return say("status.not-known") if free is None else say("status.free", gb=free / 1e9)


def _backup(answer: dict[str, Any]) -> str:
    sensor = answer["sensor"]
    if not sensor["prints"]:
        return say("status.backup-none")
    if missing := sensor["not_backed_up"]:
        return say("status.backup-lacks", prints=missing)
    if answer.get("overdue", {}).get("backups"):
        return say("status.backup-all-to-destroy")
    if NextBackup.told(answer).unlisted:
        return say("status.backup-all-damaged")
    # A copy that was put back does not know what was destroyed since.
    return say("status.backup-all-restored" if answer.get("restored") else "status.backup-all")


def _copy(backup: dict[str, Any] | None) -> str | None:
    """How old the copy of the ledger is; a daemon of an older version does not know."""
    if backup is None:
        return None
    if backup["age_s"] is None:
        return say("status.copy-none", copy=copying())
    from ..gate.doctor.findings import age_of

    age, entries = age_of(backup["age_s"]), Message("doctor.entries", count=backup["entries"])
    told = "status.copy-here" if backup["same_card"] else "status.copy-made"
    return say(told, age=age, entries=entries)


def _daemon(answer: dict[str, Any]) -> str:
    if process := answer.get("elsewhere"):
        state = state_of("starting-up" if answer["starting"] else "running")
        return say("status.of-process", state=state, process=process)
    state, since = state_of(answer["daemon"]), answer["started_at"] or answer.get("stopped_at")
    if since:
        state = say("status.since", state=state, at=since)
    return say("status.of-version", state=state, version=answer["version"])
