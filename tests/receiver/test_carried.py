"""Payroll takes in what gates without a line send on a stick, and answers with receipts."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import Result

from edge_agent.contract.carried import ENTRIES, RECEIPTS, Head, lines, proven, written
from edge_agent.contract.chain import Entry
from edge_agent.contract.signatures import Believed
from edge_agent.receiver.signing_key import new_signing_key
from edge_agent.receiver.store import PayrollStore

from .gate import write_ledger
from .running import rows
from .test_store import AT, arrivals

Receive = Callable[..., Result]


def stick(path: Path, entries: list[Entry], gate: str = "main-gate", **other: Any) -> Path:
    """What ``carry out`` writes of these entries."""
    wires = [entry.wire for entry in entries]
    ledger = json.loads(wires[0])["data"]["ledger"]
    said = {"lines": len(wires), "gate": gate, "ledger": ledger, "first": entries[0].seq} | other
    head = Head(format=ENTRIES, version=1, **said)
    path.write_bytes(b"".join(written(head, wires)))
    return path


def brought(path: Path) -> list[Any]:
    """The receipts in a file."""
    with path.open("rb") as file:
        proven(file, path, RECEIPTS)
        return [json.loads(line) for line in lines(file)]


def held(database: str) -> list[int]:
    return [seq for (seq,) in rows(database, "SELECT seq FROM entries ORDER BY seq")]


def test_a_stick_counts_as_the_broker_does(receive: Receive, database: str, tmp_path: Path) -> None:
    entries, receipts = write_ledger(12), tmp_path / "receipts"
    with closing(PayrollStore(database)) as store:
        store.take(arrivals(*entries[:5]), AT)
    told = receive("carry", "in", str(stick(tmp_path / "a", entries)), "--receipts", str(receipts))
    assert told.exit_code == 0, told.stderr
    assert "12 entries of gate main-gate, 7 of them new, 5 here before" in told.stdout
    assert held(database) == list(range(1, 13))
    [one] = brought(receipts)
    assert one["gate"] == "main-gate"
    assert (one["receipt"]["through"], one["receipt"]["hash"]) == (12, entries[-1].hash.hex())


def test_sticks_may_be_lost_doubled_old_and_out_of_order(
    receive: Receive, database: str, tmp_path: Path
) -> None:
    entries = write_ledger(12)
    early, late = stick(tmp_path / "a", entries[:4]), stick(tmp_path / "c", entries[8:])
    both = receive("carry", "in", str(late), str(early), "--receipts", str(tmp_path / "r1"))
    assert "entries 5 to 8 of gate main-gate are missing" in both.stderr
    assert brought(tmp_path / "r1")[0]["receipt"]["through"] == 4
    stick(tmp_path / "all", entries)
    receive("carry", "in", str(tmp_path / "all"), "--receipts", str(tmp_path / "r2"))
    again = receive("carry", "in", str(early), "--receipts", str(tmp_path / "r3"), "--json")
    assert (json.loads(again.stdout)[0]["new"], json.loads(again.stdout)[0]["known"]) == (0, 4)
    assert [one["receipt"]["through"] for one in brought(tmp_path / "r3")] == [12]
    assert held(database) == list(range(1, 13))
    assert rows(database, "SELECT * FROM forks") == []


def test_a_tampered_stick_changes_nothing(receive: Receive, tmp_path: Path, database: str) -> None:
    entries, receipts = write_ledger(6), tmp_path / "receipts"
    with closing(PayrollStore(database)) as store:
        store.take(arrivals(*entries[:2]), AT)
    wires = [entry.wire for entry in entries]
    data = json.loads(wires[3])["data"]
    other = dict(zip(("gate", "ledger"), ("main-gate", data["ledger"]), strict=True))
    forged = [*wires[:3], wires[3].replace(b"NV0004", b"NV0005"), *wires[4:]]
    for at, (lied, why) in enumerate(
        (
            ((forged, other), "Line 5 of"),
            ((wires, other | {"gate": "north-gate"}), "Line 2 of"),
            ((wires, other | {"ledger": "another"}), "Line 2 of"),
            ((wires, other | {"gate": "a/b"}), "is no file of"),
        )
    ):
        path = tmp_path / str(at)
        head = Head(format=ENTRIES, version=1, lines=len(lied[0]), **lied[1])
        path.write_bytes(b"".join(written(head, lied[0])))
        # A good one beside it is not taken either: it is all of them or none.
        whole = stick(tmp_path / "whole", entries)
        told = receive("carry", "in", str(whole), str(path), "--receipts", str(receipts))
        assert (told.exit_code, why in told.stderr) == (65, True), told.stderr
        assert "Nothing was changed" in told.stderr
    assert held(database) == [1, 2]
    assert not receipts.exists()


def test_whoever_writes_another_history_is_set_aside_as_a_fork(
    receive: Receive, tmp_path: Path, database: str
) -> None:
    entries = write_ledger(6)
    with closing(PayrollStore(database)) as store:
        store.take(arrivals(*entries), AT)
    ledger = json.loads(entries[0].wire)["data"]["ledger"]
    clone = stick(tmp_path / "a", write_ledger(9, ledger, after=entries[:3])[3:])
    told = receive("carry", "in", str(clone), "--receipts", str(tmp_path / "r"))
    assert "contradict what is held" in told.stderr
    [one] = brought(tmp_path / "r")
    assert one["receipt"]["hash"] == entries[-1].hash.hex()


def test_receipts_are_signed_where_the_site_signs(
    receive: Receive, tmp_path: Path, database: str
) -> None:
    key = new_signing_key(tmp_path / "key")
    entries = write_ledger(3)
    with closing(PayrollStore(database)):
        pass
    path, receipts = stick(tmp_path / "a", entries), tmp_path / "r"
    receive(
        "--signing-key",
        str(tmp_path / "key"),
        "carry",
        "in",
        str(path),
        "--receipts",
        str(receipts),
    )
    with receipts.open("rb") as file:
        [line] = lines(file)
    receipt = msgspec.json.decode(line, type=dict[str, msgspec.Raw])["receipt"]
    ledger = json.loads(entries[0].wire)["data"]["ledger"]
    topic = f"attendance/main-gate/receipts/{ledger}"
    opened = Believed([key.public]).opened(topic, bytes(receipt), 10_000)
    assert json.loads(opened)["through"] == 3


def test_a_receiver_at_work_is_told(receive: Receive, tmp_path: Path, database: str) -> None:
    if "://" in database:
        pytest.skip("waits for the other one")
    path = stick(tmp_path / "a", write_ledger(3))
    with closing(PayrollStore(database)):
        told = receive("carry", "in", str(path), "--receipts", str(tmp_path / "r"))
    assert "Another receiver uses the database" in told.stderr
    assert sqlite3.connect(database).execute("SELECT count(*) FROM entries").fetchone() == (0,)
