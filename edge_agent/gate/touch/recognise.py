"""Recognise the finger on the glass: capture, convert, search, again where that may help."""

import logging
from collections.abc import Callable

from ...contract.stamps import Stamp
from ..errors import SensorFault, SensorUnplugged
from ..ports import Clock, Sensor
from ..rules import Hint, Match, Policy, Reason, Refused, recognised
from .limits import GHOSTLY

log = logging.getLogger(__name__)

_TRY_AGAIN_FOR_S = 5.0
"""How long a touch is tried again over a faulty line before it is answered with the fault. A try
that begins just then takes 4.4 s at most: 1.5 s for an answer that does not come, 2.4 s of mending
in vain, and what went well before. So whoever holds a finger there is answered within ten."""


class Recognise:
    """What the sensor makes of a finger, whatever the line does meanwhile."""

    def __init__(
        self,
        sensor: Sensor,
        clock: Clock,
        captures: int,
        policy: Policy,
        recover: Callable[[], None],
        stopping: Callable[[], bool],
    ) -> None:
        """``captures``: how many scans a touch may take; ``recover`` makes the link sound again,
        or raises; it is not called while ``stopping``.
        """
        self._recover = recover
        self._stopping = stopping
        self._sensor = sensor
        self._clock = clock
        self._captures = captures
        self._policy = policy
        self.ghostly = False
        """Whether what was scanned last, each time, had nothing of a finger."""
        self.lifted = False
        """Whether the last finger was seen to be lifted."""

    def finger(self, stamp: Stamp, since: float) -> tuple[Match | Refused, Stamp]:
        """Scan the finger whose image was captured at ``stamp`` until the sensor knows it.

        Ends with a refusal when the tries are used up or the finger was lifted. A fault on the
        line makes everything it may have touched suspect: the link is proved sound again and the
        finger captured anew, with a stamp of its own, for it may be another's by then. Raises
        SensorFault where that cannot be done in time.

        ``since``: from when on it may have been there (monotonic seconds). It is scanned once in
        any case.
        """
        deadline = since + _TRY_AGAIN_FOR_S
        refused = Refused(Reason.POOR_SCAN, hint=Hint.HOLD_LONGER)
        scans = 0
        ghostly = True
        image_is_fresh = True
        disturbed = self.lifted = False
        first = True
        while scans < self._captures and (first or self._clock.monotonic() <= deadline):
            first = False
            try:
                if not image_is_fresh:
                    present = self._sensor.capture()
                    if present is False:
                        self.ghostly = ghostly and scans > 0 and not disturbed
                        self.lifted = True
                        return _lifted(refused, disturbed), stamp
                    if present is None:
                        continue
                if disturbed:
                    stamp, disturbed = self._clock.stamp(), False
                image_is_fresh = False
                found = self.scan()
            except SensorUnplugged:
                raise
            except SensorFault as fault:
                if self._stopping():
                    raise
                log.warning("the finger is captured again: %s", fault)
                try:
                    self._recover()
                except SensorFault:
                    self._sensor.close()  # So that nobody spends seconds on mending it once more.
                    raise
                if self._clock.monotonic() > deadline:
                    raise
                image_is_fresh, disturbed = False, True
                continue
            if isinstance(found, Match):
                return found, stamp
            refused = found
            scans += 1
            ghostly = ghostly and self.ghostly
        self.ghostly = ghostly and scans > 0
        return refused, stamp

    def scan(self) -> Match | Refused:
        """Turn the image that was just captured into a match or a refusal."""
        hint = self._sensor.extract()
        self.ghostly = hint in GHOSTLY
        if hint is not None:
            return Refused(Reason.POOR_SCAN, hint=hint)
        return recognised(self._sensor.search(), self._policy)


def _lifted(refused: Refused, disturbed: bool) -> Refused:
    """What to tell a worker who lifted the finger before the tries were used up.

    ``disturbed``: nothing has been scanned since the line failed, which is no fault of theirs.
    """
    if disturbed:
        return Refused(Reason.SENSOR_FAULT)
    if refused.hint in (Hint.PRESS_FLAT, Hint.HOLD_STILL):
        return Refused(Reason.POOR_SCAN, hint=Hint.HOLD_LONGER)
    return refused
