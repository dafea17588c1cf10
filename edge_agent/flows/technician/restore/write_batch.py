"""Write a batch into the sensor and the ledger, whole or not at all.

A batch is announced before the flash is touched, as an enrolment is: what a power cut leaves of it
belongs to nobody, and is erased at the next connection.
"""

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from ....domain.backups import Record
from ....domain.facts import Fact, PrintRestored, WorkerAdded
from ....domain.people import Print
from ....domain.requests import RestorePrints
from ....ports import Sensor
from ...gate import Gate
from ...sensor.pairing import Pairing
from ...sensor.persist import persistently
from ...sensor.slots import free_slots
from ..enroll import Dialogue
from .sort_records import RESTORED, Batch, Outcome, held, left_out
from .strangers import Strangers


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
        dialogue: Dialogue,
        actor: str,
    ) -> list[Outcome]:
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
            twins = self._store(placed, dialogue)
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

    def _store(self, placed: Sequence[_Placed], dialogue: Dialogue) -> dict[Print, Outcome]:
        """Write the templates. Returns those that are not to stay, and why."""
        twins: dict[Print, Outcome] = {}
        for one in placed:
            dialogue.go_on()
            if not one.there:
                store = partial(
                    self._sensor.write_template, one.print_.slot, one.record.template or b""
                )
                persistently(self._pairing, store)
            if (twin := self._strangers.twin(one.print_, dialogue)) is not None:
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


def _left_to(twin: Print, record: Record) -> Outcome:
    return left_out(
        record,
        f"this finger is enrolled here already, as the {twin.finger} of {twin.worker}: settle "
        "whose it is, and remove the other with 'prints remove'",
    )
