"""Processes that tests put up: ended in one place, and none outlives its test run."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .patience import PATIENCE_S

_SETPRIV = shutil.which("setpriv")


def start(
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    group: bool = False,
    options: Sequence[str] = (),
) -> subprocess.Popen[bytes]:
    """Start it; what it says is added to ``log``. ``group``: it is several processes.

    The kernel kills it when the thread that starts it is gone (prctl(2), PR_SET_PDEATHSIG), also
    where the tests themselves were killed. ``options`` are setpriv's, which runs it.
    """
    mortal = [_SETPRIV, "--pdeathsig", "KILL", *options] if _SETPRIV else []
    with log.open("ab") as said:
        return subprocess.Popen(
            [*mortal, *command],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env=environment,
            cwd=cwd,
            start_new_session=group,
        )


def end(
    process: subprocess.Popen[bytes] | None,
    how: signal.Signals = signal.SIGKILL,
    *,
    within_s: float = PATIENCE_S,
    group: bool = False,
) -> None:
    """End it and wait for that; nothing where there is none any more.

    Where it does not heed ``how`` ``within_s``, it is killed, and TimeoutExpired raised.
    """
    if process is None or process.poll() is not None:
        return
    send = os.killpg if group else os.kill
    send(process.pid, how)
    send(process.pid, signal.SIGCONT)  # A frozen one does not see a SIGTERM.
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        send(process.pid, signal.SIGKILL)
        process.wait()
        raise
