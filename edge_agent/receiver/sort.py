"""What arrived, by what is to be done with it; what is damaged is refused and told. Pure but for
the log.
"""

import logging
from collections.abc import Iterable

import msgspec
from msgspec import Struct
from paho.mqtt.client import MQTTMessage

from ..contract.messages import Reply
from .accept import Arrival, LedgerId, read

_log = logging.getLogger(__name__)


class Told(Struct, frozen=True):
    """A gate says that its ledger goes as far as ``last``."""

    gate: str
    ledger: str
    last: int


class Sorted(Struct):
    """A batch of messages. ``rosters`` are payroll's own, as they came; ``damaged`` counts."""

    arrivals: list[Arrival] = []
    told: list[Told] = []
    rosters: list[bytes] = []
    damaged: int = 0


class _LedgerStatus(Struct):
    id: LedgerId
    last_seq: int
    confirmed_seq: int


class _Status(Struct):
    """What matters here of a gate's status; a last will tells nothing of its ledger."""

    ledger: _LedgerStatus | None = None


def sort(messages: Iterable[MQTTMessage], roster_topic: str) -> Sorted:
    """Read every message by the channel that it came on."""
    found = Sorted()
    for message in messages:
        topic = message.topic  # paho decodes it anew each time.
        if topic == roster_topic:  # First: it has no gate in it.
            found.rosters.append(bytes(message.payload))
            continue
        _, gate, channel = topic.rsplit("/", 2)
        try:
            if channel == "ledger":
                found.arrivals.append(read(gate, bytes(message.payload)))
            elif channel == "replies":
                _hear(gate, msgspec.json.decode(message.payload, type=Reply))
            elif message.payload:  # An empty status is that of a gate out of service.
                found.told += _told(gate, message)
        except (ValueError, RecursionError) as error:
            found.damaged += 1
            reason = ascii(str(error)[:200])  # It may quote what was sent.
            _log.error("damaged gate=%r channel=%s reason=%s", gate, channel, reason)
    return found


def _told(gate: str, message: MQTTMessage) -> list[Told]:
    ledger = msgspec.json.decode(message.payload, type=_Status).ledger
    if ledger is None:
        return []
    # A retained status tells what the gate had sent before we came; one that comes later, what we
    # confirmed once: where we don't hold that, it was lost here and our backup restored.
    return [Told(gate, ledger.id, ledger.last_seq if message.retain else ledger.confirmed_seq)]


def _hear(gate: str, reply: Reply) -> None:
    if not reply.ok:
        _log.warning("gate-refused gate=%s command=%s %a", gate, reply.command, reply.error)
