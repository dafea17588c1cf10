"""Who may punch: enter, rename or bring back a worker, or refuse their fingers from now on.

A code is one person's, for their prints go on being credited to it. So whatever would give it to
somebody else is asked about first, and a code that people would take for another one too.
"""

from msgspec import structs, to_builtins

from ...contract.errors import BadRequest
from ...contract.facts import Fact
from ...contract.language import Message
from ...contract.people import (
    Worker,
    alike,
    another_person,
    checked_code,
    checked_name,
    lacks_digit,
    like_a_code,
    look_alikes,
)
from ...contract.people_facts import WorkerAdded, WorkerChanged, WorkerLeaveDropped
from ..erasure import is_expected
from ..ledger.glance import last_stop, refused_since
from ..ledger.recorder import Recorder
from ..sealed_backups import backups_with
from .context import RequestContext, Result
from .refusals import refuse_delisted, refuse_left, refuse_return, told_back
from .requests import (
    ActivateWorker,
    AddWorker,
    AskPeople,
    DeactivateWorker,
    DropLeave,
    RenameWorker,
)

_AT_ONCE = 200
"""Workers in one answer, which has to fit what a reader of the socket may leave unread."""


def add_worker(context: RequestContext, request: AddWorker) -> Result:
    """Enter a worker, or bring back one whom this gate has deactivated.

    Raises BadRequest where that would credit somebody by another's prints, or is payroll's to say;
    unless it is forced, where the code is hardly what was meant.
    """
    gate, actor = context.gate, context.actor
    code = checked_code(request.code)
    worker = Worker(code=code, name=checked_name(request.name))
    known = gate.store.worker(code)
    if known is None:
        if not request.force:
            doubt_code(gate, code)
        if like_a_code(worker.name, [code, *gate.known.workers]):
            raise BadRequest("people.name-like-code", name=worker.name)
        gate.record_worker(WorkerAdded(worker=code, actor=actor), worker)
        return to_builtins(worker)  # type: ignore[no-any-return]
    if known.listed is not None:
        worker = _as_listed(known, worker)
    if known.active:
        refuse_left(gate.store, code)
        raise BadRequest("people.exists", code=code)
    former = _vouched_name(gate, known)
    if another_person(former, worker.name) and (
        _fingers(gate, code) or any(one.worker == code for one in gate.store.credentials())
    ):
        why = "people.was-another" if known.listed is None else "people.held-for"
        raise BadRequest(why, code=code, former=former, name=worker.name)
    gate.record_worker(WorkerChanged(worker=code, active=True, actor=actor), worker)
    return to_builtins(worker)  # type: ignore[no-any-return]


def rename_worker(context: RequestContext, request: RenameWorker) -> Result:
    """Correct a name, and say the ``former`` one, and whether that comes back by force only.

    Nothing is written where it is their name already. Raises BadRequest where payroll gives the
    names, it is a code, or it is another person's.

    The latter may be forced: somebody has married.
    """
    gate = context.gate
    known = context.worker(request.code)
    name = checked_name(request.name)
    if like_a_code(name, [known.code, *gate.known.workers]):
        raise BadRequest("people.code-not-name", code=known.code, name=name)
    if known.listed is not None:
        raise BadRequest("people.named-by-roster", code=known.code)
    if not request.force:
        doubt_name(gate, known, name)
    worker = structs.replace(known, name=name)
    told = {**to_builtins(worker), "former": known.name}
    if name == known.name and not (request.force and _vouched_name(gate, known) != name):
        return {**told, "force_back": False}
    changed = WorkerChanged(worker=worker.code, active=worker.active, actor=context.actor)
    gate.record_worker(changed, worker, same_person=request.force)
    return {**told, "force_back": _is_doubted(gate, worker, known.name)}


def activate_worker(context: RequestContext, request: ActivateWorker) -> Result:
    """Take the fingers again of a worker whom this gate refuses, drop that they are to leave, or
    have somebody who has left at work again.

    Says which ``fingers``, what day was ``dropped`` or is still the last one (``leaves_after``:
    whoever was refused as well has two things to be taken back), and when they pressed and were
    ``refused``. Raises BadRequest where they are not refused, have not left and are not to leave.
    """
    gate, known = context.gate, context.worker(request.code)
    leaving = gate.store.leavings().get(known.code)
    if leaving is not None and leaving.left:
        return _bring_back(context, known)
    last_day = leaving.after if leaving is not None else None
    fingers = _fingers(gate, known.code)
    told = {"dropped": None, "leaves_after": last_day, "left": False, "fingers": fingers}
    if known.active and last_day is not None:
        _drop(context, known.code)
        return {**to_builtins(known), **told, "dropped": last_day, "leaves_after": None}
    if known.active:
        refuse_delisted(known)
        raise BadRequest("people.active-already", code=known.code)
    former = gate.store.held_back().get(known.code)
    if former is not None and not request.same_person:
        raise BadRequest("people.held-for", code=known.code, former=former, name=known.name)
    stop = last_stop(gate.store, known.code)
    refused = refused_since(gate.store, stop, gate.policy.zone) if stop is not None else []
    worker = structs.replace(known, active=True)
    changed = WorkerChanged(worker=worker.code, active=True, actor=context.actor)
    gate.record_worker(changed, worker, same_person=True)
    return {**to_builtins(worker), **told, "refused": refused}


def _bring_back(context: RequestContext, known: Worker) -> Result:
    """Nothing of what was erased comes back by it: that they are ``back``, their ``last_day``, and
    the ``sealed`` backups that may hold their templates still."""
    gate, code = context.gate, known.code
    refuse_return(gate.store, code)
    back = told_back(gate.store, code, context.today, activated=True)
    worker = structs.replace(known, active=True)
    facts: list[Fact] = [WorkerLeaveDropped(worker=code, actor=context.actor)]
    if not known.active:
        facts.append(WorkerChanged(worker=code, active=True, actor=context.actor))
    gate.record_workers([(fact, worker) for fact in facts], same_person=True)
    sealed = backups_with(gate.store.sealed_backups(), code, gate.policy.zone)
    told = {"dropped": None, "leaves_after": None, "left": False, "sealed": to_builtins(sealed)}
    return {**to_builtins(worker), **told, **back, "fingers": []}


def drop_leave(context: RequestContext, request: DropLeave) -> Result:
    """Drop that a worker is to leave; whoever may plan it may do so. Says what day was ``dropped``.

    Raises BadRequest where no leaving is planned, or it has begun.
    """
    known = context.worker(request.code)
    leaving = context.gate.store.leavings().get(known.code)
    if leaving is None or leaving.after is None:
        raise BadRequest("people.not-to-leave", code=known.code)
    _drop(context, known.code)
    return {**to_builtins(known), "dropped": leaving.after}


def _drop(context: RequestContext, code: str) -> None:
    fact = WorkerLeaveDropped(worker=code, actor=context.actor)
    context.gate.record(fact, also=lambda change: change.drop_planned(code))


def deactivate_worker(context: RequestContext, request: DeactivateWorker) -> Result:
    """Refuse a worker's fingers. Raises BadRequest where there is no such worker, or it is so, or
    they have left.
    """
    known = context.worker(request.code)
    if not known.active:
        raise BadRequest("people.deactivated-already", code=known.code)
    if context.gate.store.left(known.code) is not None:
        raise BadRequest("people.left-not-deactivated", code=known.code)
    worker = structs.replace(known, active=False)
    changed = WorkerChanged(worker=known.code, active=False, actor=context.actor)
    context.gate.record_worker(changed, worker)
    return to_builtins(worker)  # type: ignore[no-any-return]


def doubt_name(gate: Recorder, known: Worker, name: str) -> None:
    """Raise BadRequest where a name is another person's, who would be credited by what is known of
    this one."""
    if not another_person(_vouched_name(gate, known), name):
        return
    who = {"code": known.code, "known": known.name, "name": name}
    if fingers := _fingers(gate, known.code):
        told = [Message("people.finger", finger=finger) for finger in fingers]
        raise BadRequest("people.is-another", fingers=told, **who)
    held = [one.method for one in gate.store.credentials() if one.worker == known.code]
    if held:
        kinds = [Message(f"method.{kind}") for kind in held]
        lines = [Message("credential.removal", code=known.code, kind=kind.value) for kind in held]
        raise BadRequest("credential.are-anothers", kinds=kinds, lines=lines, **who)


def _is_doubted(gate: Recorder, known: Worker, name: str) -> bool:
    try:
        doubt_name(gate, known, name)
    except BadRequest:
        return True
    return False


def doubt_code(gate: Recorder, code: str) -> None:
    """Raise BadRequest where a new code would be taken for another one, or is hardly one."""
    taken_for = look_alikes(code, gate.known.workers)
    if taken_for:
        other = gate.known.workers[taken_for[0]]
        raise BadRequest("people.looks-like", code=code, other=other.code, name=other.name)
    if lacks_digit(code):
        raise BadRequest("people.code-forgotten", code=code)


def _fingers(gate: Recorder, code: str) -> list[str]:
    return [print_.finger for print_ in gate.known.prints if print_.worker == code]


def _vouched_name(gate: Recorder, known: Worker) -> str:
    return gate.store.vouched_names().get(known.code, known.name)


def _as_listed(known: Worker, wanted: Worker) -> Worker:
    """A worker of payroll's roster, brought back at this gate: the rest is payroll's to say."""
    if known.active:
        refuse_delisted(known)
    if not alike(known.name, wanted.name):
        raise BadRequest("people.other-name-in-roster", code=known.code, name=known.name)
    return structs.replace(known, active=True)


def list_people(context: RequestContext, request: AskPeople) -> Result:
    """``people`` by code, from behind ``after`` on, and whether there are ``more``.

    Of each ``code``, ``name``, ``deactivated`` (who has left, and whose dates are over, as well),
    ``withdrawn`` (they do not agree any more), their ``fingers`` and their other ``methods``.
    """
    gate = context.gate
    today, leavings = context.today, gate.store.leavings()
    withdrawn = gate.store.withdrawn()
    codes = sorted(code for code in gate.known.workers if code > request.after)
    fingers: dict[str, list[str]] = {}
    for print_ in gate.known.prints:
        fingers.setdefault(print_.worker, []).append(print_.finger)
    methods: dict[str, list[str]] = {}
    for one in gate.store.credentials():
        methods.setdefault(one.worker, []).append(one.method.value)
    people = [
        {
            "code": code,
            "name": gate.known.workers[code].name,
            "deactivated": not is_expected(gate.known.workers[code], leavings.get(code), today),
            "withdrawn": code in withdrawn,
            "fingers": fingers.get(code, []),
            "methods": methods.get(code, []),
        }
        for code in codes[:_AT_ONCE]
    ]
    return {"people": people, "more": len(codes) > _AT_ONCE}
