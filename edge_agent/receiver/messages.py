"""What came from the gates, each message read by the channel that it came on."""

import logging
import re
from collections.abc import Iterable

import msgspec
from msgspec import Struct
from paho.mqtt.client import MQTTMessage

from ..contract.bounds import Count, LedgerId, Word
from ..contract.messages import Reply
from .accept import Arrival, read

_LONGEST_NAME = 64
_GATE = re.compile(rf"[^\0-\x1f\x7f/+#]{{1,{_LONGEST_NAME}}}")
"""Of gates: ours are stricter. It becomes part of rows, topics and log lines."""

_log = logging.getLogger(__name__)


class Claim(Struct, frozen=True):
    """A gate says that its ledger goes as far as ``last``."""

    gate: str
    ledger: str
    last: int


class Batch(Struct):
    """A batch of messages. ``rosters`` are payroll's own, as they came; ``damaged`` counts.

    ``present``: gate → whether it is there, or null where only the broker says so.
    """

    arrivals: list[Arrival] = []
    claims: list[Claim] = []
    present: dict[str, bool | None] = {}
    rosters: list[bytes] = []
    damaged: int = 0


def read_messages(messages: Iterable[MQTTMessage], roster_topic: str) -> Batch:
    """Read every message by the channel that it came on; refuse and log what is malformed."""
    found = Batch()
    for message in messages:
        gate = channel = "?"
        try:
            topic = message.topic  # paho decodes it anew each time.
            if topic == roster_topic:  # First: it has no gate in it.
                found.rosters.append(bytes(message.payload))
                continue
            _, gate, channel = topic.rsplit("/", 2)
            if not _GATE.fullmatch(gate):
                raise ValueError("this is no gate's name")
            if channel == "ledger":
                found.arrivals.append(read(gate, bytes(message.payload)))
                found.present[gate] = True
            elif channel == "replies":
                _log_refusal(gate, msgspec.json.decode(message.payload, type=Reply))
            elif message.payload:
                status = msgspec.json.decode(message.payload, type=_Status)
                found.claims += _claims(gate, status.ledger, message.retain)
                there = None if message.retain else True
                found.present[gate] = False if status.state == "offline" else there
            else:  # A gate taken out of service.
                found.present[gate] = False
        except (ValueError, RecursionError) as error:
            found.damaged += 1
            reason = ascii(str(error)[:200])  # It may quote what was sent.
            told = ascii(gate[:_LONGEST_NAME]), ascii(channel[:_LONGEST_NAME])[1:-1]
            _log.error("damaged gate=%s channel=%s reason=%s", *told, reason)
    return found


def _claims(gate: str, ledger: "_LedgerStatus | None", retained: bool) -> list[Claim]:
    if ledger is None:
        return []
    # A retained status tells what the gate had sent before we came; one that comes later, what we
    # confirmed once: where we don't hold that, it was lost here and our backup restored.
    return [Claim(gate, ledger.id, ledger.last_seq if retained else ledger.confirmed_seq)]


def _log_refusal(gate: str, reply: Reply) -> None:
    if not reply.ok:
        _log.warning("gate-refused gate=%s command=%s %a", gate, reply.command, reply.error)


class _LedgerStatus(Struct):
    id: LedgerId
    last_seq: Count
    confirmed_seq: Count


class _Status(Struct):
    """What matters here of a gate's status; a last will tells nothing of its ledger."""

    ledger: _LedgerStatus | None = None
    state: Word | None = None
