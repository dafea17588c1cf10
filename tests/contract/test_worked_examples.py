"""docs/worked-examples.md: each example's entries, fed to the reference, come to what it says."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.contract.chain import GENESIS, seal
from edge_agent.contract.kinds import KINDS, kind_of
from edge_agent.receiver.accept import read
from edge_agent.receiver.store import PayrollStore
from tests.receiver.running import rows, settle

from .samples import STAMP, entry, validator, value

PAGE = Path(__file__).parents[2] / "docs" / "worked-examples.md"
EXAMPLE = re.compile(
    r"^## (?P<name>.+?)\n.*?```json\n(?P<entries>.*?)```\s+```text\n(?P<result>.*?)```",
    re.MULTILINE | re.DOTALL,
)
EXAMPLES = {
    found["name"]: (found["entries"].splitlines(), found["result"].splitlines())
    for found in EXAMPLE.finditer(PAGE.read_text(encoding="utf-8"))
}
NOW = "2026-11-25T00:00:00Z"
FACTS = {kind_of(kind): kind for kind in KINDS}


class Ledger:
    """Seals lines of an example into a ledger, each with all that its kind has."""

    def __init__(self, name: str) -> None:
        self.gate = f"gate-{name}"
        self._name = name
        self._hashes = {0: GENESIS}
        self.opened = self.seal({"seq": 1, "kind": "ledger.opened", "gate": self.gate})

    def seal(self, line: dict[str, Any]) -> bytes:
        seq = line["seq"]
        fact = msgspec.to_builtins(value("", FACTS[line["kind"]]))
        data = {**entry(FACTS["gate.alive"], STAMP)["data"], **fact, **line, "ledger": self._name}
        data = {key: data[key] for key in data if key not in ("recording", "version")} | {
            key: fact[key] for key in ("recording", "version") if key in fact
        }
        if line.get("direction"):
            data["direction_source"] = None if "reason" in line else line["direction"]
        if data["at"] is None:
            data["clock"] |= {"state": "unsynced", "uncertainty_ms": None}
        # Beyond a gap the chain cannot be followed: any hash stands for the entry that is missing.
        prevhash = self._hashes.get(seq - 1, bytes(31) + b"\1")
        envelope = seal(self.gate, data, prevhash)
        self._hashes.setdefault(seq, bytes.fromhex(envelope.hash))
        wire = msgspec.json.encode(envelope)
        validator("entry").validate(json.loads(wire))
        return wire


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == PAGE.read_text(encoding="utf-8").count("\n## ") == 11


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_as_it_says(name: str, tmp_path: Path) -> None:
    lines, expected = EXAMPLES[name]
    database = tmp_path / "payroll.db"
    store = PayrollStore(str(database))
    ledgers: dict[str, Ledger] = {}
    told = []
    for line in map(json.loads, lines):
        called = line.pop("ledger", "a")
        if called not in ledgers:
            ledgers[called] = Ledger(called)
            store.take([read(ledgers[called].gate, ledgers[called].opened)], NOW)
        ledger = ledgers[called]
        taken = store.take([read(ledger.gate, ledger.seal(line))], NOW)
        told += [f"fork at {seq}" for standing in taken.progress for seq in standing.forks]
    for standing in store.progress():
        if missing := standing.missing:
            through = standing.tip.through
            told.append(f"through {through}, missing {missing.start} to {missing.stop - 1}")
    settle(store)
    store.close()
    assert sessions(database) + told == expected


def sessions(database: Path) -> list[str]:
    found = rows(
        database,
        "SELECT code, date, in_at, out_at, status, minutes FROM sessions"
        " ORDER BY code, coalesce(in_at, out_at)",
    )
    return [
        f"{code}  {date or '–'}  {clock(came)} → {clock(left)}  {status}  "
        f"{'–' if minutes is None else minutes}"
        for code, date, came, left, status, minutes in found
    ]


def clock(at: str | None) -> str:
    return at[11:16] if at else "–"
