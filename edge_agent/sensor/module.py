"""What a module can do and pyfingerprint cannot, or not well enough, in instructions and bytes."""

from .link import Link

_UP_CHAR, _DOWN_CHAR, _UP_IMAGE = 0x08, 0x09, 0x0A
_WRITE_NOTEPAD, _READ_NOTEPAD = 0x18, 0x19


class Module(Link):
    """A link, with every instruction that the gate uses."""

    template_size = 0
    """Bytes; 0 until the sensor has shown one."""

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
