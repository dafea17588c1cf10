"""A receiver that dies at any point loses nothing, doubles nothing and confirms nothing it lost."""

import signal
import subprocess
import sys

import pytest

from edge_agent.receiver.connection import ReceiverOptions
from tests.brokers import Mosquitto
from tests.everyday import one_in

from .gate import Gate, write_ledger
from .running import Running, rows

PROGRAM = """
import logging, os, signal, sys, threading
from edge_agent.receiver.connection import ReceiverOptions
from edge_agent.receiver.subscriber import Receiver
from edge_agent.receiver.connection import ReceiverConnection
from edge_agent.receiver.chains import Chains
from edge_agent.receiver.store import PayrollStore

PLACES = {"stored": (Chains, "advance"), "committed": (PayrollStore, "take"),
          "acknowledged": (ReceiverConnection, "acknowledge"),
          "confirmed": (ReceiverConnection, "publish")}
port, database, place, left = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])

if place in PLACES:
    owner, name = PLACES[place]
    original = getattr(owner, name)

    def last_words(self, first, *rest, **named):
        global left
        result = original(self, first, *rest, **named)
        left -= bool(first)  # An empty batch is no work.
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, last_words)
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
options = ReceiverOptions(host="127.0.0.1", port=port, database=database)
Receiver(options).run(threading.Event())
"""
"""A receiver that kills itself when it has done what ``place`` says ``left`` times."""


@pytest.mark.parametrize(
    "place", one_in(2, ["stored", "committed", "acknowledged", "confirmed", "anywhere"])
)
def test_kill(mosquitto: Mosquitto, database: str, place: str) -> None:
    entries = write_ledger(600)
    confirmed = 0
    with Gate(mosquitto.port) as gate:
        gate.keep(entries)
        for life in range(2, 5):
            arguments = [str(mosquitto.port), database, place, str(life)]
            with subprocess.Popen(
                [sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, text=True
            ) as process:
                assert process.stdout is not None
                assert any(line.startswith("connected") for line in process.stdout)
                for _ in range(500):
                    if process.poll() is not None:
                        break
                    gate.send(*entries[confirmed : confirmed + 100])
                    if place == "anywhere":
                        process.kill()
                else:
                    process.terminate()  # It never came to where it was to die.
            assert process.returncode == -signal.SIGKILL
            while not gate.receipts.empty():
                confirmed = max(confirmed, gate.receipts.get().through)
            through = f"SELECT count(*) FROM entries WHERE seq <= {confirmed}"
            assert rows(database, through) == [(confirmed,)]
        with Running(ReceiverOptions(port=mosquitto.port, database=database)) as running:
            running.said("connected")
            gate.send(*entries[confirmed:])
            assert gate.confirmed(600).hash == entries[-1].hash.hex()
    assert rows(database, "SELECT seq, hash FROM entries ORDER BY seq") == [
        (entry.seq, entry.hash.hex()) for entry in entries
    ]
    assert rows(database, "SELECT count(*) FROM forks") == [(0,)]
    assert rows(database, "SELECT count(*) FROM punches WHERE state = 'valid'") == [(539,)]
    if "://" not in database:
        assert rows(database, "PRAGMA integrity_check") == [("ok",)]
