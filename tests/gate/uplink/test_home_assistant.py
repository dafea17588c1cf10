"""Home Assistant finds the gate where that is asked for, and forgets it where it is not."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jsonschema
import msgspec
import pytest
from msgspec import structs
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge_agent.contract.home_assistant import discovery, discovery_topic
from edge_agent.contract.messages import LastWill, RosterStatus, StoreStatus, UplinkStatus
from edge_agent.contract.stamps import ClockState
from edge_agent.gate.settings.schema import HomeAssistantSettings
from tests.brokers import Mosquitto
from tests.patience import PATIENCE_S

from .assistant import SCHEMA, Device
from .gates import GATE, TOPICS, Ledger, Script, ScriptedBroker, gate_status, play
from .payroll import Payroll
from .test_real_brokers import Gate

ON = HomeAssistantSettings(discovery=True)
OFF = HomeAssistantSettings()
WITH_PUNCHES = HomeAssistantSettings(discovery=True, punches=True)
PAGE = discovery_topic("homeassistant", GATE)

NewLedger = Callable[[int], Ledger]


def device(*, punches: bool = False) -> Device:
    return Device(discovery(TOPICS, "1.2.3", punches=punches))


def encoded(**changes: Any) -> bytes:
    return msgspec.json.encode(structs.replace(gate_status(), **changes))


def test_its_values_are_those_of_the_status() -> None:
    whole = gate_status()
    ledger = structs.replace(
        whole.ledger,
        last_seq=120,
        confirmed_seq=100,
        rejected=2,
        complete_until="2026-11-23T06:58:03+07:00",
    )
    sensor = structs.replace(whole.sensor, prints=31, capacity=1000, not_backed_up=4)
    status = encoded(ledger=ledger, sensor=sensor, disk_free_bytes=12_345_678_901)
    assert device().states(status) == {
        "online": "ON",
        "recording": "ON",
        "alarm": "OFF",
        "sensor": "ready",
        "store": "ready",
        "clock": "synced",
        "waiting": "20",
        "pending": "0",
        "rejected": "2",
        "prints": "31",
        "not_backed_up": "4",
        "disk_free": "12345",
        "complete_until": "2026-11-23T06:58:03+07:00",
    }
    assert device().available(status) == device().states(status).keys()


FAULTS: dict[str, dict[str, Any]] = {
    "sensor": {"sensor": structs.replace(gate_status().sensor, state="silent", problem="Plug?")},
    "store": {"store": StoreStatus(state="failing", problem="The disk is full.")},
    "clock": {
        "clock": structs.replace(gate_status().clock, state=ClockState.UNSYNCED, problem="!")
    },
    "roster": {"roster": RosterStatus(version=3, refused="older")},
    "duplicate_gate": {"uplink": UplinkStatus(duplicate_gate=True)},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_an_alarm_that_says_which(fault: str) -> None:
    status = encoded(**FAULTS[fault])
    states = device().states(status)
    assert states["alarm"] == "ON"
    assert states["recording"] == ("OFF" if fault in ("sensor", "store") else "ON")
    told = device().attributes("alarm", status)
    assert [name for name, why in told.items() if why] == [fault]


@pytest.mark.parametrize(
    "last",
    [
        msgspec.json.encode(LastWill(gate=GATE, ledger_id="x")),
        msgspec.json.encode(LastWill(gate=GATE)),
        encoded(state="offline"),
        b"",
    ],
    ids=["will", "old will", "goodbye", "taken out of service"],
)
def test_a_gate_that_is_away_has_no_values_and_says_so(last: bytes) -> None:
    assert device().available(last) == {"online"}
    assert device().states(last)["online"] == "OFF"
    device().attributes("alarm", last)


def entry(**data: Any) -> bytes:
    return json.dumps({"specversion": "1.0", "data": {"seq": 7, "at": None, **data}}).encode()


def test_punches_are_events_with_nothing_but_code_and_time() -> None:
    found = device(punches=True)
    at = "2026-11-23T06:58:03.120+07:00"
    punch = {"kind": "punch.recorded", "worker": "0042", "evidence_hash": "e5" * 32}
    assert found.event(entry(**punch, direction="in", at=at)) == {
        "event_type": "in",
        "worker": "0042",
        "at": at,
        "seq": 7,
    }
    assert found.event(entry(**punch, direction=None))["event_type"] == "punch"
    for kind in ("gate.alive", "punch.repeated", "attempt.refused"):
        assert found.event(entry(kind=kind, worker="0042", direction="in")) is None


def test_without_punches_it_is_not_even_told_of_the_ledger() -> None:
    assert TOPICS.ledger not in json.dumps(device().message)
    assert device().taken_away == {"punch"}
    assert device(punches=True).taken_away == set()


@pytest.mark.parametrize(
    "planted",
    [
        lambda message: message.pop("origin"),
        lambda message: message["components"]["clock"].pop("unique_id"),
        lambda message: message["components"]["clock"].update(device_class="clock"),
        lambda message: message["components"]["waiting"].update(valu_template="x"),
    ],
)
def test_the_check_of_the_format_can_fail(planted: Callable[[Any], Any]) -> None:
    message = device().message
    planted(message)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(message)


def test_it_is_told_after_the_birth_and_after_the_entries(new_ledger: NewLedger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept(receive_maximum=1)
        for seq in (1, 2, 3):
            (sent,) = broker.take()
            assert sent.json["data"]["seq"] == seq
            yield broker.acknowledge(sent)
        (page,) = broker.take()
        assert (page.topic, page.retain) == (PAGE, True)
        Device(page.payload)
        yield broker.acknowledge(page)
        yield []
        assert broker.take() == []

    play(new_ledger(3), script, home_assistant=ON)


_LOADED = """
import sys
from edge_agent.contract.messages import Topics
from edge_agent.gate.settings.schema import HomeAssistantSettings
from edge_agent.gate.uplink.home_assistant import HomeAssistantPublisher
settings = HomeAssistantSettings(discovery=sys.argv[1] == "on")
HomeAssistantPublisher(settings, Topics("attendance", "main-gate"), None, None, None)
print("edge_agent.contract.home_assistant" in sys.modules)
"""


@pytest.mark.parametrize(("asked_for", "loaded"), [("on", "True"), ("off", "False")])
def test_its_format_is_loaded_only_where_it_is_asked_for(asked_for: str, loaded: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, asked_for], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == loaded


def test_a_gate_that_never_told_it_anything_says_nothing(new_ledger: NewLedger) -> None:
    def script(broker: ScriptedBroker) -> Script:
        yield from broker.accept()
        yield [event for sent in broker.take() for event in broker.acknowledge(sent)]
        yield []
        assert broker.take() == []

    play(new_ledger(3), script)


def told(broker: ScriptedBroker, code: int = 0) -> Script:
    """Lets the gate in, and acknowledges whatever it sends, pages with ``code``."""
    yield from broker.accept()
    while sent := broker.take():
        yield [
            event
            for one in sent
            for event in broker.acknowledge(one, code if one.topic.endswith("/config") else 0)
        ]


def pages(ledger: Ledger, settings: HomeAssistantSettings, code: int = 0) -> list[tuple[str, bool]]:
    """What went to Home Assistant: each topic, and whether it was filled."""
    sent = play(ledger, lambda broker: told(broker, code), home_assistant=settings).broker.sent
    return [(one.topic, bool(one.payload)) for one in sent if one.topic.endswith("/config")]


def test_turned_off_it_is_taken_back_once(new_ledger: NewLedger) -> None:
    ledger = new_ledger(3)
    assert pages(ledger, ON) == [(PAGE, True)]
    assert pages(ledger, ON) == [(PAGE, True)]
    assert pages(ledger, OFF) == [(PAGE, False)]
    assert pages(ledger, OFF) == []


def test_another_prefix_leaves_nothing_under_the_old_one(new_ledger: NewLedger) -> None:
    ledger = new_ledger(3)
    elsewhere = HomeAssistantSettings(discovery=True, prefix="ha/site")
    other = f"ha/site/device/edge-agent-{GATE}/config"
    assert pages(ledger, ON) == [(PAGE, True)]
    assert pages(ledger, elsewhere) == [(PAGE, False), (other, True)]
    assert pages(ledger, OFF) == [(other, False)]


def test_what_the_broker_refuses_is_told_and_tried_at_the_next_connection(
    new_ledger: NewLedger,
) -> None:
    ledger = new_ledger(3)
    assert pages(ledger, ON) == [(PAGE, True)]
    assert pages(ledger, OFF, 0x87) == [(PAGE, False)]
    details = [
        getattr(event, "detail", None) or ""
        for event in play(ledger, lambda broker: told(broker, 0x87), home_assistant=ON).events
    ]
    assert any(PAGE in detail for detail in details)
    assert pages(ledger, OFF) == [(PAGE, False)]
    assert pages(ledger, OFF) == []


class Assistant:
    """Home Assistant's connection: what is retained and what comes, by topic."""

    def __init__(self) -> None:
        self.latest: dict[str, bytes] = {}
        self.entries: list[bytes] = []
        self._changed = threading.Condition()

    def on_message(self, _client: Any, _data: Any, message: MQTTMessage) -> None:
        with self._changed:
            self.latest[message.topic] = bytes(message.payload)
            if message.topic == TOPICS.ledger:
                self.entries.append(bytes(message.payload))
            self._changed.notify_all()

    def until(self, come_true: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(come_true, PATIENCE_S)


@contextmanager
def assistant(port: int) -> Iterator[Assistant]:
    its = Assistant()
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_connect = lambda *_: client.subscribe(
        [("homeassistant/#", 1), (TOPICS.status, 1), (TOPICS.ledger, 1)]
    )
    client.on_message = its.on_message
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield its
    finally:
        client.disconnect()
        client.loop_stop()


def test_on_a_real_broker(mosquitto: Mosquitto, new_ledger: NewLedger) -> None:
    ledger = new_ledger(5)
    with Payroll(mosquitto.port, ledger).listening():
        with Gate(mosquitto.port, ledger, WITH_PUNCHES) as gate:
            gate.until_confirmed(5)
            with assistant(mosquitto.port) as its:  # It starts later than the gate.
                its.until(lambda: {PAGE, TOPICS.status} <= its.latest.keys())
                found = Device(its.latest[PAGE])
                assert found.available(its.latest[TOPICS.status]) == set(found.components)
                assert found.states(its.latest[TOPICS.status])["online"] == "ON"
                ledger.punch("0042")
                gate.flow.notify()
                its.until(lambda: bool(its.entries))
                assert found.event(its.entries[0])["worker"] == "0042"
                gate.stop()
                its.until(lambda: found.available(its.latest[TOPICS.status]) == {"online"})
        with assistant(mosquitto.port) as its:
            its.until(lambda: PAGE in its.latest)
            with Gate(mosquitto.port, ledger):
                its.until(lambda: its.latest[PAGE] == b"")
        with assistant(mosquitto.port) as its:
            its.until(lambda: TOPICS.status in its.latest)
            assert PAGE not in its.latest
