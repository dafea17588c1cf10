"""What ``edge-agent watch`` says of an event: one line each."""

from typing import Any

from ..contract.kinds import words_of
from ..contract.language import is_name, say, told_problem
from .show import who
from .words import awaited, hint_of, lamps_of, outcome_of, roster_of, state_of


def sentence(event: dict[str, Any], names: dict[str, str]) -> str:
    """The line of an event of the stream, without its time. ``names``: who has which code.

    Raises KeyError where a daemon of another version tells other things of it.
    """
    return line(*_told(event, names))


def line(name: str, text: str) -> str:
    """A line about a part of the gate, by its name in the stream."""
    label = f"watch.{name}"
    return f"{say(label) if is_name(label) else name:<{_WATCHED}} {text}"


_WATCHED = 8
"""Columns of what an event is about."""


def _told(event: dict[str, Any], names: dict[str, str]) -> tuple[str, str]:
    """What an event is about, and what has happened."""
    match event["event"]:
        case "panel":
            shown = {"whose": who(event["worker"], names), "outcome": _outcome(event)}
            shown["lamps"] = lamps_of(event)
            if event["hint"]:
                return "panel", say("watch.shown-hint", hint=hint_of(event["hint"]), **shown)
            return "panel", say("watch.shown", **shown)
        case "ledger":
            return "ledger", f"{event['seq']} {_written(event, names)}"
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
        case "print-worn":
            finger, whose = event["finger"], who(event["worker"], names)
            return "sensor", say("watch.print-worn", finger=finger, whose=whose)
        case "glass":
            return "sensor", say("watch.glass-dirty" if event["dirty"] else "watch.glass-clean")
        case "clock":
            known = event["trusted"]
            return "clock", say("watch.clock-known" if known else "watch.clock-unknown")
        case kind:
            detail = told_problem({**event, "problem": event.get("detail")})
            state = state_of(event["state"])
            if kind == "sensor" and event["state"] != "ready":
                state = say("watch.sees-nobody", state=state)
            return kind, say("watch.state", state=state, detail=detail) if detail else state


def _written(event: dict[str, Any], names: dict[str, str]) -> str:
    """What an entry is, and whose."""
    what, worker, finger = words_of(event["kind"]), event.get("worker"), event.get("finger")
    if (reason := event.get("reason")) in ("away", "back"):
        return say(f"watch.{reason}")
    if worker is None:
        return say(what)
    if event.get("active") is not None:
        return say(_changed(event), whose=who(worker, names))
    whose = who(worker, names)
    if finger is None:
        return say("watch.entry-of", what=what, whose=whose)
    return say("watch.entry-of-finger", what=what, whose=whose, finger=finger)


def _changed(event: dict[str, Any]) -> str:
    """The name of the words for what became of a worker, as ``audit list`` says it of the entry."""
    if event.get("why") == "renamed":
        return "audit.worker-renamed"
    if not event["active"]:
        return "audit.worker-inactive"
    if event["actor"] == "payroll":
        return "audit.worker-listed"
    return "audit.worker-named" if event.get("named_anew") else "audit.worker-active"


def _outcome(shown: dict[str, Any]) -> str:
    """What the panel showed, with the way that it showed."""
    outcome, way = outcome_of(shown["outcome"]), shown.get("direction")
    return say("watch.outcome-way", outcome=outcome, way=way) if way else outcome
