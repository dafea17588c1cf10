"""kill -9: whatever was acknowledged is there, and the next start needs nobody's help."""

import signal
import subprocess
import sys
from pathlib import Path

from edge_agent.gate.ledger.store.verify import verify_ledger
from tests.patience import PATIENCE_S

from .ledgers import append, open_store

WRITER = """
import sys
from pathlib import Path
from tests.gate.ledger.ledgers import append, open_store, punch
store = open_store(Path(sys.argv[1]))
while True:
    entry = append(store, punch())
    print(entry.seq, entry.hash.hex(), flush=True)
"""


def write_until_killed(folder: Path, acknowledgements: int) -> dict[int, str]:
    """Everything that a killed writer had acknowledged."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, folder],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    lines = [writer.stdout.readline() for _ in range(acknowledgements)]
    writer.send_signal(signal.SIGKILL)
    lines += writer.stdout.readlines()
    writer.stdout.close()
    assert writer.wait(PATIENCE_S) == -signal.SIGKILL
    whole = [line.split() for line in lines if line.endswith("\n")]
    return {int(seq): digest for seq, digest in whole}


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    acknowledged: dict[int, str] = {}
    for wanted in (1, 7, 60, 131):
        acknowledged |= write_until_killed(tmp_path, wanted)
        store = open_store(tmp_path)
        tail = verify_ledger(store)
        kept = {entry.seq: entry.hash.hex() for entry in store.entries(1, tail.seq)}
        assert acknowledged.items() <= kept.items()
        assert append(store).seq == tail.seq + 1
        store.close()
    assert len(acknowledged) >= 199
