"""A faster line while many templates are carried in, and no longer than that."""

from ...ports import Clock, Sensor

_WORTH_IT = 32
"""Prints. Raising and putting back takes a second, which so many make up for."""

_ABANDONED_S = 10.0
"""A restore that asks for nothing for so long has lost whoever began it."""


class FastLine:
    """From ``begin`` to ``end``, or until nobody goes on. Lives on the gate's thread."""

    def __init__(self, sensor: Sensor, clock: Clock) -> None:
        self._sensor = sensor
        self._clock = clock
        self._until: float | None = None
        """When it ends by itself; None where nothing was begun."""

    def begin(self, prints: int) -> None:
        """Raise the speed, where the sensor can and it pays. Raises SensorFault."""
        self.end()
        if prints >= _WORTH_IT:
            self.go_on(begun=True)
            self._sensor.hasten()

    def go_on(self, *, begun: bool = False) -> None:
        """More templates are carried in now."""
        if begun or self._until is not None:
            self._until = self._clock.monotonic() + _ABANDONED_S

    def turn(self) -> None:
        """End what was abandoned. Raises SensorFault."""
        if self._until is not None and self._clock.monotonic() >= self._until:
            self.end()

    def end(self) -> None:
        """Put the speed back. Raises SensorFault; the next connection does it then."""
        if self._until is not None:
            self._until = None
            self._sensor.slow_down()
