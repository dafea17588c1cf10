"""``edge-agent watch``: follow what happens at the gate."""

import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from ..contract.errors import StoreFault
from ..contract.language import is_name, say, told_problem, visible
from ..gate.control.client import daemon_runs, events
from ..gate.control.client import watch as watch_daemon
from ..gate.errors import DaemonUnreachable, NotUpToDate
from ..gate.settings.schema import Settings
from .carry_out import names_of, who
from .help import command
from .options import as_json, with_settings
from .tell import tell
from .words import awaited, hint_of, lamps_of, outcome_of, roster_of, state_of

if TYPE_CHECKING:
    from ..gate.ledger.store.sqlite_store import SqliteStore

_BETWEEN_LOOKS_S = 0.5

_MISSED = 3000
"""Entries that are looked through for what was missed: some days of a gate."""

_NO_TIME = "--:--:--"


@command(help="help.watch")
@click.option("--since", metavar="TIME", help="help.watch-since")
@as_json
@with_settings
def watch(settings: Settings, since: str | None, as_json: bool) -> None:
    socket = Path(settings.control.socket)
    if as_json and since is not None:
        raise click.UsageError(say("watch.since-json"))
    try:
        if as_json:
            for line in watch_daemon(socket):
                click.echo(line)
        else:
            _Watch(settings, since).follow()
    except DaemonUnreachable:
        if not daemon_runs(socket) and _is_retired(settings):
            raise DaemonUnreachable("retire.retired") from None  # No daemon is to be started.
        raise


def _is_retired(settings: Settings) -> bool:
    """Whether the gate is out of service, as far as this user may look."""
    from ..gate.daemon.assembly import Assembly

    try:
        with closing(Assembly(settings).store_for_reading()) as store:
            return store.retired
    except NotUpToDate as fault:
        return fault.retired
    except (StoreFault, PermissionError):
        return False


class _Watch:
    """Tells what happens at a gate, one line each; what was missed is read in its ledger."""

    def __init__(self, settings: Settings, since: str | None) -> None:
        """``since``: a time from which on punches are told first. Raises BadParameter."""
        self._settings = settings
        self._socket = Path(settings.control.socket)
        self._zone = ZoneInfo(settings.gate.timezone)
        self._since_ms: int | None = None
        if since is not None:
            from .since import moment, to_come, which_day  # They bring the database along.

            self._since_ms = moment(since, self._zone)
            if (told := to_come(since, self._since_ms, self._zone)) is not None:
                raise click.BadParameter(say(told), param_hint="--since")
            if (told := which_day(since, self._since_ms, self._zone)) is not None:
                tell(say(told), err=True)
        self._names: dict[str, str] = {}
        self._last = 0
        """The last entry that was told; 0: none yet."""
        self._told_through = 0
        """The last entry that was there when the ledger was read."""

    def follow(self) -> None:
        """Until Ctrl-C. Raises DaemonUnreachable where there was never a daemon."""
        watched = gone = False
        while True:
            self._names = names_of(self._settings)
            try:
                for event in events(self._socket):
                    if gone:
                        tell(say("watch.answers-again"), err=True)
                    watched, gone = True, False
                    self._tell(event)
            except DaemonUnreachable:
                if not watched:
                    raise
            if not gone:
                tell(say("watch.stopped"), err=True)
            # One that takes the call and says nothing is the old one, about to go.
            gone = True
            time.sleep(_BETWEEN_LOOKS_S)
            while not daemon_runs(self._socket):
                time.sleep(_BETWEEN_LOOKS_S)

    def _tell(self, event: dict[str, Any]) -> None:
        if event["event"] == "watching":
            tell(say("watch.watching"))
            if self._since_ms is not None or self._last:
                self._tell_punches()
            return
        seq = event.get("seq")
        if seq is not None and seq <= self._told_through:
            return
        self._last = max(self._last, seq or 0)
        if event.get("worker") not in (None, *self._names):
            self._names = names_of(self._settings)
        now = datetime.now(self._zone).strftime("%H:%M:%S  ")
        try:
            told = _sentence(event, self._names)
        except KeyError:  # A daemon of another version tells other things of it.
            told = visible(str(event["event"]))
        tell(f"{now}{told}")

    def _tell_punches(self) -> None:
        """What was punched, and who was refused, since the time that was asked for, or since the
        last event."""
        from ..contract.attendance import attendance
        from ..contract.stamps import local_time, parse_time
        from ..gate.daemon.assembly import Assembly
        from .since import entries_since

        with closing(Assembly(self._settings).store_for_reading()) as store:
            self._told_through = store.tail().seq
            if self._since_ms is None:
                entries = [store.data_of(one) for one in store.entries(self._last + 1, _MISSED)]
            else:
                entries = entries_since(store, self._since_ms)
            refused = self._refused(store, entries)
        nothing = not refused
        for punch in attendance(entries, self._zone):
            if punch.seq <= self._last:
                continue
            while refused and refused[0][0] < punch.seq and punch.kind != "punch.added":
                tell(refused.pop(0)[1])
            if self._since_ms and punch.at and parse_time(punch.at) < self._since_ms:
                continue
            nothing = False
            if punch.kind == "punch.added":  # No lamp was seen.
                told = _line("ledger", say("watch.added", whose=who(punch.worker, self._names)))
            else:
                shown = "repeated" if punch.of is not None else "recorded"
                event = {"event": "panel", "worker": punch.worker, "outcome": shown, "hint": None}
                told = _sentence(event, self._names)
            voided = f" ({say('punch.note-voided', reason=punch.voided)})" if punch.voided else ""
            tell(f"{self._when(punch.at)}  {told}{voided}")
        for _, told in refused:
            tell(told)
        if nothing and self._since_ms is not None:
            tell(say("watch.none-since", since=local_time(self._since_ms, self._zone)))
        self._since_ms = None
        self._last = self._told_through

    def _refused(
        self, store: "SqliteStore", entries: list[dict[str, Any]]
    ) -> list[tuple[int, str]]:
        """By entry, what was told of a refused touch; whose it was, while the gate knows that.

        Why is told of somebody erased too: the entry keeps the reason.
        """
        from ..contract.chain import stamp_of
        from ..contract.stamps import true_time
        from ..gate.rules import Reason
        from ..gate.touch.credit import REFUSED_AS

        found = []
        for data in entries:
            if data["kind"] != "attempt.refused" or data["seq"] <= self._last:
                continue
            stamp = stamp_of(data)
            if self._since_ms and stamp.trusted and stamp.wall_ms < self._since_ms:
                continue
            known = store.attempts(data["seq"], 1).get(data["seq"])
            why = data["reason"] if is_name(f"refused.{data['reason']}") else None
            event = {"event": "panel", "worker": known and known.worker}
            event |= {"outcome": REFUSED_AS[Reason(data["reason"])], "hint": data["hint"] or why}
            when = self._when(true_time(stamp, self._zone))
            if more := data["suppressed"]:
                told = say("watch.refused-more", count=more)
                found.append((data["seq"], f"{when}  {_line('panel', told)}"))
            found.append((data["seq"], f"{when}  {_sentence(event, self._names)}"))
        return found

    def _when(self, at: str | None) -> str:
        if at is None:
            return _NO_TIME
        today = at[:10] == str(datetime.now(self._zone).date())
        return at[11:19] if today else say("status.moment", at=at)


def _sentence(event: dict[str, Any], names: dict[str, str]) -> str:
    return _line(*_told(event, names))


def _line(name: str, text: str) -> str:
    label = f"watch.{name}"
    return f"{say(label) if is_name(label) else name:<{_WATCHED}} {text}"


_WATCHED = 8
"""Columns of what an event is about."""


def _told(event: dict[str, Any], names: dict[str, str]) -> tuple[str, str]:
    """What an event is about, and what has happened."""
    match event["event"]:
        case "panel":
            shown = {"whose": who(event["worker"], names), "outcome": outcome_of(event["outcome"])}
            shown["lamps"] = lamps_of(event)
            if event["hint"]:
                return "panel", say("watch.shown-hint", hint=hint_of(event["hint"]), **shown)
            return "panel", say("watch.shown", **shown)
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
            if detail is None:
                return kind, state_of(event["state"])
            return kind, say("watch.state", state=state_of(event["state"]), detail=detail)
