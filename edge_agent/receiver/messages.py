"""What came from the gates, each message read by the channel that it came on."""

import re
from collections.abc import Iterable

import msgspec
from msgspec import Struct
from paho.mqtt.client import MQTTMessage

from ..contract.bounds import Count, LedgerId, Word
from ..contract.language import Message
from ..contract.messages import Reply
from ..contract.told import RuleBroken, rule
from .accept import Arrival, read

_LONGEST_NAME = 64
_GATE = re.compile(rf"[^\0-\x1f\x7f/+#]{{1,{_LONGEST_NAME}}}")
"""Of gates: ours are stricter. It becomes part of rows, topics and log lines."""


class Claim(Struct, frozen=True):
    """A gate says that its ledger goes as far as ``last``."""

    gate: str
    ledger: str
    last: int


class Damaged(Struct, frozen=True):
    """A message that cannot be read, and by which rule; its gate is whatever stood in the topic."""

    gate: str
    channel: str
    why: str


class Refusal(Struct, frozen=True):
    """A gate does not do what payroll has asked."""

    gate: str
    command: str
    error: str


class Batch(Struct):
    """A batch of messages. ``rosters`` are payroll's own, as they came.

    ``present``: gate → whether it is there, or null where only the broker says so; ``gone``: those
    that have taken their status back.
    """

    arrivals: list[Arrival] = []
    claims: list[Claim] = []
    present: dict[str, bool | None] = {}
    gone: set[str] = set()
    rosters: list[bytes] = []
    damaged: list[Damaged] = []
    refusals: list[Refusal] = []


def is_gate(name: str) -> bool:
    """Whether a gate may be called so."""
    return _GATE.fullmatch(name) is not None


def read_messages(messages: Iterable[MQTTMessage], roster_topic: str) -> Batch:
    """Read every message by the channel that it came on; refuse what is malformed."""
    found = Batch()
    for message in messages:
        gate = channel = "?"
        try:
            topic = message.topic  # paho decodes it anew each time.
            if topic == roster_topic:  # First: it has no gate in it.
                found.rosters.append(bytes(message.payload))
                continue
            _, gate, channel = topic.rsplit("/", 2)
            if not is_gate(gate):
                raise RuleBroken(Message("rule.no-gate"))
            if channel == "ledger":
                found.arrivals.append(read(gate, bytes(message.payload)))
                found.present[gate] = True
            elif channel == "replies":
                reply = msgspec.json.decode(message.payload, type=Reply)
                if not reply.ok:
                    command, error = _word(reply.command), _word(reply.error or "")
                    found.refusals.append(Refusal(gate, command, error))
            elif message.payload:
                status = msgspec.json.decode(message.payload, type=_Status)
                found.claims += _claims(gate, status.ledger, message.retain)
                there = None if message.retain else True
                found.present[gate] = False if status.state == "offline" else there
            else:  # A gate taken out of service.
                found.present[gate] = False
                found.gone.add(gate)
        except Exception as error:  # Whatever it is: one message must not end the receiver.
            channel = channel if channel in _CHANNELS else "?"
            found.damaged.append(Damaged(gate, channel, rule(error)))
    return found


def _claims(gate: str, ledger: "_LedgerStatus | None", retained: bool) -> list[Claim]:
    if ledger is None:
        return []
    # A retained status tells what the gate had sent before we came; one that comes later, what we
    # confirmed once: where we don't hold that, it was lost here and our backup restored.
    return [Claim(gate, ledger.id, ledger.last_seq if retained else ledger.confirmed_seq)]


_CHANNELS = ("ledger", "status", "replies")


def _word(text: str) -> str:
    """One of the contract's, as far as it looks like one."""
    return text if re.fullmatch(r"[a-z-]{1,32}", text) else "?"


class _LedgerStatus(Struct):
    id: LedgerId
    last_seq: Count
    confirmed_seq: Count


class _Status(Struct):
    """What matters here of a gate's status; a last will tells nothing of its ledger."""

    ledger: _LedgerStatus | None = None
    state: Word | None = None
