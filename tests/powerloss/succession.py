"""Power cuts while a ledger is left for a new one: what the next start makes of each of them."""

import random
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import structs

from edge_agent.contract.chain import Entry
from edge_agent.contract.facts import WhyOpened
from edge_agent.gate.host.host_identity import HostIdentity
from edge_agent.gate.ledger.store import people_snapshot
from edge_agent.gate.ledger.succession.swap import set_aside
from tests.gate.ledger.ledgers import later
from tests.gate.ledger.old_copies import CODES, HERE, datas, fill, open_at, own, sound, start
from tests.patience import PATIENCE_S

from .disk import Disk
from .power_cut import MODES, crash
from .trace import STRACE, events

WHYS = ("restored-backup", "cloned-card", "damaged", "damaged-in-use", "payroll-is-ahead", "forked")
"""The last three are found out in use, and noted for the next start."""

_NOTED: dict[str, WhyOpened] = {
    "damaged-in-use": "damaged",
    "payroll-is-ahead": "payroll-is-ahead",
    "forked": "forked",
}

AHEAD = 1000

_CONFIRMED, _PUNCHES, _NEW = 12, 24, 8


def at_card(card: str) -> HostIdentity:
    return structs.replace(HERE, card={"cid": card})


@dataclass(frozen=True)
class Recording:
    """A succession: the folder before it, its trace, and the ledger that came of it."""

    why: str
    folder: Path
    before: dict[str, bytes]
    lacking: dict[int, dict[str, Any]]
    trace: Path
    promises: Path
    whole: list[Entry]

    @property
    def card(self) -> str:
        return "c2" if self.why == "cloned-card" else "c1"


def record(keep_in: Path, why: str, weaker: str = "sound") -> Recording:
    """Prepare an old copy, and have its start traced."""
    folder, live = keep_in / "gate", keep_in / "live"
    folder.mkdir(parents=True)
    live.mkdir()
    with own(live), closing(open_at(live)) as store:
        fill(store, _CONFIRMED, _PUNCHES)
        if why == "restored-backup":
            store.remember("copy", "backup")
        lacking = {
            data["seq"]: data
            for data in datas(store)
            if data["kind"] == "punch.recorded" and data["seq"] > _CONFIRMED
        }
        for suffix in ("", "-wal", ".people"):  # As while a gate runs: half is in the log.
            shutil.copy(live / f"gate.db{suffix}", folder)
    if why == "damaged":
        with closing(sqlite3.connect(folder / "gate.db")) as plain:
            plain.execute("DELETE FROM ledger WHERE seq = 5")
            plain.commit()
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    trace, promises = keep_in / "trace", keep_in / "promises"
    made = Recording(why, folder, before, lacking, trace, promises, [])
    child = [sys.executable, "-m", "tests.powerloss.visible_succession", str(promises), weaker]
    subprocess.run(
        [*STRACE, "-o", str(trace), *child, str(folder), made.card, str(_NEW), _NOTED.get(why, "")],
        check=True,
        timeout=PATIENCE_S,
        cwd=Path(__file__).parents[2],
    )
    with closing(open_at(folder)) as store:
        made.whole.extend(store.entries(1, 1000))
    assert set_aside(folder / "gate.db")
    return made


def replay(
    recording: Recording, scratch: Path, each: int, seed: int, every: int = 1
) -> Counter[str]:
    """Start from ``each`` crash states at every moment: how many, and what was wrong with some.

    ``every``: at every so many moments only.
    """
    dice = random.Random(seed)
    disk, found, moment = Disk(recording.before), Counter[str](), 0
    for event in events([recording.trace], recording.folder, recording.promises):
        moment += (changed := disk.follow(event))
        if not changed or moment % every:
            continue
        seen = set()
        for turn in range(1 if disk.settled else each):
            state = crash(disk, MODES[(found["states"] + turn) % len(MODES)], dice)
            if (key := hash(tuple(sorted(state.items())))) in seen:
                continue
            seen.add(key)
            found["states"] += 1
            try:
                wrong = _start_from(recording, scratch, state, disk)
            except Exception as error:
                wrong = f"{type(error).__name__}: {error}"
            if wrong:
                found["broken"] += 1
                found[wrong] += 1
    return found


def _start_from(
    recording: Recording, scratch: Path, state: dict[str, bytes], disk: Disk
) -> str | None:
    promised = disk.promised
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    for name, content in state.items():
        (scratch / name).write_bytes(content)
    start(scratch, at_card(recording.card), now=later(2 * 10**9))
    entries = sound(scratch)
    if recording.why in _NOTED and not disk.noted and not set_aside(scratch / "gate.db"):
        # Nobody had been told yet that it would be left: it goes on, with all that it has.
        missing = recording.lacking.keys() - {data["seq"] for data in entries}
        return "the ledger that goes on has lost entries" if missing else None
    with closing(open_at(scratch)) as store:
        rows, is_it = store.entries(1, 1000), store.ledger == _ledger(recording)
    if is_it and rows != recording.whole[: len(rows)]:
        return "the new ledger is another one than was written"
    if promised and (not is_it or len(rows) < promised):
        return "an entry of the new ledger is lost that had been promised"
    origins = [e["of"]["seq"] for e in entries if e["kind"] == "punch.recovered"]
    if len(set(origins)) != len(origins):
        return "a punch was recovered twice"
    told = {e["of"]["seq"]: e["data"] for e in entries if e["kind"] == "punch.recovered"}
    if any(told.get(seq) != data for seq, data in recording.lacking.items()):
        return "a punch of the old ledger is lost"
    why = _NOTED.get(recording.why, recording.why)
    if (entries[0]["kind"], entries[0]["why"]) != ("ledger.opened", why):
        return f"the new ledger does not say {why}"
    kept = people_snapshot.read(scratch / "gate.db")
    if kept is None or [row["code"] for row in kept.rows["workers"]] != list(CODES):
        return "the workers are not kept beside the database"
    left = set_aside(scratch / "gate.db")
    if [old.name for old in left] != [f"gate.db.old-1-{why}"]:
        return f"set aside are {[old.name for old in left]}"
    with closing(sqlite3.connect(left[0])) as plain:
        kept = [seq for (seq,) in plain.execute("SELECT seq FROM ledger")]
    return None if set(recording.lacking) <= set(kept) else "the old database has lost entries"


def _ledger(recording: Recording) -> str:
    return recording.whole[0].wire.decode().split('"id":"')[1][:36]
