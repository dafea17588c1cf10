"""Look at everything, one thing after the other, whatever becomes of each."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from ... import __version__
from ...contract.errors import EdgeAgentError
from ..errors import BadSettings
from ..settings.load import load_settings
from ..settings.schema import Settings
from . import findings as say
from .daemon import broker, daemon, uplink
from .findings import CheckContext, Finding, Judgement, State, passed_on
from .hardware import card, memory, mount, power, space, temperature
from .ledger import chain, database, payroll
from .machine import Machine
from .panel import lamps, power_pin, touch_pin
from .sensor import backup, glass, sensor, slots
from .times import clock, rtc, time_zone
from .wiring import board, console, database_rights, pin_rights, port, port_rights, socket_rights

OF_THE_GATE: dict[str, Callable[[CheckContext], Judgement | None]] = {
    "daemon": partial(daemon, own_version=__version__),  # First: it tells what others need.
    "port": port,
    "console": console,
    "port rights": port_rights,
    "pin rights": pin_rights,
    "power pin": power_pin,
    "touch pin": touch_pin,
    "sensor": sensor,
    "slots": slots,
    "glass": glass,
    "backup": backup,
    "lamps": lamps,
    "socket rights": socket_rights,
    "database rights": database_rights,
    "database": database,
    "payroll": payroll,
    "chain": chain,
    "uplink": uplink,
    "broker": broker,
    "clock": clock,
    "time zone": time_zone,
    "disk space": space,
    "disk mount": mount,
    "disk errors": card,
}
"""What is looked at where the settings can be used. None: there is nothing to say here."""

OF_THE_MACHINE: dict[str, Callable[[Machine], Judgement | None]] = {
    "hardware clock": rtc,
    "board": board,
    "memory": memory,
    "temperature": temperature,
    "power": power,
}
"""What is looked at in any case."""

_LIMIT_S = 5.0
_LIMITS_S: dict[str, float | None] = {
    # The driver gives up by itself after 5 s of silence, and only then knows what to say.
    "sensor": 8.0,
    # As long as the ledger is; nobody gets it without asking.
    "chain": None,
}


def examine(
    config: Path, machine: Machine, *, light: bool = False, verify: bool = False
) -> Iterator[Finding]:
    """Yield what each check finds, as soon as it is found. Never raises.

    ``light``: light the lamps. ``verify``: read the whole ledger.
    """
    loaded: list[Settings] = []
    yield from look("settings", partial(_load, config, loaded))
    for settings in loaded:
        context = CheckContext(machine, settings, light=light, verify=verify)
        for name, gate_check in OF_THE_GATE.items():
            yield from look(name, partial(gate_check, context))
    for name, machine_check in OF_THE_MACHINE.items():
        yield from look(name, partial(machine_check, machine))


def _load(config: Path, loaded: list[Settings]) -> Judgement:
    try:
        loaded.append(load_settings(config))
    except BadSettings as bad:
        return say.SETTINGS_BAD(path=bad.path, problems=" ".join(bad.problems).removesuffix("."))
    return say.SETTINGS_GOOD(path=config)


def look(name: str, check: Callable[[], Judgement | None]) -> Iterator[Finding]:
    """Carry one check out; at most its time passes, and whatever it raises becomes a finding."""
    limit_s = _LIMITS_S.get(name, _LIMIT_S)
    verdicts: list[Judgement | None] = []
    # On a thread, because a dead disk or name service would hold us for ever. One that hangs is
    # left behind and ends with the process.
    thread = threading.Thread(
        target=lambda: verdicts.append(_caught(check)), name=f"check {name}", daemon=True
    )
    thread.start()
    thread.join(limit_s)
    [verdict] = verdicts or [say.TOO_SLOW(seconds=limit_s)]
    if verdict is not None:
        yield Finding(check=name, **verdict._asdict())


def _caught(check: Callable[[], Judgement | None]) -> Judgement | None:
    try:
        return check()
    except EdgeAgentError as error:
        return passed_on(State.FAIL, str(error))
    except Exception as error:  # Nothing that goes wrong here may hide what the others find.
        return say.UNEXPECTED(kind=type(error).__name__, error=error)
