"""Who is known, and by what: for whoever enrols many, one after the other."""

from .context import RequestContext, Result
from .requests import AskPeople

_AT_ONCE = 200
"""Workers in one answer, which has to fit what a reader of the socket may leave unread."""


def list_people(context: RequestContext, request: AskPeople) -> Result:
    """``people`` by code, from behind ``after`` on, and whether there are ``more``.

    Of each ``code``, ``name``, ``deactivated``, their ``fingers`` and their other ``methods``.
    """
    gate = context.gate
    codes = sorted(code for code in gate.known.workers if code > request.after)
    fingers: dict[str, list[str]] = {}
    for print_ in gate.known.prints:
        fingers.setdefault(print_.worker, []).append(print_.finger)
    methods: dict[str, list[str]] = {}
    for one in gate.store.credentials():
        methods.setdefault(one.worker, []).append(one.method.value)
    people = [
        {
            "code": code,
            "name": gate.known.workers[code].name,
            "deactivated": gate.known.workers[code].deactivated,
            "fingers": fingers.get(code, []),
            "methods": methods.get(code, []),
        }
        for code in codes[:_AT_ONCE]
    ]
    return {"people": people, "more": len(codes) > _AT_ONCE}
