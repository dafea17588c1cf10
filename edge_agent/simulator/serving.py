"""One simulated sensor as a running thing: the pty, the control socket and the clock around it."""

from __future__ import annotations

import os
import selectors
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import control
from .control import ControlSocket
from .flash import Flash
from .glass import Glass, Press
from .module import MODELS
from .paths import SimulatorError, check_link, claimed
from .pty_port import PtyPort, garble
from .sensor import SimulatedSensor
from .wire import Transmission

_BETWEEN_LOOKS = 0.02  # seconds, while the sensor watches the glass by itself
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class SimulatorOptions:
    """What to simulate, and where."""

    link: Path  # becomes a link to the pty
    control: Path  # becomes the control socket
    model: str = "r307"  # one of MODELS
    paced: bool = True  # take the time that a real module and its line take
    seed: int = 0  # decides scores and random numbers
    flash: Path | None = None  # keeps the sensor's memory; None: it starts empty and forgets


def serve(options: SimulatorOptions, ready: Callable[[], object] = lambda: None) -> None:
    """Simulate one sensor until `quit` on the control socket, SIGTERM or SIGINT.

    `ready` is called once the link and the control socket are there. Both are removed at the end.
    The signals are heeded only in a process's main thread.

    Raises:
        SimulatorError: something at one of the paths forbids it.
    """
    if options.model not in MODELS:
        raise SimulatorError(
            f"there is no sensor model {options.model}; choose one of {', '.join(MODELS)}"
        )
    with ExitStack() as stack:
        check_link(options.link)
        stack.enter_context(claimed(options.link))
        if options.flash is not None:
            stack.enter_context(claimed(options.flash))
        flash = Flash.open(options.model, options.flash)
        selector = stack.enter_context(selectors.DefaultSelector())
        bench = _PtyBench(options, flash, selector)
        socket = ControlSocket(options.control, selector, lambda line: control.answer(line, bench))
        stack.callback(socket.close)
        stack.callback(bench.unplug)
        bench.plug()
        stack.enter_context(_stopping_on_signals(bench.quit, selector))
        ready()
        bench.run()


class _PtyBench:
    """The sensor, its plug and its glass; what the control socket works on."""

    def __init__(
        self, options: SimulatorOptions, flash: Flash, selector: selectors.BaseSelector
    ) -> None:
        self._link = options.link
        self._glass = Glass()
        self._sensor = SimulatedSensor(
            MODELS[options.model], flash, self._glass, paced=options.paced, seed=options.seed
        )
        self._selector = selector
        self._port: PtyPort | None = None
        self._unsent: deque[Transmission] = deque()
        self._stalled = False  # the pty is full because the host does not read
        self._powered = True
        self._stopping = False

    def run(self) -> None:
        """Serve until `quit`."""
        while not self._stopping:
            for key, _ in self._selector.select(self._pause()):
                key.data()
            self._go_on()
            self._send_due()

    def press(self, press: Press) -> None:
        self._glass.press(press, time.monotonic())

    def lift(self) -> None:
        self._glass.lift(time.monotonic())

    def sunlight(self, on: bool) -> None:
        self._glass.sunlit = on

    def touch_level(self) -> bool | None:
        return self._sensor.touch_level(time.monotonic(), powered=self._powered)

    def wear(self, slot: int) -> bool:
        return self._sensor.wear(slot)

    def exchange(self, one: int, other: int) -> bool:
        return self._sensor.exchange(one, other)

    def impostor(self) -> None:
        self._sensor.impostor()

    def unplug(self) -> bool:
        if self._port is None:
            return False
        self._selector.unregister(self._port.fd)
        self._port.close()
        self._port = None
        self._unsent.clear()
        self._stalled = False
        return True

    def plug(self) -> bool:
        if self._port is not None:
            return False
        self._port = PtyPort(self._link, self._sensor.baud)
        self._selector.register(self._port.fd, selectors.EVENT_READ, self._hear)
        if self._powered:
            self._boot()
        return True

    def power(self, on: bool) -> bool:
        if on is self._powered:
            return False
        self._powered = on
        self._unsent.clear()
        if on and self._port:
            self._boot()
        return True

    def _boot(self) -> None:
        self._unsent.extend(self._sensor.power_on(time.monotonic()))
        self._send_due()  # a boot without pace is over when the host is told of it

    def slots(self) -> tuple[list[int], int]:
        return self._sensor.slots, self._sensor.capacity

    def fault(self, kind: str, count: int) -> None:
        self._sensor.inject(kind, count)

    def quit(self) -> None:
        self._stopping = True

    def _hear(self) -> None:
        if self._port is None:  # unplugged by an event of the same round
            return
        data = self._port.read()
        if self._port.host_baud != self._sensor.baud:
            data = garble(data)
        if data and self._powered:
            self._unsent.extend(self._sensor.receive(data, time.monotonic()))

    def _go_on(self) -> None:
        if self._port and self._powered and self._sensor.watches:
            self._unsent.extend(self._sensor.tick(time.monotonic()))

    def _pause(self) -> float | None:
        """Seconds until the next byte is due; None while there is nothing that can be sent."""
        if self._sensor.watches:
            return _BETWEEN_LOOKS
        if not self._unsent or self._stalled:
            return None
        return max(0.0, self._unsent[0].due - time.monotonic())

    def _send_due(self) -> None:
        while self._port and self._unsent and self._unsent[0].due <= time.monotonic():
            part = self._unsent.popleft()
            data = part.data if self._port.host_baud == part.baud else garble(part.data)
            written = self._port.write(data)
            if written < len(data):
                self._unsent.appendleft(Transmission(part.due, part.data[written:], part.baud))
            self._set_stalled(self._port, written < len(data))
            if self._stalled:
                break

    def _set_stalled(self, port: PtyPort, stalled: bool) -> None:
        """Let the selector say when the pty has room again, for as long as it has none."""
        if stalled != self._stalled:
            self._stalled = stalled
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if stalled else 0)
            self._selector.modify(port.fd, events, self._hear)


@contextmanager
def _stopping_on_signals(
    stop: Callable[[], None], selector: selectors.BaseSelector
) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Python retries a select that a signal interrupted: only a byte in a pipe wakes it.
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    selector.register(reading, selectors.EVENT_READ, stop)
    former_fd = signal.set_wakeup_fd(writing)
    former = {number: signal.signal(number, lambda *_: None) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(former_fd)
        selector.unregister(reading)
        os.close(reading)
        os.close(writing)
