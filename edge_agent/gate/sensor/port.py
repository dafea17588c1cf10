"""The serial port, with every way of not having one turned into an error that says what to do."""

import errno
import os
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import serial

from ...contract.errors import EdgeAgentError
from ..errors import GateBusy, SensorForbidden, SensorSilent, SensorUnplugged
from ..host.rights import unusable_device

QUIET = 0.06
"""Seconds. A line on which nothing comes for so long is quiet."""

PATIENCE = 0.2
"""Seconds that a read waits: long enough not to wake the processor again and again for nothing
while a sensor takes its image, and short beside the deadlines."""

_MOST_DRAINED = 4096  # bytes at once, so that a line that never falls silent is noticed

_WRITE_TIMEOUT = 1.0  # seconds: the largest command is on the wire in a tenth of that

# Errors of the port as Python raises them: termios.error is no OSError.
_PORT_ERRORS = (OSError, termios.error)

_NOT_THERE = (SensorUnplugged, "sensor.no-port")
_NOT_SERIAL = (SensorUnplugged, "sensor.not-serial")
_IN_USE = (GateBusy, "sensor.port-in-use")
_FORBIDDEN = (SensorForbidden, "sensor.port-forbidden")
_OPENING: dict[int | None, tuple[type[EdgeAgentError], str]] = {
    errno.ENOENT: _NOT_THERE,
    errno.ENXIO: _NOT_THERE,
    errno.ENODEV: _NOT_THERE,
    errno.EIO: _NOT_THERE,
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EBUSY: _IN_USE,
    errno.EAGAIN: _IN_USE,
    errno.ENOTTY: _NOT_SERIAL,
    errno.EISDIR: _NOT_SERIAL,
    errno.EINVAL: _NOT_SERIAL,
}
_UNFORESEEN = (SensorUnplugged, "sensor.port-unusable")


class Port:
    """An open serial port: a device or any pyserial URL, such as ``socket://host:port``.

    Raises SensorUnplugged where there is none, SensorForbidden or GateBusy where it may not be had;
    every method raises SensorUnplugged once it has vanished.
    """

    def __init__(self, name: str, baud: int) -> None:
        self.name = name
        try:
            self._serial = serial.serial_for_url(
                name, baudrate=baud, timeout=PATIENCE, write_timeout=_WRITE_TIMEOUT, exclusive=True
            )
        except (*_PORT_ERRORS, ValueError) as error:
            kind, message = _OPENING.get(_errno(error), _UNFORESEEN)
            why = unusable_device(Path(name)) if kind is SensorForbidden else error
            raise kind(message, port=name, why=why) from error

    @property
    def baud(self) -> int:
        """Bits a second."""
        return int(self._serial.baudrate)

    @baud.setter
    def baud(self, baud: int) -> None:
        with self._vanishing():
            self._serial.baudrate = baud

    @property
    def has_speed(self) -> bool:
        """Whether its baud means anything: behind a socket, any is taken and none is used."""
        return not self.name.startswith("socket://")

    def unread(self) -> bool:
        """Whether bytes are waiting to be read."""
        with self._vanishing():
            return bool(self._serial.in_waiting)

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes, or fewer where PATIENCE is over before."""
        with self._vanishing():
            return bytes(self._serial.read(size))

    def drain(self) -> bool:
        """Listen for as long as QUIET and throw away what comes; whether anything did."""
        time.sleep(QUIET)
        drained = 0
        with self._vanishing():
            # Not in one go: behind a socket, all that pyserial knows is that there is something.
            while drained < _MOST_DRAINED and (waiting := self._serial.in_waiting):
                drained += len(self._serial.read(waiting))
        return drained > 0

    def write(self, data: bytes) -> None:
        """Hand the bytes over. Raises SensorSilent where the line takes none."""
        with self._vanishing():
            taken = self._take_at_once(data)
            if taken < len(data):
                self._serial.write(data[taken:])

    def _take_at_once(self, data: bytes) -> int:
        """How many bytes a device has room for now: all, but for a line that stands still.

        pyserial asks after each write whether there is room for more, which nobody has.
        """
        if "://" in self.name:
            return 0  # It may have to be put otherwise.
        try:
            return os.write(self._serial.fileno(), data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Let go. Never raises: a port that has vanished may refuse even this."""
        with suppress(*_PORT_ERRORS):
            self._serial.close()

    @contextmanager
    def _vanishing(self) -> Iterator[None]:
        try:
            yield
        except serial.SerialTimeoutException as error:
            raise SensorSilent("sensor.takes-no-bytes", port=self.name) from error
        except _PORT_ERRORS as error:
            raise SensorUnplugged("sensor.vanished", port=self.name) from error


def _errno(error: BaseException | None) -> int | None:
    """The error number, which pyserial passes on in some cases and only wraps in others."""
    while error is not None:
        number = error.args[0] if isinstance(error, termios.error) else getattr(error, "errno", 0)
        if number:
            return int(number)
        error = error.__context__
    return None
