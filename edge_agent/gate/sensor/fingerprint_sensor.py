"""The Sensor port, on a ZFM-20 kind of module (R307, AS608, R503) at a serial port."""

import time
from collections.abc import Sequence

from msgspec.structs import replace

from ..errors import SensorGarbled, SensorRefused, SensorSilent, SensorUnplugged
from ..ports import Buffer, FingerImage, GoOn, Power, SensorInfo, give_up
from ..rules import Hint, Match
from ..settings.schema import SensorSettings
from .adapter import SensorAdapter
from .instructions import (
    GEN_IMG,
    IMAGE_FAILED,
    IMAGE_SIZES,
    IMG_2_TZ,
    POOR_SCANS,
    READ_SYS_PARA,
    REG_MODEL,
    UP_IMAGE,
    WRONG_PASSWORD,
)
from .library import INDEX_SLOTS, TemplateLibrary
from .link import Link
from .port import Port

_BAUD_UNIT = 9600
_USUAL_BAUDS = (57600, 115200, 9600, 19200, 38400)
_PACKET_SIZES = {0: 32, 1: 64, 2: 128, 3: 256}  # bytes
_WITHOUT_POWER = 1.5  # seconds: its capacitors are empty, though TX still feeds it a little
_FAILED_IMAGES = 20  # in a row; about 4 seconds
_NO_PASSWORD = 0
_LEFT = bytes((byte >> 4) * 17 for byte in range(256))  # 4 bits a pixel to 8: 15 becomes 255
_RIGHT = bytes((byte & 0xF) * 17 for byte in range(256))


class FingerprintSensor:
    """Fulfils ``gate.ports.Sensor``; its docstrings there hold here. For one thread."""

    def __init__(self, settings: SensorSettings, power: Power | None = None) -> None:
        """Opens nothing yet. ``power``: the pin that switches its supply, if there is one."""
        self._settings = settings
        self._power = power
        self._passwords: tuple[int, ...] = (_NO_PASSWORD,)
        """To be tried in this order."""
        self._adapter = SensorAdapter(settings.port)
        self._port: Port | None = None
        self._open_library: TemplateLibrary | None = None
        self._failed_images = 0
        self._has_answered = False

    def __repr__(self) -> str:
        state = "open" if self._port else "closed"
        return f"<FingerprintSensor {self._settings.port} {self._settings.baud} baud, {state}>"

    def try_passwords(self, *passwords: int) -> None:
        """At the next ``connect`` try these, and then none at all."""
        # None at all: a module that replaces one with a password has none.
        self._passwords = tuple(dict.fromkeys((*passwords, _NO_PASSWORD)))

    def expect(self, adapter: str | None) -> None:
        """At the next ``connect`` look for the USB adapter that a SensorInfo has told, too."""
        self._adapter.recall(adapter)

    def connect(self) -> SensorInfo:
        """Open the port, wait for the sensor to boot, verify the password, read its parameters.

        Raises SensorUnplugged, SensorForbidden or GateBusy where the port cannot be had,
        SensorSilent or SensorGarbled where no sensor answers well within 3 seconds (and names the
        baud at which one does), SensorRefused where the password is wrong.
        """
        self.close()
        self._port = Port(self._adapter.locate(), self._settings.baud)
        try:
            link = Link(self._port)
            self._greet(self._port, link)
            info = self._read_info(link)
            self._open_library = TemplateLibrary(link)
            self._adapter.answered(link.port_name)
            return replace(
                info,
                adapter=self._adapter.remembered,
                moved=self._adapter.moved(link.port_name),
            )
        except BaseException:
            self.close()
            raise

    def recover(self) -> None:
        """Prove that no older reply is still on its way; raises after about 2.4 seconds."""
        self._link.recover()

    def close(self) -> None:
        """Let go of the port. Never raises; closing twice is fine."""
        if self._port:
            self._port.close()
        self._port = self._open_library = None

    def restart(self) -> bool:
        """Take its power away for a second and a half; False where no pin switches it."""
        self.close()
        if self._power is None:
            return False
        self._power.switch(False)
        time.sleep(_WITHOUT_POWER)
        self._power.switch(True)
        return True

    def sleep(self) -> None:
        """Let the sensor sleep until it is touched or asked; SensorRefused where it cannot."""
        self._link.sleep()

    def check(self) -> None:
        """Verify the password, which a sensor that has restarted wants anyway."""
        self._link.check()

    def capture(self) -> bool | None:
        """Take an image. False: no finger is on the glass; None: the sensor could not tell.

        It says that its image failed (code 03) when a finger comes or goes meanwhile: the next
        capture decides. Twenty in a row are SensorRefused, so that a dying sensor does not look
        like a gate without workers.
        """
        try:
            present = bool(self._link.ask(GEN_IMG))
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
            self._link.ask(IMG_2_TZ, buffer=int(buffer))
        except SensorRefused as refused:
            if refused.code not in POOR_SCANS:
                raise
            return POOR_SCANS[refused.code]
        return None

    def search(self, buffer: Buffer = Buffer.ONE, only: int | None = None) -> Match | None:
        """Search a buffer in the sensor's whole library, or in one slot."""
        found = self._library.search(int(buffer), only)
        return Match(*found) if found else None

    def likeness(self) -> int:
        """The score of the features in both buffers; 0: not one finger's, or it cannot tell."""
        return self._library.likeness()

    def merge(self) -> bool:
        """Make one template of both buffers; False where they are different fingers."""
        return bool(self._link.ask(REG_MODEL))

    def store(self, slot: int) -> None:
        """Write the template to ``slot``; returns once the index was read back and shows it.

        Where the sensor's answer is lost, the index settles whether the template was written; it
        cannot where the slot was taken before, so that stays an error.
        """
        self._library.store(slot)

    def erase(self, slot: int) -> None:
        """Erase ``slot``; returns once the index was read back and no longer shows it."""
        self._library.erase(slot)

    def slots(self, go_on: GoOn = give_up) -> frozenset[int]:
        """The slots that hold a template."""
        return self._library.slots(go_on)

    def read_template(self, slot: int) -> bytes:
        """The template in ``slot``; SensorRefused where there is none."""
        return self._library.read_template(slot)

    def write_template(self, slot: int, template: bytes) -> None:
        """Write a template; returns once the index shows it and the same bytes were read back."""
        self._library.write_template(slot, template)

    def twin_of(self, slot: int, others: Sequence[int]) -> int | None:
        """The first of ``others`` whose template is of the same finger as that in ``slot``.

        By Match at the sensor's own security level; an R307 searches for nothing that it was sent.
        """
        return self._library.twin_of(slot, others)

    def read_notepad(self, page: int) -> bytes:
        """The 32 bytes of one of the notepad's 16 pages."""
        return self._library.read_notepad(page)

    def write_notepad(self, page: int, data: bytes) -> None:
        """Write 32 bytes; returns once they were read back."""
        self._library.write_notepad(page, data)

    def read_image(self) -> FingerImage:
        """The image of the last capture; SensorRefused where there is none."""
        image = self._link.receive(UP_IMAGE)
        width, height = IMAGE_SIZES[len(image)]
        return FingerImage(width, height, _grey(image))

    @property
    def _library(self) -> TemplateLibrary:
        if self._open_library is None:
            raise SensorUnplugged("sensor.not-open", port=self._settings.port)
        return self._open_library

    @property
    def _link(self) -> Link:
        return self._library.link

    def _greet(self, port: Port, link: Link) -> None:
        """Prove the link; where nobody answers well, find out at which baud somebody does.

        This only tells: to switch silently would hide from the technician that the settings are
        wrong.
        """
        configured = self._settings.baud
        try:
            self._verify(link)
        except (SensorSilent, SensorGarbled) as fault:
            # One that has answered at this baud before has not changed it by itself.
            if self._has_answered or not (baud := _other_baud(port)):
                raise
            raise SensorGarbled(
                "sensor.other-baud", port=port.name, baud=baud, configured=configured
            ) from fault
        self._has_answered = True

    def _verify(self, link: Link) -> None:
        """With the first password that the sensor takes; it is the first one from then on."""
        for password in self._passwords:
            link.password = password
            try:
                link.recover()
            except SensorRefused as refused:
                if refused.code != WRONG_PASSWORD or password == self._passwords[-1]:
                    raise
            else:
                self._passwords = tuple(dict.fromkeys((password, *self._passwords)))
                return

    def _read_info(self, link: Link) -> SensorInfo:
        try:
            _, system_id, capacity, level, _, packet, baud = link.read(READ_SYS_PARA)
        except (SensorSilent, SensorRefused) as fault:
            raise SensorSilent("sensor.no-parameters", port=self._settings.port) from fault
        # Slots that the index cannot show are not used: nothing could be read back from them.
        link.capacity = min(capacity, INDEX_SLOTS)
        link.packet_size = _PACKET_SIZES.get(packet, link.packet_size)
        return SensorInfo(
            system_id=system_id,
            capacity=link.capacity,
            security_level=level,
            baud=baud * _BAUD_UNIT,
        )


def _other_baud(port: Port) -> int | None:
    """The usual baud, other than the port's, at which a sensor answers; takes about 2 seconds.

    Leaves the port at that baud, or at some other one.
    """
    if not port.has_speed:
        return None
    configured = port.baud
    for baud in _USUAL_BAUDS:
        if baud != configured:
            port.baud = baud
            if Link(port).is_there():
                return baud
    return None


def _grey(image: bytes) -> bytes:
    """One byte a pixel out of two pixels a byte, the left one in the high half."""
    pixels = bytearray(2 * len(image))
    pixels[::2] = image.translate(_LEFT)
    pixels[1::2] = image.translate(_RIGHT)
    return bytes(pixels)
