"""A receiver with a key: what it publishes is signed for its gate, and what it believes too."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from paho.mqtt.client import MQTTMessage

from edge_agent.contract.signatures import Believed, NotSigned, SigningKey
from edge_agent.contract.stamps import parse_time
from edge_agent.receiver.connection import ReceiverOptions
from edge_agent.receiver.signing_key import new_signing_key
from tests.brokers import Mosquitto
from tests.contract.samples import validator
from tests.patience import PATIENCE_S
from tests.system.payroll import Listener

from .gate import Gate, write_ledger
from .running import Running, rows
from .test_known_workers import names, roster

ROSTER = "attendance/roster"


def heard(listener: Listener, channel: str) -> MQTTMessage:
    while True:
        message = listener.messages.get(timeout=PATIENCE_S)
        if channel in message.topic and message.payload:
            return message


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return new_signing_key(tmp_path / "key")


@pytest.fixture
def signing(mosquitto: Mosquitto, tmp_path: Path, key: SigningKey) -> ReceiverOptions:
    return ReceiverOptions(
        database=str(tmp_path / "payroll.db"),
        host=mosquitto.host,
        port=mosquitto.port,
        signing_key=str(tmp_path / "key"),
    )


def test_receipts_and_commands_are_signed_and_old_gates_read_them(
    signing: ReceiverOptions, mosquitto: Mosquitto, key: SigningKey
) -> None:
    entries = write_ledger(5)
    believed = Believed([key.public])
    with (
        Running(signing) as running,
        Gate(mosquitto.port) as gate,
        Listener(mosquitto.port, "attendance/main-gate/#") as listener,
    ):
        running.said("connected")
        gate.send(entries[0], entries[4])
        asked = gate.asked()  # A gate that knows nothing of signatures.
        assert (asked.from_, asked.to) == (2, 4)
        assert gate.confirmed(1).through == 1
        said: dict[str, MQTTMessage] = {}
        while len(said) < 2:
            message = listener.messages.get(timeout=PATIENCE_S)
            for channel, schema in (("/commands", "command"), ("/receipts/", "receipt")):
                if channel in message.topic:
                    said[schema] = message
        for schema, message in said.items():
            opened = believed.opened(message.topic, message.payload, 65536)
            assert b"signature" not in opened
            validator(schema).validate(json.loads(message.payload))
            elsewhere = message.topic.replace("main-gate", "north-gate")
            with pytest.raises(NotSigned):
                believed.opened(elsewhere, message.payload, 65536)
    assert asked.expires is not None
    left = datetime.fromtimestamp(parse_time(asked.expires) / 1000, UTC) - datetime.now(UTC)
    assert timedelta(minutes=50) < left <= timedelta(hours=1)


def test_without_a_key_nothing_is_signed_and_no_command_expires(
    signing: ReceiverOptions, mosquitto: Mosquitto
) -> None:
    """The control, and what every payroll says until now."""
    entries = write_ledger(3)
    with (
        Running(replace(signing, signing_key="")) as running,
        Gate(mosquitto.port) as gate,
        Listener(mosquitto.port, "attendance/main-gate/#") as listener,
    ):
        running.said("connected")
        gate.send(entries[0], entries[2])
        assert gate.asked().expires is None
        assert b"signature" not in heard(listener, "/receipts/").payload


@pytest.mark.usefixtures("short_minute")
def test_a_roster_counts_at_payroll_only_if_its_key_has_signed_it(
    signing: ReceiverOptions, mosquitto: Mosquitto, key: SigningKey
) -> None:
    forged, sound = roster(9, ("NV1", "Người Lạ")), roster(7, ("NV1", "Ma Thị Nhung"))
    with Running(signing) as running, Listener(mosquitto.port) as listener:
        running.said("connected")
        for payload in (forged, SigningKey(bytes(32)).signed(ROSTER, forged)):
            listener.say(ROSTER, payload)
            assert "not-signed" in running.said("roster-refused")
        listener.say(ROSTER, key.signed(ROSTER, sound))
        running.said("roster-applied")
    assert names(signing.database) == {"NV1": "Ma Thị Nhung"}


@pytest.mark.usefixtures("short_minute")
def test_versions_that_begin_again(signing: ReceiverOptions, mosquitto: Mosquitto) -> None:
    last = 2**53 - 1
    with (
        Running(replace(signing, signing_key="")) as running,
        Listener(mosquitto.port) as listener,
    ):
        running.said("connected")
        for version in (last, 1, 2):
            listener.say(ROSTER, roster(version, (f"NV{version % 7}", "Ma Thị Nhung")))
            running.said("roster-applied")
        for version in (1, last):
            listener.say(ROSTER, roster(version, ("NV8", "Người Lạ")))
            assert "older" in running.said("roster-refused")
    found = rows(signing.database, "SELECT version FROM rosters ORDER BY version")
    assert found == [(-last,), (1,), (2,)]
