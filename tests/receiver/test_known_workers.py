"""Payroll's roster as the receiver hears it: published by the command, through a real broker."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from edge_agent.cli import main
from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.contract.roster import LARGEST_ROSTER
from edge_agent.receiver import subscriber
from edge_agent.receiver.connection import ReceiverOptions
from tests.brokers import Mosquitto
from tests.patience import PATIENCE_S

from .gate import Gate, write_ledger
from .running import Running, rows


@pytest.fixture
def options(mosquitto: Mosquitto, database: str) -> ReceiverOptions:
    return ReceiverOptions(host=mosquitto.host, port=mosquitto.port, database=database)


@pytest.fixture
def publish(mosquitto: Mosquitto, tmp_path: Path) -> Callable[[str, int], None]:
    """Have ``receive roster import`` publish these lines under this version."""

    def run(lines: str, version: int) -> None:
        file = tmp_path / "workers.csv"
        file.write_text("code,name\n" + lines, encoding="utf-8")
        where = ["--host", mosquitto.host, "--port", str(mosquitto.port)]
        what = ["roster", "import", str(file), "--version", str(version)]
        done = CliRunner().invoke(main, ["--lang", "en", "receive", *where, *what])
        assert done.exit_code == 0, done.output

    return run


def say(gate: Gate, payload: bytes) -> None:
    gate._client.publish("attendance/roster", payload, 1, True).wait_for_publish(20)


def roster(version: int, *named: tuple[str, str], count: int | None = None) -> bytes:
    workers = [RosterWorker(code=code, name=name) for code, name in named]
    return msgspec.json.encode(
        Roster(version=version, workers=workers, count=len(workers) if count is None else count)
    )


def names(database: str) -> dict[str, str]:
    return dict(rows(database, "SELECT code, name FROM known_workers"))


def states(database: str) -> list[tuple[str, str]]:
    return rows(database, "SELECT code, state FROM punches ORDER BY code")


def test_imported_roster_names_workers_in_views_and_files(
    options: ReceiverOptions, publish: Callable[[str, int], None], mosquitto: Mosquitto,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    # The gate's week is one of November.
    monkeypatch.setattr(subscriber, "utc_now", lambda: "2026-11-01T00:00:00.000Z")
    publish("NV0002,Trần Văn Minh\n", 6)  # Retained, from before the receiver came.
    with Running(options) as running, Gate(mosquitto.port) as gate:
        running.said("roster-applied")
        gate.send(*write_ledger(3))
        assert [one.seq for one in gate.confirmed(3).rejected] == [3]
        assert "NV0003" in running.said("unknown-worker gate=main-gate")
        assert states(options.database) == [("NV0002", "valid"), ("NV0003", "rejected")]
        # Renamed, a new one, and the first one left out of the one after: they stay.
        publish("NV0002,Trần Văn Mính\nNV0003,Lý Thị Hoa\n", 7)
        running.said("roster-applied")
        assert gate.confirmed(3).rejected_count == 0
        publish("NV0003,Lý Thị Hoa\n", 8)
        running.said("roster-applied")
    assert states(options.database) == [("NV0002", "valid"), ("NV0003", "valid")]
    target = tmp_path / "month.csv"
    asked = ["export", "--month", "2026-11", "--format", "csv", "--view", "punches"]
    where = ["--database", options.database, "--output", str(target)]
    assert CliRunner().invoke(main, ["--lang", "en", "receive", *asked, *where]).exit_code == 0
    with target.open(encoding="utf-8-sig", newline="") as file:
        found = {line["code"]: line["name"] for line in csv.DictReader(file)}
    assert found == {"NV0002": "Trần Văn Mính", "NV0003": "Lý Thị Hoa"}


REFUSED = {
    "older": roster(6, ("NV0001", "Người Lạ")),
    "same-version": roster(7, ("NV0001", "Người Lạ")),
    "empty": roster(8),
    "malformed": roster(8, ("NV0001", "Người Lạ"), count=2),
    "too-large": b'{"version":8,"workers":[' + b" " * LARGEST_ROSTER + b"]}",
}


@pytest.mark.usefixtures("short_minute")
def test_what_is_no_newer_roster_is_refused_and_counted_and_names_are_not_logged(
    options: ReceiverOptions, mosquitto: Mosquitto
) -> None:
    sound = roster(7, ("NV0002", "Trần Văn Minh"))
    log: list[str] = []
    with Running(options) as running, Gate(mosquitto.port) as gate:
        running.said("connected")
        say(gate, sound)
        running.said("roster-applied")
        say(gate, sound)  # Again is neither news nor an error.
        for reason, payload in REFUSED.items():
            say(gate, payload)
            log.append(running.said("roster-"))
            assert f"reason={reason}:" in log[-1]
        say(gate, b"")
        log.append(running.said("roster-refused reason=empty"))
        assert running.receiver.counts == {"roster-refused": len(REFUSED) + 1}
    assert "Người" not in " ".join(log)
    assert names(options.database) == {"NV0002": "Trần Văn Minh"}


def test_restart_hears_the_same_roster_and_changes_nothing(
    options: ReceiverOptions, mosquitto: Mosquitto
) -> None:
    with Running(options) as running, Gate(mosquitto.port) as gate:
        running.said("connected")
        say(gate, roster(7, ("NV0002", "Trần Văn Minh")))
        running.said("roster-applied")
    with Running(options) as running, Gate(mosquitto.port) as gate:
        say(gate, roster(8, ("NV0003", "Lý Thị Hoa")))
        running.said("roster-applied")
    assert rows(options.database, "SELECT version, workers FROM rosters ORDER BY version") == [
        (7, 1),
        (8, 1),
    ]
    assert names(options.database) == {"NV0002": "Trần Văn Minh", "NV0003": "Lý Thị Hoa"}


def test_who_punches_and_is_not_listed_is_told_before_and_after(
    options: ReceiverOptions, publish: Callable[[str, int], None], mosquitto: Mosquitto,
    tmp_path: Path,
) -> None:  # fmt: skip
    where = ["--host", mosquitto.host, "--port", str(mosquitto.port)]
    where += ["--database", options.database]
    with Running(options) as running, Gate(mosquitto.port) as gate:
        running.said("connected")
        gate.send(*write_ledger(9))
        gate.confirmed(9)
        listed = tmp_path / "nine.csv"
        listed.write_text("code,name\nNV0002,Trần Văn Minh\n", encoding="utf-8")
        asked = ["roster", "import", str(listed), "--version", "1"]
        dry = CliRunner().invoke(main, ["--lang", "en", "receive", *where, *asked, "--dry-run"])
        assert "7 punch and are not in it: NV0003, NV0004" in dry.output, dry.output
        done = CliRunner().invoke(main, ["--lang", "en", "receive", *where, *asked])
        assert "7 punch and are not in it: NV0003, NV0004" in done.output
        assert running.said("not-listed").startswith("not-listed workers=7 NV0003, NV0004")
        assert gate.receipts.get(timeout=PATIENCE_S).rejected_count == 0
    assert {state for _, state in states(options.database)} == {"valid"}
    shown = CliRunner().invoke(main, ["--lang", "en", "receive", *where, "roster", "show"])
    assert shown.exit_code == 0, shown.output
    assert "Version 1" in shown.output
    assert "Trần Văn Minh" in shown.output
    assert "7 people punch whom no roster has named" in shown.output
    told = CliRunner().invoke(main, ["--lang", "en", "receive", *where, "roster", "show", "--json"])
    found = json.loads(told.output)
    assert [one["code"] for one in found["workers"]] == ["NV0002"]
    assert [one["code"] for one in found["unlisted"]] == [f"NV{n:04}" for n in range(3, 10)]


def test_malformed_but_hashed_entry_is_kept_told_and_passed(
    options: ReceiverOptions, mosquitto: Mosquitto
) -> None:
    from .test_effects import Ledger

    ledger = Ledger("odd")
    ledger.punch("23 07:00")
    ledger.write("punch.recorded", "2026-11-23T08:00:00.000+07:00", worker=7, direction="out")
    ledger.punch("23 09:00")
    with Running(options) as running, Gate(mosquitto.port) as gate:
        running.said("connected")
        for arrival in ledger.arrivals:
            gate.say(arrival.wire)
        told = running.said("unreadable gate=main-gate ledger=odd")
        assert "seqs=[2]" in told
        assert [one.seq for one in gate.confirmed(3).rejected] == [2]
