"""The pins of a Pi's header for gpiozero, by libgpiod: the kernel's own library, which has a wheel
for each Python. gpiozero's factories want lgpio, which has none from 3.13 on (decision 65).
"""

import logging
import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import gpiod
from gpiod.line import Bias, Direction, Edge, Value
from gpiozero.exc import PinFixedPull, PinPWMFixedValue, PinSetInput
from gpiozero.pins.local import LocalPiFactory, LocalPiPin

from .chip import header_chip

log = logging.getLogger(__name__)

_FUNCTIONS = {"input": Direction.INPUT, "output": Direction.OUTPUT}
_PULLS = {"up": Bias.PULL_UP, "down": Bias.PULL_DOWN, "floating": Bias.DISABLED}
_EDGES = {"both": Edge.BOTH, "rising": Edge.RISING, "falling": Edge.FALLING}


def _named(names: dict[str, Any], value: object) -> str:
    return next((name for name, one in names.items() if one is value), "floating")


class HeaderFactory(LocalPiFactory):  # type: ignore[misc]
    """Makes pins on the chip that the header is on."""

    def __init__(self) -> None:
        super().__init__()
        self.pin_class = HeaderPin


class HeaderPin(LocalPiPin):  # type: ignore[misc]
    """One line of the chip, held from the first use until ``close``.

    gpiozero keeps a closed pin, and asks the same one again: of a chip that was looked for anew.
    """

    def __init__(self, factory: HeaderFactory, info: Any) -> None:
        super().__init__(factory, info)
        self._lock = threading.RLock()
        self._forget()

    def close(self) -> None:
        """Let go of the line; the kernel makes it an input. A chip that has gone is no error."""
        self.when_changed = None
        with suppress(OSError):
            self._end_tone()
        with self._lock:
            if self._held is not None:
                self._held.release()
            self._forget()

    def output_with_state(self, state: float) -> None:
        """An output at this level from its first moment, without a blip."""
        self._end_tone()
        self._use(direction=Direction.OUTPUT, output_value=Value(int(bool(state))))

    def _forget(self) -> None:
        self._held: gpiod.LineRequest | None = None
        self._settings: dict[str, Any] = {"direction": Direction.INPUT}
        self._edges = "both"
        self._watched: _Watched | None = None
        self._tone: _Tone | None = None
        self._frequency: float | None = None
        self._duty = 0.0

    def _use(self, **changed: Any) -> gpiod.LineRequest:
        """The line, so set. Raises OSError: there is no header, or another process has the line."""
        with self._lock:
            settings = {**self._settings, **changed}
            lines: dict[Any, Any] = {self._number: gpiod.LineSettings(**settings)}
            if self._held is None:
                self._held = gpiod.request_lines(str(header_chip()), lines, consumer="edge-agent")
            else:
                self._held.reconfigure_lines(lines)
            self._settings = settings
            return self._held

    def _get_function(self) -> str:
        return _named(_FUNCTIONS, self._settings["direction"])

    def _set_function(self, value: str) -> None:
        self._end_tone()
        self._use(direction=_FUNCTIONS[value])

    def _get_state(self) -> float:
        if self._frequency is not None:
            return self._duty
        with self._lock:
            held = self._held or self._use()
            return held.get_value(self._number) is Value.ACTIVE

    def _set_state(self, value: float) -> None:
        if self._settings["direction"] is not Direction.OUTPUT:
            raise PinSetInput(repr(self))
        if self._frequency is None:
            self._put(bool(value))
        else:
            self._duty = value
            self._sound()

    def _put(self, high: bool) -> None:
        with self._lock:
            held = self._held or self._use()
            held.set_value(self._number, Value(int(high)))
            self._settings["output_value"] = Value(int(high))

    def _get_pull(self) -> str:
        return self.info.pull or _named(_PULLS, self._settings.get("bias"))

    def _set_pull(self, value: str) -> None:
        if self._settings["direction"] is not Direction.INPUT:
            raise PinFixedPull(repr(self))
        if self.info.pull not in (value, ""):
            raise PinFixedPull(repr(self))
        self._use(bias=_PULLS[value])

    def _get_bounce(self) -> float | None:
        period: timedelta = self._settings.get("debounce_period", timedelta())
        return period.total_seconds() or None

    def _set_bounce(self, value: float | None) -> None:
        self._use(debounce_period=timedelta(seconds=value or 0))

    def _get_edges(self) -> str:
        return self._edges

    def _set_edges(self, value: str) -> None:
        heard, self.when_changed = self.when_changed, None
        self._edges = value
        self.when_changed = heard

    def _enable_event_detect(self) -> None:
        held = self._use(edge_detection=_EDGES[self._edges])
        self._watched = _Watched(held, self._call_when_changed)

    def _disable_event_detect(self) -> None:
        if self._watched is not None:
            self._watched.end()
            self._watched = None
            with suppress(OSError):  # Of a chip that has gone.
                self._use(edge_detection=Edge.NONE)

    def _get_frequency(self) -> float | None:
        return self._frequency

    def _set_frequency(self, value: float | None) -> None:
        if value and self._settings["direction"] is not Direction.OUTPUT:
            raise PinPWMFixedValue(repr(self))
        self._frequency = value or None
        if self._frequency is None:
            self._duty = 0.0
        self._sound()

    def _sound(self) -> None:
        """Begin, change or end the tone, as frequency and duty say."""
        if self._tone is not None:
            self._tone.end()
            self._tone = None
        if self._frequency is not None and 0 < self._duty < 1:
            self._tone = _Tone(self._frequency, self._duty, self._put)
        elif self._held is not None and self._settings["direction"] is Direction.OUTPUT:
            self._put(self._duty == 1)

    def _end_tone(self) -> None:
        if self._frequency is not None:
            self._set_frequency(None)


class _Watched:
    """A thread that tells a line's edges, until ``end``."""

    def __init__(self, held: gpiod.LineRequest, told: Callable[[float, bool], None]) -> None:
        self._held, self._told = held, told
        self._leave = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._follow, name="pin", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """No edge is told after this, but one that is being told."""
        os.eventfd_write(self._leave, 1)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _follow(self) -> None:
        ready = select.poll()
        ready.register(self._leave, select.POLLIN)
        ready.register(self._held.fd, select.POLLIN)
        try:
            while self._leave not in dict(ready.poll()):
                for event in self._held.read_edge_events():
                    rising = event.event_type is event.Type.RISING_EDGE
                    self._told(event.timestamp_ns / 1e9, rising)
        except OSError as error:
            log.error("A pin tells nothing any more (%s).", error.strerror)
        finally:
            os.close(self._leave)


class _Tone:
    """A square wave by a thread: pitches of a buzzer, tenths of a second long.

    It keeps to the moments that it should switch at, so the pitch is right on the average however
    late it wakes.
    """

    def __init__(self, frequency: float, duty: float, put: Callable[[bool], None]) -> None:
        self._pauses = (duty / frequency, (1 - duty) / frequency)
        self._put = put
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._play, name="tone", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """It is silent when this returns."""
        self._over.set()
        self._thread.join()

    def _play(self) -> None:
        due, high = time.monotonic(), True
        try:
            while not self._over.is_set():
                self._put(high)
                due += self._pauses[not high]
                high = not high
                time.sleep(max(0.0, due - time.monotonic()))
            self._put(False)
        except OSError as error:
            log.error("The buzzer fails (%s).", error.strerror)
