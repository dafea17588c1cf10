"""What is remembered from one look at the glass to the next, and what a look shows by that.

Pure: no I/O, no clock, no threads; moments are passed in, in monotonic seconds.
"""

from collections.abc import Callable
from math import inf

from msgspec import Struct, structs

from ..rules import Match, Refused
from .decide import Last, Scan, Seen

_TOLD_S = 5.0
"""How long a finger that was told of a fault may stay without being taken for another's."""

_STAYS_S = 10.0
"""No worker holds a finger for so long that has been answered."""

_BLIND_S = 10.0
"""For so long a finger is taken to have waited while the sensor gave no answer."""

_UNSEEN_S = 0.5
"""In so long one finger may have gone and another one come, as behind a card that stalls; a look
follows the other, or a finger's answer, within a tenth of it."""


class TouchState(Struct, frozen=True):
    """What is remembered from one look at the glass to the next.

    ``slot``: of the print that had the last answer. ``in_doubt``: whether another finger may have
    come since. ``lit``: whether amber is lit for a touch that only the pin has told of.
    ``answered_at``, ``seen_at``: the last answer, and when the sensor last had its eye on the
    glass. ``blind_since``: since when no look has come to anything; a finger may be there for as
    long.
    """

    last: Last = Last.NOBODY
    slot: int | None = None
    answered_at: float = -inf
    in_doubt: bool = False
    lit: bool = False
    seen_at: float = -inf
    blind_since: float | None = None

    def touch_began(self) -> "TouchState":
        """The pin has felt a touch begin: a new one, or it has flickered, or one went unseen."""
        if self.last is Last.NOBODY:
            return structs.replace(self, lit=True)
        return self.disturbed()

    def disturbed(self) -> "TouchState":
        """Something may have hidden the empty glass between two fingers."""
        return structs.replace(self, in_doubt=True)

    def settled(self) -> "TouchState":
        """The finger on the glass is the one that had the answer."""
        return structs.replace(self, in_doubt=False)

    def cleared(self) -> "TouchState":
        """Nobody is there."""
        return structs.replace(self, last=Last.NOBODY, slot=None, in_doubt=False, lit=False)

    def answered(self, last: Last, now: float, slot: int | None = None) -> "TouchState":
        """A finger has its answer. What is without features hides nobody behind it."""
        return structs.replace(
            self,
            last=last,
            slot=slot,
            answered_at=now,
            in_doubt=last is Last.GHOST,
            lit=False,
        )

    def ignoring(self, slot: int | None, now: float) -> "TouchState":
        """The finger on the glass took part in something else; None: whose it was is not known."""
        last = Last.TOLD if slot is None else Last.SLOT
        return structs.replace(self, last=last, slot=slot, answered_at=now, in_doubt=True)

    def before_look(self, now: float) -> "TouchState":
        """A look begins."""
        return self.disturbed() if now - self.seen_at > _UNSEEN_S else self

    def saw(self, present: bool | None, now: float) -> "TouchState":
        """A look has ended so; or the scans of a touch, with a finger."""
        blind_since = None if present is False else self.blind_since
        return structs.replace(self, seen_at=now, blind_since=blind_since)

    def failed_to_see(self, began: float) -> "TouchState":
        """A look that began then has come to nothing."""
        if self.blind_since is not None and began - self.blind_since <= _BLIND_S:
            return self
        return structs.replace(self, blind_since=began)

    def answering(self) -> "TouchState":
        """Whoever may have waited is answered now."""
        return structs.replace(self, blind_since=None)

    def there_since(self, now: float) -> float:
        """The earliest moment at which the finger on the glass may have come."""
        since = self.blind_since
        return since if since is not None and now - since <= _BLIND_S else now

    def sees(self, present: bool | None, felt: bool | None, now: float) -> Seen:
        """The row of the table that a look comes to."""
        if present is None:
            return Seen.UNSURE
        if not present:
            return Seen.BARE
        if felt is False:
            return Seen.UNFELT
        if self.last is Last.NOBODY or not self.in_doubt:
            return Seen.FINGER
        patient = self.last in (Last.TOLD, Last.GHOST) and now < self.answered_at + _TOLD_S
        return Seen.FINGER if patient else Seen.DOUBTED

    def scans(
        self, scan: Scan, felt: bool | None, now: float, is_held: Callable[[int], bool]
    ) -> Seen:
        """The row of a scan after a look; ``is_held``: whether a print holds a slot."""
        if felt is False:
            return _unfelt(scan)
        if scan.featureless:
            lasting = self.last is Last.GHOST and now - self.answered_at > _STAYS_S
            return Seen.LASTING if lasting else Seen.FEATURELESS
        if not isinstance(scan.found, Match):
            return Seen.STRANGER
        if self.last is Last.SLOT and scan.found.slot == self.slot:
            return Seen.SAME
        if not is_held(scan.found.slot):
            return Seen.STRANGER
        return Seen.WEAK if scan.weak else Seen.OTHER


def _unfelt(scan: Scan) -> Seen:
    if scan.featureless:
        return Seen.UNFELT_FEATURELESS
    if not isinstance(scan.found, Match):
        return Seen.UNFELT_STRANGER
    return Seen.UNFELT_WEAK if scan.weak else Seen.UNFELT_MATCH


def seen_again(weak: Match, found: Match | Refused) -> Seen:
    """The row of a second look at the finger of a ``weak`` match, by what it has ``found``."""
    same = isinstance(found, Match) and found.slot == weak.slot
    return Seen.CONFIRMED if same else Seen.UNCONFIRMED
