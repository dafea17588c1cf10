"""What can be written in the ledger of the people at a gate: who may punch, by what, and with whose
consent. As everywhere there: codes and slots, no names and no template bytes.
"""

from typing import Literal

from msgspec import UNSET, UnsetType

from .facts import Fact, Method


class WorkerAdded(Fact, tag="worker.added", frozen=True, kw_only=True):
    """A technician or payroll's roster entered a worker."""

    worker: str
    active: bool = True
    actor: str


class WorkerChanged(Fact, tag="worker.changed", frozen=True, kw_only=True):
    """A technician, or payroll's roster, renamed, deactivated or reactivated a worker.

    ``active`` is the word of whoever changed it: a worker may punch where both say so. ``why``: the
    gate itself holds the prints back, for payroll has given the code to somebody else, by the name.
    """

    worker: str
    active: bool
    actor: str
    why: Literal["renamed"] | UnsetType = UNSET


class RosterApplied(Fact, tag="roster.applied", frozen=True, kw_only=True):
    """Payroll's roster is in force from now on: how many it names, adds and changes here."""

    version: int
    workers: int
    added: int
    changed: int


class RosterRefused(Fact, tag="roster.refused", frozen=True, kw_only=True):
    """A roster was not applied; ``in_force`` is the version that stays (0: none)."""

    reason: str
    version: int | None
    workers: int | None
    in_force: int


class PrintEnrolled(Fact, tag="print.enrolled", frozen=True, kw_only=True):
    """A finger of a worker was stored in the sensor and proved by one more press."""

    worker: str
    finger: str
    slot: int
    generation: int
    actor: str


class PrintRemoved(Fact, tag="print.removed", frozen=True, kw_only=True):
    """A finger of a worker is nobody's any more: its template is erased from the sensor.

    ``why``: nothing is erased, for the sensor does not hold it: it was ``adopted`` so, or the print
    is ``restored`` into it next.
    """

    worker: str
    finger: str
    slot: int
    generation: int
    actor: str
    why: Literal["adopted", "restored"] | UnsetType = UNSET


class PrintHeld(Fact, tag="print.held", frozen=True, kw_only=True):
    """Another template is in the slot than was enrolled: nobody is credited by it from now on."""

    worker: str
    finger: str
    slot: int
    generation: int


class PrintReleased(Fact, tag="print.released", frozen=True, kw_only=True):
    """The template that was enrolled is in the slot again: its worker is credited by it."""

    worker: str
    finger: str
    slot: int
    generation: int


class PrintRestored(Fact, tag="print.restored", frozen=True, kw_only=True):
    """A finger's template was stored from backup ``backup`` of gate ``origin``, and read back."""

    worker: str
    finger: str
    slot: int
    generation: int
    origin: str
    backup: str
    actor: str


class CredentialAdded(Fact, tag="credential.added", frozen=True, kw_only=True):
    """From now on a card, a PIN or a QR code is a worker's, and one of the kind that the worker had
    before is not; never which one."""

    worker: str
    method: Method
    actor: str


class CredentialRemoved(Fact, tag="credential.removed", frozen=True, kw_only=True):
    """A worker's card, PIN or QR code is nobody's any more."""

    worker: str
    method: Method
    actor: str


class CredentialsAllowed(Fact, tag="credentials.allowed", frozen=True, kw_only=True):
    """A supervisor has said whether a worker may punch by other means than a finger."""

    worker: str
    allowed: bool
    actor: str


class ConsentGiven(Fact, tag="consent.given", frozen=True, kw_only=True):
    """A worker has agreed in writing that their fingers are used, on the day ``signed``.

    ``text_hash``, 64 hex digits, is that of the exact text. It was taken before ``witness``, a
    code, or is kept on ``paper``, or both.
    """

    worker: str
    text: str
    text_hash: str
    language: str
    purpose: Literal["attendance"] = "attendance"
    signed: str
    witness: str | None
    paper: bool
    actor: str


class ConsentWithdrawn(Fact, tag="consent.withdrawn", frozen=True, kw_only=True):
    """A worker does not agree any more: from now on their fingers are not used, and are erased."""

    erases = True

    worker: str
    actor: str


class WorkerLeft(Fact, tag="worker.left", frozen=True, kw_only=True):
    """A worker has left: from now on their fingers are not used, and are erased.

    ``last_day``, ``YYYY-MM-DD``, is there where somebody has said which day was their last.
    """

    erases = True

    worker: str
    last_day: str | UnsetType = UNSET
    actor: str


class WorkerLeavePlanned(Fact, tag="worker.leave-planned", frozen=True, kw_only=True):
    """A worker is to leave once ``last_day``, ``YYYY-MM-DD``, is over: until then nothing changes.

    The last one for a worker holds, until they have left or ``worker.leave-dropped`` says that they
    stay.
    """

    worker: str
    last_day: str
    actor: str


class WorkerLeaveDropped(Fact, tag="worker.leave-dropped", frozen=True, kw_only=True):
    """A worker is not to leave: what was planned is not done, and who has left is at work again."""

    worker: str
    actor: str


class WorkerForgotten(Fact, tag="worker.forgotten", frozen=True, kw_only=True):
    """From now on the gate knows no name for the code; what was recorded stays under the code."""

    worker: str
    actor: str


class PrintErased(Fact, tag="print.erased", frozen=True, kw_only=True):
    """The template of a print that is nobody's is gone: the sensor's index no longer shows it."""

    worker: str
    slot: int
    generation: int


class WorkerErased(Fact, tag="worker.erased", frozen=True, kw_only=True):
    """What was kept of a worker's fingers, cards and PIN is gone from sensor and database.

    How many there were of each, and ``proof``, 64 hex digits: the SHA-256 of what was done and how
    it was checked, which the gate keeps.
    """

    worker: str
    prints: int
    openings: int
    credentials: int
    proof: str


class ErasuresKnown(Fact, tag="erasures.known", frozen=True, kw_only=True):
    """This ledger began from a database that may have come from before an erasure. By now its gate
    knows by ``actor``'s word, payroll's or a person's, whose: ``workers`` of them it did not know.
    """

    workers: int
    actor: str


class TemplatesSealed(Fact, tag="templates.sealed", frozen=True, kw_only=True):
    """From now on so many templates leave the gate as a backup, sealed to these public keys.

    ``replaces``: it is made of that one, and holds fewer.
    """

    backup: str
    prints: int
    recipients: list[str]
    actor: str
    replaces: str | UnsetType = UNSET


class TemplatesDestroyed(Fact, tag="templates.destroyed", frozen=True, kw_only=True):
    """Somebody says that a backup of the templates was destroyed, and all its copies."""

    backup: str
    actor: str


class TemplatesLost(Fact, tag="templates.lost", frozen=True, kw_only=True):
    """Somebody says that a backup of the templates is lost: it still holds them, in whose hands is
    not known."""

    backup: str
    actor: str


class RetentionApplied(Fact, tag="retention.applied", frozen=True, kw_only=True):
    """What the gate has kept long enough is gone from it: of how many presses which finger they
    were, of how many refused touches whose, and how many records of consents that had ended and of
    requests that were answered.
    """

    evidence: int
    attempts: int
    consents: int
    claims: int
