"""All readers of a gate, on a thread of their own: a flood of keys holds nobody up at the glass."""

import errno
import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from ...contract.language import Message
from ...contract.rights import READ, block_on, joining
from ..ports import Typed
from .device import Device, grab
from .keyboard import Keyboard

log = logging.getLogger(__name__)

MOST_WAITING = 8
"""Lines of one reader that wait for the gate; more is a flood, and no queue of workers."""

_AGAIN_EVERY_S = 1.0
"""How often one that is not there is tried again."""

_LOOK_MS = 500

_PAUSE_S = 0.02
"""Between two reads of devices that have something to say: a flood must not take the processor."""


class UsbReaders:
    """The Readers port on the devices that the settings name, plugged in or not."""

    def __init__(self, paths: Sequence[str], take: Callable[[int], None] = grab) -> None:
        """``take`` makes an open device ours."""
        self._take = take
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[Typed]] = {path: deque() for path in paths}
        self._open: dict[str, tuple[Device, Keyboard]] = {}
        self._problems: dict[str, Message] = {}
        self._heard: Callable[[], None] = lambda: None
        self._due = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="readers", daemon=True)

    def start(self) -> None:
        """Begin to read; what cannot be opened by now is told, and tried again."""
        self._open_missing()
        self._thread.start()

    @property
    def problem(self) -> Message | None:
        """What cannot be used of them, and what to do; None: all can."""
        with self._lock:
            return next(iter(self._problems.values()), None)

    def next(self) -> Typed | None:
        """The line that has waited for the longest, if one does."""
        with self._lock:
            lines = [waiting for waiting in self._waiting.values() if waiting]
            return min(lines, key=lambda waiting: waiting[0].at).popleft() if lines else None

    def listen(self, heard: Callable[[], None]) -> None:
        """Have ``heard`` called, on the readers' thread, where a line waits and none did."""
        self._heard = heard

    def close(self) -> None:
        """Read no more, and let go of the devices."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_AGAIN_EVERY_S + 1)
        for path in list(self._open):
            self._drop(path)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._turn()
            except Exception as error:
                # Whatever somebody plugs in: the gate goes on, and so do the other readers.
                log.error("the readers are opened anew: %s", type(error).__name__)
                for path in list(self._open):
                    self._drop(path)
                self._stopping.wait(_AGAIN_EVERY_S)

    def _turn(self) -> None:
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _AGAIN_EVERY_S
            self._open_missing()
        poll = select.poll()
        paths = {device.fd: path for path, (device, _) in self._open.items()}
        for fd in paths:
            poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll(_LOOK_MS):
            self._read(paths[fd])
        self._stopping.wait(_PAUSE_S)

    def _open_missing(self) -> None:
        for path in self._waiting:
            if path in self._open:
                continue
            try:
                self._open[path] = Device(path, self._take), Keyboard(time.monotonic())
            except OSError as error:
                self._note(path, told(path, error))
            else:
                self._note(path, None)

    def _read(self, path: str) -> None:
        device, keyboard = self._open[path]
        try:
            for key in device.read():
                if (line := keyboard.feed(key)) is not None:
                    self._put(Typed(path, line.text, line.quick, line.at))
        except OSError as error:
            # What was half typed goes with it.
            self._drop(path)
            self._note(path, told(path, error))

    def _put(self, typed: Typed) -> None:
        with self._lock:
            silent = not any(self._waiting.values())
            waiting = self._waiting[typed.device]
            if len(waiting) >= MOST_WAITING:
                return
            waiting.append(typed)
        if silent:
            self._heard()

    def _drop(self, path: str) -> None:
        device, _ = self._open.pop(path)
        device.close()

    def _note(self, path: str, problem: Message | None) -> None:
        with self._lock:
            before = self._problems.pop(path, None)
            if problem is not None:
                self._problems[path] = problem
        if problem is not None and before is None:
            log.error("%s The gate records without it meanwhile.", problem)
        elif problem is None and before is not None:
            log.info("the reader %s is there", path)


def told(path: str, error: OSError) -> Message:
    """Why a reader cannot be used, and what to do."""
    if error.errno == errno.EBUSY:
        return Message("reader.busy", path=path)
    if error.errno in (errno.ENOTTY, errno.EINVAL):
        return Message("reader.no-input", path=path)
    if error.errno in (errno.EACCES, errno.EPERM):
        block = block_on(Path(path), READ)
        why = (joining(block) or block.told) if block and block.stat else os.strerror(error.errno)
        return Message("reader.not-allowed", path=path, why=why)
    return Message("reader.missing", path=path)
