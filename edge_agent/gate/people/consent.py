"""A worker's consent to the use of their fingers: written down by code, never without a text."""

from datetime import date
from typing import NamedTuple

from msgspec import to_builtins

from ...contract.errors import BadRequest
from ...contract.people import checked_code
from ...contract.people_facts import ConsentGiven
from ...contract.typed_times import in_full
from ..consents import Consent
from ..ledger.store.sqlite_store import SqliteStore
from .consent_text import ConsentText, consent_text
from .context import RequestContext, Result
from .refusals import refuse_stopped, told_back
from .requests import RecordConsent


def record_consent(context: RequestContext, request: RecordConsent) -> Result:
    """Write down that a worker has signed. Raises BadRequest where it is no consent yet.

    A newer one takes the place of the one before.
    """
    code = context.worker(request.code).code
    signed = judge_consent(context.gate.store, code, request, context.today)
    fact = ConsentGiven(
        worker=code,
        text=signed.text.name,
        text_hash=signed.text.hash,
        language=signed.text.language,
        signed=signed.on,
        witness=signed.witness,
        paper=request.paper,
        actor=context.actor,
    )
    consent = Consent(
        worker=code,
        text=fact.text,
        text_hash=bytes.fromhex(fact.text_hash),
        signed=fact.signed,
    )
    back = told_back(context.gate.store, code, context.today)
    seq = context.gate.record_consent(fact, consent)
    fingers = [print_.finger for print_ in context.gate.known.prints if print_.worker == code]
    return {**to_builtins(fact), "seq": seq, "fingers": fingers, **back}


class Signed(NamedTuple):
    """What a worker has signed, on which day, and before whom."""

    text: ConsentText
    on: str
    witness: str | None


def judge_consent(
    store: SqliteStore, code: str, request: RecordConsent, today: str | None
) -> Signed:
    """What was signed. Raises BadRequest where it is no consent, or an old one: they have withdrawn
    since. ``today``: None where nobody knows it.
    """
    refuse_stopped(store, code)
    text = consent_text(request.text)
    if not request.paper and request.witness is None:
        raise BadRequest("consent.taken-by-whom")
    witness = None if request.witness is None else checked_code(request.witness)
    if witness == code:
        raise BadRequest("consent.own-witness", code=code)
    signed = _not_after(today, request.signed)
    withdrawn = store.withdrawn().get(code)
    # Of that very day it may be the newer one: of both only the days are known.
    if withdrawn is not None and signed < withdrawn:
        raise BadRequest("consent.before-withdrawal", code=code, signed=signed, day=withdrawn)
    return Signed(text, signed, witness)


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
    return _not_after(context.today, text)


def _not_after(today: str | None, text: str) -> str:
    day = checked_day(text)
    if today is not None and day > today:
        raise BadRequest("consent.future", day=day)
    return day
