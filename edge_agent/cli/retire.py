"""``edge-agent retire``: take this gate out of service, for good."""

from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import click

from ..contract.errors import BadRequest, BrokerFault, EdgeAgentError, StoreFault
from ..contract.language import Message, say
from ..gate.control.client import daemon_runs
from ..gate.host.lock import daemon_at
from ..gate.host.service import stopping
from ..gate.people.requests import RetireGate
from ..gate.settings.schema import Settings
from .carry_out import carry_out
from .help import command
from .options import as_json, unasked, with_settings
from .retired import is_retired
from .sealed_backups import tell_to_destroy
from .show import print_json
from .tell import ask, tell

if TYPE_CHECKING:
    from ..gate.daemon.assembly import Assembly
    from ..gate.ledger.store.sqlite_store import SqliteStore

_PATIENCE_S = 4.5
"""For a broker's first word, before somebody is asked."""


@command(help="help.retire")
@click.option("--name", metavar="GATE", help="help.retire-name")
@click.option("--without-sensor", is_flag=True, help="help.retire-without-sensor")
@click.option(
    "--within", type=click.FloatRange(0), default=60.0, metavar="SECONDS", help="help.retire-within"
)
@as_json
@with_settings
def retire(
    settings: Settings, name: str | None, without_sensor: bool, within: float, as_json: bool
) -> None:
    from ..gate.daemon.assembly import Assembly
    from ..gate.daemon.last_words import forget_at_broker, publish_all

    gate, assembly = settings.gate.id, Assembly(settings)
    if daemon_runs(assembly.control_socket) or daemon_at(assembly.database):
        raise BadRequest("retire.stop-first", stop=stopping(for_good=True))
    retired = is_retired(settings)  # Nothing is erased then: what was cut off goes on.
    if not (name or retired):
        _tell_before(assembly, sensor=not without_sensor)
        if line := unasked("--name", gate):
            raise BadRequest("retire.names", gate=gate, line=line)
    named = name or (gate if retired else ask(say("retire.asks", gate=gate)))
    done = carry_out(settings, RetireGate(gate=named, sensor=not without_sensor))
    if not as_json:
        _tell_emptied(done)
        told = "retire.already" if retired else "retire.last-entry"
        tell(say(told, last=done["last"], gate=gate))
    lock = assembly.lock()
    lock.acquire("edge-agent retire")
    try:
        waiting = publish_all(assembly, within, lambda: None)
        if waiting:
            raise BrokerFault("retire.waits", count=waiting, gate=settings.gate.id)
        if not as_json:
            tell(say("retire.confirmed"))
        forget_at_broker(assembly)
    finally:
        lock.release()
    if as_json:
        print_json(done | {"confirmed": done["last"], "forgotten": True})
    else:
        tell(say("retire.done"))


def _tell_before(assembly: "Assembly", *, sensor: bool) -> None:
    """What goes for good, and what can be done only before; a database that cannot be read says so
    later."""
    with suppress(StoreFault, PermissionError), closing(assembly.store_for_reading()) as store:
        prints = store.prints()
        people = Message("module.of-people", count=len({one.worker for one in prints}))
        if prints:
            told = "retire.takes" if sensor else "retire.takes-no-print"
        else:
            told = "retire.takes-none" if sensor else "retire.takes-no-print-none"
        tell(say(told, gate=store.gate, count=len(prints), people=people), err=True)
        _tell_unsent(assembly, store)
        for erasure in store.erasures():
            if erasure.begun and not erasure.done:
                tell(say("privacy.overdue", code=erasure.worker, begun=erasure.begun), err=True)
        kept = [one for one in store.sealed_backups() if one.destroyed is None]
        for backup in kept:
            if backup.to_destroy:
                tell_to_destroy(store, assembly.zone, backup)
        for replaced in store.replaced_sensors():
            if replaced.to_destroy:
                tell_to_destroy(store, assembly.zone, replaced)
        if in_use := sum(one.at_hand and not one.to_destroy for one in kept):
            tell(say("retire.backups-in-use", count=in_use), err=True)
        if aside := store.set_aside():
            tell(say("retire.set-aside", files=aside), err=True)
        if open_ := sum(one.closed is None for one in store.claims()):
            tell(say("retire.claims-open", count=open_), err=True)
        if prints:
            tell(say("retire.certificates-first"), err=True)


def _tell_unsent(assembly: "Assembly", store: "SqliteStore") -> None:
    """What payroll lacks by now, and whether it can be sent: a gate that goes is soon where there
    is no line."""
    from ..gate.ledger.glance import waiting_since
    from ..gate.ports import BrokerDown
    from ..gate.uplink.mqtt.look import first_answer

    confirmed = store.watermarks().confirmed
    waiting = store.tail().seq - confirmed
    if waiting:
        since = waiting_since(store, confirmed)
        told = "retire.unsent-since" if since else "retire.unsent"
        tell(say(told, count=waiting, since=since), err=True)
    why: Message | None = None
    try:
        answer = first_answer(assembly.settings.mqtt, store.gate, _PATIENCE_S)
        if not answer:
            why = Message("retire.broker-silent")
        elif isinstance(answer, BrokerDown):
            why = answer.reason
    except EdgeAgentError as fault:  # Such as a password that cannot be read.
        why = fault.message
    if why is not None:
        tell(say("retire.no-line", why=why), err=True)
    elif waiting:
        tell(say("retire.sends", count=waiting), err=True)


def _tell_emptied(done: dict[str, Any]) -> None:
    if done["erased"] is not None:
        told = "retire.emptied" if done["erased"] else "retire.was-empty"
        tell(say(told, count=done["erased"], slots=done["slots"]))
