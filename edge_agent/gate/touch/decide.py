"""What is done about whatever is on the glass: a table. Pure: no I/O, no clock, no threads."""

from enum import Enum

from msgspec import Struct

from ..rules import Match, Refused


class Look(Enum):
    """What a look at the glass has shown."""

    UNSURE = "unsure"
    """The sensor could not tell whether there is a finger."""
    NOBODY = "nobody"
    GHOST = "ghost"
    """Something like a finger, without features, that the touch pin does not feel."""
    FINGER = "finger"


class PinReading(Struct, frozen=True):
    """What the touch pin says as a look begins.

    ``began``: a touch has begun since the look before. ``felt``: whether a finger is felt; None
    where there is no pin to be believed.
    """

    began: bool = False
    felt: bool | None = None


NO_PIN = PinReading()


class Scan(Struct, frozen=True):
    """What the sensor makes of one image.

    ``featureless``: it has nothing of a finger. ``weak``: a match that asks for a second look.
    """

    found: Match | Refused
    featureless: bool
    weak: bool = False


class Last(Enum):
    """Who had the last answer: the columns of the table."""

    NOBODY = "nobody"
    """The glass was seen bare since."""
    SLOT = "slot"
    """The finger of a print."""
    REFUSED = "refused"
    """A finger that the sensor does not know, or could not read."""
    TOLD = "told"
    """Whoever was on the glass at a fault, or took part in something else than a punch."""
    GHOST = "ghost"
    """Something without features, which may be no finger at all."""


class Seen(Enum):
    """What the glass shows, and a second scan of it: the rows of the table."""

    UNSURE = "unsure"
    """The sensor could not tell whether there is a finger."""
    BARE = "bare"
    FINGER = "finger"
    """A finger, and the same one if there was one at the look before."""
    DOUBTED = "doubted"
    """A finger, and it is not certain that it is the one that had the answer."""
    UNFELT = "unfelt"
    """A finger that the touch pin does not feel: sunlight, or the pin has failed."""

    SAME = "same"
    """A doubted finger turns out to be that of the print that had the answer."""
    OTHER = "other"
    """It is that of another print."""
    WEAK = "weak"
    """It is, or a new touch is, that of a print by so low a score that it may be nobody's."""
    STRANGER = "stranger"
    """It is nobody's here; or could not be read, as only a finger can."""
    FEATURELESS = "featureless"
    """It has no features: badly pressed, or none."""
    LASTING = "lasting"
    """It has had none for longer than a worker would stay."""

    UNFELT_MATCH = "unfelt-match"
    """What the pin does not feel is in the sensor's library."""
    UNFELT_WEAK = "unfelt-weak"
    """It seems to be, by so low a score that it may be nobody's."""
    UNFELT_STRANGER = "unfelt-stranger"
    """It is a finger, and not in the library."""
    UNFELT_FEATURELESS = "unfelt-featureless"
    """It is nothing: neither the pin nor the sensor finds anything of a finger."""

    CONFIRMED = "confirmed"
    """A second look at a weak match finds the same print."""
    UNCONFIRMED = "unconfirmed"
    """It finds another one or none, or could not be had: the finger was lifted."""


class Do(Enum):
    """What is done."""

    LEAVE = "leave"
    """Nothing: it had its answer."""
    DOUBT = "doubt"
    """From now on a finger may be another one."""
    SETTLE = "settle"
    """It is the same finger: no doubt any longer."""
    CLEAR = "clear"
    """Nobody is there: the next finger is a new touch."""
    SCAN = "scan"
    """Scan once, without a lamp, and ask the table again."""
    ANSWER = "answer"
    """A new touch: amber, scans, an answer."""
    CREDIT = "credit"
    """A new touch, whose match is known already: amber, an answer."""
    CONFIRM = "confirm"
    """A new touch, whose match is weak: amber, a second look, and ask the table again."""
    REFUSE = "refuse"
    """The touch is nobody's: an answer that says so."""
    DARKEN = "darken"
    """The green that is lit may be another's: put it out."""
    HUSH = "hush"
    """No finger stays for so long: answer none that looks like it."""


def decide(seen: Seen, last: Last) -> Do | None:
    """The table. None: this cannot be.

    A finger in doubt that the sensor does not know stays unanswered: it may be the same one still.
    One that was refused and is known now is answered: more likely it is another worker's, and
    should it be the same one, green after red does no harm. One that appears where there was
    nothing with features is answered, known or not.
    """
    # In each row: nobody, a slot, refused, told, a ghost.
    match seen:
        case Seen.UNSURE:  # As when a finger comes or goes.
            return _row(last, Do.LEAVE, Do.DOUBT, Do.DOUBT, Do.DOUBT, Do.DOUBT)
        case Seen.BARE:
            return _row(last, Do.CLEAR, Do.CLEAR, Do.CLEAR, Do.CLEAR, Do.CLEAR)
        case Seen.FINGER:
            return _row(last, Do.ANSWER, Do.LEAVE, Do.LEAVE, Do.LEAVE, Do.LEAVE)
        case Seen.DOUBTED:
            return _row(last, None, Do.SCAN, Do.SCAN, Do.SCAN, Do.SCAN)
        case Seen.UNFELT:
            return _row(last, Do.SCAN, Do.SCAN, Do.SCAN, Do.SCAN, Do.SCAN)
        case Seen.SAME:
            return _row(last, None, Do.SETTLE, None, None, None)
        case Seen.OTHER:
            return _row(last, None, Do.CREDIT, Do.CREDIT, Do.CREDIT, Do.CREDIT)
        case Seen.WEAK:
            return _row(last, Do.CONFIRM, Do.CONFIRM, Do.CONFIRM, Do.CONFIRM, Do.CONFIRM)
        case Seen.STRANGER:
            return _row(last, None, Do.DARKEN, Do.LEAVE, Do.LEAVE, Do.ANSWER)
        case Seen.FEATURELESS:
            return _row(last, None, Do.DARKEN, Do.LEAVE, Do.LEAVE, Do.LEAVE)
        case Seen.LASTING:
            return _row(last, None, None, None, None, Do.HUSH)
        case Seen.UNFELT_MATCH:
            return _row(last, Do.CREDIT, Do.LEAVE, Do.LEAVE, Do.LEAVE, Do.LEAVE)
        case Seen.UNFELT_WEAK:
            return _row(last, Do.CONFIRM, Do.LEAVE, Do.LEAVE, Do.LEAVE, Do.LEAVE)
        case Seen.UNFELT_STRANGER:
            return _row(last, Do.ANSWER, Do.LEAVE, Do.LEAVE, Do.LEAVE, Do.LEAVE)
        case Seen.UNFELT_FEATURELESS:
            return _row(last, Do.CLEAR, Do.CLEAR, Do.CLEAR, Do.CLEAR, Do.CLEAR)
        case Seen.CONFIRMED:
            return _row(last, Do.CREDIT, Do.CREDIT, Do.CREDIT, Do.CREDIT, Do.CREDIT)
        case Seen.UNCONFIRMED:
            return _row(last, Do.REFUSE, Do.REFUSE, Do.REFUSE, Do.REFUSE, Do.REFUSE)


def _row(
    last: Last,
    nobody: Do | None,
    slot: Do | None,
    refused: Do | None,
    told: Do | None,
    ghost: Do | None,
) -> Do | None:
    match last:
        case Last.NOBODY:
            return nobody
        case Last.SLOT:
            return slot
        case Last.REFUSED:
            return refused
        case Last.TOLD:
            return told
        case Last.GHOST:
            return ghost


def look_of(seen: Seen) -> Look:
    """What a look comes to for whoever asks only when to look next."""
    match seen:
        case Seen.UNSURE:
            return Look.UNSURE
        case Seen.BARE:
            return Look.NOBODY
        case Seen.UNFELT_FEATURELESS:
            return Look.GHOST
        case _:
            return Look.FINGER
