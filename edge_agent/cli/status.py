"""``edge-agent status``: how the gate is.

``edge-agent watch``: follow what happens at the gate.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from ..contract.language import (
    ENGLISH,
    Message,
    current,
    is_name,
    say,
    told_problem,
    visible,
)
from ..gate.control.client import ask_status, daemon_runs
from ..gate.control.client import watch as watch_daemon
from ..gate.errors import DaemonUnreachable
from ..gate.settings.meaning import oddities
from ..gate.settings.schema import Settings
from .carry_out import names_of, who
from .help import command
from .options import as_json, with_settings
from .show import print_json
from .tell import tell
from .words import awaited, hint_of, outcome_of

_BETWEEN_LOOKS_S = 0.5

_STOPPED = 3
"""The exit code of 'systemctl status' for a unit that does not run (LSB 3.0)."""


@command(help="help.status")
@as_json
@with_settings
def status(settings: Settings, as_json: bool) -> None:
    socket = Path(settings.control.socket)
    running = daemon_runs(socket)
    answer: dict[str, Any] = ask_status(socket) if running else _stopped(settings)
    if as_json:
        print_json(answer)
    else:
        _print(settings, answer)
    if not running:
        click.get_current_context().exit(_STOPPED)


def _stopped(settings: Settings) -> dict[str, Any]:
    # Only here: a daemon that runs is asked without loading what it is made of.
    from ..gate.daemon.assembly import Assembly
    from ..gate.daemon.status import stopped_status

    return stopped_status(Assembly(settings))


def _print(settings: Settings, answer: dict[str, Any]) -> None:
    if answer["ledger"] is None:
        tell(say("status.never-started", gate=answer["gate"]))
        return
    lines = [
        (say(f"status.{name}") if name else "", text) for name, text in _lines(settings, answer)
    ]
    wide = max(_LABEL, *(len(label) for label, _ in lines))
    for label, text in lines:
        if text is not None:
            tell(f"{label:<{wide}} {text}", indent=" " * (wide + 1))


_LABEL = 9
"""Columns that a line's name takes at least."""


def _lines(settings: Settings, answer: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """The name of each line, "" for one that goes on, and what it says; None: nothing."""
    ledger, sensor, clock = answer["ledger"], answer["sensor"], answer["clock"]
    uplink, store = answer["uplink"], answer["store"]
    free = answer["disk_free_bytes"]
    yield "gate", answer["gate"]
    yield "daemon", _is(answer["daemon"])
    started, complete = answer["started_at"], ledger["complete_until"]
    yield "since", _moment(started) if started else say("status.not-known")
    yield "time", _time(answer)
    yield from _settings(settings, answer)
    yield "sensor", say("status.two", first=_is(sensor["state"]), second=_prints(sensor))
    yield "", _problem(sensor)
    yield "", _awaiting(answer)
    yield "", _not_backed_up(sensor["not_backed_up"])
    yield "store", _is(store["state"])
    yield "", _problem(store)
    yield "", _set_aside(store["set_aside"])
    yield from _pins(answer)
    yield "uplink", _is(uplink["state"])
    yield "", _problem(uplink)
    yield "", _twin(uplink)
    yield "", _refused(uplink)
    yield "", _not_signed(uplink)
    yield "clock", _clock(clock)
    yield "", _problem(clock)
    yield "ledger", say("status.entries", ledger=ledger["id"], count=ledger["last_seq"])
    yield "payroll", _payroll(ledger)
    yield "complete", _moment(complete) if complete else say("status.nothing-complete")
    yield "roster", _roster(answer["roster"])
    yield "rejected", say("status.by-payroll", number=ledger["rejected"])
    yield "disk", say("status.free", gb=free / 1e9) if free is not None else say("status.not-known")


def _is(state: str) -> str:
    """A state, by its name where a newer daemon has others."""
    name = f"is.{state.replace(' ', '-')}"
    return say(name) if is_name(name) else visible(state)


def _problem(part: dict[str, Any]) -> str | None:
    """What the daemon says is the matter with a part of it."""
    problem = told_problem(part)
    return None if problem is None else say(problem)


def _moment(at: str) -> str:
    return say("status.moment", at=at) if current() != ENGLISH else at


def _time(answer: dict[str, Any]) -> str | None:
    """The gate's own time; a daemon of an older version does not tell it."""
    told = answer.get("time")
    if told is None:
        return None
    local = told["local"]
    return say("status.local", at=local, offset=local[-6:], zone=told["zone"])


def _settings(settings: Settings, answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is odd about those of the file, and what of it the daemon does not know yet."""
    told = [say(odd) for odd in oddities(settings)]
    in_use = answer.get("settings") or {"changed": [], "problem": None}
    if in_use["changed"]:
        told += [say("status.changed", keys=in_use["changed"]), say("status.restart")]
    if in_use["problem"]:
        told += [say("status.changed-badly", problem=in_use["problem"]), say("status.check")]
    for number, text in enumerate(told):
        yield "" if number else "settings", text


def _prints(sensor: dict[str, Any]) -> str:
    if sensor["capacity"]:
        return say("status.prints-of", prints=sensor["prints"], count=sensor["capacity"])
    return say("status.prints", count=sensor["prints"])


def _pins(answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What the gate records without; a daemon of an older version would not have started."""
    for number, problem in enumerate(answer.get("pins", {}).get("problems", {}).values()):
        yield "" if number else "pins", problem


def _awaiting(answer: dict[str, Any]) -> str | None:
    """A stopped daemon, and one of an older version, says nothing of it."""
    asked = answer.get("awaiting")
    if asked is None:
        return None
    if worker := answer.get("awaiting_worker"):
        return say("status.awaits-of", awaits=awaited(asked), code=worker)
    return awaited(asked)


def _twin(uplink: dict[str, Any]) -> str | None:
    """Also while the connection is down, which is half of the time then."""
    told = "duplicate-gate" in (uplink["problem"] or "")
    return None if told or not uplink.get("duplicate_gate") else say("status.twin")


def _refused(uplink: dict[str, Any]) -> str | None:
    receipts, commands = uplink["refused_receipts"], uplink["refused_commands"]
    if not receipts + commands:
        return None
    return say(
        "status.refused",
        receipts=Message("status.receipts", count=receipts),
        commands=Message("status.commands", count=commands),
    )


def _not_signed(uplink: dict[str, Any]) -> str | None:
    """A stopped daemon tells no keys."""
    if not (keys := uplink.get("keys")):
        return None
    if uplink["not_signed"]:
        return say("status.not-signed", keys=keys, count=uplink["not_signed"])
    return say("status.signed", keys=keys)


def _set_aside(names: list[str]) -> str | None:
    """The old databases that lie beside the one in use."""
    return say("status.set-aside", names=names) if names else None


def _clock(clock: dict[str, Any]) -> str:
    state = _is(clock["state"])
    if clock["uncertainty_ms"] is not None:
        state = say("status.within", state=state, ms=clock["uncertainty_ms"])
    if not clock["pending"]:
        return state
    if since := clock["pending_since"]:
        return say("status.pending-since", state=state, count=clock["pending"], since=since)
    return say("status.pending", state=state, count=clock["pending"])


def _not_backed_up(prints: int) -> str | None:
    return say("status.not-backed-up", prints=prints) if prints else None


def _roster(roster: dict[str, Any]) -> str:
    version = roster["version"]
    text = say("status.version", version=version) if version else say("status.no-roster")
    if roster["refused"]:
        return say("status.roster-refused", text=text, why=roster["refused"])
    return text


def _payroll(ledger: dict[str, Any]) -> str:
    held = ledger["confirmed_seq"]
    waiting = ledger["last_seq"] - held
    if held:
        return say("status.payroll-has", through=held, waiting=waiting)
    return say("status.payroll-has-nothing", waiting=waiting)


@command(help="help.watch")
@as_json
@with_settings
def watch(settings: Settings, as_json: bool) -> None:
    socket = Path(settings.control.socket)
    if as_json:
        for line in watch_daemon(socket):
            click.echo(line)
        return
    watched = gone = False
    while True:
        names = names_of(settings)
        try:
            for line in watch_daemon(socket):
                if gone:
                    tell(say("watch.answers-again"), err=True)
                watched, gone = True, False
                event = msgspec.json.decode(line)
                if event.get("worker") not in (None, *names):
                    names = names_of(settings)
                tell(f"{_now(settings, event)}{_sentence(event, names)}")
        except DaemonUnreachable:
            if not watched:
                raise
        if not gone:
            tell(say("watch.stopped"), err=True)
        # One that takes the call and says nothing is the old one, about to go.
        gone = True
        time.sleep(_BETWEEN_LOOKS_S)
        while not daemon_runs(socket):
            time.sleep(_BETWEEN_LOOKS_S)


def _now(settings: Settings, event: dict[str, Any]) -> str:
    """The gate's time of day, before what has happened just now."""
    if event["event"] == "watching":
        return ""
    return datetime.now(ZoneInfo(settings.gate.timezone)).strftime("%H:%M:%S  ")


def _sentence(event: dict[str, Any], names: dict[str, str]) -> str:
    if event["event"] == "watching":
        return say("watch.watching")
    name, text = _told(event, names)
    label = f"watch.{name}"
    return f"{say(label) if is_name(label) else name:<{_WATCHED}} {text}"


_WATCHED = 8
"""Columns of what an event is about."""


def _told(event: dict[str, Any], names: dict[str, str]) -> tuple[str, str]:
    """What an event is about, and what has happened."""
    match event["event"]:
        case "panel":
            whose, outcome = who(event["worker"], names), outcome_of(event["outcome"])
            if event["hint"]:
                hint = hint_of(event["hint"])
                return "panel", say("watch.shown-hint", whose=whose, outcome=outcome, hint=hint)
            return "panel", say("watch.shown", whose=whose, outcome=outcome)
        case "ledger":
            return "ledger", f"{event['seq']} {event['kind']}"
        case "awaiting":
            asked = event["request"]
            told = awaited(asked) if asked else say("watch.punches-again")
            if event.get("worker"):
                told = say("watch.awaits-of", told=told, whose=who(event["worker"], names))
            return "sensor", told
        case "confirmed":
            return "payroll", say("watch.confirmed", through=event["through"])
        case "roster":
            return "roster", _roster(event)
        case "directed":
            whose, way = who(event["worker"], names), event["direction"]
            return "panel", say("watch.directed", whose=whose, of=event["of"], way=way)
        case "clock":
            known = event["trusted"]
            return "clock", say("watch.clock-known" if known else "watch.clock-unknown")
        case kind:
            detail = told_problem({**event, "problem": event.get("detail")})
            if detail is None:
                return kind, _is(event["state"])
            return kind, say("watch.state", state=_is(event["state"]), detail=detail)
