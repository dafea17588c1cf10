"""Erase a worker's fingers: from the matching at once, then from the sensor, and with a proof.

One transaction says why, takes prints, evidence, cards and PIN out of the database, and announces
the slots; from then on the templates are nobody's. The sensor follows as soon as it answers, and
the files are searched for what was taken out. Cut off anywhere, it goes on where it ended.
"""

import hashlib
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from math import inf

import msgspec
from msgspec import UNSET, structs

from ...contract.errors import EdgeAgentError
from ...contract.facts import Fact
from ...contract.language import Message
from ...contract.messages import Erased, ErasedWorker
from ...contract.people_facts import (
    ConsentWithdrawn,
    ErasuresKnown,
    PrintErased,
    WorkerErased,
    WorkerLeft,
)
from ...contract.stamps import Stamp, local_date, local_time
from ..erasure import Counts, Erasure, after_working_days, begun_at, day_before
from ..ledger.recorder import Recorder
from ..ledger.store.change import SqliteChange
from ..ledger.store.metadata import ERASURES_UNKNOWN
from ..ports import Sensor
from ..sensor.pairing import Pairing, persistently
from .dates_over import DatesOver

log = logging.getLogger(__name__)

_EVERY_S = 60.0
_DAY_S = 86_400.0

_ACTOR = "gate"
_PAYROLL = "payroll"

_MOST_TOLD = 100
"""Messages that wait: payroll tells again what was not heeded."""


class ErasedInbox:
    """Hands what payroll knows of erasures from the uplink's thread to the gate's."""

    def __init__(self) -> None:
        self._told: deque[Erased] = deque(maxlen=_MOST_TOLD)

    def put(self, told: Erased) -> None:
        """Payroll has told. For any thread; never blocks."""
        self._told.append(told)

    def take(self) -> Erased | None:
        """The next one; None: there is none."""
        return self._told.popleft() if self._told else None

    def __bool__(self) -> bool:
        return bool(self._told)


class Eraser:
    """Carries erasures on. Lives on the gate's thread, or for one request."""

    def __init__(
        self,
        gate: Recorder,
        sensor: Sensor,
        pairing: Pairing,
        inbox: ErasedInbox | None = None,
    ) -> None:
        self._inbox = ErasedInbox() if inbox is None else inbox
        self._gate = gate
        self._sensor = sensor
        self._pairing = pairing
        self._due = -inf
        self._told = -inf
        self._looked = -inf
        self._dates = DatesOver(gate)
        self._was_usable = False
        self._emptied = False
        self._new = 0
        """Erasures that payroll has told of so far, and this gate did not know."""
        self._beat: Callable[[], None] = lambda: None

    def leave(self, code: str, why: ConsentWithdrawn | WorkerLeft) -> Erasure:
        """Take a worker out at once; where a term is set, only their fingers do not count any more.

        Whoever asks again within the term is taken out then. Raises StoreFault.
        """
        gate = self._gate
        planned, stamp = gate.store.planned_for(code), gate.clock.stamp()
        if planned is not None and planned.stopped is not None:
            # Who leaves within the term of a withdrawal, or the other way about, has done both.
            leaves = isinstance(why, WorkerLeft)
            done = gate.store.left_for_good(code) if leaves else code in gate.store.withdrawn()
            return self.begin(code, None if done else why)
        days = gate.policy.erase_within_days
        if not days or not stamp.trusted:
            return self.begin(code, why)
        due = after_working_days(local_date(stamp.wall_ms, gate.policy.zone), days)
        stopped = Erasure(
            id=planned.id if planned else 0,
            worker=code,
            after=day_before(due),
            begun=None,
            slots=[],
            counts=Counts(),
            scrubbed=False,
            document=None,
            stopped=local_time(stamp.wall_ms, gate.policy.zone),
        )
        gate.record_stop(why, stamp, stopped, leaves=isinstance(why, WorkerLeft))
        [one] = [one for one in gate.store.erasures() if one.worker == code and one.begun is None]
        return one

    def begin(self, code: str, why: Fact | None, again: ErasedWorker | None = None) -> Erasure:
        """Take a worker out, together with the entry that says why. Raises StoreFault.

        ``why`` None: it is written. ``again``: what was done before, and is not known to this
        database.
        """
        gate, store = self._gate, self._gate.store
        traces, owned = store.traces_of(code), [p for p in gate.known.prints if p.worker == code]
        planned = store.planned_for(code)
        stamp = gate.clock.stamp()
        dropped = planned.counts.credentials if planned else 0

        def noted(counts: Counts) -> Erasure:
            return Erasure(
                id=planned.id if planned else 0,
                worker=code,
                after=planned.after if planned else None,
                begun=begun_at(stamp, gate.policy.zone),
                slots=[(print_.slot, print_.generation) for print_ in owned],
                counts=structs.replace(counts, credentials=counts.credentials + dropped),
                scrubbed=False,
                document=None,
                stopped=planned.stopped if planned else None,
            )

        facts = [] if why is None else [why]
        gate.record_erasure(facts, stamp, code, [print_.slot for print_ in owned], noted, again)
        erasure = [one for one in store.erasures() if one.worker == code and one.begun][-1]
        return self._scrub(erasure, traces)

    def go_on(self, *, usable: bool) -> None:
        """Do what can be done by now; ``usable``: the sensor is in use, and it is ours."""
        while (told := self._inbox.take()) is not None:
            self._heed(told)
        self._catch_up()
        for one in self._gate.store.erasures():
            if one.begun is not None or not self._is_over(one, self._gate.clock.stamp()):
                continue
            if one.stopped is not None:
                self.begin(one.worker, None)
            else:
                last_day = one.after or UNSET
                self.leave(
                    one.worker, WorkerLeft(worker=one.worker, last_day=last_day, actor=_ACTOR)
                )
        for code in self._dates.due():
            self.begin(code, WorkerLeft(worker=code, actor=_PAYROLL))
        for one in self._gate.store.erasures():
            if one.begun is None or one.done:
                continue
            if not one.scrubbed:
                one = self._scrub(one, None)
            if one.slots and usable:
                one = self._erase_from_sensor(one)
            if one.scrubbed and not one.slots:
                self._finish(one)

    def turn(self, *, usable: bool, beat: Callable[[], None]) -> bool:
        """Once a minute, and where the sensor is back, between two looks at the glass.

        Whether templates were erased from the sensor: what was said of it may be no longer so.
        Never raises.
        """
        self._emptied = False
        now = self._gate.clock.monotonic()
        is_back = usable and not self._was_usable
        self._was_usable = usable
        if now < self._due and not is_back and not self._inbox:
            return False
        self._due, self._beat = now + _EVERY_S, beat
        try:
            self.go_on(usable=usable)
            if usable and (is_back or now - self._looked >= _DAY_S):
                self._looked = now
                self._erase_what_came_back()
            if now - self._told >= _DAY_S:
                self._told = now
                self._tell()
        except EdgeAgentError as fault:
            log.warning("an erasure goes on in a minute: %s", fault)
        return self._emptied

    def _heed(self, told: Erased) -> None:
        """Take in whose erasures payroll holds, once a ledger, and only where one may be missing.

        Whoever can send commands would otherwise have anybody erased. Whoever has come back since
        is here anew.
        """
        gate = self._gate
        if gate.store.knows_erasures():
            return
        if not gate.store.may_lack_erasures():
            told = structs.replace(told, erased=[])
        known = {(one.ledger, one.seq) for one in gate.store.erased()}
        new = [
            one
            for one in told.erased
            if one.ledger != gate.store.ledger and (one.ledger, one.seq) not in known
        ]
        back = gate.store.came_since()
        with gate.store.changing() as change:
            change.owe([one for one in new if one.worker not in back])
            for one in new:
                if one.worker in back:
                    change.put_erased(one)
        self._new += len(new)
        if not told.more:
            gate.record(
                ErasuresKnown(workers=self._new, actor=_PAYROLL),
                also=lambda change: change.settle_unknown(),
            )
            self._new = 0

    def _catch_up(self) -> None:
        """Do again what this database, restored from before, does not know of."""
        gate = self._gate
        for one in gate.store.owed():
            if gate.store.has_anything_of(one.worker):
                why = WorkerLeft if one.kind == "worker.left" else ConsentWithdrawn
                log.warning("%s was erased before, and is erased again", one.worker)
                self.begin(one.worker, why(worker=one.worker, actor=_ACTOR), one)
            else:
                with gate.store.changing() as change:
                    change.put_erased(one)

    def _erase_what_came_back(self) -> None:
        """A module may have been set back as well: what is in it again goes again."""
        gate = self._gate
        lives = gate.store.erased_lives()
        if not lives:
            return
        there = persistently(self._pairing, self._sensor.slots)
        for slot in sorted(there & lives.keys()):
            worker, generation = lives[slot]
            log.warning("the erased template in slot %d is there again: erased again", slot)
            self._empty(slot)
            gate.record(PrintErased(worker=worker, slot=slot, generation=generation))

    def _tell(self) -> None:
        """Once a day: what is not as it should be."""
        gate = self._gate
        if gate.store.remembered(ERASURES_UNKNOWN) is not None:
            log.error("%s", Message("privacy.unknown"))
        if not gate.policy.consent_required and gate.known.prints:
            log.warning('fingers are used without asking for a consent: [privacy] consent is "off"')
        self._dates.tell()
        for one in gate.store.erasures():
            if one.begun and not one.done:
                log.error(
                    "the erasure of %s is not done yet; templates left in the sensor: %d",
                    one.worker,
                    len(one.slots),
                )

    def _is_over(self, one: Erasure, now: Stamp) -> bool:
        """Whether the day after which it begins is certainly over."""
        if one.after is None or not self._gate.known.is_sure(now):
            return False
        earliest = now.wall_ms - (now.uncertainty_ms or 0)
        return local_date(earliest, self._gate.policy.zone) > one.after

    def _scrub(self, one: Erasure, traces: list[bytes] | None) -> Erasure:
        """Search the files for what was taken out; None: a power cut took the knowledge of it."""
        store = self._gate.store
        if not store.take_log_home():
            return one  # Somebody reads along: in a minute.
        if traces is None or self._left(traces):
            store.rewrite(self._beat)
            if not store.take_log_home() or self._left(traces or []):
                return one
        scrubbed = structs.replace(one, scrubbed=True)
        with store.changing() as change:
            change.put_erasure(scrubbed)
        return scrubbed

    def _left(self, traces: list[bytes]) -> list[str]:
        """Files in which some of it stands; those that were set aside are told, and not mended."""
        store = self._gate.store
        aside = store.set_aside()
        return [name for name in store.files_with(traces, self._beat) if name not in aside]

    def _erase_from_sensor(self, one: Erasure) -> Erasure:
        """Believed once the index was read back. Raises SensorFault."""
        gate, pairing = self._gate, self._pairing
        owned = {print_.slot for print_ in gate.known.prints}
        for slot, generation in one.slots:
            if slot not in owned:  # Else somebody was enrolled there since, over it.
                if slot in persistently(pairing, self._sensor.slots):
                    self._empty(slot)
                elif slot in gate.store.announced():
                    gate.settle([slot])
            one = structs.replace(one, slots=[s for s in one.slots if s[0] != slot])
            fact = PrintErased(worker=one.worker, slot=slot, generation=generation)
            gate.record(fact, also=partial(_put, one))
        return one

    def _empty(self, slot: int) -> None:
        self._gate.announce(slot)
        persistently(self._pairing, partial(self._pairing.undo, [slot]))
        self._emptied = True

    def _finish(self, one: Erasure) -> None:
        gate = self._gate
        stamp = gate.clock.stamp()
        leaving = gate.store.left(one.worker)
        last_day = leaving.last_day if leaving is not None else None
        sure = {"begun": one.is_begun_sure, "done": stamp.trusted}
        document = {
            "gate": gate.store.gate,
            "ledger": gate.store.ledger,
            "worker": one.worker,
            "begun": one.begun,
            "done": local_time(stamp.wall_ms, gate.policy.zone),
            "erased": msgspec.to_builtins(one.counts),
            "checked": [*(["sensor-index"] if one.counts.prints else []), "files-searched"],
            "kept": ["code", "name", "ledger"],
            "not_reached": gate.store.set_aside(),
            "sure": [name for name, is_sure in sure.items() if is_sure],
            **({} if one.stopped is None else {"stopped": one.stopped}),
            **({} if last_day is None else {"last_day": last_day}),
        }
        text = msgspec.json.encode(document, order="sorted").decode()
        fact = WorkerErased(
            worker=one.worker,
            **structs.asdict(one.counts),
            proof=hashlib.sha256(text.encode()).hexdigest(),
        )
        gate.record(fact, stamp, also=partial(_put, structs.replace(one, document=text)))


def _put(one: Erasure, change: SqliteChange) -> None:
    change.put_erasure(one)
