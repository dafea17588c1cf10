"""Whether the daemon runs, and how the gate gets on with the broker. Nothing is published.

Where the daemon is connected, it is asked, and nothing else connects: a broker that knows each user
by name only (mosquitto's use_username_as_clientid) would throw the daemon out for the doctor.
"""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from ... import __version__
from ...contract.errors import StoreFault
from ...contract.language import Message, together, told_problem
from ..control.client import ask_status, daemon_runs
from ..control.no_answer import starts
from ..daemon.settings_changed import counts_after
from ..daemon.supervised_thread import SILENT_AFTER_S
from ..errors import NotUpToDate
from ..host.lock import daemon_at
from ..host.service import is_service, restarting, starting
from ..ledger.store.metadata import AT_BROKER
from ..ports import BrokerDown
from ..uplink.mqtt.look import first_answer
from .context import CheckContext, check
from .findings import Judgement, Sentence, State, age_of, passed_on
from .ledger import of_other_gate

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

DAEMON_RUNS = Sentence(OK, "doctor.daemon-runs")
DAEMON_OF_OTHER_VERSION = Sentence(WARN, "doctor.daemon-of-other-version")
DAEMON_ELSEWHERE = Sentence(FAIL, "doctor.daemon-elsewhere")
DAEMON_STARTING = Sentence(WARN, "doctor.daemon-starting")
DAEMON_STOPPED = Sentence(FAIL, "doctor.daemon-stopped")
GATE_RETIRED = Sentence(OK, "doctor.gate-retired")
GATE_RETIRED_WAITS = Sentence(WARN, "doctor.gate-retired-waits")
GATE_RETIRED_AT_BROKER = Sentence(WARN, "doctor.gate-retired-at-broker")
DAEMON_HANGS = Sentence(FAIL, "doctor.daemon-hangs")
GATE_THREAD_HANGS = Sentence(FAIL, "doctor.gate-thread-hangs")
UPLINK_THREAD_HANGS = Sentence(FAIL, "doctor.uplink-thread-hangs")

_HANGING = {"gate": GATE_THREAD_HANGS, "uplink": UPLINK_THREAD_HANGS}
"""By the thread's name; the worse first."""

_ON_TERMINAL = Message("doctor.log-on-terminal")


def _hangs(seconds: float | None) -> Judgement:
    return DAEMON_HANGS(seconds=seconds, restart=restarting())


@check("daemon", too_slow=_hangs)
def daemon(context: CheckContext) -> Judgement:
    """Ask it for its status, which tells later checks what only the daemon can know."""
    socket = context.assembly.control_socket
    if not daemon_runs(socket):
        return _stopped(context)
    context.status = ask_status(socket)
    silent_s = context.status.get("silent_s", {})  # Not told by older versions.
    for thread, sentence in _HANGING.items():
        if (silent := silent_s.get(thread, 0)) >= SILENT_AFTER_S:
            return sentence(silent=silent, restart=restarting())
    version = context.status["version"]
    if version != __version__:
        return DAEMON_OF_OTHER_VERSION(version=version, own=__version__, restart=restarting())
    return DAEMON_RUNS(version=version)


def _stopped(context: CheckContext) -> Judgement:
    """Of a gate that was taken out of service none is to be started, and where one has the database
    it is not stopped."""
    if process := daemon_at(context.assembly.database):
        if starts(process):
            return DAEMON_STARTING(process=process)
        where = context.settings.control.socket
        return DAEMON_ELSEWHERE(process=process, socket=where, restart=restarting())
    log = Message("doctor.log-of-service") if is_service() else _ON_TERMINAL
    stopped = DAEMON_STOPPED(command=starting(), log=log)
    try:
        with closing(context.assembly.store_for_reading()) as store:
            context.retired = store.retired
            if not context.retired:
                return stopped
            waiting = store.tail().seq - store.watermarks().confirmed
            at_broker = store.remembered(AT_BROKER)
    except NotUpToDate as fault:
        context.retired = fault.retired
        return passed_on(WARN, fault.message) if fault.retired else stopped
    except (StoreFault, PermissionError):  # Another check tells.
        return stopped
    if waiting:
        return GATE_RETIRED_WAITS()
    return GATE_RETIRED_AT_BROKER() if at_broker else GATE_RETIRED()


SETTINGS_CHANGED = Sentence(WARN, "doctor.settings-changed")


@check("changed settings")
def settings_in_use(context: CheckContext) -> Judgement | None:
    """Whether the daemon runs with those that stand in the file.

    Of another id nothing else is said: whoever restarts for the other settings leaves the ledger.
    """
    status = context.status or {}
    changed = (status.get("settings") or {}).get("changed")
    if changed and "[gate] id" in changed:
        return of_other_gate(context, status["gate"])
    return SETTINGS_CHANGED(keys=changed, how=counts_after(changed)) if changed else None


UPLINK_GOOD = Sentence(OK, "doctor.uplink-good")
UPLINK_STARTING = Sentence(WARN, "doctor.uplink-starting")
UPLINK_AWAY = Sentence(FAIL, "uplink.away-long")
UPLINK_AWAY_AT_LEAST = Sentence(FAIL, "uplink.away-long-at-least")
UPLINK_HAS_TWIN = Sentence(WARN, "doctor.uplink-has-twin")
UPLINK_REFUSED = Sentence(WARN, "doctor.uplink-refused")

UPLINK_NOT_SIGNED = Sentence(WARN, "doctor.uplink-not-signed")

_AWAY_TOO_LONG_S = 3600
"""A reboot of the broker's machine or of the router is over long before."""

_NOT_SAID = Message("doctor.no-reason-told")


@check("uplink")
def uplink(context: CheckContext) -> Judgement | None:
    """What the daemon says of its connection."""
    if context.status is None:
        return None
    way = context.status["uplink"]
    if (away_s := way.get("away_s") or 0) >= _AWAY_TOO_LONG_S:
        away = UPLINK_AWAY_AT_LEAST if way.get("away_since_start") else UPLINK_AWAY
        return away(age=age_of(away_s), why=_tried(way, told_problem(way) or _NOT_SAID))
    if (problem := told_problem(way)) is not None:
        return passed_on(State.WARN, _since(context.status, away_s, _tried(way, problem)))
    if way["state"] != "connected":
        return UPLINK_STARTING()
    if way.get("duplicate_gate"):
        return UPLINK_HAS_TWIN()
    if not_signed := way.get("not_signed", 0):
        return UPLINK_NOT_SIGNED(
            messages=Message("doctor.messages", count=not_signed), keys=" or ".join(way["keys"])
        )
    receipts, commands = way.get("refused_receipts", 0), way.get("refused_commands", 0)
    if receipts or commands:
        return UPLINK_REFUSED(
            receipts=Message("doctor.receipts", count=receipts),
            commands=Message("doctor.commands", count=commands),
            refusals=Message("doctor.log-of-refused") if is_service() else _ON_TERMINAL,
        )
    return UPLINK_GOOD()


def _tried(way: dict[str, Any], why: Message) -> Message:
    """Why there is no connection, which is how it was then; a daemon of an older version does not
    tell when."""
    if (next_s := way.get("next_try_s")) is None:
        return why
    if (tried_s := way["tried_s"]) is None:
        return Message("uplink.tried-next", next=next_s, why=why)
    return Message("uplink.tried", ago=tried_s, next=next_s, why=why)


_OF_THE_START_S = 60
"""An entry that waits for less before it is of the start itself, and tells of no outage."""


def _since(status: dict[str, Any], away_s: float, why: Message) -> Message:
    """Why there is no connection, and since when; a daemon of an older version does not tell it."""
    if not away_s or not (now := status.get("time")):
        return why
    moment = datetime.fromisoformat(now["local"]) - timedelta(seconds=away_s)
    since = moment.isoformat()
    if not status["uplink"].get("away_since_start"):
        return Message("uplink.away", since=since, why=why)
    # Seconds that are rounded would tell now this one, now the next.
    since = status.get("started_at") or since
    waits = status.get("waiting_since")
    if waits and datetime.fromisoformat(waits) < moment - timedelta(seconds=_OF_THE_START_S):
        return Message("uplink.away-since-start-waits", since=since, waits=waits, why=why)
    return Message("uplink.away-since-start", since=since, why=why)


BROKER_ANSWERS = Sentence(OK, "doctor.broker-answers")
BROKER_IN_THE_CLEAR = Sentence(WARN, "doctor.broker-in-the-clear")
BROKER_IS_OLD = Sentence(WARN, "doctor.broker-is-old")
BROKER_SLOW = Sentence(FAIL, "doctor.broker-slow")
BROKER_OF_NEW_SETTINGS = Sentence(WARN, "uplink.by-new-settings")

_PATIENCE_S = 4.5


@check("broker")
def broker(context: CheckContext) -> Judgement:
    """Ask the daemon where it is connected by these settings; otherwise connect once."""
    mqtt, gate = context.settings.mqtt, context.settings.gate.id
    access = mqtt.access
    where = {"host": mqtt.host, "port": access.tcp_port}
    way = Message("doctor.by-tls" if access.encrypted else "doctor.on-this-machine")
    if version := _of_the_daemon(context.status):
        if access.exposed:
            return BROKER_IN_THE_CLEAR(**where, version=version)
        known = BROKER_ANSWERS if version == "5" else BROKER_IS_OLD
        return known(**where, way=way, version=version)
    answer = first_answer(mqtt, gate, _PATIENCE_S)
    if answer is None:
        return _or_of_new(context.status, BROKER_SLOW(**where, seconds=_PATIENCE_S))
    if isinstance(answer, BrokerDown):
        return _or_of_new(context.status, passed_on(State.FAIL, answer.reason))
    if limits := answer.limits.sentences():
        return passed_on(State.WARN, together(*limits.values()) or "")
    if access.exposed:
        return BROKER_IN_THE_CLEAR(**where, version=answer.version)
    sentence = BROKER_ANSWERS if answer.version == "5" else BROKER_IS_OLD
    return sentence(**where, way=way, version=answer.version)


def _or_of_new(status: dict[str, Any] | None, fails: Judgement) -> Judgement:
    """What fails, or where the daemon is connected: that it only will by the settings that wait."""
    if status is None or status["uplink"]["state"] != "connected":
        return fails
    keys = _others_of(status)
    return BROKER_OF_NEW_SETTINGS(keys=keys, why=fails.message) if keys else fails


def _others_of(status: dict[str, Any]) -> list[str]:
    """The keys of the broker that the daemon does not know as they are in the file now."""
    changed = (status.get("settings") or {}).get("changed", [])
    return [key for key in changed if key.startswith(("[mqtt]", "[gate]"))]


def _of_the_daemon(status: dict[str, Any] | None) -> str | None:
    """The version of MQTT on the daemon's connection; None: there is none by these settings."""
    if status is None or status["uplink"]["state"] != "connected":
        return None
    problem = (status.get("settings") or {}).get("problem")
    return None if problem or _others_of(status) else status["uplink"].get("mqtt")
