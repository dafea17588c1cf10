"""Payroll that is silent, wrong or hostile, and how payroll sees a gate that is gone."""

import json
from typing import Any

import pytest

from tests.brokers import Mosquitto
from tests.contract.samples import validator

from .gate import Gate, rows
from .payroll import Listener
from .watch import Watch

_STATUS = "attendance/main-gate/status"


def _last(gate: Gate) -> dict[str, Any]:
    return gate.entries()[-1]


def _receipt(gate: Gate, **other: Any) -> tuple[str, dict[str, Any]]:
    """Where payroll's receipts for the gate's ledger go, and the right one for its last entry."""
    ledger = _last(gate)["ledger"]
    verified = gate.cli("ledger", "verify", "--json").json
    body = {"ledger": ledger, "through": verified["entries"], "hash": verified["hash"]}
    return f"attendance/main-gate/receipts/{ledger}", body | other


def test_a_payroll_that_never_answers(gate: Gate, mosquitto: Mosquitto) -> None:
    """Nothing is confirmed, nothing is lost, nobody at the gate notices."""
    gate.set(mqtt={"port": mosquitto.port, "receipt_timeout_s": 1})
    with Listener(mosquitto.port) as listener:
        gate.start()
        watch = gate.watch()
        status = listener.until(_STATUS)
        assert status["state"] == "online"
        assert status["ledger"]["confirmed_seq"] == 0
        gate.press("NV001")
        seq = watch.panel()["seq"]
        # Everything is published, and then what payroll should have confirmed first once more.
        for awaited in (1, seq, 1):
            while listener.until("attendance/main-gate/ledger")["data"]["seq"] != awaited:
                pass
        assert gate.status()["ledger"]["confirmed_seq"] == 0
    # Whoever comes later finds the status, too.
    with Listener(mosquitto.port) as late:
        assert late.until(_STATUS)["state"] == "online"


def test_the_last_will(gate: Gate, mosquitto: Mosquitto) -> None:
    gate.set(mqtt={"port": mosquitto.port})
    with Listener(mosquitto.port) as listener:
        daemon = gate.start()
        assert listener.until(_STATUS)["state"] == "online"
        daemon.kill()
        will = listener.until(_STATUS, state="offline")
        ledger = gate.status()["ledger"]["id"]
        assert will == {"gate": "main-gate", "state": "offline", "ledger_id": ledger}
        # And the next start is seen by those who only look later.
        gate.start()
        assert listener.until(_STATUS)["state"] == "online"


def forgeries(gate: Gate) -> list[bytes]:
    _, true = _receipt(gate)
    last = true["through"]
    lies = [
        true | {"hash": true["hash"].upper()},
        true | {"hash": true["hash"][:-1]},
        true | {"hash": ""},
        true | {"through": 2**63},
        true | {"through": 10**400},
        true | {"through": 0, "hash": "0" * 64},
        true | {"through": -1},
        true | {"through": str(last)},
        true | {"through": float(last) + 0.5},
        true | {"through": None},
        true | {"ledger": "0" * 32},
        true | {"ledger": None},
        true | {"rejected_count": -1},
        true | {"rejected": [{"seq": "x", "reason": 7}]},
        {key: value for key, value in true.items() if key != "hash"},
    ]
    return [
        b"",
        b"\0" * 100,
        b"\xff\xfe",
        b"{}",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"A" * 1_000_000,
        json.dumps(true | {"padding": "x" * 1_000_000}).encode(),
        *(json.dumps(lie).encode() for lie in lies),
    ]


def _unmoved(gate: Gate, watch: Watch, listener: Listener) -> None:
    """After a command that was heard behind it all: nothing is confirmed, all is well."""
    command = {"command": "resend", "id": "are-you-there", "ledger": "x", "from": 1, "to": 1}
    listener.say("attendance/main-gate/commands", command)
    assert listener.until("attendance/main-gate/replies")["id"] == "are-you-there"
    status = gate.status()
    assert status["ledger"]["confirmed_seq"] == 0
    assert status["ledger"]["rejected"] == 0
    gate.press("NV002")
    assert watch.panel()["worker"] == "NV002"
    assert not [event for event in watch.seen if event["event"] == "confirmed"]


def test_forged_receipts(gate: Gate, mosquitto: Mosquitto) -> None:
    gate.set(mqtt={"port": mosquitto.port})
    daemon = gate.start()
    watch = gate.watch()
    gate.online(watch)
    with Listener(mosquitto.port) as listener:
        topic, true = _receipt(gate)
        for lie in forgeries(gate):
            listener.say(topic, lie)
        _unmoved(gate, watch, listener)
        assert daemon.runs
        # The control: the true one is believed.
        topic, true = _receipt(gate)
        listener.say(topic, true)
        watch.until(lambda event: event == {"event": "confirmed", "through": true["through"]})
        # What was confirmed stays so.
        first = gate.entries()[0]
        wire = rows(gate.database, "SELECT wire FROM ledger WHERE seq = 1")[0][0]
        listener.say(topic, true | {"through": first["seq"], "hash": json.loads(wire)["hash"]})
    assert gate.status()["ledger"]["confirmed_seq"] == true["through"]


@pytest.mark.parametrize("retained", [b"\0garbage", b"A" * 1_000_000], ids=["short", "long"])
def test_garbage_retained_for_every_start(
    gate: Gate, mosquitto: Mosquitto, retained: bytes
) -> None:
    """It is there before the gate connects, and each time that it does."""
    gate.set(mqtt={"port": mosquitto.port})
    topic, _ = _receipt(gate)
    with Listener(mosquitto.port) as listener:
        listener.say(topic, retained, retain=True)
        listener.say(_STATUS, retained, retain=True)
        listener.say(
            "attendance/main-gate/commands",
            {"command": "resend", "id": "old", "ledger": "x", "from": 1, "to": 1},
            retain=True,
        )
    with Listener(mosquitto.port, "attendance/main-gate/replies") as listener:
        gate.start()
        watch = gate.watch()
        gate.online(watch)
        gate.press("NV001")
        assert watch.panel()["outcome"] == "recorded"
        # The retained command, an old one, was not even answered.
        _unmoved(gate, watch, listener)
    gate.receive()
    gate.in_step(watch)


def test_commands_of_a_payroll_gone_mad(gate: Gate, mosquitto: Mosquitto) -> None:
    gate.set(mqtt={"port": mosquitto.port})
    gate.start()
    watch = gate.watch()
    gate.online(watch)
    ledger = _last(gate)["ledger"]
    whole = {"command": "resend", "id": "1", "ledger": ledger, "from": 1, "to": 2}
    with Listener(mosquitto.port, "attendance/main-gate/replies") as listener:
        for command, error in (
            (whole | {"command": "reboot"}, "unknown-command"),
            (whole | {"from": 0}, "out-of-range"),
            (whole | {"from": 2, "to": 1}, "out-of-range"),
            (whole | {"to": 2**53 - 1}, "out-of-range"),
            (whole | {"to": 2**62}, "malformed"),
            (whole | {"from": "1"}, "malformed"),
            (whole | {"ledger": "other"}, "wrong-ledger"),
        ):
            listener.say("attendance/main-gate/commands", command)
            reply = listener.until("attendance/main-gate/replies")
            assert (reply["id"], reply["ok"], reply["error"]) == ("1", False, error)
        for garbage in (b"", b"\xff", b"A" * 1_000_000, b"[" * 100_000, b'{"id": 7}'):
            listener.say("attendance/main-gate/commands", garbage)
        listener.say("attendance/main-gate/commands", whole)
        assert listener.until("attendance/main-gate/replies")["ok"] is True
        _unmoved(gate, watch, listener)


def test_payroll_asks_for_a_report(gate: Gate, mosquitto: Mosquitto) -> None:
    """While it is made, presses are answered as ever."""
    gate.set(mqtt={"port": mosquitto.port})
    with Listener(mosquitto.port) as listener:
        gate.start()
        watch = gate.watch()
        gate.online(watch)
        listener.say("attendance/main-gate/commands", {"command": "report", "id": "how-are-you"})
        gate.press("NV001")
        assert watch.panel()["outcome"] == "recorded"
        reply = listener.until("attendance/main-gate/replies")
    validator("reply").validate(reply)
    assert (reply["id"], reply["ok"]) == ("how-are-you", True)
    assert {"sensor", "broker"} <= {line["check"] for line in reply["report"]}
    assert {line["check"] for line in reply["report"]} == {
        line["check"] for line in gate.cli("doctor", "--json").json
    }
