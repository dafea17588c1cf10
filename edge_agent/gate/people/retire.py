"""Take a gate out of service: its sensor emptied, and with that proved the ledger's last entry.

Cut off anywhere it is asked for again: what is erased is erased, and there is one last entry. Only
in a process of its own, for a daemon would go on writing.
"""

from functools import partial

from ...contract.errors import BadRequest, EdgeAgentError
from ...contract.facts import GateRetired
from ..host.service import stopping
from ..ledger.store.metadata import AT_BROKER
from ..sensor.pairing import persistently
from .context import RequestContext, Result
from .requests import RetireGate


def retire_gate(context: RequestContext, request: RetireGate) -> Result:
    """``last``: the number of the last entry; ``erased``: how many templates were; None: none was
    asked for, or all of it was done before."""
    gate = context.gate
    if context.receipts is not None and context.receipts.count is not None:
        raise BadRequest("retire.stop-first", stop=stopping(for_good=True))
    if request.gate != gate.store.gate:
        raise BadRequest("retire.other-name", asked=request.gate, gate=gate.store.gate)
    erased = slots = None
    if not gate.store.retired:
        if request.sensor:
            slots = context.sensor_in_use().capacity
            erased = _empty(context)
        gate.store.remember(AT_BROKER, "yes")
        gate.record(GateRetired(erased=erased, slots=slots, actor=context.actor))
    return {
        "gate": gate.store.gate,
        "ledger": gate.store.ledger,
        "last": gate.store.tail().seq,
        "confirmed": gate.store.watermarks().confirmed,
        "erased": erased,
        "slots": slots,
    }


def _empty(context: RequestContext) -> int:
    """Erase all templates, those of nobody too; believed once the index was read back empty.

    Raises SensorFault, or EdgeAgentError where the index still shows one.
    """
    gate, pairing, sensor = context.gate, context.pairing, context.sensor
    erased = 0
    for print_ in gate.known.prints:
        gate.record_removal(print_, context.actor)
    for slot in sorted(persistently(pairing, sensor.slots)):
        context.prompt.go_on()
        gate.announce(slot)
        persistently(pairing, partial(pairing.undo, [slot]))
        erased += 1
    gate.settle(list(gate.store.announced()))
    if left := persistently(pairing, sensor.slots):
        raise EdgeAgentError("retire.not-empty", count=len(left))
    return erased
