"""Floor 1: what the flows need of the world. Adapters fulfil these; flows know nothing else.

The pins that are wired to the sensor beside its serial line.

What the flows need to keep secrets: a seal.

What the flows need of the database: one small protocol for each thing that it keeps.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol

from msgspec import Struct

from ..contract.chain import Entry
from ..contract.facts import Fact, RecordingStopped
from ..contract.messages import ReportLine
from ..contract.people import Print, Worker
from ..contract.roster import Applied, Listing
from ..contract.stamps import Stamp
from ..contract.true_times import Bounds, Landmark
from .events import Event, Outcome
from .host.clock_trust import Known
from .pairing_mark import PairingMark
from .rules import Hint, LastPunch, Match


class Touch(Protocol):
    """The sensor's own touch output: tells of a finger without a word on the line."""

    @property
    def felt(self) -> bool:
        """Whether a finger is felt now."""

    def listen(self, heard: Callable[[], None]) -> None:
        """Have ``heard`` called, on any thread, at each touch that begins."""

    def close(self) -> None:
        """Let go of the pin."""


class Power(Protocol):
    """What switches the sensor's supply."""

    def switch(self, on: bool) -> None:
        """Give the sensor power, or take it away."""

    @property
    def is_on(self) -> bool:
        """Whether the pin has the level at which the sensor has power."""

    def close(self) -> None:
        """Let go of the pin."""


class KeyPair(NamedTuple):
    """``identity`` opens what was sealed to ``recipient``. Only the recipient may be shown."""

    identity: str
    recipient: str

    def __repr__(self) -> str:
        return f"KeyPair(recipient={self.recipient!r})"


class Sealing(Protocol):
    """Seals bytes to public keys; only who has a private one opens them."""

    def seal(self, data: bytes, recipients: Sequence[str]) -> bytes:
        """Seal to all of ``recipients`` (``age1…``). Raises BadRequest where one is no such key."""

    def open(self, sealed: bytes, identities: Sequence[str]) -> bytes:
        """What was sealed to one of these (``AGE-SECRET-KEY-1…``), whole and unaltered.

        Raises BadRequest that tells a wrong key from damage.
        """

    def new_keys(self) -> KeyPair:
        """A pair of keys that nobody else has."""


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

    def put_mark(self, mark: PairingMark) -> None:
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

    def mark(self) -> PairingMark | None:
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


class Clock(Protocol):
    """The one source of moments."""

    def stamp(self) -> Stamp:
        """The raw clock readings of now."""

    def monotonic(self) -> float:
        """Seconds that never step, for timeouts."""

    def hardware_clock_held(self, synced: Stamp) -> bool | None:
        """Whether the battery-backed clock was right when this boot began; None: cannot tell.

        ``synced`` is a stamp from after the boot's first synchronisation.
        """


class SensorInfo(Struct, frozen=True, kw_only=True):
    """What a sensor says of itself (ReadSysPara)."""

    system_id: int
    capacity: int
    security_level: int
    baud: int


@dataclass(frozen=True)
class FingerImage:
    """What the sensor's camera saw, row by row: one byte a pixel, 0 is black and 255 white."""

    width: int
    height: int
    pixels: bytes = field(repr=False)  # somebody's finger: never in a log


class Buffer(StrEnum):
    """The sensor's two places for a capture's features (the datasheet's CharBuffer1 and 2)."""

    ONE = "1"
    TWO = "2"


class Sensor(Protocol):
    """A fingerprint sensor. Every method raises a SensorFault when the link cannot be relied on.

    After a SensorFault nothing that the failed call might have returned may be used; ``recover``
    either makes the link trustworthy again or raises.
    """

    def connect(self) -> SensorInfo:
        """Open the port, wait for the sensor to boot, verify the password, read its parameters."""

    def recover(self) -> None:
        """Prove that no older reply is still on its way; the next exchange can be trusted."""

    def close(self) -> None:
        """Let go of the port. Never raises; closing twice is fine."""

    def restart(self) -> bool:
        """Take the sensor's power away for a moment; False where no pin switches it.

        The port is closed then: connect.
        """

    def sleep(self) -> None:
        """Let the sensor sleep until it is touched or asked; SensorRefused where it cannot."""

    def check(self) -> None:
        """Ask for a sign of life; a sensor that has gone is told within half a second."""

    def capture(self) -> bool | None:
        """Take an image. False: no finger is on the glass; None: the sensor could not tell."""

    def extract(self, buffer: Buffer = Buffer.ONE) -> Hint | None:
        """Turn the image into features in ``buffer``; a Hint where the scan is too poor."""

    def search(self) -> Match | None:
        """Search buffer 1 in the sensor's whole library."""

    def merge(self) -> bool:
        """Make one template of both buffers; False where they are different fingers."""

    def store(self, slot: int) -> None:
        """Write the template to ``slot``; returns once the index was read back and shows it."""

    def erase(self, slot: int) -> None:
        """Erase ``slot``; returns once the index was read back and no longer shows it."""

    def slots(self) -> frozenset[int]:
        """The slots that hold a template."""

    def read_template(self, slot: int) -> bytes:
        """The template in ``slot``; SensorRefused where there is none."""

    def write_template(self, slot: int, template: bytes) -> None:
        """Write a template that ``read_template`` has given, here or at another sensor.

        Returns once the index shows it and the same bytes were read back from ``slot``. BadRequest,
        with nothing written, where this sensor's templates are of another size.
        """

    def twin_of(self, slot: int, others: Sequence[int]) -> int | None:
        """The first of ``others`` whose template is of the same finger as that in ``slot``."""

    def read_notepad(self, page: int) -> bytes:
        """The 32 bytes of one of the notepad's 16 pages."""

    def write_notepad(self, page: int, data: bytes) -> None:
        """Write 32 bytes; returns once they were read back."""

    def read_image(self) -> FingerImage:
        """The image of the last capture; SensorRefused where there is none."""

    def try_passwords(self, *passwords: int) -> None:
        """At the next ``connect`` try these, and then none at all."""


class Panel(Protocol):
    """What the worker sees and hears. No method waits for a lamp or a tone."""

    def touched(self) -> None:
        """A finger is on the glass: darken whatever is lit, amber on."""

    def show(self, outcome: Outcome, hint: Hint | None = None, *, offline: bool = False) -> None:
        """Show a touch its outcome; ``offline`` tells that payroll will have it later."""

    def fault(self, present: bool) -> None:
        """Begin or end the standing sign that the sensor cannot be used."""

    def dark(self) -> None:
        """All lamps and the buzzer off."""

    def close(self) -> None:
        """Dark, and let go of the pins."""


class Examiner(Protocol):
    """Looks at the whole gate as ``edge-agent doctor`` does, without keeping anybody waiting."""

    def begin(self) -> None:
        """Begin to look. Never blocks."""

    def findings(self) -> list[ReportLine] | str | None:
        """What was found, once; why nothing could be, or None while it is not there yet."""


class Tell(Protocol):
    """Where events go. Never blocks and never raises."""

    def __call__(self, event: Event) -> None:
        """Tell whoever is watching."""


MqttVersion = Literal["5", "3.1.1"]


class BrokerUp(Struct, frozen=True):
    """The broker accepts us; it takes this many publications that it has not acknowledged yet."""

    version: MqttVersion
    receive_maximum: int


class BrokerDown(Struct, frozen=True):
    """There is no connection, or no longer: why, in sentences that a technician understands.

    It comes alone; until it has come, what is sent meanwhile is lost without an error.
    ``taken_over``: another client has come with our client id, as far as the broker says so.
    """

    reason: str
    taken_over: bool = False


class Subscribed(Struct, frozen=True):
    """The broker's answer to a subscription: the topics it refuses, and why."""

    refused: dict[str, str]


class Acknowledged(Struct, frozen=True):
    """The broker's answer to a publication: an MQTT 5 reason code, and what it means if not 0."""

    token: int
    code: int
    why: str | None


class Received(Struct, frozen=True):
    """A message. ``retained``: the broker has kept it from before we subscribed."""

    topic: str
    payload: bytes
    retained: bool


BrokerEvent = BrokerUp | BrokerDown | Subscribed | Acknowledged | Received


class Broker(Protocol):
    """The MQTT broker. Everything goes out at QoS 1, and sessions are clean.

    One thread's, but for ``wake``. Between BrokerDown and the next BrokerUp nothing may be sent,
    and no token of the old connection is ever acknowledged.
    """

    def open(self, versions: Sequence[MqttVersion], will_topic: str, will: bytes) -> None:
        """Connect from now on, again and again, trying ``versions`` in this order. Never blocks.

        ``will`` is what the broker publishes, retained, where we vanish without ``close``.
        """

    def poll(self, seconds: float) -> list[BrokerEvent]:
        """Do the network's work until something happened, ``wake`` was called or time is up."""

    def subscribe(self, topics: Mapping[str, int]) -> None:
        """Ask for the messages on these topics, each at its quality of service."""

    def publish(
        self, topic: str, payload: bytes, *, content_type: str | None = None, retain: bool = False
    ) -> int:
        """Send, and return the token under which it will be acknowledged.

        Raises BrokerFault where there is no connection.
        """

    def wake(self) -> None:
        """End a ``poll`` that is waiting. For any thread; never blocks, never raises."""

    def hang_up(self) -> None:
        """End the connection without a goodbye, so that the broker publishes the will."""

    def close(self) -> None:
        """Say goodbye and connect no more. Never blocks; closing twice is fine."""
