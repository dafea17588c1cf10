"""Payroll's roster at a running gate."""

import json
from typing import Any

from tests.brokers import Mosquitto

from .gate import Gate, name_of
from .payroll import Listener
from .watch import Watch

_TOPIC = "attendance/roster"


def _row(code: str, **other: Any) -> dict[str, Any]:
    return {"code": code, "name": name_of(code), **other}


def _told(watch: Watch) -> tuple[int | None, str | None]:
    event = watch.until(lambda event: event["event"] == "roster")
    return event["version"], event["refused"]


def test_a_deactivated_worker_is_refused_at_once(gate: Gate, mosquitto: Mosquitto) -> None:
    gate.set(mqtt={"port": mosquitto.port})
    with Listener(mosquitto.port, "attendance/main-gate/#") as listener:
        gate.start()
        watch = gate.watch()
        gate.online(watch)
        rows = [_row("NV001", active=False), _row("NV002", valid_to="2020-01-01"), _row("NV900")]
        listener.say(_TOPIC, {"version": 1, "count": 3, "workers": rows}, retain=True)
        assert _told(watch) == (1, None)
        for code, hint in (("NV001", "deactivated"), ("NV002", "not-valid")):
            gate.press(code)
            shown = watch.panel()
            assert (shown["outcome"], shown["worker"], shown["hint"]) == ("refused", code, hint)
        gate.press("NV003")  # Not in the roster, and as welcome as before.
        assert watch.panel()["outcome"] == "recorded"

        for bad, why in ((b"", "empty"), (b'{"version": 2, "workers": [', "malformed")):
            listener.say(_TOPIC, bad)
            if why == "empty":
                assert _told(watch) == (1, why)
        listener.say(_TOPIC, {"version": 2, "workers": [_row("NV001"), _row("NV002")]}, retain=True)
        assert _told(watch) == (2, None)
        gate.press("NV001")
        assert watch.panel()["outcome"] == "recorded"
        status = gate.status()
        assert status["roster"] == {"version": 2, "refused": None}
        # A restart and a reconnection change nothing.
        before = [entry["kind"] for entry in gate.entries()].count("roster.applied")
        gate.finger("lift")
        gate.stop()
        gate.start()
        gate.online(watch := gate.watch())
        gate.press("NV004")
        assert watch.panel()["outcome"] == "recorded"
        assert [e["kind"] for e in gate.entries()].count("roster.applied") == before == 2
        heard = []
        while not listener.messages.empty():
            heard.append(listener.messages.get().payload.decode())
    assert heard
    assert not [text for text in heard if name_of("NV900") in text]
    assert not [text for text in heard if json.dumps(name_of("NV900"))[1:-1] in text]
    listed = {row["code"]: row for row in gate.cli("workers", "list", "--json").json}
    assert listed["NV900"]["name"] == name_of("NV900")
    assert listed["NV003"]["listed"] is None
