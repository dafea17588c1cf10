"""The uplink's turns, from connection to connection: take in what happened, send what is due."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf

import msgspec

from ...contract.broker.limits import TOO_LARGE
from ...contract.errors import EdgeAgentError, StoreFault
from ...contract.language import Message, together
from ...contract.messages import Erased, GateStatus, LastWill, Topics, UplinkStatus
from ...contract.roster import Heard
from ...contract.signatures import Believed
from ...contract.told import Sparing, times
from ..events import Confirmed
from ..ledger.store.metadata import Watermarks
from ..ledger.store.sqlite_store import SqliteStore
from ..ports import (
    Acknowledged,
    Broker,
    BrokerDown,
    BrokerEvent,
    BrokerUp,
    Clock,
    Emit,
    Examiner,
    MqttVersion,
    Received,
    Subscribed,
)
from ..settings.schema import HomeAssistantSettings, MqttSettings
from .commands import CommandHandler
from .deliveries import Deliveries
from .duplicate_id import DUPLICATE_GATE, HUNG_UP_OFTEN, DuplicateIdDetector, HangUpWatch
from .home_assistant import HomeAssistantPublisher
from .inbox import ForeignReceipt, PayrollInbox
from .outbox import UNREADABLE, Outbox
from .status import (
    DUPLICATE,
    FILE,
    HANG_UPS,
    LARGE,
    WAY,
    StatusPublisher,
    UplinkReporter,
    entries,
    exposed,
    not_readable,
    not_taken,
)

log = logging.getLogger(__name__)

_WRITE_EVERY_S = 30.0
"""The watermarks, while they move. What a power cut takes away only makes some entries go out
twice; written at every receipt they would cost the card almost as much as the punches."""


@dataclass(frozen=True, kw_only=True)
class UplinkDeps:
    """The ports and settings of the uplink's thread, on which all but ``emit`` are called.

    ``leave``: payroll holds another history of this ledger; whether a new one begins.
    ``on_roster`` takes what arrives as payroll's roster, ``on_erased`` what it knows of erasures;
    neither blocks. ``payroll_keys``: by which payroll's messages have to be signed (64 hex digits
    each); none, by none.
    """

    settings: MqttSettings
    topics: Topics
    broker: Broker
    open_store: Callable[[], SqliteStore]
    status: Callable[[], GateStatus]
    emit: Emit
    clock: Clock
    leave: Callable[[ForeignReceipt], bool]
    on_roster: Callable[[Heard], None]
    on_erased: Callable[[Erased], None] = lambda told: None
    examiner: Examiner
    home_assistant: HomeAssistantSettings
    payroll_keys: Sequence[str] = ()


class UplinkSession:
    """What the uplink thread knows while it runs, from connection to connection."""

    def __init__(self, deps: UplinkDeps, store: SqliteStore, status: StatusPublisher) -> None:
        settings = deps.settings
        topics = deps.topics
        broker = deps.broker
        self._settings = settings
        self._topics = topics
        self._broker = broker
        self._store = store
        self._status = status
        self._emit = deps.emit
        self._report = UplinkReporter(deps.emit)
        self._deliveries = Deliveries(broker, topics, store.whole_entries)
        self._watermarks = WatermarkWriter(store)
        kept = self._watermarks.kept
        self._outbox = Outbox(kept.published, kept.confirmed, settings.receipt_timeout_s)
        self._confirmed = kept.confirmed
        self._happened: deque[BrokerEvent] = deque()
        self._up: BrokerUp | None = None
        self._fence: int | None = None
        self._ready = False
        self._duplicate = DuplicateIdDetector(store.ledger)
        self._hang_ups = HangUpWatch()
        self._hung_up_often = False
        self._unforeseen: Sparing[str] = Sparing()
        self._believed = believed = Believed(deps.payroll_keys)
        self._commands = CommandHandler(
            topics,
            store,
            self._outbox,
            self._deliveries,
            deps.clock,
            deps.examiner,
            believed,
            deps.on_erased,
        )
        self._inbox = PayrollInbox(
            topics, store, self._outbox, deps.leave, deps.on_roster, self._commands, believed
        )
        self._home_assistant = HomeAssistantPublisher(
            deps.home_assistant, topics, store, self._deliveries, self._report
        )
        self._spoke_5 = f"mqtt 5 {settings.host}:{settings.access.tcp_port}"
        will = msgspec.json.encode(LastWill(gate=topics.gate, ledger_id=store.ledger))
        broker.open(self._versions(), topics.status, will)

    def turn(self, now: float, events: Sequence[BrokerEvent]) -> None:
        """Take in what happened, then send what is due."""
        self._take_in_all(now, events)
        self._outbox.grown(self._store.tail().seq)
        self._commands.send_findings(now)
        self._watch_for_duplicate(now)
        if self._up and self._ready:
            if (status := self._status.due(now)) is not None:
                self._deliveries.note(self._topics.status, status, retain=True)
            self._deliveries.send_notes()
            if not self._inbox.left:
                self._deliveries.send_entries(now, self._outbox)
            self._home_assistant.send()
            if self._outbox.refused != UNREADABLE:
                self._report.well(FILE)
            if not self._outbox.left_out:
                self._report.well(LARGE)
            self._report.found(DUPLICATE, DUPLICATE_GATE if self._outbox.slow else None)
            self._report.found(HANG_UPS, HUNG_UP_OFTEN if self._hung_up_often else None)
            self._report.connected(self._up.version)
        if self._outbox.confirmed > self._confirmed:
            self._confirmed = self._outbox.confirmed
            self._emit(Confirmed(through=self._confirmed))
        self.save(now, at_once=False)

    def count(self, now: float, receipt: bytes) -> None:
        """Take in a receipt that was carried here, and write down at once how far it goes."""
        topic = self._topics.receipts(self._store.ledger)
        self._inbox.handle(now, Received(topic, receipt, retained=False))
        self.save(now, at_once=True)

    @property
    def behind(self) -> bool:
        """Whether something that happened has not been taken in yet, for the store failed."""
        return bool(self._happened)

    @property
    def standing(self) -> UplinkStatus:
        """What it has met on its way. For any thread."""
        return UplinkStatus(
            duplicate_gate=self._outbox.slow,
            refused_receipts=self._inbox.refused,
            refused_commands=self._commands.refused,
            keys=self._believed.ids,
            not_signed=self._believed.refused,
            hung_up_often=self._hung_up_often,
            mqtt=up.version if (up := self._up) else None,
        )

    def _watch_for_duplicate(self, now: float) -> None:
        if (often := self._hang_ups.often(now)) != self._hung_up_often:
            self._hung_up_often = often
            self._status.changed()
        if (detected := self._duplicate.detected(now)) == self._outbox.slow:
            return
        self._outbox.slow = detected
        self._status.changed()
        if detected:
            log.error("%s", DUPLICATE_GATE)
        else:
            log.info("duplicate-gate: nobody else has used this gate's id for a while")

    def cannot_read(self, fault: StoreFault) -> None:
        """Say that entries cannot be sent because they cannot be read; it is tried again."""
        self._report.trouble(FILE, fault.message)
        if self._up:
            self._report.connected(self._up.version)

    def begin_goodbye(self, now: float) -> None:
        """Send what was written last and the offline status, where there is anybody to send to."""
        with suppress(StoreFault):
            self.turn(now, ())
        self.save(now, at_once=True)
        if self._up is None:
            return
        try:
            self._deliveries.note(self._topics.status, self._status.offline(), retain=True)
        except StoreFault:
            self._broker.hang_up()
        else:
            self._deliveries.send_notes()

    @property
    def saying_goodbye(self) -> bool:
        """Whether the offline status has not arrived yet."""
        return self._deliveries.has_notes

    def finish(self, now: float, events: Sequence[BrokerEvent]) -> None:
        """Take in what still arrives, and begin nothing new."""
        answers = [event for event in events if isinstance(event, Acknowledged | BrokerDown)]
        with suppress(StoreFault):
            self._take_in_all(now, answers)
        self._deliveries.send_notes()

    def save(self, now: float, *, at_once: bool) -> None:
        """Remember the watermarks."""
        marks = Watermarks(self._outbox.published, self._outbox.confirmed, self._inbox.rejected)
        self._watermarks.keep(now, marks, at_once=at_once)

    def _versions(self) -> Sequence[MqttVersion]:
        """Less than MQTT 5 only where a broker has never spoken it: 3.1.1 hides refusals."""
        if self._settings.protocol != "auto":
            return (self._settings.protocol,)
        if self._settings.confirm_by == "broker" or self._store.remembered(self._spoke_5):
            return ("5",)
        return ("5", "3.1.1")

    def _take_in_all(self, now: float, events: Sequence[BrokerEvent]) -> None:
        """Take in each, and none twice; where the store fails, the rest in the next turn.

        None may be lost: without one of them no entry would leave on this connection any more.
        """
        self._happened.extend(events)
        while self._happened:
            try:
                self._take_in(now, self._happened[0])
            except StoreFault:
                ends = [event for event in self._happened if isinstance(event, BrokerDown)]
                if not ends:
                    raise
                # What came before it has ended with the connection, and comes again.
                while self._happened[0] is not ends[0]:
                    self._happened.popleft()
                continue
            self._happened.popleft()

    def _take_in(self, now: float, event: BrokerEvent) -> None:
        match event:
            case BrokerUp():
                self._connected(now, event)
            case BrokerDown():
                self._disconnected(now, event)
            case Subscribed():
                self._subscribed(now, event)
            case Acknowledged():
                self._acknowledged(now, event)
            case Received():
                self._heard(now, event)

    def _heard(self, now: float, event: Received) -> None:
        """The broker keeps what was published, and gives it to us at each start: whatever nobody
        foresaw in it must not end the gate each time. The store's faults are ours."""
        try:
            if event.topic == self._topics.status:
                self._duplicate.status(now, event.payload, retained=event.retained)
            else:
                self._inbox.handle(now, event)
        except EdgeAgentError:
            raise
        except Exception as error:
            matter = type(error).__name__
            if met := self._unforeseen.count(matter, now):
                log.error(
                    "a message from the broker was dropped, for it has what this gate cannot take "
                    "(%s)%s: look what payroll publishes, and who else may.",
                    *(matter, times(met)),
                )

    def _connected(self, now: float, event: BrokerUp) -> None:
        self._up = event
        self._hang_ups.connected(now)
        self._deliveries.start(event.limits.receive_maximum)
        for limit, sentence in event.limits.sentences().items():
            self._report.trouble(limit, sentence)
        if event.version == "5" and not self._store.remembered(self._spoke_5):
            with suppress(StoreFault):  # Then it is learnt at the next start.
                self._store.remember(self._spoke_5, "yes")
        if self._settings.access.exposed:
            self._report.trouble(WAY, exposed(self._settings.host))
        topics = self._topics
        # A receipt or a status that is lost on the way is made good by the next one, or by the one
        # that the broker keeps (docs/decisions/0029-twenty-megabytes.md).
        self._broker.subscribe(
            {
                topics.receipts(self._store.ledger): 0,
                topics.commands: 1,
                topics.roster: 1,
                topics.status: 0,
            }
        )

    def _disconnected(self, now: float, event: BrokerDown) -> None:
        if event.taken_over:
            self._duplicate.taken_over(now)
        if event.hung_up:
            self._hang_ups.hung_up(now)
        self._up = None
        self._ready = False
        self._fence = None
        self._deliveries.lost()
        self._outbox.disconnected(now)
        often = HUNG_UP_OFTEN if self._hang_ups.often(now) else None
        self._report.disconnected(together(event.reason, often) or event.reason)

    def _subscribed(self, now: float, event: Subscribed) -> None:
        """Publish the online status, whose acknowledgement is the fence.

        By then the retained receipt has been read, where there is one, and nothing that payroll
        holds goes out again.
        """
        for topic, why in event.refused.items():
            self._report.trouble(topic, not_readable(topic, why))
        self._fence = self._deliveries.send(self._topics.status, self._status.now(now), retain=True)

    def _acknowledged(self, now: float, event: Acknowledged) -> None:
        sent = self._deliveries.acknowledged(event.token)
        if isinstance(sent, int):
            self._outbox.puback(now, sent, event.code)
            if self._outbox.left_out and event.code == TOO_LARGE:
                self._report.too_large(LARGE, entries(self._outbox.left_out), event.why)
            if self._outbox.refused is None:
                self._report.well(self._topics.ledger)
            elif self._outbox.refused == event.code:
                self._report.trouble(self._topics.ledger, not_taken(event))
        elif event.token == self._fence and self._up:
            self._note_answered(self._topics.status, event)
            limits = self._up.limits
            confirms = self._up.version == "5" and limits.qos > 0
            by_broker = self._settings.confirm_by == "broker" and confirms
            self._outbox.connected(now, limits.receive_maximum, by_broker)
            self._fence = None
            self._ready = True
            self._home_assistant.connected()
        elif sent in (self._topics.status, self._topics.replies):
            self._note_answered(sent, event)
        else:
            self._home_assistant.acknowledged(event)

    def _note_answered(self, topic: str, event: Acknowledged) -> None:
        of_status = topic == self._topics.status
        what = Message("broker.the-status" if of_status else "broker.a-reply")
        refused = Message("broker.does-not-take", what=[what], why=event.why)
        self._report.answered(topic, event, what, refused)


class WatermarkWriter:
    """Writes the watermarks at intervals. A store that cannot be written does not stop us."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.kept = store.watermarks()
        self._due = -inf
        self._failing = False

    def keep(self, now: float, marks: Watermarks, *, at_once: bool) -> None:
        """Write ``marks`` where they moved and it is time, or ``at_once``."""
        if marks == self.kept or not (now >= self._due or (at_once and not self._failing)):
            return
        self._due = now + _WRITE_EVERY_S
        try:
            self._store.move_watermarks(marks)
        except StoreFault as fault:
            if not self._failing:
                log.warning("how far the ledger is confirmed cannot be written down: %s", fault)
            self._failing = True
        else:
            self.kept = marks
            if self._failing:
                log.info("how far the ledger is confirmed is written down again")
            self._failing = False
