"""The same week with the gate in a process of its own, which kill -9 ends at any moment."""

import os
import statistics
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar

from edge_agent.contract.errors import EdgeAgentError

from .seven_days import Week

_ROOT = Path(__file__).parents[2]

_MEASURED_AT = 60
"""Presses into a life: whatever is loaded late has been loaded by then."""


class KilledWeek(Week):
    """Every process of it is measured at the same age."""

    FAULTS: ClassVar = [(0.016, "kill"), *((at + 0.012, name) for at, name in Week.FAULTS[1:])]

    def __init__(self, folder: Path, presses: int, seed: int) -> None:
        super().__init__(folder, presses, seed)
        self.lives = self.kills = 0
        self.measured: list[tuple[int, int]] = []
        """Resident kilobytes and open files of each process that grew old enough."""
        self._process: subprocess.Popen[bytes] | None = None
        self._age = 0
        self._failed: list[BaseException] = []
        self.on_press = self._measure

    def _one_life(self) -> None:
        self.lives += 1
        self._age = 0
        log = self.folder / "gate.log"
        pipes = [Pipe(), Pipe()]
        theirs = [there.fileno() for _, there in pipes]
        command = [sys.executable, "-m", "tests.soak.gate_process", *map(str, theirs)]
        seed = str(self.random.getrandbits(32))
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [*command, str(self.folder), seed], pass_fds=theirs, cwd=_ROOT, stderr=errors
            )
        for _, there in pipes:
            there.close()
        serving = [threading.Thread(target=self._serve, args=(here,)) for here, _ in pipes]
        for thread in serving:
            thread.start()
        if self.left and self.random.random() < 0.2:
            self._kill_within(1.0)  # While it starts, and looks at what the last one left.
        for thread in serving:
            thread.join()
        for here, _ in pipes:
            here.close()
        ended = self._process.wait(30)
        if self._failed:
            raise self._failed[0]
        assert ended in (0, -9), log.read_text()
        if ended == -9:
            self.kills += 1
            self._was_killed()

    def _kill(self) -> None:
        """Somewhere in what is done for the next touch or two, or for payroll meanwhile."""
        self._kill_within(0.03)

    def _kill_within(self, seconds: float) -> None:
        assert self._process is not None
        timer = threading.Timer(self.random.uniform(0, seconds), self._process.kill)
        timer.daemon = True
        timer.start()

    def _was_killed(self) -> None:
        self.line.close()
        if self.sensor.glass is not None:
            self.unanswered += 1
            self.sensor.answered()
        self.ended()

    def _serve(self, pipe: Connection) -> None:
        """Be the world for one thread of the gate, until it is gone."""
        world = {"world": self, "clocks": self.clocks, "sensor": self.sensor, "line": self.line}
        try:
            while True:
                name, method, args, kwargs = pipe.recv()
                call: Callable[..., Any] = getattr(world[name], method)
                try:
                    answer = call(*args, **kwargs)
                except EdgeAgentError as fault:
                    answer = fault
                pipe.send(answer)
        except (EOFError, OSError):
            return
        except BaseException as error:
            self._failed.append(error)
            assert self._process is not None
            self._process.kill()

    def _measure(self, left: int) -> None:
        self._age += 1
        if self._age == _MEASURED_AT and self._process is not None:
            about = Path(f"/proc/{self._process.pid}")
            try:
                status = (about / "status").read_text()
                files = len(os.listdir(about / "fd"))
            except FileNotFoundError:
                return
            found = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
            if found:  # None of a process that is being killed.
                self.measured.append((int(found[0]), files))

    def growth(self) -> float:
        """What the processes of the last third hold, to those of the second third.

        Those of the first third hold less once and for all, for there is nothing to hold yet.
        """
        third = len(self.measured) // 3
        middle, last = (
            statistics.median(kb for kb, _ in part)
            for part in (self.measured[third:-third], self.measured[-third:])
        )
        return last / middle

    def files(self) -> dict[int, int]:
        """How many processes had how many files open."""
        counted: dict[int, int] = defaultdict(int)
        for _, files in self.measured:
            counted[files] += 1
        return dict(counted)
