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

from ..contract.wording import counted, entries
from ..gate.control.client import ask_status, daemon_runs
from ..gate.control.client import watch as watch_daemon
from ..gate.errors import DaemonUnreachable
from ..gate.settings.meaning import oddities
from ..gate.settings.schema import Settings
from .carry_out import names_of, who
from .options import as_json, with_settings
from .show import print_json
from .tell import tell
from .words import awaited, hint_of, outcome_of

_BETWEEN_LOOKS_S = 0.5

_STOPPED = 3
"""The exit code of 'systemctl status' for a unit that does not run (LSB 3.0)."""


@click.command()
@as_json
@with_settings
def status(settings: Settings, as_json: bool) -> None:
    """How the gate is. Exit code 0: the daemon runs; 3: it does not."""
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
        click.echo(f"Gate {answer['gate']} has never been started: edge-agent run")
        return
    ledger, sensor, clock = answer["ledger"], answer["sensor"], answer["clock"]
    uplink, store = answer["uplink"], answer["store"]
    waiting = ledger["last_seq"] - ledger["confirmed_seq"]
    free = answer["disk_free_bytes"]
    lines = [
        ("gate", answer["gate"]),
        ("daemon", answer["daemon"]),
        ("since", answer["started_at"] or "not known"),
        ("time", _time(answer)),
        *_settings(settings, answer),
        ("sensor", f"{sensor['state']}, {_prints(sensor)}"),
        ("", sensor["problem"]),
        ("", _awaiting(answer)),
        ("", _not_backed_up(sensor["not_backed_up"])),
        ("store", store["state"]),
        ("", store["problem"]),
        ("", _set_aside(store["set_aside"])),
        *_pins(answer),
        ("uplink", uplink["state"]),
        ("", uplink["problem"]),
        ("", _twin(uplink)),
        ("", _refused(uplink)),
        ("", _not_signed(uplink)),
        ("clock", _clock(clock)),
        ("", clock["problem"]),
        ("ledger", f"{ledger['id']}, {entries(ledger['last_seq'])}"),
        ("payroll", f"has {_held(ledger['confirmed_seq'])}, {waiting} still to come"),
        ("complete", ledger["complete_until"] or "nothing can be said yet"),
        ("roster", _roster(answer["roster"])),
        ("rejected", f"{ledger['rejected']} by payroll"),
        ("disk", "not known" if free is None else f"{free / 1e9:.1f} GB free"),
    ]
    for label, text in lines:
        if text is None:
            continue
        tell(f"{label:<9} {text}", indent=" " * 10)


def _time(answer: dict[str, Any]) -> str | None:
    """The gate's own time; a daemon of an older version does not tell it."""
    told = answer.get("time")
    if told is None:
        return None
    local = told["local"]
    return f"{local[:19].replace('T', ' ')} {local[-6:]}, {told['zone']}"


def _settings(settings: Settings, answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is odd about those of the file, and what of it the daemon does not know yet."""
    said = list(oddities(settings))
    in_use = answer.get("settings") or {"changed": [], "problem": None}
    if in_use["changed"]:
        said += [f"changed since the start: {', '.join(in_use['changed'])}", _RESTART]
    if in_use["problem"]:
        said += [f"changed since the start, and the next one fails: {in_use['problem']}", _CHECK]
    for number, text in enumerate(said):
        yield "" if number else "settings", text


_RESTART = "They count after a restart: sudo systemctl restart edge-agent"
_CHECK = "All that is wrong with them: edge-agent config check"


def _prints(sensor: dict[str, Any]) -> str:
    if sensor["capacity"]:
        return f"{sensor['prints']} of {counted(sensor['capacity'], 'print')}"
    return counted(sensor["prints"], "print")


def _pins(answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What the gate records without; a daemon of an older version would not have started."""
    for number, problem in enumerate(answer.get("pins", {}).get("problems", {}).values()):
        yield "" if number else "pins", problem


def _awaiting(answer: dict[str, Any]) -> str | None:
    """A stopped daemon, and one of an older version, says nothing of it."""
    asked = answer.get("awaiting")
    whose = f": {answer['awaiting_worker']}" if answer.get("awaiting_worker") else ""
    return None if asked is None else f"{awaited(asked)}{whose}"


def _twin(uplink: dict[str, Any]) -> str | None:
    """Also while the connection is down, which is half of the time then."""
    told = "duplicate-gate" in (uplink["problem"] or "")
    if not uplink.get("duplicate_gate") or told:
        return None
    return "duplicate-gate: another gate uses this gate's id; give one of the two another."


def _refused(uplink: dict[str, Any]) -> str | None:
    receipts, commands = uplink["refused_receipts"], uplink["refused_commands"]
    if not receipts + commands:
        return None
    refused = f"{counted(receipts, 'receipt')}, {counted(commands, 'command')}"
    return f"refused from payroll's side: {refused} (see the log)"


def _not_signed(uplink: dict[str, Any]) -> str | None:
    """A stopped daemon tells no keys."""
    if not (keys := uplink.get("keys")):
        return None
    believed = f"payroll is believed by its key {' or '.join(keys)}"
    refused = counted(uplink["not_signed"], "message")
    return (
        f"{believed}; {refused} not signed by it (see the log)"
        if uplink["not_signed"]
        else (believed)
    )


def _set_aside(names: list[str]) -> str | None:
    """The old databases that lie beside the one in use."""
    return f"left for a new ledger: {', '.join(names)}" if names else None


def _clock(clock: dict[str, Any]) -> str:
    if clock["uncertainty_ms"] is None:
        return f"{clock['state']}{_pending(clock)}"
    return f"{clock['state']}, within {clock['uncertainty_ms']} ms{_pending(clock)}"


def _pending(clock: dict[str, Any]) -> str:
    if not clock["pending"]:
        return ""
    since = clock["pending_since"]
    after = f", the first from after {since[:19].replace('T', ' ')}" if since else ""
    waiting = counted(clock["pending"], "punch waits for its time", "punches wait for their time")
    return f"; {waiting}{after}"


def _not_backed_up(prints: int) -> str | None:
    if not prints:
        return None
    return f"Prints that no backup holds: {prints}. Run 'edge-agent templates backup'."


def _roster(roster: dict[str, Any]) -> str:
    text = f"version {roster['version']}" if roster["version"] else "none from payroll"
    return f"{text}; the last one was refused: {roster['refused']}" if roster["refused"] else text


def _held(confirmed_seq: int) -> str:
    return f"1 to {confirmed_seq}" if confirmed_seq else "nothing yet"


@click.command()
@as_json
@with_settings
def watch(settings: Settings, as_json: bool) -> None:
    """Follow what happens at the gate, one line each, until Ctrl-C.

    A daemon that is started anew is followed on. --json ends with the daemon.
    """
    socket = Path(settings.control.socket)
    if as_json:
        for line in watch_daemon(socket):
            click.echo(line)
        return
    watched = False
    while True:
        names = names_of(settings)
        try:
            for line in watch_daemon(socket):
                watched = True
                event = msgspec.json.decode(line)
                if event.get("worker") not in (None, *names):
                    names = names_of(settings)
                click.echo(f"{_now(settings, event)}{_sentence(event, names)}")
        except DaemonUnreachable:
            if not watched:
                raise  # Afterwards it was the old one, about to go.
        tell(
            "The daemon has stopped, or takes this reader for too slow: waiting until it answers. "
            "Ctrl-C ends this.",
            err=True,
        )
        while not daemon_runs(socket):
            time.sleep(_BETWEEN_LOOKS_S)
        click.echo("The daemon answers again. See the ledger for what came in between.", err=True)


def _now(settings: Settings, event: dict[str, Any]) -> str:
    """The gate's time of day, before what has happened just now."""
    if event["event"] == "watching":
        return ""
    return datetime.now(ZoneInfo(settings.gate.timezone)).strftime("%H:%M:%S  ")


def _sentence(event: dict[str, Any], names: dict[str, str]) -> str:
    match event["event"]:
        case "watching":
            return "Watching the gate."
        case "panel":
            hint = f" ({hint_of(event['hint'])})" if event["hint"] else ""
            return f"panel    {who(event['worker'], names)}: {outcome_of(event['outcome'])}{hint}"
        case "ledger":
            return f"ledger   {event['seq']} {event['kind']}"
        case "awaiting":
            asked = event["request"]
            return f"sensor   {awaited(asked) if asked else 'takes punches again'}" + (
                f": {who(event['worker'], names)}" if event.get("worker") else ""
            )
        case "confirmed":
            return f"payroll  has everything up to {event['through']}"
        case "roster":
            return f"roster   {_roster(event)}"
        case "directed":
            whose = who(event["worker"], names)
            return f"panel    {whose}: punch {event['of']} led {event['direction']}, by a key"
        case "clock":
            known = "known" if event["trusted"] else "not known"
            return f"clock    the time is {known} from now on"
        case kind:
            detail = f": {event['detail']}" if event.get("detail") else ""
            return f"{kind:<8} {event['state']}{detail}"
