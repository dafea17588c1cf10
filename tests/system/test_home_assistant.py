"""Home Assistant beside a real gate."""

import json

from tests.brokers import Mosquitto
from tests.gate.uplink.assistant import Device
from tests.patience import PATIENCE_S

from .gate import Gate
from .payroll import Listener

_PAGE = "homeassistant/device/edge-agent-main-gate/config"
_STATUS = "attendance/main-gate/status"


def test_it_shows_the_gate_until_it_is_turned_off(gate: Gate, mosquitto: Mosquitto) -> None:
    gate.set(
        mqtt={"port": mosquitto.port}, home_assistant={"discovery": True, "prefix": "homeassistant"}
    )
    with Listener(mosquitto.port) as listener:
        gate.receive()
        gate.start()
        gate.online(gate.watch())
        status = json.dumps(listener.until(_STATUS)).encode()
        device = Device(json.dumps(listener.until(_PAGE)).encode())
        states = device.states(status)
        assert None not in (states[key] for key in states.keys() - {"complete_until"})
        assert states["online"] == "ON"
        assert device.available(status) == set(device.components)
        gate.stop()
        gate.set(home_assistant={"discovery": False})
        gate.start()
        while (message := listener.messages.get(timeout=PATIENCE_S)).topic != _PAGE:
            pass
        assert message.payload == b""
