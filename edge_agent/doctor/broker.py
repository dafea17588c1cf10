"""Whether the broker can be reached and lets this gate in. Nothing is published."""

from time import monotonic

from ..ports import BrokerDown, BrokerUp, MqttVersion
from ..uplink import PahoBroker
from .findings import State, Verdict, passed_on
from .sentences import daemon as say
from .visit import Visit

_PATIENCE_S = 4.5

_VERSIONS: dict[str, tuple[MqttVersion, ...]] = {
    "auto": ("5", "3.1.1"),
    "5": ("5",),
    "3.1.1": ("3.1.1",),
}


def broker(visit: Visit) -> Verdict:
    """Connect once, under a client id that takes nothing away from the daemon."""
    mqtt, gate = visit.settings.mqtt, visit.settings.gate.id
    access = mqtt.access
    where = {"host": mqtt.host, "port": access.tcp_port}
    broker = PahoBroker(mqtt, f"edge-agent-{gate}-doctor")
    # A connection must have a will. An empty retained message on a topic of its own leaves nothing
    # behind, should this process be killed before it has said goodbye.
    broker.open(_VERSIONS[mqtt.protocol], f"{mqtt.root}/{gate}/doctor", b"")
    try:
        give_up = monotonic() + _PATIENCE_S
        while (left := give_up - monotonic()) > 0:
            for event in broker.poll(left):
                if isinstance(event, BrokerUp):
                    if access.exposed:
                        return say.BROKER_IN_THE_CLEAR(**where, version=event.version)
                    old = event.version != "5"
                    sentence = say.BROKER_IS_OLD if old else say.BROKER_ANSWERS
                    way = "by TLS" if access.encrypted else "on this machine"
                    return sentence(**where, way=way, version=event.version)
                if isinstance(event, BrokerDown):
                    return passed_on(State.FAIL, event.reason)
        return say.BROKER_SLOW(**where, seconds=_PATIENCE_S)
    finally:
        broker.close()
