"""What can be written in the ledger: one struct for each kind of entry.

The struct's tag is the entry's ``kind`` on the wire, its fields are that kind's own part of
``data`` (chain.py has what is common to all). Codes and slots only, in reasons and actors too: no
names, no template bytes. What a kind means stands in its class, and kinds.py draws the sets of them
from that. Here are those of punches, the gate, its clock and its sensor; people_facts.py has those
of workers, prints, cards and consents.
"""

from enum import StrEnum
from typing import Any, ClassVar, Literal

from msgspec import UNSET, Struct, UnsetType

from .stamps import ClockState


class Direction(StrEnum):
    """Which way the worker passed."""

    IN = "in"
    OUT = "out"


class DirectionSource(StrEnum):
    """How a gate knows a direction: its only one, a guess by the last punch or by the time of day,
    or a key that its worker pressed."""

    IN = "in"
    OUT = "out"
    ALTERNATE = "alternate"
    HOURS = "hours"
    KEY = "key"


class Method(StrEnum):
    """By what a worker was recognised: a finger on the glass, or what a reader has read."""

    FINGER = "finger"
    CARD = "card"
    PIN = "pin"
    QR = "qr"
    READER = "reader"
    """Never of a punch: what a reader has read is nobody's, and may be any of the three."""


Amends = Literal["time", "void", "direction"]


class Fact(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Base of all kinds."""

    answers_touch: ClassVar[bool] = False
    """Somebody who stands there brings it about: by a finger on the glass, and then a sensor that
    works, but for its faults; or by a reader, and then its ``method`` says so."""

    marks: ClassVar[bool] = False
    """Its worker was there."""

    credits: ClassVar[bool] = False
    """Its worker is credited with a punch, to be paid from."""

    amends: ClassVar[Amends | None] = None
    """What it says anew of the punch in its ``of``: when it was, which way, or that it does not
    count."""

    moves_times: ClassVar[bool] = False
    """It may show that the times of entries that came before were wrong."""

    tells_recording: ClassVar[bool] = False
    """It says whether presses are recorded."""

    erases: ClassVar[bool] = False
    """From now on its worker's fingers, cards and PIN are not used, and are to be erased."""


class OldEntry(Struct, frozen=True, kw_only=True):
    """An entry of an older ledger; ``hash`` is 64 hex digits."""

    ledger: str
    seq: int
    hash: str


WhyOpened = Literal[
    "first-start",
    "restored-backup",
    "cloned-card",
    "other-board",
    "other-gate-id",
    "damaged",
    "payroll-is-ahead",
    "forked",
]
"""Why a ledger begins. All but the first leave an older one behind."""


class LedgerOpened(Fact, tag="ledger.opened", frozen=True, kw_only=True):
    """Always seq 1: who writes here, and what came before.

    ``previous``: the last entry that payroll is known to have of the ledger that was left, with
    ``seq`` 0 and 64 zeros where it is not known to have any.
    """

    gate: str
    zone: str
    version: str
    why: WhyOpened
    previous: OldEntry | None = None


class PunchRecorded(Fact, tag="punch.recorded", frozen=True, kw_only=True):
    """A worker's attendance mark.

    Without a trusted clock ``at`` is null, and ``not_before`` and ``not_after`` are there as far as
    they are known at once. ``evidence_hash``, a finger's alone, commits the gate to which print it
    was and how well it matched: 64 hex digits. What it opens to never leaves the gate.
    """

    answers_touch = True
    marks = True
    credits = True

    worker: str
    direction: Direction | None
    direction_source: DirectionSource | None
    method: Method = Method.FINGER
    evidence_hash: str | UnsetType = UNSET
    not_before: str | UnsetType = UNSET
    not_after: str | UnsetType = UNSET


class PunchDirected(Fact, tag="punch.directed", frozen=True, kw_only=True):
    """The worker of punch ``of`` has pressed a key after it, or another one: it led this way."""

    amends = "direction"

    worker: str
    of: int
    direction: Direction
    direction_source: Literal["key"] = "key"


class PunchRecovered(Fact, tag="punch.recovered", frozen=True, kw_only=True):
    """A punch of an older ledger, recorded again where this one began.

    ``at`` and ``data`` are what the original says, ``of`` is the original: always the first one,
    however many ledgers lie between. The entry's own ``clock`` is the moment of the recovery.
    """

    marks = True
    credits = True

    worker: str
    at: str | None
    of: OldEntry
    data: dict[str, Any]


class PunchRepeated(Fact, tag="punch.repeated", frozen=True, kw_only=True):
    """A touch certainly within the repeat window of punch ``of``: flagged, never lost."""

    answers_touch = True
    marks = True

    worker: str
    of: int
    method: Method = Method.FINGER
    evidence_hash: str | UnsetType = UNSET


class PunchTimeResolved(Fact, tag="punch.time-resolved", frozen=True, kw_only=True):
    """When punch ``of`` was: its clock was not trusted then, or is not any more.

    ``at`` is the punch's true time within ``uncertainty_ms``, or null where it is an interval,
    from ``not_before`` to ``not_after`` as far as they are known. So is a punch whose time rested
    on a battery-backed clock that proved false: what was said of it before does not stand.
    ``final``: the gate will say nothing better; only a person can then settle an interval.
    """

    amends = "time"

    of: int
    worker: str
    at: str | None
    uncertainty_ms: int | None
    not_before: str | None
    not_after: str | None
    final: bool


class PunchTimeCorrected(Fact, tag="punch.time-corrected", frozen=True, kw_only=True):
    """The time told of punch ``of`` was wrong: a later synchronisation of that boot has shown it.

    ``at``, the true time within ``uncertainty_ms``, replaces every earlier one.
    """

    amends = "time"
    moves_times = True

    of: int
    worker: str
    at: str
    uncertainty_ms: int
    reason: Literal["later-sync"] = "later-sync"


class PunchVoided(Fact, tag="punch.voided", frozen=True, kw_only=True):
    """A supervisor has withdrawn punch ``of``: do not pay it."""

    amends = "void"

    of: int
    worker: str
    reason: str
    actor: str


class PunchAdded(Fact, tag="punch.added", frozen=True, kw_only=True):
    """A supervisor's punch: ``at`` is what the supervisor says, not the entry's own moment."""

    marks = True
    credits = True

    worker: str
    at: str
    direction: Direction | None
    direction_source: None = None
    method: Literal["supervisor"] = "supervisor"
    reason: str
    actor: str


class AttemptRefused(Fact, tag="attempt.refused", frozen=True, kw_only=True):
    """A touch that was credited to nobody: a worker's evidence that they were there and pressed.

    ``suppressed`` counts the attempts since the last such entry that the rate limit left out.
    ``method`` is there where it was no finger. ``worker`` is null: earlier versions named there
    whose touch it was. ``worker_hash`` is there where the gate knows that, and commits it to it: 64
    hex digits, and what they open to never leaves the gate.
    """

    answers_touch = True

    reason: str
    hint: str | None
    worker: str | None
    suppressed: int
    method: Method | UnsetType = UNSET
    worker_hash: str | UnsetType = UNSET


class GateAlive(Fact, tag="gate.alive", frozen=True, kw_only=True):
    """Written at start and every hour. ``recording``: as the last entry about recording said."""

    tells_recording = True

    recording: bool
    version: str


class GateRetired(Fact, tag="gate.retired", frozen=True, kw_only=True):
    """The gate is taken out of service: this is the last entry of its ledger, and of the gate.

    ``erased`` templates were taken out of the sensor, after which its index was read back: none of
    its ``slots`` holds one. Both null where the sensor was not reached.
    """

    erased: int | None
    slots: int | None
    actor: str


class RecordingStopped(Fact, tag="recording.stopped", frozen=True, kw_only=True):
    """From this moment no press could be recorded."""

    tells_recording = True

    reason: Literal[
        "sensor-fault",
        "foreign",
        "database-older",
        "sensor-older",
        "templates-differ",
        "disk-full",
        "store-fault",
        "away",
        "stopping",
    ]


class RecordingResumed(Fact, tag="recording.resumed", frozen=True, kw_only=True):
    """From this moment presses are recorded again."""

    tells_recording = True

    reason: Literal["started", "sensor-back", "store-back", "back"]


class ClockSynced(Fact, tag="clock.synced", frozen=True, kw_only=True):
    """The clock has become trusted: every stamp of this boot has its time from here.

    ``offset_ms`` is the true time at boot time zero, in milliseconds since 1970, as the clock has
    it now. ``hardware_clock``: whether the battery-backed clock, as it was before, had ``held`` the
    time through the last power cut or ``lost`` it; null where nobody can tell. ``lost`` takes the
    time from every boot that rested on that clock since it last ``held``.
    """

    offset_ms: int
    hardware_clock: Literal["held", "lost"] | None


class ClockStepped(Fact, tag="clock.stepped", frozen=True, kw_only=True):
    """The wall clock was set, by a time service or by hand; or it began in the past.

    ``before`` is what it would have shown, ``after`` what it shows, in UTC; ``state`` is how far it
    may be trusted now.
    """

    moves_times = True

    before: str
    after: str
    step_ms: int
    state: ClockState


class SensorAdopted(Fact, tag="sensor.adopted", frozen=True, kw_only=True):
    """From now on this module's slots are the ones that the prints stand for.

    ``why``: ``new``, ``technician``, or the doubt that the templates' digests have settled.
    ``replaced``: the module before it, by its mark, may still hold the prints that were forgotten
    for it, and those of who was being erased. ``returned``: this one was replaced so before, and
    what it held then is erased from it.
    """

    actor: str
    why: str
    replaced: str | UnsetType = UNSET
    returned: str | UnsetType = UNSET


class SensorReconnected(Fact, tag="sensor.reconnected", frozen=True, kw_only=True):
    """The sensor was connected again, so often since the last such entry: at most one in ten
    minutes is written.

    ``templates``: whether one that was drawn at random was the one enrolled there, the last time;
    null where none was compared.
    """

    times: int
    templates: Literal["agree", "differ"] | None


class CaseOpened(Fact, tag="case.opened", frozen=True, kw_only=True):
    """The gate's case is open. ``at_start``: it was when the gate began to look, and the last time
    that it looked it was not: nobody knows when.
    """

    at_start: bool


class CaseClosed(Fact, tag="case.closed", frozen=True, kw_only=True):
    """The gate's case is closed again: for some seconds, or when the gate began to look."""


class SensorRestarted(Fact, tag="sensor.restarted", frozen=True, kw_only=True):
    """The sensor stayed silent, and its power was switched off and on: the how many-th time."""

    times: int
