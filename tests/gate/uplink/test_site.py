"""Nobody reaches another's topics: the shipped broker settings, everybody and every topic."""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge_agent.gate.events import Confirmed, UplinkChanged
from edge_agent.gate.settings.schema import HomeAssistantSettings
from edge_agent.receiver.connection import ReceiverOptions
from tests.brokers import MOSQUITTO
from tests.certificates import Authority, Files
from tests.everyday import one_in
from tests.patience import PATIENCE_S
from tests.receiver.running import Running

from .gates import Ledger
from .site import GATES, PASSWORD, SHIPPED, Site, acl_for
from .test_real_brokers import Gate

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


CHANNELS = ["ledger", "status", "replies", "doctor", "receipts/l1", "receipts/l1/more", "commands"]
NAMES = [*GATES, "stranger", "payroll", "roster"]
TOPICS = [
    *(f"attendance/{name}/{channel}" for name in NAMES for channel in CHANNELS),
    *(f"{name}/ledger" for name in GATES),
    *("attendance/roster", "attendance", "attendance/a", "attendance//ledger", "elsewhere"),
    *(f"homeassistant/device/edge-agent-{name}/config" for name in GATES),
    *("homeassistant/device/edge-agent-stranger/config", "homeassistant/status"),
    *("homeassistant/device/edge-agent-a", "homeassistant/device/edge-agent-a/config/more"),
]
"""What is published, by everybody in turn."""

HOME_ASSISTANTS = {topic for topic in TOPICS if topic.startswith("homeassistant/")}

FILTERS = [
    *TOPICS,
    *("#", "$SYS/#", "attendance/#", "attendance/+/ledger", "+/+/+", "attendance/+/receipts/+"),
    *("homeassistant/#", "homeassistant/device/+/config"),
    *("attendance/+/commands", "attendance/a/#", "attendance/a-b/#", "attendance/+/status", "+/#"),
]
"""What everybody in turn subscribes to."""

PROGRAMS = ["payroll", "payroll-roster", "homeassistant"]
EVERYBODY = [*GATES, *PROGRAMS, "stranger", "+", "#", "a/ledger", "attendance"]


def may_read(name: str) -> set[str]:
    """The contract's words, once more and otherwise than in the file."""
    if name == "payroll":
        return {topic for topic in TOPICS if topic.split("/")[0] == "attendance"}
    if name == "payroll-roster":
        return {f"attendance/{gate}/status" for gate in NAMES} | {"attendance/roster"}
    if name in GATES:
        own = ("status", "receipts/l1", "commands")
        return {f"attendance/{name}/{channel}" for channel in own} | {"attendance/roster"}
    if name == "homeassistant":
        return HOME_ASSISTANTS | {f"attendance/{gate}/status" for gate in NAMES}
    return set()


def may_write(name: str) -> set[str]:
    if name == "payroll":
        asked = ("receipts/l1", "commands")
        return {f"attendance/{gate}/{what}" for gate in NAMES for what in asked}
    if name == "payroll-roster":
        return {"attendance/roster"}
    if name in GATES:
        own = ("ledger", "status", "replies", "doctor")
        page = f"homeassistant/device/edge-agent-{name}/config"
        return {f"attendance/{name}/{channel}" for channel in own} | {page}
    if name == "homeassistant":
        return HOME_ASSISTANTS
    return set()


class Person:
    """Somebody at the broker, under a name."""

    def __init__(self, site: Site, name: str, client_id: str = "") -> None:
        self.heard: list[str] = []
        self.hung_up = threading.Event()
        self._answered = threading.Semaphore(0)
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id or f"test-{id(self)}",
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        if site.by_password:
            self._client.username_pw_set(name, PASSWORD)
            self._client.tls_set(site.ca.file)
        else:
            shown = site.ca.issue("client", cn=name)
            self._client.tls_set(site.ca.file, shown.cert, shown.key)
        self._client.on_message = self._on_message
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = lambda *_: self._answered.release()
        self._client.on_publish = lambda *_: self._answered.release()
        self._client.connect(site.host, site.port)
        self._client.loop_start()

    def _on_message(self, _c: Any, _d: Any, message: MQTTMessage) -> None:
        if message.payload:
            self.heard.append(message.topic)

    def _on_disconnect(self, *_: Any) -> None:
        self.hung_up.set()
        self._answered.release(1000)  # Nobody answers any more, whatever was asked.

    def publish(self, topics: list[str], payload: bytes, retain: bool = False) -> None:
        for topic in topics:
            self._client.publish(topic, payload, 1, retain)
        for _ in topics:
            assert self._answered.acquire(timeout=PATIENCE_S)

    def subscribe(self, filters: list[str]) -> None:
        """Returns once all that the broker has for these has come."""
        for wanted in (filters, ["fence"]):
            self._client.subscribe([(topic, 1) for topic in wanted])
            assert self._answered.acquire(timeout=PATIENCE_S)

    def until(self, topic: str) -> None:
        """Wait for a message there."""
        deadline = time.monotonic() + PATIENCE_S
        while topic not in self.heard:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def fence(self) -> set[str]:
        """What was heard since the last fence; the broker answers in order."""
        self.subscribe(["fence"])
        heard, self.heard = set(self.heard), []
        return heard

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def person(site: Site, name: str, client_id: str = "") -> Iterator[Person]:
    somebody = Person(site, name, client_id)
    try:
        yield somebody
    finally:
        somebody.close()


def crossings(site: Site) -> list[str]:
    """Whatever anybody can and may not, or may and cannot."""
    found = []
    # In mosquitto's file of passwords "#" begins a comment: nobody can be called so.
    everybody = [name for name in EVERYBODY if not (site.by_password and name == "#")]
    with person(site, "admin") as admin:
        admin.subscribe(["attendance/#", "homeassistant/#", "#"])
        for name in everybody:
            with person(site, name) as somebody:
                somebody.publish(TOPICS, b"x")
            wrote = admin.fence()
            found += [f"{name} publishes {topic}" for topic in wrote ^ may_write(name)]
        admins = [topic for topic in TOPICS if topic.startswith(("attendance", "homeassistant"))]
        admin.publish(admins, b"retained", retain=True)
        for name in everybody:
            with person(site, name) as somebody:
                somebody.subscribe(FILTERS)
                retained = somebody.fence()
                admin.publish(admins, b"live")
                live = somebody.fence()
            for read in (retained, live):
                found += [f"{name} reads {topic}" for topic in read ^ may_read(name)]
    return sorted(set(found))


NAMED = ["certificate", "password"]


def new_site(folder: Path, named: str, acl: str) -> Site:
    names = ("admin", *EVERYBODY) if named == "password" else ()
    return Site(folder, acl, names)


@pytest.mark.parametrize("named", one_in(2, NAMED))
def test_nobody_reaches_what_is_not_theirs(tmp_path: Path, named: str) -> None:
    with new_site(tmp_path, named, acl_for(GATES)) as site:
        assert crossings(site) == []


LOOSENED = {
    "a wildcard for a name": ("write attendance/a/ledger", "write attendance/+/ledger"),
    "everybody's receipts": ("read attendance/a/receipts/+", "read attendance/+/receipts/+"),
    "every page for Home Assistant": (
        "write homeassistant/device/edge-agent-a/config",
        "write homeassistant/device/+/config",
    ),
    "punches for Home Assistant": (
        "#topic read attendance/+/ledger",
        "topic read attendance/+/ledger",
    ),
    "the whole tree": ("read attendance/a/commands", "read attendance/#"),
    "for everybody": ("user payroll\n", "pattern read attendance/roster\nuser payroll\n"),
    "patterns": ("user payroll\n", "pattern write attendance/%u/ledger\nuser payroll\n"),
    "tightened": ("topic read attendance/roster\n", ""),
}


@pytest.mark.parametrize("change", one_in(3, LOOSENED.values()), ids=LOOSENED.keys())
def test_one_loosened_line_is_found(tmp_path: Path, change: tuple[str, str]) -> None:
    acl = acl_for(GATES)
    assert change[0] in acl
    with new_site(tmp_path, "certificate", acl.replace(*change, 1)) as site:
        assert crossings(site)


def comes_in(site: Site, ca: str | None, files: Files | None, password: str | None) -> bool:
    """Whether the broker lets this client connect."""
    answered = threading.Event()
    came_in = []

    def on_connect(_c: Any, _d: Any, _f: Any, reason: Any, _p: Any) -> None:
        came_in.append(not reason.is_failure)
        answered.set()

    client = Client(CallbackAPIVersion.VERSION2, "x", reconnect_on_failure=False)
    client.on_connect = on_connect
    client.on_disconnect = lambda *_: answered.set()
    if ca:
        client.tls_set(ca, files.cert if files else None, files.key if files else None)
    if password:
        client.username_pw_set("payroll", password)
    try:
        client.connect(site.host, site.port)
    except OSError:
        return False
    client.loop_start()
    assert answered.wait(PATIENCE_S)
    client.disconnect()
    client.loop_stop()
    return came_in == [True]


def test_nobody_comes_in_without_a_name(tmp_path: Path) -> None:
    forged = Authority(tmp_path, "other").issue("x", cn="payroll")
    folders = [tmp_path / named for named in NAMED]
    for folder in folders:
        folder.mkdir()
    with Site(folders[0], acl_for(GATES)) as site:
        good = site.ca.issue("x", cn="payroll")
        assert comes_in(site, site.ca.file, good, None)
        assert not comes_in(site, site.ca.file, None, None)
        assert not comes_in(site, site.ca.file, None, PASSWORD)
        assert not comes_in(site, site.ca.file, forged, None)
        assert not comes_in(site, None, None, None)
    with Site(folders[1], acl_for(GATES), ("payroll",)) as site:
        assert comes_in(site, site.ca.file, None, PASSWORD)
        assert not comes_in(site, site.ca.file, None, None)
        assert not comes_in(site, site.ca.file, None, "wrong")
        assert not comes_in(site, None, None, PASSWORD)


@pytest.mark.skipif(not shutil.which("mosquitto_sub"), reason="mosquitto_sub is not installed")
def test_a_gate_that_is_gone_is_cleared_away(
    tmp_path: Path, new_ledger: Callable[[int], Ledger]
) -> None:
    """The recipe of docs/broker.md as it is written there, after a real gate."""
    page = (SHIPPED.parents[1] / "docs" / "broker.md").read_text()
    [recipe] = [block for block in page.split("```") if "--remove-retained" in block]
    with Site(tmp_path, acl_for(["main-gate", "a"])) as site, person(site, "admin") as admin:
        own, me = site.ca.issue("x", cn="main-gate"), site.ca.issue("x", cn="admin")
        mqtt = {"tls": "on", "ca_file": site.ca.file, "cert_file": own.cert, "key_file": own.key}
        told = HomeAssistantSettings(discovery=True)
        with Gate(site.port, new_ledger(1), told, **mqtt) as gate:
            gate.until(lambda event: isinstance(event, UplinkChanged))
            admin.subscribe(["attendance/#", "homeassistant/#"])
            admin.until("homeassistant/device/edge-agent-main-gate/config")
        kept = ["attendance/main-gate/receipts/l1", "attendance/a/status"]
        admin.publish(kept, b"old", retain=True)
        admin.close()  # Who clears up is admin as well.
        for name, made in {
            "localhost -p 8883": f"{site.host} -p {site.port}",
            "ca.pem": site.ca.file,
            "admin.crt": me.cert,
            "admin.key": me.key,
        }.items():
            assert name in recipe
            recipe = recipe.replace(name, made)
        script = recipe.removeprefix("sh\n")
        subprocess.run(
            ["bash", "-uc", script], check=False, capture_output=True, timeout=PATIENCE_S
        )
        with person(site, "admin") as later:
            later.subscribe(["attendance/#", "homeassistant/#"])
            assert later.fence() == {"attendance/a/status"}


def test_gate_and_receiver_get_along_with_it(
    tmp_path: Path, new_ledger: Callable[[int], Ledger]
) -> None:
    with Site(tmp_path, acl_for(["main-gate"])) as site:
        payroll, gate = site.ca.issue("x", cn="payroll"), site.ca.issue("x", cn="main-gate")
        options = ReceiverOptions(
            database=str(tmp_path / "payroll.db"),
            host=site.host,
            port=site.port,
            tls="on",
            ca_file=site.ca.file,
            cert_file=payroll.cert,
            key_file=payroll.key,
        )
        mqtt = {"tls": "on", "ca_file": site.ca.file, "cert_file": gate.cert, "key_file": gate.key}
        with Running(options) as running:
            running.said("connected")
            with Gate(site.port, new_ledger(50), **mqtt) as uplink:
                uplink.until(lambda event: event == Confirmed(through=50))


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_the_certificates_of_the_documentation_are_good_ones(tmp_path: Path) -> None:
    page = (SHIPPED.parents[1] / "docs" / "broker.md").read_text()
    [recipe] = [block for block in page.split("```") if "certificate()" in block]
    script = recipe.removeprefix("sh\n")
    subprocess.run(["bash", "-euc", script], cwd=tmp_path, check=True, capture_output=True)
    site = Site(tmp_path, acl_for(GATES))
    for ours, made in zip(
        (site.ca.file, site.shown.cert, site.shown.key),
        ("ca.pem", "broker.crt", "broker.key"),
        strict=True,
    ):
        shutil.copy(tmp_path / made, ours)
    with site:
        gate = Files(str(tmp_path / "main-gate.crt"), str(tmp_path / "main-gate.key"))
        assert comes_in(site, str(tmp_path / "ca.pem"), gate, None)
