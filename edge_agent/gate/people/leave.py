"""A worker leaves, or does not agree any more: what was kept of their fingers is erased."""

import logging

from msgspec import UNSET, structs, to_builtins

from ...contract.errors import BadRequest, EdgeAgentError
from ...contract.people_facts import (
    ConsentWithdrawn,
    ErasuresKnown,
    WorkerForgotten,
    WorkerLeavePlanned,
    WorkerLeft,
)
from ..erasure import Counts, Erasure
from ..ledger.store.metadata import ERASURES_UNKNOWN
from ..ledger.store.sqlite_store import SqliteStore
from ..replaced_sensors import sensors_with
from ..sealed_backups import backups_with
from .consent import checked_day
from .context import RequestContext, Result
from .erase import Eraser
from .refusals import refuse_forget, refuse_leave, refuse_withdrawal
from .requests import ForgetWorker, LeaveWorker, TellErased, WithdrawConsent

log = logging.getLogger(__name__)


def withdraw_consent(context: RequestContext, request: WithdrawConsent) -> Result:
    """At once. Raises BadRequest where there is no such worker, or nothing of theirs is here."""
    code = context.worker(request.code).code
    refuse_withdrawal(context.gate.store, code)
    return _erase(context, code, ConsentWithdrawn(worker=code, actor=context.actor))


def leave_worker(context: RequestContext, request: LeaveWorker) -> Result:
    """After a day, or at once where it is over already, or none is named; also of whom nothing is
    kept.

    Raises BadRequest where there is no such worker, or they have left; where the day was long ago,
    or they have punched since.
    """
    gate, code = context.gate, context.worker(request.code).code
    day = None if request.on is None else checked_day(request.on)
    today = context.today
    refuse_leave(gate.store, code, day, today, gate.policy.zone)
    if day is not None and today is not None and day >= today:
        return _plan(context, code, day)
    last_day = UNSET if day is None else day
    return _erase(context, code, WorkerLeft(worker=code, last_day=last_day, actor=context.actor))


def _plan(context: RequestContext, code: str, day: str) -> Result:
    planned = context.gate.store.planned_for(code)
    if planned is not None and planned.after == day:
        return {**_told(context, code), "already": True}
    one = Erasure(
        id=planned.id if planned else 0,
        worker=code,
        after=day,
        begun=None,
        slots=[],
        counts=Counts(),
        scrubbed=False,
        document=None,
    )
    fact = WorkerLeavePlanned(worker=code, last_day=day, actor=context.actor)
    context.gate.record(fact, also=lambda change: change.put_erasure(one))
    return _told(context, code)


def _erase(context: RequestContext, code: str, why: ConsentWithdrawn | WorkerLeft) -> Result:
    eraser = Eraser(context.gate, context.sensor, context.pairing)
    one = eraser.leave(code, why)
    if one.begun and one.slots:
        _go_on(context, eraser)
    elif one.begun:
        eraser.go_on(usable=False)  # No template is left, so no sensor has to be there.
    return _told(context, code)


def forget_worker(context: RequestContext, request: ForgetWorker) -> Result:
    """The name of somebody who has left goes; hours stay under the code.

    Where it is gone the files are done again: somebody may have been reading them. Raises
    BadRequest where anything of their fingers, cards or PIN is still here.
    """
    gate, known = context.gate, context.worker(request.code)
    code = known.code
    refuse_forget(gate.store, code)
    if not known.nameless:
        worker = structs.replace(known, name=code, active=False)
        fact = WorkerForgotten(worker=code, actor=context.actor)
        gate.record_worker(fact, worker, same_person=True)
    gone = gate.store.overwrite_all(context.prompt.go_on)
    return {"worker": code, "done": gone, **_beside(context, code)}


def tell_erased(context: RequestContext, request: TellErased) -> Result:
    """Somebody says whose erasures a restored database does not know.

    Raises as ``refuse_unasked`` does, and BadRequest where there is no such worker.
    """
    gate, actor = context.gate, context.actor
    refuse_unasked(gate.store, request)
    codes = [context.worker(code).code for code in dict.fromkeys(request.codes)]
    eraser = Eraser(gate, context.sensor, context.pairing)
    for code in codes:
        if gate.store.has_anything_of(code):
            eraser.begin(code, WorkerLeft(worker=code, actor=actor))
    gate.record(
        ErasuresKnown(workers=len(codes), actor=actor),
        also=lambda change: change.settle_unknown(),
    )
    _go_on(context, eraser)
    left = [one.worker for one in gate.store.erasures() if one.begun and not one.done]
    return {"workers": codes, "done": not left}


def refuse_unasked(store: SqliteStore, request: TellErased) -> None:
    """Raise BadRequest where the gate knows its erasures, and where nobody is meant and somebody
    named, or the other way about."""
    if store.remembered(ERASURES_UNKNOWN) is None:
        raise BadRequest("privacy.not-asked")
    if bool(request.codes) == request.nobody:
        raise BadRequest("privacy.codes-or-nobody")


def _go_on(context: RequestContext, eraser: Eraser) -> None:
    try:
        context.sensor_in_use()
        eraser.go_on(usable=True)
    except EdgeAgentError as fault:
        # It is nobody's by now; the rest is done once the sensor is back.
        log.warning("an erasure is not done yet: %s", fault)


def _told(context: RequestContext, code: str) -> Result:
    store = context.gate.store
    one = [e for e in store.erasures() if e.worker == code][-1]
    return {
        "worker": code,
        "after": one.after,
        "begun": one.begun,
        "stopped": one.stopped,
        "erased": to_builtins(one.counts),
        "left": [slot for slot, _ in one.slots],
        "done": one.done,
        "methods": [str(held.method) for held in store.credentials() if held.worker == code],
        **_beside(context, code),
    }


def _beside(context: RequestContext, code: str) -> Result:
    """What no erasure reaches: databases that were set aside, whether copies were made, and the
    backups and replaced sensors that hold the worker's templates."""
    store, zone = context.gate.store, context.gate.policy.zone
    return {
        "set_aside": store.set_aside(),
        "copied": store.was_copied(),
        "sealed": to_builtins(backups_with(store.sealed_backups(), code, zone)),
        "sensors": to_builtins(sensors_with(store.replaced_sensors(), code, zone)),
    }
