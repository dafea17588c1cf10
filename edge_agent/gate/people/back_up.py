"""Seal the sensor's templates, a few between two looks at the glass, so that nobody has to wait.

A template is read, compared with its digest and sealed in one go: outside this process it is only
ever seen sealed to keys whose other half is not on this machine.
"""

import logging
import secrets
from base64 import b64encode
from collections.abc import Iterable

from ...contract.errors import BadRequest
from ...contract.language import Message
from ...contract.people import Print
from ...contract.people_facts import TemplatesSealed
from ...contract.stamps import utc_time
from ..host.memory import wipe
from ..ports import Clock
from ..sealed_backups import SealedBackup
from ..sensor.pairing import Pairing, digest, persistently
from .context import BackupUnderWay, RequestContext, Result
from .templates.backup_file import FORMAT, VERSION, Header, Record, line_hash
from .templates.requests import BeginBackup, KeepBackup, SealPrints

log = logging.getLogger(__name__)

_AT_ONCE = 4
"""Templates between two looks at the glass: a third of a second."""

_MOST_RECIPIENTS = 16


def begin_backup(context: RequestContext, request: BeginBackup) -> Result:
    """Say in the ledger to whom the templates go, before the first one does.

    One backup at a time: this one takes the place of one that is under way.
    """
    gate = context.gate
    recipients = checked_recipients(context, request.recipients)
    prints = sorted(gate.known.prints, key=lambda print_: print_.slot)
    if not prints:
        raise BadRequest("backup.nothing")
    header = Header(
        format=FORMAT,
        version=VERSION,
        backup=secrets.token_hex(16),
        gate=gate.store.gate,
        system_id=context.sensor_in_use().system_id,
        prints=len(prints),
        recipients=recipients,
        at=time_now(gate.clock),
    )
    fact = TemplatesSealed(
        backup=header.backup, prints=len(prints), recipients=recipients, actor=context.actor
    )
    listed = SealedBackup(
        backup=header.backup,
        made=header.at,
        prints=header.prints,
        recipients=recipients,
        workers=sorted({print_.worker for print_ in prints}),
        holder=request.held_by,
        file=request.file,
        holds=[],  # Until it is safely on its medium.
    )
    gate.record(fact, also=lambda change: change.put_sealed_backup(listed))
    context.transfers.backup = BackupUnderWay(header, prints, set())
    return {"backup": header.backup, "header": header.line().decode(), "prints": len(prints)}


def checked_recipients(context: RequestContext, stated: Iterable[str]) -> list[str]:
    """Public keys, each once. Raises BadRequest where one is none, and where they are too many."""
    recipients = list(dict.fromkeys(stated))
    if len(recipients) > _MOST_RECIPIENTS:
        raise BadRequest("backup.many-recipients", most=_MOST_RECIPIENTS)
    context.sealing.seal(b"", recipients)  # Refuses what is no public key.
    return recipients


def seal_prints(context: RequestContext, request: SealPrints) -> Result:
    """The next records, and which of them have no template, and why."""
    backup = _under_way(context, request.backup)
    if not 1 <= request.first <= len(backup.prints):
        raise BadRequest("backup.no-place", backup=request.backup, place=request.first)
    context.sensor_in_use()
    sealed, missing, longest = [], [], 0
    end = min(request.first + _AT_ONCE, len(backup.prints) + 1)
    for place in range(request.first, end):
        context.prompt.go_on()
        print_ = backup.prints[place - 1]
        record, why = _read(context, backup.header, place, print_)
        if why is None:
            backup.sealed.add(print_)
        else:
            told = {"why": str(why), **why.plain()}
            missing.append({"worker": print_.worker, "finger": print_.finger, **told})
        line = record.line()
        longest = max(longest, len(line))
        data = context.sealing.seal(line, backup.header.recipients)
        wipe(line, record.template)
        sealed.append(b64encode(data).decode())
    # age keeps what it sealed last in memory that it has freed: now that is nothing.
    context.sealing.seal(bytes(longest), backup.header.recipients)
    return {"sealed": sealed, "missing": missing}


def keep_backup(context: RequestContext, request: KeepBackup) -> Result:
    """The file is on its medium: its prints need no warning any more."""
    backup = _under_way(context, request.backup)
    kept = [print_ for print_ in backup.sealed if print_ in context.gate.known.prints]
    context.gate.note_backed_up(request.backup, kept)
    context.transfers.backup = None
    return {"backup": request.backup, "prints": len(kept)}


def _under_way(context: RequestContext, name: str) -> BackupUnderWay:
    backup = context.transfers.backup
    if backup is None or backup.header.backup != name:
        raise BadRequest("backup.not-under-way", backup=name)
    return backup


def _read(
    context: RequestContext, header: Header, place: int, print_: Print
) -> tuple[Record, Message | None]:
    store = context.gate.store
    known = store.digests().get((print_.slot, print_.generation))
    worker = store.worker(print_.worker)
    template: bytes | None = None
    why: Message | None = None
    if known is None or worker is None or print_ not in context.gate.known.prints:
        why = Message("backup.removed-meanwhile")
    else:
        pairing = context.pairing
        template = persistently(pairing, lambda: _template(pairing, print_.slot, known))
        why = None if template else Message("backup.other-template")
    record = Record(
        header=line_hash(header.line()),
        place=place,
        worker=print_.worker,
        name=worker.name if worker else print_.worker,
        finger=print_.finger,
        digest=known or bytes(32),
        template=template,
    )
    return record, why


def _template(pairing: Pairing, slot: int, known: bytes) -> bytes | None:
    """What is in a slot, if it is what was enrolled there. A second look, before it is not."""
    for _ in range(2):
        template = pairing.template_in(slot)
        if template is not None and digest(template) == known:
            return template
        wipe(template)
    log.warning("slot %d does not hold the template that was enrolled there", slot)
    return None


def time_now(clock: Clock) -> str | None:
    """In UTC, for a header; None where it is not known."""
    stamp = clock.stamp()
    return utc_time(stamp.wall_ms) if stamp.trusted else None
