"""A start that leaves its ledger for a new one, and records: its promises are system calls too.

    python -m tests.powerloss.visible_succession PROMISES WEAKER FOLDER CARD PUNCHES WHY

WEAKER is "sound", "NORMAL" (see visible_daemon.py), or "no-folders": names in a folder are never
synced, as most programs leave them. WHY is "" where the start itself finds out that the ledger is
to be left. Otherwise a start goes on with it, and it is left by leaving: noted, stopped, promised
(``noted``), and begun anew.
"""

import os
import sys
from contextlib import closing
from pathlib import Path

from edge_agent.contract import atomic_file
from edge_agent.gate.ledger.store.notes import leaving, leaving_note
from tests.gate.ledger.ledgers import append, later, punch
from tests.gate.ledger.old_copies import CODES, open_at, own

from .succession import AHEAD, at_card
from .visible_daemon import weaken


def main() -> None:
    promises, weaker, folder, card, punches, why = sys.argv[1:]
    out = os.open(promises, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    if weaker == "NORMAL":
        weaken(weaker)
    if weaker == "no-folders":
        sync = atomic_file.sync
        atomic_file.sync = lambda path: None if path.is_dir() else sync(path)
    if why:
        with own(Path(folder), at_card(card), now=later(10**9)):
            with closing(open_at(Path(folder))) as store:
                store.keep_reserve()
                path, ledger = Path(folder) / "gate.db", store.ledger
            assert leaving_note.put(path, ledger, leaving(why, AHEAD, "found in use"))
            os.write(out, b"noted\n")
    with (
        own(Path(folder), at_card(card), now=later(10**9)),
        closing(open_at(Path(folder))) as store,
    ):
        for number in range(int(punches)):
            entry = append(store, punch(CODES[number % 3]), later(10**9 + 1000 * number))
            os.write(out, b"entry %d\n" % entry.seq)


if __name__ == "__main__":
    main()
