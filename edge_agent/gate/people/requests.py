"""What a technician may ask of the gate, over the control socket or in the command's own process.

One JSON object a line each way. What answers a request is in answers.py; who carries it out, and
what for that is needed, in handlers.py; what is asked about sealed files of templates, in
templates/requests.py. The daemon's sign of life is the time of its socket, in whole seconds: so it
can be told from that at which the socket was made.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ...contract.bounds import Line, Number, Seq, Word

SECOND_NS = 1_000_000_000


class Request(Struct, frozen=True, kw_only=True, tag_field="ask"):
    """Base of all requests."""

    command: ClassVar[str]
    """The command that asks it, by whose row in the table (roles.py) it is answered or refused."""

    by: Annotated[int, Meta(ge=0, lt=2**32)] | UnsetType = UNSET
    """Who has called the command by sudo. Believed of root, and of the gate's own user."""


class AskStatus(Request, tag="status", frozen=True, kw_only=True):
    """How the gate is."""

    command = "status"


class Watch(Request, tag="watch", frozen=True, kw_only=True):
    """Follow the event stream."""

    command = "watch"


class AskNames(Request, tag="names", frozen=True, kw_only=True):
    """Who has which code, for what people read."""

    command = "watch"


class AskDay(Request, tag="day", frozen=True, kw_only=True):
    """The working day of a worker, for the worker's own eyes."""

    command = "display"

    code: Word


class AddWorker(Request, tag="add-worker", frozen=True, kw_only=True):
    """Enter a worker, or bring a deactivated one back. ``force``: although the code looks odd."""

    command = "workers add"

    code: Word
    name: Line
    force: bool = False


class RenameWorker(Request, tag="rename-worker", frozen=True, kw_only=True):
    """Give a worker another name. ``force``: the same person has it, and keeps the prints."""

    command = "workers rename"

    code: Word
    name: Line
    force: bool = False


class ActivateWorker(Request, tag="activate-worker", frozen=True, kw_only=True):
    """Take a worker's fingers again, whom this gate has refused."""

    command = "workers activate"

    code: Word
    same_person: bool = False
    """Somebody says that prints which were held back are of who has the code now."""


class DeactivateWorker(Request, tag="deactivate-worker", frozen=True, kw_only=True):
    """From now on this worker's fingers are refused."""

    command = "workers deactivate"

    code: Word


class ListedWorker(Struct, frozen=True, kw_only=True):
    """A row of a list of workers; not ``active``: they have left."""

    code: Word
    name: Line
    active: bool = True


class ImportWorkers(Request, tag="import-workers", frozen=True, kw_only=True):
    """Enter, rename and deactivate workers after a list; whoever is not in it stays as they are.

    ``force``: although a code looks odd, or a name another person's. ``dry_run``: say what would
    change.
    """

    command = "workers import"

    workers: Annotated[list[ListedWorker], Meta(max_length=1000)]
    force: bool = False
    dry_run: bool = False


class VoidPunch(Request, tag="void-punch", frozen=True, kw_only=True):
    """A supervisor withdraws a punch. ``reason`` is a code."""

    command = "punches void"

    seq: Seq
    reason: Word


class AddPunch(Request, tag="add-punch", frozen=True, kw_only=True):
    """A supervisor adds a punch. ``at`` is local where it has no offset; ``reason`` is a code.

    ``force``: although the time or the worker is odd.
    """

    command = "punches add"

    code: Word
    at: Word
    reason: Word
    direction: Word | None = None
    force: bool = False


class AskPeople(Request, tag="people", frozen=True, kw_only=True):
    """Who is known and by which fingers, by code from behind ``after`` on."""

    command = "enroll"

    after: Word = ""


class Enroll(Request, tag="enroll", frozen=True, kw_only=True):
    """Store a finger of a worker, guided by the sensor.

    ``replace``: in the place of the print of this finger, if there is one; it counts until then.
    """

    command = "enroll"

    code: Word
    finger: Word
    replace: bool = False


class RemovePrint(Request, tag="remove-print", frozen=True, kw_only=True):
    """Erase a finger of a worker."""

    command = "prints remove"

    code: Word
    finger: Word


class Identify(Request, tag="identify", frozen=True, kw_only=True):
    """Say whose finger is pressed next, without a punch."""

    command = "identify"


CredentialKind = Literal["card", "pin", "qr"]


class AddCredential(Request, tag="add-credential", frozen=True, kw_only=True):
    """A card's number, a PIN or what a QR code says is a worker's from now on."""

    command = "credentials add"

    code: Word
    method: CredentialKind
    secret: Line

    def __repr__(self) -> str:
        return f"AddCredential(code={self.code!r}, method={self.method!r})"


class AwaitCard(Request, tag="await-card", frozen=True, kw_only=True):
    """The next card or QR code at a reader that is nobody's yet is to be this worker's."""

    command = "credentials add"

    code: Word
    method: Literal["card", "qr"]


class AskCard(Request, tag="ask-card", frozen=True, kw_only=True):
    """Whether it has come; it is the worker's then."""

    command = "credentials add"


class MakeQr(Request, tag="make-qr", frozen=True, kw_only=True):
    """What a new QR code of a worker has to say. The one before is nobody's any more."""

    command = "credentials qr"

    code: Word


class RemoveCredential(Request, tag="remove-credential", frozen=True, kw_only=True):
    """A worker's card, PIN or QR code is nobody's any more."""

    command = "credentials remove"

    code: Word
    method: CredentialKind


class AllowCredentials(Request, tag="allow-credentials", frozen=True, kw_only=True):
    """Whether a worker may punch by other means than a finger, where only the named ones may."""

    command = "credentials allow"

    code: Word
    allowed: bool


class RecordConsent(Request, tag="record-consent", frozen=True, kw_only=True):
    """A worker has signed. ``signed`` is a day; taken before ``witness``, or kept on ``paper``."""

    command = "consent record"

    code: Word
    text: Word
    signed: Word
    witness: Word | None = None
    paper: bool = False


class WithdrawConsent(Request, tag="withdraw-consent", frozen=True, kw_only=True):
    """A worker does not agree any more: their fingers are not used from now on, and erased."""

    command = "consent withdraw"

    code: Word


class LeaveWorker(Request, tag="leave-worker", frozen=True, kw_only=True):
    """A worker leaves, after the day ``on``, or at once: their fingers are erased then."""

    command = "workers leave"

    code: Word
    on: Word | None = None


class DropLeave(Request, tag="drop-leave", frozen=True, kw_only=True):
    """A worker who is to leave after a day stays.

    No field of LeaveWorker: a daemon that does not know it would have them leave at once.
    """

    command = "workers leave"

    code: Word


class ForgetWorker(Request, tag="forget-worker", frozen=True, kw_only=True):
    """The name of a worker who has left goes; the code stays."""

    command = "workers forget"

    code: Word


class TellErased(Request, tag="tell-erased", frozen=True, kw_only=True):
    """Whose prints had been erased after the copy that this gate was restored from."""

    command = "privacy erased"

    codes: Annotated[list[Word], Meta(max_length=1000)] = []
    nobody: bool = False


class RetireGate(Request, tag="retire-gate", frozen=True, kw_only=True):
    """Take the gate of this id out of service; not ``sensor``: its templates cannot be reached."""

    command = "retire"

    gate: Word
    sensor: bool = True


class TakeReceipt(Request, tag="take-receipt", frozen=True, kw_only=True):
    """Payroll's receipt for this ledger, as payroll would publish it, was carried here."""

    command = "carry in"

    receipt: Annotated[str, Meta(max_length=60_000)]


ClaimKind = Literal["access", "correct", "withdraw", "restrict", "object", "erase"]
ClaimAnswer = Literal["done", "refused"]


class OpenClaim(Request, tag="open-claim", frozen=True, kw_only=True):
    """A worker has asked for something about their data, on the day ``asked``, today without one.

    ``due``: the day by which it is to be done, where it is not the usual one.
    """

    command = "privacy request"

    code: Word
    what: ClaimKind
    asked: Word | None = None
    due: Word | None = None


class CloseClaim(Request, tag="close-claim", frozen=True, kw_only=True):
    """What came of a claim, on the day ``on``, today without one."""

    command = "privacy answer"

    number: Number
    answer: ClaimAnswer = "done"
    on: Word | None = None


class AskSensor(Request, tag="ask-sensor", frozen=True, kw_only=True):
    """What the sensor says of itself, and whether it is paired."""

    command = "sensor info"


class AdoptSensor(Request, tag="adopt-sensor", frozen=True, kw_only=True):
    """Take the sensor as it is, and forget the prints whose template it does not hold."""

    command = "sensor adopt"


class TakeImage(Request, tag="take-image", frozen=True, kw_only=True):
    """The image of the next finger, to judge a dirty window."""

    command = "sensor image"
