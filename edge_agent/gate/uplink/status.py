"""What is published and logged of how the gate and its uplink are, and how often."""

import logging
import threading
from collections.abc import Callable, Collection
from math import inf
from typing import Literal

import msgspec
from msgspec import structs

from ...contract.broker.limits import TOO_LARGE
from ...contract.language import Message, together
from ...contract.messages import GateStatus
from ..events import UplinkChanged, as_detail
from ..ports import Acknowledged, Emit, MqttVersion
from .outbox import NOBODY_SUBSCRIBED, REFUSED

NUMBERS_EVERY_S = 3600.0
"""When only numbers moved: 0.6 MB a month on the line; every quarter of an hour was 2.4."""

_CHANGES_EVERY_S = 10.0
"""A sensor whose plug is loose must not use up the line."""

FILE = "ledger file"
WAY = "way"
DUPLICATE = "duplicate"
HANG_UPS = "hang-ups"
LARGE = "large entries"
"""What is in trouble when it is no topic."""

_TOLD = 3

log = logging.getLogger(__name__)


class StatusPublisher:
    """Turns ``status`` into the retained message, when that is worth its bytes.

    ``changed`` is for any thread, the rest for one. Moments are passed in.
    """

    def __init__(self, status: Callable[[], GateStatus]) -> None:
        self._status = status
        self._changed = threading.Event()
        self._published: GateStatus | None = None
        self._published_at = -inf

    def changed(self) -> None:
        """Something changed that payroll should see soon."""
        self._changed.set()

    def now(self, now: float) -> bytes:
        """The message of a gate that has just connected."""
        self._changed.clear()
        self._published = self._status()
        self._published_at = now
        return msgspec.json.encode(self._published)

    def due(self, now: float) -> bytes | None:
        """The message, where there is something new and it is time to say it."""
        pause = _CHANGES_EVERY_S if self._changed.is_set() else NUMBERS_EVERY_S
        if now < self._published_at + pause:
            return None
        before = self._published
        message = self.now(now)
        return message if self._published != before else None

    def offline(self) -> bytes:
        """The message of a gate that is leaving."""
        return msgspec.json.encode(structs.replace(self._status(), state="offline"))


class UplinkReporter:
    """Logs and emits how the connection is, once per change and not once per attempt."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._troubles: dict[str, Message] = {}
        self._left_out: dict[str, tuple[Message, Message | None]] = {}
        self._reported: tuple[str, Message | None] | None = None

    def trouble(self, topic: str, sentences: Message) -> None:
        """Something does not work on ``topic``, although there is a connection."""
        self._troubles[topic] = sentences

    def too_large(self, topic: str, what: Message, why: Message | None) -> None:
        """The broker does not take ``what`` for its length, and nothing else waits for it."""
        self._left_out[topic] = what, why

    def answered(self, topic: str, event: Acknowledged, what: Message, refused: Message) -> None:
        """The broker answers for ``what`` was published there; ``refused`` says that it did not
        take it, for another cause than its length."""
        if event.code == TOO_LARGE:
            self.too_large(topic, what, event.why)
        elif event.code >= REFUSED:
            self.trouble(topic, refused)
        else:
            self.well(topic)

    def well(self, topic: str) -> None:
        """It does work."""
        self._troubles.pop(topic, None)
        self._left_out.pop(topic, None)

    def found(self, topic: str, trouble: Message | None) -> None:
        """What was looked for there: trouble, or none."""
        if trouble:
            self.trouble(topic, trouble)
        else:
            self.well(topic)

    def connected(self, version: MqttVersion) -> None:
        """There is a connection."""
        troubles = list(self._troubles.values())
        if self._left_out:
            what = [what for what, _ in self._left_out.values()]
            _, why = next(iter(self._left_out.values()))
            troubles.append(Message("broker.does-not-take", what=what, why=why))
        detail = together(*troubles)
        was_down = self._reported is None or self._reported[0] != "connected"
        if self._changed("connected", detail) and (was_down or not detail):
            log.info("the uplink works, with MQTT %s", version)

    def disconnected(self, reason: Message) -> None:
        """There is none."""
        self._troubles.clear()
        self._left_out.clear()
        self._changed("disconnected", reason)

    def _changed(self, state: Literal["connected", "disconnected"], detail: Message | None) -> bool:
        if (state, detail) == self._reported:
            return False
        self._reported = (state, detail)
        if detail:
            log.warning("%s", detail)
        self._emit(UplinkChanged(state=state, **as_detail(detail)))
        return True


def exposed(host: str) -> Message:
    """Whoever is on the way can do as they like."""
    return Message("broker.exposed", host=host)


def not_readable(topic: str, why: Message) -> Message:
    """The broker refuses a subscription."""
    return Message("broker.not-readable", topic=topic, why=why)


def entries(seqs: Collection[int]) -> Message:
    """Some that are left out, in words."""
    first = sorted(seqs)[:_TOLD]
    if len(seqs) > _TOLD:
        return Message("broker.more-left-out", seqs=first, more=len(seqs) - _TOLD)
    return Message(
        "broker.entry-left-out" if len(seqs) == 1 else "broker.entries-left-out", seqs=first
    )


def not_taken(event: Acknowledged) -> Message:
    """The broker turns an entry down."""
    if event.code == NOBODY_SUBSCRIBED:
        return Message("broker.no-subscriber")
    return Message("broker.entries-not-taken", why=event.why)
