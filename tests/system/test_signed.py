"""Somebody who holds the broker, and may publish anything, at a gate with payroll's key."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edge_agent.cli import main
from edge_agent.contract.messages import Topics
from edge_agent.receiver.connection import ReceiverOptions
from edge_agent.receiver.signing_key import new_signing_key
from tests.brokers import Mosquitto
from tests.receiver.running import Running

from .gate import Gate, name_of
from .payroll import Listener
from .watch import Watch

_TOPICS = Topics("attendance", "main-gate")


def _until_status(listener: Listener, right: Callable[[Any], bool]) -> Any:
    while True:
        status = listener.until(_TOPICS.status)
        if status["state"] == "online" and right(status):
            return status


def _presses(gate: Gate, watch: Watch, finger: str) -> str:
    gate.press(finger)
    outcome: str = watch.panel()["outcome"]
    return outcome


def _hostile_roster(version: int) -> dict[str, Any]:
    rows = [{"code": f"NV00{n}", "name": name_of(f"NV00{n}"), "active": False} for n in (1, 2)]
    return {"version": version, "count": 2, "workers": rows}


@pytest.mark.parametrize("signed", [True, False], ids=["with payroll's key", "without"])
def test_who_holds_the_broker(
    gate: Gate, mosquitto: Mosquitto, tmp_path: Path, signed: bool
) -> None:
    """Deactivates everybody, confirms what payroll has not, and asks: only without a key."""
    key = new_signing_key(tmp_path / "payroll.key")
    gate.set(mqtt={"port": mosquitto.port, "receipt_timeout_s": 1})
    if signed:
        gate.set(payroll={"public_key": key.public})
    with Listener(mosquitto.port, "attendance/main-gate/#") as listener:
        gate.start()
        watch = gate.watch()
        gate.online(watch)
        assert _presses(gate, watch, "NV001") == "recorded"
        entry = next(
            said
            for said in iter(lambda: listener.until(_TOPICS.ledger), None)
            if said["data"]["kind"] == "punch.recorded"
        )
        ledger, seq = entry["data"]["ledger"], entry["data"]["seq"]
        listener.say(_TOPICS.roster, _hostile_roster(2**40), retain=True)
        forged = {"ledger": ledger, "through": seq, "hash": entry["hash"]}
        listener.say(_TOPICS.receipts(ledger), forged, retain=True)
        asked = {"command": "resend", "id": "1", "ledger": ledger, "from": 1, "to": 1}
        listener.say(_TOPICS.commands, asked)
        reply = listener.until(_TOPICS.replies)
        event = watch.until(lambda event: event["event"] == "roster")
        assert reply["ok"] is not signed
        assert event["refused"] == ("not-signed" if signed else None)
        outcome = _presses(gate, watch, "NV002")
        assert outcome == ("recorded" if signed else "refused")
        status = gate.status()
        assert (status["ledger"]["confirmed_seq"] >= seq) is not signed
        assert (status["roster"]["version"] is None) is signed
        assert status["uplink"]["not_signed"] == (3 if signed else 0)
        if not signed:
            return

        # Payroll itself, meanwhile: its receipts count, and its roster.
        where = ("--host", mosquitto.host, "--port", str(mosquitto.port))
        keyed = ("--signing-key", str(tmp_path / "payroll.key"))
        options = ReceiverOptions(
            database=str(tmp_path / "payroll.db"),
            host=mosquitto.host,
            port=mosquitto.port,
            signing_key=str(tmp_path / "payroll.key"),
        )
        with Running(options) as running:
            assert "not-signed" in running.said("roster-refused")  # At payroll neither.
            listed = tmp_path / "workers.csv"
            listed.write_text(f"code,name,active\nNV003,{name_of('NV003')},no\n")
            done = CliRunner().invoke(
                main, ["receive", *where, *keyed, "roster", "import", str(listed), "--version", "1"]
            )
            assert done.exit_code == 0, done.output
            event = watch.until(lambda event: event["event"] == "roster" and event["version"])
            assert (event["version"], event["refused"]) == (1, None)
            assert running.said("roster-applied")
            watch.until(lambda event: event["event"] == "confirmed" and event["through"] >= seq)
        assert _presses(gate, watch, "NV003") == "refused"
        kinds = [entry["kind"] for entry in gate.entries()]
        assert kinds.count("roster.refused") == 1
        assert not [entry for entry in gate.entries() if entry["kind"] == "ledger.left"]


def test_a_key_is_replaced_without_a_gap(gate: Gate, mosquitto: Mosquitto, tmp_path: Path) -> None:
    """Both at the gate, then payroll changes over, then one alone."""
    old, new = (new_signing_key(tmp_path / name) for name in ("old", "new"))

    def publish(name: str, version: int) -> None:
        listed = tmp_path / "workers.csv"
        listed.write_text(f"code,name\nNV00{version},{name_of(f'NV00{version}')}\n")
        where = ("--host", mosquitto.host, "--port", str(mosquitto.port))
        keyed = ("--signing-key", str(tmp_path / name))
        done = CliRunner().invoke(
            main,
            ["receive", *where, *keyed, "roster", "import", str(listed), "--version", str(version)],
        )
        assert done.exit_code == 0, done.output

    gate.set(mqtt={"port": mosquitto.port})
    steps: list[tuple[Any, list[tuple[str, int]]]] = [
        ([old.public, new.public], [("old", 1), ("new", 2)]),
        (new.public, [("new", 3)]),
    ]
    for keys, published in steps:
        gate.set(payroll={"public_key": keys})
        gate.start()
        watch = gate.watch()
        gate.online(watch)
        for name, version in published:
            publish(name, version)
            event = watch.until(lambda event: event["event"] == "roster")
            assert (event["version"], event["refused"]) == (version, None)
        if keys == new.public:  # The old one says nothing any more.
            with Listener(mosquitto.port) as listener:
                said = json.dumps(_hostile_roster(4)).encode()
                listener.say(_TOPICS.roster, old.signed(_TOPICS.roster, said), retain=True)
            event = watch.until(lambda event: event["event"] == "roster")
            assert (event["version"], event["refused"]) == (3, "not-signed")
        gate.stop()
