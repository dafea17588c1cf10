"""A running gate without a broker takes receipts that were carried to it."""

from pathlib import Path

from edge_agent.receiver.store import PayrollStore
from tests.receiver.running import rows

from .gate import Gate


def test_a_season_without_internet(gate: Gate, tmp_path: Path) -> None:
    gate.start()
    watch = gate.watch()
    for code in ("NV001", "NV002", "NV003"):
        gate.press(code)
        watch.panel()
    sticks = [tmp_path / name for name in ("entries", "receipts")]
    carried = gate.cli("carry", "out", str(sticks[0]), "--json").json
    database = ("--database", str(gate.payroll))
    files = (str(sticks[0]), "--receipts", str(sticks[1]))
    payroll = ("--config", str(gate.config))
    PayrollStore(str(gate.payroll)).close()
    assert gate.cli("receive", *payroll, *database, "carry", "in", *files).code == 0
    done = gate.cli("carry", "in", str(sticks[1]), "--json").json
    last = carried["first"] + carried["entries"] - 1
    assert done["confirmed"] == last
    watch.until(lambda event: event["event"] == "confirmed" and event["through"] == last)
    # It is written down: a power cut takes nothing back.
    assert rows(gate.database, "SELECT confirmed FROM watermarks") == [(last,)]
    assert gate.status()["ledger"]["confirmed_seq"] == last
