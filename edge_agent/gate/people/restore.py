"""Restore a backup's templates, a batch at a time, into a sensor that is in use.

What is there already is skipped, so that doing it again goes on where it ended. A batch is written
into the sensor and the ledger whole or not at all: it is announced before the flash is touched, as
an enrolment is, and what a power cut leaves of it belongs to nobody and is erased at the next
connection.
"""

from collections.abc import Sequence
from functools import partial

from msgspec import Struct, structs, to_builtins

from ...contract.errors import BadRequest
from ...contract.facts import Fact
from ...contract.language import Message
from ...contract.people import Print
from ...contract.people_facts import PrintRestored, WorkerAdded
from ..host.memory import wipe
from ..ledger.store.metadata import ERASURES_UNKNOWN
from ..sensor.pairing import persistently
from .context import RequestContext, Result
from .enroll import free_slots
from .templates.backup_file import Record, read_record
from .templates.records import (
    RESTORED,
    TO_RESTORE,
    Batch,
    Listed,
    LookedAt,
    RecordOutcome,
    held,
    left_out,
    removed_here,
)
from .templates.requests import AskCourier, BeginRestore, PreviewRestore, RestorePrints

_MOST_AT_ONCE = 16
_AT_ONCE = 8
"""Records in one request, some 3 s in which nobody can press; one where each is compared."""

_NOT_COMPARED = Message("backup.not-compared")


class _Placed(Struct, frozen=True):
    """Where a record goes; ``there``: the slot holds its template already."""

    record: Record
    print_: Print
    there: bool


def ask_courier(context: RequestContext, request: AskCourier) -> Result:
    """The public key to which records are to be sealed; the other half never leaves the process."""
    context.transfers.courier = context.transfers.courier or context.sealing.new_keys()
    return {"recipient": context.transfers.courier.recipient}


def begin_restore(context: RequestContext, request: BeginRestore) -> Result:
    """Refuse another kind of sensor's templates before one is sent, and look what is there."""
    info = context.sensor_in_use()
    if request.system_id != info.system_id and not request.any_model:
        raise BadRequest(
            "backup.other-sensor",
            theirs=f"0x{request.system_id:04X}",
            ours=f"0x{info.system_id:04X}",
        )
    context.transfers.removed = None
    context.transfers.looked_at = (
        LookedAt(request.backup, set(request.digests)) if request.backup else None
    )
    strangers = context.transfers.strangers
    strangers.look(set(request.digests), context.prompt)
    return {
        "gate": context.gate.store.gate,
        "erasures_known": _knows_erasures_since(context, request.backup),
        "capacity": info.capacity,
        "at_once": 1 if strangers.to_compare else _AT_ONCE,
    }


def _knows_erasures_since(context: RequestContext, backup: str | None) -> bool:
    """Whether this gate knows who was erased since a backup: it has made it, and forgotten none."""
    store = context.gate.store
    made = {one.backup for one in store.sealed_backups()}
    return (backup is None or backup in made) and store.remembered(ERASURES_UNKNOWN) is None


def preview_restore(context: RequestContext, request: PreviewRestore) -> Result:
    """What would become of the records, but for fingers that the sensor would find to be another's.

    Raises BadRequest where a record is not what it should be.
    """
    context.sensor_in_use()
    taken = context.sensor.slots()
    if context.transfers.looked_at is not None:
        context.transfers.looked_at.look(request.records)
    batch, outcomes = Batch.begun(context.gate.store), []
    for place, record in enumerate(request.records, 1):
        _refuse_altered(context, record, place)
        outcomes.append(
            batch.sort(record, context.gate, taken)
            or RecordOutcome(
                worker=record.worker,
                finger=record.finger,
                outcome=TO_RESTORE,
                removed=_is_removed(context, record),
            )
        )
    return {"outcomes": to_builtins(outcomes)}


def _is_removed(context: RequestContext, record: Listed) -> bool:
    """Whether somebody has removed this print here, and not just its sensor."""
    transfers, store = context.transfers, context.gate.store
    if store.finger_of(record.digest) is None:  # It was never here.
        return False
    if transfers.removed is None:
        transfers.removed = removed_here(store)
    return (record.worker, record.finger) in transfers.removed


def restore_prints(context: RequestContext, request: RestorePrints) -> Result:
    """Store the records that belong here; the others are told with their reason.

    Raises BadRequest, with nothing written, where a record is not what it should be.
    """
    records = _opened(context, request)
    context.sensor_in_use()
    taken = context.sensor.slots()
    batch = Batch.begun(context.gate.store)
    outcomes = [batch.sort(record, context.gate, taken) for record in records]
    batch.records = [
        record for record, outcome in zip(records, outcomes, strict=True) if outcome is None
    ]
    written = iter(_write(context, request, batch, taken) if batch.records else ())
    _note_in_use(context, request.backup)
    wipe(*(record.template for record in records))
    return {"outcomes": to_builtins([outcome or next(written) for outcome in outcomes])}


def _note_in_use(context: RequestContext, backup: str) -> None:
    """Of whoever was erased, and has every template in the file in use again, it holds nothing that
    was erased: it need not be destroyed for them.

    Another file, and one that has a template of theirs that is not in use, goes on having to: which
    templates were in it nobody here knows any more.
    """
    store, looked_at = context.gate.store, context.transfers.looked_at
    listed = next((one for one in store.sealed_backups() if one.backup == backup), None)
    if listed is None or looked_at is None or looked_at.backup != backup:
        return
    known, in_use = store.digests(), dict[str, set[bytes]]()
    for one in context.gate.known.prints:
        if (value := known.get((one.slot, one.generation))) is not None:
            in_use.setdefault(one.worker, set()).add(value)
    erased = [
        code
        for code in listed.erased
        if not looked_at.holds_nothing_but(code, in_use.get(code, set()))
    ]
    if erased != listed.erased:
        with store.changing() as change:
            change.put_sealed_backup(structs.replace(listed, erased=erased))


def _opened(context: RequestContext, request: RestorePrints) -> list[Record]:
    if context.transfers.courier is None:
        raise BadRequest("backup.begin-anew")
    if not 0 < len(request.sealed) <= _MOST_AT_ONCE:
        raise BadRequest("backup.too-many-at-once", most=_MOST_AT_ONCE)
    records = []
    for sealed in request.sealed:
        opened = context.sealing.open(sealed, [context.transfers.courier.identity])
        record = read_record(None, opened)
        wipe(opened)
        _refuse_altered(context, record, record.place)
        records.append(record)
    if len({(record.worker, record.finger) for record in records}) < len(records):
        raise BadRequest("backup.twice-in-batch")
    return records


def _refuse_altered(context: RequestContext, record: Listed, place: int) -> None:
    known = context.gate.store.finger_of(record.digest)
    if known not in (None, (record.worker, record.finger)):
        raise BadRequest(
            "backup.altered",
            place=place,
            finger=record.finger,
            code=record.worker,
            own_finger=known[1],
            own_code=known[0],
        )


def _write(
    context: RequestContext, request: RestorePrints, batch: Batch, taken: frozenset[int]
) -> list[RecordOutcome]:
    """What became of each record. Raises an EdgeAgentError where there is no room.

    ``taken``: the slots in which the sensor has templates.
    """
    gate, pairing = context.gate, context.pairing
    slots = _slots(context, batch, taken)
    for print_ in batch.lost:
        # Its slot is empty: what is stored now is another life of whatever slot it gets.
        gate.record_removal(print_, context.actor, "restored")
    placed = [
        _Placed(record, _print(context, record, slot), there)
        for record, (slot, there) in zip(batch.records, slots, strict=True)
    ]
    gate.announce(*(one.print_.slot for one in placed))
    try:
        twins = _store(context, placed)
        pairing.write_mark()
        kept = [one for one in placed if one.print_ not in twins]
        if kept:
            _record(context, request, batch, kept)
        if twins:
            pairing.undo([print_.slot for print_ in twins])
    except BaseException:
        pairing.try_to_undo([one.print_.slot for one in placed])
        raise
    return [twins.get(one.print_) or held(one.print_, RESTORED) for one in placed]


def _slots(context: RequestContext, batch: Batch, taken: frozenset[int]) -> list[tuple[int, bool]]:
    """A slot for each record, and whether it holds the template already."""
    strangers, capacity = context.transfers.strangers, context.sensor_in_use().capacity
    owned = {print_.slot for print_ in context.gate.known.prints if print_ not in batch.lost}
    there = [strangers.slot_with(record, taken - owned) for record in batch.records]
    held_already = {slot for slot in there if slot is not None}
    free = iter(free_slots(taken, owned | held_already, capacity, there.count(None)))
    return [(next(free), False) if slot is None else (slot, True) for slot in there]


def _print(context: RequestContext, record: Record, slot: int) -> Print:
    return Print(
        worker=record.worker,
        finger=record.finger,
        slot=slot,
        generation=context.gate.store.next_generation(slot),
    )


def _store(context: RequestContext, placed: Sequence[_Placed]) -> dict[Print, RecordOutcome]:
    """Write the templates. Returns those that are not to stay, and why."""
    twins: dict[Print, RecordOutcome] = {}
    strangers = context.transfers.strangers
    for one in placed:
        context.prompt.go_on()
        if not one.there:
            store = partial(
                context.sensor.write_template, one.print_.slot, one.record.template or b""
            )
            persistently(context.pairing, store)
        if strangers.to_compare and not strangers.can_compare(one.print_.slot):
            twins[one.print_] = left_out(one.record, _NOT_COMPARED)
        elif (twin := strangers.twin(one.print_, context.prompt)) is not None:
            twins[one.print_] = _left_to(twin, one.record)
    return twins


def _record(
    context: RequestContext, request: RestorePrints, batch: Batch, kept: Sequence[_Placed]
) -> None:
    workers = {one.print_.worker for one in kept}
    newcomers = [worker for code, worker in batch.newcomers.items() if code in workers]
    facts: list[Fact] = [
        WorkerAdded(worker=worker.code, actor=context.actor) for worker in newcomers
    ]
    facts += [
        PrintRestored(
            worker=one.print_.worker,
            finger=one.print_.finger,
            slot=one.print_.slot,
            generation=one.print_.generation,
            origin=request.gate,
            backup=request.backup,
            actor=context.actor,
        )
        for one in kept
    ]
    prints = [(one.print_, one.record.digest) for one in kept]
    context.gate.record_restoration(facts, prints, newcomers, request.backup)


def _left_to(twin: Print, record: Record) -> RecordOutcome:
    there = Message("backup.twin", finger=twin.finger, code=twin.worker)
    return left_out(record, there)
