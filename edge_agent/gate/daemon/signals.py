"""What the daemon is told by signals: to stop, to take its settings anew, to show its stacks."""

import faulthandler
import signal
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What may end the daemon; a hang-up only where no service manager listens (``Signals``)."""


class Signals:
    """From the first moment on: a start that makes a new ledger may take minutes.

    ``reloads``: a hang-up asks to take the settings anew. Without a service manager it means that
    the terminal has gone, and ends the daemon as SIGTERM does; but for one that nohup(1) has told
    to live on.
    """

    def __init__(self, *, reloads: bool = False) -> None:
        self.asked = False
        self.by: signal.Signals | None = None
        """What it was asked by, first."""
        self.reload = False
        ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self.numbers = tuple(
            number for number in STOP_SIGNALS if number != signal.SIGHUP or not (reloads or ignored)
        )
        """Those that end it."""
        if reloads:
            signal.signal(signal.SIGHUP, self._ask_reload)
        for number in self.numbers:
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        self.by = self.by or signal.Signals(number)

    def _ask_reload(self, number: int, frame: FrameType | None) -> None:
        self.reload = True


def tell_stacks(number: int, frame: FrameType | None) -> None:
    """Write the stacks of all threads to stderr: the handler of SIGUSR1."""
    # Not by faulthandler.register: that looks into threads which run on meanwhile, and died of it.
    faulthandler.dump_traceback(all_threads=True)
