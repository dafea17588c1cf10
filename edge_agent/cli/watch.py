"""``edge-agent watch``: follow what happens at the gate."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from ..contract.language import is_name, say, told_problem
from ..gate.control.client import daemon_runs
from ..gate.control.client import watch as watch_daemon
from ..gate.errors import DaemonUnreachable
from ..gate.settings.schema import Settings
from .carry_out import names_of, who
from .help import command
from .options import as_json, with_settings
from .tell import tell
from .words import awaited, hint_of, outcome_of, roster_of, state_of

_BETWEEN_LOOKS_S = 0.5


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
            return "roster", roster_of(event)
        case "directed":
            whose, way = who(event["worker"], names), event["direction"]
            return "panel", say("watch.directed", whose=whose, of=event["of"], way=way)
        case "clock":
            known = event["trusted"]
            return "clock", say("watch.clock-known" if known else "watch.clock-unknown")
        case kind:
            detail = told_problem({**event, "problem": event.get("detail")})
            if detail is None:
                return kind, state_of(event["state"])
            return kind, say("watch.state", state=state_of(event["state"]), detail=detail)
