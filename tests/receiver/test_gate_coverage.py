"""Whether a gate was able to record, asked of payroll's database."""

import uuid
from collections.abc import Callable
from contextlib import closing
from zoneinfo import ZoneInfo

import msgspec
import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.contract.chain import GENESIS, Entry, Scribe, read_wire, seal
from edge_agent.contract.facts import Fact, GateAlive, RecordingResumed, RecordingStopped
from edge_agent.contract.stamps import ClockState, Stamp, parse_time
from edge_agent.receiver.accept import read
from edge_agent.receiver.store import PayrollStore

ALIVE = GateAlive(recording=True, version="0")
ON, OFF = RecordingResumed(reason="started"), RecordingStopped(reason="stopping")


def written(*told: tuple[str, Fact]) -> list[Entry]:
    """A ledger with these facts at these times of 23 November."""
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    scribe = Scribe(gate="main-gate", ledger=str(uuid.uuid4()), zone=zone)
    entries: list[Entry] = []
    for at, fact in told:
        wall = parse_time(f"2026-11-23T{at}:00+07:00")
        stamp = Stamp(
            boot="b",
            boottime_ms=wall - parse_time("2026-11-23T00:00:00+07:00"),
            wall_ms=wall,
            state=ClockState.SYNCED,
            uncertainty_ms=20,
        )
        prevhash = entries[-1].hash if entries else GENESIS
        entries.append(scribe.write(fact, stamp, len(entries) + 1, prevhash))
    return entries


@pytest.fixture
def ask(database: str) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        whole = [
            "--lang",
            "en",
            "receive",
            "--database",
            database,
            "coverage",
            "--gate",
            "main-gate",
        ]
        return CliRunner().invoke(main, [*whole, *arguments])

    return run


def keep(database: str, *ledgers: list[Entry]) -> None:
    arrivals = [read("main-gate", entry.wire) for ledger in ledgers for entry in ledger]
    with closing(PayrollStore(database)) as store:
        store.take(arrivals, "2026-11-24T00:00:00Z")


DAY = ("--from", "2026-11-23T06:00", "--to", "2026-11-23T12:00", "--json")


def told(result: Result) -> list[tuple[str, str]]:
    import json

    assert result.exit_code == 0, result.output
    return [(span["to"][11:16], span["able"]) for span in json.loads(result.output)]


def test_a_day_at_a_gate(database: str, ask: Callable[..., Result]) -> None:
    day = [("07:00", ON), ("07:00", ALIVE), ("08:00", ALIVE), ("09:00", OFF), ("10:00", ON)]
    keep(database, written(*day))
    assert told(ask(*DAY)) == [
        ("07:00", "unknown"),
        ("08:57", "yes"),
        ("09:00", "unknown"),
        ("09:59", "no"),
        ("12:00", "unknown"),
    ]


def test_two_ledgers_at_a_time(database: str, ask: Callable[..., Result]) -> None:
    day = [("07:00", ON), ("08:00", ALIVE), ("09:00", ALIVE)]
    keep(database, written(*day), written(("08:30", ON), ("09:30", ALIVE), ("10:30", ALIVE)))
    assert told(ask(*DAY))[:3] == [("07:00", "unknown"), ("08:29", "yes"), ("09:00", "unknown")]


def test_for_people(database: str, ask: Callable[..., Result]) -> None:
    keep(database, written(("07:00", ON), ("08:00", ALIVE)))
    shown = ask("--from", "2026-11-23", "--to", "2026-11-24")
    assert "able to record" in shown.output
    assert "2026-11-23 07:57:59  yes" in shown.output


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        (("--from", "2026-11-23", "--to", "2026-11-22"), 2, "has to come after"),
        (("--from", "some day", "--to", "2026-11-22"), 2, "is no time"),
        (("--from", "2026-11-23", "--to", "9999-12-31"), 2, "is no time"),
        (("--from", "2026-11-22", "--to", "2026-11-23", "--zone", "Mars"), 2, "no zone"),
        (("--from", "2026-11-22", "--to", "2026-11-23", "--gate", "other"), 65, "never heard of"),
    ],
)
def test_nonsense_is_told(
    database: str, ask: Callable[..., Result], wrong: tuple[str, ...], code: int, said: str
) -> None:
    keep(database, written(("07:00", ON)))
    result = ask(*wrong)
    assert result.exit_code == code
    assert said in result.output


@pytest.mark.parametrize("wrong", [{"clock": {"boot": []}}, {"clock": 7}, {"reason": [1]}])
def test_an_entry_that_cannot_be_read_is_a_hole(
    database: str, ask: Callable[..., Result], wrong: dict[str, object]
) -> None:
    """It is chained as it should be, so it is kept, confirmed, and shown to a person."""
    whole = written(
        ("07:00", ON), ("08:00", ALIVE), ("08:30", OFF), ("08:31", ON), ("09:00", ALIVE)
    )
    wires, digest = [], GENESIS
    for entry in whole:
        envelope, data = read_wire(entry.wire)
        envelope = seal("main-gate", data | (wrong if entry.seq == 3 else {}), digest)
        digest = bytes.fromhex(envelope.hash)
        wires.append(msgspec.json.encode(envelope))
    with closing(PayrollStore(database)) as store:
        (standing,) = store.take([read("main-gate", wire) for wire in wires], "2026").progress
    assert (standing.tip.through, [one.seq for one in standing.rejected]) == (5, [3])
    assert told(ask(*DAY)) == [
        ("07:00", "unknown"),
        ("07:57", "yes"),
        ("08:31", "unknown"),
        ("08:57", "yes"),
        ("12:00", "unknown"),
    ]
