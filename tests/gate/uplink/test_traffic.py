"""What a gate costs on a line that is paid for by the byte: counted by the kernel, headers too."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from paho.mqtt import publish

from edge_agent.contract.messages import GateStatus
from edge_agent.gate.uplink import status as tell_status
from edge_agent.receiver.connection import ReceiverOptions
from tests.brokers import MOSQUITTO
from tests.receiver.running import Running

from .gates import Ledger, gate_status
from .line import Line, can_have_a_line
from .site import Site, acl_for
from .test_real_brokers import Gate

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed"),
    pytest.mark.skipif(not can_have_a_line(), reason="only root may make a network namespace"),
]

DAY_S = 24 * 3600
PUNCHES_A_DAY = 80 * 4
WORKING_DAYS = 26
"""Of a month of 30 days; factories rest on Sundays."""

OTHERS_A_DAY = 24
"""gate.alive; as long as punches here, which is too much."""

CONNECTIONS_A_DAY = 2
ROSTER = 80

_APART_S = 0.4
"""Between two entries: longer than TCP waits for something to send its acknowledgement with."""


class OnTheLine(Gate):
    """A gate whose uplink lives at the far end of a line."""

    def __init__(self, line: Line, site: Site, ledger: Ledger, **settings: object) -> None:
        super().__init__(site.port, ledger, host=site.host, **settings)
        run = self.flow.run
        self._thread = threading.Thread(
            target=lambda: (line.enter(), run(self._stop, lambda: None))
        )


class Changing:
    """A real status, whose numbers move whenever it is asked for."""

    def __init__(self) -> None:
        self.disk = 82_618_703_872

    def __call__(self) -> GateStatus:
        self.disk -= 4096
        return msgspec.structs.replace(gate_status(), disk_free_bytes=self.disk)


def say_roster(site: Site, cert: str, key: str) -> None:
    rows = [
        {"code": f"NV{n:04}", "name": f"Nguyễn Thị Thu {n}", "active": True} for n in range(ROSTER)
    ]
    payload = json.dumps({"version": 1, "count": ROSTER, "workers": rows}, ensure_ascii=False)
    publish.single(
        "attendance/roster",
        payload.encode(),
        qos=1,
        retain=True,
        hostname=site.host,
        port=site.port,
        tls={"ca_certs": site.ca.file, "certfile": cert, "keyfile": key},
    )


def until_quiet(line: Line) -> None:
    """Returns when something has passed, a ping for instance, and nothing more for a second."""
    before = line.traffic
    while line.traffic == before:
        time.sleep(0.1)
    while True:
        before = line.traffic
        time.sleep(1.0)
        if line.traffic == before:
            return


@pytest.mark.timeout(400)
@pytest.mark.parametrize("timestamps", [True, False], ids=["as Linux is", "without TCP timestamps"])
def test_a_month_of_an_ordinary_gate_is_few_bytes(
    tmp_path: Path,
    new_ledger: Callable[[int], Ledger],
    monkeypatch: pytest.MonkeyPatch,
    timestamps: bool,
) -> None:
    """80 workers who punch four times, by TLS with certificates, each entry with its receipt."""
    monkeypatch.setattr(tell_status, "_CHANGES_EVERY_S", 1.0)
    ledger = new_ledger(1)
    with ExitStack() as stack:
        line = stack.enter_context(Line(timestamps=timestamps))
        site = stack.enter_context(Site(tmp_path, acl_for(["main-gate"]), host=line.here))
        payroll, own = site.ca.issue("x", cn="payroll"), site.ca.issue("x", cn="main-gate")
        options = ReceiverOptions(
            database=str(tmp_path / "payroll.db"),
            host=site.host,
            port=site.port,
            tls="on",
            ca_file=site.ca.file,
            cert_file=payroll.cert,
            key_file=payroll.key,
        )
        running = stack.enter_context(Running(options))
        running.said("connected")
        say_roster(site, payroll.cert, payroll.key)
        mqtt = {"tls": "on", "ca_file": site.ca.file, "cert_file": own.cert, "key_file": own.key}
        nothing = line.traffic
        gate = stack.enter_context(
            OnTheLine(line, site, ledger, status=Changing(), keepalive_s=5, **mqtt)
        )
        gate.until_confirmed(1)
        time.sleep(_APART_S)
        connection = line.traffic.since(nothing)

        before = line.traffic
        for last in range(2, 42):
            ledger.punch(f"NV{last:04}")
            gate.flow.notify()
            gate.until_confirmed(last)
            time.sleep(_APART_S)
        entry = line.traffic.since(before, 40)

        before = line.traffic
        for _ in range(10):
            time.sleep(1.1)
            gate.flow.status_changed()
            time.sleep(_APART_S)
        status = line.traffic.since(before, 10)

        until_quiet(line)
        before = line.traffic
        for _ in range(6):
            until_quiet(line)
        ping = line.traffic.since(before, 6)
    entries = WORKING_DAYS * PUNCHES_A_DAY + 30 * OTHERS_A_DAY
    statuses = 30 * DAY_S / tell_status.NUMBERS_EVERY_S
    # Whatever is sent puts the next ping off, by half a minute as a rule.
    pings = 30 * DAY_S / 60 - (entries + statuses) / 2
    month = {
        "entries": (entries, entry),
        "statuses": (statuses, status),
        "pings": (pings, ping),
        "connections": (30 * CONNECTIONS_A_DAY, connection),
    }
    costs = {name: times * each.bytes / 1e6 for name, (times, each) in month.items()}
    for name, (times, each) in month.items():
        each_ = f"{each.bytes:6,.0f} bytes in {each.packets:4.1f} packets"
        print(f"{name:12} {times:7,.0f} × {each_}: {costs[name]:5.2f} MB")
    sundays = 4 * PUNCHES_A_DAY * entry.bytes / 1e6
    print(f"a month: {sum(costs.values()):.1f} MB, and with Sundays {sundays:.1f} more")
    assert sum(costs.values()) < (23 if timestamps else 20)
