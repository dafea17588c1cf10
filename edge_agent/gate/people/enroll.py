"""The fingers of a worker: enrol one, guided by the sensor, remove one, or say whose it is.

An enrolment is press, lift, press again, lift, and once more to prove.
"""

import logging
from collections.abc import Iterable

from msgspec import to_builtins

from ...contract.errors import BadRequest
from ...contract.facts import PrintEnrolled
from ...contract.people import Print, checked_code, checked_finger
from ..errors import SensorFault
from ..ledger.gate import Gate
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
    _check(gate, code, finger)
    taken = sensor.slots()
    owned = (held.slot for held in gate.prints)
    [slot] = free_slots(taken, owned, context.sensor_in_use().capacity, 1)
    _capture_template(context)
    print_ = Print(
        worker=code, finger=finger, slot=slot, generation=gate.store.next_generation(slot)
    )
    gate.announce(slot)
    try:
        if slot in taken:
            sensor.erase(slot)
        sensor.store(slot)
        context.pairing.write_mark()
        _prove(context, slot)
        fact = PrintEnrolled(
            worker=code,
            finger=finger,
            slot=slot,
            generation=print_.generation,
            actor=context.actor,
        )
        gate.record_enrolment(fact, print_, digest(sensor.read_template(slot)))
    except BaseException:
        context.pairing.try_to_undo([slot])
        raise
    return to_builtins(print_)  # type: ignore[no-any-return]


def remove_print(context: RequestContext, request: RemovePrint) -> Result:
    """Forget a finger and erase its template. Raises BadRequest where it is not enrolled."""
    gate = context.gate
    code, finger = checked_code(request.code), checked_finger(request.finger)
    found = [p for p in gate.prints if p.worker == code and p.finger == finger]
    if not found:
        raise BadRequest(f"No {finger} of {code} is enrolled.")
    print_ = found[0]
    # Forgotten first: should the power fail in between, the template left in the sensor
    # belongs to nobody, is never credited, and is erased at the next start.
    gate.record_removal(print_, context.actor, erasing=True)
    try:
        context.pairing.undo([print_.slot])
    except SensorFault as fault:
        raise SensorFault(
            f"The {finger} of {code} is removed and will be refused, but its template could "
            f"not be erased yet from slot {print_.slot}, which belongs to nobody now: {fault}"
        ) from fault
    return to_builtins(print_)  # type: ignore[no-any-return]


def identify(context: RequestContext, request: Identify) -> Result:
    """Whose finger is pressed next; no punch."""
    context.capture.features(StepKind.PRESS)
    match = context.sensor.search()
    if match is None:
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
        raise BadRequest(
            f"The sensor is full ({capacity} prints): remove prints of workers who have left with "
            "'prints remove', or use a sensor with a larger library."
        )
    return free[:count]


def _check(gate: Gate, code: str, finger: str) -> None:
    worker = gate.store.worker(code)
    if worker is None:
        raise BadRequest(f"There is no worker {code}: add them first with 'workers add'.")
    if not worker.active:
        raise BadRequest(f"Worker {code} is deactivated: bring them back with 'workers add'.")
    if worker.deactivated:
        raise BadRequest(f"Payroll's roster has deactivated {code}: ask payroll.")
    if any(p.worker == code and p.finger == finger for p in gate.prints):
        raise BadRequest(
            f"The {finger} of {code} is enrolled already: to replace it, first "
            f"'prints remove {code} --finger {finger}'."
        )


def _capture_template(context: RequestContext) -> None:
    """Two captures of one finger that nobody else has, merged in the sensor's buffers."""
    for _ in range(TRIES):
        context.capture.features(StepKind.PRESS)
        _refuse_known(context)
        context.capture.features(StepKind.PRESS_AGAIN, Buffer.TWO)
        if context.sensor.merge():
            return
        context.prompt.step(StepKind.DIFFERENT)
    raise BadRequest("The two presses stay different: press the same finger, flat and still.")


def _refuse_known(context: RequestContext) -> None:
    sensor = context.sensor
    match = sensor.search()
    while match is not None:
        owner, _ = context.gate.owner_of(match.slot)
        if owner is not None:
            raise BadRequest(
                f"This finger is enrolled already, as {owner.finger} of {owner.worker}: "
                "nothing was stored."
            )
        # A template that nobody has would go on winning searches against the one enrolled now.
        log.warning("slot %d holds this finger but belongs to nobody: erased", match.slot)
        sensor.erase(match.slot)
        match = sensor.search()


def _prove(context: RequestContext, slot: int) -> None:
    for _ in range(TRIES):
        context.capture.features(StepKind.PROVE)
        found = recognised(context.sensor.search(), context.gate.policy)
        if isinstance(found, Match) and found.slot == slot:
            return
    raise BadRequest("The finger is not recognised after storing it: start again, or use another.")
