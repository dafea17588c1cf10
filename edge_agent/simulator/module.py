"""The module behind the wire: its models, its memories, what it answers. No framing, no time."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from . import fingers
from .fingers import THRESHOLDS, Quality, compare
from .flash import Flash
from .glass import Glass

_PLAIN_CODES = {
    Quality.DRY: 0x07,
    Quality.WET: 0x06,
    Quality.MESSY: 0x06,
    Quality.PARTIAL: 0x07,
    Quality.MOVED: 0x06,
    Quality.GHOST: 0x07,
}
_SYNOCHIP_CODES = _PLAIN_CODES | {Quality.DRY: 0x04, Quality.WET: 0x05, Quality.MOVED: 0x17}

_COMMON = frozenset({*range(0x01, 0x10), 0x12, 0x13, 0x14, 0x15, 0x18, 0x19, 0x1D, 0x1F})
_PORT_CONTROL, _HIGH_SPEED_SEARCH, _SLEEP = 0x17, 0x1B, 0x33


@dataclass(frozen=True)
class Model:
    """One kind of module."""

    name: str
    capacity: int  # slots
    template_size: int = 512  # bytes
    image_size: tuple[int, int] = (256, 288)  # pixels, width and height
    system_id: int = 0x0000
    boot_seconds: float = 0.2
    boot_byte: bool = False  # says 0x55 when it is ready
    touch_active_low: bool | None = None  # None: the module has no touch pin
    touch_after_sleep: bool = False  # active only after Sleep, and then holds until the next one
    baud_multipliers: frozenset[int] = frozenset(range(1, 13))  # of 9600 baud
    instructions: frozenset[int] = _COMMON | {_PORT_CONTROL, _HIGH_SPEED_SEARCH}
    poor_scan_codes: Mapping[Quality, int] = field(default_factory=lambda: _PLAIN_CODES)
    always_verify: bool = False  # answers 0x21 before VfyPwd even with the default password
    search_after_download: bool = True  # False: Search answers 01 until the next Img2Tz
    takes_blank_template: bool = True  # False: refuses a template whose bytes are all FF


MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            "r307",
            capacity=1000,
            system_id=0x0009,
            touch_active_low=True,
            always_verify=True,
            search_after_download=False,
        ),
        Model(
            "as608",
            capacity=162,
            system_id=0x2EC8,  # of the module whose log was published, as is the boot byte
            boot_seconds=0.2,  # assumption
            boot_byte=True,
            touch_active_low=False,
            touch_after_sleep=True,  # as on the module whose log was published
            instructions=_COMMON
            | {_PORT_CONTROL, _HIGH_SPEED_SEARCH, _SLEEP}
            | {0x10, 0x11, 0x16, 0x1C, 0x1E},
            poor_scan_codes=_SYNOCHIP_CODES,
        ),
        Model("zfm20", capacity=162, boot_seconds=0.5),
        Model(
            "zfm60",
            capacity=1000,
            boot_seconds=0.3,
            boot_byte=True,
            instructions=_COMMON | {_PORT_CONTROL, _HIGH_SPEED_SEARCH, 0x50, 0x51, 0x52, 0x53},
            always_verify=True,
        ),
        Model(
            "r503",
            capacity=200,
            template_size=1536,
            image_size=(192, 192),
            boot_seconds=0.05,
            boot_byte=True,
            touch_active_low=True,
            baud_multipliers=frozenset({1, 2, 4, 6, 12}),
            instructions=_COMMON
            | {0x16, 0x28, 0x30, 0x31, 0x32, _SLEEP, 0x35, 0x36}
            | {0x39, 0x3A, 0x3C, 0x3D, 0x40},
            takes_blank_template=False,
        ),
    )
}
"""Capacities, sizes, boot times and instruction sets are from the makers' manuals (ZFM-20 1.8,
ZFM-60, R307, R503 1.2); a value that no manual gives says so."""


@dataclass(frozen=True)
class Answer:
    """What the module says to an instruction: a code, data after it, and what follows."""

    code: int
    data: bytes = b""
    stream: bytes = b""  # sent after the acknowledgement, as data packets
    restart: bool = False
    takes: float | None = None  # seconds, where this outcome takes another time than the table says
    steps: Steps | None = None  # instead of all that: acknowledgements that come one by one


Steps = Iterator[Answer | None]
"""None: nothing is said before something happens on the glass."""

OK = Answer(0x00)
PACKET_ERROR = Answer(0x01)
NOT_VERIFIED = Answer(0x21)

_BLANK = 0xFF


@dataclass
class Download:
    """Data packets that the host has announced."""

    take: Callable[[bytes], None]
    content: bytearray = field(default_factory=bytearray)


@dataclass
class Ram:
    """What a restart forgets."""

    image: fingers.Features | bytes | None = None  # bytes: one that the host sent
    templates: dict[int, bytes] = field(default_factory=dict)  # by char buffer, 1 and 2
    verified: bool = False
    passed: bool = False  # the last match or search found something
    may_search: bool = True
    download: Download | None = None
    slept_at: float = math.inf  # seconds: when Sleep was carried out last


class SimulatedModule:
    """The state that the instructions work on."""

    def __init__(
        self,
        model: Model,
        flash: Flash,
        glass: Glass,
        seed: int,
        compare_templates: Callable[[bytes, bytes], int] = compare,
    ) -> None:
        self.model = model
        self.flash = flash
        self.glass = glass
        self.compare = compare_templates
        self.random = random.Random(seed)
        self.ram = Ram()
        self.now = 0.0  # seconds: when the current instruction arrived
        self._seed = seed
        self._captures = 0

    def restart(self) -> None:
        """Lose what is not in the flash."""
        self.ram = Ram()

    def swap(self) -> None:
        """Become another module of the same model, fresh from its maker."""
        self.flash = Flash(self.model.name)
        self.restart()

    def lie(self) -> None:
        """Become another module whose owner had this one in hand, and copied what marks it.

        In each slot that holds a template is that of a finger called ``impostor-SLOT`` then. Like
        ``swap``, it is not kept in the flash's file.
        """
        held = self.flash
        self.flash = Flash(self.model.name)
        self.flash.parameters, self.flash.notepad = held.parameters, dict(held.notepad)
        for slot in held.templates:
            features = fingers.capture(f"impostor-{slot}", Quality.GOOD, 0, 0)
            self.flash.templates[slot] = fingers.to_template(features, self.model.template_size)

    def touch_active(self, now: float) -> bool:
        """Whether the touch output is active."""
        if self.model.touch_active_low is None:
            return False
        if self.model.touch_after_sleep:
            slept = self.ram.slept_at
            return slept <= now and self.glass.senses_touch(now, since=slept)
        return self.glass.senses_touch(now)

    @property
    def locked(self) -> bool:
        """Whether the host has to verify the password first."""
        needs_password = self.flash.parameters.password != 0 or self.model.always_verify
        return needs_password and not self.ram.verified

    def take_image(self) -> bool:
        """Expose: False without a finger on the glass."""
        press = self.glass.expose(self.now)
        if press is None:
            self.ram.image = None
            return False
        self._captures += 1
        quality = press.capture_quality()
        self.ram.image = fingers.capture(press.name, quality, self._captures, self._seed)
        return True

    def image_bytes(self) -> bytes | None:
        """The image as it goes over the wire; None without one."""
        image = self.ram.image
        if isinstance(image, fingers.Features):
            return fingers.to_image(image, *self.model.image_size)
        return image

    def image_features(self) -> fingers.Features | None:
        """What can be read from the image; None where there is nothing."""
        image = self.ram.image
        return fingers.from_image(image) if isinstance(image, bytes) else image

    def expect_image(self) -> None:
        """Let the coming data packets become the image."""

        def take(image: bytes) -> None:
            self.ram.image = image

        self.ram.download = Download(take)

    def expect_template(self, buffer: int) -> None:
        """Let the coming data packets become the template in `buffer`."""

        def take(template: bytes) -> None:
            blank = all(byte == _BLANK for byte in template)
            if len(template) == self.model.template_size and (
                self.model.takes_blank_template or not blank
            ):
                self.ram.templates[buffer] = template

        # Whatever comes, the old content is gone.
        self.ram.templates.pop(buffer, None)
        self.ram.may_search = self.model.search_after_download
        self.ram.download = Download(take)

    def take_data(self, content: bytes, last: bool) -> None:
        """One data packet from the host; one that nobody announced is ignored."""
        download = self.ram.download
        if download is None:
            return
        download.content += content
        if last:
            self.ram.download = None
            download.take(bytes(download.content))

    def search(self, buffer: int, slots: range) -> tuple[int, int] | None:
        """The slot whose template is most like the buffer's, and its score, if that passes."""
        probe = self.ram.templates.get(buffer)
        if probe is None:
            return None
        scores = [
            (self.compare(probe, template), -slot)
            for slot, template in self.flash.templates.items()
            if slot in slots
        ]
        score, negative_slot = max(scores, default=(0, 0))
        return (-negative_slot, score) if score >= self.threshold else None

    @property
    def threshold(self) -> int:
        """The lowest score that passes at the security level set."""
        return THRESHOLDS[self.flash.parameters.security_level]
