"""What this user may use, and which group would help.

While the daemon runs it alone uses port and lamps, so only what commands need is looked at.
"""

import os
from pathlib import Path

from .findings import State, Verdict
from .machine import Machine, user_name
from .sentences import wiring as say
from .visit import Visit

_READ, _WRITE, _ENTER = os.R_OK, os.W_OK, os.X_OK


def port_rights(visit: Visit) -> Verdict | None:
    """The sensor's port; one that is not there is told by another check."""
    if visit.status is not None or visit.device is None:
        return None
    return _judge(visit.machine, visit.settings.sensor.port, _READ | _WRITE)


def pin_rights(visit: Visit) -> Verdict | None:
    """The chip that the pins belong to: the lamps' and the two at the sensor."""
    panel, sensor = visit.settings.panel.pins, visit.settings.sensor
    at_the_sensor = (sensor.touch_pin, sensor.power_pin) != ("none", "none")
    wired = panel == "gpio" or (panel == "none" and at_the_sensor)
    if visit.status is not None or not wired:
        return None
    machine = visit.machine
    chips = sorted(machine.at("/dev").glob("gpiochip*"))
    if not chips:
        return say.NO_GPIO_CHIP()
    verdicts = [_judge(machine, f"/dev/{chip.name}", _READ | _WRITE) for chip in chips]
    return next((verdict for verdict in verdicts if verdict.state is State.FAIL), verdicts[0])


def socket_rights(visit: Visit) -> Verdict | None:
    """The daemon's control socket; there is none while no daemon runs."""
    socket = visit.settings.control.socket
    there = [path for path in (str(Path(socket).parent), socket) if _exists(visit.machine, path)]
    verdict = None
    for path in there:
        verdict = _judge(visit.machine, path, _READ | _WRITE if path == socket else _ENTER)
        if verdict.state is State.FAIL:
            return verdict
    return verdict if socket in there else None


def database_rights(visit: Visit) -> Verdict:
    """The database and its folder, where SQLite keeps files beside it."""
    database = Path(visit.settings.store.path)
    if not _exists(visit.machine, database.parent):
        return say.NO_FOLDER(path=database.parent)
    changing = 0 if visit.status is not None else _WRITE
    folder = _judge(visit.machine, database.parent, _ENTER | changing)
    if folder.state is State.FAIL or not _exists(visit.machine, database):
        return folder
    return _judge(visit.machine, database, _READ | changing)


def _exists(machine: Machine, path: str | Path) -> bool:
    return os.path.exists(machine.at(path))


def _judge(machine: Machine, path: str | Path, mode: int) -> Verdict:
    """``mode`` is made of R_OK, W_OK and X_OK, which are the bits of each part of a file's mode."""
    person, staged = machine.person, machine.at(path)
    if machine.may(staged, mode):
        return say.MAY_USE(user=person.name, path=path)
    found = staged.stat()
    group = machine.group(found.st_gid)
    if found.st_mode >> 3 & mode != mode or found.st_gid in person.groups:
        owner = user_name(found.st_uid)
        return say.USE_SUDO(user=person.name, path=path, owner=owner, group=group.name)
    known = person.name in group.members
    sentence = say.LOG_IN_AGAIN if known else say.JOIN_GROUP
    return sentence(user=person.name, path=path, group=group.name)
