"""Payroll's side of the contract: keep what the gates send, confirm it, ask for what is missing."""

import logging
import random
import threading
import time
import uuid
from collections import Counter, deque
from contextlib import closing
from pathlib import Path

import msgspec
from paho.mqtt.client import MQTTMessage

from edge_agent.domain.errors import BrokerFault
from edge_agent.domain.messages import Receipt, Reply, Resend
from edge_agent.domain.stamps import utc_time
from edge_agent.domain.topics import Topics

from .accept import Arrival, LedgerId, Tip, read
from .connection import MQTT_3_1_1, MQTT_5, Connection, NotUnderstood
from .options import ReceiverOptions
from .resends import Resends
from .store import Standing, Store

_VERSIONS = {"auto": [MQTT_5, MQTT_3_1_1], "5": [MQTT_5], "3.1.1": [MQTT_3_1_1]}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0

_log = logging.getLogger(__name__)


class _LedgerStatus(msgspec.Struct):
    id: LedgerId
    last_seq: int
    confirmed_seq: int


class _Status(msgspec.Struct):
    """What matters here of a gate's status; a last will tells nothing of its ledger."""

    ledger: _LedgerStatus | None = None


class Receiver:
    """A subscriber for all gates under one root.

    ``counts`` tells what has come since it was made: entries that are ``new``, ``duplicate`` or
    ``fork``, and messages that are ``damaged``.
    """

    def __init__(self, options: ReceiverOptions) -> None:
        self.counts: Counter[str] = Counter()
        self._options = options
        self._versions = deque(_VERSIONS[options.protocol])
        self._resends = Resends()
        self._standings: dict[str, Standing] = {}
        self._expected: dict[str, int] = {}

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; while the broker cannot be used, try it again and again.

        Raises StoreFault where the database cannot be used, because to go on would be to drop.
        """
        with closing(Store(Path(self._options.database))) as store:
            self._standings = {standing.ledger: standing for standing in store.standings()}
            pause = _FIRST_PAUSE
            while not stop.is_set():
                try:
                    with closing(self._connect()) as connection:
                        pause = _FIRST_PAUSE
                        self._serve(connection, store, stop)
                except BrokerFault as fault:
                    # Jitter: after a power cut all clients of a broker come back at once.
                    wait = pause * random.uniform(0.5, 1)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                    _log.warning("disconnected retry_s=%.1f %s", wait, fault)
                    stop.wait(wait)
        _log.info("stopped %s", dict(self.counts))

    def _connect(self) -> Connection:
        root, version = self._options.root, self._versions[0]
        topics = [f"{root}/+/{channel}" for channel in ("ledger", "status", "replies")]
        try:
            connection = Connection(self._options, version, topics)
        except NotUnderstood:
            self._versions.rotate()
            raise
        if version is MQTT_5:
            self._versions = deque([MQTT_5])  # It speaks 5: from now on nothing less will do.
        if self._options.access.exposed:
            _log.warning("not-encrypted broker=%s: set --tls on", self._options.host)
        port = self._options.access.tcp_port
        _log.info("connected broker=%s:%d %s", self._options.host, port, version.name)
        return connection

    def _serve(self, connection: Connection, store: Store, stop: threading.Event) -> None:
        for standing in self._standings.values():
            self._confirm(connection, standing)
        while not stop.is_set():
            messages = connection.receive()
            touched = self._keep(store, self._sort(messages))
            # After the commit and not before may the broker and the gates forget.
            connection.acknowledge(messages)
            for standing in touched:
                self._confirm(connection, standing)
            self._ask(connection)

    def _sort(self, messages: list[MQTTMessage]) -> list[Arrival]:
        """Take note of statuses and replies, refuse what is damaged, return the entries."""
        arrivals = []
        for message in messages:
            _, gate, channel = message.topic.rsplit("/", 2)
            try:
                if channel == "ledger":
                    arrivals.append(read(gate, bytes(message.payload)))
                elif channel == "replies":
                    _hear(gate, msgspec.json.decode(message.payload, type=Reply))
                elif message.payload:  # An empty status is that of a gate out of service.
                    status = msgspec.json.decode(message.payload, type=_Status)
                    self._note(gate, status, retained=message.retain)
            except (ValueError, RecursionError) as error:
                self.counts["damaged"] += 1
                reason = ascii(str(error)[:200])  # It may quote what was sent.
                _log.error("damaged gate=%r channel=%s reason=%s", gate, channel, reason)
        return arrivals

    def _keep(self, store: Store, arrivals: list[Arrival]) -> list[Standing]:
        if not arrivals:
            return []
        taken = store.take(arrivals, _now())
        self.counts.update(new=taken.new, duplicate=taken.duplicates)
        for standing in taken.standings:
            self._standings[standing.ledger] = standing
            if standing.forks:
                self.counts["fork"] += len(standing.forks)
                _log.error(
                    "fork gate=%s ledger=%s seqs=%s: a card was cloned or a backup restored",
                    standing.gate,
                    standing.ledger,
                    standing.forks,
                )
        return taken.standings

    def _note(self, gate: str, status: _Status, *, retained: bool) -> None:
        if status.ledger is None:
            return
        ledger = status.ledger.id
        # A retained status tells what the gate had sent before we came; one that comes later, what
        # we confirmed once: where we don't hold that, it was lost here and our backup restored.
        sent = status.ledger.last_seq if retained else status.ledger.confirmed_seq
        self._expected[ledger] = max(sent, self._expected.get(ledger, 0))
        self._standings.setdefault(ledger, Standing(ledger, gate, Tip(), range(0), []))

    def _confirm(self, connection: Connection, standing: Standing) -> None:
        if not standing.tip.through:
            return  # There is no entry yet whose hash could prove anything.
        receipt = Receipt(
            ledger=standing.ledger, through=standing.tip.through, hash=standing.tip.hash, at=_now()
        )
        topic = Topics(self._options.root, standing.gate).receipts(standing.ledger)
        connection.publish(topic, msgspec.json.encode(receipt), retain=True)

    def _ask(self, connection: Connection) -> None:
        now = time.monotonic()
        for ledger, standing in self._standings.items():
            absent = range(standing.tip.through + 1, self._expected.get(ledger, 0) + 1)
            ask = self._resends.due(ledger, standing.missing or absent, now)
            if ask is None:
                continue
            command = Resend(id=uuid.uuid4().hex, ledger=ledger, from_=ask[0], to=ask[-1])
            topic = Topics(self._options.root, standing.gate).commands
            connection.publish(topic, msgspec.json.encode(command))
            _log.warning(
                "gap gate=%s ledger=%s asked=%d-%d", standing.gate, ledger, ask[0], ask[-1]
            )


def _hear(gate: str, reply: Reply) -> None:
    if not reply.ok:
        _log.warning("gate-refused gate=%s command=%s %a", gate, reply.command, reply.error)


def _now() -> str:
    return utc_time(time.time_ns() // 1_000_000)
