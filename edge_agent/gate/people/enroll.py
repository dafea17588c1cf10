"""The fingers of a worker: enrol one, guided by the sensor, remove one, or say whose it is."""

from collections.abc import Iterable

from msgspec import to_builtins

from ...contract.errors import BadRequest
from ...contract.people import Print, checked_finger
from ..errors import SensorFault
from ..events import Outcome
from ..print_health import quality_of
from ..sensor.pairing import digest, persistently
from .answers import StepKind
from .context import RequestContext, Result
from .presses import Presses
from .refusals import refuse_enrolment, refuse_finger, told_back
from .requests import Enroll, Identify, RemovePrint


def enroll(context: RequestContext, request: Enroll) -> Result:
    """Store a finger of a worker in the sensor, prove it, and record whose it is.

    Raises BadRequest where it cannot be done as asked: nothing is left in the sensor then, nor
    after a SensorFault as far as the sensor still answers. A print that is replaced counts until
    the entry is written that says that the new one does; then its template is erased.
    """
    code, finger = context.worker(request.code).code, checked_finger(request.finger)
    gate, sensor = context.gate, context.sensor
    former = _admit(context, code, finger, replace=request.replace)
    back = told_back(gate.store, code, context.today)
    capacity = context.sensor_in_use().capacity
    taken = sensor.slots()
    owned = (held.slot for held in gate.known.prints)
    [slot] = free_slots(taken, owned, capacity, 1)
    presses = Presses(context, code, former)
    likeness = presses.capture_template()
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
        score = presses.prove(slot, likeness)
        template = digest(sensor.read_template(slot))
        gate.record_enrolment(print_, template, context.actor, former)
    except BaseException:
        # Which of the two goes is the ledger's to say: its entry may be written after all.
        context.pairing.try_to_undo([slot] if former is None else [slot, former.slot])
        raise
    context.pairing.saw_used(steady=template == stored)
    if former is not None:
        _erase(context, former, "people.former-not-erased")
    return {
        **to_builtins(print_),
        "score": score,
        "quality": quality_of(score),
        "likeness": likeness,
        "replaced": former is not None,
        **back,
        "next": _of_the_other_hand(context, print_),
    }


def remove_print(context: RequestContext, request: RemovePrint) -> Result:
    """Forget a finger and erase its template. Raises BadRequest where it is not enrolled."""
    gate = context.gate
    code, finger = context.worker(request.code).code, checked_finger(request.finger)
    print_ = refuse_finger(gate.known.prints, code, finger)
    context.sensor_in_use()
    # Forgotten first: should the power fail in between, the template left in the sensor
    # belongs to nobody, is never credited, and is erased at the next start.
    gate.record_removal(print_, context.actor)
    _erase(context, print_, "people.not-erased-yet")
    return to_builtins(print_)  # type: ignore[no-any-return]


def identify(context: RequestContext, request: Identify) -> Result:
    """Whose finger is pressed next; no punch, and the lamps say so to whoever has come by."""
    context.sensor_in_use()
    context.capture.features(StepKind.PRESS)
    context.panel.show(Outcome.TRY_AGAIN)
    match = context.sensor.search()
    if match is None or match.score <= 0:
        return {"known": False}
    owner, worker = context.gate.known.owner_of(match.slot)
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


def _admit(context: RequestContext, code: str, finger: str, *, replace: bool) -> Print | None:
    """The one entrance to an enrolment. Raises BadRequest where this worker's finger may not be
    enrolled now. Returns the print that is to be replaced, if there is one.
    """
    worker = context.worker(code)
    if not worker.active:
        raise BadRequest("people.deactivated", code=code)
    if worker.deactivated:
        raise BadRequest("people.delisted-ask", code=code)
    refuse_enrolment(context.gate.store, code)
    if not context.gate.known.may_use_fingers_of(code):
        raise BadRequest("consent.needed", code=code)
    if not context.gate.known.may_take_fingers_of(code):
        raise BadRequest("privacy.unknown")
    held = (p for p in context.gate.known.prints if p.worker == code and p.finger == finger)
    former = next(held, None)
    if former is not None and not replace:
        raise BadRequest("people.enrolled-already", code=code, finger=finger)
    return former


def _erase(context: RequestContext, print_: Print, otherwise: str) -> None:
    """Erase the template of a print that is forgotten already.

    Raises SensorFault, by the name ``otherwise``, where it cannot be had erased now: it is at the
    next connection then.
    """
    pairing = context.pairing
    try:
        persistently(pairing, lambda: pairing.undo([print_.slot]))
    except SensorFault as fault:
        told = {"code": print_.worker, "finger": print_.finger, "slot": print_.slot}
        raise SensorFault(otherwise, why=fault, **told) from fault


def _of_the_other_hand(context: RequestContext, print_: Print) -> str | None:
    """The finger that would go with this one; None where the other hand has one already."""
    hand, _, name = print_.finger.partition("-")
    other = "left" if hand == "right" else "right"
    fingers = [p.finger for p in context.gate.known.prints if p.worker == print_.worker]
    return None if any(finger.startswith(other) for finger in fingers) else f"{other}-{name}"
