"""Who may punch: enter, rename or bring back a worker, or refuse their fingers from now on.

A code is one person's, for their prints go on being credited to it. So whatever would give it to
somebody else is asked about first, and a code that people would take for another one too.
"""

from msgspec import structs, to_builtins

from ...contract.errors import BadRequest
from ...contract.facts import WorkerAdded, WorkerChanged
from ...contract.people import (
    Worker,
    alike,
    another_person,
    checked_code,
    checked_name,
    lacks_digit,
    look_alikes,
)
from ..ledger.recorder import Recorder
from .context import RequestContext, Result
from .requests import ActivateWorker, AddWorker, DeactivateWorker, RenameWorker


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
            _doubt_code(gate, code)
        gate.record_worker(WorkerAdded(worker=code, actor=actor), worker)
        return to_builtins(worker)  # type: ignore[no-any-return]
    if known.listed is not None:
        worker = _as_listed(known, worker)
    if known.active:
        raise BadRequest(
            f"Worker {code} exists already: nothing was changed. To correct the name: "
            "'workers rename'."
        )
    if another_person(known.name, worker.name) and _fingers(gate, code):
        raise BadRequest(
            f"{code} was {known.name}, whose prints are still enrolled and would be credited "
            f"to {worker.name}: remove them first, or give the same name."
        )
    gate.record_worker(WorkerChanged(worker=code, active=True, actor=actor), worker)
    return to_builtins(worker)  # type: ignore[no-any-return]


def rename_worker(context: RequestContext, request: RenameWorker) -> Result:
    """Correct a name. Raises BadRequest where payroll gives the names, or it is another person's.

    The latter may be forced: somebody has married.
    """
    gate = context.gate
    known = context.worker(checked_code(request.code))
    name = checked_name(request.name)
    if known.listed is not None:
        raise BadRequest(
            f"The name of {known.code} comes with payroll's roster: ask payroll to correct it."
        )
    fingers = _fingers(gate, known.code)
    if fingers and another_person(known.name, name) and not request.force:
        raise BadRequest(
            f"{known.code} is {known.name}, whose prints ({', '.join(fingers)}) would be credited "
            f"to {name}: remove them first where that is another person, or use --force where it "
            "is the same one."
        )
    worker = structs.replace(known, name=name)
    changed = WorkerChanged(worker=worker.code, active=worker.active, actor=context.actor)
    gate.record_worker(changed, worker, same_person=request.force)
    return to_builtins(worker)  # type: ignore[no-any-return]


def activate_worker(context: RequestContext, request: ActivateWorker) -> Result:
    """Take the fingers again of a worker whom this gate refuses, and say which ones.

    Raises BadRequest where it does not.
    """
    known = context.worker(checked_code(request.code))
    if known.active:
        _refuse_delisted(known)
        raise BadRequest(f"Worker {known.code} is active already.")
    worker = structs.replace(known, active=True)
    changed = WorkerChanged(worker=worker.code, active=True, actor=context.actor)
    context.gate.record_worker(changed, worker)
    return {**to_builtins(worker), "fingers": _fingers(context.gate, worker.code)}


def deactivate_worker(context: RequestContext, request: DeactivateWorker) -> Result:
    """Refuse a worker's fingers. Raises BadRequest where there is no such worker, or it is so."""
    known = context.worker(checked_code(request.code))
    if not known.active:
        raise BadRequest(f"Worker {known.code} is deactivated already.")
    worker = structs.replace(known, active=False)
    changed = WorkerChanged(worker=known.code, active=False, actor=context.actor)
    context.gate.record_worker(changed, worker)
    return to_builtins(worker)  # type: ignore[no-any-return]


def _doubt_code(gate: Recorder, code: str) -> None:
    taken_for = look_alikes(code, gate.workers)
    if taken_for:
        other = gate.workers[taken_for[0]]
        raise BadRequest(
            f"{code} would be taken for {other.code}, which is {other.name}: nothing was entered. "
            "Use that code where they are one person, or --force where they are not."
        )
    if lacks_digit(code):
        raise BadRequest(
            f"Is {code} a code, or was the code forgotten? It has no digit; nothing was entered. "
            "Give CODE and NAME, or --force where it is the code."
        )


def _fingers(gate: Recorder, code: str) -> list[str]:
    return [print_.finger for print_ in gate.prints if print_.worker == code]


def _refuse_delisted(known: Worker) -> None:
    if known.listed is not None and not known.listed.active:
        raise BadRequest(
            f"Payroll's roster has deactivated {known.code}: only a newer roster brings them back."
        )


def _as_listed(known: Worker, wanted: Worker) -> Worker:
    """A worker of payroll's roster, brought back at this gate: the rest is payroll's to say."""
    if known.active:
        _refuse_delisted(known)
    if not alike(known.name, wanted.name):
        raise BadRequest(
            f"{known.code} is {known.name} in payroll's roster: give the same name, or ask payroll "
            "for a roster that is right."
        )
    return structs.replace(known, active=True)
