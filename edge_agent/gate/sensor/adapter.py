"""Which USB adapter the sensor hangs on, whatever name the kernel gives it today.

A plug that loses contact comes back as ttyUSB1 while ttyUSB0 is still being let go of, and after a
restart two adapters may have each other's names. What stays is what the adapter says of itself:
its make and serial number or, of the many that have none, the USB socket that it sits in.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct
from serial.tools import list_ports

from ...contract.language import Message

_SERIAL = re.compile(r"(?=.{6,})(?!0123456789|123456)")
"""What a serial number looks like. Makers who spare the trouble write "0001" into all of them."""

_FEWEST_SIGNS = 3
"""Different ones in a serial number."""


class _Adapter(Struct, frozen=True):
    """What tells one from the others."""

    make: str
    """Vendor and product, as "1a86:7523"."""
    serial: str | None
    socket: str
    """The USB path, as "1-1.2"."""
    interface: str
    """Which of the several ports that one adapter may have; "" of one."""

    @property
    def numbered(self) -> bool:
        """Whether its serial number can be its own."""
        serial = self.serial or ""
        return _SERIAL.match(serial) is not None and len(set(serial)) >= _FEWEST_SIGNS

    def is_like(self, other: "_Adapter") -> bool:
        """Whether make, serial number and port are the same."""
        return (self.make, self.serial, self.interface) == (
            other.make,
            other.serial,
            other.interface,
        )


class _Known(Struct, frozen=True):
    """The adapter behind which the sensor has answered, while [sensor] port was this."""

    port: str
    adapter: _Adapter
    by_socket: bool
    """Whether only the socket tells it from others."""

    def is_it(self, other: _Adapter) -> bool:
        return self.adapter.is_like(other) and (
            not self.by_socket or self.adapter.socket == other.socket
        )


class SensorAdapter:
    """Finds the adapter again that was in use, and never another one."""

    def __init__(self, port: str) -> None:
        """``port`` is the setting: a device, or a URL, of which nothing is ever looked for."""
        self._port = port
        self._known: _Known | None = None

    def recall(self, told: str | None) -> None:
        """Learn what ``remembered`` has told an earlier process; anything else is ignored."""
        try:
            known = msgspec.json.decode(told or "", type=_Known)
        except msgspec.DecodeError:
            return
        if known.port == self._port:
            self._known = known

    @property
    def remembered(self) -> str | None:
        """To be recalled by a later process; None where the sensor hangs on no USB adapter."""
        return None if self._known is None else msgspec.json.encode(self._known).decode()

    def locate(self) -> str:
        """The name to open now: the setting, or what the known adapter is called today."""
        if self._known is None:
            return self._port
        same = [device for device, adapter in _adapters().items() if self._known.is_it(adapter)]
        if any(map(self._is_at, same)):
            return self._port
        # Of two that are alike neither is known to be ours.
        return same[0] if len(same) == 1 else self._port

    def answered(self, device: str) -> None:
        """The sensor has answered at ``device``: whatever adapter that is, it is the one."""
        if "://" in device:
            return
        there, real = _adapters(), os.path.realpath(device)
        self._known = None
        for name, adapter in there.items():
            if os.path.realpath(name) == real:
                twins = sum(adapter.is_like(other) for other in there.values()) > 1
                self._known = _Known(self._port, adapter, by_socket=twins or not adapter.numbered)

    def moved(self, device: str) -> Message | None:
        """What a technician should know of a ``device`` that is not the one in the settings."""
        if device == self._port:
            return None
        stable = stable_name(device) or device
        return Message("sensor.adapter-moved", device=device, port=self._port, stable=stable)

    def _is_at(self, device: str) -> bool:
        return os.path.realpath(device) == os.path.realpath(self._port)


def _adapters() -> dict[str, _Adapter]:
    """Each USB adapter with a serial port, by its device's name."""
    try:
        ports = list_ports.comports()
    except (OSError, TypeError, ValueError):
        return {}  # One was pulled out just now, and pyserial did not expect that.
    found = {}
    for port in ports:
        if port.vid is None or port.pid is None or not port.location:
            continue
        socket, _, interface = port.location.partition(":")
        make = f"{port.vid:04x}:{port.pid:04x}"
        found[port.device] = _Adapter(make, port.serial_number, socket, interface)
    return found


def stable_name(device: str, root: Path = Path("/")) -> str | None:
    """The name of udev's that an adapter keeps; None where there is none.

    By what it is, or by its socket where several adapters are alike and share the one name.
    """
    by_id, by_path = (dict(_links(root, kind)) for kind in ("by-id", "by-path"))
    real = os.path.realpath(root / device.lstrip("/"))
    alike = by_path.keys() - by_id.keys()
    return by_path.get(real) if alike else by_id.get(real) or by_path.get(real)


def _links(root: Path, kind: str) -> Iterator[tuple[str, str]]:
    """Each device's real name, and udev's name for it."""
    folder = f"dev/serial/{kind}"
    for link in sorted((root / folder).glob("*")):
        yield os.path.realpath(link), f"/{folder}/{link.name}"
