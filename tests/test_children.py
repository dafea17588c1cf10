"""What a test run has put up is gone with it, however it ends."""

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from . import brokers, postgresql
from .patience import PATIENCE_S

_ROOT = Path(__file__).parents[1]

PUT_UP = {
    "mosquitto": """
import sys, time
from pathlib import Path
from tests.brokers import Mosquitto
broker = Mosquitto(Path(sys.argv[1]))
broker.start()
print(broker._process.pid, flush=True)
time.sleep(60)
""",
    "PostgreSQL": """
import time
from tests.postgresql import Postgresql
server = Postgresql()
server.__enter__()
print(server._server.pid, flush=True)
time.sleep(60)
""",
}
MISSING = {"mosquitto": brokers.MOSQUITTO is None, "PostgreSQL": postgresql.BINARIES is None}


def runs(pid: int) -> bool:
    with suppress(FileNotFoundError):
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False


@pytest.mark.system
@pytest.mark.parametrize("what", PUT_UP)
def test_a_killed_test_run_leaves_nothing_behind(what: str, tmp_path: Path) -> None:
    if MISSING[what]:
        pytest.skip(f"{what} is not installed")
    command = [sys.executable, "-c", PUT_UP[what], str(tmp_path)]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout
        pid = int(tests.stdout.readline())
        assert runs(pid)
        tests.send_signal(signal.SIGKILL)
        tests.wait()
    deadline = time.monotonic() + PATIENCE_S
    while runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)
