"""One look at the broker, by a command that is not the daemon: whether it takes this gate now."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import monotonic

from ...ports import BrokerDown, BrokerEvent, BrokerUp, MqttVersion
from ...settings.schema import MqttSettings
from .broker import PahoBroker

_VERSIONS: dict[str, tuple[MqttVersion, ...]] = {
    "auto": ("5", "3.1.1"),
    "5": ("5",),
    "3.1.1": ("3.1.1",),
}


@contextmanager
def connecting(settings: MqttSettings, gate: str, client_id: str) -> Iterator[PahoBroker]:
    """A connection that leaves nothing behind, whichever way it ends.

    It must have a will: an empty retained message on a topic where nothing ever stands.
    """
    broker = PahoBroker(settings, client_id)
    with closing(broker):
        broker.open(_VERSIONS[settings.protocol], f"{settings.root}/{gate}/doctor", b"")
        yield broker


def events(broker: PahoBroker, within_s: float) -> Iterator[BrokerEvent]:
    """What it says, until time is up."""
    give_up = monotonic() + within_s
    while (left := give_up - monotonic()) > 0:
        yield from broker.poll(left)


def first_answer(
    settings: MqttSettings, gate: str, within_s: float
) -> BrokerUp | BrokerDown | None:
    """What the broker says to this gate; None: nothing within the time."""
    with connecting(settings, gate, f"edge-agent-{gate}-doctor") as broker:
        answers = (
            one for one in events(broker, within_s) if isinstance(one, BrokerUp | BrokerDown)
        )
        return next(answers, None)
