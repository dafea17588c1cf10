"""A supervisor's own entries: withdraw a punch, or add one. Nothing is ever rewritten."""

from typing import Any

from ...contract.attendance import attendance
from ...contract.chain import Entry
from ...contract.corrections import Addition, Held, Today, known_code, said_moment
from ...contract.errors import BadRequest
from ...contract.facts import Direction, PunchAdded, PunchVoided
from ...contract.kinds import CREDITS, REPEATED, words_of
from ...contract.language import Message
from ...contract.people import checked_reason
from ...contract.stamps import DAY_MS, Stamp, local_time, parse_time
from ..ledger.recorder import Recorder
from .context import RequestContext, Result
from .requests import AddPunch, VoidPunch

_MADE_MS = 1_767_225_600_000
"""This program was made after that (2026): a clock that shows less was never set."""

_BELIEVED_MS = 366 * DAY_MS
"""A clock that nobody has set does not leap a year: beyond that its battery has failed."""


def void_punch(context: RequestContext, request: VoidPunch) -> Result:
    """Withdraw a punch. Raises BadRequest where there is none, or it is withdrawn already."""
    gate = context.gate
    reason = checked_reason(request.reason)
    entry = _entry(gate, request.seq)
    if entry is None:
        raise BadRequest("punch.no-entry", seq=request.seq)
    data = gate.store.data_of(entry)
    if entry.kind not in CREDITS:
        raise _no_punch(gate, data)
    if gate.store.is_voided(request.seq):
        raise BadRequest("punch.voided-already", seq=request.seq)
    worker = data["worker"]
    # Before anything is written: an entry that cannot be read is no reason to withdraw half.
    repeats = [
        one["seq"]
        for one in gate.store.punches_of(worker, gate.store.tail().seq - request.seq)
        if one["kind"] == REPEATED and one["of"] == request.seq
    ]
    voided = PunchVoided(of=request.seq, worker=worker, reason=reason, actor=context.actor)
    written = gate.record(voided)
    told = {"seq": written.seq, "of": request.seq, "worker": worker, "at": data["at"]}
    return told | {"repeats": repeats}


def add_punch(context: RequestContext, request: AddPunch) -> Result:
    """Add a punch. Raises BadRequest where it cannot be, or is odd and not forced."""
    gate, zone = context.gate, context.gate.policy.zone
    reason = checked_reason(request.reason)
    names = {worker.code: worker.name for worker in gate.known.workers.values()}
    code = known_code(request.code, gate.known.workers, Message("people.add-first"), names)
    if request.direction not in (None, *(way.value for way in Direction)):
        raise BadRequest("punch.no-direction", text=request.direction)
    addition = Addition(
        code=code,
        at_ms=said_moment(request.at, zone, force=request.force),
        zone=zone,
        direction=request.direction,
    )
    now, worker = gate.clock.stamp(), gate.known.workers[code]
    addition.check(
        _today(gate, now),
        worker.listed,
        _held(gate, addition),
        force=request.force,
        active=worker.active,
    )
    at = local_time(addition.at_ms, zone)
    if not request.force:
        _refuse_after_last_day(gate, code, at)
    added = PunchAdded(
        worker=code,
        at=at,
        direction=Direction(request.direction) if request.direction else None,
        reason=reason,
        actor=context.actor,
    )
    return {"seq": gate.record(added, now).seq, "worker": code, "at": at}


def _refuse_after_last_day(gate: Recorder, code: str, at: str) -> None:
    """Raise BadRequest where a worker has left, and had left by then as far as is known."""
    leaving = gate.store.left(code)
    last = leaving.worked_until if leaving is not None else None
    if last is not None and at[:10] > last:
        raise BadRequest("punch.after-leaving", code=code, last=last, day=at[:10])


def _no_punch(gate: Recorder, data: dict[str, Any]) -> BadRequest:
    """Why an entry cannot be withdrawn; and the punch that it is about, where there is one."""
    told = {"seq": data["seq"], "kind": words_of(data["kind"])}
    if (of := data.get("of")) is None:
        return BadRequest("punch.no-punch", **told)
    if gate.store.is_voided(of):
        return BadRequest("punch.of-voided", of=of, **told)
    if data["kind"] == REPEATED:
        return BadRequest("punch.of-repeat", seq=data["seq"], of=of)
    return BadRequest("punch.of-another", of=of, **told)


def _entry(gate: Recorder, seq: int) -> Entry | None:
    if not 0 < seq < 2**63:
        return None
    found = gate.store.entries(seq, 1)
    return found[0] if found and found[0].seq == seq else None


def _held(gate: Recorder, addition: Addition) -> list[Held]:
    """The worker's punches that count, from before the time of an addition on."""
    data = list(gate.store.of_worker(addition.code, addition.at_ms))
    data.reverse()
    return [
        Held(
            Message("punch.entry", seq=punch.seq),
            parse_time(punch.at),
            Message("punch.void-line", seq=punch.seq),
        )
        for punch in attendance(data, addition.zone)
        if punch.at and punch.kind in CREDITS and punch.voided is None
    ]


def _today(gate: Recorder, now: Stamp) -> Today:
    """What time it is: without a trusted clock, what has passed since it was last known."""
    if now.trusted:
        return Today(now.wall_ms + (now.uncertainty_ms or 0))
    known = gate.store.known_time()
    least = gate.known.when(now).low or (known.stamp.wall_ms if known else None)
    shown = now.wall_ms
    if least is None:
        return Today(shown if shown >= _MADE_MS else None, sure=False)
    return Today(shown if least < shown <= least + _BELIEVED_MS else least, sure=False)
