"""Nobody is cut off by another: client ids, certificates stolen and revoked, and limits."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.contract.roster import LARGEST_ROSTER, MOST_WORKERS
from edge_agent.gate.events import Event, UplinkChanged
from edge_agent.gate.uplink.duplicate_id import HUNG_UP_OFTEN
from edge_agent.gate.uplink.mqtt import broker as attempts
from edge_agent.gate.uplink.mqtt import connection
from edge_agent.receiver import connection as receiving
from edge_agent.receiver.connection import ReceiverOptions
from edge_agent.receiver.roster.publish_roster import publish_roster
from tests.brokers import MOSQUITTO
from tests.certificates import Files
from tests.patience import PATIENCE_S
from tests.receiver.running import Running

from .gates import Ledger
from .site import GATES, SHIPPED, Site, acl_for
from .test_real_brokers import CLIENT_ID, Gate
from .test_site import comes_in, new_site, person

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")

PAGE = SHIPPED.parents[1] / "docs" / "broker.md"
CONFIG = (SHIPPED / "mosquitto.conf").read_text()
BY_NAME = "use_username_as_clientid true\n"
CLIENT_IDS = {
    "a": "edge-agent-a",
    "payroll": "payroll-receiver",
    "payroll-roster": "payroll-roster",
    "homeassistant": "homeassistant",
}
"""Under which client id each user comes who has something to lose."""


def without(site: Site, line: str) -> Site:
    """The site with settings that lack this line."""
    config = site._config.read_text()
    assert line in config
    site._config.write_text(config.replace(line, ""))
    return site


def cut_off(site: Site) -> list[str]:
    """Whom somebody with another's certificate or password has hung up on, by any id."""
    found = []
    for victim, own_id in CLIENT_IDS.items():
        with person(site, victim, own_id) as somebody:
            somebody.fence()
            for thief in {"a-b", "payroll", "stranger"} - {victim}:
                for client_id in (own_id, victim, f"edge-agent-{victim}"):
                    with person(site, thief, client_id) as taker:
                        taker.publish(["attendance/a/ledger"], b"x")
            somebody.fence()
            if somebody.hung_up.is_set():
                found.append(victim)
    return found


@pytest.mark.parametrize("named", ["certificate", "password"])
def test_nobody_is_hung_up_on_for_another(tmp_path: Path, named: str) -> None:
    with new_site(tmp_path, named, acl_for(GATES)) as site:
        assert cut_off(site) == []


def test_without_the_line_everybody_is(tmp_path: Path) -> None:
    """The control."""
    with without(Site(tmp_path, acl_for(GATES)), BY_NAME) as site:
        assert cut_off(site) == list(CLIENT_IDS)


def way(site: Site, name: str) -> dict[str, Any]:
    shown = site.ca.issue("x", cn=name)
    return {"tls": "on", "ca_file": site.ca.file, "cert_file": shown.cert, "key_file": shown.key}


def options_of(site: Site, name: str, folder: Path) -> ReceiverOptions:
    database = str(folder / "payroll.db")
    return ReceiverOptions(database=database, host=site.host, port=site.port, **way(site, name))


@contextmanager
def at_work(site: Site, ledger: Ledger, folder: Path) -> Iterator[tuple[Running, Gate]]:
    with Running(options_of(site, "payroll", folder)) as payroll:
        payroll.said("connected")
        with Gate(site.port, ledger, **way(site, "main-gate")) as gate:
            gate.until_confirmed(ledger.store.tail().seq)
            yield payroll, gate


def largest_roster() -> list[RosterWorker]:
    """As many workers as a roster may have, in all the bytes that it may have."""
    empty = [RosterWorker(code=f"NV{n:05}", name="N") for n in range(MOST_WORKERS)]
    whole = Roster(version=1, workers=empty, count=len(empty))
    left = LARGEST_ROSTER - len(msgspec.json.encode(whole))
    each, longer = divmod(left, MOST_WORKERS)
    rows = [
        msgspec.structs.replace(row, name=name_of(1 + each + (n < longer)))
        for n, row in enumerate(empty)
    ]
    whole = Roster(version=1, workers=rows, count=len(rows))
    assert len(msgspec.json.encode(whole)) == LARGEST_ROSTER
    return rows


def name_of(size: int) -> str:
    """So many bytes, in fewer letters."""
    letters, rest = divmod(size, 3)
    return "Ễ" * letters + "N" * rest


def test_the_largest_roster_comes_through_to_gate_and_receiver(
    tmp_path: Path, new_ledger: Callable[[int], Ledger]
) -> None:
    """Published by a user of its own, beside a receiver that is not hung up on for it."""
    with (
        Site(tmp_path, acl_for(["main-gate"])) as site,
        at_work(site, new_ledger(5), tmp_path) as (payroll, gate),
    ):
        office = options_of(site, "payroll-roster", tmp_path)
        publish_roster(office, largest_roster(), 1, dry_run=False, force=True)
        payroll.said("roster-applied")
        assert gate.rosters.get(timeout=PATIENCE_S).version == 1
        assert gate.flow.standing.mqtt == "5"
        assert "disconnected" not in {line.split()[0] for line in payroll.lines}
    assert "already connected" not in site.log.read_text()


def setting(name: str) -> int:
    [value] = re.findall(rf"^{name} (\d+)$", CONFIG, re.M)
    return int(value)


def test_the_shipped_limits_are_those_of_the_contract() -> None:
    """What a broker, a gate and a receiver take, and the contract's largest message."""
    topic_and_properties = 1024
    assert setting("message_size_limit") == LARGEST_ROSTER
    assert setting("max_packet_size") == connection._LARGEST_PACKET
    assert LARGEST_ROSTER + topic_and_properties <= connection._LARGEST_PACKET
    assert receiving._limits(LARGEST_ROSTER).MaximumPacketSize >= (
        LARGEST_ROSTER + topic_and_properties
    )
    # What may wait for one client holds some of the largest, or a roster would never reach it.
    for queue in ("max_queued_bytes", "max_inflight_bytes"):
        assert setting(queue) >= 4 * LARGEST_ROSTER


def recipe(what: str) -> str:
    [block] = [block for block in PAGE.read_text().split("```") if what in block]
    return block.removeprefix("sh\n")


def bash(script: str, folder: Path) -> None:
    subprocess.run(["bash", "-euc", script], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def revoking(tmp_path: Path) -> Site:
    """A site with the certificates of the documentation, of which main-gate's is revoked there."""
    bash(recipe("certificate()"), tmp_path)
    site = Site(tmp_path, acl_for(["main-gate"]))
    made = ("ca.pem", "broker.crt", "broker.key")
    for ours, name in zip((site.ca.file, site.shown.cert, site.shown.key), made, strict=True):
        shutil.copy(tmp_path / name, ours)
    config = site._config.read_text()
    assert "#crlfile " in config
    site._config.write_text(config.replace("#crlfile ", "crlfile "))
    bash(recipe("-gencrl"), tmp_path)
    return site


def take_list(site: Site, folder: Path) -> None:
    shutil.copy(folder / "crl.pem", folder / "certs" / "crl.pem")


def lets_in(site: Site, folder: Path, name: str) -> bool:
    shown = Files(str(folder / f"{name}.crt"), str(folder / f"{name}.key"))
    return comes_in(site, site.ca.file, shown, None)


def test_a_revoked_certificate_lets_nobody_in(
    revoking: Site, tmp_path: Path, new_ledger: Callable[[int], Ledger]
) -> None:
    take_list(revoking, tmp_path)
    revoked = {
        "tls": "on",
        "ca_file": revoking.ca.file,
        "cert_file": str(tmp_path / "main-gate.crt"),
        "key_file": str(tmp_path / "main-gate.key"),
    }
    with revoking as site:
        assert not lets_in(site, tmp_path, "main-gate")
        assert lets_in(site, tmp_path, "payroll")
        with Gate(site.port, new_ledger(1), **revoked) as gate:
            gate.until(lambda event: told(event, "disconnected", "has been revoked"))


def test_without_the_list_it_does(revoking: Site, tmp_path: Path) -> None:
    """The control."""
    with without(revoking, f"crlfile {tmp_path}/certs/crl.pem\n") as site:
        assert lets_in(site, tmp_path, "main-gate")


def test_a_list_that_has_expired_lets_nobody_in(revoking: Site, tmp_path: Path) -> None:
    """As the page warns."""
    bash("openssl ca -config ca.cnf -gencrl -crlsec 1 -out crl.pem && sleep 2", tmp_path)
    take_list(revoking, tmp_path)
    with revoking as site:
        assert not lets_in(site, tmp_path, "payroll")


def test_a_gate_that_is_hung_up_on_again_and_again_says_so(
    tmp_path: Path, new_ledger: Callable[[int], Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody with a certificate of the site takes its client id, where the broker lets them."""
    monkeypatch.setattr(attempts, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(attempts, "LONGEST_PAUSE_S", 0.05)
    with (
        without(Site(tmp_path, acl_for(["main-gate", "a"])), BY_NAME) as site,
        Gate(site.port, new_ledger(1), **way(site, "main-gate")) as gate,
    ):
        for _ in range(3):
            gate.until(lambda event: told(event, "connected"))
            assert not gate.flow.standing.hung_up_often
            with person(site, "a", CLIENT_ID) as thief:
                thief.fence()
            gate.until(lambda event: told(event, "disconnected"))
        gate.until(lambda event: told(event, "connected", HUNG_UP_OFTEN))
        assert gate.flow.standing.hung_up_often


def told(event: Event, state: str, detail: object = "") -> bool:
    if not isinstance(event, UplinkChanged):
        return False
    return event.state == state and str(detail) in (event.detail or "")
