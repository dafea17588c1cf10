"""The receiver against a real broker and a scripted gate."""

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from edge_agent.contract.bounds import LARGEST_KEPT
from edge_agent.contract.errors import StoreFault
from edge_agent.contract.messages import (
    ClockStatus,
    GateStatus,
    LastWill,
    LedgerStatus,
    Reply,
    Resend,
    SensorStatus,
)
from edge_agent.contract.stamps import ClockState
from edge_agent.receiver import messages
from edge_agent.receiver.accept import Arrival, read
from edge_agent.receiver.connection import ReceiverOptions
from edge_agent.receiver.gaps import FIRST_PAUSE
from edge_agent.receiver.store import BatchResult, PayrollStore
from tests.brokers import MOSQUITTO, Mosquitto, free_port
from tests.patience import PATIENCE_S

from .gate import Gate, write_ledger
from .running import Running, rows


@pytest.fixture
def options(mosquitto: Mosquitto, tmp_path: Path) -> ReceiverOptions:
    return ReceiverOptions(
        host=mosquitto.host, port=mosquitto.port, database=str(tmp_path / "payroll.db")
    )


@pytest.fixture
def running(options: ReceiverOptions) -> Iterator[Running]:
    """A receiver that is connected and subscribed."""
    with Running(options) as running:
        running.said("connected")
        yield running


@pytest.fixture
def gate(mosquitto: Mosquitto) -> Iterator[Gate]:
    with Gate(mosquitto.port) as gate:
        yield gate


def status(
    ledger: str, last: int, confirmed: int, state: Literal["online", "offline"] = "online"
) -> bytes:
    return msgspec.json.encode(
        GateStatus(
            gate="main-gate",
            state=state,
            version="1",
            started_at=None,
            sensor=SensorStatus(state="ready", prints=0, capacity=None),
            clock=ClockStatus(state=ClockState.SYNCED, uncertainty_ms=1),
            ledger=LedgerStatus(
                id=ledger, last_seq=last, confirmed_seq=confirmed, complete_until=None, rejected=0
            ),
            disk_free_bytes=None,
        )
    )


def test_ledger_is_stored_and_confirmed(
    running: Running, gate: Gate, options: ReceiverOptions
) -> None:
    entries = write_ledger(250)
    gate.send(*entries)
    receipt = gate.confirmed(250)
    assert receipt.hash == entries[-1].hash.hex()
    assert (receipt.rejected, receipt.rejected_count) == ([], 0)
    assert rows(options.database, "SELECT seq FROM entries ORDER BY seq") == [
        (seq,) for seq in range(1, 251)
    ]
    assert running.receiver.counts["new"] == 250


def test_whoever_stands_there_sees_entries_arrive(running: Running, gate: Gate) -> None:
    entries = write_ledger(4)
    gate.send(*entries[:3])
    gate.confirmed(3)
    told = running.said("received")
    gate.send(entries[3])
    gate.confirmed(4)
    last = running.said("received")
    while not last.endswith("through=4"):
        last = running.said("received")
    assert told.startswith("received gate=main-gate ledger=")
    assert "gap" not in " ".join(running.lines)


def test_duplicates_are_answered_and_not_stored(
    running: Running, gate: Gate, options: ReceiverOptions
) -> None:
    entries = write_ledger(3)
    gate.send(*entries)
    first = gate.confirmed(3)
    gate.send(entries[0])
    again = gate.confirmed(3)
    assert (again.ledger, again.hash) == (first.ledger, first.hash)
    assert running.receiver.counts == {"new": 3, "duplicate": 1}
    assert rows(options.database, "SELECT count(*) FROM entries") == [(3,)]


def test_receipts_are_retained(running: Running, gate: Gate, mosquitto: Mosquitto) -> None:
    gate.send(*write_ledger(3))
    gate.confirmed(3)
    with Gate(mosquitto.port) as back_again:
        back_again.confirmed(3)


def test_a_gate_that_writes_into_anothers_ledger_is_named_and_told_nothing(
    running: Running, gate: Gate, mosquitto: Mosquitto, options: ReceiverOptions
) -> None:
    true, forged = write_ledger(3, "a"), write_ledger(4, "a", gate="evil")
    following = write_ledger(4, "a", gate="evil", after=true)[3]
    with Gate(mosquitto.port, gate="evil") as evil:
        gate.send(*true)
        gate.confirmed(3)
        evil.send(*forged, following)
        status = {"state": "online", "ledger": {"id": "a", "last_seq": 9, "confirmed_seq": 9}}
        evil.say(msgspec.json.encode(status), "status").wait_for_publish(PATIENCE_S)
        assert running.said("foreign gate='evil' ledger=a: it is the ledger of gate 'main-gate'")
        own = write_ledger(2, "b", gate="evil")
        evil.send(*own)
        assert evil.confirmed(2).ledger == "b"
    gate.send(*write_ledger(5, "a", after=true)[3:])
    gate.confirmed(5)
    assert rows(options.database, "SELECT count(*) FROM forks") == [(0,)]


def test_receipts_are_given_anew_after_a_reconnect(
    running: Running, gate: Gate, mosquitto: Mosquitto
) -> None:
    gate.send(*write_ledger(3))
    gate.confirmed(3)
    mosquitto.restart()  # It has forgotten what was retained.
    with Gate(mosquitto.port, gate="main-gate") as back_again:
        back_again.confirmed(3)
    assert running.said("disconnected")


def test_first_gap_is_asked_for_and_filled(
    running: Running, gate: Gate, options: ReceiverOptions
) -> None:
    entries = write_ledger(9)
    gate.send(*entries[:2])
    gate.confirmed(2)
    gate.keep(entries)
    gate.send(*entries[4:6], entries[8])
    first, second = gate.asked(), gate.asked()
    assert [(ask.ledger, ask.from_, ask.to) for ask in (first, second)] == [
        (gate.confirmed(9).ledger, 3, 4),
        (first.ledger, 7, 8),
    ]
    assert rows(options.database, "SELECT count(*) FROM entries") == [(9,)]
    assert gate.resends.empty()


def test_receipts_and_gaps_are_remembered_by_the_next_receiver(
    options: ReceiverOptions, mosquitto: Mosquitto
) -> None:
    entries = write_ledger(5)
    with Running(options) as running, Gate(mosquitto.port) as gate:
        running.said("connected")
        gate.send(*entries[:2], entries[4])
        gate.confirmed(2)
        assert gate.asked().to == 4
    mosquitto.restart()
    with Gate(mosquitto.port) as gate:
        gate.keep(entries)
        with Running(options):
            gate.confirmed(2)
            assert (gate.asked().from_, gate.confirmed(5).hash) == (3, entries[4].hash.hex())


def test_fork_is_an_alarm_and_the_receipt_proves_our_history(
    running: Running, gate: Gate, options: ReceiverOptions
) -> None:
    ledger = str(uuid.uuid4())
    ours = write_ledger(3, ledger)
    theirs = write_ledger(4, ledger, after=ours[:2])
    gate.send(*ours)
    gate.confirmed(3)
    for entry in theirs[2:]:
        gate.send(entry)
        if entry is theirs[2]:  # The others are told as a count, a minute later.
            assert running.said("fork") == (
                f"fork gate=main-gate ledger={ledger} seqs=[{entry.seq}]:"
                " a card was cloned or a backup restored"
            )
        assert gate.confirmed(3).hash == ours[2].hash.hex()
    assert running.receiver.counts["fork"] == 2
    assert rows(options.database, "SELECT seq, hash FROM forks") == [
        (entry.seq, entry.hash.hex()) for entry in theirs[2:]
    ]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_damaged_messages_are_refused_and_hold_nothing_up(
    options: ReceiverOptions, gate: Gate, protocol: str
) -> None:
    first, second, third = write_ledger(3)
    with Running(replace(options, protocol=protocol)) as running:
        running.said("connected")
        for payload in (b"", b"{", second.wire[:-1], b" " * 70_000, b"[" * 60_000):
            gate.say(payload)
        gate.say(write_ledger(1, gate="other-gate")[0].wire)
        gate.say(b'{"ledger": 5}', channel="status")
        gate.say(status("not a\nledger", last=9, confirmed=9), channel="status")
        gate.say(b"\xff", channel="replies")
        gate.say(b"", channel="status")
        gate.say(msgspec.json.encode(LastWill(gate="main-gate")), channel="status")
        gate.send(first, second, third)
        gate.confirmed(3)
        assert running.receiver.counts == {"damaged": 9, "new": 3, "duplicate": 0}
        assert running.said("damaged").startswith("damaged gate='main-gate' channel=ledger reason=")


def test_no_more_is_kept_of_a_long_message_than_shows_its_length(
    options: ReceiverOptions, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []

    def measured(gate: str, wire: bytes) -> Arrival:
        lengths.append(len(wire))
        return read(gate, wire)

    monkeypatch.setattr(messages, "read", measured)
    with Running(replace(options, protocol="3.1.1")) as running:
        running.said("connected")
        gate.say(b" " * 5_000_000)
        running.said("damaged")
    assert lengths == [LARGEST_KEPT + 1]


def test_payroll_that_lost_what_it_confirmed_asks_for_it(running: Running, gate: Gate) -> None:
    ledger = str(uuid.uuid4())
    gate.keep(write_ledger(700, ledger))
    gate.say(status(ledger, last=701, confirmed=700), channel="status", retain=True)
    assert [(ask.from_, ask.to) for ask in [gate.asked() for _ in range(4)]] == [
        (1, 200),
        (201, 400),
        (401, 600),
        (601, 700),
    ]
    gate.confirmed(700)


@pytest.mark.parametrize("held", [0, 350])
def test_payroll_of_yesterday_is_filled_again_without_a_person(
    database: str, mosquitto: Mosquitto, held: int
) -> None:
    """Emptied, or restored from a backup that knew less than the gates hold confirmed."""
    names = [f"gate-{number}" for number in range(3)]
    ledgers = {name: write_ledger(900, f"ledger-of-{name}", gate=name) for name in names}
    with ExitStack() as open_gates:
        if held:
            with closing(PayrollStore(database)) as store:
                for name, entries in ledgers.items():
                    store.take([read(name, entry.wire) for entry in entries[:held]], "yesterday")
        gates = {name: open_gates.enter_context(Gate(mosquitto.port, name)) for name in names}
        for name, gate in gates.items():
            gate.keep(ledgers[name])
        options = ReceiverOptions(host=mosquitto.host, port=mosquitto.port, database=database)
        with Running(options) as running:
            running.said("connected")
            for name, gate in gates.items():
                told = status(f"ledger-of-{name}", last=900, confirmed=880)
                gate.say(told, channel="status", retain=True)
            for gate in gates.values():
                gate.confirmed(880)
            for name, gate in gates.items():
                gate.send(*ledgers[name][880:])
                assert gate.confirmed(900).hash == ledgers[name][-1].hash.hex()
    assert rows(database, "SELECT ledger, count(*) FROM entries GROUP BY 1 ORDER BY 1") == [
        (f"ledger-of-{name}", 900) for name in names
    ]
    asked = [gate.resends.get() for gate in gates.values() for _ in range(gate.resends.qsize())]
    assert max(ask.to - ask.from_ + 1 for ask in asked) == 200
    assert len(asked) == len(names) * -(-(880 - held) // 200)


@pytest.mark.parametrize("state", ["online", "offline"])
def test_retired_gates_hold_a_refill_up_for_a_moment_at_most(
    options: ReceiverOptions, mosquitto: Mosquitto, state: Literal["online", "offline"]
) -> None:
    """The broker keeps their last status for ever, whatever it says."""
    retired = [f"aged-{number}" for number in range(12)]
    with ExitStack() as gates:
        for name in retired:
            gate = gates.enter_context(Gate(mosquitto.port, name))
            said = gate.say(status(f"of-{name}", 900, 900, state), channel="status", retain=True)
            said.wait_for_publish(PATIENCE_S)
        live = gates.enter_context(Gate(mosquitto.port, "main-gate"))
        live.keep(write_ledger(900, "live"))
        said = live.say(status("live", last=900, confirmed=900), channel="status", retain=True)
        said.wait_for_publish(PATIENCE_S)
        with Running(options) as running:
            running.said("connected")
            began = time.monotonic()
            live.confirmed(900)
            assert time.monotonic() - began < FIRST_PAUSE


def test_gate_that_is_away_is_asked_when_it_is_back(
    short_minute: None, running: Running, gate: Gate
) -> None:
    ledger = str(uuid.uuid4())
    gate.keep(write_ledger(9, ledger))
    gate.say(status(ledger, last=9, confirmed=9, state="offline"), channel="status")
    gate.say(b"damaged", channel="replies")
    running.said("damaged")
    gate.say(b"damaged", channel="replies")
    running.said("damaged")
    ours = Resend(id="ours", ledger="another", from_=1, to=1)
    gate.say(msgspec.json.encode(ours), channel="commands")
    assert gate.asked() == ours  # And nothing before it.
    gate.say(status(ledger, last=9, confirmed=9), channel="status")
    gate.confirmed(9)


def test_gate_that_begins_ledgers_without_end_fills_neither_disk_nor_memory(
    running: Running, gate: Gate, options: ReceiverOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.receiver.store.MOST_LEDGERS_OF_A_GATE", 3)
    for number in range(6):
        gate.send(*write_ledger(2, f"ledger-{number}"))
    assert "main-gate" in running.said("too-many-ledgers")
    assert rows(options.database, "SELECT count(*) FROM ledgers") == [(3,)]


def test_entries_sent_while_nobody_listened_are_asked_for_at_once(
    gate: Gate, options: ReceiverOptions
) -> None:
    ledger = str(uuid.uuid4())
    gate.keep(write_ledger(9, ledger))
    said = gate.say(status(ledger, last=9, confirmed=0), channel="status", retain=True)
    said.wait_for_publish(PATIENCE_S)
    with Running(options):
        asked = gate.asked()
        assert (asked.from_, asked.to) == (1, 9)
        gate.confirmed(9)


def test_entries_that_are_only_not_confirmed_yet_are_not_asked_for(
    running: Running, gate: Gate
) -> None:
    entries = write_ledger(9)
    gate.send(*entries[:3])
    ledger = gate.confirmed(3).ledger
    gate.say(status(ledger, last=9, confirmed=3), channel="status")
    gate.send(*entries[3:])
    gate.confirmed(9)
    assert gate.resends.empty()


def test_refusal_of_a_gate_is_told(running: Running, gate: Gate) -> None:
    reply = Reply(id="1", command="resend", ok=False, error="pruned")
    gate.say(msgspec.json.encode(reply), channel="replies")
    assert running.said("gate-refused") == "gate-refused gate=main-gate command=resend 'pruned'"


def test_broker_that_is_killed_costs_nothing(
    running: Running, gate: Gate, mosquitto: Mosquitto, options: ReceiverOptions
) -> None:
    entries = write_ledger(20)
    gate.send(*entries[:10])
    gate.confirmed(10)
    mosquitto.kill()
    running.said("disconnected")
    mosquitto.start()
    running.said("connected")
    with Gate(mosquitto.port) as back_again:
        back_again.send(*entries[8:])
        back_again.confirmed(20)
    assert rows(options.database, "SELECT count(*) FROM entries") == [(20,)]


def test_frozen_broker_is_noticed(options: ReceiverOptions, mosquitto: Mosquitto) -> None:
    hasty = replace(options, keepalive=1, connect_timeout=0.5)
    with Running(hasty) as running:
        running.said("connected")
        mosquitto.freeze()
        running.said("disconnected")
        mosquitto.thaw()
        running.said("connected")
        with Gate(mosquitto.port) as gate:
            gate.send(*write_ledger(3))
            gate.confirmed(3)


def test_stop_says_goodbye_at_once(options: ReceiverOptions, mosquitto: Mosquitto) -> None:
    with Running(options) as running:
        running.said("connected")
    assert running.error is None
    mosquitto.stop()
    assert "Received DISCONNECT from payroll-receiver" in mosquitto.log.read_text()


def test_nothing_is_acknowledged_before_it_is_stored(
    options: ReceiverOptions, gate: Gate, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> BatchResult:
        raise StoreFault("disk full")

    monkeypatch.setattr(PayrollStore, "take", fail)
    with Running(options) as running:
        running.said("connected")
        gate.send(*write_ledger(3))
        running.ended()
    assert str(running.error) == "disk full"
    mosquitto.stop()
    log = mosquitto.log.read_text()
    assert "Sending PUBLISH to payroll-receiver" in log
    assert "Received PUBACK from payroll-receiver" not in log
    assert "Received PUBLISH from payroll-receiver" not in log


def test_everything_stored_is_acknowledged(
    running: Running, gate: Gate, mosquitto: Mosquitto
) -> None:
    gate.send(*write_ledger(50))  # More than mosquitto has in flight without acknowledgements.
    gate.confirmed(50)
    mosquitto.stop()
    log = mosquitto.log.read_text()
    assert log.count("Received PUBACK from payroll-receiver") == 50


def test_second_receiver_takes_the_connection_and_is_heard(
    running: Running, options: ReceiverOptions
) -> None:
    with Running(replace(options, database=options.database + ".other")):
        running.said("disconnected")


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_two_receivers_on_one_broker_say_so_and_slow_down(
    options: ReceiverOptions, protocol: str
) -> None:
    first = replace(options, protocol=protocol)
    with Running(first) as running, Running(replace(first, database=options.database + ".other")):
        told = running.said("thrown-out times=2: perhaps another program connected")
        assert "under the client id payroll-receiver. Stop the other one" in told
        # A pause varies by half: the third is longer than the first can be, the second hardly.
        running.said("thrown-out times=3")
        pause = float(running.said("disconnected").split("retry_s=")[1].split()[0])
        assert pause > 1


def test_second_receiver_on_the_database_ends_with_a_sentence(
    running: Running, options: ReceiverOptions
) -> None:
    with Running(options) as second:
        second.ended()
    assert isinstance(second.error, StoreFault)


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_access_that_the_broker_denies_is_told(tmp_path: Path) -> None:
    access = tmp_path / "access"
    access.write_text("topic readwrite attendance/+/ledger\n")
    # mosquitto 2 lets anybody subscribe and filters what it delivers, so that only the denied
    # receipt can be seen.
    with Mosquitto(tmp_path, [f"acl_file {access}"]) as broker, Gate(broker.port) as gate:
        options = ReceiverOptions(port=broker.port, database=str(tmp_path / "payroll.db"))
        with Running(options) as running:
            running.said("connected")
            gate.send(*write_ledger(1))
            assert "Not authorized" in running.said("broker-refused-publish")


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
def test_wrong_password_is_told_and_tried_again(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text("wrong\n")
    options = ReceiverOptions(
        database=str(tmp_path / "payroll.db"), username="payroll", password_file=str(secret)
    )
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    settings = ["allow_anonymous false", f"password_file {passwords}"]
    with (
        Mosquitto(tmp_path, settings) as broker,
        Running(replace(options, port=broker.port)) as running,
    ):
        for _ in range(2):
            line = running.said("disconnected")
            assert "refused us: Not authorized" in line
            assert "wrong" not in line


def test_stop_ends_the_pause_between_attempts(tmp_path: Path) -> None:
    options = ReceiverOptions(
        host="127.0.0.1", port=free_port(), database=str(tmp_path / "payroll.db")
    )
    with Running(options) as running:
        assert "cannot be reached" in running.said("disconnected")
    assert running.error is None
