"""The example payrolls of docs/examples, each run as it stands, against a gate that sends badly."""

import json
import os
import queue
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from edge_agent.contract.chain import Entry, read_wire
from edge_agent.contract.messages import Receipt
from edge_agent.contract.signatures import Believed, NotSigned
from edge_agent.receiver.signing_key import new_signing_key
from tests.brokers import Mosquitto
from tests.node import installed

from .gate import Gate, write_ledger

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
_NODE_RED_SETTINGS = """module.exports = {
    uiPort: 0, httpAdminRoot: false, httpNodeRoot: false, flowFile: "flow.json",
    contextStorage: { default: { module: "localfilesystem", config: { flushInterval: 1 } } },
    logging: { console: { level: "info" } },
};
"""

Start = Callable[[], subprocess.Popen[bytes]]


@contextmanager
def running(start: Start) -> Iterator[subprocess.Popen[bytes]]:
    process = start()
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def confirmed(gate: Gate, through: int, within_s: float) -> Receipt:
    """The receipt through this entry, past lower ones. Raises queue.Empty."""
    while True:
        receipt = gate.receipts.get(timeout=within_s)
        assert receipt.through <= through
        if receipt.through == through:
            return receipt


def heard(gate: Gate, entry: Entry, process: subprocess.Popen[bytes]) -> None:
    """Send an entry until it is confirmed: before the payroll has subscribed nobody hears it."""
    for _ in range(120):
        assert process.poll() is None, "the example has ended"
        gate.send(entry)
        with suppress(queue.Empty):
            confirmed(gate, entry.seq, 0.5)
            return
    raise AssertionError("the example does not answer")


def until(do: Callable[[], None], done: Callable[[], bool]) -> None:
    """Do it again and again, twice a second, until that is so."""
    for _ in range(120):
        do()
        if done():
            return
        time.sleep(0.5)
    raise AssertionError("it does not come about")


def settled(gate: Gate, through: int) -> None:
    """Every duplicate has been answered: nothing is under way, and a context on disk is written."""
    with suppress(queue.Empty):
        while True:
            assert gate.receipts.get(timeout=2.5).through <= through


RETAINED = (
    b"hello",
    b'{"data": {"ledger": "a\\u0000b", "seq": 1}, "hash": "00"}',
    b'{"data": {"ledger": "%s", "seq": 1}, "hash": "00"}' % (b"a/" * 300),
)
"""What comes again whenever a payroll connects anew. A broker throws out whoever makes a topic of
the last two: for a zero byte, and for its levels."""

STRAY = (
    b"hello",
    b"\xff\xfe",
    b"[]",
    b"null",
    b"7",
    b"{}",
    b'{"data": 3}',
    b'{"data": {"ledger": ["x"], "seq": 1}, "hash": "00"}',
    b'{"data": {"ledger": "#", "seq": 1}, "hash": "00"}',
    b'{"data": {"ledger": ["%s"], "seq": 1}, "hash": "%s"}' % (b"0" * 36, b"0" * 64),
    b'{"data": {"ledger": "L", "seq": 1e400}, "hash": "00"}',
    b'{"data": {"ledger": "L", "seq": %d}, "hash": "00"}' % 2**70,
    b'{"data": {"ledger": "L", "seq": "1"}, "hash": {}}',
    b'{"data": {"ledger": "L", "seq": null}, "hash": null}',
    b"[" * 200_000,
)
"""What anybody who may write on a gate's topic can send there, retained or not."""


def outlives_strays(mosquitto: Mosquitto, start: Start, patience_s: float = 20) -> None:
    """Retained messages that are no entries, then many; an entry behind them is still confirmed."""
    entries = write_ledger(3, gate="gate-3")
    with ExitStack() as strangers, Gate(mosquitto.port, gate="gate-3") as gate:
        for n, retained in enumerate(RETAINED):
            stranger = strangers.enter_context(Gate(mosquitto.port, gate=f"x{n}"))
            stranger.say(retained, retain=True).wait_for_publish(20)
            strangers.callback(lambda one: one.say(b"", retain=True).wait_for_publish(20), stranger)
        with running(start) as process:
            heard(gate, entries[0], process)
            for stray in STRAY:
                stranger.say(stray).wait_for_publish(20)
            gate.send(*entries[1:])
            assert confirmed(gate, 3, patience_s).hash == entries[2].hash.hex()
            assert process.poll() is None


def heeds_the_writer_alone(mosquitto: Mosquitto, start: Start, patience_s: float = 20) -> None:
    """Another gate writes on in a ledger that is not its own, with the right hash before it."""
    entries = write_ledger(5, gate="gate-5")
    ledger = read_wire(entries[0].wire)[1]["ledger"]
    forged = write_ledger(4, ledger, "evil", entries[:3])
    with Gate(mosquitto.port, gate="gate-5") as gate, Gate(mosquitto.port, gate="evil") as evil:
        with running(start) as process:
            heard(gate, entries[0], process)
            gate.send(*entries[1:3])
            confirmed(gate, 3, patience_s)
            evil.send(*forged)
            heard(gate, entries[3], process)
        with running(start) as process:
            heard(gate, entries[4], process)
            evil.send(*forged)
            settled(gate, 5)
        assert evil.receipts.empty()


def outlives_the_broker(folder: Path, start: Callable[[Mosquitto], Start]) -> None:
    """It comes up later than payroll, and goes once more."""
    late = Mosquitto(folder)
    entries = write_ledger(2, gate="gate-6")
    with running(start(late)) as process:
        for entry in entries:
            with suppress(subprocess.TimeoutExpired):
                process.wait(3.0)
            with late, Gate(late.port, gate="gate-6") as gate:
                heard(gate, entry, process)


def burst(mosquitto: Mosquitto, start: Start, patience_s: float = 20) -> tuple[int, int]:
    """300 entries at once, each twice, 20 with a fork beside them; how many lines that makes."""
    entries = write_ledger(300, gate="gate-4")
    ledger = read_wire(entries[0].wire)[1]["ledger"]
    forks = [
        write_ledger(seq, ledger, "gate-4", entries[: seq - 1])[seq - 1] for seq in range(101, 121)
    ]
    with Gate(mosquitto.port, gate="gate-4") as gate, running(start) as process:
        heard(gate, entries[0], process)
        sent = []
        for n, entry in enumerate(entries):
            sent += [gate.say(entry.wire), gate.say(entry.wire)]
            sent += [gate.say(fork.wire) for fork in forks[n - 100 : n - 99] if 100 <= n < 120]
        for one in sent:
            one.wait_for_publish(20)
        assert confirmed(gate, 300, patience_s).hash == entries[-1].hash.hex()
        settled(gate, 300)
    return len(entries), len(forks)


def holds_all(mosquitto: Mosquitto, start: Start, patience_s: float = 20) -> None:
    """Send a ledger out of order, with duplicates and a fork, over a restart of the payroll."""
    entries = write_ledger(60)
    ledger = read_wire(entries[0].wire)[1]["ledger"]
    fork = write_ledger(31, after=entries[:30], ledger=ledger)[30]
    other = write_ledger(12, gate="gate-2")
    with Gate(mosquitto.port) as gate, Gate(mosquitto.port, gate="gate-2") as second:
        with running(start) as process:
            heard(gate, entries[0], process)
            gate.send(*entries[1:20], *entries[24:40])
            assert confirmed(gate, 20, patience_s).hash == entries[19].hash.hex()
            second.send(*reversed(other))
            assert confirmed(second, 12, patience_s).hash == other[-1].hash.hex()
            gate.send(*entries[20:24], fork, *entries[:5])
            assert confirmed(gate, 40, patience_s).hash == entries[39].hash.hex()
            settled(gate, 40)
        with running(start) as process:
            heard(gate, entries[40], process)
            gate.send(*entries[41:])
            assert confirmed(gate, 60, patience_s).hash == entries[59].hash.hex()


def test_python(mosquitto: Mosquitto, tmp_path: Path) -> None:
    example = EXAMPLES / "payroll_subscriber.py"
    command = [sys.executable, str(example), str(tmp_path / "db"), "127.0.0.1", str(mosquitto.port)]
    holds_all(mosquitto, lambda: subprocess.Popen(command))


def test_python_in_a_burst_with_strays(mosquitto: Mosquitto, tmp_path: Path) -> None:
    example = EXAMPLES / "payroll_subscriber.py"
    database = tmp_path / "db"
    command = [sys.executable, str(example), str(database), "127.0.0.1", str(mosquitto.port)]
    outlives_strays(mosquitto, lambda: subprocess.Popen(command))
    heeds_the_writer_alone(mosquitto, lambda: subprocess.Popen(command))
    entries, forks = burst(mosquitto, lambda: subprocess.Popen(command))
    with closing(sqlite3.connect(database)) as db:
        [held] = db.execute("SELECT count(*) FROM entries WHERE length(hash) = 64").fetchone()
        assert held == 3 + 5 + entries
        assert db.execute("SELECT count(*) FROM forks").fetchone() == (forks,)


def test_python_before_its_broker(tmp_path: Path) -> None:
    example = [sys.executable, str(EXAMPLES / "payroll_subscriber.py"), str(tmp_path / "db")]
    outlives_the_broker(
        tmp_path, lambda late: lambda: subprocess.Popen([*example, late.host, str(late.port)])
    )


def url_of(broker: Mosquitto) -> str:
    return f"mqtt://127.0.0.1:{broker.port}"


@pytest.mark.long
@pytest.mark.timeout(600)
def test_javascript(mosquitto: Mosquitto, tmp_path: Path) -> None:
    folder = installed(tmp_path, "mqtt@5")
    shutil.copy(EXAMPLES / "payroll_subscriber.mjs", folder)
    command = [
        str(shutil.which("node")),
        *("payroll_subscriber.mjs", "payroll.ndjson", url_of(mosquitto)),
    ]
    holds_all(mosquitto, lambda: subprocess.Popen(command, cwd=folder))
    kept = [json.loads(line) for line in (folder / "payroll.ndjson").read_text().splitlines()]
    assert len(kept) == 60 + 12 + 1  # The fork is kept, duplicates are not.
    outlives_strays(mosquitto, lambda: subprocess.Popen(command, cwd=folder))
    heeds_the_writer_alone(mosquitto, lambda: subprocess.Popen(command, cwd=folder))
    outlives_the_broker(
        tmp_path,
        lambda late: (
            lambda: subprocess.Popen([*command[:2], "late.ndjson", url_of(late)], cwd=folder)
        ),
    )
    with (folder / "payroll.ndjson").open("rb+") as file:  # The power fails before a line's end.
        file.truncate(file.seek(0, os.SEEK_END) - 1)
    entries, forks = burst(mosquitto, lambda: subprocess.Popen(command, cwd=folder))
    lines = (folder / "payroll.ndjson").read_text().splitlines()
    assert len(lines) == 60 + 12 + 1 + 3 + 5 + entries + forks
    assert all(json.loads(line)["topic"].endswith("/ledger") for line in lines)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_node_red(mosquitto: Mosquitto, tmp_path: Path) -> None:
    folder = installed(tmp_path, "node-red@4")
    (folder / "settings.js").write_text(_NODE_RED_SETTINGS)
    shutil.copy(EXAMPLES / "node-red-flow.json", folder / "flow.json")
    red = folder / "node_modules" / "node-red" / "red.js"
    command = [str(shutil.which("node")), str(red), "--userDir", str(folder), "-s", "settings.js"]
    environment = {
        **os.environ,
        "MQTT_HOST": "127.0.0.1",
        "MQTT_PORT": str(mosquitto.port),
        "PAYROLL_FILE": str(folder / "payroll.ndjson"),
    }
    holds_all(mosquitto, lambda: subprocess.Popen(command, cwd=folder, env=environment), 60)
    kept = [json.loads(line) for line in (folder / "payroll.ndjson").read_text().splitlines()]
    assert len({entry["hash"] for entry in kept}) == 60 + 12 + 1
    (folder / "payroll.ndjson").unlink()
    start = lambda: subprocess.Popen(command, cwd=folder, env=environment)  # noqa: E731
    outlives_strays(mosquitto, start, 60)
    heeds_the_writer_alone(mosquitto, start, 60)
    (folder / "payroll.ndjson").rename(folder / "before")
    entries, forks = burst(mosquitto, start, 60)
    lines = (folder / "payroll.ndjson").read_text().splitlines()
    assert len(lines) == entries + forks
    # No file can be written for a while: nothing is confirmed, and what comes again is taken.
    (folder / "payroll.ndjson").rename(folder / "burst")
    (folder / "payroll.ndjson").mkdir()
    [entry] = write_ledger(1, gate="gate-7")
    with (
        (folder / "log").open("wb") as log,
        Gate(mosquitto.port, gate="gate-7") as gate,
        running(
            lambda: subprocess.Popen(command, cwd=folder, env=environment, stdout=log)
        ) as process,
    ):
        until(lambda: gate.send(entry), lambda: "EISDIR" in (folder / "log").read_text())
        assert gate.receipts.empty()
        (folder / "payroll.ndjson").rmdir()
        heard(gate, entry, process)
    assert (folder / "payroll.ndjson").read_bytes() == entry.wire + b"\n"


def test_the_example_signs_as_the_gates_check(tmp_path: Path) -> None:
    """And the page shows it."""
    key, topic = new_signing_key(tmp_path / "key"), "attendance/roster"
    roster = {"version": 7, "workers": [{"code": "NV1", "name": 'Nguyễn "Hoa"\n', "active": True}]}
    example = EXAMPLES / "sign_message.py"
    signed = subprocess.run(
        [sys.executable, example, tmp_path / "key", topic],
        input=b"\xef\xbb\xbf" + json.dumps(roster, ensure_ascii=False).encode(),
        env={**os.environ, "PYTHONIOENCODING": "cp1252"}, capture_output=True, check=True,
    ).stdout  # fmt: skip
    signed = subprocess.run(  # Once more, as after a change to it.
        [sys.executable, example, tmp_path / "key", topic],
        input=signed, capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert json.loads(Believed([key.public]).opened(topic, signed, 10_000)) == roster
    with pytest.raises(NotSigned):
        Believed([key.public]).opened("attendance/main-gate/commands", signed, 10_000)
    page = EXAMPLES.with_name("payroll.md").read_text(encoding="utf-8")
    assert example.read_text(encoding="utf-8").split("\n", 1)[1] in page
