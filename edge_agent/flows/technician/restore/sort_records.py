"""Which records of a backup belong into this gate's sensor, and why the others do not."""

from msgspec import Struct

from ....domain.backups import Record
from ....domain.people import Print, Worker, alike
from ...gate import Gate

PRESENT = "present"
RESTORED = "restored"
LEFT_OUT = "left-out"


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one record. ``why`` is a sentence where it was left out."""

    worker: str
    finger: str
    outcome: str
    slot: int | None = None
    generation: int | None = None
    why: str | None = None


class Batch(Struct):
    """What of a request is to be written; ``lost`` are prints whose template has vanished."""

    records: list[Record] = []
    newcomers: dict[str, Worker] = {}
    lost: list[Print] = []

    def sort(self, record: Record, gate: Gate, taken: frozenset[int]) -> Outcome | None:
        """Take a record in; or what becomes of it without writing.

        ``taken``: the slots in which the sensor has templates.
        """
        if record.template is None:
            return left_out(record, "the backup has no template of it")
        same_finger = [
            print_
            for print_ in gate.prints
            if (print_.worker, print_.finger) == (record.worker, record.finger)
        ]
        for print_ in same_finger:
            known = gate.store.digests().get((print_.slot, print_.generation))
            if known != record.digest:
                return left_out(
                    record,
                    "another template is enrolled for it here: remove that first, with 'prints "
                    f"remove {record.worker} --finger {record.finger}'",
                )
            if print_.slot in taken:
                return held(print_, PRESENT)
        worker = gate.store.worker(record.worker)
        if worker is None:
            self.newcomers[record.worker] = Worker(code=record.worker, name=record.name)
        elif worker.deactivated:
            return left_out(record, "the worker is deactivated here")
        elif not alike(worker.name, record.name) and not gate.store.finger_of(record.digest):
            # Names are not shown: two persons with one code are for the technician to settle.
            return left_out(record, "the worker with this code has another name here")
        self.lost += same_finger
        self.records.append(record)
        return None


def held(print_: Print, outcome: str) -> Outcome:
    """The sensor has the print: since now, or since earlier."""
    return Outcome(
        worker=print_.worker,
        finger=print_.finger,
        outcome=outcome,
        slot=print_.slot,
        generation=print_.generation,
    )


def left_out(record: Record, why: str) -> Outcome:
    """Nothing of the record stays here."""
    return Outcome(worker=record.worker, finger=record.finger, outcome=LEFT_OUT, why=why)
