"""What the daemon is told by signals: to stop, to take its settings anew, to show its stacks."""

import faulthandler
import signal
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_RELOAD_SIGNAL = signal.SIGHUP


class Signals:
    """From the first moment on: a start that makes a new ledger may take minutes.

    ``reloads``: a hang-up asks to take the settings anew. Without a service manager it means that
    the terminal has gone, and ends the daemon as it ends any command.
    """

    def __init__(self, *, reloads: bool = False) -> None:
        self.asked = False
        self.reload = False
        if reloads:
            signal.signal(_RELOAD_SIGNAL, self._ask_reload)
        for number in STOP_SIGNALS:
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True

    def _ask_reload(self, number: int, frame: FrameType | None) -> None:
        self.reload = True


def tell_stacks(number: int, frame: FrameType | None) -> None:
    """Write the stacks of all threads to stderr: the handler of SIGUSR1."""
    # Not by faulthandler.register: that looks into threads which run on meanwhile, and died of it.
    faulthandler.dump_traceback(all_threads=True)
