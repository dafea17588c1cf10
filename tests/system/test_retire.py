"""A gate goes: its last entry is with payroll, and neither broker nor sensor keeps anything."""

from tests.brokers import Mosquitto, free_port
from tests.patience import PATIENCE_S

from .gate import Gate, rows
from .payroll import Listener

RETIRE = ("retire", "--name", "main-gate", "--within")


def retained(port: int) -> dict[str, bytes]:
    """What a client hears that comes only now."""
    with Listener(port) as listener:
        listener.say("marker", b"x")
        found: dict[str, bytes] = {}
        while (message := listener.messages.get(timeout=PATIENCE_S)).topic != "marker":
            found[message.topic] = message.payload
        return found


def test_a_gate_goes_step_by_step(gate: Gate, mosquitto: Mosquitto) -> None:
    gate.set(mqtt={"port": mosquitto.port, "receipt_timeout_s": 1})
    daemon = gate.start()
    receiver = gate.receive()
    watch = gate.watch()
    gate.press("NV001")
    watch.panel()
    gate.in_step(watch)
    assert "stop it first" in gate.cli(*RETIRE, "0").err.lower()
    watch.close()
    daemon.stop()
    (gate.database.parent / "gate.db.old-1-damaged.jsonl").touch()
    before = gate.cli("retire")
    assert "gate.db.old-1-damaged.jsonl" in before.err
    assert ("Nothing was done" in before.err, "be sent" in before.err) == (True, False), before
    # The broker is away: the sensor is emptied, and the last entry waits.
    gate.set(mqtt={"port": free_port()})
    assert "Nothing can be sent to payroll just now" in gate.cli("retire").err
    waits = gate.cli(*RETIRE, "1")
    assert (waits.code, "Call this again" in waits.err) == (69, True), waits
    last = rows(gate.database, "SELECT max(seq) FROM ledger")[0][0]
    assert gate.entries()[-1]["kind"] == "gate.retired"
    assert gate.entries()[-1]["erased"] > 0
    assert retained(mosquitto.port)
    again = gate.cli("retire", "--within", "0")  # Nothing is to be confirmed any more.
    assert f"out of service already: its last entry is number {last}" in again.out
    assert again.code == 69
    assert "'edge-agent retire' once more" in gate.cli("status").out
    gate.set(mqtt={"port": mosquitto.port})
    assert gate.cli(*RETIRE, "60", "--json").json["last"] == last
    assert rows(gate.payroll, "SELECT max(seq), count(*) FROM entries") == [(last, last)]
    assert "edge-agent retire" not in gate.cli("status").out
    receiver.stop()
    assert retained(mosquitto.port) == {}
    # Neither a daemon nor payroll's next start brings it back.
    assert gate.cli("run").code == 81
    gate.receive()
    with Listener(mosquitto.port) as listener:
        listener.say("attendance/main-gate/status", b"")
    assert [topic for topic in retained(mosquitto.port) if "receipts" in topic] == []
