"""A PostgreSQL that goes away and comes back."""

from collections.abc import Iterator

import pytest

from edge_agent.receiver.connection import ReceiverOptions
from tests.brokers import Mosquitto

from .gate import Gate, write_ledger
from .running import Running, rows

postgresql = pytest.importorskip("tests.postgresql", reason="psycopg is not installed")


@pytest.fixture
def cluster() -> Iterator["postgresql.Postgresql"]:
    """One to crash: with everything on that a power cut needs."""
    if postgresql.BINARIES is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with postgresql.Postgresql(settings=()) as cluster:
        yield cluster


@pytest.mark.parametrize("end", ["stop", "crash"])
def test_database_that_goes_away_costs_nothing(
    mosquitto: Mosquitto, cluster: "postgresql.Postgresql", end: str
) -> None:
    database = cluster.new_database()
    entries = write_ledger(60)
    options = ReceiverOptions(port=mosquitto.port, database=database)
    with Running(options) as running, Gate(mosquitto.port) as gate:
        running.said("connected")
        gate.send(*entries[:20])
        gate.confirmed(20)
        getattr(cluster, end)()
        gate.send(*entries[20:40])
        assert "away" in running.said("database-away")
        assert gate.receipts.empty()
        cluster.start()
        running.said("connected")
        gate.send(*entries[20:])
        assert gate.confirmed(60).hash == entries[-1].hash.hex()
        assert running.error is None
    assert rows(database, "SELECT seq, hash FROM entries ORDER BY seq") == [
        (entry.seq, entry.hash.hex()) for entry in entries
    ]


def test_receiver_waits_for_a_database_that_starts_after_it(
    mosquitto: Mosquitto, cluster: "postgresql.Postgresql"
) -> None:
    database = cluster.new_database()
    cluster.stop()
    with Running(ReceiverOptions(port=mosquitto.port, database=database)) as running:
        running.said("database-away")
        cluster.start()
        running.said("connected")


def test_database_that_is_not_there_ends_it_with_a_sentence(
    mosquitto: Mosquitto, cluster: "postgresql.Postgresql"
) -> None:
    with Running(ReceiverOptions(port=mosquitto.port, database=cluster.url("nowhere"))) as running:
        running.ended()
    assert "nowhere" in str(running.error)
