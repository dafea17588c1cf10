"""A worker's presses in the order in which they were, each once. Pure."""

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from ...contract.corrections import ONE_PRESS_MS

Way = Literal["in", "out"]

_ORDER = {"out": 0, None: 1, "in": 2}


class Press(Struct, frozen=True, kw_only=True):
    """A press that counts. ``way``: which way it led, by evidence; ``guess``: what the gate showed.

    ``at_ms`` None: its time is not known; then it was between ``low_ms`` and ``high_ms`` and stands
    at ``place_ms``. ``pending``: the gate may still tell its time. ``again``: a later press that is
    one with it, pressed at another gate say.
    """

    ledger: str
    seq: int
    place_ms: int
    at_ms: int | None = None
    at: str | None = None
    day: str | None = None
    gate: str | None = None
    way: Way | None = None
    guess: Way | None = None
    source: str = "finger"
    low_ms: int | None = None
    high_ms: int | None = None
    not_before: str | None = None
    not_after: str | None = None
    uncertainty_ms: int = 0
    pending: bool = False
    again: "Press | None" = None

    @property
    def came(self) -> "Press":
        """As an in: of presses that are one, the last, for nobody can say that it was earlier."""
        return self.again or self

    @property
    def came_ms(self) -> int:
        """When it was, as an in."""
        return self.again.place_ms if self.again else self.place_ms


def in_order(presses: Iterable[Press]) -> list[Press]:
    """By time; what has none stands where its ledger has it. Presses within a minute are one.

    Ties are settled by evidence and never by where an entry stands: somebody who is inside goes out
    before coming in again.
    """
    ordered = sorted(presses, key=_place)
    return _settle_ties(_once(ordered))


def _place(press: Press) -> tuple[int, bool, int, str, str, int]:
    timed = press.at_ms is not None
    way = _ORDER[press.way] if timed else 0
    return (press.place_ms, not timed, way, press.gate or "", press.ledger, press.seq)


def _once(ordered: Sequence[Press]) -> list[Press]:
    """A press, and another within the repeat window, are one, unless evidence says in and out."""
    found: list[Press] = []
    for press in ordered:
        last = found[-1] if found else None
        if (
            last is not None
            and last.at_ms is not None
            and press.at_ms is not None
            and press.at_ms - last.at_ms <= ONE_PRESS_MS
            and (press.way is None or last.way is None or press.way == last.way)
        ):
            way = last.way or press.way
            found[-1] = replace(last, way=way, again=replace(press, way=way))
        else:
            found.append(press)
    return found


def _settle_ties(presses: list[Press]) -> list[Press]:
    """An in and an out that the clocks of two gates cannot tell apart: by who was inside."""
    for n in range(1, len(presses)):
        before, after = presses[n - 1], presses[n]
        if before.way != "in" or after.way != "out" or before.gate == after.gate:
            continue
        if before.at_ms is None or after.at_ms is None:
            continue
        apart = after.at_ms - before.at_ms
        inside = n > 1 and presses[n - 2].way == "in"
        if inside and apart <= before.uncertainty_ms + after.uncertainty_ms:
            presses[n - 1], presses[n] = after, before
    return presses
