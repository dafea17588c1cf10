"""The module behind the wire: its memories, and which exchange is going on. No framing, no time."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_agent.simulator import fingers
from edge_agent.simulator.flash import Flash
from edge_agent.simulator.glass import Glass
from edge_agent.simulator.matching import THRESHOLDS, compare
from edge_agent.simulator.models import Model

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


class Module:
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

    def feels(self, now: float) -> bool:
        """Whether the touch output is active."""
        if self.model.touch_active_low is None:
            return False
        if self.model.touch_after_sleep:
            slept = self.ram.slept_at
            return slept <= now and self.glass.felt(now, since=slept)
        return self.glass.felt(now)

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
