"""What the sensor makes of whatever is on the glass: one image, or a whole touch."""

import logging
from collections.abc import Callable

from msgspec import Struct

from ...contract.stamps import Stamp
from ..errors import SPOILED, SensorFault, SensorSilent, SensorUnplugged
from ..ports import Clock, Sensor
from ..rules import Hint, Match, Policy, Reason, Refused, is_weak, recognised
from .decide import Scan

log = logging.getLogger(__name__)

_TRY_AGAIN_FOR_S = 6.5
"""How long a touch is tried again over a faulty line. From then on a fault is answered at once; a
mending that begins just before takes 2.9 s at most, an answer that does not come 1.5 s. So whoever
holds a finger there is answered within ten."""

_GHOSTLY = frozenset({Hint.WIPE, Hint.PRESS_FLAT})
"""What the sensor makes of a glass without a finger. Other advice needs one."""


class Reading(Struct, frozen=True):
    """What a touch comes to.

    ``stamp``: when the image was captured that counts. ``featureless``: nothing that was scanned
    had anything of a finger. ``weak``: a match that asks for a second look. ``lifted``: the finger
    was seen to go.
    """

    found: Match | Refused
    stamp: Stamp
    featureless: bool
    weak: bool = False
    lifted: bool = False


class Glass:
    """The sensor's glass. Keeps nothing from one call to the next."""

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
        self._sensor = sensor
        self._clock = clock
        self._captures = captures
        self._policy = policy
        self._recover = recover
        self._stopping = stopping

    def look(self) -> bool | None:
        """Capture an image. False: no finger is there; None: the sensor could not tell."""
        return self._sensor.capture()

    def scan(self) -> Scan:
        """What the image that was just captured comes to."""
        hint = self._sensor.extract()
        if hint is not None:
            return Scan(Refused(Reason.POOR_SCAN, hint=hint), hint in _GHOSTLY)
        found = recognised(self._sensor.search(), self._policy)
        weak = isinstance(found, Match) and is_weak(found, self._policy)
        return Scan(found, featureless=False, weak=weak)

    def read(self, stamp: Stamp, since: float, *, again: bool = False) -> Reading:
        """Scan the finger whose image was captured at ``stamp`` until the sensor knows it.

        Ends with a refusal when the tries are used up or the finger was lifted. A fault on the
        line makes everything it may have touched suspect: the link is proved sound again and the
        finger captured anew, with a stamp of its own, for it may be another's by then. Raises
        SensorFault where that cannot be done in time.

        ``since``: from when on it may have been there (monotonic seconds). It is scanned once in
        any case. ``again``: for a second look, with an image of its own. It is over with the first
        one that can be read, whatever is found.
        """
        deadline = since + _TRY_AGAIN_FOR_S
        refused = Refused(Reason.POOR_SCAN, hint=Hint.HOLD_LONGER)
        scans = 0
        featureless = first = True
        image_is_fresh = not again
        disturbed = False
        while scans < self._captures and (first or self._clock.monotonic() <= deadline):
            first = False
            try:
                if not image_is_fresh:
                    present = self.look()
                    if present is False:
                        featureless = featureless and scans > 0 and not disturbed
                        told = _told_on_lifting(refused, disturbed=disturbed)
                        return Reading(told, stamp, featureless, lifted=True)
                    if present is None:
                        continue
                if disturbed:
                    stamp, disturbed = self._clock.stamp(), False
                image_is_fresh = False
                scan = self.scan()
            except SensorUnplugged:
                raise
            except SensorFault as fault:
                if self._stopping() or self._clock.monotonic() > deadline:
                    raise
                self._mend(fault, deadline)
                if self._clock.monotonic() > deadline:
                    raise
                image_is_fresh, disturbed = False, True
                continue
            if isinstance(scan.found, Match):
                return Reading(scan.found, stamp, featureless=False, weak=scan.weak)
            refused = scan.found
            scans += 1
            featureless = featureless and scan.featureless
            if again and refused.reason is Reason.UNKNOWN:
                break
        return Reading(refused, stamp, featureless and scans > 0)

    def _mend(self, fault: SensorFault, deadline: float) -> None:
        log.warning("the finger is captured again: %s", fault)
        while True:
            try:
                return self._recover()
            except SensorFault as still:
                # One that stays silent has gone; what spoils bytes lets some through.
                in_vain = not isinstance(still, SPOILED) or isinstance(still, SensorSilent)
                if in_vain or self._stopping() or self._clock.monotonic() > deadline:
                    self._sensor.close()  # So that nobody spends seconds on mending it once more.
                    raise


def _told_on_lifting(refused: Refused, *, disturbed: bool) -> Refused:
    """What to tell a worker who lifted the finger before the tries were used up.

    ``disturbed``: nothing has been scanned since the line failed, which is no fault of theirs.
    """
    if disturbed:
        return Refused(Reason.SENSOR_FAULT)
    if refused.hint in (Hint.PRESS_FLAT, Hint.HOLD_STILL):
        return Refused(Reason.POOR_SCAN, hint=Hint.HOLD_LONGER)
    return refused
