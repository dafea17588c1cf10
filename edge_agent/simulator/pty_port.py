"""A pty that looks like the sensor's serial port, under a link with a lasting name."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
import tty
from pathlib import Path

from .paths import SimulatorError

_TCGETS2 = 0x802C542A  # Linux: the only call that tells a speed like 28800, which has no constant
_TERMIOS2 = struct.Struct("4I B 19s 2I")
_READ_BYTES = 4096


class PtyPort:
    """An open pty; `close` is what pulling the plug looks like to the host.

    The master's file descriptor is non-blocking. A slave is kept open beside it, because without
    one the master reports an error for as long as no host has the port open.

    Raises:
        SimulatorError: the link cannot be made.
    """

    def __init__(self, link: Path, baud: int) -> None:
        self._link = link
        self.fd, self._slave = os.openpty()
        self._name = os.ttyname(self._slave)
        os.set_blocking(self.fd, False)
        tty.setraw(self._slave)
        attributes = termios.tcgetattr(self._slave)
        attributes[4] = attributes[5] = getattr(termios, f"B{baud}", termios.B57600)
        termios.tcsetattr(self._slave, termios.TCSANOW, attributes)
        temporary = link.with_name(link.name + ".new")
        try:
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(self._name)
            temporary.replace(link)
        except OSError as error:
            self.close()
            raise SimulatorError(
                f"cannot make the link {link} ({error.strerror}); choose another path"
            ) from error

    @property
    def host_baud(self) -> int:
        """The speed that the host has set."""
        state = fcntl.ioctl(self.fd, _TCGETS2, bytes(_TERMIOS2.size))
        speed: int = _TERMIOS2.unpack(state)[-1]
        return speed

    def read(self) -> bytes:
        """What the host has written since."""
        try:
            return os.read(self.fd, _READ_BYTES)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> int:
        """Write as much as the pty takes now; returns how many bytes that was."""
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Take the port away: the host's next read fails."""
        if _is_link_to(self._link, self._name):
            self._link.unlink()
        os.close(self.fd)
        os.close(self._slave)


def garble(data: bytes) -> bytes:
    """What a UART makes of bytes sent at another speed: noise without a start code in it."""
    return bytes(byte >> 1 | 0x80 for byte in data)


def _is_link_to(link: Path, name: str) -> bool:
    try:
        return os.readlink(link) == name
    except OSError:
        return False
