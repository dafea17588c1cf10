"""The two pins that are wired to the sensor beside its line: touch output and supply."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from time import sleep

from ..domain.errors import PinFault
from .findings import State, Verdict, passed_on
from .sentences import pins as say
from .visit import Visit

_BOOTED_S = 0.6
"""The slowest module takes 0.5 s after its supply was switched on."""

_READINGS, _BETWEEN_S = 20, 0.05


def touch_pin(visit: Visit) -> Verdict | None:
    """Open it and read it for a second; not while the daemon has it, which tells what it finds."""
    return _judged(visit, "touch_pin", visit.settings.sensor.touch_pin, lambda: _read(visit))


def power_pin(visit: Visit) -> Verdict | None:
    """Open it, which switches the sensor on, as every command that uses it does."""
    return _judged(visit, "power_pin", visit.settings.sensor.power_pin, lambda: _drive(visit))


def _judged(visit: Visit, key: str, pin: int | str, look: Callable[[], Verdict]) -> Verdict | None:
    if pin == "none":
        return None
    if visit.settings.panel.pins == "mock":
        return say.PIN_MOCK(key=key)
    if visit.status is not None:
        return say.PIN_OF_DAEMON(pin=pin)
    try:
        with visit.owning_the_gate():
            return look()
    except PinFault as fault:
        if "busy" in str(fault).lower():
            return say.PIN_BUSY(pin=pin, key=key)
        return passed_on(State.FAIL, str(fault))


def _read(visit: Visit) -> Verdict:
    settings = visit.settings.sensor
    with ExitStack() as opened:
        if (power := visit.assembly.power()) is not None:
            opened.enter_context(closing(power))
            sleep(_BOOTED_S)
        touch = visit.assembly.touch()
        if touch is None:
            raise LookupError("no touch pin although the settings name one")
        opened.enter_context(closing(touch))
        felt = 0
        for _ in range(_READINGS):
            felt += touch.felt
            sleep(_BETWEEN_S)
    if felt == 0:
        rest = "high" if settings.touch_active == "low" else "low"
        return say.TOUCH_AT_REST(pin=settings.touch_pin, level=rest)
    if felt == _READINGS:
        other = "high" if settings.touch_active == "low" else "low"
        return say.TOUCH_FELT(pin=settings.touch_pin, level=settings.touch_active, other=other)
    return say.TOUCH_FLICKERS(pin=settings.touch_pin, felt=felt, readings=_READINGS)


def _drive(visit: Visit) -> Verdict:
    settings = visit.settings.sensor
    power = visit.assembly.power()
    if power is None:
        raise LookupError("no power pin although the settings name one")
    with closing(power):
        if not power.is_on:
            return say.POWER_PIN_SHORTED(pin=settings.power_pin, level=settings.power_active)
    return say.POWER_PIN_SWITCHES(pin=settings.power_pin, level=settings.power_active)
