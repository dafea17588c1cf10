"""The users and rights of docs/broker.md at a real RabbitMQ, as they are written there."""

import re
import shlex
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge_agent.contract.messages import RosterWorker
from edge_agent.receiver.connection import ReceiverOptions
from edge_agent.receiver.roster.publish_roster import publish_roster
from tests.certificates import Authority
from tests.gate.uplink.conftest import new_ledger
from tests.gate.uplink.gates import Ledger
from tests.gate.uplink.test_real_brokers import Gate
from tests.gate.uplink.test_site_identity import told
from tests.patience import PATIENCE_S
from tests.receiver.running import Running, rows

from .rabbitmq import INSTALLED, RabbitCluster

__all__ = ["new_ledger"]

PAGE = Path(__file__).parents[2] / "docs" / "broker.md"
PASSWORD = "tra-xanh"


def recipe(language: str, what: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    [block] = [block for block in found if what in block]
    return str(block).replace("\\\n", " ")


def listener(ca: Authority) -> str:
    shown = ca.issue("127.0.0.1")
    text = recipe("ini", "mqtt.listeners")
    for name, here in {
        "/etc/rabbitmq/ca.pem": ca.file,
        "/etc/rabbitmq/broker.crt": shown.cert,
        "/etc/rabbitmq/broker.key": shown.key,
        "mqtt.listeners.ssl.default = 8883": "mqtt.listeners.ssl.1 = 127.0.0.1:{port}",
    }.items():
        assert name in text
        text = text.replace(name, here)
    return text


def carry_out(cluster: RabbitCluster, gates: list[str]) -> None:
    """Every command of the page, those of a gate for each of ``gates``."""
    for line in recipe("sh", "rabbitmqctl").splitlines():
        words = shlex.split(line, comments=True)
        if not words or words[0] != "rabbitmqctl":
            continue
        for gate in gates if "main-gate" in line else ["-"]:
            command = [word.replace("main-gate", gate) for word in words[1:]]
            if command[0] == "add_user":
                command.append(PASSWORD)
            cluster.ask(*command)


class Person:
    """Somebody who tries what they may not; RabbitMQ hangs up on whoever does."""

    def __init__(self, port: int, ca: str, name: str, client_id: str) -> None:
        self.heard: list[str] = []
        self.over = threading.Event()
        self.answered = threading.Event()
        self.client = client = Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.username_pw_set(name, PASSWORD)
        client.tls_set(ca)
        client.on_disconnect = lambda *_: (self.over.set(), self.answered.set())
        client.on_subscribe = self._on_subscribe
        client.on_publish = lambda *_: self.answered.set()
        client.on_message = self._on_message
        self.refused = False
        client.connect("127.0.0.1", port)
        client.loop_start()

    def _on_message(self, _c: Any, _d: Any, message: MQTTMessage) -> None:
        self.heard.append(message.topic)

    def _on_subscribe(self, _c: Any, _d: Any, _mid: int, reasons: list[Any], _p: Any) -> None:
        self.refused = any(reason.is_failure for reason in reasons)
        self.answered.set()

    def may(self, ask: Callable[[Client], Any]) -> bool:
        ask(self.client)
        assert self.answered.wait(PATIENCE_S)
        self.client.loop_stop()
        return not (self.over.is_set() or self.refused)


CHANNELS = ["ledger", "status", "replies", "receipts/l1", "commands", "doctor"]
TOPICS = [f"attendance/{gate}/{channel}" for gate in ("a", "b") for channel in CHANNELS]
TOPICS += ["attendance/roster", "elsewhere"]
FILTERS = [*TOPICS, "#", "attendance/#", "attendance/+/ledger", "attendance/+/status"]
FILTERS += ["+/a/ledger"]


def own(gate: str, *channels: str) -> set[str]:
    return {f"attendance/{gate}/{channel}" for channel in channels}


MAY_WRITE = {
    "a": own("a", "ledger", "status", "replies", "doctor"),
    "payroll": own("a", "receipts/l1", "commands") | own("b", "receipts/l1", "commands"),
    "payroll-roster": {"attendance/roster"},
}
MAY_READ = {
    "a": own("a", "receipts/l1", "commands", "status") | {"attendance/roster"},
    "payroll": {topic for topic in FILTERS if topic.startswith("attendance/")},
    "payroll-roster": {f"attendance/{gate}/status" for gate in ("a", "b", "+")}
    | {"attendance/roster"},
}
CLIENT_IDS = {
    "a": "edge-agent-a",
    "payroll": "payroll-receiver",
    "payroll-roster": "payroll-roster",
}


def crossings(port: int, ca: str, topics: list[str], filters: list[str]) -> list[str]:
    """Whatever anybody can and may not, or may and cannot."""
    found = []
    for name, client_id in CLIENT_IDS.items():
        tried = [("publishes", topic, topic in MAY_WRITE[name]) for topic in topics]
        tried += [("reads", topic, topic in MAY_READ[name]) for topic in filters]
        for what, topic, allowed in tried:

            def ask(client: Client, what: str = what, topic: str = topic) -> None:
                client.publish(topic, b"x", 1) if what == "publishes" else client.subscribe(
                    topic, 1
                )

            person = Person(port, ca, name, client_id)
            may = person.may(ask)
            person.client.disconnect()
            if may is not allowed:
                found.append(f"{name} {what} {topic}: {may}")
    return found


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.skipif(not INSTALLED, reason="RabbitMQ is not installed: make rabbitmq")
def test_the_recipe_lets_everybody_do_theirs_and_nothing_else(
    tmp_path: Path, new_ledger: Callable[[int], Ledger]
) -> None:
    ca = Authority(tmp_path)
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text(PASSWORD)
    with RabbitCluster(tmp_path, 1, listener(ca)) as cluster:
        [port] = cluster.ports
        carry_out(cluster, ["main-gate", "a", "b"])
        assert crossings(port, ca.file, TOPICS, FILTERS) == []
        # Nor somebody else's queue, whose name begins like one's own.
        longer = Person(port, ca.file, "a", "edge-agent-a-b")
        assert not longer.may(lambda client: client.subscribe("attendance/a/commands", 1))
        # The check can fail: one right too many is found.
        loose = ["^attendance\\.", "^attendance\\.(a\\.(receipts\\..+|commands|status)|roster)$"]
        cluster.ask("set_topic_permissions", "a", "amq.topic", *loose)
        others = ["attendance/b/ledger"]
        assert crossings(port, ca.file, others, others) == ["a publishes attendance/b/ledger: True"]
        access = {"tls": "on", "ca_file": ca.file, "password_file": str(secret)}
        options = ReceiverOptions(
            database=str(tmp_path / "payroll.db"),
            host="127.0.0.1",
            port=port,
            username="payroll",
            **access,
        )
        with Running(options) as running:
            running.said("connected")
            before = len(running.lines)  # It had tried MQTT 5 first.
            with Gate(port, new_ledger(50), username="main-gate", **access) as gate:
                gate.until_confirmed(50)
                office = replace(options, username="payroll-roster")
                workers = [RosterWorker(code="NV001", name="Lan")]
                publish_roster(office, workers, 1, dry_run=False, force=True)
                assert gate.rosters.get(timeout=PATIENCE_S).version == 1
                running.said("roster-applied")
                # Who is no longer a user is hung up on, and stays outside.
                cluster.ask("delete_user", "main-gate")
                gate.until(lambda event: told(event, "disconnected"))
                gate.until(lambda event: told(event, "disconnected", "password are wrong"))
            assert not [line for line in running.lines[before:] if line.startswith("disconnected")]
            # As the page says: this broker lets anybody take another's client id.
            thief = Person(port, ca.file, "b", "payroll-receiver")
            running.said("disconnected")
            thief.client.disconnect()
        assert rows(tmp_path / "payroll.db", "SELECT count(*) FROM entries") == [(50,)]
