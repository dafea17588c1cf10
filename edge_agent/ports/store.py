"""What the flows need of the database: one small protocol for each thing that it keeps."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

from msgspec import Struct

from ..domain.chain import Entry
from ..domain.clock_trust import Known
from ..domain.facts import Fact, RecordingStopped
from ..domain.pairing import Mark
from ..domain.people import Print, Worker
from ..domain.roster import Applied, Listing
from ..domain.rules import LastPunch
from ..domain.stamps import Stamp
from ..domain.true_times import Bounds, Landmark


class Tail(Struct, frozen=True):
    """The end of a ledger: its last ``seq`` and that entry's hash (32 bytes)."""

    seq: int
    hash: bytes


class Watermarks(Struct, frozen=True):
    """``published``: the broker took 1…this. ``confirmed``: payroll's receipt covers 1…this."""

    published: int
    confirmed: int
    rejected: int = 0


class OpenTime(Struct, frozen=True):
    """A punch of which more may have to be said.

    ``stated`` is what was said last, by entry ``stated_by``: perhaps the punch itself.
    """

    seq: int
    stated: Bounds | None
    stated_by: int | None


class PendingTimes(Struct, frozen=True):
    """How many punches have no final time, and the first of them."""

    count: int
    first: int | None


class TimeChange(Protocol):
    """Writes what was said of punches whose time was not known at once."""

    def state_time(self, of: int, bounds: Bounds, by: int) -> None:
        """Entry ``by`` says ``bounds`` of punch ``of``."""

    def close_time(self, seq: int) -> None:
        """What was said of this punch is final."""

    def doubt_time(self, seq: int, stated: Bounds) -> None:
        """What this punch said of itself may be wrong."""

    def looked_again(self, doubted: range, through: int) -> None:
        """The doubted entries up to ``through`` have been looked at."""

    def forget_times(self, confirmed: int, before: int) -> None:
        """Forget what is final, confirmed and was said before entry ``before``."""


class LedgerChange(Protocol):
    """Writes entries."""

    def append(self, fact: Fact, stamp: Stamp) -> Entry:
        """Write the next entry of the ledger."""


class CheckpointChange(Protocol):
    """Prunes."""

    def forget_through(self, seq: int) -> None:
        """Prune the entries up to ``seq``, but none from the first on that has no time yet.

        The last entry stays, and with it the end of the chain.
        """


class PeopleChange(Protocol):
    """Writes workers and prints."""

    def put_worker(self, worker: Worker) -> None:
        """Add a worker, or replace the one with the same code."""

    def forget_listings(self, in_force: int) -> None:
        """Forget what was prepared of a roster that never came into force."""

    def prepare(self, version: int, listings: Iterable[Listing]) -> None:
        """Keep what roster ``version`` says of these workers: it counts once that is in force."""

    def settle_listing(self, worker: Worker) -> None:
        """Put what the roster in force says of a worker where it belongs."""

    def put_roster(self, roster: Applied) -> None:
        """Remember which roster of payroll's is in force."""

    def put_print(self, print_: Print, digest: bytes) -> None:
        """Add a print, with the digest of its template (32 bytes)."""

    def put_backed_up(self, print_: Print) -> None:
        """Remember that a backup holds the template of a print."""

    def put_digest(self, print_: Print, digest: bytes) -> None:
        """Remember the digest of the template of a print that was enrolled without one."""

    def drop_print(self, print_: Print) -> None:
        """Forget whose the slot is; its generation stays known for ever."""


class PairingChange(Protocol):
    """Writes which module the prints are in, and which slots are being changed."""

    def put_mark(self, mark: Mark) -> None:
        """Remember which module the prints are in."""

    def announce(self, *slots: int) -> None:
        """Templates are about to be written to, or erased from, ``slots``: the counter goes up."""

    def settle(self, slot: int) -> None:
        """What was announced for ``slot`` has been carried out or undone."""


class Change(LedgerChange, TimeChange, CheckpointChange, PeopleChange, PairingChange, Protocol):
    """One transaction on the store; durable once its context has been left without an error."""


class Ledger(Protocol):
    """The ledger, to read."""

    @property
    def gate(self) -> str:
        """The gate's id."""

    @property
    def ledger(self) -> str:
        """The ledger's id."""

    def tail(self) -> Tail:
        """The last entry's place and hash."""

    def hash_of(self, seq: int) -> bytes | None:
        """The hash of an entry, the last pruned one's too, or None where there is no such entry."""

    def checkpoint(self) -> Tail:
        """The last pruned entry's place and hash; (0, 32 zero bytes) where none was pruned."""

    def entries(self, first: int, limit: int) -> list[Entry]:
        """At most ``limit`` entries from ``first`` on, in order."""

    def whole_entries(self, first: int, limit: int) -> list[Entry]:
        """The same, to be shown to others. Raises DamagedLedger where a byte of one was altered."""

    def last_punches(self, now: Stamp, horizon_ms: int) -> dict[str, LastPunch]:
        """Each worker's last recorded punch that may be younger than ``horizon_ms``."""

    def newest_first(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Kind and data of the entries, the last one first."""


class Times(Protocol):
    """What times rest on, and which punches still wait for theirs, to read."""

    def landmarks(self) -> list[Landmark]:
        """The stamps on which times rest, in order; the last entry's is always among them."""

    def known_time(self) -> Known | None:
        """The last stamp that was trusted, and whether the hardware clock has proved itself."""

    def open_times(self, after: int, limit: int) -> list[OpenTime]:
        """Punches after ``after`` of which more may have to be said, in order."""

    def doubted(self) -> range | None:
        """Entries whose times a later synchronisation has put in doubt: look at them again."""

    def pending_times(self) -> PendingTimes:
        """How many punches wait for their time, and the first of them."""

    def is_voided(self, seq: int) -> bool:
        """Whether a supervisor has withdrawn this punch."""

    def complete_until(self, confirmed: int) -> str | None:
        """A time before which every entry is among the first ``confirmed`` and has its time."""


class People(Protocol):
    """The workers and the prints, to read."""

    def worker(self, code: str) -> Worker | None:
        """The worker with this code."""

    def workers(self) -> list[Worker]:
        """All workers, by code."""

    def roster(self) -> Applied:
        """Which roster of payroll's is in force."""

    def unsettled(self, most: int) -> list[Listing]:
        """Some of those whom the roster in force has changed without an entry that says so yet."""

    def prints(self) -> list[Print]:
        """All prints, by slot."""

    def next_generation(self, slot: int) -> int:
        """The generation of the next print in ``slot``, from 1."""

    def digests(self) -> dict[tuple[int, int], bytes]:
        """The digests that are known of the prints' templates, by slot and generation."""

    def finger_of(self, digest: bytes) -> tuple[str, str] | None:
        """Worker and finger of the print, there or removed, whose template has this digest."""

    def not_backed_up(self) -> int:
        """How many prints no backup holds."""


class PairingMarks(Protocol):
    """Which module the prints are in, to read."""

    def mark(self) -> Mark | None:
        """Which module the prints are in."""

    def announced(self) -> list[int]:
        """The slots whose change was announced and not settled."""


class Memory(Protocol):
    """What is not the ledger's: how far payroll has it, and small facts."""

    def watermarks(self) -> Watermarks:
        """How far the ledger was published and confirmed."""

    def move_watermarks(self, marks: Watermarks) -> None:
        """Remember the watermarks; losing the last move is harmless (entries go out twice)."""

    def disown(self, why: Literal["payroll-is-ahead", "forked"], through: int) -> None:
        """Remember that this ledger is to be left: payroll has another history of it."""

    def remembered(self, key: str) -> str | None:
        """A small fact about this installation, such as the sensor port that has worked."""

    def remember(self, key: str, value: str) -> None:
        """Keep such a fact."""


class Gap(Struct, frozen=True):
    """Since when, and why, no entry could be written."""

    stopped: RecordingStopped
    since: Stamp


class Reserve(Protocol):
    """Room that was kept free for a disk that is full."""

    def keep_reserve(self) -> bool:
        """Make the reserve where it is missing and there is room. Returns whether it is there."""

    def spend_reserve(self) -> bool:
        """Give the reserve's room to the database. False where there is no reserve any more."""

    def note_gap(self, gap: Gap | None) -> None:
        """Remember, beside the database, what it does not take; None: it has taken it.

        Never raises: where that cannot be written either, nobody will know.
        """

    def noted_gap(self) -> Gap | None:
        """What was noted and never taken back: the power failed before it could be written."""


class Store(Ledger, Times, People, PairingMarks, Memory, Reserve, Protocol):
    """All of it, in one database. One object a thread."""

    def changing(self) -> AbstractContextManager[Change]:
        """One durable transaction: all of it or nothing.

        Raises StoreFault on leaving where it is not certain that everything was written.
        """

    def close(self) -> None:
        """Close the database."""
