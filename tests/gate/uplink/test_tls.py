"""TLS and passwords against a real mosquitto: what fails is told in a sentence with its fix."""

import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent.contract.broker import access as broker_access
from edge_agent.contract.broker import client
from edge_agent.contract.broker.access import BrokerAccess
from edge_agent.gate.events import Confirmed, UplinkChanged
from edge_agent.gate.ports import BrokerDown, BrokerEvent, BrokerUp, Received
from edge_agent.gate.settings.schema import MqttSettings
from edge_agent.gate.uplink.mqtt import broker as attempts
from edge_agent.gate.uplink.mqtt import connection
from edge_agent.gate.uplink.mqtt.broker import PahoBroker
from edge_agent.receiver.connection import ReceiverOptions
from tests.brokers import MOSQUITTO, Mosquitto, free_port, wait_for_port
from tests.certificates import Authority, Files
from tests.patience import PATIENCE_S
from tests.receiver.running import Running

from .gates import TOPICS, Ledger
from .stub_broker import ACCEPTED_3, StubBroker, until_hung_up
from .test_real_brokers import Gate

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

HOST = "127.0.0.1"
NEWEST = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(attempts, "LONGEST_PAUSE_S", 0.02)


@pytest.fixture
def ca(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def tls_lines(authority: Authority, shown: Files, *more: str) -> list[str]:
    files = [f"cafile {authority.file}", f"certfile {shown.cert}", f"keyfile {shown.key}"]
    return [*files, *more]


@pytest.fixture
def secure(tmp_path: Path, ca: Authority) -> Iterator[Mosquitto]:
    """A broker that speaks TLS."""
    with Mosquitto(tmp_path, tls_lines(ca, ca.issue(HOST))) as broker:
        yield broker


@pytest.fixture
def strict(tmp_path: Path, ca: Authority) -> Iterator[Mosquitto]:
    """A broker that wants a client certificate too."""
    lines = tls_lines(ca, ca.issue(HOST), "require_certificate true")
    with Mosquitto(tmp_path, lines) as broker:
        yield broker


def first(port: int, **settings: Any) -> BrokerEvent:
    """What comes of the first round of attempts."""
    mqtt = MqttSettings(**({"host": HOST, "port": port, "tls": "on"} | settings))
    with closing(PahoBroker(mqtt, "edge-agent-main-gate")) as broker:
        broker.open(("5", "3.1.1"), TOPICS.status, b"gone")
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for event in broker.poll(1.0):
                if isinstance(event, BrokerUp | BrokerDown):
                    return event
    raise AssertionError("nothing came of it")


def refused(port: int, **settings: Any) -> str:
    event = first(port, **settings)
    assert isinstance(event, BrokerDown), event
    return str(event.reason)


def test_entries_go_out_encrypted_with_a_client_certificate(
    strict: Mosquitto, ca: Authority, new_ledger: Callable[[int], Ledger], tmp_path: Path
) -> None:
    gate, payroll = ca.issue("gate", cn="main-gate"), ca.issue("payroll", cn="payroll")
    options = ReceiverOptions(
        database=str(tmp_path / "payroll.db"),
        host=HOST,
        port=strict.port,
        tls="on",
        ca_file=ca.file,
        cert_file=payroll.cert,
        key_file=payroll.key,
    )
    mqtt = {"tls": "on", "ca_file": ca.file, "cert_file": gate.cert, "key_file": gate.key}
    with Running(options) as running:
        running.said("connected")
        with Gate(strict.port, new_ledger(300), **mqtt) as uplink:
            uplink.until(lambda event: event == Confirmed(through=300))


def test_messages_of_one_record_come_at_once(ca: Authority) -> None:
    """TLS reads ahead: what it holds back is no longer to be seen on the socket."""
    shown = ca.issue(HOST)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(shown.cert, shown.key)
    message = bytes.fromhex("3007000474657374") + b"x"  # PUBLISH at QoS 0 on "test".

    def serve(server: socket.socket) -> None:
        plain, _ = server.accept()
        with plain, ours.wrap_socket(plain, server_side=True) as connection:
            connection.recv(4096)
            connection.sendall(ACCEPTED_3 + 3 * message)
            until_hung_up(connection)

    with socket.create_server((HOST, 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        mqtt = MqttSettings(host=HOST, port=server.getsockname()[1], tls="on", ca_file=ca.file)
        with closing(PahoBroker(mqtt, "edge-agent-main-gate")) as broker:
            broker.open(("3.1.1",), TOPICS.status, b"gone")
            got: list[BrokerEvent] = []
            deadline = time.monotonic() + PATIENCE_S
            while len(got) < 4 and time.monotonic() < deadline:
                got += broker.poll(PATIENCE_S)
            assert got[1:] == [Received("test", b"x", False)] * 3
            assert time.monotonic() < deadline
        thread.join()


def test_an_unknown_ca(secure: Mosquitto, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    reason = refused(secure.port, ca_file=other.file)
    assert f"no CA in {other.file}" in reason
    assert "name its file in [mqtt] ca_file" in reason
    assert "no CA that this system knows" in refused(secure.port)


DATES = {
    "expired": ((-9, -2), "has expired by the clock here"),
    "not yet valid": ((2, 9), "is not valid yet by the clock here"),
}


@pytest.mark.parametrize(("days", "words"), DATES.values(), ids=DATES.keys())
def test_a_certificate_of_another_time(
    tmp_path: Path, ca: Authority, days: tuple[int, int], words: str
) -> None:
    with Mosquitto(tmp_path, tls_lines(ca, ca.issue(HOST, days=days))) as broker:
        reason = refused(broker.port, ca_file=ca.file)
    assert words in reason
    assert re.search(r"which says 20\d\d-\d\d-\d\d \d\d:\d\d UTC", reason)
    assert "let the clock be set" in reason


def test_a_certificate_for_another_name(tmp_path: Path, ca: Authority) -> None:
    with Mosquitto(tmp_path, tls_lines(ca, ca.issue("broker.example"))) as broker:
        reason = refused(broker.port, ca_file=ca.file)
    assert f"not made out for '{HOST}': set [mqtt] host" in reason


@pytest.mark.parametrize("version", NEWEST)
def test_no_client_certificate(
    strict: Mosquitto, ca: Authority, monkeypatch: pytest.MonkeyPatch, version: ssl.TLSVersion
) -> None:
    bounded(monkeypatch, "maximum_version", version)
    reason = refused(strict.port, ca_file=ca.file)
    assert "client certificate" in reason
    assert "set [mqtt] cert_file and [mqtt] key_file" in reason


@pytest.mark.parametrize("version", NEWEST)
def test_a_client_certificate_of_another_ca(
    strict: Mosquitto,
    ca: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: ssl.TLSVersion,
) -> None:
    bounded(monkeypatch, "maximum_version", version)
    stranger = Authority(tmp_path, "other").issue("gate", cn="main-gate")
    reason = refused(strict.port, ca_file=ca.file, cert_file=stranger.cert, key_file=stranger.key)
    assert f"refuses our certificate ({stranger.cert})" in reason
    assert "have it signed by the broker's CA" in reason


def test_a_client_certificate_that_has_expired(strict: Mosquitto, ca: Authority) -> None:
    old = ca.issue("gate", cn="main-gate", days=(-9, -2))
    reason = refused(strict.port, ca_file=ca.file, cert_file=old.cert, key_file=old.key)
    assert f"({old.cert}), which has expired" in reason


def test_tls_to_a_plain_port(mosquitto: Mosquitto, ca: Authority) -> None:
    reason = refused(mosquitto.port, ca_file=ca.file)
    assert f"port {mosquitto.port} may be a plain one: set [mqtt] port" in reason


def test_plain_to_a_tls_port(secure: Mosquitto) -> None:
    assert "is that an MQTT port, and one without TLS?" in refused(secure.port, tls="off")


def test_plain_to_a_tls_port_that_says_so() -> None:
    """mosquitto hangs up; others send an alert of TLS (here: protocol version)."""

    def alert(connection: socket.socket, level: int) -> None:
        connection.sendall(bytes.fromhex("15030100020246"))

    with StubBroker(alert) as stub:
        reason = refused(stub.port, tls="off")
        assert 'speaks TLS only: set [mqtt] tls to "on"' in reason
        assert stub.levels == [5]


def bounded(monkeypatch: pytest.MonkeyPatch, bound: str, version: ssl.TLSVersion) -> None:
    """Hold our side to TLS versions of one end."""
    context = client.context

    def limited(access: BrokerAccess) -> ssl.SSLContext:
        made = context(access)
        setattr(made, bound, version)
        return made

    monkeypatch.setattr(client, "context", limited)


def test_a_broker_that_only_speaks_old_tls(ca: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL has given 1.1 up, so that what is too old here is 1.2."""
    bounded(monkeypatch, "minimum_version", ssl.TLSVersion.TLSv1_3)
    shown, port = ca.issue(HOST), free_port()
    command = ["openssl", "s_server", "-quiet", "-tls1_2", "-accept", str(port)]
    server = subprocess.Popen([*command, "-cert", shown.cert, "-key", shown.key])
    try:
        wait_for_port(port, server)
        assert "TLS 1.2 or newer" in refused(port, ca_file=ca.file)
    finally:
        server.kill()
        server.wait()


def test_files_that_cannot_be_used(secure: Mosquitto, ca: Authority, tmp_path: Path) -> None:
    shown, other = ca.issue("gate", cn="main-gate"), ca.issue("gate", cn="other")
    nonsense = tmp_path / "nonsense"
    nonsense.write_text("no certificate\n")
    bare = tmp_path / "bare.key"
    shutil.copy(shown.key, bare)
    bare.chmod(0o604)
    locked = tmp_path / "locked.key"
    subprocess.run(
        ["openssl", "pkey", "-in", shown.key, "-aes256", "-passout", "pass:x", "-out", locked],
        check=True,
    )
    good = {"ca_file": ca.file, "cert_file": shown.cert, "key_file": shown.key}
    cases: list[tuple[dict[str, str], str]] = [
        ({"ca_file": "/nowhere"}, "/nowhere cannot be read (No such file or directory): correct"),
        ({"ca_file": str(nonsense)}, f"The CA file {nonsense} holds no certificate"),
        ({"cert_file": "/nowhere"}, "correct [mqtt] cert_file"),
        ({"key_file": "/nowhere"}, "correct [mqtt] key_file"),
        ({"cert_file": str(nonsense)}, "in PEM form"),
        ({"key_file": other.key}, f"The key in {other.key} does not belong to the certificate in"),
        ({"key_file": str(bare)}, f"chmod 600 {bare}"),
        ({"key_file": str(locked)}, "locked by a passphrase"),
    ]
    for wrong, words in cases:
        reason = refused(secure.port, **(good | wrong))
        assert words in reason, (wrong, reason)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that knows main-gate by a password."""
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "main-gate", "trà xanh"], check=True)
    lines = ["allow_anonymous false", f"password_file {passwords}"]
    with Mosquitto(tmp_path, lines) as broker:
        yield broker


@pytest.mark.skipif(not shutil.which("mosquitto_passwd"), reason="mosquitto_passwd is not there")
def test_a_password(guarded: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "mqtt-password"
    secret.write_text("trà xanh\n")
    plain = {"tls": "off", "username": "main-gate"}
    named = plain | {"password_file": str(secret)}
    secret.chmod(0o640)
    reason = refused(guarded.port, **named)
    assert f"others may read {secret} (mode 0640): chmod 600 {secret}" in reason
    secret.chmod(0o600)
    assert isinstance(first(guarded.port, **named), BrokerUp)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert isinstance(first(guarded.port, **plain), BrokerUp)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert "not authorised" in refused(guarded.port, **plain)
    secret.write_text("trà đen\n")
    reason = refused(guarded.port, **named)
    assert "not authorised" in reason
    assert "trà" not in reason
    secret.write_text("\n")
    assert "holds no password" in refused(guarded.port, **named)
    secret.unlink()
    assert "cannot be read (No such file" in refused(guarded.port, **named)


def test_a_packet_beyond_measure_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under 3.1.1 no broker asks how much we take."""
    monkeypatch.setattr(connection, "_LARGEST_PACKET", 1000)
    with Mosquitto(tmp_path) as broker:
        mqtt = MqttSettings(host=HOST, port=broker.port, protocol="3.1.1")
        with closing(PahoBroker(mqtt, "edge-agent-main-gate")) as adapter:
            adapter.open(("3.1.1",), TOPICS.status, b"gone")
            deadline = time.monotonic() + PATIENCE_S
            while time.monotonic() < deadline:
                for event in adapter.poll(1.0):
                    if isinstance(event, BrokerUp):
                        adapter.subscribe({"big": 1})
                        adapter.publish("big", bytes(1001))
                    assert not isinstance(event, Received)
                    if isinstance(event, BrokerDown):
                        assert "sends a message of 1008 bytes, which is not read" in str(
                            event.reason
                        )
                        return
    raise AssertionError("it was read after all")


def test_the_receiver_says_why_too(strict: Mosquitto, ca: Authority, tmp_path: Path) -> None:
    options = ReceiverOptions(
        database=str(tmp_path / "payroll.db"), host=HOST, port=strict.port, tls="on"
    )
    with Running(options) as running:
        assert "name its file in --ca-file" in running.said("disconnected")
    with Running(replace(options, ca_file=ca.file)) as running:
        for _ in range(3):  # It is nothing that another version of MQTT could mend.
            assert "set --cert-file and --key-file" in running.said("disconnected")


def test_an_open_way_over_a_network_is_warned_of(
    mosquitto: Mosquitto, new_ledger: Callable[[int], Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_access, "is_loopback", lambda host: False)
    with Gate(mosquitto.port, new_ledger(1), tls="off") as gate:
        told = gate.until(lambda event: isinstance(event, UplinkChanged))
    assert isinstance(told, UplinkChanged)
    assert told.state == "connected"
    assert "is not encrypted, so whoever is on it" in (told.detail or "")
