"""Pair the gate with its sensor, and settle what an interrupted change has left behind.

Nobody is credited while it is in doubt whether the sensor's slots are the ones that our prints
stand for (domain/pairing.py). A change of the library is announced in the database before the flash
is touched, so that a power cut in the middle is found at the next start and undone.
"""

import hashlib
import logging
import os
from collections.abc import Callable

from ..domain.errors import SensorDoubted, SensorRefused
from ..domain.facts import PrintRemoved, SensorAdopted
from ..domain.pairing import TOKEN_BYTES, Doubt, Mark, adopting, doubt, read_mark
from ..domain.people import Print
from ..ports import Sensor, SensorInfo
from .gate import Gate

log = logging.getLogger(__name__)

_PAGE = 15
"""The notepad's last page: other programs begin with the first."""

_ALMOST_FULL = 0.8


def digest(template: bytes) -> bytes:
    """What is kept of a template: 32 bytes from which nothing of the finger can be had back."""
    return hashlib.sha256(template).digest()


class Pairing:
    """What the gate knows of the module at the other end. Lives on the gate's thread."""

    def __init__(self, gate: Gate, sensor: Sensor, beat: Callable[[], None]) -> None:
        """``beat`` is called between templates, which take a tenth of a second each to read."""
        self._gate = gate
        self._sensor = sensor
        self._beat = beat
        self._token: bytes | None = None
        """Of the module in use; None for one that keeps no notes."""

    def check(self) -> Doubt | None:
        """Why nobody may be credited by the sensor that has just been connected; None: all may.

        What can be settled without a person is settled. Raises SensorFault: that is no doubt, the
        module could just not be asked.
        """
        ours, found = self._gate.store.mark(), self._read_mark()
        interrupted = self._gate.store.announced()
        if interrupted and ours and found and found.raised() == ours:
            found = ours  # The power failed before the notepad had it.
        why = doubt(ours, found, bool(self._gate.prints))
        if why is not None and not self._all_agree():
            return why
        if why is not None or ours is None or found is None or ours.token != found.token:
            self._adopt(actor="gate", why=why.value if why else "new")
            return None
        self._token = ours.token
        if interrupted:
            log.warning("changes of slots %s were cut off, and are undone now", interrupted)
            self.undo(interrupted)
        return None

    def recover(self) -> None:
        """Make the link trustworthy again, and prove that the same module is at its end.

        Raises SensorFault: a module can be swapped without the port ever vanishing.
        """
        self._sensor.recover()
        mark = self._read_mark() if self._token else None
        if self._token != (mark.token if mark else None):
            raise SensorDoubted(adopting(Doubt.FOREIGN))

    def adopt(self, actor: str) -> list[Print]:
        """Take the sensor as it is: prints whose template is not there are forgotten, and returned.

        So nobody is ever credited by somebody else's template in their slot. Nothing is erased: the
        templates may be another gate's.
        """
        kept = self._agreeing()
        lost = [print_ for print_ in self._gate.prints if print_ not in kept]
        for print_ in lost:
            fact = PrintRemoved(
                worker=print_.worker,
                finger=print_.finger,
                slot=print_.slot,
                generation=print_.generation,
                actor=actor,
            )
            self._gate.record_removal(fact, print_, erasing=False)
        self._adopt(actor=actor, why="technician")
        return lost

    def write_mark(self) -> None:
        """Bring the notepad up to date after a change of the library."""
        mark = self._gate.store.mark()
        if mark is None:
            return
        try:
            self._sensor.write_notepad(_PAGE, mark.page())
        except SensorRefused as refused:
            # Then it is paired by its templates' digests, each time it is connected.
            log.warning("the sensor keeps no notes: %s", refused)
            self._token = None
        else:
            self._token = mark.token

    def undo(self, slots: list[int]) -> None:
        """Erase what an enrolment or a removal has left in these slots when it was cut off."""
        owned = {print_.slot for print_ in self._gate.prints}
        for slot in slots:
            if slot not in owned:
                self._sensor.erase(slot)
        if slots:
            self.write_mark()
            self._gate.settle(slots)

    def problem(self, info: SensorInfo) -> str | None:
        """What a technician should know of a sensor that is in use, or None."""
        taken = self._sensor.slots()
        owned = {print_.slot: print_ for print_ in self._gate.prints}
        sentences = []
        if missing := [print_ for slot, print_ in owned.items() if slot not in taken]:
            names = ", ".join(f"{print_.finger} of {print_.worker}" for print_ in missing[:5])
            sentences.append(
                f"{len(missing)} prints have no template in the sensor ({names}): remove and "
                "enrol them again."
            )
        if unowned := len(taken - owned.keys()):
            sentences.append(
                f"{unowned} templates in the sensor belong to nobody: they are never credited, and "
                "make room when it is full."
            )
        if len(taken) >= _ALMOST_FULL * info.capacity:
            sentences.append(
                f"The sensor is almost full ({len(taken)} of {info.capacity}): remove prints of "
                "workers who have left."
            )
        return " ".join(sentences) or None

    def _read_mark(self) -> Mark | None:
        try:
            return read_mark(self._sensor.read_notepad(_PAGE))
        except SensorRefused:
            return None  # A module without a notepad.

    def _all_agree(self) -> bool:
        return len(self._agreeing()) == len(self._gate.prints)

    def _agreeing(self) -> list[Print]:
        """The prints whose template is in its slot, to the byte."""
        digests = self._gate.store.digests()
        taken = self._sensor.slots()
        agreeing = []
        for print_ in self._gate.prints:
            self._beat()
            known = digests.get((print_.slot, print_.generation))
            if print_.slot in taken and known == digest(self._sensor.read_template(print_.slot)):
                agreeing.append(print_)
        return agreeing

    def _adopt(self, actor: str, why: str) -> None:
        mark = Mark(os.urandom(TOKEN_BYTES), 1)
        self._gate.record(
            SensorAdopted(actor=actor, why=why), also=lambda change: change.put_mark(mark)
        )
        self.write_mark()
        log.info("sensor adopted (%s)", why)
        self.undo(self._gate.store.announced())
