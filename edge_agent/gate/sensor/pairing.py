"""Pair the gate with its sensor, and settle what an interrupted change has left behind.

Nobody is credited while it is in doubt whether the sensor's slots are the ones that our prints
stand for (``gate.pairing_mark``). A change of the library is announced in the database before the
flash is touched, so that a power cut in the middle is found at the next start and undone.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

from msgspec import UNSET

from ...contract.errors import StoreFault
from ...contract.facts import SensorAdopted
from ...contract.language import Message, together
from ...contract.people import Print
from ..errors import SPOILED, SensorDoubted, SensorFault, SensorRefused
from ..ledger.recorder import Recorder
from ..ledger.store.change import SqliteChange
from ..pairing_mark import TOKEN_BYTES, Doubt, PairingMark, adopting, doubt, is_left_of, read_mark
from ..ports import Sensor, SensorInfo
from ..replaced_sensors import ReplacedSensor
from .comparison import Comparison, TemplateState
from .replaced import Adoption, Replacement, being_emptied, replaced_before, slots_to_erase

log = logging.getLogger(__name__)

_PAGE = 15
"""The notepad's last page: other programs begin with the first."""

_ALMOST_FULL = 0.8

_SPOILED_IN_A_ROW = 5
"""Answers to one and the same question, after which the line is given up for now."""

T = TypeVar("T")


class Pairing:
    """What the gate knows of the module at the other end. Lives on the gate's thread."""

    def __init__(self, gate: Recorder, sensor: Sensor, beat: Callable[[], None]) -> None:
        """``beat`` is called between two questions, of which one may take seconds."""
        self._gate = gate
        self._sensor = sensor
        self.beat = beat
        """For whoever asks the sensor for long, too."""
        self._token: bytes | None = None
        self._keeps_notes = True
        self._spoiled = 0
        """Answers in a row, to what is asked again in place."""
        self.doubt: Doubt | None = None
        """What the last check has found."""
        self.comparison = Comparison(gate, self._compare, beat)

    @property
    def token(self) -> bytes | None:
        """Of the module in use; None for one that keeps no notes."""
        return self._token

    def check(self) -> Doubt | None:
        """Why nobody may be credited by the sensor that has just been connected; None: all may.

        What can be settled without a person is settled. Raises SensorFault: that is no doubt, the
        module could just not be asked.
        """
        ours, found, page = self._marks()
        prints = self._gate.known.prints
        if ours and self._gate.store.announced():
            # The power failed before the notepad had it, or in the middle of that. Prints tell for
            # themselves whether a torn page is ours.
            behind = found is not None and found.raised() == ours
            if behind or (not prints and is_left_of(page, ours)):
                found = ours
        if ours is None and found is None:
            self._take_digests(prints)
        why = doubt(ours, found, bool(prints))
        self.doubt = None if why is None or all(self._agreement(prints)) else why
        if self.doubt is not None:
            return self.doubt
        if ours is None or (ours != found and self._keeps_notes):
            entering = self._entering(found, prints, [])
            self._adopt(actor="gate", why=why.value if why else "new", entering=entering)
        else:
            self._token = found.token if found else None
        if why is not None:
            self.comparison.agreed(self._token)
        elif (differ := self.comparison.check(self._token)) is not None:
            self.doubt = differ
            return self.doubt
        self._settle(erasing=ours == found or bool(prints))
        return None

    def recover(self) -> None:
        """Make the link trustworthy again, and prove that the same module is at its end.

        Raises SensorFault: a module can be swapped without the port ever vanishing.
        """
        self._sensor.recover()
        if self._token is None:
            # One that keeps no notes is known by a template of ours.
            same = all(map(self._agrees, self._gate.known.prints[:1]))
        else:
            mark = read_mark(self._read_page())
            same = mark is not None and mark.token == self._token
        if not same:
            raise SensorDoubted(adopting(Doubt.FOREIGN))
        self.comparison.soon()

    def adopt(self, actor: str) -> Adoption:
        """Take the sensor as it is: prints whose template is not there are forgotten.

        So nobody is ever credited by somebody else's template in their slot. Nothing is erased: the
        templates may be another gate's.
        """
        _, found, _ = self._marks()
        prints = self._gate.known.prints
        agreement = list(self._agreement(prints))
        lost = [print_ for print_, agrees in zip(prints, agreement, strict=True) if not agrees]
        entering = self._entering(found, prints, lost)
        self._adopt(actor=actor, why="technician", entering=entering, lost=lost)
        if any(agreement):
            self.comparison.agreed(self._token)
        self._settle(erasing=False)
        self.doubt = None
        return Adoption(forgotten=lost, replaced=entering.left)

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

    def saw_used(self, *, steady: bool) -> None:
        """A template was read before and after a finger was found by it; some modules change it."""
        with suppress(StoreFault):  # The finger is enrolled; a later one tells the same.
            if steady:
                self.comparison.steady(self._token)
            else:
                self.comparison.unsteady(self._token)

    def undo(self, slots: list[int], back: ReplacedSensor | None = None) -> None:
        """Erase what an enrolment or a removal has left in these slots when it was cut off.

        Or what this module, ``back``, held when it was replaced.
        """
        owned = {print_.slot for print_ in self._gate.known.prints}
        for slot in slots:
            if slot not in owned:
                self._sensor.erase(slot)
        if slots or back is not None:
            self.write_mark()
            self._gate.settle(slots, back)

    def try_to_undo(self, slots: list[int]) -> None:
        """The same after a fault, as far as the sensor still answers.

        What cannot be undone now stays announced, and is undone at the next connection.
        """
        with suppress(SensorFault, StoreFault):
            self.recover()
            self.undo(slots)

    def problem(self, info: SensorInfo) -> Message | None:
        """What a technician should know of a sensor that is in use, or None."""
        taken = self._sensor.slots(self._go_on)
        owned = {print_.slot: print_ for print_ in self._gate.known.prints}
        sentences = []
        if missing := [print_ for slot, print_ in owned.items() if slot not in taken]:
            named: list[Message | str] = [
                Message("sensor.print-of", finger=print_.finger, code=print_.worker)
                for print_ in missing[:5]
            ]
            named += ["…"] if missing[5:] else []
            sentences.append(
                Message("sensor.prints-without-template", number=len(missing), prints=named)
            )
        if differing := self.comparison.problem(self._token):
            sentences.append(differing)
        if unowned := len(taken - owned.keys()):
            sentences.append(Message("sensor.templates-of-nobody", number=unowned))
        if len(taken) >= _ALMOST_FULL * info.capacity:
            sentences.append(Message("sensor.almost-full", used=len(taken), capacity=info.capacity))
        return together(*sentences)

    def _marks(self) -> tuple[PairingMark | None, PairingMark | None, bytes]:
        """The gate's mark, and that of the module, with the page in which it is."""
        store, page = self._gate.store, self._read_page()
        ours, found = store.mark(), read_mark(page)
        # It is this one that has to be there still, whenever the line has to be mended on the way.
        self._token = found.token if found else None
        back = being_emptied(store)
        if back and ours and found and found.token.hex() in {*back.marks} - {ours.token.hex()}:
            self.write_mark()  # The power failed before the notepad had it.
            found = ours
        return ours, found, page

    def _entering(
        self, found: PairingMark | None, prints: Sequence[Print], lost: Sequence[Print]
    ) -> Replacement:
        """What it means to take the module with the mark ``found``; ``lost`` are not in it."""
        if self._is_another(found, any_print=bool(prints), agrees=len(lost) < len(prints)):
            return Replacement.by_another(self._gate, found, prints, lost)
        return Replacement.by_itself(self._gate.store)

    def _is_another(self, found: PairingMark | None, *, any_print: bool, agrees: bool) -> bool:
        """Whether the one before was another module than the one with the mark ``found``.

        A mark may be lost, or be of a gate that had it in between: what is in it tells, then.
        """
        store = self._gate.store
        if replaced_before(store, found) is not None:
            return True
        if agrees:
            return False
        if found is None and not any_print:
            # Nothing of it is known again by its bytes, and one that was used elsewhere has some of
            # these slots by chance: an erasure must not be told as done while it is not.
            to_erase, taken = slots_to_erase(store), set(self._sensor.slots(self._go_on))
            same = to_erase <= taken if being_emptied(store) else to_erase == taken
            return bool(to_erase) and not same
        ours = store.mark()
        same = ours is not None and found is not None and found.token == ours.token
        return not same or self.doubt is Doubt.TEMPLATES_DIFFER

    def _read_page(self) -> bytes:
        """The page of the mark; empty where the sensor keeps no notes."""
        try:
            page = self._sensor.read_notepad(_PAGE)
        except SensorRefused:
            self._keeps_notes = False
            return b""
        self._keeps_notes = True
        return page

    def _take_digests(self, prints: list[Print]) -> None:
        """Those of prints that an earlier version has enrolled: it trusted the sensor as it is."""
        known, taken = self._gate.store.digests(), self._sensor.slots(self._go_on)
        found = []
        for print_ in prints:
            if (print_.slot, print_.generation) not in known and print_.slot in taken:
                template = self._persistently(partial(self._sensor.read_template, print_.slot))
                found.append((print_, digest(template)))
        if found:
            with self._gate.store.changing() as change:
                for print_, value in found:
                    change.put_digest(print_, value)

    def _agreement(self, prints: list[Print]) -> Iterator[bool]:
        """Of each print, whether its template is in its slot, to the byte."""
        taken = self._sensor.slots(self._go_on)
        for print_ in prints:
            yield print_.slot in taken and self._persistently(partial(self._agrees, print_))

    def _agrees(self, print_: Print) -> bool:
        known = self._gate.store.digests().get((print_.slot, print_.generation))
        template = None if known is None else self.template_in(print_.slot)
        return template is not None and known == digest(template)

    def _compare(self, print_: Print) -> TemplateState:
        """Whether the template that was enrolled is in a print's slot; read twice where not."""
        known = self._gate.store.digests().get((print_.slot, print_.generation))
        for _ in range(2):
            try:
                template = self.template_in(print_.slot)
            except SPOILED as fault:
                self._go_on(fault)
                template = self._persistently(partial(self.template_in, print_.slot))
            if template is None:
                return TemplateState.MISSING
            if known is None:
                log.warning(
                    "the %s of %s was enrolled by a version that kept no digest of its template: "
                    "what is in slot %d now is believed, and kept",
                    print_.finger,
                    print_.worker,
                    print_.slot,
                )
                with self._gate.store.changing() as change:
                    change.put_digest(print_, digest(template))
                return TemplateState.AGREES
            if digest(template) == known:
                return TemplateState.AGREES
        return TemplateState.DIFFERS

    def _persistently(self, read: Callable[[], T]) -> T:
        """Ask for what only reads, and again in place where the line has spoiled the answer."""
        while True:
            try:
                answer = read()
            except SPOILED as fault:
                self._go_on(fault)
            else:
                self._go_on(None)
                return answer

    def _go_on(self, fault: SensorFault | None) -> None:
        """Between two questions to a module that is still the same."""
        self.beat()
        if fault is None:
            self._spoiled = 0
        while fault is not None:
            self._spoiled += 1
            if self._spoiled >= _SPOILED_IN_A_ROW:
                self._spoiled = 0
                raise fault
            try:
                self.recover()
                fault = None
            except SPOILED as still:
                fault = still

    def template_in(self, slot: int) -> bytes | None:
        """The template in a slot; None where there is none that can be read."""
        try:
            return self._sensor.read_template(slot)
        except SensorRefused:
            # It has none that can be read, unless the link is in doubt, and this raises.
            self._sensor.check()
            return None

    def _adopt(
        self, actor: str, why: str, entering: Replacement, lost: Sequence[Print] = ()
    ) -> None:
        mark, announced = PairingMark(os.urandom(TOKEN_BYTES), 1), self._gate.store.announced()

        def adopt(change: SqliteChange) -> None:
            change.put_mark(mark)
            if entering.is_another:  # What was announced was for the module before.
                for slot in announced:
                    change.settle(slot)
            entering.note(change, mark)

        left, back = entering.left, entering.back
        fact = SensorAdopted(
            actor=actor,
            why=why,
            replaced=UNSET if left is None else left.mark,
            returned=UNSET if back is None else back.mark,
        )
        self._gate.record_adoption(fact, lost, adopt)
        self.write_mark()
        log.info("sensor adopted (%s)", why)

    def _settle(self, *, erasing: bool) -> None:
        """See to what was announced and cut off, and to what a module that came back held.

        Not ``erasing``: these slots may be another module's.
        """
        interrupted, mark = self._gate.store.announced(), self._gate.store.mark()
        back = being_emptied(self._gate.store) if mark and mark.token == self._token else None
        if back is not None:
            log.warning(
                "a sensor is back after it was replaced: what it held in %s is erased", interrupted
            )
            self.undo(interrupted, back)
        elif interrupted and erasing:
            log.warning("changes of slots %s were cut off, and are undone now", interrupted)
            self.undo(interrupted)
        elif interrupted:
            log.warning("changes of slots %s were cut off, perhaps at another sensor", interrupted)
            self._gate.settle(interrupted)


def digest(template: bytes) -> bytes:
    """What is kept of a template: 32 bytes from which nothing of the finger can be had back."""
    return hashlib.sha256(template).digest()


def persistently(pairing: Pairing, do: Callable[[], T]) -> T:
    """Do something that may be done twice; again where the link could be mended in between.

    Raises SensorFault: one fault in a thousand transfers is no reason to begin anew, two in a row
    are.
    """
    try:
        return do()
    except SensorFault:
        pairing.recover()
        return do()
