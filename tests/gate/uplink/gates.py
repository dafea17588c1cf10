"""A gate's uplink for tests: a small real ledger, and a broker that follows a script."""

import json
import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from edge_agent.contract.broker.limits import BrokerLimits
from edge_agent.contract.errors import BrokerFault
from edge_agent.contract.facts import GateAlive, PunchRecorded
from edge_agent.contract.language import Message
from edge_agent.contract.messages import ClockStatus, GateStatus, LedgerStatus, SensorStatus, Topics
from edge_agent.contract.roster import Heard
from edge_agent.contract.stamps import ClockState, Stamp
from edge_agent.gate.events import Event
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ports import Acknowledged, Broker, BrokerEvent, BrokerUp, Pause, Subscribed
from edge_agent.gate.settings.schema import HomeAssistantSettings, MqttSettings
from edge_agent.gate.uplink.inbox import ForeignReceipt
from edge_agent.gate.uplink.session import UplinkDeps
from edge_agent.gate.uplink.thread import UplinkThread

GATE = "main-gate"
TOPICS = Topics("attendance", GATE)
NOON = Stamp(boot="b", boottime_ms=0, wall_ms=0, state=ClockState.SYNCED, uncertainty_ms=1)

NO_HOME_ASSISTANT = HomeAssistantSettings()

Script = Generator[list[BrokerEvent], None, None]


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def stamp(self) -> Stamp:
        return NOON

    def monotonic(self) -> float:
        return self.now


class Ledger:
    """A ledger in a file; every connection to it is one more of the same store."""

    def __init__(self, folder: Path, entries: int) -> None:
        self.disowned: list[ForeignReceipt] = []
        self.may_leave = False
        self._path = folder / "gate.db"
        self.store = self.open()
        self.grow(entries - 1)  # The first one says that the ledger was opened.

    def open(self) -> SqliteStore:
        return SqliteStore.open(self._path, GATE, ZoneInfo("Asia/Ho_Chi_Minh"), NOON)

    def leave(self, receipt: ForeignReceipt) -> bool:
        """Whether a new ledger begins, as the daemon would say."""
        self.disowned.append(receipt)
        return self.may_leave

    def close(self) -> None:
        self.store.close()

    def grow(self, entries: int) -> None:
        with self.store.changing() as change:
            for _ in range(entries):
                change.append(GateAlive(recording=True, version="0"), NOON)

    def punch(self, worker: str) -> None:
        punch = PunchRecorded(
            worker=worker, direction=None, direction_source=None, evidence_hash="e5" * 32
        )
        with self.store.changing() as change:
            change.append(punch, NOON)

    def receipt(self, through: int, /, **other: Any) -> bytes:
        digest = self.store.hash_of(through) or bytes(32)
        whole = {"ledger": self.store.ledger, "through": through, "hash": digest.hex()}
        return json.dumps(whole | other).encode()

    @property
    def receipts(self) -> str:
        return TOPICS.receipts(self.store.ledger)


class Examiner:
    """Has found ``found`` as soon as it was asked."""

    def __init__(self) -> None:
        self.begun = 0
        self.found: Any = []

    def begin(self) -> None:
        self.begun += 1

    def findings(self) -> Any:
        return self.found


@dataclass
class Sent:
    """A publication that the gate has handed over."""

    token: int
    topic: str
    payload: bytes
    content_type: str | None
    retain: bool

    @property
    def json(self) -> Any:
        return json.loads(self.payload)


@dataclass
class ScriptedBroker:
    """Plays a generator of event batches: one each time the gate polls. Then the gate stops.

    Whatever is unanswered when the script ends is acknowledged, so that the gate can leave.
    """

    clock: HandClock
    stop: threading.Event
    script: Callable[["ScriptedBroker"], Script]
    sent: list[Sent] = field(default_factory=list)
    subscribed: list[str] = field(default_factory=list)
    opened: tuple[Any, ...] = ()
    closed: bool = False
    hung_up: bool = False
    silent: bool = False
    """Acknowledges nothing once the script is over."""
    up: bool = False
    pause: Pause | None = None

    def __post_init__(self) -> None:
        self._playing = self.script(self)
        self._fresh: deque[Sent] = deque()

    def open(self, *opened: Any) -> None:
        self.opened = opened

    def poll(self, seconds: float) -> list[BrokerEvent]:
        events = next(self._playing, None)
        if events is None:
            self.stop.set()
            self.clock.now += seconds
            fresh = [] if self.silent else self.take()
            events = [Acknowledged(sent.token, 0, None) for sent in fresh]
        for event in events:
            self.up = self.up or isinstance(event, BrokerUp)
        return events

    def subscribe(self, topics: Mapping[str, int]) -> None:
        assert self.up
        self.subscribed = list(topics)

    def publish(
        self, topic: str, payload: bytes, *, content_type: str | None = None, retain: bool = False
    ) -> int:
        if not self.up:
            raise BrokerFault("published while disconnected")
        sent = Sent(len(self.sent) + 1, topic, payload, content_type, retain)
        self.sent.append(sent)
        self._fresh.append(sent)
        return sent.token

    def wake(self) -> None:
        pass

    def hang_up(self) -> None:
        self.hung_up = True

    def close(self) -> None:
        self.closed = True

    def take(self, topic: str | None = None) -> list[Sent]:
        """What was sent since the last call (and on ``topic``)."""
        fresh, self._fresh = list(self._fresh), deque()
        return [sent for sent in fresh if topic in (None, sent.topic)]

    def acknowledge(self, sent: Sent, code: int = 0) -> list[BrokerEvent]:
        """The broker's answer for one publication."""
        return [Acknowledged(sent.token, code, Message("It says so.") if code else None)]

    def take_seqs(self) -> list[int]:
        return [sent.json["data"]["seq"] for sent in self.take(TOPICS.ledger)]

    def take_acknowledged(self) -> tuple[list[int], list[BrokerEvent]]:
        """The seqs sent since the last call, and the events that acknowledge them."""
        fresh = self.take(TOPICS.ledger)
        seqs = [sent.json["data"]["seq"] for sent in fresh]
        return seqs, [Acknowledged(sent.token, 0, None) for sent in fresh]

    def accept(
        self, receive_maximum: int = 20, retained: list[BrokerEvent] | None = None
    ) -> Script:
        """Let the gate in, and on until it may publish entries."""
        yield [BrokerUp("5", BrokerLimits(receive_maximum))]
        yield [Subscribed({}), *(retained or [])]
        (online,) = self.take()
        assert online.topic == TOPICS.status
        yield [Acknowledged(online.token, 0, None)]


def gate_status() -> GateStatus:
    return GateStatus(
        gate=GATE,
        state="online",
        version="0",
        started_at=None,
        sensor=SensorStatus(state="ready", prints=0, capacity=None),
        clock=ClockStatus(state=ClockState.SYNCED, uncertainty_ms=1),
        ledger=LedgerStatus(id="-", last_seq=0, confirmed_seq=0, complete_until=None, rejected=0),
        disk_free_bytes=None,
    )


def uplink(
    settings: MqttSettings,
    ledger: Ledger,
    broker: Broker,
    clock: Any,
    tell: Callable[[Event], None] = lambda event: None,
    status: Callable[[], GateStatus] | None = None,
    on_roster: Callable[[Heard], None] = lambda heard: None,
    examiner: Any = None,
    home_assistant: HomeAssistantSettings = NO_HOME_ASSISTANT,
    payroll_keys: Sequence[str] = (),
) -> UplinkThread:
    own = msgspec.structs.replace(gate_status().ledger, id=ledger.store.ledger)
    return UplinkThread(
        UplinkDeps(
            settings=settings,
            topics=TOPICS,
            broker=broker,
            open_store=ledger.open,
            status=status or (lambda: msgspec.structs.replace(gate_status(), ledger=own)),
            emit=tell,
            clock=clock,
            leave=ledger.leave,
            on_roster=on_roster,
            examiner=examiner or Examiner(),
            home_assistant=home_assistant,
            payroll_keys=payroll_keys,
        )
    )


@dataclass
class Told:
    """What a scripted run left behind."""

    broker: ScriptedBroker
    events: list[Event]


def play(
    ledger: Ledger,
    script: Callable[[ScriptedBroker], Script],
    home_assistant: HomeAssistantSettings = NO_HOME_ASSISTANT,
    **settings: Any,
) -> Told:
    """Run the flow on this thread until ``script`` ends. The clock is ``broker.clock``."""
    clock, stop = HandClock(), threading.Event()
    broker = ScriptedBroker(clock, stop, script)
    events: list[Event] = []
    flow = uplink(
        MqttSettings(**settings),
        ledger,
        broker,
        clock,
        events.append,
        home_assistant=home_assistant,
    )
    flow.run(stop, lambda: None)
    return Told(broker, events)
