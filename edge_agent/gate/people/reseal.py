"""The next sealed file, without whoever was erased; and the list of the files that there are.

A sealed file is opened by the command that has the private key, never here. So the gate says who is
left out and what the new file's header is, and the command seals the rest anew.
"""

import secrets
from collections import Counter

from msgspec import structs

from ...contract.errors import BadRequest
from ...contract.people import checked_code
from ...contract.people_facts import TemplatesDestroyed, TemplatesLost, TemplatesSealed
from ...contract.stamps import local_time
from ..ledger.store.change import SqliteChange
from ..replaced_sensors import ReplacedSensor
from ..sealed_backups import SealedBackup, held_by_no_other
from .back_up import checked_recipients, time_now
from .context import RequestContext, Result
from .refusals import listed_as
from .templates.backup_file import FORMAT, VERSION, Header
from .templates.requests import BeginReseal, DestroyBackup, KeepReseal, LoseBackup


def begin_reseal(context: RequestContext, request: BeginReseal) -> Result:
    """Say in the ledger what goes into the new file, and who is left out of it.

    Raises BadRequest where nobody is, and where nobody would be left.
    """
    gate = context.gate
    recipients = checked_recipients(context, request.recipients)
    named = {checked_code(code) for code in request.without}
    erased = {one.worker for one in gate.store.erased()} - gate.store.consents().keys()
    enrolled = {print_.worker for print_ in gate.known.prints}
    # Who was erased since it was made must go out of it, whatever was enrolled of them afterwards.
    listed = _known(context, request.backup)
    must_go = set(listed.erased) if listed else set()
    leave_out = (named | must_go | erased - enrolled) & set(request.workers)
    left = Counter(code for code in request.workers if code not in leave_out)
    if not leave_out:
        raise BadRequest("backup.nothing-to-leave-out")
    if not left:
        raise BadRequest("backup.nobody-left")
    holder = request.held_by
    # As long as nobody says something else, whoever keeps the one keeps the other: somebody whose
    # own print goes out of it may, who has left does not.
    if (
        holder is None
        and listed is not None
        and context.gate.store.left(listed.holder or "") is None
    ):
        holder = listed.holder
    header = Header(
        format=FORMAT,
        version=VERSION,
        backup=secrets.token_hex(16),
        gate=request.gate,
        system_id=request.system_id,
        prints=left.total(),
        recipients=recipients,
        at=time_now(gate.clock),
    )
    new = SealedBackup(
        backup=header.backup,
        made=header.at,
        prints=header.prints,
        recipients=recipients,
        workers=sorted(left),
        holder=holder,
        file=request.file,
        holds=[],  # Until it is safely on its medium.
    )
    fact = TemplatesSealed(
        backup=header.backup,
        prints=header.prints,
        recipients=recipients,
        actor=context.actor,
        replaces=request.backup,
    )
    gate.record(fact, also=lambda change: change.put_sealed_backup(new))
    return {
        "backup": header.backup,
        "header": header.line().decode(),
        "left_out": sorted(leave_out),
        "holder": holder,
    }


def keep_reseal(context: RequestContext, request: KeepReseal) -> Result:
    """The new file is on its medium: the one that it was made of is to be destroyed."""
    old = _known(context, request.replaces) or SealedBackup(
        backup=request.replaces, made=request.made
    )
    replaced = structs.replace(old, replaced_by=request.backup)
    new = _known(context, request.backup)
    held, workers = set(old.holds or ()), set((new and new.workers) or ())
    kept = [
        print_
        for print_ in context.gate.known.prints
        if (print_.slot, print_.generation) in held and print_.worker in workers
    ]
    with context.gate.store.changing() as change:
        change.put_sealed_backup(replaced)
        change.note_held(request.backup, kept)
    return {"backup": request.backup, "replaces": request.replaces}


def destroy_backup(context: RequestContext, request: DestroyBackup) -> Result:
    """Somebody says that a file, or a sensor that was replaced, is no more.

    The first digits of its id or mark suffice. What only this file held has no backup now. Raises
    BadRequest where it is not on a list, or was said before.
    """
    gate = context.gate
    name, one = listed_as(gate.store, request.backup)
    in_sensor = isinstance(one, ReplacedSensor)
    stamp = gate.clock.stamp()
    destroyed = local_time(stamp.wall_ms, gate.policy.zone)
    # Nothing can be restored from a sensor, so nothing has relied on it.
    lost = (
        []
        if isinstance(one, ReplacedSensor)
        else held_by_no_other(one, gate.store.sealed_backups(), gate.known.prints)
    )

    def destroy(change: SqliteChange) -> None:
        if isinstance(one, ReplacedSensor):
            change.put_replaced_sensor(structs.replace(one, destroyed=destroyed))
        else:
            change.put_sealed_backup(structs.replace(one, destroyed=destroyed))
        for print_ in lost:
            change.put_backed_up(print_, backed_up=False)

    before = gate.store.not_backed_up()
    gate.record(TemplatesDestroyed(backup=name, actor=context.actor), stamp, also=destroy)
    without = gate.store.not_backed_up()
    return {
        "backup": name,
        "destroyed": destroyed,
        "not_backed_up": without,
        "only_there": without - before,
        "in_sensor": in_sensor,
    }


def lose_backup(context: RequestContext, request: LoseBackup) -> Result:
    """Somebody says that a file is lost: it is no backup any more, and holds whom it held.

    Told are whose prints are in it, as far as it is known, and how many prints no backup holds: of
    these ``only_there`` were in no other one.

    Raises BadRequest where it is no file on the list, or was said before to be lost or destroyed.
    """
    gate = context.gate
    name, one = listed_as(gate.store, request.backup)
    if isinstance(one, ReplacedSensor):
        raise BadRequest("backup.lost-sensor", backup=name)
    if one.lost is not None:
        raise BadRequest("backup.lost-already", backup=name, day=one.lost)
    stamp = gate.clock.stamp()
    gone = structs.replace(one, lost=local_time(stamp.wall_ms, gate.policy.zone))
    alone = held_by_no_other(one, gate.store.sealed_backups(), gate.known.prints)

    def lose(change: SqliteChange) -> None:
        change.put_sealed_backup(gone)
        for print_ in alone:
            change.put_backed_up(print_, backed_up=False)

    before = gate.store.not_backed_up()
    gate.record(TemplatesLost(backup=name, actor=context.actor), stamp, also=lose)
    without = gate.store.not_backed_up()
    return {
        "backup": name,
        "lost": gone.lost,
        "not_backed_up": without,
        "only_there": without - before,
        "workers": gone.workers,
    }


def _known(context: RequestContext, backup: str) -> SealedBackup | None:
    return next((one for one in context.gate.store.sealed_backups() if one.backup == backup), None)
