"""The daemon with a clock that a test sets, and with a bug where one is planted.

    python -m tests.hostile.gate_process CLOCK PLANT run --config FILE

CLOCK is a file of two words: milliseconds that the wall clock is ahead, and the kernel's bound on
its error, or "none" where it is not synchronised. PLANT is one of PLANTS, or "nothing".
"""

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from edge_agent.cli import main
from edge_agent.contract.broker.client import BrokerClient
from edge_agent.gate.events import Outcome, PanelShown
from edge_agent.gate.host import clock
from edge_agent.gate.rules import Accepted
from edge_agent.gate.touch.credit import Credit


def set_clock(file: Path) -> None:
    """Have the daemon believe what ``file`` says."""

    def said() -> tuple[int, int | None]:
        ahead, error = file.read_text().split()
        return int(ahead), None if error == "none" else int(error)

    clock._kernel_error_ms = lambda: said()[1]
    names = {name: getattr(time, name) for name in dir(time) if not name.startswith("_")}
    names["time_ns"] = lambda: time.time_ns() + said()[0] * 1_000_000
    clock.time = SimpleNamespace(**names)  # type: ignore[attr-defined]


def _green_first() -> None:
    """The lamp is green before the commit."""
    record = Credit._record_punch

    def shown_first(self: Any, accepted: Accepted, stamp: Any) -> PanelShown:
        seq = self._gate.store.tail().seq + 1
        worker = accepted.proof.worker
        self._show(PanelShown(outcome=Outcome.RECORDED, worker=worker, seq=seq), stamp)
        time.sleep(0.05)
        return record(self, accepted, stamp)

    Credit._record_punch = shown_first  # type: ignore[method-assign]


def _takes_qos_2() -> None:
    """The bound on what a broker may leave unreleased is gone: paho's own way."""
    BrokerClient._packet_handle = BrokerClient.__base__._packet_handle  # type: ignore


PLANTS = {"nothing": lambda: None, "green first": _green_first, "QoS 2": _takes_qos_2}


if __name__ == "__main__":
    set_clock(Path(sys.argv[1]))
    PLANTS[sys.argv[2]]()
    sys.argv = ["edge-agent", *sys.argv[3:]]
    main()
