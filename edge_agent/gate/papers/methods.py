"""Whether anybody is treated worse by their way: refusals and waiting, by finger, card, PIN and QR.

Nobody is named. How long somebody waited is told where a refusal was followed within a minute by a
press of the same kind that was taken: at a gate that is one person who tries again, as a rule.
"""

from collections import Counter
from collections.abc import Iterable
from statistics import median
from typing import Any

from msgspec import Struct

from ...contract.chain import stamp_of
from ...contract.facts import Method
from ...contract.stamps import Stamp, elapsed

KINDS = ("punch.recorded", "punch.repeated", "punch.added", "attempt.refused")
"""What is counted."""

_AGAIN_MS = 60_000

SUPERVISOR = "supervisor"


class ByMethod(Struct, frozen=True, kw_only=True):
    """One way. ``refused`` by reason; ``again``: how often somebody was refused and then taken,
    ``waited_s`` for how long, half of them at most, and ``waited_most_s`` all of them.
    """

    method: str
    taken: int
    refused: dict[str, int]
    again: int = 0
    waited_s: float | None = None
    waited_most_s: float | None = None

    @property
    def share(self) -> float | None:
        """How many of 100 touches were refused; None: there were none."""
        refused = sum(self.refused.values())
        return 100 * refused / (self.taken + refused) if self.taken + refused else None


def by_method(entries: Iterable[dict[str, Any]]) -> list[ByMethod]:
    """The ways that were used, by the ``data`` of entries of ``KINDS``, in order."""
    taken: Counter[str] = Counter()
    refused: dict[str, Counter[str]] = {}
    waited: dict[str, list[float]] = {}
    since: dict[bool, tuple[str, Stamp]] = {}
    for data in entries:
        refusal = data["kind"] == "attempt.refused"
        method = str(data.get("method", Method.FINGER.value))
        # What a reader has read and is nobody's may be any of three: who tries again is told by
        # whether it is a finger.
        place, stamp = method == Method.FINGER, stamp_of(data)
        if refusal:
            refused.setdefault(method, Counter())[data["reason"]] += 1
            if place not in since or elapsed(since[place][1], stamp).least > _AGAIN_MS:
                since[place] = method, stamp
            continue
        taken[method] += 1
        if method != SUPERVISOR and (first := since.pop(place, None)) is not None:
            past = elapsed(first[1], stamp)
            if past.most <= _AGAIN_MS:
                waited.setdefault(method, []).append(past.most / 1000)
    return [
        ByMethod(
            method=method,
            taken=taken[method],
            refused=dict(sorted(refused.get(method, Counter()).items())),
            again=len(times := waited.get(method, [])),
            waited_s=round(median(times), 1) if times else None,
            waited_most_s=round(max(times), 1) if times else None,
        )
        for method in (*Method, SUPERVISOR)
        if method in taken or method in refused
    ]
