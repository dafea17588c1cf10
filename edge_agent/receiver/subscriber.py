"""Payroll's side of the contract: keep what the gates send, confirm it, ask for what is missing."""

import logging
import random
import threading
import time
import uuid
from collections import Counter, deque
from contextlib import closing

import msgspec

from ..contract.errors import BrokerFault
from ..contract.messages import Receipt, Resend, Topics
from ..contract.roster import LARGEST_ROSTER
from ..contract.stamps import utc_time
from .accept import MAX_WIRE_BYTES, Arrival
from .connection import MQTT_3_1_1, MQTT_5, Connection, NotUnderstood, ReceiverOptions
from .databases.database import DatabaseAway
from .gaps import Absent, Receipts, Resends
from .sort import sort
from .store import LedgerProgress, PayrollStore

_VERSIONS = {"auto": [MQTT_5, MQTT_3_1_1], "5": [MQTT_5], "3.1.1": [MQTT_3_1_1]}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
_QUIET = 20
"""Messages at a time: where gates send a backlog, more of them come together."""

_log = logging.getLogger(__name__)


class Receiver:
    """A subscriber for all gates under one root.

    ``counts`` tells what has come since it was made: entries that are ``new``, ``duplicate`` or
    ``fork``, messages that are ``damaged``, entries that were ``refused`` because their gate has
    begun more ledgers than any gate does, and rosters that were refused (``roster-refused``).
    """

    def __init__(self, options: ReceiverOptions) -> None:
        self.counts: Counter[str] = Counter()
        self._options = options
        self._roster = Topics(options.root, "").roster
        self._versions = deque(_VERSIONS[options.protocol])
        self._pause = _FIRST_PAUSE

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; while broker or database are away, try again and again.

        Raises StoreFault where the database cannot be used, because to go on would be to drop.
        """
        while not stop.is_set():
            try:
                with closing(PayrollStore(self._options.database)) as store:
                    while not stop.is_set():
                        try:
                            with closing(self._connect()) as connection:
                                self._pause = _FIRST_PAUSE
                                self._serve(connection, store, stop)
                        except BrokerFault as fault:
                            self._wait("disconnected", fault, stop)
            except DatabaseAway as fault:
                # The broker was left as well: what it sends now could only be dropped.
                self._wait("database-away", fault, stop)
        _log.info("stopped %s", dict(self.counts))

    def _wait(self, what: str, fault: Exception, stop: threading.Event) -> None:
        # Jitter: after a power cut all clients of a broker come back at once.
        wait = self._pause * random.uniform(0.5, 1)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        _log.warning("%s retry_s=%.1f %s", what, wait, fault)
        stop.wait(wait)

    def _connect(self) -> Connection:
        root, version = self._options.root, self._versions[0]
        topics = {
            f"{root}/+/{channel}": MAX_WIRE_BYTES for channel in ("ledger", "status", "replies")
        }
        topics[self._roster] = LARGEST_ROSTER
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

    def _serve(self, connection: Connection, store: PayrollStore, stop: threading.Event) -> None:
        absent, resends, receipts = Absent(), Resends(), Receipts()
        for standing in store.standings():
            self._confirm(connection, standing)
            absent.stands(standing)
        while not stop.is_set():
            messages = connection.receive()
            batch = sort(messages, self._roster)
            if batch.damaged:
                self.counts["damaged"] += batch.damaged
            for payload in batch.rosters:
                if self._hear_roster(store, payload):
                    for standing in store.standings():  # Who is known decides who is rejected.
                        receipts.owe(standing)
            for standing in self._keep(store, batch.arrivals):
                if not absent.stands(standing):
                    resends.filled(standing.ledger)
                receipts.owe(standing)
            # After the commit and not before may the broker and the gates forget.
            connection.acknowledge(messages)
            for told in batch.told:
                absent.told(told.gate, told.ledger, told.last, store.through(told.ledger))
            for standing in receipts.due(connection.room):
                self._confirm(connection, standing)
            self._ask(connection, absent, resends)
            if len(messages) < _QUIET:
                store.look_back(time.monotonic())

    def _hear_roster(self, store: PayrollStore, payload: bytes) -> bool:
        """Whether it is in force from now on. What is in one has names: none of it is logged."""
        answer = store.hear_roster(payload, _now())
        if answer.refused is not None:
            self.counts["roster-refused"] += 1
            _log.error("roster-refused reason=%s: the one before stays", answer.refused)
        elif answer.applied:
            _log.info("roster-applied")
        return answer.applied

    def _keep(self, store: PayrollStore, arrivals: list[Arrival]) -> list[LedgerProgress]:
        if not arrivals:
            return []
        taken = store.take(arrivals, _now())
        self.counts.update(new=taken.new, duplicate=taken.duplicates)
        for gate in taken.refused:
            self.counts["refused"] += 1
            _log.error("too-many-ledgers gate=%r: nothing of a new one is kept or confirmed", gate)
        for standing in taken.standings:
            if standing.forks:
                self.counts["fork"] += len(standing.forks)
                _log.error(
                    "fork gate=%s ledger=%s seqs=%s: a card was cloned or a backup restored",
                    standing.gate,
                    standing.ledger,
                    standing.forks,
                )
        return taken.standings

    def _confirm(self, connection: Connection, standing: LedgerProgress) -> None:
        if not standing.tip.through:
            return  # There is no entry yet whose hash could prove anything.
        receipt = Receipt(
            ledger=standing.ledger,
            through=standing.tip.through,
            hash=standing.tip.hash,
            rejected=standing.rejected,
            rejected_count=standing.rejected_count,
            at=_now(),
        )
        topic = Topics(self._options.root, standing.gate).receipts(standing.ledger)
        connection.publish(topic, msgspec.json.encode(receipt), retain=True)

    def _ask(self, connection: Connection, absent: Absent, resends: Resends) -> None:
        now = time.monotonic()
        for wanted in absent:
            ask = resends.due(wanted.ledger, wanted.missing, now)
            if ask is None:
                continue
            command = Resend(id=uuid.uuid4().hex, ledger=wanted.ledger, from_=ask[0], to=ask[-1])
            topic = Topics(self._options.root, wanted.gate).commands
            connection.publish(topic, msgspec.json.encode(command))
            _log.warning(
                "gap gate=%s ledger=%s asked=%d-%d", wanted.gate, wanted.ledger, ask[0], ask[-1]
            )


def _now() -> str:
    return utc_time(time.time_ns() // 1_000_000)
