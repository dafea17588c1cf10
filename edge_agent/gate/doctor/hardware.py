"""The machine itself: the disk that the database is on, memory, temperature and supply."""

import re
from pathlib import Path

from msgspec import Struct

from ...contract.language import Message, because
from ..host.board import HOT, TOO_HOT, board_below
from ..host.disk import FILLING, FULL, Usage
from ..host.service import restarting
from .context import CheckContext, check
from .findings import Judgement, Sentence, State
from .machine import Machine

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

DISK_ROOMY = Sentence(OK, "doctor.disk-roomy")
DISK_FILLING = Sentence(WARN, "doctor.disk-filling")
DISK_FULL = Sentence(FAIL, "doctor.disk-full")
DISK_SILENT = Sentence(FAIL, "doctor.disk-silent")
DISK_STOPS_DATABASE = Sentence(FAIL, "doctor.disk-stops-database")
DATABASE_IN_RESERVE = Sentence(FAIL, "doctor.database-in-reserve")


@check("disk space")
def space(context: CheckContext) -> Judgement | None:
    """Whether there is room for more entries."""
    return stopped_by_disk(context) or _room(context)


def stopped_by_disk(context: CheckContext) -> Judgement | None:
    """What a full disk does to the database, as the daemon has met it: database and disk have one
    cause then, which both checks tell in one sentence.
    """
    state = context.status["store"]["state"] if context.status is not None else "ready"
    try:
        usage = context.machine.usage(_folder(context))
    except OSError:
        return None  # Another sentence tells.
    if state == "reserve":
        return _of_disk(context, DATABASE_IN_RESERVE, usage, context.assembly.database)
    if state == "failing" and usage.percent >= FULL:
        return _of_disk(context, DISK_STOPS_DATABASE, usage, context.assembly.database)
    return None


def _room(context: CheckContext) -> Judgement | None:
    folder = _folder(context)
    try:
        usage = context.machine.usage(folder)
    except FileNotFoundError:
        return None  # Another check tells.
    except OSError as error:
        return DISK_SILENT(path=folder, error=because(error))
    sentence = DISK_ROOMY
    if usage.percent >= FILLING:
        sentence = DISK_FULL if usage.percent >= FULL else DISK_FILLING
    return _of_disk(context, sentence, usage, folder)


def _folder(context: CheckContext) -> Path:
    return Path(context.settings.store.path).parent


def _of_disk(context: CheckContext, sentence: Sentence, usage: Usage, path: Path) -> Judgement:
    """A sentence that says which disk it is, how full, and what needs the room."""
    place: Message | str = Message("doctor.disk-of", path=path)
    folder = str(_folder(context))
    if (found := _mount(context)) is not None:
        place = Message("doctor.disk-at", device=found.device, folder=found.folder)
        folder = found.folder
    return sentence(
        disk=place, folder=folder, path=path, percent=usage.percent, free=_size(usage.free)
    )


def _size(count: int) -> Message:
    if count >= 1e9:
        return Message("doctor.gigabytes", size=count / 1e9)
    return Message("doctor.megabytes", size=count // 1_000_000)


MOUNT_WRITABLE = Sentence(OK, "doctor.mount-writable")
MOUNT_READ_ONLY = Sentence(FAIL, "doctor.mount-read-only")

_CLOSED = {"ro", "emergency_ro", "shutdown"}
"""Nothing can be written: as it was mounted, or since the kernel met an error (the last two on
newer kernels, which leave "rw" beside them)."""


@check("disk mount")
def mount(context: CheckContext) -> Judgement | None:
    """Whether it can be written to at all."""
    found = _mount(context)
    if found is None:
        return None
    closed = _CLOSED & found.options
    sentence = MOUNT_READ_ONLY if closed else MOUNT_WRITABLE
    return sentence(device=found.device, folder=found.folder, kind=found.kind)


CARD_GOOD = Sentence(OK, "doctor.card-good")
CARD_ERRORS = Sentence(WARN, "doctor.card-errors")


@check("disk errors")
def card(context: CheckContext) -> Judgement | None:
    """What the card and its file system say of themselves; nothing is read from the card."""
    found = _mount(context)
    if found is None:
        return None
    partition = Path(found.device).name
    count = context.machine.number(f"/sys/fs/ext4/{partition}/errors_count")
    if count is None:
        return None
    name = _name(context.machine, partition)
    return (
        CARD_ERRORS(name=name, count=Message("doctor.errors", count=count))
        if count
        else CARD_GOOD(name=name)
    )


def _name(machine: Machine, partition: str) -> Message | str:
    card = re.fullmatch(r"(mmcblk\d+)p\d+", partition)
    if card is None:
        return partition
    said = [machine.text(f"/sys/block/{card[1]}/device/{what}") for what in ("name", "date")]
    name = said[0] or card[1]
    if said[1]:
        return Message("doctor.card-made", name=name, date=said[1])
    return Message("doctor.card", name=name)


class _Mount(Struct, frozen=True):
    device: str
    folder: str
    kind: str
    options: frozenset[str]


def _mount(context: CheckContext) -> _Mount | None:
    """The file system that the database is on: the deepest mount above it, the latest of those."""
    database = Path(context.settings.store.path)
    found = None
    for line in (context.machine.text("/proc/self/mounts") or "").splitlines():
        device, folder, kind, options, *_ = map(_plain, line.split(" "))
        deep_enough = found is None or len(folder) >= len(found.folder)
        if deep_enough and database.is_relative_to(folder):
            found = _Mount(device, folder, kind, frozenset(options.split(",")))
    return found


def _plain(field: str) -> str:
    r"""A field of the mount table, where a space is \040 (fstab(5))."""
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), field)


MEMORY_ENOUGH = Sentence(OK, "doctor.memory-enough")
MEMORY_SHORT = Sentence(WARN, "doctor.memory-short")
MEMORY_GONE = Sentence(FAIL, "doctor.memory-gone")

_SHORT_MB, _GONE_MB = 60, 25
"""The daemon itself takes about 60 MB."""


@check("memory")
def memory(machine: Machine) -> Judgement | None:
    """How much programs can still have."""
    said = machine.text("/proc/meminfo") or ""
    amounts = {name: int(kb) // 1024 for name, kb in re.findall(r"^(\w+): +(\d+) kB", said, re.M)}
    if "MemAvailable" not in amounts:
        return None
    free, total = amounts["MemAvailable"], amounts["MemTotal"]
    if free < _GONE_MB:
        return MEMORY_GONE(free=free, total=total, restart=restarting())
    return (MEMORY_SHORT if free < _SHORT_MB else MEMORY_ENOUGH)(free=free, total=total)


TEMPERATURE_GOOD = Sentence(OK, "doctor.temperature-good")
TEMPERATURE_HIGH = Sentence(WARN, "doctor.temperature-high")
TEMPERATURE_TOO_HIGH = Sentence(FAIL, "doctor.temperature-too-high")


@check("temperature")
def temperature(machine: Machine) -> Judgement | None:
    """The hottest place that the kernel measures."""
    degrees = board_below(machine.root).temperature_c
    if degrees is None:
        return None
    sentence = TEMPERATURE_GOOD
    if degrees >= HOT:
        sentence = TEMPERATURE_TOO_HIGH if degrees >= TOO_HOT else TEMPERATURE_HIGH
    return sentence(degrees=degrees)


POWER_GOOD = Sentence(OK, "doctor.power-good")
POWER_WAS_LOW = Sentence(WARN, "doctor.power-was-low")
POWER_LOW = Sentence(FAIL, "doctor.power-low")


@check("power")
def power(machine: Machine) -> Judgement | None:
    """Whether the supply's voltage is or was too low, where a Raspberry Pi tells."""
    board = board_below(machine.root)
    if board.undervoltage is None:
        return None
    if board.undervoltage:
        return POWER_LOW()
    return POWER_WAS_LOW() if board.undervoltage_seen else POWER_GOOD()
