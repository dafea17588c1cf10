"""The sensor: as the daemon tells it, or asked directly where no daemon owns the port."""

from contextlib import closing
from typing import Any

from ..domain.errors import StoreFault
from .findings import State, Verdict, passed_on
from .glass import look_at_bare_glass
from .sentences import sensor as say
from .visit import Slots, Visit

_SAFE_LEVEL = 3
"""The makers publish error rates for this security level only; below it there are more."""

_NEARLY_FULL = 0.8


def sensor(visit: Visit) -> Verdict:
    """Whether it answers, and its parameters."""
    if visit.status is not None:
        return _as_told(visit, visit.status["sensor"])
    settings = visit.settings.sensor
    with visit.owning_the_gate(), closing(visit.assembly.sensor()) as sensor:
        info = sensor.connect()
        visit.slots = Slots(len(sensor.slots()), info.capacity)
        visit.glass = look_at_bare_glass(sensor)
    sentence = say.SENSOR_READY if info.security_level >= _SAFE_LEVEL else say.SENSOR_LEVEL_LOW
    return sentence(
        port=settings.port,
        baud=settings.baud,
        system_id=f"{info.system_id:04X}",
        level=info.security_level,
    )


def _as_told(visit: Visit, told: dict[str, Any]) -> Verdict:
    settings = visit.settings.sensor
    if told["capacity"] is not None:
        visit.slots = Slots(told["prints"], told["capacity"])
    if told["state"] == "ready":
        return say.SENSOR_TOLD_READY(port=settings.port, baud=settings.baud)
    if told["problem"] is None:
        return say.SENSOR_TOLD_STARTING()
    return passed_on(State.FAIL, told["problem"])


def backup(visit: Visit) -> Verdict | None:
    """Whether there are prints whose template is nowhere but in the sensor."""
    if visit.status is not None:
        count = visit.status["sensor"].get("not_backed_up", 0)
    else:
        try:
            with closing(visit.assembly.store_for_reading()) as store:
                count = store.not_backed_up()
        except (StoreFault, PermissionError):
            return None  # Another check tells.
    return say.NOT_BACKED_UP(count=count) if count else say.BACKED_UP()


def slots(visit: Visit) -> Verdict | None:
    """How full its library is, where the check before could find out."""
    if visit.slots is None:
        return None
    used, capacity = visit.slots.used, visit.slots.capacity
    full = used >= _NEARLY_FULL * capacity
    return (say.SLOTS_NEARLY_FULL if full else say.SLOTS_FREE)(used=used, capacity=capacity)
