"""The Sensor port, on a ZFM-20 kind of module (R307, AS608, R503) at a serial port."""

import math

from ..domain.errors import (
    BadRequest,
    SensorGarbled,
    SensorRefused,
    SensorSilent,
    SensorUnplugged,
)
from ..domain.rules import Hint, Match
from ..ports import Buffer, SensorInfo
from ..settings import SensorSettings
from .find_baud import other_baud
from .instructions import IMAGE_FAILED, MEANINGS, POOR_SCANS
from .link import Link
from .port import Port

_PAGE = 256  # slots in one page of the index table
_PAGES = 4  # and no more can be asked for
_BAUD_UNIT = 9600
_FAILED_IMAGES = 20  # in a row; about 4 seconds


class FingerprintSensor:
    """Fulfils ``edge_agent.ports.Sensor``; its docstrings there hold here. For one thread."""

    def __init__(self, settings: SensorSettings) -> None:
        """Opens nothing yet."""
        self._settings = settings
        self._port: Port | None = None
        self._open_link: Link | None = None
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
            self._open_link = Link(self._port)
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
        try:
            link.storeTemplate(slot)
        except (SensorSilent, SensorGarbled):
            link.recover()
            if not (was_free and _holds(link, slot)):
                raise
            return
        if not _holds(link, slot):
            raise self._disbelieved(f"stored a template in slot {slot}", "does not show it", 0x18)

    def erase(self, slot: int) -> None:
        """Erase ``slot``; returns once the index was read back and no longer shows it."""
        link = self._link_for(slot)
        try:
            link.deleteTemplate(slot)
        except (SensorSilent, SensorGarbled):
            link.recover()
            if _holds(link, slot):
                raise
            return
        # Not the ack: some modules answer code 10 where there was nothing to erase.
        if _holds(link, slot):
            raise self._disbelieved(f"erased slot {slot}", "still shows it", 0x10)

    def slots(self) -> frozenset[int]:
        """The slots that hold a template."""
        link = self._link
        pages = range(math.ceil(link.capacity / _PAGE))
        used = [is_used for page in pages for is_used in link.getTemplateIndex(page)]
        return frozenset(slot for slot, is_used in enumerate(used[: link.capacity]) if is_used)

    @property
    def _link(self) -> Link:
        if self._open_link is None:
            raise SensorUnplugged(f"The sensor port {self._settings.port} is not open: connect.")
        return self._open_link

    def _greet(self, port: Port, link: Link) -> None:
        try:
            link.recover()
        except (SensorSilent, SensorGarbled) as fault:
            if baud := other_baud(port):
                raise SensorGarbled(
                    f"The sensor at {port.name} speaks {baud} baud, but [sensor] baud is "
                    f"{self._settings.baud}: set [sensor] baud = {baud}."
                ) from fault
            raise

    def _read_info(self, link: Link) -> SensorInfo:
        try:
            _, system_id, capacity, level, _, _, baud = link.getSystemParameters()
        except (SensorSilent, SensorRefused) as fault:
            raise SensorSilent(
                f"The sensor at {self._settings.port} is there but does not tell its parameters: "
                "try again; if it stays so, it is a module without ReadSysPara, such as an R308, "
                "which this gate cannot use."
            ) from fault
        # Slots that the index cannot show are not used: nothing could be read back from them.
        link.capacity = min(capacity, _PAGES * _PAGE)
        return SensorInfo(
            system_id=system_id,
            capacity=link.capacity,
            security_level=level,
            baud=baud * _BAUD_UNIT,
        )

    def _link_for(self, slot: int) -> Link:
        """The link, once it is certain that the sensor has such a slot."""
        if not 0 <= slot < self._link.capacity:
            raise BadRequest(
                f"There is no slot {slot}: this sensor has 0 to {self._link.capacity - 1}."
            )
        return self._link

    def _disbelieved(self, did: str, index: str, code: int) -> SensorRefused:
        return SensorRefused(
            f"The sensor at {self._settings.port} says that it {did}, but its index {index}: "
            f"{MEANINGS[code].advice}.",
            code,
        )


def _holds(link: Link, slot: int) -> bool:
    page, at = divmod(slot, _PAGE)
    return bool(link.getTemplateIndex(page)[at])
