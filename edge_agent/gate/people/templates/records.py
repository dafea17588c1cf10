"""Which records of a backup belong into this gate's sensor, and why the others do not.

A sensor may hold templates already, beside the prints that a backup brings: after a dead card it
still has them all, and a second copy of a template in another slot would be found in its stead half
of the time.
"""

import logging
from collections.abc import Collection, Iterable
from functools import partial
from typing import Any, Protocol, Self

from msgspec import UNSET, Struct, UnsetType, field

from ....contract.language import Message
from ....contract.people import Print, Worker, alike, another_person
from ...host.memory import wipe
from ...ledger.recorder import Recorder
from ...ledger.store.sqlite_store import SqliteStore
from ...ports import Sensor
from ...sensor.pairing import Pairing, digest, persistently
from ..prompt import Prompt
from .backup_file import Record

log = logging.getLogger(__name__)

PRESENT = "present"
RESTORED = "restored"
LEFT_OUT = "left-out"
TO_RESTORE = "to-restore"


class RecordOutcome(Struct, frozen=True, kw_only=True):
    """What became of one record. ``why`` is English where it was left out, ``name`` and ``fields``
    those of its message. ``removed``: it is to come back, and somebody has removed it here.
    """

    worker: str
    finger: str
    outcome: str
    slot: int | None = None
    generation: int | None = None
    why: str | None = None
    name: str | None = None
    fields: dict[str, Any] | None = None
    removed: bool | UnsetType = UNSET


class Listed(Protocol):
    """What a record says of its print, with its template or without; ``whole``: it has one."""

    @property
    def worker(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def finger(self) -> str: ...
    @property
    def digest(self) -> bytes: ...
    @property
    def whole(self) -> bool: ...


class Batch(Struct):
    """What of a request is to be written; ``lost`` are prints whose template has vanished.

    What the store says of all of them is read once: the ``vouched`` names by code, the ``digests``
    by slot and generation, and the codes of who was ``erased`` and has not agreed since.
    """

    vouched: dict[str, str]
    digests: dict[tuple[int, int], bytes]
    erased: set[str]
    records: list[Record] = []
    newcomers: dict[str, Worker] = {}
    lost: list[Print] = []

    @classmethod
    def begun(cls, store: SqliteStore) -> Self:
        """An empty one. Raises StoreFault."""
        return cls(
            vouched=store.vouched_names(),
            digests=store.digests(),
            erased={one.worker for one in store.erased()} - store.consents().keys(),
        )

    def sort(self, record: Listed, gate: Recorder, taken: frozenset[int]) -> RecordOutcome | None:
        """What becomes of a record without writing; None: it is to be written.

        ``taken``: the slots in which the sensor has templates.
        """
        if not record.whole:
            return left_out(record, Message("backup.no-template"))
        same_finger = [
            print_
            for print_ in gate.known.prints
            if (print_.worker, print_.finger) == (record.worker, record.finger)
        ]
        for print_ in same_finger:
            if self.digests.get((print_.slot, print_.generation)) != record.digest:
                there = Message("backup.another-enrolled", code=record.worker, finger=record.finger)
                return left_out(record, there)
            if print_.slot in taken:
                return held(print_, PRESENT)
        # What this gate has enrolled since knows its digest: that may come back.
        if record.worker in self.erased and (
            gate.store.finger_of(record.digest) != (record.worker, record.finger)
        ):
            return left_out(record, Message("backup.erased"))
        if gate.known.has_stopped(record.worker):
            return left_out(record, Message("backup.stopped"))
        if not gate.known.may_take_fingers_of(record.worker):
            return left_out(record, Message("backup.no-consent"))
        worker = gate.store.worker(record.worker)
        if worker is None:
            self.newcomers[record.worker] = Worker(code=record.worker, name=record.name)
        elif worker.deactivated:
            return left_out(record, Message("backup.deactivated"))
        elif another_person(self.vouched.get(worker.code, worker.name), record.name) or not (
            alike(worker.name, record.name) or gate.store.finger_of(record.digest)
        ):
            # Names are not shown: two persons with one code are for the technician to settle.
            return left_out(record, Message("backup.another-name"))
        self.lost += same_finger
        return None


class LookedAt(Struct):
    """A file that is restored, as its records were looked at before: ``digests`` are all of it,
    ``templates`` those that were looked at, by worker; one that it has no template of is none.
    """

    backup: str
    digests: set[bytes]
    seen: set[bytes] = field(default_factory=set)
    templates: dict[str, set[bytes]] = field(default_factory=dict)

    def look(self, records: Iterable[Listed]) -> None:
        """Look at some more of them."""
        for record in records:
            self.seen.add(record.digest)
            if record.whole:
                self.templates.setdefault(record.worker, set()).add(record.digest)

    def holds_nothing_but(self, worker: str, in_use: Collection[bytes]) -> bool:
        """Whether what it has of a worker is in use now, template by template."""
        theirs = self.templates.get(worker, set())
        return self.seen >= self.digests and bool(theirs) and theirs.issubset(in_use)


def removed_here(store: SqliteStore) -> set[tuple[str, str]]:
    """Worker and finger of the prints that somebody has removed, and that did not come back.

    Not what the sensor did not hold any more when it was adopted: that is to come back.
    """
    last = dict[tuple[str, str], bool]()
    for kind, data in store.newest_first(_COMES_OR_GOES):
        gone = kind == "print.removed" and "why" not in data
        last.setdefault((data["worker"], data["finger"]), gone)
    return {print_ for print_, gone in last.items() if gone}


_COMES_OR_GOES = ("print.enrolled", "print.restored", "print.removed")


def held(print_: Print, outcome: str) -> RecordOutcome:
    """The sensor has the print: since now, or since earlier."""
    return RecordOutcome(
        worker=print_.worker,
        finger=print_.finger,
        outcome=outcome,
        slot=print_.slot,
        generation=print_.generation,
    )


def left_out(record: Listed, why: Message) -> RecordOutcome:
    """Nothing of the record stays here."""
    return RecordOutcome(
        worker=record.worker,
        finger=record.finger,
        outcome=LEFT_OUT,
        why=str(why),
        **why.plain(),
    )


_COMPARED_AT_ONCE = 16
"""Templates, between two signs of life: 45 ms each."""


class Strangers:
    """What was on the sensor when the restore began."""

    def __init__(self, gate: Recorder, sensor: Sensor, pairing: Pairing) -> None:
        self._gate = gate
        self._sensor = sensor
        self._pairing = pairing
        self._unowned: dict[bytes, int] = {}
        """Digest → slot of templates that belong to nobody; one may be what is restored."""
        self._tells: bool | None = None
        """Whether the sensor takes two templates of one finger for that; None: not asked yet."""
        self._others: list[int] = []
        """Slots of templates that are not in the file: a finger in it may be one of theirs."""

    def look(self, coming: Collection[bytes], prompt: Prompt) -> None:
        """See what is there; ``coming`` are the digests of what is in the file."""
        self._unowned, self._tells = {}, None
        for slot in self._sensor.slots() - {print_.slot for print_ in self._gate.known.prints}:
            prompt.go_on()
            template = self._template_in(slot)
            if template is not None:
                self._unowned[digest(template)] = slot
                wipe(template)
        known = self._gate.store.digests()
        self._others = [
            print_.slot
            for print_ in self._gate.known.prints
            if known.get((print_.slot, print_.generation)) not in coming
        ] + [slot for value, slot in self._unowned.items() if value not in coming]

    @property
    def to_compare(self) -> bool:
        """Whether each print that is restored has to be compared with others."""
        return bool(self._others)

    def can_compare(self, slot: int) -> bool:
        """Whether the sensor's comparison finds at least that the template in ``slot`` is itself.

        Some modules always refuse: then it means nothing that they find no twin.
        """
        if self._tells is None:
            itself = partial(self._sensor.twin_of, slot, [slot])
            self._tells = persistently(self._pairing, itself) == slot
        return self._tells

    def slot_with(self, record: Record, among: Collection[int]) -> int | None:
        """Which of the slots ``among`` holds the record's template already, as nobody's."""
        slot = self._unowned.get(record.digest)
        if slot is None or slot not in among:
            return None
        template = self._template_in(slot)
        there = template == record.template
        wipe(template)
        return slot if there else None

    def twin(self, print_: Print, prompt: Prompt) -> Print | None:
        """Another worker's print that the sensor takes for the finger that was just stored.

        Either would be credited, now the one and now the other. What is like it and nobody's is
        erased: it would go on winning searches.
        """
        others = [slot for slot in self._others if slot != print_.slot]
        while others:
            prompt.go_on()
            asked, others = others[:_COMPARED_AT_ONCE], others[_COMPARED_AT_ONCE:]
            like = persistently(self._pairing, partial(self._sensor.twin_of, print_.slot, asked))
            if like is None:
                continue
            others = asked[asked.index(like) + 1 :] + others
            owner, _ = self._gate.known.owner_of(like)
            if owner is None:
                log.warning("slot %d holds this finger but belongs to nobody: erased", like)
                self._sensor.erase(like)
                self._others.remove(like)
            elif owner.worker != print_.worker:
                return owner
        return None

    def _template_in(self, slot: int) -> bytes | None:
        return persistently(self._pairing, partial(self._pairing.template_in, slot))
