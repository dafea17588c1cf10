"""``edge-agent watch``: follow what happens at the gate."""

import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from ..contract.language import Message, say, visible
from ..gate.control.client import daemon_runs, events
from ..gate.control.client import watch as watch_daemon
from ..gate.errors import DaemonUnreachable
from ..gate.settings.schema import Settings
from .carry_out import answers_soon, names_of
from .help import command
from .options import as_json, with_settings
from .retired import is_retired
from .tell import tell
from .watched import sentence

_BETWEEN_LOOKS_S = 0.5

_INDENT = " " * 4

_NAMED_ANEW = ("worker.changed", "worker.forgotten")
"""Entries after which a code may have another name."""


@command(help="help.watch")
@click.option("--since", metavar="TIME", help="help.watch-since")
@as_json
@with_settings
def watch(settings: Settings, since: str | None, as_json: bool) -> None:
    socket = Path(settings.control.socket)
    if as_json and since is not None:
        raise click.UsageError(say("watch.since-json"))
    answers_soon(settings)
    try:
        if as_json:
            for line in watch_daemon(socket):
                click.echo(line)
        else:
            _Watch(settings, since).follow()
    except DaemonUnreachable:
        told = None if daemon_runs(socket) else _not_to_be_started(settings)
        if since is not None:
            tell(say("watch.punches-instead", since=since), err=True)
        if told is None:
            raise
        raise DaemonUnreachable(told) from None


def _not_to_be_started(settings: Settings) -> Message | None:
    """Why no daemon is to be started where none answers: one has the gate, or none may have it."""
    if is_retired(settings):
        return Message("retire.retired")
    from ..gate.control.no_answer import unanswering

    return unanswering(Path(settings.store.path), Path(settings.control.socket))


class _Watch:
    """Tells what happens at a gate, one line each; what was missed is read in its ledger."""

    def __init__(self, settings: Settings, since: str | None) -> None:
        """``since``: a time from which on punches are told first. Raises BadParameter."""
        self._settings = settings
        self._socket = Path(settings.control.socket)
        self._zone = ZoneInfo(settings.gate.timezone)
        self._since_ms: int | None = None
        self._which: Message | None = None
        """Which day ``since`` is, where it leans on today."""
        if since is not None:
            from .moments import moment, to_come, which_day  # Most watch without it.

            self._since_ms = moment(since, self._zone)
            if (told := to_come(since, self._since_ms, self._zone)) is not None:
                raise click.BadParameter(say(told), param_hint="--since")
            self._which = which_day(since, self._since_ms, self._zone, ends=None)
        self._names: dict[str, str] = {}
        self._last = 0
        """The last entry that was told; 0: none yet."""
        self._day = str(datetime.now(self._zone).date())
        """Of the lines that are told: another one is told before them."""
        self._has_explained = False
        """What a time means that is not known for certain."""
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
            if self._which is not None:
                tell(say(self._which), err=True)
                self._which = None
            if self._since_ms is not None or self._last:
                self._tell_missed()
            return
        seq = event.get("seq")
        if seq is not None and seq <= self._told_through:
            return
        self._last = max(self._last, seq or 0)
        worker, before = event.get("worker"), None
        if event.get("kind") in _NAMED_ANEW:
            before = self._names.pop(worker or "", None)
        if worker not in (None, *self._names):
            self._names = names_of(self._settings)
        if before not in (None, self._names.get(worker or "")):
            event = {**event, "named_anew": True}
        now = datetime.now(self._zone)
        try:
            told = sentence(event, self._names)
        except KeyError:  # A daemon of another version tells other things of it.
            told = visible(str(event["event"]))
        is_known = event.get("seq") is None or event.get("at", "") is not None
        self._tell_line(str(now.date()), f"{now:%H:%M:%S}{' ' if is_known else '?'} {told}")
        if not is_known:
            self._explain()

    def _explain(self) -> None:
        if not self._has_explained:
            tell(say("watch.no-time"), indent=_INDENT)
            self._has_explained = True

    def _tell_line(self, day: str | None, told: str) -> None:
        if day is not None and day != self._day:
            tell(say("watch.day", on=day), colour="bold")
            self._day = day
        tell(told, indent=_INDENT)

    def _tell_missed(self) -> None:
        """What happened since the time that was asked for, or since the last event."""
        from ..gate.daemon.assembly import Assembly
        from .missed import Missed  # It brings the database along.

        assembly = Assembly(self._settings)
        left = assembly.set_aside()
        with closing(assembly.store_for_reading()) as store:
            self._told_through = store.tail().seq
            names, before = self._names, left[-1] if left else None
            now = assembly.clock.stamp()
            missed = Missed(store, self._zone, names, self._since_ms, self._last, before, now)
            for day, told in missed.lines():
                self._tell_line(day, told)
            if missed.has_no_time:
                self._explain()
        self._since_ms = None
        self._last = self._told_through
