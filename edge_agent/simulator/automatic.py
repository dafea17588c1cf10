"""What a module does by itself: Enroll and Identify (AS608), AutoEnroll and AutoIdentify (R503).

Those of an R503 watch the glass, and report each step.

Parameters, steps and the layout of the acknowledgements (code, step, slot, for AutoIdentify the
score too) as in the R503 manual 1.2 and two drivers for it; codes that only stand in a list there
are marked, and so is what no manual tells.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator

from .instructions import NOT_FOUND, img_to_tz, reg_model, search
from .module import OK, PACKET_ERROR, Answer, SimulatedModule, Steps

_FIRST_FREE = 0xC8  # the location that means any
_CAPTURES = 6
_SAME_FINGER, _MERGED, _STORED = 0x0D, 0x0E, 0x0F  # steps after those of the captures
_CAPTURED, _READ, _SEARCHED = 1, 2, 3  # steps of AutoIdentify

_BAD_SLOT = 0x0B
_FULL, _EMPTY, _TIMEOUT, _KNOWN = 0x1F, 0x24, 0x26, 0x27  # from the manual's list alone
_PATIENCE = 10.0  # seconds without a finger (assumption)
_EXPOSES, _READS, _FINDS, _WRITES = 0.190, 0.296, 0.047, 0.058
"""Seconds, as each instruction takes by itself."""

_ENROL_FAILED = Answer(0x1E, bytes(2))


def enroll(module: SimulatedModule) -> Answer:
    """One capture, and the first free slot (PS_Enroll)."""
    free = set(range(module.model.capacity)) - module.flash.templates.keys()
    if not free or not module.take_image() or img_to_tz(module, 1).code:
        return _ENROL_FAILED
    slot = min(free)
    module.flash.store(slot, module.ram.templates[1])
    return Answer(OK.code, struct.pack(">H", slot))


def identify(module: SimulatedModule) -> Answer:
    """Capture, convert and search the whole library (PS_Identify)."""
    if not module.take_image() or img_to_tz(module, 1).code:
        return NOT_FOUND
    return search(module, 1, 0, module.model.capacity)


def auto_enroll(
    module: SimulatedModule, slot: int, over: int, again: int, reports: int, leave: int
) -> Answer:
    """Into ``slot``, or the first free one; the others are switches."""
    return Answer(OK.code, steps=_enrolment(module, slot, over, again, reports, leave))


def auto_identify(
    module: SimulatedModule, level: int, start: int, count: int, reports: int, tries: int
) -> Answer:
    """Among ``count`` slots; ``level`` is checked, and the module's own decides."""
    if level not in range(1, 6):
        return PACKET_ERROR
    slots = range(start, start + count)
    return Answer(OK.code, steps=_identification(module, slots, bool(reports), tries))


def _enrolment(
    module: SimulatedModule, slot: int, over: int, again: int, reports: int, leave: int
) -> Steps:
    """Six captures, a look whether the finger is known, merging and storing.

    ``over``: the slot may be taken; ``again``: the finger may be known; ``reports``: each step and
    not only the last; ``leave``: the finger is lifted between captures.
    """

    def reply(step: int, code: int = OK.code, takes: float = 0.0) -> Answer:
        return Answer(code, struct.pack(">BH", step, slot), takes=takes)

    taken = module.flash.templates.keys()
    if slot == _FIRST_FREE:
        slot = min(set(range(module.model.capacity)) - taken, default=_FIRST_FREE)
        if slot == _FIRST_FREE:
            yield reply(_CAPTURED, _FULL)
            return
    elif slot >= module.model.capacity or (slot in taken and not over):  # the latter: assumption
        yield reply(_CAPTURED, _BAD_SLOT)
        return
    for number in range(_CAPTURES):
        step = 2 * number + 1
        came = True
        if leave and number:
            came = yield from _waiting(module, lambda: not module.take_image())
        if not (came and (yield from _waiting(module, module.take_image))):
            yield reply(step, _TIMEOUT)
            return
        if reports:
            yield reply(step, takes=_EXPOSES)
        if code := img_to_tz(module, 1 + number % 2).code:
            yield reply(step + 1, code, _READS)
            return
        if reports:
            yield reply(step + 1, takes=_READS)
    if not again and module.search(1, range(module.model.capacity)):
        yield reply(_SAME_FINGER, _KNOWN, _FINDS)
        return
    if reports:
        yield reply(_SAME_FINGER, takes=_FINDS)
    if code := reg_model(module).code:
        yield reply(_MERGED, code)
        return
    if reports:
        yield reply(_MERGED)
    module.flash.store(slot, module.ram.templates[1])
    yield reply(_STORED, takes=_WRITES)


def _identification(module: SimulatedModule, slots: range, reports: bool, tries: int) -> Steps:
    """A capture and a search, again until a finger is found or ``tries`` (0: for ever) are up."""

    def reply(
        step: int, code: int = OK.code, takes: float = 0.0, slot: int = 0, score: int = 0
    ) -> Answer:
        return Answer(code, struct.pack(">BHH", step, slot, score), takes=takes)

    if not module.flash.templates:
        yield reply(_SEARCHED, _EMPTY)
        return
    failed = 0
    while True:
        if not (yield from _waiting(module, module.take_image)):
            yield reply(_CAPTURED, _TIMEOUT)
            return
        if reports:
            yield reply(_CAPTURED, takes=_EXPOSES)
        code = img_to_tz(module, 1).code
        if not code:
            if reports:
                yield reply(_READ, takes=_READS)
            if found := module.search(1, slots):
                yield reply(_SEARCHED, takes=_FINDS, slot=found[0], score=found[1])
                return
        failed += 1
        if failed == tries:
            yield reply(_READ, code, _READS) if code else reply(_SEARCHED, NOT_FOUND.code, _FINDS)
            return


def _waiting(module: SimulatedModule, until: Callable[[], bool]) -> Generator[None, None, bool]:
    """Wait for something on the glass; its value, once it is over: whether it came."""
    give_up = module.now + _PATIENCE
    while not until():
        if module.now >= give_up:
            return False
        yield None
    return True
