"""The real daemon, whose promises are system calls too: strace then has them in their order.

    python -m tests.powerloss.visible_daemon PROMISES [weaker=SETTING] run --config …

Writes to the file PROMISES: its process id; ``entry N`` as soon as the gate's thread has been told
that entry N is durable; ``lamp OUTCOME`` before the panel shows anything. Both are earlier than
what a worker can see. ``weaker=NORMAL`` and ``weaker=psow`` are the controls: the settings of most
programs, which lose commits, and lose them where a torn write garbles its neighbours.
"""

import os
import sqlite3
import sys
from typing import Any

from edge_agent.gate.events import Event, EventBus, LedgerGrew
from edge_agent.gate.panel.lamps import GpioPanel


class NormalConnection(sqlite3.Connection):
    """Syncs as seldom as most programs do."""

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        return super().execute(sql.replace("synchronous=EXTRA", "synchronous=NORMAL"), *args)


def weaken(setting: str) -> None:
    """From now on every connection is made with the weaker setting."""
    connect = sqlite3.connect

    def weaker(name: str, **how: Any) -> sqlite3.Connection:
        if setting == "NORMAL":
            return connect(name, **how, factory=NormalConnection)
        return connect(name.replace("psow=0", "psow=1"), **how)

    sqlite3.connect = weaker  # type: ignore[assignment]


def main() -> None:
    promises, *arguments = sys.argv[1:]
    out = os.open(promises, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    if arguments[0].startswith("weaker="):
        weaken(arguments.pop(0).removeprefix("weaker="))
    emit, show = EventBus.emit, GpioPanel.show

    def visibly_emit(self: EventBus, event: Event) -> None:
        if isinstance(event, LedgerGrew):
            os.write(out, b"entry %d\n" % event.seq)
        emit(self, event)

    def visibly_show(self: GpioPanel, outcome: Any, *args: Any, **kwargs: Any) -> None:
        os.write(out, b"lamp %s\n" % outcome.value.encode())
        show(self, outcome, *args, **kwargs)

    EventBus.emit = visibly_emit  # type: ignore[method-assign]
    GpioPanel.show = visibly_show  # type: ignore[method-assign]
    os.write(out, b"process %d\n" % os.getpid())
    sys.argv[1:] = arguments
    from edge_agent.cli import main as edge_agent

    edge_agent()


if __name__ == "__main__":
    main()
