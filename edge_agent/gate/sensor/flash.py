"""What a module keeps without power: its templates and its notepad.

No change is believed for its acknowledgement: whatever was written or erased is read back. So an
answer that is lost on the way is no loss; what is read back settles what has happened.
"""

import math
from collections.abc import Callable, Sequence

from ...contract.errors import BadRequest
from ..errors import SensorFault, SensorGarbled, SensorRefused, SensorSilent
from .instructions import EMPTY_BUFFER, MEANINGS, NO_TEMPLATE, TEMPLATE_SIZES
from .module import SensorModule

INDEX_SLOTS = 4 * 256
"""The index table has so many, in pages of 256, and no more can be asked for."""

_PAGE = 256
_WRITING, _READING = 1, 2  # buffers
_NOTEPAD_PAGES = 16
_NOTEPAD_PAGE = 32  # bytes
_ERASING_FAILED, _WRITING_FAILED = 0x10, 0x18


def slots(module: SensorModule) -> frozenset[int]:
    """The slots that hold a template."""
    pages = range(math.ceil(module.capacity / _PAGE))
    used = [is_used for page in pages for is_used in module.getTemplateIndex(page)]
    return frozenset(slot for slot, is_used in enumerate(used[: module.capacity]) if is_used)


def store(module: SensorModule, slot: int) -> None:
    """Write buffer 1 to ``slot``.

    The index cannot settle a lost answer where the slot was taken before: that stays an error.
    """
    _check_slot(module, slot)
    was_free = not _holds(module, slot)
    lost = _carry_out(module, lambda: module.storeTemplate(slot))
    if not _holds(module, slot) or (lost and not was_free):
        raise lost or _disbelieved(
            module, f"stored a template in slot {slot}", "its index does not show it"
        )


def erase(module: SensorModule, slot: int) -> None:
    """Erase ``slot``."""
    _check_slot(module, slot)
    lost = _carry_out(module, lambda: module.deleteTemplate(slot))
    # Not the ack: some modules answer code 10 where there was nothing to erase.
    if _holds(module, slot):
        raise lost or _disbelieved(
            module, f"erased slot {slot}", "its index still shows it", _ERASING_FAILED
        )


def read_template(module: SensorModule, slot: int) -> bytes:
    """The template in ``slot``."""
    _check_slot(module, slot)
    # Into the buffer that is not written to: what is in there is what it was given.
    module.loadTemplate(slot, _READING)
    return module.read_buffer(_READING)


def write_template(module: SensorModule, slot: int, template: bytes) -> None:
    """Write a template that comes from outside; whatever was in the slot is gone."""
    _check_slot(module, slot)
    _check_size(module, template)

    def write() -> None:
        module.write_buffer(_WRITING, template)
        module.storeTemplate(slot, _WRITING)

    lost = _carry_out(module, write)
    if not _holds(module, slot) or read_template(module, slot) != template:
        raise lost or _disbelieved(
            module, f"stored a template in slot {slot}", "something else is read back"
        )


def twin_of(module: SensorModule, slot: int, others: Sequence[int]) -> int | None:
    """The first of ``others`` whose template is like that in ``slot``."""
    _check_slot(module, slot)
    module.loadTemplate(slot, _WRITING)
    for other in others:
        try:
            module.loadTemplate(other, _READING)
        except SensorRefused as refused:
            if refused.code != NO_TEMPLATE:
                raise
        else:
            if module.compareCharacteristics():
                return other
    return None


def read_notepad(module: SensorModule, page: int) -> bytes:
    """One page."""
    _check_page(page)
    return module.read_notepad(page)


def write_notepad(module: SensorModule, page: int, data: bytes) -> None:
    """Write one page."""
    _check_page(page)
    if len(data) != _NOTEPAD_PAGE:
        raise BadRequest(f"A page of the notepad is {_NOTEPAD_PAGE} bytes, not {len(data)}.")
    lost = _carry_out(module, lambda: module.write_notepad(page, data))
    if module.read_notepad(page) != data:
        raise lost or _disbelieved(
            module, f"wrote page {page} of its notepad", "something else is read back"
        )


def _carry_out(module: SensorModule, change: Callable[[], object]) -> SensorFault | None:
    """Ask for a change; where the answer is lost, return why, on a link that is sound again."""
    try:
        change()
    except (SensorSilent, SensorGarbled) as lost:
        module.recover()
        return lost
    return None


def _holds(module: SensorModule, slot: int) -> bool:
    page, at = divmod(slot, _PAGE)
    return bool(module.getTemplateIndex(page)[at])


def _check_slot(module: SensorModule, slot: int) -> None:
    if not 0 <= slot < module.capacity:
        raise BadRequest(f"There is no slot {slot}: this sensor has 0 to {module.capacity - 1}.")


def _check_page(page: int) -> None:
    if not 0 <= page < _NOTEPAD_PAGES:
        raise BadRequest(f"The notepad has no page {page}, only 0 to {_NOTEPAD_PAGES - 1}.")


def _check_size(module: SensorModule, template: bytes) -> None:
    """Make sure that the sensor's templates are of this size, before its flash is touched.

    A sensor that has not shown one since it was connected is given this one and asked for it at
    once: what it does not take, it does not have afterwards. Twice, for a packet may get lost.
    """
    if not module.template_size and len(template) in TEMPLATE_SIZES:
        for _ in range(2):
            module.write_buffer(_WRITING, template)
            try:
                if module.read_buffer(_WRITING) == template:
                    return
            except SensorRefused as refused:
                if refused.code != EMPTY_BUFFER:
                    raise
            module.template_size = 0
    if len(template) != module.template_size:
        raise BadRequest(
            f"The sensor at {module.port_name} takes no template such as this one of "
            f"{len(template)} bytes: it comes from another model, so enrol the finger anew."
        )


def _disbelieved(
    module: SensorModule, did: str, but: str, code: int = _WRITING_FAILED
) -> SensorRefused:
    return SensorRefused(
        f"The sensor at {module.port_name} says that it {did}, but {but}: {MEANINGS[code].advice}.",
        code,
    )
