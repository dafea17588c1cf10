"""The register of what workers ask for about their data: asked, due, done."""

from datetime import date, timedelta

from msgspec import structs, to_builtins

from ...contract.errors import BadRequest
from ...contract.people import checked_code
from ..claims import TERM_DAYS, Answer, Claim, What
from .consent import checked_day, not_to_come
from .context import RequestContext, Result
from .requests import CloseClaim, OpenClaim


def open_claim(context: RequestContext, request: OpenClaim) -> Result:
    """Enter what a worker has asked for. Raises BadRequest where a day cannot be right."""
    code = checked_code(request.code)
    context.worker(code)
    what = What(request.what)
    asked = _day(context, request.asked)
    due = checked_day(request.due) if request.due is not None else _after(asked, TERM_DAYS[what])
    if due < asked:
        raise BadRequest("claim.due-before", due=due, asked=asked)
    with context.gate.store.changing() as change:
        change.put_claim(Claim(id=0, worker=code, what=what, asked=asked, due=due), context.actor)
    return to_builtins(context.gate.store.claims()[-1])  # type: ignore[no-any-return]


def close_claim(context: RequestContext, request: CloseClaim) -> Result:
    """Enter what came of it. Raises BadRequest where there is no such one, or it is closed."""
    known = {one.id: one for one in context.gate.store.claims()}
    one = known.get(request.number)
    if one is None:
        raise BadRequest("claim.none-such", number=request.number)
    if one.closed is not None:
        raise BadRequest("claim.closed-already", number=one.id, on=one.closed)
    closed = _day(context, request.on)
    if closed < one.asked:
        raise BadRequest("claim.closed-before", closed=closed, asked=one.asked)
    done = structs.replace(one, closed=closed, answer=Answer(request.answer))
    with context.gate.store.changing() as change:
        change.put_claim(done, context.actor)
    return to_builtins(done)  # type: ignore[no-any-return]


def _day(context: RequestContext, text: str | None) -> str:
    """The day that was named, else today."""
    if text is not None:
        return not_to_come(context, text)
    if (today := context.today) is None:
        raise BadRequest("claim.no-clock")
    return today


def _after(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
