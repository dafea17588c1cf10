"""When to look at the glass: at a touch where a pin tells of one, else again and again.

An idle gate with a touch pin asks its sensor for a sign of life every second, and looks at the
glass every few. So it finds out that the sensor has gone, or the pin: a pin that feels nothing
while fingers come, or something all the time, makes the gate slower and never blind.
"""

import threading
from collections.abc import Callable

from msgspec import Struct, structs

from ...contract.language import Message
from ..errors import SensorRefused
from ..ports import Clock, Sensor, Touch
from .decide import NO_PIN, Look, PinReading

BETWEEN_LOOKS_S = 0.01
"""Where looks follow each other: nothing beside a capture's 60 to 200 ms."""

CHECK_S = 1.0
"""A sensor that loses its power is noticed within five seconds: one until the next check, 0.3 that
it is given to answer, 2.4 in which the link is mended if it can be."""

IDLE_LOOK_S = 4.0
"""How long a finger that the pin does not feel waits at most."""

_STUCK_AFTER_S = 60.0

_DEAF = Message("sensor.touch-deaf")
_STUCK = Message("sensor.touch-stuck")
_NO_SLEEP = Message("sensor.touch-no-sleep")


class _Idle(Struct, frozen=True):
    """Nobody is there: when to look all the same, and when to ask for a sign of life."""

    look_at: float
    check_at: float


class PollSchedule:
    """Lives on the gate's thread; ``touch`` None where nothing is wired.

    A turn of the gate takes ``next_look``; where that gives a reading it looks, and says with
    ``saw`` what it has seen.
    """

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
        self._idle: _Idle | None = None
        self._felt_since_bare = False
        """Whether anything was felt since the glass was last seen bare."""
        self._stuck_from: float | None = None
        self.problem: Message | None = None
        """What a technician should know of the pin, which is not believed meanwhile."""
        if touch is not None:
            touch.listen(self._hear)

    def pause(self) -> float:
        """Seconds that the gate may do something else, unless it is woken."""
        if self._idle is None:
            return BETWEEN_LOOKS_S
        return max(0.0, min(self._idle.look_at, self._idle.check_at) - self._clock.monotonic())

    def next_look(self) -> PinReading | None:
        """What the pin says, where it is time to look; None where it is not. Raises SensorFault.

        While nobody is there it asks whether the sensor still is; before an idle look too, for a
        capture is given five times as long.
        """
        if self._idle is not None and not self.pause():
            self._sensor.check()
            check_at = self._clock.monotonic() + CHECK_S
            self._idle = structs.replace(self._idle, check_at=check_at)
        return self._read_pin() if self._due() else None

    def saw(self, pin: PinReading, look: Look) -> None:
        """Learn from a look that began with this reading. Raises SensorFault."""
        if self._touch is None:
            return
        felt = pin.began or self._touch.felt
        if look is Look.FINGER:
            # Felt at any time: at a lift, the pin and the image need not agree.
            self._believe(felt or self._felt_since_bare)
        elif look is not Look.UNSURE:
            self._felt_since_bare = False
        self._watch_for_stuck(look, felt)
        bare = look in (Look.NOBODY, Look.GHOST) and self._is_believed
        if bare and self._sleeps:
            self._put_to_sleep()
        now = self._clock.monotonic()
        # A check wakes a module that sleeps: then a look may as well follow.
        look_at = now + (CHECK_S if self._sleeps else IDLE_LOOK_S)
        self._idle = _Idle(look_at, now + CHECK_S) if bare and not self._touch.felt else None

    def look_soon(self) -> None:
        """Something else was done with the sensor: look at once."""
        self._idle = None

    @property
    def _is_believed(self) -> bool:
        return self._touch is not None and self.problem is None

    def _hear(self) -> None:
        if not self._began.is_set():
            self._began.set()
            self._wake()

    def _due(self) -> bool:
        return (
            self._idle is None
            or self._began.is_set()
            or (self._touch is not None and self._touch.felt)
            or self._clock.monotonic() >= self._idle.look_at
        )

    def _read_pin(self) -> PinReading:
        began = self._began.is_set()
        self._began.clear()
        self._felt_since_bare = self._felt_since_bare or began
        if self._touch is None or not self._is_believed:
            return NO_PIN
        felt = began or self._touch.felt
        self._felt_since_bare = self._felt_since_bare or felt
        return PinReading(began, felt)

    def _believe(self, felt: bool) -> None:
        if felt:
            self._tell(None)
        elif self._is_believed:
            self._tell(_DEAF)

    def _watch_for_stuck(self, look: Look, felt: bool) -> None:
        now = self._clock.monotonic()
        if look is not Look.NOBODY or not felt:
            self._stuck_from = None
        elif self._stuck_from is None:
            self._stuck_from = now
        elif self._is_believed and now - self._stuck_from > _STUCK_AFTER_S:
            self._tell(_STUCK)

    def _put_to_sleep(self) -> None:
        try:
            self._sensor.sleep()
        except SensorRefused:
            self._sleeps = False
            self._tell(_NO_SLEEP)
            raise

    def _tell(self, problem: Message | None) -> None:
        if problem != self.problem:
            self.problem = problem
