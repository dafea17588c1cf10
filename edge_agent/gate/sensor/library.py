"""What a module keeps without power: its library of templates, and its notepad.

No change is believed for its acknowledgement: whatever was written or erased is read back. So an
answer that is lost on the way is no loss; what is read back settles what has happened.
"""

import math
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from msgspec import structs

from ...contract.errors import BadRequest
from ...contract.language import Message
from ..errors import (
    SPOILED,
    SensorDisturbed,
    SensorFault,
    SensorGarbled,
    SensorRefused,
    SensorSilent,
)
from ..host.memory import wipe
from ..ports import GoOn, give_up
from .instructions import (
    DELET_CHAR,
    DOWN_CHAR,
    EMPTY_BUFFER,
    ERASING_FAILED,
    HIGH_SPEED_SEARCH,
    LOAD_CHAR,
    MATCH,
    NO_TEMPLATE,
    PACKET_ERROR,
    READ_INDEX_TABLE,
    READ_NOTEPAD,
    SEARCH,
    STORE,
    TEMPLATE_COUNT,
    TEMPLATE_SIZES,
    UP_CHAR,
    WRITE_NOTEPAD,
    WRITING_FAILED,
    Instruction,
    advice,
)
from .link import Link, OddSize

INDEX_SLOTS = 4 * 256
"""The index table has so many, in pages of 256, and no more can be asked for."""

_SEARCH_ANY = structs.replace(SEARCH, driver=())
"""pyfingerprint's method searches for buffer 1 alone."""

_PAGE = 256
_WRITING, _READING = 1, 2  # buffers
_NOTEPAD_PAGES = 16
_NOTEPAD_PAGE = 32  # bytes
_NOT_SUPPORTED = frozenset({PACKET_ERROR, HIGH_SPEED_SEARCH.code})


class TemplateLibrary:
    """The library and the notepad of the module at the end of a link."""

    def __init__(self, link: Link) -> None:
        """``link``: with the capacity that is used."""
        self.link = link
        self._template_size = 0
        """Bytes; 0 until the sensor has shown one."""
        self._searches_fast: bool | None = None
        self._tried: set[int] = set()
        """Slots that hold a template, at a module without an index."""
        self._unreadable = 0
        """How many more it counts."""

    def search(self, buffer: int = 1, only: int | None = None) -> tuple[int, int] | None:
        """Slot and score of the template most like a buffer, in the whole library or one slot.

        By HighSpeedSearch; but an R551 refuses it or stays silent, and other modules answer that
        they received a damaged packet. So the first failure of the first one on a connection means
        Search from then on. Not tried while connecting: that would cost every connection what only
        those modules need.
        """
        first, count = (0, self.link.capacity) if only is None else (only, 1)
        if self._searches_fast is False:
            return self._search_slowly(buffer, first, count)
        try:
            # Once: after a doubt the features may be gone, and nothing is asked of them again.
            found = self.link.exchange(HIGH_SPEED_SEARCH, buffer=buffer, first=first, count=count)
        except SensorFault as fault:
            if self._searches_fast:
                raise
            self._searches_fast = False
            if not isinstance(fault, SensorRefused) or fault.code not in _NOT_SUPPORTED:
                raise
            # It has answered, so the features are still there, unless it restarts now.
            self.link.prove()
            return self._search_slowly(buffer, first, count)
        self._searches_fast = True
        return _found(found)

    def _search_slowly(self, buffer: int, first: int, count: int) -> tuple[int, int] | None:
        if (buffer, first, count) == (1, 0, self.link.capacity):
            return _found(self.link.ask(SEARCH))
        return _found(self.link.ask(_SEARCH_ANY, buffer=buffer, first=first, count=count))

    def likeness(self) -> int:
        """The score of both buffers; 0: not alike, or a module that refuses to say."""
        try:
            return int(self.link.ask(MATCH))
        except SensorRefused:
            return 0

    def slots(self, go_on: GoOn = give_up) -> frozenset[int]:
        """The slots that hold a template."""
        used: list[bool] = []
        try:
            for page in range(math.ceil(self.link.capacity / _PAGE)):
                used += self._read(READ_INDEX_TABLE, go_on, page=page)
        except SensorDisturbed:
            raise
        except SensorRefused:
            # It lacks it, or has an error of another instruction for it, or for its later pages.
            return self._tried_slots(go_on)
        used = used[: self.link.capacity]
        return frozenset(slot for slot, is_used in enumerate(used) if is_used)

    def store(self, slot: int) -> None:
        """Write buffer 1 to ``slot``.

        What is read back cannot settle a lost answer where the slot was taken before: that stays an
        error.
        """
        self._check_slot(slot)
        was_free = not self._holds(slot)
        lost = self._carry_out(lambda: self.link.ask(STORE, slot=slot, buffer=_WRITING))
        if not self._holds(slot) or (lost and not was_free):
            raise lost or self._disbelieved("sensor.stored-unseen", slot=slot)

    def erase(self, slot: int) -> None:
        """Erase ``slot``."""
        self._check_slot(slot)
        lost = self._carry_out(lambda: self.link.ask(DELET_CHAR, first=slot, count=1))
        # Not the ack: some modules answer code 10 where there was nothing to erase.
        if self._holds(slot):
            raise lost or self._disbelieved("sensor.erased-seen", ERASING_FAILED, slot=slot)

    def read_template(self, slot: int) -> bytes:
        """The template in ``slot``."""
        self._check_slot(slot)
        # Into the buffer that is not written to: what is in there is what it was given.
        self.link.ask(LOAD_CHAR, slot=slot, buffer=_READING)
        return self.read_buffer(_READING)

    def write_template(self, slot: int, template: bytes) -> None:
        """Write a template that comes from outside; whatever was in the slot is gone."""
        self._check_slot(slot)
        self._check_size(template)

        def write() -> None:
            self.write_buffer(_WRITING, template)
            self.link.ask(STORE, slot=slot, buffer=_WRITING)

        lost = self._carry_out(write)
        back = self.read_template(slot) if self._holds(slot) else None
        stored = back == template
        wipe(back)
        if not stored:
            raise lost or self._disbelieved("sensor.stored-otherwise", slot=slot)

    def twin_of(self, slot: int, others: Sequence[int]) -> int | None:
        """The first of ``others`` whose template is like that in ``slot``."""
        self._check_slot(slot)
        self.link.ask(LOAD_CHAR, slot=slot, buffer=_WRITING)
        for other in others:
            if self._loads(other) and self.likeness():
                return other
        return None

    def read_notepad(self, page: int) -> bytes:
        """One page."""
        _check_page(page)
        return bytes(self.link.ask(READ_NOTEPAD, page=page))

    def write_notepad(self, page: int, data: bytes) -> None:
        """Write one page."""
        _check_page(page)
        if len(data) != _NOTEPAD_PAGE:
            raise BadRequest("sensor.page-size", size=_NOTEPAD_PAGE, given=len(data))
        lost = self._carry_out(lambda: self.link.ask(WRITE_NOTEPAD, page=page, data=data))
        if self.read_notepad(page) != data:
            raise lost or self._disbelieved("sensor.noted-otherwise", page=page)

    def read_buffer(self, buffer: int) -> bytes:
        """The template in a buffer."""
        try:
            template = self.link.receive(UP_CHAR, buffer=buffer)
        except OddSize as odd:
            self.link.recover()
            if self._odd_size(buffer) != odd.size:
                raise self.link.doubt("sensor.data-unfit") from odd
            self.link.recover()
            raise self._unknown_size(odd.size) from odd
        if self._template_size not in (0, len(template)):
            # Either this one or the one before has lost a packet on the way.
            self._template_size = 0
            raise self.link.doubt("sensor.other-size")
        self._template_size = len(template)
        return template

    def write_buffer(self, buffer: int, template: bytes) -> None:
        """Put a template into a buffer; no reply tells whether the sensor has taken it."""
        self.link.send(DOWN_CHAR, template, buffer=buffer)

    def _odd_size(self, buffer: int) -> int:
        """The odd size of the template in a buffer; 0 where it is of a known one, or in doubt.

        One packet that was lost makes an odd size too, but hardly the same one twice.
        """
        try:
            self.link.receive(UP_CHAR, buffer=buffer)
        except OddSize as odd:
            return odd.size
        except SensorFault:
            pass
        return 0

    def _carry_out(self, change: Callable[[], object]) -> SensorFault | None:
        """Ask for a change; where the answer is lost, say why, on a link that is sound again."""
        try:
            change()
        except (SensorSilent, SensorGarbled) as lost:
            self.link.recover()
            return lost
        return None

    def _holds(self, slot: int) -> bool:
        page, at = divmod(slot, _PAGE)
        try:
            return bool(self.link.ask(READ_INDEX_TABLE, page=page)[at])
        except SensorDisturbed:
            raise
        except SensorRefused:
            held = self._loads(slot)
            (self._tried.add if held else self._tried.discard)(slot)
            return held

    def _tried_slots(self, go_on: GoOn) -> frozenset[int]:
        """Without an index: each slot is loaded, until as many are found as the sensor counts."""
        count = self._read(TEMPLATE_COUNT, go_on)
        if len(self._tried) + self._unreadable != count:
            holding = (slot for slot in range(self.link.capacity) if self._loads(slot, go_on))
            self._tried = set(islice(holding, count))
            self._unreadable = count - len(self._tried)
        return frozenset(self._tried)

    def _loads(self, slot: int, go_on: GoOn = give_up) -> bool:
        """Whether a slot holds a template, which is in the buffer for reading then."""
        try:
            self._read(LOAD_CHAR, go_on, slot=slot, buffer=_READING)
        except SensorRefused as refused:
            if refused.code != NO_TEMPLATE:
                raise
            go_on(None)
            return False
        return True

    def _read(self, instruction: Instruction, go_on: GoOn, **arguments: int | bytes) -> Any:
        """Ask for what may be asked again, until ``go_on`` has enough of it."""
        while True:
            try:
                answer = self.link.ask(instruction, **arguments)
            except SPOILED as fault:
                go_on(fault)
            else:
                go_on(None)
                return answer

    def _check_slot(self, slot: int) -> None:
        last = self.link.capacity - 1
        if not 0 <= slot <= last:
            raise BadRequest("sensor.no-slot", slot=slot, last=last)

    def _check_size(self, template: bytes) -> None:
        """Make sure that the sensor's templates are of this size, before its flash is touched.

        A sensor that has not shown one since it was connected is given this one and asked for it at
        once: what it does not take, it does not have afterwards. Twice, for a packet may get lost.
        """
        if not self._template_size and len(template) in TEMPLATE_SIZES:
            for _ in range(2):
                self.write_buffer(_WRITING, template)
                try:
                    if self.read_buffer(_WRITING) == template:
                        return
                except SensorRefused as refused:
                    if refused.code != EMPTY_BUFFER:
                        raise
                self._template_size = 0
        if len(template) != self._template_size:
            raise BadRequest("sensor.takes-no-such", port=self.link.port_name, size=len(template))

    def _unknown_size(self, size: int) -> SensorFault:
        most = max(TEMPLATE_SIZES)
        return SensorFault(
            "sensor.unknown-size",
            port=self.link.port_name,
            sends=Message("sensor.more-than", size=most) if size >= most else size,
            known=sorted(TEMPLATE_SIZES),
        )

    def _disbelieved(
        self, what: str, code: int = WRITING_FAILED, **fields: object
    ) -> SensorRefused:
        """``what``: the name of a message, with its ``fields``."""
        return SensorRefused(
            "sensor.disbelieved",
            code,
            port=self.link.port_name,
            what=Message(what, **fields),
            advice=advice(code),
        )


def _check_page(page: int) -> None:
    if not 0 <= page < _NOTEPAD_PAGES:
        raise BadRequest("sensor.no-page", page=page, last=_NOTEPAD_PAGES - 1)


def _found(answer: tuple[int, int]) -> tuple[int, int] | None:
    return answer if answer[0] >= 0 else None
