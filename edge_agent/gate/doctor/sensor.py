"""The sensor and its window: as the daemon tells them, or asked directly where no daemon owns
the port.
"""

from contextlib import closing
from itertools import islice
from typing import Any

from msgspec import Struct

from ...contract.chain import stamp_of
from ...contract.errors import StoreFault
from ...contract.facts import Method
from ...contract.kinds import TOUCHES
from ...contract.language import Message, told_problem
from ...contract.stamps import DAY_MS, elapsed
from ..ports import Sensor
from ..rules import Reason
from ..sealed_backups import NextBackup
from .context import BareGlass, CheckContext, Slots, check
from .findings import Judgement, Sentence, State, passed_on

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

SENSOR_READY = Sentence(OK, "doctor.sensor-ready")
SENSOR_LEVEL_LOW = Sentence(WARN, "doctor.sensor-level-low")
SENSOR_TOLD_READY = Sentence(OK, "doctor.sensor-told-ready")
SENSOR_TOLD_STARTING = Sentence(WARN, "doctor.sensor-told-starting")
SENSOR_NOT_IN_USE = Sentence(FAIL, "doctor.sensor-not-in-use")

_STARTS_WITHIN_S = 60
"""The daemon connects before it is up, or else says why it cannot."""

_MENDED_TOO_OFTEN = 60
"""Times in ten minutes: whoever presses meets it."""

_SAFE_LEVEL = 3
"""The makers publish error rates for this security level only; below it there are more."""

_LOOKS = 5


# The driver gives up by itself after 5 s of silence, and only then knows what to say.
@check("sensor", within_s=8.0)
def sensor(context: CheckContext) -> Judgement:
    """Whether it answers, and its parameters."""
    if context.status is not None:
        return _as_told(context, context.status["sensor"])
    settings = context.settings.sensor
    with context.owning_the_gate(), closing(context.assembly.sensor()) as sensor:
        info = sensor.connect()
        context.slots = Slots(len(sensor.slots()), info.capacity)
        context.glass = look_at_bare_glass(sensor)
    sentence = SENSOR_READY if info.security_level >= _SAFE_LEVEL else SENSOR_LEVEL_LOW
    return sentence(
        port=settings.port,
        baud=settings.baud,
        system_id=f"{info.system_id:04X}",
        level=info.security_level,
    )


def look_at_bare_glass(sensor: Sensor) -> BareGlass:
    """Look some times while nobody is asked to press. Raises SensorFault."""
    seen = prints = 0
    for _ in range(_LOOKS):
        if sensor.capture():
            seen += 1
            prints += sensor.extract() is None
    return BareGlass(looks=_LOOKS, seen=seen, prints=prints)


def _as_told(context: CheckContext, told: dict[str, Any]) -> Judgement:
    settings, problem = context.settings.sensor, told_problem(told)
    if told["capacity"] is not None:
        context.slots = Slots(told["prints"], told["capacity"])
    if told["state"] == "ready":
        if problem is None:
            return SENSOR_TOLD_READY(port=settings.port, baud=settings.baud)
        often = told.get("mended", 0) >= _MENDED_TOO_OFTEN
        return passed_on(State.FAIL if often else State.WARN, problem)
    if problem is not None:
        return passed_on(State.FAIL, problem)
    up_s = context.status.get("up_s", 0) if context.status is not None else 0
    if told["state"] == "starting" and up_s < _STARTS_WITHIN_S:
        return SENSOR_TOLD_STARTING()
    return SENSOR_NOT_IN_USE(state=told["state"])


SLOTS_FREE = Sentence(OK, "doctor.slots-free")
SLOTS_NEARLY_FULL = Sentence(WARN, "doctor.slots-nearly-full")

_NEARLY_FULL = 0.8


@check("slots")
def slots(context: CheckContext) -> Judgement | None:
    """How full its library is, where the check before could find out."""
    if context.slots is None:
        return None
    used, capacity = context.slots.used, context.slots.capacity
    full = used >= _NEARLY_FULL * capacity
    return (SLOTS_NEARLY_FULL if full else SLOTS_FREE)(used=used, capacity=capacity)


BACKED_UP = Sentence(OK, "doctor.backed-up")
NOT_BACKED_UP = Sentence(WARN, "doctor.not-backed-up")
BACKED_UP_BEFORE = Sentence(WARN, "doctor.backed-up-before")


@check("backup")
def backup(context: CheckContext) -> Judgement | None:
    """Whether there are prints whose template is nowhere but in the sensor."""
    if (told := context.told) is None:
        return None
    further = NextBackup.told(told)
    if not (count := told["sensor"].get("not_backed_up", 0)):
        if not further.unlisted:
            return BACKED_UP()
        before = Message("doctor.prints", count=further.unlisted)
        return BACKED_UP_BEFORE(count=before, seal=further.seal)
    prints = Message("doctor.prints", count=count)
    return NOT_BACKED_UP(count=prints, whose=further.whose, seal=further.seal)


PRINTS_READ_WELL = Sentence(OK, "doctor.prints-read-well")
PRINTS_WORN = Sentence(WARN, "doctor.prints-worn")


@check("prints")
def prints(context: CheckContext) -> Judgement | None:
    """Whose finger is on the way to being refused: the daemon follows the scores."""
    told = context.status["sensor"] if context.status is not None else {}
    if (count := told.get("worn_prints")) is None:
        return None
    if not count:
        return PRINTS_READ_WELL()
    return PRINTS_WORN(count=Message("doctor.prints", count=count), codes=told["worn"])


GLASS_BARE = Sentence(OK, "doctor.glass-bare")
GLASS_READS_WELL = Sentence(OK, "doctor.glass-reads-well")
GLASS_DIRTY = Sentence(WARN, "doctor.glass-dirty")
GLASS_READS_POORLY = Sentence(WARN, "doctor.glass-reads-poorly")
GLASS_SEES_THINGS = Sentence(WARN, "doctor.glass-sees-things")
GLASS_TOUCHED = Sentence(WARN, "doctor.glass-touched")

_MOST_ENTRIES = 5_000

_FEWEST = 20
"""Touches; of fewer a share says nothing."""

_MANY = 0.2
"""Poor touches: dry fingers alone stay below this on a clean glass."""


@check("glass")
def glass(context: CheckContext) -> Judgement | None:
    """The bare glass where no daemon looks at it, else how the last day's touches went."""
    bare, touches = context.glass, _touches(context)
    if bare is not None and bare.prints:
        return GLASS_TOUCHED()
    if bare is not None and bare.seen:
        return GLASS_SEES_THINGS(seen=bare.seen, looks=bare.looks)
    if context.status is not None and context.status["sensor"].get("glass_dirty"):
        return GLASS_DIRTY()
    if touches.all >= _FEWEST and touches.poor > _MANY * touches.all:
        return GLASS_READS_POORLY(poor=touches.poor, touches=touches.all)
    if touches.all:
        return GLASS_READS_WELL(poor=touches.poor, touches=touches.all)
    return GLASS_BARE() if bare is not None else None


class _Touches(Struct):
    """Of the last day, as far as the ledger names them."""

    all: int = 0
    poor: int = 0


def _touches(context: CheckContext) -> _Touches:
    found = _Touches()
    try:
        store = context.assembly.store_for_reading()
    except (StoreFault, PermissionError):
        return found  # Another check tells.
    now = context.assembly.clock.stamp()
    with closing(store):
        for kind, data in islice(store.newest_first(), _MOST_ENTRIES):
            if elapsed(stamp_of(data), now).least > DAY_MS:
                break
            if kind in TOUCHES and data.get("method", Method.FINGER) == Method.FINGER:
                count = 1 + data.get("suppressed", 0)
                found.all += count
                found.poor += count * (data.get("reason") == Reason.POOR_SCAN.value)
    return found
