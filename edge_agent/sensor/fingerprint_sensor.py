"""The Sensor port, on a ZFM-20 kind of module (R307, AS608, R503) at a serial port."""

import math
from collections.abc import Callable

from ..domain.errors import (
    BadRequest,
    SensorFault,
    SensorGarbled,
    SensorRefused,
    SensorSilent,
    SensorUnplugged,
)
from ..domain.rules import Hint, Match
from ..ports import Buffer, FingerImage, SensorInfo
from ..settings import SensorSettings
from .find_baud import other_baud
from .instructions import (
    EMPTY_BUFFER,
    IMAGE_FAILED,
    IMAGE_SIZES,
    MEANINGS,
    POOR_SCANS,
    TEMPLATE_SIZES,
)
from .module import Module
from .port import Port

_PAGE = 256  # slots in one page of the index table
_PAGES = 4  # and no more can be asked for
_BAUD_UNIT = 9600
_SMALLEST_PACKET = 32  # bytes
_FAILED_IMAGES = 20  # in a row; about 4 seconds
_WRITING, _READING = 1, 2  # buffers
_NOTEPAD_PAGES = 16
_NOTEPAD_PAGE = 32  # bytes
_HIGHEST_PASSWORD = 0xFFFFFFFF
_LEFT = bytes((byte >> 4) * 17 for byte in range(256))  # 4 bits a pixel to 8: 15 becomes 255
_RIGHT = bytes((byte & 0xF) * 17 for byte in range(256))


class FingerprintSensor:
    """Fulfils ``edge_agent.ports.Sensor``; its docstrings there hold here. For one thread."""

    def __init__(self, settings: SensorSettings, password: int = 0) -> None:
        """Opens nothing yet."""
        self._settings = settings
        self._password = password
        self._port: Port | None = None
        self._open_link: Module | None = None
        self._failed_images = 0

    def __repr__(self) -> str:
        state = "open" if self._port else "closed"
        return f"<FingerprintSensor {self._settings.port} {self._settings.baud} baud, {state}>"

    def connect(self) -> SensorInfo:
        """Open the port, wait for the sensor to boot, verify the password, read its parameters.

        Raises SensorUnplugged, SensorForbidden or GateBusy where the port cannot be had,
        SensorSilent or SensorGarbled where no sensor answers well within 3 seconds (and names the
        baud at which one does), SensorRefused where the password is wrong.
        """
        self.close()
        self._port = Port(self._settings.port, self._settings.baud)
        try:
            self._open_link = Module(self._port, self._password)
            self._greet(self._port, self._open_link)
            return self._read_info(self._open_link)
        except BaseException:
            self.close()
            raise

    def recover(self) -> None:
        """Prove that no older reply is still on its way; raises after about 3 seconds."""
        self._link.recover()

    def close(self) -> None:
        """Let go of the port. Never raises; closing twice is fine."""
        if self._port:
            self._port.close()
        self._port = self._open_link = None

    def capture(self) -> bool | None:
        """Take an image. False: no finger is on the glass; None: the sensor could not tell.

        It says that its image failed (code 03) when a finger comes or goes meanwhile: the next
        capture decides. Twenty in a row are SensorRefused, so that a dying sensor does not look
        like a gate without workers.
        """
        try:
            present = bool(self._link.readImage())
        except SensorRefused as refused:
            self._failed_images += 1
            if refused.code != IMAGE_FAILED or self._failed_images >= _FAILED_IMAGES:
                self._failed_images = 0
                raise
            return None
        self._failed_images = 0
        return present

    def extract(self, buffer: Buffer = Buffer.ONE) -> Hint | None:
        """Turn the image into features in ``buffer``; a Hint where the scan is too poor."""
        try:
            self._link.convertImage(int(buffer))
        except SensorRefused as refused:
            if refused.code not in POOR_SCANS:
                raise
            return POOR_SCANS[refused.code]
        return None

    def search(self) -> Match | None:
        """Search buffer 1 in the sensor's whole library."""
        slot, score = self._link.searchTemplate()
        return Match(slot, score) if slot >= 0 else None

    def merge(self) -> bool:
        """Make one template of both buffers; False where they are different fingers."""
        return bool(self._link.createTemplate())

    def store(self, slot: int) -> None:
        """Write the template to ``slot``; returns once the index was read back and shows it.

        Where the sensor's answer is lost, the link is recovered and the index settles whether the
        template was written; it cannot where the slot was taken before, so that stays an error.
        """
        link = self._link_for(slot)
        was_free = not _holds(link, slot)
        lost = self._carry_out(lambda: link.storeTemplate(slot))
        if not _holds(link, slot) or (lost and not was_free):
            raise lost or self._disbelieved(
                f"stored a template in slot {slot}", "does not show it", 0x18
            )

    def erase(self, slot: int) -> None:
        """Erase ``slot``; returns once the index was read back and no longer shows it."""
        link = self._link_for(slot)
        lost = self._carry_out(lambda: link.deleteTemplate(slot))
        # Not the ack: some modules answer code 10 where there was nothing to erase.
        if _holds(link, slot):
            raise lost or self._disbelieved(f"erased slot {slot}", "still shows it", 0x10)

    def slots(self) -> frozenset[int]:
        """The slots that hold a template."""
        link = self._link
        pages = range(math.ceil(link.capacity / _PAGE))
        used = [is_used for page in pages for is_used in link.getTemplateIndex(page)]
        return frozenset(slot for slot, is_used in enumerate(used[: link.capacity]) if is_used)

    def read_template(self, slot: int) -> bytes:
        """The template in ``slot``; SensorRefused where there is none."""
        link = self._link_for(slot)
        # Into the buffer that write_template does not use: what is in there is what it just wrote.
        link.loadTemplate(slot, _READING)
        return link.read_buffer(_READING)

    def write_template(self, slot: int, template: bytes) -> None:
        """Write a template; returns once the index shows it and the same bytes were read back.

        A lost answer is settled so too, whatever was in the slot before.
        """
        link = self._link_for(slot)
        self._check_size(link, template)

        def write() -> None:
            link.write_buffer(_WRITING, template)
            link.storeTemplate(slot, _WRITING)

        lost = self._carry_out(write)
        if not (_holds(link, slot) and self.read_template(slot) == template):
            raise lost or self._disbelieved(f"stored a template in slot {slot}", "differs", 0x18)

    def read_notepad(self, page: int) -> bytes:
        """The 32 bytes of one of the notepad's 16 pages."""
        return self._link.read_notepad(_notepad_page(page))

    def write_notepad(self, page: int, data: bytes) -> None:
        """Write 32 bytes; returns once they were read back."""
        link = self._link
        if len(data) != _NOTEPAD_PAGE:
            raise BadRequest(f"A page of the notepad is {_NOTEPAD_PAGE} bytes, not {len(data)}.")
        lost = self._carry_out(lambda: link.write_notepad(_notepad_page(page), data))
        if link.read_notepad(page) != data:
            raise lost or self._disbelieved(f"wrote page {page} of its notepad", "differs", 0x18)

    def read_image(self) -> FingerImage:
        """The image of the last capture; SensorRefused where there is none."""
        image = self._link.read_image()
        width, height = IMAGE_SIZES[len(image)]
        return FingerImage(width, height, _grey(image))

    def set_password(self, new: int) -> None:
        """Give the sensor another password (0: none); returns once it was verified.

        A lost answer is settled so too. Where even that fails, the sensor has either password.
        """
        if not 0 <= new <= _HIGHEST_PASSWORD:
            raise BadRequest(f"A password is a number from 0 to {_HIGHEST_PASSWORD}.")
        link = self._link
        lost = None
        try:
            link.setPassword(new)
        except (SensorSilent, SensorGarbled) as fault:
            lost = fault
        link.password = new
        try:
            link.recover()
        except SensorRefused as refused:
            link.password = self._password
            link.recover()
            raise lost or refused from None
        self._password = new

    @property
    def _link(self) -> Module:
        if self._open_link is None:
            raise SensorUnplugged(f"The sensor port {self._settings.port} is not open: connect.")
        return self._open_link

    def _greet(self, port: Port, link: Module) -> None:
        try:
            link.recover()
        except (SensorSilent, SensorGarbled) as fault:
            if baud := other_baud(port):
                raise SensorGarbled(
                    f"The sensor at {port.name} speaks {baud} baud, but [sensor] baud is "
                    f"{self._settings.baud}: set [sensor] baud = {baud}."
                ) from fault
            raise

    def _read_info(self, link: Module) -> SensorInfo:
        try:
            _, system_id, capacity, level, _, packet, baud = link.getSystemParameters()
        except (SensorSilent, SensorRefused) as fault:
            raise SensorSilent(
                f"The sensor at {self._settings.port} is there but does not tell its parameters: "
                "try again; if it stays so, it is a module without ReadSysPara, such as an R308, "
                "which this gate cannot use."
            ) from fault
        # Slots that the index cannot show are not used: nothing could be read back from them.
        link.capacity = min(capacity, _PAGES * _PAGE)
        link.packet_size = _SMALLEST_PACKET << packet
        return SensorInfo(
            system_id=system_id,
            capacity=link.capacity,
            security_level=level,
            baud=baud * _BAUD_UNIT,
        )

    def _link_for(self, slot: int) -> Module:
        """The link, once it is certain that the sensor has such a slot."""
        if not 0 <= slot < self._link.capacity:
            raise BadRequest(
                f"There is no slot {slot}: this sensor has 0 to {self._link.capacity - 1}."
            )
        return self._link

    def _check_size(self, link: Module, template: bytes) -> None:
        """Make sure that the sensor's templates are of this size, before its flash is touched.

        A sensor that has not shown one since it was connected is given this one and asked for it
        at once: what it does not take, it does not have afterwards. Twice, as the first time a
        packet may have been lost.
        """
        if not link.template_size and len(template) in TEMPLATE_SIZES:
            for _ in range(2):
                link.write_buffer(_WRITING, template)
                try:
                    if link.read_buffer(_WRITING) == template:
                        return
                except SensorRefused as refused:
                    if refused.code != EMPTY_BUFFER:
                        raise
                link.template_size = 0
        if len(template) != link.template_size:
            raise BadRequest(
                f"The sensor at {self._settings.port} takes no template such as this one of "
                f"{len(template)} bytes: it comes from another model, so enrol the finger anew."
            )

    def _carry_out(self, change: Callable[[], object]) -> SensorFault | None:
        """Ask for a change; where the answer is lost, return why, on a link that is sound again.

        What was changed has to be read back in either case.
        """
        try:
            change()
        except (SensorSilent, SensorGarbled) as lost:
            self._link.recover()
            return lost
        return None

    def _disbelieved(self, did: str, index: str, code: int) -> SensorRefused:
        return SensorRefused(
            f"The sensor at {self._settings.port} says that it {did}, but what is read back "
            f"{index}: {MEANINGS[code].advice}.",
            code,
        )


def _holds(link: Module, slot: int) -> bool:
    page, at = divmod(slot, _PAGE)
    return bool(link.getTemplateIndex(page)[at])


def _notepad_page(page: int) -> int:
    if not 0 <= page < _NOTEPAD_PAGES:
        raise BadRequest(f"The notepad has no page {page}, only 0 to {_NOTEPAD_PAGES - 1}.")
    return page


def _grey(image: bytes) -> bytes:
    """One byte a pixel out of two pixels a byte, the left one in the high half."""
    pixels = bytearray(2 * len(image))
    pixels[::2] = image.translate(_LEFT)
    pixels[1::2] = image.translate(_RIGHT)
    return bytes(pixels)
