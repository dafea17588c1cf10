"""Carry out payroll's commands: each once, however often it arrives, and answered."""

import hashlib
import logging
from collections import OrderedDict
from math import inf

import msgspec
from msgspec import Struct

from ...contract.messages import Reply, Report, Topics
from ..ports import Clock, Examiner, Store
from .deliveries import Deliveries
from .outbox import Outbox
from .payroll_says import read_command, refusal

log = logging.getLogger(__name__)

_COMPLAIN_EVERY_S = 60.0

_REMEMBERED_S = 600.0
_MOST_REMEMBERED = 64
"""QoS 1 repeats at once, people within minutes: a command that comes later is meant anew."""


class _Answered(Struct):
    """A command that was heard, and its answer; None while that is still being made."""

    at: float
    reply: Reply | None


class CommandHandler:
    """Lives on the uplink's thread. ``examiner`` works elsewhere and is asked for its findings."""

    def __init__(
        self,
        topics: Topics,
        store: Store,
        outbox: Outbox,
        deliveries: Deliveries,
        clock: Clock,
        examiner: Examiner,
    ) -> None:
        self._topics = topics
        self._store = store
        self._outbox = outbox
        self._deliveries = deliveries
        self._clock = clock
        self._examiner = examiner
        self._answered: OrderedDict[bytes, _Answered] = OrderedDict()
        self._examined_for: tuple[bytes, str] | None = None
        self._complain_due = -inf
        self.refused = 0
        """How many commands were not carried out because of what they are."""

    def hear(self, now: float, payload: bytes) -> None:
        """Take in a command, whatever it is."""
        key = hashlib.sha256(payload).digest()
        self._forget(now)
        if (known := self._answered.get(key)) is not None:
            if known.reply is not None:
                self._say(known.reply)
            return
        store = self._store
        command = read_command(
            payload, store.ledger, store.tail().seq, self._clock.stamp(), store.checkpoint().seq
        )
        if command is None:
            self._refused(now, "not even its id can be read")
        elif isinstance(command, Report):
            self._examine(now, key, command.id)
        elif isinstance(command, Reply):
            self._refused(now, command.error)
            self._answer(now, key, command)
        elif self._outbox.resend(command.from_, command.to):
            log.info("payroll asks for entries %d to %d again", command.from_, command.to)
            self._answer(now, key, Reply(id=command.id, command="resend", ok=True))
        else:
            self._say(refusal(command.id, "resend", "busy"))

    def look(self, now: float) -> None:
        """Send the report that was asked for, once it is there."""
        if self._examined_for is None or (found := self._examiner.findings()) is None:
            return
        key, id_ = self._examined_for
        self._examined_for = None
        if isinstance(found, str):
            log.warning("payroll's report could not be made: %s", found)
            self._answer(now, key, refusal(id_, "report", "failed"))
        else:
            self._answer(now, key, Reply(id=id_, command="report", ok=True, report=found))

    def _examine(self, now: float, key: bytes, id_: str) -> None:
        if self._examined_for is not None:
            self._say(refusal(id_, "report", "busy"))
            return
        log.info("payroll asks for a report")
        self._answered[key] = _Answered(now, None)
        self._examined_for = key, id_
        self._examiner.begin()

    def _answer(self, now: float, key: bytes, reply: Reply) -> None:
        self._answered[key] = _Answered(now, reply)
        self._say(reply)

    def _refused(self, now: float, why: str | None) -> None:
        self.refused += 1
        if now >= self._complain_due:
            self._complain_due = now + _COMPLAIN_EVERY_S
            log.warning("command refused: %s (%d so far)", why, self.refused)

    def _say(self, reply: Reply) -> None:
        self._deliveries.note(self._topics.replies, msgspec.json.encode(reply))

    def _forget(self, now: float) -> None:
        while self._answered:
            oldest = next(iter(self._answered.values()))
            if len(self._answered) < _MOST_REMEMBERED and now < oldest.at + _REMEMBERED_S:
                return
            self._answered.popitem(last=False)
