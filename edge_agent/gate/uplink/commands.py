"""Carry out payroll's commands: each once, however often it arrives, and answered."""

import hashlib
import logging
import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from ...contract.messages import Erased, Reply, Report, Resend, Topics
from ...contract.signatures import Believed, NotSigned
from ...contract.stamps import Stamp, parse_time
from ...contract.told import Sparing
from ..ledger.store.sqlite_store import SqliteStore
from ..ports import Clock, Examiner
from .deliveries import Deliveries
from .outbox import Outbox

log = logging.getLogger(__name__)

LARGEST_MESSAGE = 64 * 1024
NOT_READABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for a payload that anybody may have sent."""

_COMMANDS = {str(command.__struct_config__.tag) for command in (Resend, Report, Erased)}

_REMEMBERED_S = 600.0
_MOST_REMEMBERED = 64
"""QoS 1 repeats at once, people within minutes: a command that comes later is meant anew."""


class CommandHandler:
    """Lives on the uplink's thread. ``examiner`` works elsewhere and is asked for its findings."""

    def __init__(
        self,
        topics: Topics,
        store: SqliteStore,
        outbox: Outbox,
        deliveries: Deliveries,
        clock: Clock,
        examiner: Examiner,
        believed: Believed,
        on_erased: Callable[[Erased], None] = lambda told: None,
    ) -> None:
        """``on_erased`` takes what payroll knows of erasures, and never blocks."""
        self._topics = topics
        self._believed = believed
        self._on_erased = on_erased
        self._store = store
        self._outbox = outbox
        self._deliveries = deliveries
        self._clock = clock
        self._examiner = examiner
        self._answered: OrderedDict[bytes, _Answered] = OrderedDict()
        self._examined_for: tuple[bytes, str] | None = None
        self._complaints: Sparing[str] = Sparing()
        self.refused = 0
        """How many commands were not carried out because of what they are."""

    def handle(self, now: float, payload: bytes) -> None:
        """Take in a command, whatever it is."""
        try:
            payload = self._believed.opened(self._topics.commands, payload, LARGEST_MESSAGE)
        except NotSigned as error:
            self._not_signed(now, payload, str(error))
            return
        # What was signed counts, however it was written down: a command that is sent again is known
        # by it.
        key = hashlib.sha256(payload).digest()
        self._forget(now)
        if (known := self._answered.get(key)) is not None:
            if known.reply is not None:
                self._send(known.reply)
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
        elif isinstance(command, Erased):
            self._on_erased(command)
            self._answer(now, key, Reply(id=command.id, command="erased", ok=True))
        elif self._outbox.resend(command.from_, command.to):
            log.info("payroll asks for entries %d to %d again", command.from_, command.to)
            self._answer(now, key, Reply(id=command.id, command="resend", ok=True))
        else:
            self._send(refusal(command.id, "resend", "busy"))

    def send_findings(self, now: float) -> None:
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
            self._send(refusal(id_, "report", "busy"))
            return
        log.info("payroll asks for a report")
        self._answered[key] = _Answered(now, None)
        self._examined_for = key, id_
        self._examiner.begin()

    def _answer(self, now: float, key: bytes, reply: Reply) -> None:
        self._answered[key] = _Answered(now, reply)
        self._send(reply)

    def _not_signed(self, now: float, payload: bytes, why: str) -> None:
        """Answered all the same: a payroll that forgot to sign must find out."""
        self._refused(now, why)
        asked = read_asked(payload)
        if asked is not None:
            self._send(refusal(asked.id, asked.command, "not-signed"))

    def _refused(self, now: float, why: str | None) -> None:
        self.refused += 1
        if self._complaints.count("command", now) is not None:
            log.warning("command refused: %s (%d so far)", why, self.refused)

    def _send(self, reply: Reply) -> None:
        self._deliveries.note(self._topics.replies, msgspec.json.encode(reply))

    def _forget(self, now: float) -> None:
        while self._answered:
            oldest = next(iter(self._answered.values()))
            if len(self._answered) < _MOST_REMEMBERED and now < oldest.at + _REMEMBERED_S:
                return
            self._answered.popitem(last=False)


class _Answered(Struct):
    """A command that arrived, and its answer; None while that is still being made."""

    at: float
    reply: Reply | None


def read_command(
    payload: bytes, ledger: str, last_seq: int, now: Stamp, pruned: int = 0
) -> Resend | Report | Erased | Reply | None:
    """Return a command to carry out, or the reply why not; None where not even an id is there."""
    asked = read_asked(payload)
    if asked is None:
        return None
    try:
        command = msgspec.json.decode(payload, type=Resend | Report | Erased)
        expired = command.expires is not None and _past(command.expires, now)
    except (*NOT_READABLE, ValueError):
        known = asked.command in _COMMANDS
        return refusal(asked.id, asked.command, "malformed" if known else "unknown-command")
    if expired:
        return refusal(asked.id, asked.command, "expired")
    if isinstance(command, Report):
        return command
    if command.ledger != ledger:
        return refusal(asked.id, asked.command, "wrong-ledger")
    if isinstance(command, Erased):
        return command
    if not 1 <= command.from_ <= command.to <= last_seq:
        return refusal(asked.id, asked.command, "out-of-range")
    if command.from_ <= pruned:
        return refusal(asked.id, asked.command, "pruned")
    return command


def read_asked(payload: bytes) -> "_Command | None":
    """As much of a command as an error reply needs, where there is that much."""
    if len(payload) > LARGEST_MESSAGE:
        return None
    try:
        return msgspec.json.decode(payload, type=_Command)
    except NOT_READABLE:
        return None


def _past(expires: str, now: Stamp) -> bool:
    """Whether this time is certainly over; a clock that is not trusted says nothing."""
    moment = parse_time(expires)
    return now.trusted and now.wall_ms - (now.uncertainty_ms or 0) > moment


def refusal(id_: str, command: str, error: str) -> Reply:
    """The reply to a command that is not carried out.

    Its name comes back where it can be one; whatever else stood there was put there by mistake.
    """
    named = command if _NAME.fullmatch(command) else ""
    return Reply(id=id_, command=named, ok=False, error=error)


_NAME = re.compile(r"[a-z][a-z-]{0,31}")


class _Command(Struct, frozen=True):
    """As much of a command as an error reply needs."""

    id: Annotated[str, Meta(max_length=128)]
    command: Annotated[str, Meta(max_length=128)] = ""
