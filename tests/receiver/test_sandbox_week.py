"""The reference payroll, fed the sandbox's week, holds exactly what the account says."""

import json
import random
import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.contract.kinds import KINDS, kind_of
from edge_agent.demo.week.account import Sums, account
from edge_agent.demo.week.ledger import WrittenWeek, write_week
from edge_agent.demo.week.plan import MAIN, NORTH, Shift, presses, shifts
from edge_agent.receiver.connection import ReceiverOptions
from edge_agent.receiver.store import PayrollStore
from tests.brokers import Mosquitto
from tests.contract.samples import validator
from tests.gate.uplink.site import PASSWORD, Site, acl_for

from .running import Running, rows

SHIFTS = str(Path(__file__).parents[2] / "docs" / "examples" / "shifts.toml")


def week() -> tuple[list[Shift], list[WrittenWeek]]:
    rng = random.Random(2026)
    worked = list(shifts(rng))
    pressed = presses(worked, rng)
    return worked, [write_week(gate, pressed, gate) for gate in (MAIN, NORTH)]


def expected() -> Sums:
    return account(*week(), 2)


def test_the_week_has_every_kind_as_the_published_schemas_have_it() -> None:
    entries = [json.loads(entry.wire) for gate in week()[1] for entry in gate.entries]
    for entry in entries:
        validator("entry").validate(entry)
    assert {entry["data"]["kind"] for entry in entries} == {kind_of(fact) for fact in KINDS}


def left(database: str) -> list[tuple[str, str]]:
    return rows(
        database,
        "SELECT DISTINCT status, code FROM sessions WHERE status <> 'complete'"
        " ORDER BY status, code",
    )


def office(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["--lang", "en", "receive", *arguments])


@pytest.mark.parametrize("root", ["attendance", "try/out"])
def test_the_reference_ends_with_exactly_the_account(
    mosquitto: Mosquitto, tmp_path: Path, root: str
) -> None:
    database = str(tmp_path / "payroll.db")
    sums = expected()
    unfinished = [
        *(("manual", code) for code in sums.missing_out),
        *(("open", code) for code in sums.open),
    ]
    options = ReceiverOptions(
        host=mosquitto.host, port=mosquitto.port, database=database, root=root
    )
    PayrollStore(database).close()
    told = CliRunner().invoke(
        main, ["--lang", "en", "receive", "shifts", "import", SHIFTS, "--database", database]
    )
    assert told.exit_code == 0, told.output
    october = ["--month", "2026-10", "--database", database]
    who = ["--force", "--actor", "office-1", "--reason", "paid"]
    assert office("close", *october, *who).exit_code == 0
    with Running(options) as running:
        running.said("connected")
        where = f"{mosquitto.host}:{mosquitto.port}"
        done = CliRunner().invoke(main, ["demo", "--broker", where, "--fast", "--root", root])
        # What can be said of the week is said in the first quiet moments after it.
        quiet = time.monotonic() + 20
        while left(database) != unfinished and time.monotonic() < quiet:
            time.sleep(0.05)
    assert done.exit_code == 0, done.output
    assert len(re.findall("payroll has confirmed", done.output)) == 2
    states = dict(rows(database, "SELECT state, count(*) FROM punches GROUP BY state"))
    assert states == {
        "valid": sums.punches,
        "repeated": sums.repeated,
        "voided": sums.voided,
    }
    kept = dict(rows(database, "SELECT kind, count(*) FROM entries GROUP BY kind"))
    assert kept.keys() == {kind_of(fact) for fact in KINDS}  # A developer meets each of them.
    assert kept["attempt.refused"] == sums.refused
    assert kept["punch.time-resolved"] == sums.resolved
    assert rows(database, "SELECT count(*) FROM forks") == [(sums.forks,)]
    assert rows(
        database, "SELECT count(*), sum(seconds) / 60 FROM sessions WHERE status = 'complete'"
    ) == [(sums.complete, sums.minutes)]
    assert left(database) == unfinished
    assert f"{sums.complete} complete sessions with {sums.minutes} minutes" in done.output
    # What came of a closed month is a difference to it, and goes into a supplement.
    late = json.loads(office("diff", *october, "--json").stdout)
    assert {one["code"]: one["minutes"] for one in late} == sums.late == {"TV0102": 595}
    assert "of October, which is closed: TV0102, 595 minutes" in done.output
    assert office("close", *october, *who, "--supplement").exit_code == 0
    assert office("diff", *october).exit_code == 0


def test_a_broker_with_tls_and_passwords(tmp_path: Path) -> None:
    """As a payroll developer's broker has them."""
    acl = re.sub(
        "^user sandbox-.*$", "user sandbox", acl_for(["sandbox-main", "sandbox-north"]), flags=re.M
    )
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text(PASSWORD)
    with Site(tmp_path, acl, ("payroll", "sandbox")) as site:
        secured = {"ca_file": site.ca.file, "password_file": str(secret)}
        options = ReceiverOptions(
            host=site.host,
            port=site.port,
            tls="on",
            username="payroll",
            database=str(tmp_path / "payroll.db"),
            **secured,
        )
        week = ["demo", "--broker", f"{site.host}:{site.port}", "--fast", "--tls", "on"]
        for name, value in secured.items():
            week += [f"--{name.replace('_', '-')}", value]
        with Running(options) as running:
            running.said("connected")
            done = CliRunner().invoke(main, [*week, "--username", "sandbox"])
    assert done.exit_code == 0, done.output
    assert len(re.findall("payroll has confirmed", done.output)) == 2


def test_options_that_contradict_themselves_are_called_by_their_names() -> None:
    done = CliRunner().invoke(main, ["demo", "--broker", "localhost", "--password-file", "x"])
    assert done.exit_code == 65
    assert "--password-file: a password needs a user name" in done.output
    done = CliRunner().invoke(main, ["demo", "--username", "sandbox"])
    assert done.exit_code == 65
    assert "go with --broker" in done.output


def test_a_broker_that_is_none_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["demo", "--broker", "localhost:many"])
    assert done.exit_code == 65
    assert "give HOST or HOST:PORT" in done.output
