"""Store a backup's templates, a batch at a time, each batch whole or not at all.

A batch is announced before the flash is touched, as an enrolment is: what a power cut leaves of it
belongs to nobody, and is erased at the next connection. What is there already is skipped, so that
doing it again goes on where it ended.
"""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from ...domain.backups import Record, digest, read_record
from ...domain.errors import BadRequest
from ...domain.facts import Fact, PrintRestored, WorkerAdded
from ...domain.people import Print, Worker, alike
from ...domain.requests import BeginRestore, RestorePrints
from ...ports import Sealing, Sensor, SensorInfo
from ..gate import Gate
from ..sensor.pairing import Pairing
from ..sensor.persist import persistently
from ..sensor.slots import free_slots
from .enroll import Dialogue

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 16
_AT_ONCE = 8
"""Records in one request, some 2 s in which nobody can press; one where each is compared."""

_COMPARED_AT_ONCE = 16
"""Templates, between two signs of life: 45 ms each."""

PRESENT = "present"
RESTORED = "restored"


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one record. ``why`` is a sentence where it was left out."""

    worker: str
    finger: str
    outcome: str
    slot: int | None = None
    generation: int | None = None
    why: str | None = None


class _Batch(Struct):
    """What of a request is to be written; ``lost`` are prints whose template has vanished."""

    records: list[Record] = []
    newcomers: dict[str, Worker] = {}
    lost: list[Print] = []


class Restore:
    """Works on a sensor that is in use, that is, paired and without a doubt."""

    def __init__(self, gate: Gate, sensor: Sensor, pairing: Pairing, sealing: Sealing) -> None:
        self._gate = gate
        self._sensor = sensor
        self._pairing = pairing
        self._sealing = sealing
        self._unowned: dict[bytes, int] = {}
        """Digest → slot of templates that belong to nobody; one may be what is restored."""
        self._others: list[int] = []
        """Slots of templates that are not in the file: a finger in it may be one of theirs."""

    def begin(self, request: BeginRestore, info: SensorInfo, dialogue: Dialogue) -> dict[str, Any]:
        """Refuse another kind of sensor's templates before one is sent, and look what is there.

        After a dead card the sensor still has them all, and a second copy of a template in another
        slot would be found in its stead half of the time.
        """
        if request.system_id != info.system_id and not request.any_model:
            raise BadRequest(
                f"The backup was made with a sensor of system id 0x{request.system_id:04X}, and "
                f"this one has 0x{info.system_id:04X}: another model's templates are never "
                "recognised, so enrol anew. If you know that both are of one model: --any-model."
            )
        self._unowned = {}
        for slot in self._sensor.slots() - {print_.slot for print_ in self._gate.prints}:
            dialogue.go_on()
            template = persistently(self._pairing, partial(self._pairing.template_in, slot))
            if template is not None:
                self._unowned[digest(template)] = slot
        known, coming = self._gate.store.digests(), set(request.digests)
        self._others = [
            print_.slot
            for print_ in self._gate.prints
            if known.get((print_.slot, print_.generation)) not in coming
        ] + [slot for value, slot in self._unowned.items() if value not in coming]
        return {
            "gate": self._gate.store.gate,
            "capacity": info.capacity,
            "at_once": 1 if self._others else _AT_ONCE,
        }

    def put(
        self,
        request: RestorePrints,
        identity: str,
        info: SensorInfo,
        dialogue: Dialogue,
        actor: str,
    ) -> list[Outcome]:
        """Store the records that belong here; the others are told with their reason.

        Raises BadRequest, with nothing written, where a record is not what it should be.
        """
        records = self._opened(request, identity)
        taken = self._sensor.slots()
        batch, outcomes = _Batch(), []
        for record in records:
            outcome = self._judged(record, taken, batch)
            outcomes.append(outcome)
        if not batch.records:
            return [outcome for outcome in outcomes if outcome]
        slots = self._slots(batch, taken, info.capacity)
        self._forget(batch.lost, actor)
        written = iter(self._write(request, batch, slots, dialogue, actor))
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

    def _judged(self, record: Record, taken: frozenset[int], batch: _Batch) -> Outcome | None:
        """What becomes of a record without writing; None where it goes into the batch."""

        def left_out(why: str) -> Outcome:
            return Outcome(worker=record.worker, finger=record.finger, outcome="left-out", why=why)

        if record.template is None:
            return left_out("the backup has no template of it")
        same_finger = [
            print_
            for print_ in self._gate.prints
            if (print_.worker, print_.finger) == (record.worker, record.finger)
        ]
        for print_ in same_finger:
            known = self._gate.store.digests().get((print_.slot, print_.generation))
            if known != record.digest:
                return left_out(
                    "another template is enrolled for it here: remove that first, with 'prints "
                    f"remove {record.worker} --finger {record.finger}'"
                )
            if print_.slot in taken:
                return Outcome(
                    worker=record.worker,
                    finger=record.finger,
                    outcome=PRESENT,
                    slot=print_.slot,
                    generation=print_.generation,
                )
        worker = self._gate.store.worker(record.worker)
        if worker is None:
            batch.newcomers[record.worker] = Worker(code=record.worker, name=record.name)
        elif worker.deactivated:
            return left_out("the worker is deactivated here")
        elif not alike(worker.name, record.name) and not self._gate.store.finger_of(record.digest):
            # Names are not shown: two persons with one code are for the technician to settle.
            return left_out("the worker with this code has another name here")
        batch.lost += same_finger
        batch.records.append(record)
        return None

    def _slots(self, batch: _Batch, taken: frozenset[int], capacity: int) -> list[int]:
        """Where each record goes: where its template is already, or else a free slot."""
        left = [print_ for print_ in self._gate.prints if print_ not in batch.lost]
        owned = {print_.slot for print_ in left}
        there = {
            record.place: slot
            for record in batch.records
            if (slot := self._unowned.get(record.digest)) is not None
            and slot in taken - owned
            and self._holds(slot, record)
        }
        others = free_slots(
            taken, owned.union(there.values()), capacity, len(batch.records) - len(there)
        )
        return [
            there[record.place] if record.place in there else others.pop(0)
            for record in batch.records
        ]

    def _holds(self, slot: int, record: Record) -> bool:
        found = persistently(self._pairing, partial(self._pairing.template_in, slot))
        return found == record.template

    def _forget(self, lost: Sequence[Print], actor: str) -> None:
        """Their slots are empty: what is stored now is another life of whatever slot it gets."""
        for print_ in lost:
            self._gate.record_removal(print_, actor, erasing=False)

    def _write(
        self,
        request: RestorePrints,
        batch: _Batch,
        slots: list[int],
        dialogue: Dialogue,
        actor: str,
    ) -> list[Outcome]:
        prints = [
            Print(
                worker=record.worker,
                finger=record.finger,
                slot=slot,
                generation=self._gate.store.next_generation(slot),
            )
            for record, slot in zip(batch.records, slots, strict=True)
        ]
        self._gate.announce(*slots)
        twins: dict[Print, Outcome] = {}
        try:
            for record, print_ in zip(batch.records, prints, strict=True):
                dialogue.go_on()
                if self._unowned.get(record.digest) != print_.slot:
                    self._store(print_.slot, record.template or b"")
                if (twin := self._twin(print_, dialogue)) is not None:
                    twins[print_] = _left_to(twin, record)
            self._pairing.write_mark()
            kept = [
                (print_, record.digest)
                for record, print_ in zip(batch.records, prints, strict=True)
                if print_ not in twins
            ]
            newcomers = [
                worker
                for code, worker in batch.newcomers.items()
                if any(print_.worker == code for print_, _ in kept)
            ]
            facts: list[Fact] = [
                WorkerAdded(worker=worker.code, actor=actor) for worker in newcomers
            ]
            facts += [
                PrintRestored(
                    worker=print_.worker,
                    finger=print_.finger,
                    slot=print_.slot,
                    generation=print_.generation,
                    origin=request.gate,
                    backup=request.backup,
                    actor=actor,
                )
                for print_, _ in kept
            ]
            if kept:
                self._gate.record_restoration(facts, kept, newcomers)
            if twins:
                self._pairing.undo([print_.slot for print_ in twins])
        except BaseException:
            self._pairing.try_to_undo(slots)
            raise
        return [
            twins.get(print_)
            or Outcome(
                worker=print_.worker,
                finger=print_.finger,
                outcome=RESTORED,
                slot=print_.slot,
                generation=print_.generation,
            )
            for print_ in prints
        ]

    def _twin(self, print_: Print, dialogue: Dialogue) -> Print | None:
        """Another worker's print that the sensor takes for the finger that was just stored.

        Either would be credited, now the one and now the other. What is like it and nobody's is
        erased: it would go on winning searches.
        """
        others = [slot for slot in self._others if slot != print_.slot]
        while others:
            dialogue.go_on()
            asked, others = others[:_COMPARED_AT_ONCE], others[_COMPARED_AT_ONCE:]
            like = persistently(self._pairing, partial(self._sensor.twin_of, print_.slot, asked))
            if like is None:
                continue
            others = asked[asked.index(like) + 1 :] + others
            owner, _ = self._gate.owner_of(like)
            if owner is None:
                log.warning("slot %d holds this finger but belongs to nobody: erased", like)
                self._sensor.erase(like)
                self._others.remove(like)
            elif owner.worker != print_.worker:
                return owner
        return None

    def _store(self, slot: int, template: bytes) -> None:
        persistently(self._pairing, partial(self._sensor.write_template, slot, template))


def _left_to(twin: Print, record: Record) -> Outcome:
    return Outcome(
        worker=record.worker,
        finger=record.finger,
        outcome="left-out",
        why=f"this finger is enrolled here already, as the {twin.finger} of {twin.worker}: settle "
        "whose it is, and remove the other with 'prints remove'",
    )
