"""The soaked gate as a process of its own, to be killed: it asks for the world over two pipes.

    python -m tests.soak.gate_process GATE_FD UPLINK_FD FOLDER SEED

A pipe for each of its threads. Its start is the daemon's: the database is looked at first.
"""

import logging
import sys
import threading
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any, cast

from edge_agent.gate.daemon import loop
from edge_agent.gate.events import PanelShown
from edge_agent.gate.host.host_identity import HostIdentity
from edge_agent.gate.ledger.open_or_succeed import open_or_succeed
from edge_agent.gate.touch import poll_schedule
from tests.gate.uplink.gates import GATE

from .soaked_gate import ZONE, SoakedGate, World


class Asked:
    """A part of the world: whatever is called of it is asked for, and waited for."""

    def __init__(self, name: str, pipes: "Pipes") -> None:
        self._name = name
        self._pipes = pipes

    def __getattr__(self, method: str) -> Any:
        return partial(self._pipes.ask, self._name, method)


class Pipes:
    """The uplink's thread has its own: it waits while the gate's thread goes on."""

    def __init__(self, gate: Connection, uplink: Connection) -> None:
        self._gate, self._uplink = gate, uplink
        self._main = threading.get_ident()

    def ask(self, name: str, method: str, *args: Any, **kwargs: Any) -> Any:
        pipe = self._gate if threading.get_ident() == self._main else self._uplink
        # What shows that the asker's thread lives stays with it: the answer comes at once.
        sent = tuple(arg for arg in args if not callable(arg))
        pipe.send((name, method, sent, kwargs))
        answer = pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


class AskedWorld:
    def __init__(self, pipes: Pipes) -> None:
        self._pipes = pipes
        self.clocks, self.sensor, self.line = (
            Asked(name, pipes) for name in ("clocks", "sensor", "line")
        )

    def time_passes(self) -> None:
        self._pipes.ask("world", "time_passes")

    def beat(self) -> bool:
        return bool(self._pipes.ask("world", "beat"))

    def see(self, shown: PanelShown) -> None:
        self._pipes.ask("world", "see", shown)

    def disk_now(self) -> str:
        return str(self._pipes.ask("world", "disk_now"))


def main() -> None:
    gate_fd, uplink_fd, folder, seed = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    loop.BETWEEN_LOOKS_S = poll_schedule.BETWEEN_LOOKS_S = 0
    pipes = Pipes(Connection(int(gate_fd)), Connection(int(uplink_fd)))
    world = cast(World, AskedWorld(pipes))
    here = HostIdentity(board={}, card={})
    with open_or_succeed(Path(folder) / "gate.db", GATE, ZONE, world.clocks.stamp(), here):
        SoakedGate(Path(folder), world, Random(int(seed))).live(threading.Event())


if __name__ == "__main__":
    main()
