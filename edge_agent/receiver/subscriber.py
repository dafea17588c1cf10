"""Payroll's side of the contract: keep what the gates send, confirm it, ask for what is missing."""

import logging
import random
import threading
import time
import uuid
from collections import deque
from contextlib import closing

import msgspec
from msgspec.structs import replace

from ..contract.bounds import LARGEST_ENTRY, LARGEST_KEPT
from ..contract.errors import BrokerFault, EdgeAgentError
from ..contract.messages import Erased, Resend, Topics
from ..contract.roster import LARGEST_ROSTER
from ..contract.signatures import NotSigned
from ..contract.told import escaped, identifier
from .connection import (
    MQTT_3_1_1,
    MQTT_5,
    NotUnderstood,
    ReceiverConnection,
    ReceiverOptions,
    TakenOver,
)
from .databases.database import DatabaseAway
from .erasures import AT_ONCE, OwedErasures
from .gaps import Gaps, Presence, Resends
from .messages import read_messages
from .roster.known_workers import told_codes
from .signing_key import Signer
from .store import LedgerProgress, PayrollStore
from .take_in import TakeIn, receipt_for, utc_now

_VERSIONS = {"auto": [MQTT_5, MQTT_3_1_1], "5": [MQTT_5], "3.1.1": [MQTT_3_1_1]}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
"""Somebody who has put the broker right stands there and waits."""
_LONGEST_PAUSE_OF_TWO = 60.0
"""Of receivers that throw each other out."""
_STEADY = 3
"""A connection that lasts so many times the pause before it has not met another receiver."""
_OFTEN = 2
"""Times, where the broker does not say why: MQTT 3.1.1 cannot."""
_QUIET = 20
"""Messages at a time: where gates send a backlog, more of them come together."""

_MOST_LEFT_OUT = 1000
_ASKED_FOR_S = 3600

_log = logging.getLogger(__name__)


class Receiver:
    """A subscriber for all gates under one root.

    ``counts`` tells what has come since it was made: entries that are ``new``, ``duplicate`` or
    ``fork``, entries that are kept for a person (``rejected``), messages that are ``damaged``,
    entries that were ``refused`` because their gate has begun more ledgers than any gate does or
    are of another gate's ledger (``foreign``), entries of which enough is held already
    (``dropped``), and rosters that were refused (``roster-refused``).
    """

    def __init__(self, options: ReceiverOptions) -> None:
        self._take_in = TakeIn()
        self.counts = self._take_in.counts
        self._options = options
        self._signer = Signer.of(options.signing_key)
        self._believed = self._signer.believed()
        self._roster = Topics(options.root, "").roster
        self._versions = deque(_VERSIONS[options.protocol])
        self._pause = _FIRST_PAUSE
        self._waited = 0.0
        self._connected: float | None = None
        self._thrown_out = 0
        self._away = False
        self._left_out: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; while broker or database are away, try again and again.

        Raises StoreFault where the database cannot be used, because to go on would be to drop.
        """
        while not stop.is_set():
            try:
                with closing(PayrollStore(self._options.database)) as store:
                    if self._away:
                        _log.info("database-back")
                        self._away = False
                    while not stop.is_set():
                        try:
                            with closing(self._connect()) as connection:
                                self._connected = time.monotonic()
                                self._serve(connection, store, stop)
                        except BrokerFault as fault:
                            self._wait("disconnected", fault, stop)
            except DatabaseAway as fault:
                # The broker was left as well: what it sends now could only be dropped.
                self._away = True
                self._wait("database-away", fault, stop)
        _log.info("stopped %s", dict(self.counts))

    def _wait(self, what: str, fault: Exception, stop: threading.Event) -> None:
        if self._connected is not None:
            lasted = time.monotonic() - self._connected
            self._connected = None
            taken_over = isinstance(fault, TakenOver)
            # Another receiver waits as long as we do, and then throws us out.
            steady = lasted > _STEADY * self._waited
            if steady:
                self._pause, self._thrown_out = _FIRST_PAUSE, 0
            if taken_over or not steady:
                self._thrown_out += 1
            if taken_over or self._thrown_out >= _OFTEN:
                _log.error(
                    "thrown-out times=%d: %s another program connected to this broker under the"
                    " client id %s. Stop the other one: mostly it is a second 'edge-agent receive',"
                    " perhaps on another machine, with a database of its own, and each would"
                    " confirm what the other does not hold. A program of another kind, such as the"
                    " import of the roster, needs a user of its own (docs/broker.md)",
                    self._thrown_out,
                    "the broker says that" if taken_over else "perhaps",
                    self._options.client_id,
                )
        # Jitter: after a power cut all clients of a broker come back at once.
        wait = self._pause * random.uniform(0.5, 1)
        longest = _LONGEST_PAUSE_OF_TWO if self._thrown_out else _LONGEST_PAUSE
        self._pause = min(2 * self._pause, longest)
        _log.warning("%s retry_s=%.1f %s", what, wait, fault)
        self._waited = wait
        stop.wait(wait)

    def _connect(self) -> ReceiverConnection:
        root, version = self._options.root, self._versions[0]
        topics = {
            f"{root}/+/ledger": LARGEST_KEPT,
            f"{root}/+/status": LARGEST_ENTRY,
            f"{root}/+/replies": LARGEST_ENTRY,
            self._roster: LARGEST_ROSTER,
        }
        try:
            connection = ReceiverConnection(self._options, version, topics)
        except NotUnderstood:
            self._versions.rotate()
            raise
        if version is MQTT_5:
            self._versions = deque([MQTT_5])  # It speaks 5: from now on nothing less will do.
        for sentence in connection.limits.sentences().values():
            _log.warning("broker-limit %s", sentence)
        if self._options.access.exposed:
            _log.warning("not-encrypted broker=%s: set --tls on", self._options.host)
        port = self._options.access.tcp_port
        _log.info("connected broker=%s:%d %s", self._options.host, port, version.name)
        return connection

    def _serve(
        self, connection: ReceiverConnection, store: PayrollStore, stop: threading.Event
    ) -> None:
        gaps, resends, receipts, present = Gaps(), Resends(), _OwedReceipts(), Presence()
        erasures = OwedErasures()
        silent = store.out_of_service()
        self._take_back(connection, silent)
        for progress in store.progress():
            if progress.gate not in silent:
                self._confirm(connection, progress)
            gaps.update(progress)
        while not stop.is_set():
            messages = connection.receive()
            batch = read_messages(messages, self._roster)
            if batch.damaged:
                self.counts["damaged"] += len(batch.damaged)
            self._take_in.teller.tell_messages(batch)
            for payload in batch.rosters:
                if self._apply_roster(store, payload):
                    for progress in store.progress():  # Who is known decides who is rejected.
                        receipts.owe(progress)
            for progress in self._take_in.keep(store, batch.arrivals):
                if not gaps.update(progress):
                    resends.filled(progress.ledger)
                receipts.owe(progress)
            # After the commit and not before may the broker and the gates forget.
            connection.acknowledge(messages)
            for opened in (one for one in batch.arrivals if one.seq == 1):
                erasures.claimed(opened.gate, opened.ledger, time.monotonic())
            for claim in batch.claims:
                erasures.claimed(claim.gate, claim.ledger, time.monotonic())
                through = store.through(claim.ledger, claim.gate)
                if through is not None:
                    gaps.claimed(claim.gate, claim.ledger, claim.last, through)
            for progress in receipts.due(connection.room):
                self._confirm(connection, progress)
            if batch.gone:
                silent = store.out_of_service()
                gone = {gate: silent[gate] for gate in batch.gone if gate in silent}
                self._take_back(connection, gone)
            present.update(batch.present)
            self._ask(connection, gaps, resends, present)
            self._tell_erasures(connection, store, erasures)
            if len(messages) < _QUIET:
                store.update_coverage(time.monotonic())

    def _apply_roster(self, store: PayrollStore, payload: bytes) -> bool:
        """Whether it is in force from now on. What is in one has names: none of it is logged."""
        try:
            payload = self._believed.opened(self._roster, payload, LARGEST_ROSTER)
        except NotSigned as error:
            self.counts["roster-refused"] += 1
            self._take_in.teller.tell_roster("not-signed", str(error))
            return False
        try:
            result = store.apply_roster(payload, utc_now())
        except EdgeAgentError:
            raise
        except Exception as error:
            self.counts["roster-refused"] += 1
            self._take_in.teller.tell_roster(type(error).__name__)
            return False
        if result.refused is not None:
            self.counts["roster-refused"] += 1
            self._take_in.teller.tell_roster(result.refused)
        elif result.applied:
            _log.info("roster-applied")
            if result.still_there is not None:
                _log.warning("name-left %s", result.still_there)
            if strangers := store.unlisted():
                _log.warning(
                    "not-listed workers=%d %s: they punch, and no roster has named them; what"
                    " counted before the first roster goes on counting, what they press now does"
                    " not",
                    len(strangers),
                    told_codes(one.code for one in strangers),
                )
        return result.applied

    def _confirm(self, connection: ReceiverConnection, progress: LedgerProgress) -> None:
        if (receipt := receipt_for(progress)) is None:
            return
        topic = Topics(self._options.root, progress.gate).receipts(progress.ledger)
        payload = self._signer.signed(topic, msgspec.json.encode(receipt))
        if connection.too_large(topic, payload):  # The list is for people, and the count is enough.
            payload = self._signer.signed(topic, msgspec.json.encode(replace(receipt, rejected=[])))
        self._publish(connection, topic, payload, retain=True)

    def _take_back(
        self, connection: ReceiverConnection, out_of_service: dict[str, list[str]]
    ) -> None:
        """Have the broker forget the receipts of gates that will not read them any more."""
        for gate, ledgers in out_of_service.items():
            for ledger in ledgers:
                topic = Topics(self._options.root, gate).receipts(ledger)
                self._publish(connection, topic, b"", retain=True)

    def _publish(
        self, connection: ReceiverConnection, topic: str, payload: bytes, retain: bool = False
    ) -> None:
        if (why := connection.too_large(topic, payload)) is None:
            connection.publish(topic, payload, retain)
        elif topic not in self._left_out and len(self._left_out) < _MOST_LEFT_OUT:
            self._left_out.add(topic)
            _log.error("left-out topic=%s: the broker does not take it. %s", escaped(topic), why)

    def _tell_erasures(
        self, connection: ReceiverConnection, store: PayrollStore, owed: OwedErasures
    ) -> None:
        for gate, ledger in owed.due(time.monotonic()):
            told = store.erasures_to_tell(gate, ledger)
            if not told:
                owed.settled(gate)
                continue
            topic = Topics(self._options.root, gate).commands
            for first in range(0, len(told), AT_ONCE):
                command = Erased(
                    id=uuid.uuid4().hex,
                    expires=utc_now(_ASKED_FOR_S) if self._signer.key else None,
                    ledger=ledger,
                    erased=told[first : first + AT_ONCE],
                    more=first + AT_ONCE < len(told),
                )
                payload = self._signer.signed(topic, msgspec.json.encode(command))
                self._publish(connection, topic, payload)
            place = identifier(gate), ledger
            _log.info("erasures-told gate=%s ledger=%s count=%d", *place, len(told))

    def _ask(
        self, connection: ReceiverConnection, gaps: Gaps, resends: Resends, present: Presence
    ) -> None:
        now = time.monotonic()
        for gap in gaps:
            if gap.gate in present.away:
                continue  # It tells its ledger anew when it is back.
            ask = resends.due(gap.ledger, gap.missing, now, gap.gate in present.heard)
            if ask is None:
                continue
            command = Resend(
                id=uuid.uuid4().hex,
                # Who repeats what was signed once may do so for an hour.
                expires=utc_now(_ASKED_FOR_S) if self._signer.key else None,
                ledger=gap.ledger,
                from_=ask[0],
                to=ask[-1],
            )
            topic = Topics(self._options.root, gap.gate).commands
            payload = self._signer.signed(topic, msgspec.json.encode(command))
            self._publish(connection, topic, payload)
            place = identifier(gap.gate), gap.ledger
            # What a gate has yet to send is asked for, too, whenever one of the two has come anew.
            level = logging.WARNING if resends.stays(gap.ledger) else logging.INFO
            _log.log(level, "gap gate=%s ledger=%s asked=%d-%d", *place, ask[0], ask[-1])


class _OwedReceipts:
    """One for each ledger, the newest, which says all that an older one said; those that have
    waited longest come first.
    """

    def __init__(self) -> None:
        self._owed: dict[tuple[str, str], LedgerProgress] = {}

    def owe(self, progress: LedgerProgress) -> None:
        """The gate that sent this ledger is to hear how far it is held."""
        self._owed[progress.ledger, progress.gate] = progress

    def due(self, room: int) -> list[LedgerProgress]:
        """As many as there is room for on the line; they are not owed any more."""
        keys = list(self._owed)[: max(room, 0)]
        return [self._owed.pop(key) for key in keys]
