"""The whole uplink against mosquitto and rumqttd, with a payroll on the other side."""

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from edge_agent.contract.roster import Heard
from edge_agent.gate.events import Confirmed, Event, UplinkChanged
from edge_agent.gate.host.clock import HostClock
from edge_agent.gate.ledger.store.metadata import Watermarks
from edge_agent.gate.settings.schema import HomeAssistantSettings, MqttSettings
from edge_agent.gate.uplink.mqtt import broker as attempts
from edge_agent.gate.uplink.mqtt import connection
from edge_agent.gate.uplink.mqtt.broker import PahoBroker
from edge_agent.gate.uplink.thread import UplinkThread
from tests.brokers import Mosquitto, free_port
from tests.patience import PATIENCE_S

from .gates import NO_HOME_ASSISTANT, TOPICS, Ledger, uplink
from .payroll import Payroll

CLIENT_ID = "edge-agent-main-gate"
NewLedger = Callable[[int], Ledger]

RUMQTTD = """
id = 0
[router]
id = 0
max_connections = 10
max_outgoing_packet_count = 200
max_segment_size = 1048576
max_segment_count = 10
[{version}]
name = "{version}"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
    [{version}.connections]
    connection_timeout_ms = 60000
    max_payload_size = 65536
    max_inflight_count = 100
    dynamic_filters = true
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Come back at once."""
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(attempts, "LONGEST_PAUSE_S", 0.05)


@contextmanager
def rumqttd(folder: Path, version: str) -> Iterator[int]:
    iotcore = pytest.importorskip("iotcore", reason="iotcore is not installed")
    port = free_port()
    config = folder / "rumqttd.toml"
    config.write_text(RUMQTTD.format(version=version, port=port))
    with iotcore.Broker(config_path=str(config)):
        yield port


class Somewhere(NamedTuple):
    """A broker's port, and the version of MQTT that is spoken there."""

    port: int
    mqtt: str


@pytest.fixture(params=["mosquitto 5", "rumqttd 5", "rumqttd 3.1.1"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Somewhere]:
    """Each broker in turn."""
    name, mqtt = request.param.split()
    if name == "mosquitto":
        yield Somewhere(request.getfixturevalue("mosquitto").port, mqtt)
    else:
        with rumqttd(tmp_path, "v5.1" if mqtt == "5" else "v4.1") as port:
            yield Somewhere(port, mqtt)


class Gate:
    """The flow on its thread, and what it tells."""

    def __init__(
        self,
        port: int,
        ledger: Ledger,
        home_assistant: HomeAssistantSettings = NO_HOME_ASSISTANT,
        **settings: Any,
    ) -> None:
        status = settings.pop("status", None)
        mqtt = MqttSettings(**{"host": "127.0.0.1", "port": port, **settings})
        self.events: queue.Queue[Event] = queue.Queue()
        self.rosters: queue.Queue[Heard] = queue.Queue()
        self._confirmed: set[int] = set()
        broker = PahoBroker(mqtt, CLIENT_ID)
        self.flow: UplinkThread = uplink(
            mqtt,
            ledger,
            broker,
            HostClock("always", 500),
            self.events.put,
            status=status,
            home_assistant=home_assistant,
            on_roster=self.rosters.put,
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.flow.run, args=(self._stop, lambda: None))

    def until(self, come_true: Callable[[Event], bool]) -> Event:
        while True:
            event = self.events.get(timeout=PATIENCE_S)
            if isinstance(event, Confirmed):
                self._confirmed.add(event.through)
            if come_true(event):
                return event

    def until_confirmed(self, through: int) -> None:
        """Also where that was told before another event that was waited for: the order is open."""
        while through not in self._confirmed:
            self.until(lambda event: isinstance(event, Confirmed))

    def stop(self) -> None:
        self._stop.set()
        self.flow.notify()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def __enter__(self) -> "Gate":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def test_drains_in_order_until_the_receipt(broker: Somewhere, new_ledger: NewLedger) -> None:
    ledger = new_ledger(500)
    with (
        Payroll(broker.port, ledger, mqtt=broker.mqtt).listening() as payroll,
        Gate(broker.port, ledger) as gate,
    ):
        gate.until_confirmed(500)
        assert payroll.arrived == list(range(1, 501))
        assert payroll.wires[7] == {ledger.store.entries(7, 1)[0].wire}
        ledger.grow(1)
        gate.flow.notify()
        gate.until_confirmed(501)
        gate.stop()
        payroll.until(lambda: payroll.states == ["online", "offline"])
    assert ledger.store.watermarks() == Watermarks(501, 501)


def test_the_retained_receipt_is_read_before_anything_is_published(
    broker: Somewhere, new_ledger: NewLedger
) -> None:
    ledger = new_ledger(300)
    with Payroll(broker.port, ledger, mqtt=broker.mqtt, answers=False).listening() as payroll:
        payroll.say(ledger.receipts, ledger.receipt(250), retain=True)
        with Gate(broker.port, ledger) as gate:
            gate.until_confirmed(250)
            payroll.until(lambda: 300 in payroll.wires)
    assert payroll.arrived == list(range(251, 301))


def test_payroll_asks_again(broker: Somewhere, new_ledger: NewLedger) -> None:
    ledger = new_ledger(20)
    with (
        Payroll(broker.port, ledger, mqtt=broker.mqtt).listening() as payroll,
        Gate(broker.port, ledger) as gate,
    ):
        gate.until_confirmed(20)
        payroll.resend("q1", 3, 5)
        payroll.until(lambda: len(payroll.arrived) == 23)
        payroll.until(lambda: bool(payroll.replies))
    assert payroll.arrived[20:] == [3, 4, 5]
    assert payroll.replies == [{"id": "q1", "command": "resend", "ok": True}]


def test_a_broker_killed_mid_drain_loses_nothing(
    mosquitto: Mosquitto, new_ledger: NewLedger
) -> None:
    ledger = new_ledger(3000)
    with (
        Payroll(mosquitto.port, ledger).listening() as payroll,
        Gate(mosquitto.port, ledger, receipt_timeout_s=1) as gate,
    ):
        payroll.until(lambda: len(payroll.arrived) >= 500)
        mosquitto.restart()
        payroll.until(lambda: payroll.subscriptions == 2)
        # Whatever went out while payroll was away: the next punch shows it the hole.
        ledger.grow(1)
        gate.flow.notify()
        gate.until_confirmed(3001)
    assert all(len(wires) == 1 for wires in payroll.wires.values())


def test_a_frozen_broker_is_left_and_found_again(
    mosquitto: Mosquitto, new_ledger: NewLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ACKNOWLEDGE_TIMEOUT_S", 0.5)
    ledger = new_ledger(5)
    with Payroll(mosquitto.port, ledger).listening(), Gate(mosquitto.port, ledger) as gate:
        gate.until_confirmed(5)
        mosquitto.freeze()
        ledger.grow(1)
        gate.flow.notify()
        lost = gate.until(lambda event: isinstance(event, UplinkChanged))
        assert isinstance(lost, UplinkChanged)
        assert "acknowledges nothing" in (lost.detail or "")
        mosquitto.thaw()
        gate.until_confirmed(6)


def test_a_broker_that_takes_few_at_a_time(tmp_path: Path, new_ledger: NewLedger) -> None:
    ledger = new_ledger(200)
    with (
        Mosquitto(tmp_path, ["max_inflight_messages 3"]) as mosquitto,
        Payroll(mosquitto.port, ledger).listening() as payroll,
        Gate(mosquitto.port, ledger) as gate,
    ):
        gate.until_confirmed(200)
    assert payroll.arrived == list(range(1, 201))
    # Once for the first connection: it was never ended for sending too much.
    assert mosquitto.log.read_text().count("as edge-agent-main-gate") == 1


def test_a_broker_that_denies_the_ledger_loses_nothing(
    tmp_path: Path, new_ledger: NewLedger
) -> None:
    (tmp_path / "acl").write_text(f"topic read #\ntopic write {TOPICS.status}\n")
    ledger = new_ledger(5)
    with (
        Mosquitto(tmp_path, [f"acl_file {tmp_path / 'acl'}"]) as mosquitto,
        Gate(mosquitto.port, ledger) as gate,
    ):
        told = gate.until(lambda event: isinstance(event, UplinkChanged) and bool(event.detail))
        assert isinstance(told, UplinkChanged)
        assert told.state == "connected"
        assert "not authorised" in (told.detail or "")
    assert ledger.store.watermarks() == Watermarks(0, 0)


VANISHING = """
import sys
from edge_agent.gate.ports import BrokerUp
from edge_agent.gate.settings.schema import MqttSettings
from edge_agent.gate.uplink.mqtt.broker import PahoBroker
broker = PahoBroker(MqttSettings(host="127.0.0.1", port=int(sys.argv[1])), "edge-agent-main-gate")
broker.open(("5", "3.1.1"), sys.argv[2], b'{"gate": "main-gate", "state": "offline"}')
while not any(isinstance(event, BrokerUp) for event in broker.poll(1.0)):
    pass
broker.publish(sys.argv[2], b'{"state": "online"}', retain=True)
while True:
    broker.poll(1.0)
"""


def test_a_gate_that_vanishes_is_offline(broker: Somewhere, new_ledger: NewLedger) -> None:
    ledger = new_ledger(1)
    with Payroll(broker.port, ledger, mqtt=broker.mqtt).listening() as payroll:
        gate = subprocess.Popen([sys.executable, "-c", VANISHING, str(broker.port), TOPICS.status])
        try:
            payroll.until(lambda: payroll.states == ["online"])
        finally:
            gate.send_signal(signal.SIGKILL)
            gate.wait()
        payroll.until(lambda: payroll.states == ["online", "offline"])
    with Payroll(broker.port, ledger, mqtt=broker.mqtt).listening() as later:
        later.until(lambda: later.states == ["offline"])


def test_stops_at_once_where_no_broker_answers(new_ledger: NewLedger) -> None:
    ledger = new_ledger(1)
    with Gate(free_port(), ledger) as gate:
        gate.until(lambda event: isinstance(event, UplinkChanged))
