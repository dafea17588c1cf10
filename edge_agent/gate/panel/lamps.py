"""Lamps and buzzer on GPIO pins. What is shown goes on by a thread of its own: nothing waits."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from gpiozero import LED, Buzzer, TonalBuzzer
from gpiozero.tones import Tone

from ...contract.facts import Direction
from ...contract.language import Message
from ..events import Outcome
from ..pins import closed_chip, pin_factory
from ..rules import Hint
from ..settings.schema import PanelSettings
from .signs import (
    BUSY,
    BUSY_BEGINS,
    CALL_TECHNICIAN,
    SENSOR_FAULT,
    TOUCHED,
    Rhythm,
    Sign,
    sign_of,
)

log = logging.getLogger(__name__)

_AGAIN_S = 60.0
"""Seconds after which pins that could not be opened are tried again: udev may have come late."""


_STANDING = {"fault": SENSOR_FAULT, "busy": BUSY, "call": CALL_TECHNICIAN}


class _Step(NamedTuple):
    """``after_s``: seconds since the step before. ``pitch``: None turns the device off."""

    after_s: float
    name: str
    pitch: str | None


def _steps(rhythms: dict[str, Rhythm]) -> deque[_Step]:
    """The rhythms of all devices as one row; it ends where the last pause of the longest does."""
    timed: list[tuple[float, str, str | None]] = []
    ends = 0.0
    for name, rhythm in rhythms.items():
        at = 0.0
        for pulse in rhythm:
            timed += [(at, name, pulse.pitch), (at + pulse.on_s, name, None)]
            at += pulse.on_s + pulse.off_s
        ends = max(ends, at)
    timed.sort(key=lambda one: one[0])
    timed.append((ends, "", None))
    row, before = deque[_Step](), 0.0
    for at, name, pitch in timed:
        row.append(_Step(at - before, name, pitch))
        before = at
    return row


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
        self._always_calls = call_technician
        self._changed = threading.Condition(threading.RLock())
        self._broken = self._closed = False
        self._stands = {"fault": False, "busy": False, "call": call_technician}
        self._shown: Sign | None = None
        """The standing sign that is shown; None: an answer is, or nothing."""
        self._left: deque[_Step] = deque()
        """What is still to be done of what is shown."""
        self._due = 0.0
        self._chosen: Direction | None = None
        self._thread: threading.Thread | None = None
        self.devices: dict[str, Any] = {}
        self.problem: Message | None = None
        if settings.pins != "none":
            self._open()
        with self._changed:
            self._stand()

    def touched(self) -> None:
        """A finger is on the glass: darken whatever is lit, amber on."""
        self.play(TOUCHED.rhythms)

    def show(
        self,
        outcome: Outcome,
        hint: Hint | None = None,
        *,
        direction: Direction | None = None,
        offline: bool = False,
    ) -> None:
        """Show a touch its outcome."""
        asks = bool({"in", "out"} & self.devices.keys())
        self.play(sign_of(outcome, hint, direction=direction, offline=offline, asks=asks))

    def fault(self, present: bool) -> None:
        """Begin or end the standing sign that the sensor cannot be used.

        An answer that is being shown is shown to its end first, as before each standing sign.
        """
        with self._changed:
            self._stands["fault"] = present
            if self._idle:
                self._stand()

    def busy(self, present: bool) -> None:
        """Begin or end the standing sign that somebody is being enrolled."""
        with self._changed:
            self._stands["busy"] = present
            if self._idle and present:
                self.play({"buzzer": BUSY_BEGINS})
            elif self._idle:
                self._stand()

    def call(self, present: bool) -> None:
        """Begin or end the standing sign that somebody should look at the gate."""
        with self._changed:
            self._stands["call"] = present or self._always_calls
            if self._idle:
                self._stand()

    def choose(self, way: Direction | None) -> None:
        """Light the lamp of the direction that would be recorded now, beside what else is shown."""
        with self._changed:
            self._chosen = way
            for each in Direction:
                self._set(each, None)

    def dark(self) -> None:
        """All lamps and the buzzer off, but for a standing sign."""
        with self._changed:
            self._off()
            self._stand()

    def close(self) -> None:
        """Dark, and let go of the pins."""
        with self._changed:
            self._closed, self._chosen = True, None
            self._off()
            self._let_go()
            self._changed.notify()
            follower, self._thread = self._thread, None
        if follower is not None:
            follower.join()

    @property
    def _sign(self) -> Sign | None:
        """What stands while nobody touches, the most urgent first; of what can be shown here."""
        for why, sign in _STANDING.items():
            if self._stands[why] and sign.rhythms.keys() & self.devices.keys():
                return sign
        return None

    @property
    def _idle(self) -> bool:
        """Whether no answer is being shown."""
        return self._shown is not None or not self._left

    def play(self, rhythms: dict[str, Rhythm], sign: Sign | None = None) -> None:
        """Show these rhythms in place of what is shown; ``sign``: they are its, and stand."""
        with self._changed:
            if self._closed:
                return
            if self.problem is not None and time.monotonic() >= self._open_due:
                self._open()
            self._off()
            self._shown = sign
            self._left = _steps({k: v for k, v in rhythms.items() if k in self.devices})
            self._due = time.monotonic()
            self._go_on()  # What begins at once is lit before this returns.
            if self._thread is None and self.devices:
                self._thread = threading.Thread(target=self._follow, name="panel", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _stand(self) -> None:
        """Show the sign that stands, if there is one and it is not shown already."""
        sign = self._sign
        if sign is None and self._shown is not None:
            self._off()
        elif sign is not None and (sign is not self._shown or not self._left):
            self.play(sign.rhythms, sign)

    def _go_on(self) -> None:
        """Do what is due of what is shown.

        From step to step, so that a machine that is late makes a pulse longer, and never shorter.
        """
        while self._left and time.monotonic() >= self._due + self._left[0].after_s:
            step = self._left.popleft()
            self._set(step.name, step.pitch)
            self._due = time.monotonic()

    def _follow(self) -> None:
        with self._changed:
            while not self._closed:
                if self._left:
                    self._changed.wait(
                        max(0.0, self._due + self._left[0].after_s - time.monotonic())
                    )
                    self._go_on()
                elif self._sign is not None:
                    self._stand()
                else:
                    self._changed.wait()

    def _off(self) -> None:
        self._left.clear()
        self._shown = None
        for name in self.devices:
            self._set(name, None)

    def _set(self, name: str, pitch: str | None) -> None:
        device = self.devices.get(name)
        if device is None:
            return
        with self._going_on():
            if isinstance(device, TonalBuzzer):
                device.play(pitch and Tone(pitch))
            elif pitch is not None or name == self._chosen:
                device.on()
            else:
                device.off()

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """A lamp that fails must not keep the next punch from being recorded."""
        try:
            yield
        except Exception as error:  # gpiozero's own, the kernel's, and that gpiod is not installed.
            if not self._broken:
                self._broken = True
                log.error("The lamps fail (%s): the gate goes on without them.", error)

    def _open(self) -> None:
        settings = self._settings
        wanted = {
            "green": settings.green,
            "amber": settings.amber,
            "red": settings.red,
            "buzzer": settings.buzzer,
            "in": settings.lamp_in,
            "out": settings.lamp_out,
        }
        try:
            factory = pin_factory(settings.pins)
            for name, pin in wanted.items():
                if pin != "none":
                    self.devices[name] = _device(name, settings)(pin, pin_factory=factory)
        except Exception as error:  # gpiozero's own, the kernel's, and that gpiod is not installed.
            self._let_go()
            advice = closed_chip() or Message("panel.check-pins")
            problem = Message("panel.unusable", error=error, advice=advice)
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


def _device(name: str, settings: PanelSettings) -> Any:
    if name != "buzzer":
        return LED
    return Buzzer if settings.buzzer_kind == "active" else partial(TonalBuzzer, octaves=2)
