"""All that a gate holds about one worker, read from its database: for the worker's own eyes."""

from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from ...contract.attendance import Attendance, attendance, ways_now
from ...contract.chain import stamp_of
from ...contract.facts import Method
from ...contract.people import Employment, Worker
from ...contract.stamps import true_time
from ..claims import Claim
from ..consents import Consent
from ..erasure import Erasure, WorkerLeaving
from ..ledger.store.sqlite_store import SqliteStore
from ..replaced_sensors import HeldSensor, sensors_with
from ..sealed_backups import HeldBackup, backups_with


class HeldFinger(Struct, frozen=True, kw_only=True):
    """A print. ``enrolled``: when its template was taken, in local time; None: not known, at
    another gate, or its entry was pruned. ``restored``: when it was brought back from a backup.
    """

    finger: str
    slot: int
    generation: int
    enrolled: str | None
    backed_up: bool
    restored: str | None = None


class HeldConsent(Struct, frozen=True, kw_only=True):
    """A consent. ``ended``: a day; None: it lives, or ended while nobody knew the day."""

    text: str
    text_hash: str
    signed: str
    ended: str | None = None


class HeldAttempt(Struct, frozen=True, kw_only=True):
    """A touch of theirs that was refused, as far as it is still known here that it was theirs."""

    seq: int
    at: str | None
    reason: str
    method: str


class HeldPunch(Attendance, frozen=True, kw_only=True):
    """A punch. ``direction`` is what the ledger has, ``way`` what a guess among them comes to by
    now, with what was added and voided since.
    """

    way: str | None


class Held(Struct, frozen=True, kw_only=True):
    """All of it. Times are local, None where nobody knows them.

    ``leaving``: that they have left, or are to; ``has_withdrawn``: they do not agree any more,
    since the day ``withdrawn``, None where that is not known; ``withdrew_before``: the days on
    which they had withdrawn, and have agreed or left since. ``evidence``: of how many presses it is
    here which finger it was. ``punches``: all of them, as they stand now; ``entries``: how many
    entries of each kind name the worker; ``witnessed``: whose consents they have witnessed;
    ``vouched_name``: the name from before it was corrected; ``sealed``: backups that hold, or may
    hold, their templates and were not destroyed; ``sensors``: such sensors, that were replaced;
    ``claims``: what they have asked for.
    """

    gate: str
    ledger: str
    code: str
    name: str
    former_names: list[str]
    vouched_name: str | None
    active: bool
    listed: Employment | None
    leaving: WorkerLeaving | None
    fingers: list[HeldFinger]
    credentials: list[str]
    allowed: bool
    consent: HeldConsent | None
    ended_consents: list[HeldConsent]
    has_withdrawn: bool
    withdrawn: str | None
    withdrew_before: list[str | None]
    evidence: int
    attempts: list[HeldAttempt]
    punches: list[HeldPunch]
    entries: dict[str, int]
    witnessed: list[str]
    sealed: list[HeldBackup]
    sensors: list[HeldSensor]
    erasures: list[Erasure]
    claims: list[Claim]


def held(store: SqliteStore, worker: Worker, zone: ZoneInfo) -> Held:
    """Read all of it: the whole ledger, once. Raises StoreFault."""
    code, reading = worker.code, _Reading(worker.code, zone)
    vouched, another = store.vouched_names().get(code), store.held_back().get(code)
    former = store.holders().before(code)
    if another is not None and another not in former:  # None of their punches is in this ledger.
        former.insert(0, another)
    for data in store.naming(code):
        reading.take(data)
    for seq in store.attempts_of(code):
        for entry in store.entries(seq, 1):
            reading.take_attempt(store.data_of(entry))
    withdrawn = store.withdrawn()
    backed_up, ways = store.backed_up(), ways_now(reading.punches, zone)
    return Held(
        gate=store.gate,
        ledger=store.ledger,
        code=code,
        name=worker.name,
        former_names=former,
        vouched_name=None if vouched == another else vouched,
        active=worker.active,
        listed=worker.listed,
        leaving=store.leavings().get(code),
        fingers=[
            HeldFinger(
                finger=one.finger,
                slot=one.slot,
                generation=one.generation,
                enrolled=reading.enrolled_of(store.lives_of(one)),
                backed_up=(one.slot, one.generation) in backed_up,
                restored=reading.restored.get((one.slot, one.generation)),
            )
            for one in store.prints()
            if one.worker == code
        ],
        credentials=[str(one.method) for one in store.credentials() if one.worker == code],
        allowed=code in store.named_workers(),
        consent=_consent(store.consents().get(code)),
        ended_consents=[
            HeldConsent(
                text=one.text, text_hash=one.text_hash.hex(), signed=one.signed, ended=one.ended
            )
            for one in store.ended_consents()
            if one.worker == code
        ],
        has_withdrawn=code in withdrawn,
        withdrawn=withdrawn.get(code),
        withdrew_before=reading.withdrew[:-1] if code in withdrawn else reading.withdrew,
        evidence=store.count_openings(code),
        attempts=sorted(reading.attempts, key=lambda one: one.seq),
        punches=[
            HeldPunch(**structs.asdict(one), way=ways.get(one.seq, one.direction))
            for one in attendance(reading.punches, zone)
        ],
        entries=dict(sorted(reading.entries.items())),
        witnessed=reading.witnessed,
        sealed=backups_with(store.sealed_backups(), code, zone),
        sensors=sensors_with(store.replaced_sensors(), code, zone),
        erasures=[one for one in store.erasures() if one.worker == code],
        claims=[one for one in store.claims() if one.worker == code],
    )


def _consent(one: Consent | None) -> HeldConsent | None:
    if one is None:
        return None
    return HeldConsent(text=one.text, text_hash=one.text_hash.hex(), signed=one.signed)


class _Reading:
    """What the entries that name a worker come to."""

    def __init__(self, code: str, zone: ZoneInfo) -> None:
        self._code = code
        self._zone = zone
        self.entries: Counter[str] = Counter()
        self.punches: list[dict[str, Any]] = []
        self.attempts: list[HeldAttempt] = []
        self.enrolled: dict[tuple[int, int], str | None] = {}
        self.restored: dict[tuple[int, int], str | None] = {}
        self.withdrew: list[str | None] = []
        self.witnessed: list[str] = []

    def enrolled_of(self, lives: list[tuple[int, int]]) -> str | None:
        """When the template that had these slots and generations was taken."""
        return next((self.enrolled[life] for life in lives if life in self.enrolled), None)

    def take(self, data: dict[str, Any]) -> None:
        kind = data["kind"]
        if data.get("worker") != self._code:
            self.witnessed.append(data["worker"])
            return
        self.entries[kind] += 1
        if kind.startswith("punch."):
            self.punches.append(data)
        elif kind in ("print.enrolled", "print.restored"):
            when = self.enrolled if kind == "print.enrolled" else self.restored
            when[data["slot"], data["generation"]] = true_time(stamp_of(data), self._zone)
        elif kind == "consent.withdrawn":
            # The gate does one again that a restored database lacked: that is another day.
            again = data["actor"] == "gate"
            at = None if again else true_time(stamp_of(data), self._zone)
            self.withdrew.append(at[:10] if at else None)
        elif kind == "attempt.refused":  # As earlier versions wrote them.
            self.take_attempt(data)

    def take_attempt(self, data: dict[str, Any]) -> None:
        self.attempts.append(
            HeldAttempt(
                seq=data["seq"],
                at=true_time(stamp_of(data), self._zone),
                reason=data["reason"],
                method=data.get("method", Method.FINGER.value),
            )
        )
