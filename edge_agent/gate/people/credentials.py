"""Cards, PINs and QR codes: whose they are, and from when on they are nobody's.

A worker has one of each at most, so that a new card is the end of the lost one.
"""

from ...contract.errors import BadRequest
from ...contract.facts import Method
from ...contract.people_facts import CredentialAdded, CredentialRemoved, CredentialsAllowed
from ..credentials import TOKEN, checked_card, checked_pin, is_right, new_token, number_of
from .context import RequestContext, Result
from .refusals import refuse_credential, refuse_new_credential, told_back
from .requests import AddCredential, AllowCredentials, AskCard, AwaitCard, MakeQr, RemoveCredential

CARD_WITHIN_S = 60.0
"""How long a card may be held to a reader after it was asked for."""


def add_credential(context: RequestContext, request: AddCredential) -> Result:
    """Enter one whose secret is known. Raises BadRequest where it is none, or another's."""
    code, method = context.worker(request.code).code, Method(request.method)
    refuse_new_credential(context.gate.store, code, method)
    if method is Method.PIN:
        return _enter(context, code, method, checked_pin(request.secret, code))
    return _enter(context, code, method, checked_card(request.secret))


def await_card(context: RequestContext, request: AwaitCard) -> Result:
    """Have the next card that is nobody's kept for ``ask_card``; presses go on meanwhile."""
    if not context.has_readers:
        raise BadRequest("credential.no-reader", code=request.code, kind=request.method)
    code = context.worker(request.code).code
    refuse_new_credential(context.gate.store, code, Method(request.method))
    until = context.gate.clock.monotonic() + CARD_WITHIN_S
    context.inbox.begin(code, Method(request.method), until)
    return {"worker": code, "method": request.method, "within_s": CARD_WITHIN_S}


def ask_card(context: RequestContext, request: AskCard) -> Result:
    """``done`` and whose it is, or ``waiting``. Raises BadRequest where none has come in time."""
    inbox = context.inbox
    if inbox.waits(context.gate.clock.monotonic()):
        return {"state": "waiting"}
    code, method = inbox.code, inbox.method
    card = inbox.take()
    if code is None or card is None:
        raise BadRequest("credential.no-card-came")
    return {"state": "done", **_enter(context, code, method, checked_card(card))}


def make_qr(context: RequestContext, request: MakeQr) -> Result:
    """``token`` is what the code has to say: it is told this once, and kept nowhere."""
    code = context.worker(request.code).code
    refuse_new_credential(context.gate.store, code, Method.QR)
    token = new_token()
    return {**_enter(context, code, Method.QR, token), "token": token}


def remove_credential(context: RequestContext, request: RemoveCredential) -> Result:
    """Forget one, at once. Raises BadRequest where the worker has none."""
    code, method = context.worker(request.code).code, Method(request.method)
    refuse_credential(context.gate.store, code, method)
    fact = CredentialRemoved(worker=code, method=method, actor=context.actor)
    context.gate.record_credentials(fact, lambda change: change.drop_credential(code, method))
    return {"worker": code, "method": method.value}


def allow_credentials(context: RequestContext, request: AllowCredentials) -> Result:
    """Name a worker, or no longer. Raises BadRequest where it is so already."""
    code, allowed = context.worker(request.code).code, request.allowed
    if (code in context.gate.known.credentials.named) is allowed:
        raise BadRequest("credential.allowed-already" if allowed else "credential.not-named")
    fact = CredentialsAllowed(worker=code, allowed=allowed, actor=context.actor)
    context.gate.record_credentials(fact, lambda change: change.put_named(code, named=allowed))
    return {"worker": code, "allowed": allowed}


def _enter(context: RequestContext, code: str, method: Method, secret: str) -> Result:
    gate = context.gate
    if method is Method.PIN:
        _refuse_own_pin(context, code, secret)
    else:
        other = gate.known.credentials.owner(secret)
        if other is not None:
            own = (other.worker, other.method) == (code, method)
            told = "credential.own-already" if own else "credential.is-anothers"
            raise BadRequest(told, code=other.worker, kind=other.method.value)
        if method is Method.CARD and secret.startswith(TOKEN):
            raise BadRequest("credential.is-qr", code=code)
    made = gate.known.credentials.made(code, method, secret)
    replaced = method in _methods_of(context, code)
    back = told_back(gate.store, code, context.today)
    fact = CredentialAdded(worker=code, method=method, actor=context.actor)
    gate.record_credentials(fact, lambda change: change.put_credential(made))
    return {"worker": code, "method": method.value, "replaced": replaced, **back}


def _refuse_own_pin(context: RequestContext, code: str, pin: str) -> None:
    """Raise BadRequest where it is their PIN already."""
    known = context.gate.known.credentials.pin_at(number_of(code) or "")
    if known is not None and known.worker == code and is_right(pin, known):
        raise BadRequest("credential.own-already", code=code, kind=Method.PIN.value)


def _methods_of(context: RequestContext, code: str) -> set[Method]:
    return {one.method for one in context.gate.store.credentials() if one.worker == code}
