"""Workers after a list: who is entered, who gets another name, who has left.

A batch is entered whole or not at all, and what a dry run says is what would be entered. Nobody is
brought back by a list that only still names them, and nobody is forgotten for not being in it.
"""

from msgspec import Struct, structs, to_builtins

from ...contract.errors import BadRequest
from ...contract.facts import Fact
from ...contract.people import Worker, alike, checked_code, checked_name
from ...contract.people_facts import WorkerAdded, WorkerChanged
from .context import RequestContext, Result
from .requests import ImportWorkers, ListedWorker
from .workers import doubt_code, doubt_name


class WorkerChange(Struct, frozen=True, kw_only=True):
    """What a row changes: ``added``, ``renamed`` or ``deactivated``; both of the latter is that.

    ``former`` is the name before, where it is another one.
    """

    code: str
    name: str
    change: str
    former: str | None = None


def import_workers(context: RequestContext, request: ImportWorkers) -> Result:
    """``changes``, how many stay ``unchanged``, and ``problems``, with one of which nothing is.

    By code, who is in the list and does not come back by it: who stay ``deactivated`` here, have
    ``left``, or are ``delisted`` by payroll.
    """
    changes: list[WorkerChange] = []
    workers: list[Worker] = []
    problems = []
    deactivated, left, delisted = list[str](), list[str](), list[str]()
    gone = {code for code, one in context.gate.store.leavings().items() if one.left}
    for row in request.workers:
        try:
            code = checked_code(row.code)
            known = context.gate.store.worker(code)
            worker = _as_listed(context, known, row, force=request.force, left=code in gone)
        except BadRequest as error:
            problems.append({"code": row.code, "why": str(error), **error.message.plain()})
            continue
        if known is not None and row.active:
            if code in gone:
                left.append(code)
            elif not known.active:
                deactivated.append(code)
            elif known.deactivated:
                delisted.append(code)
        if worker is not None and worker != known:
            workers.append(worker)
            changes.append(_change(known, worker))
    if not (problems or request.dry_run):
        context.gate.record_workers(
            [
                (_fact(context, change, worker), worker)
                for change, worker in zip(changes, workers, strict=True)
            ],
            same_person=request.force,
        )
    return {
        "changes": to_builtins(changes),
        "unchanged": len(request.workers) - len(changes) - len(problems),
        "deactivated": deactivated,
        "left": left,
        "delisted": delisted,
        "problems": problems,
    }


def _as_listed(
    context: RequestContext, known: Worker | None, row: ListedWorker, *, force: bool, left: bool
) -> Worker | None:
    """The worker as the list has them; None for a stranger who has left.

    Raises BadRequest where that is payroll's to say, or may credit somebody by another's prints.
    """
    gate, code, name = context.gate, checked_code(row.code), checked_name(row.name)
    if known is None:
        if row.active and not force:
            doubt_code(gate, code)
        return Worker(code=code, name=name) if row.active else None
    if known.listed is not None:
        if not alike(known.name, name):
            raise BadRequest("people.other-name-in-roster", code=code, name=known.name)
        name = known.name
    elif not force:
        doubt_name(gate, known, name)
    stays = row.active or left  # A list that was exported tells nothing new.
    return structs.replace(known, name=name, active=known.active and stays)


def _change(known: Worker | None, worker: Worker) -> WorkerChange:
    if known is None:
        return WorkerChange(code=worker.code, name=worker.name, change="added")
    change = "deactivated" if known.active and not worker.active else "renamed"
    former = known.name if known.name != worker.name else None
    return WorkerChange(code=worker.code, name=worker.name, change=change, former=former)


def _fact(context: RequestContext, change: WorkerChange, worker: Worker) -> Fact:
    if change.change == "added":
        return WorkerAdded(worker=worker.code, actor=context.actor)
    return WorkerChanged(worker=worker.code, active=worker.active, actor=context.actor)
