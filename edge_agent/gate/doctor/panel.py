"""The pins: lamps and buzzer, and the two that are wired to the sensor beside its line."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from time import sleep

from ...contract.language import Message, together, told_problems
from ..directions import DirectionRule
from ..errors import PinFault
from ..events import Outcome
from ..host.service import stopping
from ..ports import Panel
from .context import CheckContext, check
from .findings import Judgement, Sentence, State, passed_on

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL

LAMPS_NONE = Sentence(OK, "doctor.lamps-none")
LAMPS_MOCK = Sentence(WARN, "doctor.lamps-mock")
LAMPS_OF_DAEMON = Sentence(OK, "doctor.lamps-of-daemon")
LAMPS_BUSY = Sentence(WARN, "doctor.lamps-busy")
LAMPS_OPEN = Sentence(OK, "doctor.lamps-open")
LAMPS_LIT = Sentence(OK, "doctor.lamps-lit")

_SHOWN = (Outcome.RECORDED, Outcome.TRY_AGAIN, Outcome.UNKNOWN)
"""Green, amber and red, by what workers see on them."""

_EACH_S = 1.3


@check("lamps")
def lamps(context: CheckContext) -> Judgement:
    """Open their pins, and light them where that was asked for; not while the daemon has them."""
    pins = context.settings.panel.pins
    if pins == "none":
        return LAMPS_NONE()
    if context.status is not None:
        if problem := _pin_problems(context).get("panel"):
            return passed_on(FAIL, problem)
        return LAMPS_BUSY(stop=stopping()) if context.light else LAMPS_OF_DAEMON()
    with context.owning_the_gate(), closing(context.assembly.panel()) as panel:
        if panel.problem is not None:
            return passed_on(FAIL, panel.problem)
        if context.light:
            _light(panel)
    if pins == "mock":
        return LAMPS_MOCK()
    return LAMPS_LIT() if context.light else LAMPS_OPEN()


def _pin_problems(context: CheckContext) -> dict[str, Message]:
    return told_problems((context.status or {}).get("pins", {}))


def _light(panel: Panel) -> None:
    for outcome in _SHOWN:
        panel.show(outcome)
        sleep(_EACH_S)


PIN_MOCK = Sentence(WARN, "doctor.pin-mock")
PIN_OF_DAEMON = Sentence(OK, "doctor.pin-of-daemon")
PIN_BUSY = Sentence(FAIL, "doctor.pin-busy")


def _judged(
    context: CheckContext, key: str, pin: int | str, look: Callable[[], Judgement]
) -> Judgement | None:
    if pin == "none":
        return None
    if context.settings.panel.pins == "mock":
        return PIN_MOCK(key=key)
    if context.status is not None:
        if problem := _pin_problems(context).get(key):
            return passed_on(FAIL, problem)
        return PIN_OF_DAEMON(pin=pin)
    try:
        with context.owning_the_gate():
            return look()
    except PinFault as fault:
        if "busy" in str(fault).lower():
            return PIN_BUSY(pin=pin, key=key)
        return passed_on(State.FAIL, fault.message)


TOUCH_AT_REST = Sentence(OK, "doctor.touch-at-rest")
TOUCH_FELT = Sentence(WARN, "doctor.touch-felt")
TOUCH_FLICKERS = Sentence(WARN, "doctor.touch-flickers")

_BOOTED_S = 0.6
"""The slowest module takes 0.5 s after its supply was switched on."""

_READINGS, _BETWEEN_S = 20, 0.05


@check("touch pin")
def touch_pin(context: CheckContext) -> Judgement | None:
    """Open it and read it for a second; not while the daemon has it, which tells what it finds."""
    return _judged(context, "touch_pin", context.settings.sensor.touch_pin, lambda: _read(context))


def _read(context: CheckContext) -> Judgement:
    settings = context.settings.sensor
    with ExitStack() as opened:
        if (power := context.assembly.power()) is not None:
            opened.enter_context(closing(power))
            sleep(_BOOTED_S)
        touch = context.assembly.touch()
        if touch is None:
            raise LookupError("no touch pin although the settings name one")
        opened.enter_context(closing(touch))
        felt = 0
        for _ in range(_READINGS):
            felt += touch.felt
            sleep(_BETWEEN_S)
    if felt == 0:
        rest = "high" if settings.touch_active == "low" else "low"
        return TOUCH_AT_REST(pin=settings.touch_pin, level=rest)
    if felt == _READINGS:
        other = "high" if settings.touch_active == "low" else "low"
        return TOUCH_FELT(pin=settings.touch_pin, level=settings.touch_active, other=other)
    return TOUCH_FLICKERS(pin=settings.touch_pin, felt=felt, readings=_READINGS)


POWER_PIN_SWITCHES = Sentence(OK, "doctor.power-pin-switches")
POWER_PIN_SHORTED = Sentence(FAIL, "doctor.power-pin-shorted")


@check("power pin")
def power_pin(context: CheckContext) -> Judgement | None:
    """Open it, which switches the sensor on, as every command that uses it does."""
    return _judged(context, "power_pin", context.settings.sensor.power_pin, lambda: _drive(context))


def _drive(context: CheckContext) -> Judgement:
    settings = context.settings.sensor
    power = context.assembly.power()
    if power is None:
        raise LookupError("no power pin although the settings name one")
    with closing(power):
        if not power.is_on:
            return POWER_PIN_SHORTED(pin=settings.power_pin, level=settings.power_active)
    return POWER_PIN_SWITCHES(pin=settings.power_pin, level=settings.power_active)


INPUTS_GOOD = Sentence(OK, "doctor.inputs-good")
CASE_OPEN = Sentence(WARN, "doctor.case-open")

_OF_OTHER_CHECKS = {"panel", "readers", "touch_pin", "power_pin"}


@check("inputs")
def inputs(context: CheckContext) -> Judgement | None:
    """The keys for in and out and the contact in the case: their pins, and whether it is open."""
    if context.status is not None:
        told = [why for key, why in _pin_problems(context).items() if key not in _OF_OTHER_CHECKS]
        if problem := together(*told):
            return passed_on(FAIL, problem)
    elif context.settings.panel.pins != "mock":
        with context.owning_the_gate():
            for opened in (context.assembly.keys, context.assembly.tamper):
                if (pin := opened()) is not None:
                    pin.close()
    if (context.told or {}).get("case") == "open":
        return CASE_OPEN()
    keys = context.settings.punch.direction is DirectionRule.KEYS
    return INPUTS_GOOD() if keys or context.settings.panel.tamper_pin != "none" else None
