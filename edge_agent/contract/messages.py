"""What gate and payroll tell each other beside the ledger, and on which topics.

Receipts, commands, roster and status of the payroll contract, version 1.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from .bounds import Count, Digest, LedgerId, Line, Number, Seq, Word
from .stamps import ClockState


class Rejection(Struct, frozen=True, kw_only=True):
    """An entry that payroll holds but could not use, for a person to settle."""

    seq: Seq
    reason: Line


class Receipt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Payroll holds 1…``through`` of ``ledger``; ``hash`` (64 hex digits) is entry ``through``'s.

    Cumulative and idempotent; at most 100 of ``rejected_count`` rejections are listed. ``at`` is
    for people.
    """

    ledger: LedgerId
    through: Seq
    hash: Digest
    rejected: Annotated[list[Rejection], Meta(max_length=1000)] = []
    rejected_count: Count = 0
    at: Word | None = None


class Command(Struct, frozen=True, kw_only=True, tag_field="command"):
    """What payroll may ask; ``id`` comes back in the reply.

    After ``expires`` (RFC 3339) it is not carried out, where the gate knows the time.
    """

    id: Word
    expires: Word | None = None


class Resend(Command, tag="resend", frozen=True, kw_only=True):
    """Payroll asks for entries ``from`` … ``to`` again."""

    ledger: LedgerId
    from_: Number = field(name="from")  # One below 1 is answered, as one beyond the end is.
    to: Number


class Report(Command, tag="report", frozen=True, kw_only=True):
    """Payroll asks what ``edge-agent doctor`` says of the gate."""


class ErasedWorker(Struct, frozen=True, kw_only=True):
    """A worker whose data was to be erased, and by which entry: ``kind`` says why."""

    ledger: LedgerId
    seq: Seq
    worker: Word
    kind: Literal["consent.withdrawn", "worker.left"]


class Erased(Command, tag="erased", frozen=True, kw_only=True):
    """Payroll tells whose erasures at this gate it holds, of ledgers before ``ledger``.

    That one may have begun from a database that came from before them. ``more``: others follow.
    """

    ledger: LedgerId
    erased: Annotated[list[ErasedWorker], Meta(max_length=1000)]
    more: bool = False


class ReportLine(Struct, frozen=True, kw_only=True):
    """One line of the doctor's: what was looked at, what was found, what to do."""

    check: Word
    state: Literal["OK", "WARN", "FAIL"]
    found: Line
    advice: Line


class RosterWorker(Struct, frozen=True, kw_only=True):
    """A worker as payroll knows them.

    ``valid_from`` and ``valid_to`` are dates at the gate ("2026-11-30"), both inclusive; null: no
    limit. ``team`` is payroll's own: gates pass it over.
    """

    code: Word
    name: Line
    active: bool = True
    valid_from: Word | None = None
    valid_to: Word | None = None
    team: Word | UnsetType = UNSET


class Roster(Struct, frozen=True, kw_only=True):
    """Payroll's list of workers, for all gates; ``version`` grows with each change.

    ``count``, where given, is the number of ``workers``: a list that was cut short does not fit.
    A worker who is not in the list stays as they are: only ``active`` false deactivates.
    """

    version: Seq
    workers: list[RosterWorker]
    count: Count | None = None


class Reply(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The gate's answer to a command."""

    id: Word
    command: Word
    ok: bool
    error: Line | None = None
    report: Annotated[list[ReportLine], Meta(max_length=1000)] | None = None


class SensorStatus(Struct, frozen=True, kw_only=True):
    """``state`` is ``ready``, or the fault: ``unplugged``, ``silent``, ``garbled``, …

    ``problem`` is then the sentence that a technician needs. ``not_backed_up`` counts the prints
    that no backup of the templates holds. ``worn_prints`` counts those on the way to being refused,
    and ``worn`` names up to 20 workers whose they are, the worst first. ``glass_dirty``: everybody
    is read worse than usual.
    """

    state: str
    problem: str | None = None
    prints: int
    capacity: int | None
    not_backed_up: int = 0
    worn_prints: int = 0
    worn: list[str] = []
    glass_dirty: bool = False


class StoreStatus(Struct, frozen=True, kw_only=True):
    """``failing``: every press is not recorded at present; ``problem`` says why.

    ``set_aside``: the files of the databases that were left for a new ledger, the oldest first, for
    a technician to look at and take away.
    ``reserve``: the disk is full, and the gate records into what it had kept free for that.
    """

    state: Literal["ready", "reserve", "failing"]
    problem: str | None = None
    set_aside: list[str] = []


class PinsStatus(Struct, frozen=True, kw_only=True):
    """``problems``: for lamps and buzzer (``panel``), ``touch_pin``, ``power_pin``, ``keys`` and
    ``readers``, why the gate records without them, and what to do."""

    problems: dict[str, str] = {}


class ClockStatus(Struct, frozen=True, kw_only=True):
    """The clock as the last stamp saw it.

    ``pending`` punches wait for their true time, the first of them recorded after
    ``pending_since`` (null where that is not known); ``problem`` says why and what to do.
    """

    state: ClockState
    uncertainty_ms: int | None
    pending: int = 0
    pending_since: str | None = None
    problem: str | None = None


class RosterStatus(Struct, frozen=True, kw_only=True):
    """The version of payroll's roster that is in force (null: none), and why a later one is not."""

    version: int | None
    refused: str | None


class PrivacyStatus(Struct, frozen=True, kw_only=True):
    """``consent``: whether fingers are used only of workers whose consent is written down.

    ``erasing`` workers are not recognised any more, and what is kept of them is not all gone yet.
    ``asks``: whose erasures a restored database does not know.
    """

    consent: Literal["required", "off"] = "off"
    erasing: int = 0
    asks: bool = False


class UplinkStatus(Struct, frozen=True, kw_only=True):
    """What the gate has met on its way to payroll since ``started_at``.

    ``duplicate_gate``: another gate uses this gate's id, and entries go out slowly until that ends.
    The counts are of messages that are no receipts or commands for this ledger. ``keys``: by which
    payroll's messages have to be signed, each by its first digits (none: by none); ``not_signed``
    of payroll's messages were not, of whatever kind. ``hung_up_often``: the broker has let the gate
    in and hung up at once, several times; perhaps somebody else uses the gate's name. ``mqtt``: the
    version that broker and gate speak; null while there is no connection.
    """

    duplicate_gate: bool = False
    refused_receipts: int = 0
    refused_commands: int = 0
    keys: list[str] = []
    not_signed: int = 0
    hung_up_often: bool = False
    mqtt: Literal["5", "3.1.1"] | None = None


class LedgerStatus(Struct, frozen=True, kw_only=True):
    """How far the ledger goes, and how far payroll holds it.

    ``complete_until``: everything that happened at the gate before this time is confirmed and has
    its true time; null where that cannot be said.
    """

    id: str
    last_seq: int
    confirmed_seq: int
    complete_until: str | None
    rejected: int


class GateStatus(Struct, frozen=True, kw_only=True):
    """The retained status message of a running gate.

    ``case``: as the contact in it tells; null where there is none.
    """

    gate: str
    state: Literal["online", "offline"]
    version: str
    started_at: str | None
    sensor: SensorStatus
    store: StoreStatus = StoreStatus(state="ready")
    pins: PinsStatus = PinsStatus()
    clock: ClockStatus
    ledger: LedgerStatus
    roster: RosterStatus = RosterStatus(version=None, refused=None)
    privacy: PrivacyStatus = PrivacyStatus()
    uplink: UplinkStatus = UplinkStatus()
    disk_free_bytes: int | None
    case: Literal["open", "closed"] | None = None


class LastWill(Struct, frozen=True, kw_only=True):
    """What the broker says for a gate that has gone: it never tells a ``complete_until``.

    ``ledger_id`` is for the gate itself: by it, it knows another gate's of the same name.
    """

    gate: str
    state: Literal["offline"] = "offline"
    ledger_id: str | None = None


class Topics(Struct, frozen=True):
    """Topic names under ``root`` for ``gate``."""

    root: str
    gate: str

    @property
    def ledger(self) -> str:
        """Every entry, in order."""
        return f"{self.root}/{self.gate}/ledger"

    @property
    def status(self) -> str:
        """Birth, health, last will; retained."""
        return f"{self.root}/{self.gate}/status"

    @property
    def commands(self) -> str:
        """What payroll asks of the gate."""
        return f"{self.root}/{self.gate}/commands"

    @property
    def replies(self) -> str:
        """The gate's answers to commands."""
        return f"{self.root}/{self.gate}/replies"

    @property
    def roster(self) -> str:
        """Payroll's list of workers, for all gates; retained."""
        return f"{self.root}/roster"

    def receipts(self, ledger: str) -> str:
        """How far payroll holds ``ledger``; retained."""
        return f"{self.root}/{self.gate}/receipts/{ledger}"
