"""An input device of the kernel's (/dev/input/event…), for this process alone.

The few bytes of linux/input.h are read here: evdev on PyPI is C that a gate would have to compile.
"""

import errno
import fcntl
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from .keyboard import Key

_EVENT = struct.Struct("@llHHi")
"""struct input_event: seconds, microseconds, type, code, value; the first two as long as a pointer,
on a kernel of 32 bits too."""

_EVIOCGRAB = 0x40044590
_EVIOCSCLOCKID = 0x400445A0

_AT_ONCE = 64 * _EVENT.size


def grab(fd: int) -> None:
    """Have the device to ourselves, with times that nobody sets. Raises OSError.

    What it types reaches no console and no shell from here on.
    """
    fcntl.ioctl(fd, _EVIOCGRAB, 1)
    fcntl.ioctl(fd, _EVIOCSCLOCKID, struct.pack("@i", time.CLOCK_MONOTONIC))


class Device:
    """One that is plugged in. Whatever goes wrong is an OSError, and the end of it."""

    def __init__(self, path: str, take: Callable[[int], None] = grab) -> None:
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._rest = b""
        try:
            take(self.fd)
        except BaseException:
            self.close()
            raise

    def read(self) -> Iterator[Key]:
        """The keys that are there now."""
        try:
            data = os.read(self.fd, _AT_ONCE)
        except BlockingIOError:
            return
        if not data:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        data = self._rest + data
        whole = len(data) - len(data) % _EVENT.size
        self._rest = data[whole:]
        for seconds, micros, kind, code, value in _EVENT.iter_unpack(data[:whole]):
            yield Key(kind, code, value, seconds + micros / 1_000_000)

    def close(self) -> None:
        """Let go of it."""
        with suppress(OSError):
            os.close(self.fd)
