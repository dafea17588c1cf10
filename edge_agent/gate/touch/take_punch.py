"""Take a punch: from a finger on the glass to a lamp that tells the truth.

One touch gives exactly one outcome and at most one punch, faults on the line included.
"""

from collections.abc import Callable
from enum import Enum
from math import inf

from msgspec import Struct

from ...contract.stamps import Stamp
from ..errors import SensorFault
from ..ledger.gate import Gate
from ..ports import Panel, Sensor
from ..rules import Match, Reason, Refused
from .credit import Credit
from .limits import STAYS_S, Ghosts
from .recognise import Recognise


class Look(Enum):
    """What a look at the glass has shown."""

    UNSURE = "unsure"
    """The sensor could not tell whether there is a finger."""
    NOBODY = "nobody"
    GHOST = "ghost"
    """Something like a finger, without features, that the touch pin does not feel."""
    FINGER = "finger"


class _Answered(Struct, frozen=True):
    """The touch that had its answer, and as whose print: None where the sensor knew none.

    Before ``until`` (monotonic seconds) whoever is on the glass is taken to be the same.
    ``ghost_from``: when it was answered, of one without features that may be no finger at all.
    """

    slot: int | None
    until: float = 0.0
    ghost_from: float | None = None


_TOLD_S = 5.0
"""How long a finger that was told of a fault may stay without being taken for another's."""


_BLIND_S = 10.0
"""For so long a finger is taken to have waited while the sensor gave no answer."""


_UNSEEN_S = 0.5
"""In so long one finger may have gone and another one come, as behind a card that stalls; a look
follows the other, or a finger's answer, within a tenth of it."""


class TakePunch:
    """Looks at the glass and answers each touch."""

    def __init__(
        self,
        gate: Gate,
        sensor: Sensor,
        panel: Panel,
        captures: int,
        recover: Callable[[], None],
        offline: Callable[[], bool],
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """``captures``: scans a touch may take; ``recover`` makes the link sound again after a
        fault, or raises; ``offline``: whether payroll is out of reach; ``stopping``: whether the
        daemon is about to leave, and a fault is no longer mended.
        """
        self._gate = gate
        self._sensor = sensor
        self._panel = panel
        self._recognise = Recognise(sensor, gate.clock, captures, gate.policy, recover, stopping)
        self._credit = Credit(gate, panel, offline)
        self._ghosts = Ghosts()
        self._answered: _Answered | None = None
        self._in_doubt = False
        self._blind_since: float | None = None
        """Since when no look has come to anything: a finger may be there for as long."""
        self._seen_at = -inf
        """When the sensor last had its eye on the glass."""
        self._lit = False
        """Whether amber is lit for a touch that only the pin has told of."""

    def felt(self) -> None:
        """The touch pin feels a finger that has just come: amber, before anything else is done."""
        if self._answered is None:
            self._panel.touched()
            self._lit = True
        else:
            self._in_doubt = True  # The one before has gone unseen, or the pin has flickered.

    def poll(self, felt: bool | None = None) -> Look:
        """Look at the glass once, and see a new touch through to its answer.

        ``felt``: whether the touch pin feels a finger; None where there is none to be believed.
        Raises SensorFault when the sensor cannot be used any longer; a touch that was under way
        has been answered by then.
        """
        present = self._capture()
        if present is None:
            self._in_doubt = self._answered is not None  # As when a finger comes or goes.
            return Look.UNSURE
        if not present:
            self._nobody()
            return Look.NOBODY
        if felt is False:
            return self._look_at_what_is_not_felt()
        if self._answered is None:
            self._answer_touch(self._gate.clock.stamp(), felt=bool(felt))
        elif self._in_doubt and self._gate.clock.monotonic() >= self._answered.until:
            self._look_again(self._answered)
        return Look.FINGER

    def _capture(self) -> bool | None:
        began = self._gate.clock.monotonic()
        if self._answered is not None and began - self._seen_at > _UNSEEN_S:
            self._in_doubt = True
        try:
            present = self._sensor.capture()
        except SensorFault:
            if self._blind_since is None or began - self._blind_since > _BLIND_S:
                self._blind_since = began
            raise
        self._seen_at = self._gate.clock.monotonic()
        if present is False:
            self._blind_since = None
        return present

    def _there_since(self) -> float:
        """The earliest moment at which the finger on the glass may have come."""
        now, since = self._gate.clock.monotonic(), self._blind_since
        self._blind_since = None
        return since if since is not None and now - since <= _BLIND_S else now

    def disturbed(self) -> None:
        """The line failed, and with it perhaps the look at the empty glass between two fingers."""
        self._in_doubt = True

    def ignore_finger(self, slot: int | None) -> None:
        """The finger of the print in ``slot`` took part in something else than a punch.

        None: whose it was is not known. Another finger is answered at the next look.
        """
        self._answered = _Answered(slot) if slot is not None else self._told()
        self._in_doubt = True

    def _nobody(self) -> None:
        self._answered = None
        self._in_doubt = False
        if self._lit:
            self._lit = False
            self._panel.dark()

    def _answer_touch(self, stamp: Stamp, *, felt: bool) -> None:
        if not self._lit:
            self._panel.touched()
        self._lit = False
        self._in_doubt = False
        # Whatever happens from here on: a finger that stays through a fault has had its answer.
        self._answered = self._told()
        try:
            found, stamp = self._recognise.finger(stamp, self._there_since())
        except SensorFault:
            self._answered = self._told()
            self._credit.refuse(Refused(Reason.SENSOR_FAULT), stamp)
            raise
        self._seen_at = self._gate.clock.monotonic()
        if isinstance(found, Match):
            self._answer_match(found, stamp)
        elif self._recognise.ghostly and not felt:
            self._answer_ghost(found, stamp)
        else:
            self._ghosts.person()
            self._answered = _Answered(slot=None)
            self._credit.refuse(found, stamp)
        if self._recognise.lifted:
            self._nobody()

    def _answer_match(self, match: Match, stamp: Stamp) -> None:
        self._ghosts.person()
        self._answered = _Answered(slot=match.slot)
        self._in_doubt = False
        self._credit.match(match, stamp)

    def _answer_ghost(self, refused: Refused, stamp: Stamp) -> None:
        """Answer a touch without features, unless there are too many; it hides nobody behind it."""
        now = self._gate.clock.monotonic()
        if self._ghosts.answers(now):
            self._credit.refuse(refused, stamp)
        else:
            self._panel.dark()
        self._answered = _Answered(slot=None, until=now + _TOLD_S, ghost_from=now)
        self._in_doubt = True

    def _told(self) -> _Answered:
        return _Answered(slot=None, until=self._gate.clock.monotonic() + _TOLD_S)

    def _look_at_what_is_not_felt(self) -> Look:
        """Sunlight, or a finger that a touch pin which has failed does not feel."""
        stamp = self._gate.clock.stamp()
        found = self._recognise.scan()
        if self._recognise.ghostly:
            self._nobody()  # A finger that was answered has gone.
            return Look.GHOST
        if self._answered is None:
            if isinstance(found, Match):
                self._panel.touched()
                self._answer_match(found, stamp)
            else:
                self._answer_touch(stamp, felt=False)
        return Look.FINGER

    def _look_again(self, answered: "_Answered") -> None:
        """Answer the finger on the glass if it is not the one that was answered before the fault.

        A finger that the sensor does not know stays unanswered: it may be the same one still. One
        that was refused and is known now is answered: more likely it is another worker's, and
        should it be the same one, green after red does no harm. One that appears where there was
        nothing with features is answered, known or not.
        """
        stamp = self._gate.clock.stamp()
        found = self._recognise.scan()
        if answered.ghost_from is not None and self._recognise.ghostly:
            if self._gate.clock.monotonic() - answered.ghost_from > STAYS_S:
                self._ghosts.stayed()
        elif not isinstance(found, Match):
            if answered.ghost_from is not None:
                self._answer_touch(stamp, felt=False)
            elif answered.slot is not None:
                self._panel.dark()  # The green that is lit may be another's.
        elif found.slot == answered.slot:
            self._in_doubt = False
        else:
            self._panel.touched()
            self._answer_match(found, stamp)
