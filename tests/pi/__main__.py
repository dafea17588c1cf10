"""``make pi``: an emulated Pi with a gate on it, its console here, and a sensor to press on."""

import os
import select
import sys
import termios
import tty
from pathlib import Path
from tempfile import TemporaryDirectory

from .bench import Bench
from .emulator import NotHere, Pi, card

_LEAVE = b"\x1d"
"""Ctrl and ]."""

_LOOK_S = 0.03

_HINT = """\
An emulated Raspberry Pi 3B boots: a minute or two. Ctrl-] pulls its plug.
In another terminal the word 'sensor' of docs/first-gate.md presses on its sensor:
  cd {run}; sensor press hoa; sensor lift
"""


def main() -> None:
    """Until somebody leaves it."""
    try:
        folder = card()
    except NotHere as why:
        sys.exit(str(why))
    with TemporaryDirectory(prefix="pi-") as run, Bench(folder, Path(run)) as bench:
        print(_HINT.format(run=run))
        bench.pi.put("gate.toml", bench.settings)
        bench.pi.switch_on()
        _talk(bench.pi)


def _talk(pi: Pi) -> None:
    before = termios.tcgetattr(sys.stdin)
    tty.setraw(sys.stdin)
    try:
        while (said := pi.heard()) is not None:
            os.write(sys.stdout.fileno(), said)
            if select.select([sys.stdin], [], [], _LOOK_S)[0]:
                typed = os.read(sys.stdin.fileno(), 4096)
                if not typed or _LEAVE in typed:
                    return
                pi.type(typed)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


if __name__ == "__main__":
    main()
