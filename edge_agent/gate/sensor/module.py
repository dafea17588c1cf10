"""What a module can do and pyfingerprint cannot, or not well enough, in instructions and bytes."""

import struct

from ..errors import SensorFault, SensorRefused
from .instructions import NOT_FOUND, PACKET_ERROR
from .link import Link

_UP_CHAR, _DOWN_CHAR, _UP_IMAGE = 0x08, 0x09, 0x0A
_WRITE_NOTEPAD, _READ_NOTEPAD = 0x18, 0x19
_HIGH_SPEED_SEARCH = 0x1B
_RANGE = struct.Struct(">HH")  # the first slot and how many
_FOUND = struct.Struct(">HH")  # slot and score
_NOT_SUPPORTED = frozenset({PACKET_ERROR, _HIGH_SPEED_SEARCH})


class SensorModule(Link):
    """A link, with every instruction that the gate uses."""

    template_size = 0
    """Bytes; 0 until the sensor has shown one."""

    _searches_fast: bool | None = None

    def search(self) -> tuple[int, int] | None:
        """Slot and score of the template most like buffer 1, in the whole library.

        By HighSpeedSearch; but an R551 refuses it or stays silent, and other modules answer that
        they received a damaged packet. So the first failure of the first one on a connection means
        Search from then on, which finds the same, only later. Not tried while connecting: that
        would cost every connection what only those modules need.
        """
        if self._searches_fast is False:
            return self._search_plainly()
        try:
            found = self._search_fast()
        except SensorFault as fault:
            if self._searches_fast:
                raise
            self._searches_fast = False
            if not isinstance(fault, SensorRefused) or fault.code not in _NOT_SUPPORTED:
                raise
            # It has answered, so the features are still there, unless it restarts now.
            self.prove()
            return self._search_plainly()
        self._searches_fast = True
        return found

    def _search_fast(self) -> tuple[int, int] | None:
        whole = bytes([1]) + _RANGE.pack(0, self.capacity)
        answer = self.ask(_HIGH_SPEED_SEARCH, whole)
        return None if answer[0] == NOT_FOUND else _FOUND.unpack(answer[1:])

    def _search_plainly(self) -> tuple[int, int] | None:
        slot, score = self.searchTemplate()
        return (slot, score) if slot >= 0 else None

    def read_buffer(self, buffer: int) -> bytes:
        """The template in a buffer."""
        template = self.receive_stream(_UP_CHAR, bytes([buffer]))
        if self.template_size not in (0, len(template)):
            # Either this one or the one before has lost a packet on the way.
            self.template_size = 0
            raise self._doubt("its template is of another size than the one before")
        self.template_size = len(template)
        return template

    def write_buffer(self, buffer: int, template: bytes) -> None:
        """Put a template into a buffer; no reply tells whether the sensor has taken it.

        Not uploadCharacteristics: it asks for the packet size each time, and reads back at once
        what is read back from the flash anyway, so that a template would travel three times.
        """
        self.send_stream(_DOWN_CHAR, bytes([buffer]), template)

    def read_image(self) -> bytes:
        """The last image, two pixels in a byte.

        Not downloadImage: it can only write a file, and knows one size of image.
        """
        return self.receive_stream(_UP_IMAGE)

    def read_notepad(self, page: int) -> bytes:
        """One page."""
        return self.ask(_READ_NOTEPAD, bytes([page]))[1:]

    def write_notepad(self, page: int, data: bytes) -> None:
        """One page."""
        self.ask(_WRITE_NOTEPAD, bytes([page]) + data)
