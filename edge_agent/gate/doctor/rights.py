"""Who may use what: this user or, where root asks, the service's.

Whatever root may is of no use to a daemon that runs as somebody else, so root is told of that
user, whose access is tried and not worked out. What is said names the group that would help. While
the daemon runs it alone uses port and lamps, so only what commands need is looked at.
"""

import os
import stat
from pathlib import Path

from ...contract.language import Message, told_problems
from ..host.who_may import holders_of
from .context import CheckContext, check
from .findings import Judgement, Sentence, State, passed_on
from .machine import Machine, user_name

OK, FAIL = State.OK, State.FAIL

MAY_USE = Sentence(OK, "doctor.may-use")
JOIN_GROUP = Sentence(FAIL, "doctor.join-group")
LOG_IN_AGAIN = Sentence(FAIL, "doctor.log-in-again")
USE_SUDO = Sentence(FAIL, "doctor.use-sudo")
SERVICE_JOINS_GROUP = Sentence(FAIL, "doctor.service-joins-group")
SERVICE_OWNS = Sentence(FAIL, "doctor.service-owns")
SERVICE_READS = Sentence(FAIL, "doctor.service-reads")
SERVICE_ENTERS = Sentence(FAIL, "doctor.service-enters")
SERVICE_SEES_NO_HOME = Sentence(FAIL, "doctor.service-sees-no-home")
SERVICE_WRITES_ELSEWHERE = Sentence(FAIL, "doctor.service-writes-elsewhere")

_READ, _WRITE, _ENTER = os.R_OK, os.W_OK, os.X_OK

_HIDDEN = ("/home", "/root", "/run/user")


def _judge(
    context: CheckContext, path: str | Path, mode: int, service: Sentence | None = None
) -> Judgement:
    """``mode`` is made of R_OK, W_OK and X_OK, which are the bits of each part of a file's mode.

    ``service``: what is said where the service's user may not, if it is not who should own it.
    """
    machine, who = context.machine, context.user
    person, staged = who.person, machine.at(path)
    if who.is_service and (kept_out := _kept_out(context, Path(path), mode)) is not None:
        return kept_out
    if who.may(staged, mode):
        return MAY_USE(user=person.name, path=path)
    found = staged.stat()
    group = machine.group(found.st_gid)
    facts = {"user": person.name, "path": path, "group": group.name}
    owner = user_name(found.st_uid)
    not_by_group = found.st_mode >> 3 & mode != mode or found.st_gid in person.groups
    if who.is_service:
        if stat.S_ISCHR(found.st_mode) and not not_by_group:
            return SERVICE_JOINS_GROUP(**facts)
        main_group = machine.group(person.gid).name
        return (service or SERVICE_OWNS)(**facts, owner=owner, main_group=main_group)
    if not_by_group:
        return USE_SUDO(**facts, owner=owner)
    return (LOG_IN_AGAIN if person.name in group.members else JOIN_GROUP)(**facts)


def _kept_out(context: CheckContext, path: Path, mode: int) -> Judgement | None:
    """Whether the unit, or a folder above, keeps the service's user from it whoever owns it."""
    machine, who = context.machine, context.user
    if not who.sees_home and any(map(path.is_relative_to, _HIDDEN)):
        return SERVICE_SEES_NO_HOME(path=path)
    for folder in reversed(path.parents):
        if not who.may(machine.at(folder), _ENTER):
            shut = machine.at(folder).stat()
            owner, group = user_name(shut.st_uid), machine.group(shut.st_gid).name
            return SERVICE_ENTERS(user=who.person.name, path=folder, owner=owner, group=group)
    below = who.writes_below
    if below is None or not mode & _WRITE or path.is_relative_to("/dev"):
        return None
    if any(map(path.is_relative_to, below)):
        return None
    return SERVICE_WRITES_ELSEWHERE(path=path, folders=below)


def _exists(machine: Machine, path: str | Path) -> bool:
    return os.path.exists(machine.at(path))


@check("port rights")
def port_rights(context: CheckContext) -> Judgement | None:
    """The sensor's port; one that is not there is told by another check."""
    if context.status is not None or context.device is None:
        return None
    return _judge(context, context.settings.sensor.port, _READ | _WRITE)


NO_GPIO_CHIP = Sentence(FAIL, "doctor.no-gpio-chip")


@check("pin rights")
def pin_rights(context: CheckContext) -> Judgement | None:
    """The chip that the pins belong to: the lamps' and the two at the sensor."""
    panel, sensor = context.settings.panel.pins, context.settings.sensor
    at_the_sensor = (sensor.touch_pin, sensor.power_pin) != ("none", "none")
    wired = panel == "gpio" or (panel == "none" and at_the_sensor)
    if context.status is not None or not wired:
        return None
    machine = context.machine
    chips = sorted(machine.at("/dev").glob("gpiochip*"))
    if not chips:
        return NO_GPIO_CHIP()
    verdicts = [_judge(context, f"/dev/{chip.name}", _READ | _WRITE) for chip in chips]
    return next((verdict for verdict in verdicts if verdict.state is State.FAIL), verdicts[0])


READERS_OF_DAEMON = Sentence(OK, "doctor.readers-of-daemon")
READERS_THERE = Sentence(OK, "doctor.readers-there")
READER_MISSING = Sentence(FAIL, "doctor.reader-missing")


@check("readers")
def readers(context: CheckContext) -> Judgement | None:
    """Readers of cards and keypads: there, and open to this user; the daemon tells of its own."""
    devices = context.settings.reader.devices
    if not devices:
        return None
    if context.status is not None:
        problem = told_problems(context.status.get("pins", {})).get("readers")
        return passed_on(FAIL, problem) if problem else READERS_OF_DAEMON(devices=devices)
    for path in devices:
        if not _exists(context.machine, path):
            return READER_MISSING(path=path)
        verdict = _judge(context, path, _READ)
        if verdict.state is State.FAIL:
            return verdict
    return READERS_THERE(devices=devices)


@check("socket rights")
def socket_rights(context: CheckContext) -> Judgement | None:
    """The daemon's control socket; there is none while no daemon runs."""
    socket = context.settings.control.socket
    there = [path for path in (str(Path(socket).parent), socket) if _exists(context.machine, path)]
    verdict = None
    for path in there:
        verdict = _judge(context, path, _READ | _WRITE if path == socket else _ENTER)
        if verdict.state is State.FAIL:
            return verdict
    return verdict if socket in there else None


NO_FOLDER = Sentence(FAIL, "doctor.no-folder")


@check("database rights")
def database_rights(context: CheckContext) -> Judgement | None:
    """The database and its folder, where SQLite keeps files beside it."""
    database, service = Path(context.settings.store.path).absolute(), context.user.is_service
    if not _exists(context.machine, database.parent):
        return NO_FOLDER(path=database.parent)
    if os.path.isdir(context.machine.at(database)):
        return None  # The database's own check tells what is to be named.
    # Who only asks a daemon that runs need not write; the service's user always has to.
    changing = 0 if context.status is not None and not service else _WRITE
    verdict = _judge(context, database.parent, _ENTER | changing)
    # What root has made beside it would keep the service out as well.
    for end in ("-wal", "-shm", ".lock", "") if service else ("",):
        path = database.with_name(database.name + end)
        if verdict.state is State.OK and _exists(context.machine, path):
            verdict = _judge(context, path, _READ | changing)
    return verdict


ROLES = Sentence(OK, "doctor.roles")


@check("roles")
def roles(context: CheckContext) -> Judgement | None:
    """Who has which role now, so that nobody is forgotten who has left."""
    found = holders_of(context.settings.roles.groups)
    if not found:
        return None
    nobody = Message("doctor.nobody")
    return ROLES(
        roles=[
            Message(f"doctor.has-{role}", people=names or nobody) for role, names in found.items()
        ]
    )


NO_SERVICE_USER = Sentence(FAIL, "doctor.no-service-user")


@check("settings rights")
def settings_rights(context: CheckContext) -> Judgement | None:
    """Where root asks: whether the service's user can read the settings and what they name."""
    try:
        context.machine.user(Path(context.settings.store.path).parent)
    except LookupError as nobody:
        return NO_SERVICE_USER(user=nobody.args[0])
    if context.config is None or not context.user.is_service:
        return None  # This user has just read them.
    verdict = _judge(context, context.config.absolute(), _READ, SERVICE_READS)
    mqtt, sensor = context.settings.mqtt, context.settings.sensor
    named = (mqtt.ca_file, mqtt.cert_file, mqtt.key_file, mqtt.password_file, sensor.password_file)
    for path in filter(None, named):
        if verdict.state is State.OK and _exists(context.machine, path):
            verdict = _judge(context, path, _READ)
    return (
        verdict
        if verdict.state is State.FAIL
        else MAY_USE(user=context.user.person.name, path=context.config)
    )
