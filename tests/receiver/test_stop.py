"""The receiver ends when it is told to, whatever it is doing at that moment."""

import subprocess
import sys

import pytest

from tests.patience import PATIENCE_S

CAUGHT_IN_THE_ACT = """
import os, signal, sys
from edge_agent.cli import main, receive

class Waits:
    def __init__(self, options): pass
    def run(self, stop):
        with stop._cond:  # As Event.wait has it for a moment, again and again.
            os.kill(os.getpid(), signal.{signal})
        print("stopped" if stop.wait(20) else "goes on")

receive.Receiver = Waits
main(["receive", "--database", sys.argv[1]])
"""


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_told_to_stop_in_the_middle_of_a_pause(number: str, tmp_path: object) -> None:
    told = subprocess.run(
        [sys.executable, "-c", CAUGHT_IN_THE_ACT.format(signal=number), f"{tmp_path}/p.db"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (told.stdout, told.returncode) == ("stopped\n", 0), told.stderr
