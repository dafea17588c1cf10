"""When to look at the glass: at a touch where a pin tells of one, else again and again.

An idle gate with a touch pin asks its sensor for a sign of life every second, and looks at the
glass every few. So it finds out that the sensor has gone, or the pin: a pin that feels nothing
while fingers come, or something all the time, makes the gate slower and never blind.
"""

import logging
import threading
from collections.abc import Callable

from ..errors import SensorRefused
from ..ports import Clock, Sensor, Touch
from .take_punch import Look

log = logging.getLogger(__name__)

BETWEEN_LOOKS_S = 0.01
"""Where looks follow each other: nothing beside a capture's 60 to 200 ms."""

CHECK_S = 1.0
"""A sensor that loses its power is noticed within five seconds: one until the next check, 0.3 that
it is given to answer, 2.4 in which the link is mended if it can be."""

IDLE_LOOK_S = 4.0
"""How long a finger that the pin does not feel waits at most."""

_STUCK_AFTER_S = 60.0

_DEAF = (
    "The touch pin felt nothing while a finger was on the glass: check its wire, the touch "
    "output's own supply and [sensor] touch_active, and touch_sleep for a module that feels only "
    "while it sleeps. Until it works, the gate looks at the glass without it."
)
_STUCK = (
    "The touch pin has felt a finger for a minute while the glass is bare: check [sensor] "
    "touch_active and its wire. Until it works, the gate looks at the glass without it."
)
_NO_SLEEP = (
    "This sensor does not know the sleep instruction: set [sensor] touch_sleep = false. Until "
    "then, the gate looks at the glass without its touch pin."
)


class PollSchedule:
    """Lives on the gate's thread; ``touch`` None where nothing is wired."""

    def __init__(
        self,
        sensor: Sensor,
        touch: Touch | None,
        clock: Clock,
        wake: Callable[[], None],
        *,
        sleeps: bool,
    ) -> None:
        """``wake`` ends the gate's pause; ``sleeps``: the module feels only while it sleeps."""
        self._sensor = sensor
        self._touch = touch
        self._clock = clock
        self._wake = wake
        self._sleeps = sleeps
        self._began = threading.Event()
        self._believed = touch is not None
        self._felt_this = False
        """Whether anything was felt since the glass was last seen bare."""
        self._tapped = False
        """Whether a touch has begun since the look before this one, short as it may be."""
        self._idle_until: float | None = None
        self._check_at = 0.0
        self._stuck_from: float | None = None
        self.problem: str | None = None
        """What a technician should know of the pin."""
        if touch is not None:
            touch.listen(self._hear)

    def pause(self) -> float:
        """Seconds that the gate may do something else, unless it is woken."""
        if self._idle_until is None:
            return BETWEEN_LOOKS_S
        return max(0.0, min(self._idle_until, self._check_at) - self._clock.monotonic())

    def watch(self) -> None:
        """While nobody is there: ask whether the sensor still is. Raises SensorFault.

        Before an idle look too, for a capture is given five times as long.
        """
        if self._idle_until is not None and not self.pause():
            self._sensor.check()
            self._check_at = self._clock.monotonic() + CHECK_S

    def due(self) -> bool:
        """Whether it is time to look."""
        return (
            self._idle_until is None
            or self._touch is None
            or self._began.is_set()
            or self._touch.felt
            or self._clock.monotonic() >= self._idle_until
        )

    def began(self) -> bool:
        """Whether a pin that can be believed has felt a touch begin since the last look."""
        began = self._began.is_set()
        self._began.clear()
        self._felt_this = self._felt_this or began
        self._tapped = began
        return began and self._believed

    def felt(self) -> bool | None:
        """Whether a finger is felt; None where nothing that can be believed says so."""
        if self._touch is None or not self._believed:
            return None
        felt = self._tapped or self._touch.felt
        self._felt_this = self._felt_this or felt
        return felt

    def saw(self, look: Look) -> None:
        """Learn from a look. Raises SensorFault."""
        if self._touch is None:
            return
        felt = self._tapped or self._touch.felt
        if look is Look.FINGER:
            # Felt at any time: at a lift, the pin and the image need not agree.
            self._believe(felt or self._felt_this)
        elif look is not Look.UNSURE:
            self._felt_this = False
        self._watch_for_stuck(look, felt)
        bare = look in (Look.NOBODY, Look.GHOST) and self._believed
        if bare and self._sleeps:
            bare = self._put_to_sleep()
        idle = bare and not self._touch.felt
        now = self._clock.monotonic()
        self._check_at = now + CHECK_S
        # A check wakes a module that sleeps: then a look may as well follow.
        self._idle_until = now + (CHECK_S if self._sleeps else IDLE_LOOK_S) if idle else None

    def anew(self) -> None:
        """Something else was done with the sensor: look at once."""
        self._idle_until = None

    def _hear(self) -> None:
        if not self._began.is_set():
            self._began.set()
            self._wake()

    def _believe(self, felt: bool) -> None:
        if felt:
            self._believed = True
            self._tell(None)
        elif self._believed:
            self._believed = False
            self._tell(_DEAF)

    def _watch_for_stuck(self, look: Look, felt: bool) -> None:
        now = self._clock.monotonic()
        if look is not Look.NOBODY or not felt:
            self._stuck_from = None
        elif self._stuck_from is None:
            self._stuck_from = now
        elif self._believed and now - self._stuck_from > _STUCK_AFTER_S:
            self._believed = False
            self._tell(_STUCK)

    def _put_to_sleep(self) -> bool:
        try:
            self._sensor.sleep()
        except SensorRefused:
            self._believed = self._sleeps = False
            self._tell(_NO_SLEEP)
            raise
        return True

    def _tell(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            if problem:
                log.error("%s", problem)
