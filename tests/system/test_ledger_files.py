"""Verify, export and back up the ledger of a gate at work."""

import subprocess
import sys
from pathlib import Path

from .gate import STAFF, Gate

VERIFIER = Path(__file__).parents[2] / "docs" / "examples" / "verify_export.py"


def test_files_of_a_gate_at_work(gate: Gate) -> None:
    gate.start()
    watch = gate.watch()
    for code in STAFF[:3]:
        gate.press(code)
        assert watch.panel()["outcome"] == "recorded"
    last = len(gate.entries())

    lines, table = gate.folder / "a.jsonl", gate.folder / "a.csv"
    assert gate.cli("ledger", "export", str(lines), "--json").json["entries"] == last
    told = gate.cli("ledger", "export", str(table)).out
    assert "it has codes and people's names" in told
    assert "edge-agent audit list" in told
    checked = subprocess.run([sys.executable, VERIFIER, lines], capture_output=True, check=False)
    assert checked.returncode == 0
    assert "Nguyễn Thị" in table.read_text("utf-8-sig")

    for export in (lines, table):
        mistaken = gate.cli("ledger", "verify", str(export))
        assert mistaken.code == 74
        assert "does not mean that it is damaged" in mistaken.sentence
        assert ("verify_export.py" in mistaken.sentence) == (export == lines)

    copy = gate.folder / "rescue.db"
    said = gate.cli("ledger", "backup", str(copy))
    assert said.code == 0
    assert said.out.startswith(f"The database is in {copy} (")
    assert gate.cli("ledger", "backup", str(copy)).code == 65

    verified = gate.cli("ledger", "verify", "--json").json
    assert (verified["entries"], verified["pruned"]) == (last, 0)
    receipt = f"{last}:{verified['hash']}"
    agreed = gate.cli("ledger", "verify", "--receipt", receipt)
    assert (agreed.code, f"agrees with the receipt: entry {last} has" in agreed.out) == (0, True)
    assert "receipt" not in gate.cli("ledger", "verify").out
    ahead = gate.cli("ledger", "verify", "--receipt", f"{last + 1}:{verified['hash']}")
    assert ahead.code == 65
    assert f"the entries after {last} are missing: payroll holds {last + 1}" in ahead.sentence
    forked = gate.cli("ledger", "verify", "--receipt", f"{last}:{'0' * 64}")
    assert forked.code == 65
    assert f"entry {last} is not the one" in forked.sentence
    assert gate.cli("ledger", "verify", "--receipt", "soon").code == 2

    gate.press(STAFF[3])
    assert watch.panel()["outcome"] == "recorded"
