"""What a gate that is taken out of service still has to say to the broker.

Its last entries go out by the uplink, as ever, until payroll has confirmed them. Then the broker
forgets what it keeps of the gate: empty retained messages in the places of its own. What payroll
keeps there, receipts, payroll takes away when it sees the empty status.
"""

import threading
from collections.abc import Callable
from contextlib import closing
from time import monotonic

from ...contract.errors import BrokerFault
from ...contract.language import Message
from ...contract.messages import GateStatus, ReportLine, Topics
from ..events import Confirmed, Event
from ..ledger.store.metadata import AT_BROKER
from ..ports import Acknowledged, BrokerDown, BrokerUp, Emit
from ..uplink.home_assistant import KEY
from ..uplink.mqtt.look import connecting, events
from ..uplink.outbox import REFUSED
from .assembly import Assembly
from .status import at_rest

_STOPS_WITHIN_S = 3.0
_FORGETS_WITHIN_S = 15.0


def publish_all(assembly: Assembly, within_s: float, beat: Callable[[], None]) -> int:
    """Publish until payroll has confirmed everything, or time is up; how many entries still wait.

    ``beat`` is called again and again. To be called under the gate's lock.
    """
    with closing(assembly.store()) as store:
        last, confirmed = store.tail().seq, store.watermarks().confirmed
    if confirmed < last:
        done = threading.Event()

        def heard(event: Event) -> None:
            if isinstance(event, Confirmed) and event.through >= last:
                done.set()

        _publish(assembly, heard, done, within_s, beat)
        with closing(assembly.store()) as store:
            confirmed = store.watermarks().confirmed
    return last - confirmed


def _publish(
    assembly: Assembly,
    heard: Emit,
    done: threading.Event,
    within_s: float,
    beat: Callable[[], None],
) -> None:
    def status() -> GateStatus:
        with closing(assembly.store()) as store:
            return at_rest(assembly, store)[0]

    uplink = assembly.uplink(
        status,
        heard,
        leave=lambda receipt: False,
        on_damage=lambda fault: None,
        on_roster=lambda roster: None,
        on_erased=lambda erased: None,
        examiner=_NoExaminer(),
    )
    stop, give_up = threading.Event(), monotonic() + within_s
    thread = threading.Thread(target=uplink.run, args=(stop, beat), name="uplink", daemon=True)
    thread.start()
    while not done.wait(0.2) and thread.is_alive() and monotonic() < give_up:
        beat()
    stop.set()
    uplink.notify()
    thread.join(_STOPS_WITHIN_S)


def forget_at_broker(assembly: Assembly) -> None:
    """Have the broker forget what it keeps of this gate. Raises BrokerFault where it does not."""
    mqtt, gate = assembly.settings.mqtt, assembly.settings.gate.id
    with closing(assembly.store()) as store:
        told = store.remembered(KEY)
    topics = [Topics(mqtt.root, gate).status, *([told] if told else [])]
    with connecting(mqtt, gate, f"edge-agent-{gate}") as broker:
        waiting: dict[int, str] = {}
        for event in events(broker, _FORGETS_WITHIN_S):
            if isinstance(event, BrokerUp):
                waiting = {broker.publish(topic, b"", retain=True): topic for topic in topics}
            elif isinstance(event, BrokerDown):
                raise BrokerFault("retire.broker-away", why=event.reason)
            elif isinstance(event, Acknowledged) and event.token in waiting:
                topic = waiting.pop(event.token)
                if event.code >= REFUSED:
                    why = Message("broker.not-forgotten-there", topic=topic)
                    raise BrokerFault("retire.broker-away", why=why)
                if not waiting:
                    with closing(assembly.store()) as store:
                        store.remember(AT_BROKER, "")
                    return
    raise BrokerFault("retire.broker-away", why=Message("retire.no-answer"))


class _NoExaminer:
    """Nobody asks a gate that goes how it is."""

    def begin(self) -> None:
        """Do nothing."""

    def findings(self) -> list[ReportLine] | str | None:
        """Never any."""
        return None
