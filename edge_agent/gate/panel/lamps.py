"""Lamps and buzzer on GPIO pins. Every pattern runs on gpiozero's own threads: nothing waits."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gpiozero import LED, Buzzer

from ..events import Outcome
from ..pins import closed_chip, pin_factory
from ..rules import Hint
from ..settings.schema import PanelSettings
from .patterns import CALL_TECHNICIAN, STANDING_FAULT, TOUCHED, Blink, Pattern, duration, pattern

log = logging.getLogger(__name__)


_AGAIN_S = 60.0
"""Seconds after which pins that could not be opened are tried again: udev may have come late."""


class GpioPanel:
    """The Panel port on gpiozero devices.

    A panel whose pins cannot be opened stays dark, and nothing that is asked of it fails: a gate
    without lamps records all the same. ``problem`` says then what to do.
    """

    def __init__(self, settings: PanelSettings, *, call_technician: bool = False) -> None:
        """Open the pins that the settings name.

        ``call_technician``: show, while nobody touches, that somebody should look at the gate.
        """
        self._settings = settings
        self._lock = threading.RLock()
        self._broken = False
        self._fault = False
        self._call_technician = call_technician
        self._playing_until = 0.0
        self._sign_follows: threading.Timer | None = None
        self.devices: dict[str, Any] = {}
        self.problem: str | None = None
        if settings.pins != "none":
            self._open(settings)
        self._play(self._sign)

    def _open(self, settings: PanelSettings) -> None:
        wanted = {
            "green": settings.green,
            "amber": settings.amber,
            "red": settings.red,
            "buzzer": settings.buzzer,
        }
        try:
            factory = pin_factory(settings.pins)
            for name, pin in wanted.items():
                if pin != "none":
                    device = Buzzer if name == "buzzer" else LED
                    self.devices[name] = device(pin, pin_factory=factory)
        except Exception as error:  # lgpio's own errors derive from nothing else.
            self._let_go()
            advice = closed_chip() or (
                "check the pins in [panel], that this user is in the group gpio, and that lgpio is "
                'installed; or set [panel] pins = "none"'
            )
            problem = f"The lamps cannot be used ({error}): {advice}."
            if self.problem is None:
                log.error("%s Until then the gate records without them.", problem)
            self.problem = problem
            self._open_due = time.monotonic() + _AGAIN_S
        else:
            if self.problem is not None:
                log.info("the lamps can be used now")
            self.problem = None

    def _let_go(self) -> None:
        for device in self.devices.values():
            device.close()
        self.devices = {}

    def touched(self) -> None:
        """A finger is on the glass: darken whatever is lit, amber on."""
        self._play(TOUCHED)

    def show(self, outcome: Outcome, hint: Hint | None = None, *, offline: bool = False) -> None:
        """Show a touch its outcome."""
        self._play(pattern(outcome, hint, offline=offline))

    def fault(self, present: bool) -> None:
        """Begin or end the standing sign that the sensor cannot be used.

        An answer that is being shown is shown to its end first.
        """
        with self._lock:
            self._fault = present
            if not self._sign_waits():
                self._play(self._sign)

    def dark(self) -> None:
        """All lamps and the buzzer off, but for a standing sign."""
        with self._lock:
            self._off()
            if self._sign:
                self._play(self._sign)

    def close(self) -> None:
        """Dark, and let go of the pins."""
        with self._lock:
            self._fault = self._call_technician = False
            self._off()
            self._let_go()

    @property
    def _sign(self) -> Pattern:
        """What stands while nobody touches; {}: nothing."""
        if self._fault:
            return STANDING_FAULT
        return CALL_TECHNICIAN if self._call_technician else {}

    def _off(self) -> None:
        if self._sign_follows is not None:
            self._sign_follows.cancel()
            self._sign_follows = None
        self._playing_until = 0.0
        with self._going_on():
            for device in self.devices.values():
                device.off()

    def _play(self, wanted: Pattern) -> None:
        with self._lock:
            if self.problem is not None and time.monotonic() >= self._open_due:
                self._open(self._settings)
            self._off()
            with self._going_on():
                for name, blink in wanted.items():
                    if name in self.devices:
                        _start(self.devices[name], blink)
            self._playing_until = time.monotonic() + duration(wanted)
            self._sign_waits()

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """A lamp that fails must not keep the next punch from being recorded."""
        try:
            yield
        except Exception as error:  # lgpio's own errors derive from nothing else.
            if not self._broken:
                self._broken = True
                log.error("The lamps fail (%s): the gate goes on without them.", error)

    def _sign_waits(self) -> bool:
        """Have the standing sign follow what is being shown. Whether anything is."""
        left = self._playing_until - time.monotonic()
        if left <= 0:
            return False
        if self._sign and self._sign_follows is None:
            timer = threading.Timer(left, lambda: self._stand(timer))
            timer.daemon = True
            self._sign_follows = timer
            timer.start()
        return True

    def _stand(self, timer: threading.Timer) -> None:
        with self._lock:
            # One that has fired cannot be cancelled any more: by now another answer may be shown,
            # which another timer follows.
            if self._sign and self._sign_follows is timer:
                self._play(self._sign)


def _start(device: Any, blink: Blink) -> None:
    device.blink(on_time=blink.on_s, off_time=blink.off_s, n=blink.count, background=True)
