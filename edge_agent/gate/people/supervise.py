"""A supervisor's own entries: withdraw a punch, or add one. Nothing is ever rewritten."""

from datetime import datetime
from zoneinfo import ZoneInfo

from ...contract.chain import Entry
from ...contract.errors import BadRequest
from ...contract.facts import CREDITS, Direction, PunchAdded, PunchVoided
from ...contract.people import checked_code, checked_reason
from ...contract.stamps import local_time
from ..ledger.recorder import Recorder
from .context import RequestContext, Result
from .requests import AddPunch, VoidPunch


def void_punch(context: RequestContext, request: VoidPunch) -> Result:
    """Withdraw a punch. Raises BadRequest where there is none, or it is withdrawn already."""
    gate = context.gate
    reason = checked_reason(request.reason)
    entry = _entry(gate, request.seq)
    if entry is None or entry.kind not in CREDITS:
        what = "no entry" if entry is None else f"{entry.kind}, no punch that counts"
        raise BadRequest(
            f"Entry {request.seq} is {what}: 'edge-agent punches list' shows the numbers."
        )
    if gate.store.is_voided(request.seq):
        raise BadRequest(f"Punch {request.seq} is voided already: nothing was changed.")
    data = gate.store.data_of(entry)
    worker = data["worker"]
    voided = PunchVoided(of=request.seq, worker=worker, reason=reason, actor=context.actor)
    written = gate.record_void(voided)  # Nobody repeats what does not count.
    return {"seq": written.seq, "of": request.seq, "worker": worker, "at": data["at"]}


def add_punch(context: RequestContext, request: AddPunch) -> Result:
    """Add a punch. Raises BadRequest where the worker or the time makes no sense."""
    gate = context.gate
    reason = checked_reason(request.reason)
    code = checked_code(request.code)
    if gate.store.worker(code) is None:
        raise BadRequest(f"There is no worker {code}.")
    if request.direction not in (None, *(way.value for way in Direction)):
        raise BadRequest(f"{request.direction!r} is no direction: use 'in' or 'out'.")
    at_ms = _moment(request.at, gate.policy.zone)
    now = gate.clock.stamp()
    if now.trusted and at_ms > now.wall_ms + (now.uncertainty_ms or 0):
        raise BadRequest(f"{request.at} has not come yet: a punch is added afterwards.")
    at = local_time(at_ms, gate.policy.zone)
    added = PunchAdded(
        worker=code,
        at=at,
        direction=Direction(request.direction) if request.direction else None,
        reason=reason,
        actor=context.actor,
    )
    return {"seq": gate.record(added, now).seq, "worker": code, "at": at}


def _entry(gate: Recorder, seq: int) -> Entry | None:
    if not 0 < seq < 2**63:
        return None
    found = gate.store.entries(seq, 1)
    return found[0] if found and found[0].seq == seq else None


def _moment(text: str, zone: ZoneInfo) -> int:
    """Milliseconds since 1970 of a local time. Raises BadRequest."""
    try:
        moment = datetime.fromisoformat(text)
        if len(text) <= len("2026-11-23") or not 2000 <= moment.year < 2200:
            raise ValueError("there is no time of day, or no sense in it")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise BadRequest(f"{text!r} is no time: write 2026-11-23T06:00.") from None
