"""A worker's consent to the use of their fingers: written down by code, never without a text."""

from datetime import date

from msgspec import to_builtins

from ...contract.errors import BadRequest
from ...contract.people import checked_code
from ...contract.people_facts import ConsentGiven
from ...contract.stamps import local_date
from ...contract.typed_times import in_full
from ..consents import Consent
from .consent_text import consent_text
from .context import RequestContext, Result
from .refusals import brought_back, refuse_stopped
from .requests import RecordConsent


def record_consent(context: RequestContext, request: RecordConsent) -> Result:
    """Write down that a worker has signed. Raises BadRequest where it is no consent yet.

    A newer one takes the place of the one before.
    """
    code = context.worker(request.code).code
    refuse_stopped(context.gate.store, code)
    text = consent_text(request.text)
    if not request.paper and request.witness is None:
        raise BadRequest("consent.taken-by-whom")
    witness = None if request.witness is None else checked_code(request.witness)
    if witness == code:
        raise BadRequest("consent.own-witness", code=code)
    consent = Consent(
        worker=code,
        text=text.name,
        text_hash=bytes.fromhex(text.hash),
        signed=not_to_come(context, request.signed),
    )
    fact = ConsentGiven(
        worker=code,
        text=text.name,
        text_hash=text.hash,
        language=text.language,
        signed=consent.signed,
        witness=witness,
        paper=request.paper,
        actor=context.actor,
    )
    back = brought_back(context.gate.store, code) is not None
    seq = context.gate.record_consent(fact, consent)
    return {**to_builtins(fact), "seq": seq, "back": back}


def checked_day(text: str) -> str:
    """A day that there is, as ``YYYY-MM-DD``; it may be written as people read it, 28/11/2026.

    Raises BadRequest.
    """
    try:
        return date.fromisoformat(in_full(text, None)).isoformat()
    except ValueError:
        raise BadRequest("consent.no-day", text=text) from None


def not_to_come(context: RequestContext, text: str) -> str:
    """A day that is not after today, as far as the gate knows. Raises BadRequest."""
    day = checked_day(text)
    now = context.gate.clock.stamp()
    if now.trusted and day > local_date(now.wall_ms, context.gate.policy.zone):
        raise BadRequest("consent.future", day=day)
    return day
