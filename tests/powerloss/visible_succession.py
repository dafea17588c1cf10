"""A start that leaves its ledger for a new one, and records: its promises are system calls too.

    python -m tests.powerloss.visible_succession PROMISES WEAKER FOLDER CARD PUNCHES

WEAKER is "sound", "NORMAL" (see visible_daemon.py), or "no-folders": names in a folder are never
synced, as most programs leave them.
"""

import os
import sys
from contextlib import closing
from pathlib import Path

from edge_agent.gate.ledger.succession import swap as aside
from tests.gate.ledger.ledgers import append, later, punch
from tests.gate.ledger.old_copies import CODES, open_at, own

from .succession import at_card
from .visible_daemon import weaken


def main() -> None:
    promises, weaker, folder, card, punches = sys.argv[1:]
    out = os.open(promises, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    if weaker == "NORMAL":
        weaken(weaker)
    if weaker == "no-folders":
        sync = aside._sync
        aside._sync = lambda path: None if path.is_dir() else sync(path)
    with (
        own(Path(folder), at_card(card), now=later(10**9)),
        closing(open_at(Path(folder))) as store,
    ):
        for number in range(int(punches)):
            entry = append(store, punch(CODES[number % 3]), later(10**9 + 1000 * number))
            os.write(out, b"entry %d\n" % entry.seq)


if __name__ == "__main__":
    main()
