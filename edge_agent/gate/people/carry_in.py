"""A receipt that somebody has carried here from payroll."""

from ...contract.errors import BadRequest
from ..ledger.store.metadata import Watermarks
from .context import RequestContext, Result
from .requests import TakeReceipt


def take_receipt(context: RequestContext, request: TakeReceipt) -> Result:
    """Have it count: how far payroll has ``confirmed`` the ledger, how much of that is ``new``,
    how many entries it has ``rejected``, and how many still wait."""
    if context.receipts is None:
        raise BadRequest("carry.no-uplink")
    store, payload = context.gate.store, request.receipt.encode()
    receipt = context.receipts.judged(store, payload)
    marks = store.watermarks()
    if context.receipts.count is not None:
        context.receipts.count(payload)
    elif receipt.through > marks.confirmed:
        published = max(marks.published, receipt.through)
        store.move_watermarks(Watermarks(published, receipt.through, receipt.rejected_count))
    confirmed = max(receipt.through, marks.confirmed)
    return {
        "ledger": store.ledger,
        "confirmed": confirmed,
        "new": confirmed - marks.confirmed,
        "waiting": store.tail().seq - confirmed,
        "rejected": receipt.rejected_count,
    }
