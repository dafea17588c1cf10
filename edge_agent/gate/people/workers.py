"""Who may punch: enter a worker, bring one back, or refuse their fingers from now on."""

from msgspec import structs, to_builtins

from ...contract.errors import BadRequest
from ...contract.facts import WorkerAdded, WorkerChanged
from ...contract.people import Worker, checked_code, checked_name
from ..ledger.gate import Gate
from .context import RequestContext, Result
from .requests import AddWorker, DeactivateWorker


def add_worker(context: RequestContext, request: AddWorker) -> Result:
    """Enter a worker, or bring back one whom this gate has deactivated.

    Raises BadRequest where that would credit somebody by another's prints, or is payroll's to say.
    """
    gate, actor = context.gate, context.actor
    code = checked_code(request.code)
    worker = Worker(code=code, name=checked_name(request.name))
    known = gate.store.worker(code)
    if known is not None and known.listed is not None:
        worker = _as_listed(known, worker)
    if known is not None and known.active:
        raise BadRequest(f"Worker {code} exists already: nothing was changed.")
    if known is not None and known.name != worker.name and _has_prints(gate, code):
        raise BadRequest(
            f"{code} was {known.name}, whose prints are still enrolled and would be credited "
            f"to {worker.name}: remove them first, or give the same name."
        )
    fact = (
        WorkerAdded(worker=code, actor=actor)
        if known is None
        else WorkerChanged(worker=code, active=True, actor=actor)
    )
    gate.record_worker(fact, worker)
    return to_builtins(worker)  # type: ignore[no-any-return]


def deactivate_worker(context: RequestContext, request: DeactivateWorker) -> Result:
    """Refuse a worker's fingers. Raises BadRequest where there is no such worker, or it is so."""
    code = checked_code(request.code)
    known = context.gate.store.worker(code)
    if known is None:
        raise BadRequest(f"There is no worker {code}.")
    if not known.active:
        raise BadRequest(f"Worker {code} is deactivated already.")
    worker = structs.replace(known, active=False)
    changed = WorkerChanged(worker=code, active=False, actor=context.actor)
    context.gate.record_worker(changed, worker)
    return to_builtins(worker)  # type: ignore[no-any-return]


def _has_prints(gate: Gate, code: str) -> bool:
    return any(print_.worker == code for print_ in gate.prints)


def _as_listed(known: Worker, wanted: Worker) -> Worker:
    """A worker of payroll's roster, brought back at this gate: the rest is payroll's to say."""
    if known.deactivated and known.active:
        raise BadRequest(
            f"Payroll's roster has deactivated {known.code}: only a newer roster brings them back."
        )
    if known.name != wanted.name:
        raise BadRequest(
            f"{known.code} is {known.name} in payroll's roster: give the same name, or ask payroll "
            "for a roster that is right."
        )
    return structs.replace(wanted, listed=known.listed)
