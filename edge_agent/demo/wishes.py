"""Who wants the demo to end: Ctrl-C, SIGTERM, the end of the terminal. Noted from early on.

``python -m edge_agent`` listens before it loads what the demo needs: that takes a second on a busy
machine, in which a Ctrl-C would end it as it ends a command that failed. What is left is the start
of Python itself, in which nobody can be asked.
"""

import signal

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_noted: list[None] = []


def listen() -> None:
    """Note the wishes that come from now on; but for what whoever started it has ignored."""
    for number in _STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a shell's background
            signal.signal(number, lambda *_: note())


def note() -> None:
    """Somebody wants the end."""
    _noted.append(None)


def noted() -> int:
    """How often somebody did."""
    return len(_noted)


def close_ears() -> None:
    """It has ended: whoever asks now must not make a failure of it while Python cleans up."""
    # Python tells of one that comes while it is set to be ignored, as of an error.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
