"""Restore a backup's templates, a batch at a time.

What is there already is skipped, so that doing it again goes on where it ended.

Write a batch into the sensor and the ledger, whole or not at all.

A batch is announced before the flash is touched, as an enrolment is: what a power cut leaves of it
belongs to nobody, and is erased at the next connection.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from ....contract.errors import BadRequest
from ....contract.facts import Fact, PrintRestored, WorkerAdded
from ....contract.people import Print
from ...ledger.gate import Gate
from ...ports import Sealing, Sensor, SensorInfo
from ...sensor.pairing import Pairing, persistently
from ..enroll import Prompt, free_slots
from ..requests import BeginRestore, RestorePrints
from .backup_file import Record, read_record
from .records import RESTORED, Batch, RecordOutcome, Strangers, held, left_out


class _Placed(Struct, frozen=True):
    """Where a record goes; ``there``: the slot holds its template already."""

    record: Record
    print_: Print
    there: bool


class WriteBatch:
    """Finds each record a slot, stores it, and says so."""

    def __init__(self, gate: Gate, sensor: Sensor, pairing: Pairing, strangers: Strangers) -> None:
        self._gate = gate
        self._sensor = sensor
        self._pairing = pairing
        self._strangers = strangers

    def write(
        self,
        batch: Batch,
        request: RestorePrints,
        taken: frozenset[int],
        capacity: int,
        prompt: Prompt,
        actor: str,
    ) -> list[RecordOutcome]:
        """What became of each record. Raises an EdgeAgentError where there is no room.

        ``taken``: the slots in which the sensor has templates, of ``capacity``.
        """
        slots = self._slots(batch, taken, capacity)
        for print_ in batch.lost:
            # Its slot is empty: what is stored now is another life of whatever slot it gets.
            self._gate.record_removal(print_, actor, erasing=False)
        placed = [
            _Placed(record, self._print(record, slot), there)
            for record, (slot, there) in zip(batch.records, slots, strict=True)
        ]
        self._gate.announce(*(one.print_.slot for one in placed))
        try:
            twins = self._store(placed, prompt)
            self._pairing.write_mark()
            kept = [one for one in placed if one.print_ not in twins]
            if kept:
                self._record(kept, batch, request, actor)
            if twins:
                self._pairing.undo([print_.slot for print_ in twins])
        except BaseException:
            self._pairing.try_to_undo([one.print_.slot for one in placed])
            raise
        return [twins.get(one.print_) or held(one.print_, RESTORED) for one in placed]

    def _slots(self, batch: Batch, taken: frozenset[int], capacity: int) -> list[tuple[int, bool]]:
        """A slot for each record, and whether it holds the template already."""
        owned = {print_.slot for print_ in self._gate.prints if print_ not in batch.lost}
        there = [self._strangers.slot_with(record, taken - owned) for record in batch.records]
        held_already = {slot for slot in there if slot is not None}
        free = iter(free_slots(taken, owned | held_already, capacity, there.count(None)))
        return [(next(free), False) if slot is None else (slot, True) for slot in there]

    def _print(self, record: Record, slot: int) -> Print:
        return Print(
            worker=record.worker,
            finger=record.finger,
            slot=slot,
            generation=self._gate.store.next_generation(slot),
        )

    def _store(self, placed: Sequence[_Placed], prompt: Prompt) -> dict[Print, RecordOutcome]:
        """Write the templates. Returns those that are not to stay, and why."""
        twins: dict[Print, RecordOutcome] = {}
        for one in placed:
            prompt.go_on()
            if not one.there:
                store = partial(
                    self._sensor.write_template, one.print_.slot, one.record.template or b""
                )
                persistently(self._pairing, store)
            if (twin := self._strangers.twin(one.print_, prompt)) is not None:
                twins[one.print_] = _left_to(twin, one.record)
        return twins

    def _record(
        self, kept: Sequence[_Placed], batch: Batch, request: RestorePrints, actor: str
    ) -> None:
        workers = {one.print_.worker for one in kept}
        newcomers = [worker for code, worker in batch.newcomers.items() if code in workers]
        facts: list[Fact] = [WorkerAdded(worker=worker.code, actor=actor) for worker in newcomers]
        facts += [
            PrintRestored(
                worker=one.print_.worker,
                finger=one.print_.finger,
                slot=one.print_.slot,
                generation=one.print_.generation,
                origin=request.gate,
                backup=request.backup,
                actor=actor,
            )
            for one in kept
        ]
        prints = [(one.print_, one.record.digest) for one in kept]
        self._gate.record_restoration(facts, prints, newcomers)


def _left_to(twin: Print, record: Record) -> RecordOutcome:
    return left_out(
        record,
        f"this finger is enrolled here already, as the {twin.finger} of {twin.worker}: settle "
        "whose it is, and remove the other with 'prints remove'",
    )


_MOST_AT_ONCE = 16
_AT_ONCE = 8
"""Records in one request, some 2 s in which nobody can press; one where each is compared."""


class Restore:
    """Works on a sensor that is in use, that is, paired and without a doubt."""

    def __init__(self, gate: Gate, sensor: Sensor, pairing: Pairing, sealing: Sealing) -> None:
        self._gate = gate
        self._sensor = sensor
        self._sealing = sealing
        self._strangers = Strangers(gate, sensor, pairing)
        self._batches = WriteBatch(gate, sensor, pairing, self._strangers)

    def begin(self, request: BeginRestore, info: SensorInfo, prompt: Prompt) -> dict[str, Any]:
        """Refuse another kind of sensor's templates before one is sent, and look what is there."""
        if request.system_id != info.system_id and not request.any_model:
            raise BadRequest(
                f"The backup was made with a sensor of system id 0x{request.system_id:04X}, and "
                f"this one has 0x{info.system_id:04X}: another model's templates are never "
                "recognised, so enrol anew. If you know that both are of one model: --any-model."
            )
        self._strangers.look(set(request.digests), prompt)
        return {
            "gate": self._gate.store.gate,
            "capacity": info.capacity,
            "at_once": 1 if self._strangers.to_compare else _AT_ONCE,
        }

    def put(
        self,
        request: RestorePrints,
        identity: str,
        info: SensorInfo,
        prompt: Prompt,
        actor: str,
    ) -> list[RecordOutcome]:
        """Store the records that belong here; the others are told with their reason.

        Raises BadRequest, with nothing written, where a record is not what it should be.
        """
        records = self._opened(request, identity)
        taken = self._sensor.slots()
        batch = Batch()
        outcomes = [batch.sort(record, self._gate, taken) for record in records]
        if not batch.records:
            return [outcome for outcome in outcomes if outcome]
        written = iter(self._batches.write(batch, request, taken, info.capacity, prompt, actor))
        return [outcome or next(written) for outcome in outcomes]

    def _opened(self, request: RestorePrints, identity: str) -> list[Record]:
        if not 0 < len(request.sealed) <= _MOST_AT_ONCE:
            raise BadRequest(f"1 to {_MOST_AT_ONCE} prints can be restored at once.")
        records = []
        for sealed in request.sealed:
            opened = self._sealing.open(sealed, [identity])
            record = read_record(None, opened)
            known = self._gate.store.finger_of(record.digest)
            if known not in (None, (record.worker, record.finger)):
                raise BadRequest(
                    f"Record {record.place} says that it is the {record.finger} of "
                    f"{record.worker}, but its template was enrolled at this gate as the "
                    f"{known[1]} of {known[0]}: the backup was altered. Nothing of this batch was "
                    "written."
                )
            records.append(record)
        if len({(record.worker, record.finger) for record in records}) < len(records):
            raise BadRequest("A finger is in one batch twice: nothing of it was written.")
        return records
