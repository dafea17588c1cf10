"""``edge-agent doctor`` on behalf of the daemon: in a process of its own, at low priority."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from ...contract.messages import ReportLine
from ...contract.told import rule

_WITHIN_S = 60.0
_LOW_PRIORITY = 10
_MOST_BYTES = 64 * 1024
_LINES = msgspec.json.Decoder(list[ReportLine])


class ProcessExaminer:
    """The Examiner port. ``done`` is called, on a thread of this one's, when findings are there.

    A process, because the doctor imports, opens and waits for much that the daemon must not: what
    it took of memory is given back, and no press waits for it.
    """

    def __init__(self, config: Path, done: Callable[[], None]) -> None:
        doctor = ("doctor", "--json", "--config", str(config))
        self._command = (sys.executable, "-m", "edge_agent", *doctor)
        self._done = done
        self._found: list[ReportLine] | str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._handover = threading.Lock()
        self._closed = False

    def begin(self) -> None:
        """Begin to look. Never blocks."""
        self._found = None
        threading.Thread(target=self._examine, name="examiner", daemon=True).start()

    def findings(self) -> list[ReportLine] | str | None:
        """What was found, once; why nothing could be, or None while it is not there yet."""
        found, self._found = self._found, None
        return found

    def close(self) -> None:
        """Leave no process behind."""
        with self._handover:
            self._closed = True
            if self._process is not None:
                self._process.kill()

    def _examine(self) -> None:
        self._found = self._outcome()
        self._done()

    def _outcome(self) -> list[ReportLine] | str:
        try:
            with subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as process:
                with self._handover:
                    self._process = process
                    if self._closed:  # Meanwhile.
                        process.kill()
                with suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, process.pid, _LOW_PRIORITY)
                try:
                    out, _ = process.communicate(timeout=_WITHIN_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    return f"the doctor took longer than {_WITHIN_S:.0f} s"
                finally:
                    self._process = None
            if len(out) > _MOST_BYTES:
                return f"the doctor said more than {_MOST_BYTES} bytes"
            return _LINES.decode(out)
        except (OSError, msgspec.DecodeError) as error:
            return f"the doctor did not answer: {rule(error)}"
