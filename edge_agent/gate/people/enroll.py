"""The fingers of a worker: enrol one, guided by the sensor, remove one, or say whose it is.

An enrolment is press, lift, press again, lift, and once more to prove.
"""

import logging
from collections.abc import Iterable

from msgspec import to_builtins

from ...contract.errors import BadRequest
from ...contract.facts import PrintEnrolled
from ...contract.people import Print, checked_code, checked_finger
from ...contract.stamps import Stamp
from ..errors import SensorFault
from ..events import Outcome
from ..ports import Buffer
from ..rules import Match, recognised
from ..sensor.pairing import digest
from .context import RequestContext, Result
from .prompt import TRIES
from .requests import Enroll, Identify, RemovePrint, StepKind

log = logging.getLogger(__name__)


def enroll(context: RequestContext, request: Enroll) -> Result:
    """Store a finger of a worker in the sensor, prove it, and record whose it is.

    Raises BadRequest where it cannot be done as asked: nothing is left in the sensor then, nor
    after a SensorFault as far as the sensor still answers.
    """
    code, finger = checked_code(request.code), checked_finger(request.finger)
    gate, sensor = context.gate, context.sensor
    _check(context, code, finger)
    capacity = context.sensor_in_use().capacity
    taken = sensor.slots()
    owned = (held.slot for held in gate.prints)
    [slot] = free_slots(taken, owned, capacity, 1)
    enrolment = _Enrolment(context, code)
    enrolment.capture_template()
    print_ = Print(
        worker=code, finger=finger, slot=slot, generation=gate.store.next_generation(slot)
    )
    gate.announce(slot)
    try:
        if slot in taken:
            sensor.erase(slot)
        sensor.store(slot)
        context.pairing.write_mark()
        stored = digest(sensor.read_template(slot))
        enrolment.prove(slot)
        template = digest(sensor.read_template(slot))
        fact = PrintEnrolled(
            worker=code,
            finger=finger,
            slot=slot,
            generation=print_.generation,
            actor=context.actor,
        )
        gate.record_enrolment(fact, print_, template)
    except BaseException:
        context.pairing.try_to_undo([slot])
        raise
    context.pairing.saw_used(steady=template == stored)
    return to_builtins(print_)  # type: ignore[no-any-return]


def remove_print(context: RequestContext, request: RemovePrint) -> Result:
    """Forget a finger and erase its template. Raises BadRequest where it is not enrolled."""
    gate = context.gate
    code, finger = checked_code(request.code), checked_finger(request.finger)
    context.worker(code)
    found = [p for p in gate.prints if p.worker == code and p.finger == finger]
    if not found:
        raise BadRequest("people.not-enrolled", code=code, finger=finger)
    context.sensor_in_use()
    print_ = found[0]
    # Forgotten first: should the power fail in between, the template left in the sensor
    # belongs to nobody, is never credited, and is erased at the next start.
    gate.record_removal(print_, context.actor, erasing=True)
    try:
        context.pairing.undo([print_.slot])
    except SensorFault as fault:
        raise SensorFault(
            "people.not-erased-yet", code=code, finger=finger, slot=print_.slot, why=fault
        ) from fault
    return to_builtins(print_)  # type: ignore[no-any-return]


def identify(context: RequestContext, request: Identify) -> Result:
    """Whose finger is pressed next; no punch, and the lamps say so to whoever has come by."""
    context.sensor_in_use()
    context.capture.features(StepKind.PRESS)
    context.panel.show(Outcome.TRY_AGAIN)
    match = context.sensor.search()
    if match is None or match.score <= 0:
        return {"known": False}
    owner, worker = context.gate.owner_of(match.slot)
    return {
        "known": owner is not None,
        "worker": worker.code if worker else None,
        "active": not worker.deactivated if worker else None,
        "finger": owner.finger if owner else None,
        "slot": match.slot,
        "score": match.score,
    }


def free_slots(taken: Iterable[int], owned: Iterable[int], capacity: int, count: int) -> list[int]:
    """Where new templates may go: empty slots, then ones whose template belongs to nobody.

    Raises BadRequest where there are not ``count`` of them.
    """
    owned = set(owned)
    used = owned.union(taken)
    empty = [slot for slot in range(capacity) if slot not in used]
    unowned = [slot for slot in range(capacity) if slot in used - owned]
    if len(free := empty + unowned) < count:
        raise BadRequest("people.sensor-full", capacity=capacity)
    return free[:count]


def _check(context: RequestContext, code: str, finger: str) -> None:
    worker = context.worker(code)
    if not worker.active:
        raise BadRequest("people.deactivated", code=code)
    if worker.deactivated:
        raise BadRequest("people.delisted-ask", code=code)
    if any(p.worker == code and p.finger == finger for p in context.gate.prints):
        raise BadRequest("people.enrolled-already", code=code, finger=finger)


class _Enrolment:
    """The presses of one enrolment, of which others may come in between.

    Workers who come by do not know that the gate waits for somebody else. So whoever is known is
    answered as at any other time, once; who presses the same finger again wants it enrolled.
    """

    def __init__(self, context: RequestContext, code: str) -> None:
        self._context = context
        self._code = code
        self._passed: set[Print] = set()
        self._erased: set[int] = set()

    def capture_template(self) -> None:
        """Two captures of one finger that nobody has, merged in the sensor's buffers.

        Each of them is searched for, and both are compared: some modules merge two persons'
        fingers into one template, which is found for both.
        """
        for _ in range(TRIES):
            self._press(StepKind.PRESS, Buffer.ONE)
            self._press(StepKind.PRESS_AGAIN, Buffer.TWO)
            if self._merge():
                return
            self._context.prompt.step(StepKind.DIFFERENT)
        raise BadRequest("people.presses-differ")

    def _merge(self) -> bool:
        """Merge both captures. False where they are different fingers, as far as one can tell.

        A module that merges what its Match calls different is asked once more, for the template
        that is in both buffers then: where even that is not like itself, Match tells nothing.
        """
        alike = self._context.sensor.matches()
        return self._context.sensor.merge() and (alike or not self._context.sensor.matches())

    def prove(self, slot: int) -> None:
        """Have the template in ``slot`` win a search, as it has to for a punch."""
        tries = 0
        while tries < TRIES:
            self._context.capture.features(StepKind.PROVE)
            stamp = self._context.gate.clock.stamp()
            found = recognised(self._context.sensor.search(), self._context.gate.policy)
            if isinstance(found, Match) and found.slot == slot:
                return
            if not (isinstance(found, Match) and self._let_pass(found, stamp)):
                tries += 1
        raise BadRequest("people.not-proved")

    def _press(self, what: StepKind, buffer: Buffer) -> None:
        """Bring the features of a finger that nobody has into ``buffer``."""
        while True:
            self._context.capture.features(what, buffer)
            stamp = self._context.gate.clock.stamp()
            match = self._owned(buffer)
            if match is None:
                return
            believed = isinstance(recognised(match, self._context.gate.policy), Match)
            if not (believed and self._let_pass(match, stamp)):
                owner, _ = self._context.gate.owner_of(match.slot)
                if owner is None:
                    raise BadRequest("people.known-finger")
                raise BadRequest("people.finger-of", finger=owner.finger, code=owner.worker)

    def _owned(self, buffer: Buffer) -> Match | None:
        """Whose finger the features in ``buffer`` are, if they are anybody's."""
        sensor = self._context.sensor
        while (match := sensor.search(buffer)) is not None and match.score > 0:
            if self._context.gate.owner_of(match.slot)[0] is not None:
                return match
            if match.slot in self._erased:
                raise SensorFault("people.finds-erased", slot=match.slot)
            # A template that nobody has would go on winning searches against the one enrolled now.
            log.warning("slot %d holds this finger but belongs to nobody: erased", match.slot)
            sensor.erase(match.slot)
            self._erased.add(match.slot)
        return None

    def _let_pass(self, match: Match, stamp: Stamp) -> bool:
        """Answer somebody else's press as a touch. False where it is none."""
        owner, _ = self._context.gate.owner_of(match.slot)
        if owner is None or owner.worker == self._code or owner in self._passed:
            return False
        self._passed.add(owner)
        self._context.punch(match, stamp)
        self._context.prompt.step(StepKind.PASSED)
        return True
