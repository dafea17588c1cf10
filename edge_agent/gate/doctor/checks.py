"""Look at everything, one check after the other, whatever becomes of each."""

import threading
from collections.abc import Iterator
from pathlib import Path

from ...contract.errors import EdgeAgentError
from ...contract.language import together
from ..control.goes_on import goes_on
from ..errors import BadSettings, GateBusy
from ..settings.load import load_settings
from ..settings.meaning import oddities
from ..settings.schema import Settings
from .context import Check, CheckContext, Subject
from .daemon import broker, daemon, settings_in_use, uplink
from .findings import Finding, Judgement, Sentence, State, passed_on
from .hardware import card, memory, mount, power, space, temperature
from .ledger import chain, copy, database, payroll, privacy, roster
from .machine import Machine
from .panel import inputs, lamps, power_pin, touch_pin
from .people import leavers, workers
from .rights import (
    database_rights,
    pin_rights,
    port_rights,
    readers,
    roles,
    settings_rights,
    socket_rights,
)
from .sensor import backup, glass, prints, sensor, slots
from .times import battery, clock, rtc, time_zone
from .wiring import board, console, other_readers, port

OF_THE_GATE: tuple[Check[CheckContext], ...] = (
    daemon,  # First: it tells what others need.
    settings_in_use,
    port,
    console,
    other_readers,
    port_rights,
    pin_rights,
    power_pin,
    touch_pin,
    sensor,  # Before those that say what it has found out.
    slots,
    glass,
    prints,
    backup,
    workers,
    lamps,
    inputs,
    readers,
    settings_rights,
    socket_rights,
    roles,
    database_rights,
    database,
    payroll,
    roster,
    leavers,
    copy,
    privacy,
    chain,
    uplink,
    broker,
    clock,
    battery,
    time_zone,
    space,
    mount,
    card,
)
"""What is looked at where the settings can be used, in this order."""

OF_THE_MACHINE: tuple[Check[Machine], ...] = (rtc, board, memory, temperature, power)
"""What is looked at in any case."""

AFTER_RETIRING = (daemon, database, payroll, privacy, chain)
"""What is still looked at once the gate is out of service: what it has recorded. All else it needs
no more, and may be taken away.
"""

SECTIONS = {
    "gate": ("settings", "daemon", "changed settings", "settings rights", "socket rights", "roles"),
    "sensor": (
        *("port", "console", "other readers", "port rights", "power pin", "touch pin"),
        *("sensor", "slots", "glass", "prints", "backup", "workers"),
    ),
    "panel": ("pin rights", "lamps", "inputs", "readers"),
    "ledger": (
        *("database rights", "database", "payroll", "roster", "leavers"),
        *("copy", "privacy", "chain"),
    ),
    "uplink": ("uplink", "broker"),
    "clock": ("clock", "clock battery", "time zone", "hardware clock"),
    "machine": (
        *("disk space", "disk mount", "disk errors"),
        *("board", "memory", "temperature", "power"),
    ),
}
"""What may be asked for alone → the titles of its checks."""

SETTINGS_GOOD = Sentence(State.OK, "doctor.settings-good")
SETTINGS_BAD = Sentence(State.FAIL, "doctor.settings-bad")
SETTINGS_BAD_LATER = Sentence(State.FAIL, "doctor.settings-bad-later")


def examine(
    config: Path,
    machine: Machine,
    *,
    light: bool = False,
    verify: bool = False,
    section: str | None = None,
) -> Iterator[Finding]:
    """Yield what each check finds, as soon as it is found. Never raises.

    ``light``: light the lamps. ``verify``: read the whole ledger. ``section``: one of
    SECTIONS, alone.
    """
    wanted = None if section is None else SECTIONS[section]

    def among(title: str) -> bool:
        return wanted is None or title in wanted

    loaded: list[Settings] = []
    settings = Check[Machine]("settings", lambda _: _load(config, loaded), 5.0)
    findings = list(look(settings, machine))
    if among(settings.title) or not loaded:  # Why nothing else can be said.
        yield from findings
    for usable in loaded:
        context = CheckContext(machine, usable, config, light=light, verify=verify)
        for gate_check in OF_THE_GATE:
            if gate_check is daemon:  # Asked in any case, for what it tells the others.
                findings = list(look(gate_check, context))
                if among(gate_check.title) or context.retired:  # Why all else is passed over.
                    yield from findings
            elif among(gate_check.title) and not _needless(gate_check, context):
                yield from look(gate_check, context)
        if context.retired:
            return
    for machine_check in OF_THE_MACHINE:
        if among(machine_check.title):
            yield from look(machine_check, machine)


def _needless(gate_check: Check[CheckContext], context: CheckContext) -> bool:
    return context.retired and gate_check not in AFTER_RETIRING


def _load(config: Path, loaded: list[Settings]) -> Judgement:
    try:
        loaded.append(load_settings(config))
    except BadSettings as bad:
        if (goes := goes_on(config)) is not None:
            return SETTINGS_BAD_LATER(goes=goes, path=bad.path, problems=bad.told)
        return SETTINGS_BAD(path=bad.path, problems=bad.told)
    if odd := together(*oddities(loaded[0])):
        return passed_on(State.WARN, odd)
    return SETTINGS_GOOD(path=config)


UNEXPECTED = Sentence(State.FAIL, "doctor.unexpected")


def look(check: Check[Subject], subject: Subject) -> Iterator[Finding]:
    """Carry one check out; at most its time passes, and whatever it raises becomes a finding."""
    judgements: list[Judgement | None] = []
    # On a thread, because a dead disk or name service would hold us for ever. One that hangs is
    # left behind and ends with the process.
    thread = threading.Thread(
        target=lambda: judgements.append(_caught(check, subject)),
        name=f"check {check.title}",
        daemon=True,
    )
    try:
        thread.start()
    except RuntimeError as error:  # No memory for one.
        judgements.append(_failed(error))
    else:
        thread.join(check.within_s)
    [judgement] = judgements or [check.too_slow(check.within_s)]
    if judgement is not None:
        yield Finding.of(check.title, judgement)


def _caught(check: Check[Subject], subject: Subject) -> Judgement | None:
    try:
        return check(subject)
    except GateBusy as busy:
        # One that starts is no fault, and what it looks at then, it tells by itself.
        starts = busy.message.name == "control.starting"
        return passed_on(State.WARN if starts else State.FAIL, busy.message)
    except EdgeAgentError as error:
        return passed_on(State.FAIL, error.message)
    # Nothing that goes wrong here may hide what the others find, a library's panic neither.
    except BaseException as error:
        return _failed(error)


def _failed(error: BaseException) -> Judgement:
    return UNEXPECTED(kind=type(error).__name__, error=error)
