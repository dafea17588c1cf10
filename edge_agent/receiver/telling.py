"""What the log says of what gates have sent: by gate, ledger and number, once a minute each.

Whoever sends much that is odd may do so without end, and what stands in it may be anybody's name.
"""

import logging
import time
from collections import Counter

from msgspec.structs import astuple

from ..contract.told import Sparing, identifier, times
from .messages import Batch
from .project import Rejected
from .roster.known_workers import told_codes
from .store import BatchResult, LedgerProgress

_MOST_STRANGERS = 10_000
_ARRIVALS = 6
"""Lines a minute of what one gate sends: somebody who stands there sees each press arrive."""

_TOLD = 20
_DECIDE = "A person decides: edge-agent receive settle"

_log = logging.getLogger(__name__)


class Teller:
    """For one thread."""

    def __init__(self) -> None:
        self._sparing: Sparing[tuple[str, str]] = Sparing()
        self._strangers: set[str] = set()
        self._arrivals: Sparing[tuple[str, str]] = Sparing(most=_ARRIVALS)

    def tell_messages(self, batch: Batch) -> None:
        """Say what could not be read, and what gates do not do; at every turn, with or without."""
        for damaged, count in Counter(map(astuple, batch.damaged)).items():
            gate, channel, why = damaged
            place = f"gate={identifier(gate)!r} channel={channel}"
            self._tell("damaged", place, "", count, shown=f"{place} reason={why!r}")
        for refusal, count in Counter(map(astuple, batch.refusals)).items():
            gate, command, error = refusal
            place = f"gate={identifier(gate)} command={command} {error!r}"
            self._tell("gate-refused", place, "", count, logging.WARNING)
        for (what, place), met in self._sparing.untold(time.monotonic()):
            _log.error("%s %s: %d more within a minute", what, place, met)
        for (gate, ledger), met in self._arrivals.untold(time.monotonic()):
            _log.info("received gate=%s ledger=%s entries=%d", gate, ledger, met)

    def tell_roster(self, refused: str, why: str = "") -> None:
        """A roster was refused, and by which rule."""
        stays = f"the one before stays{why and '; '}{why}"
        self._tell("roster-refused", f"reason={refused}", stays, 1)

    def tell(self, taken: BatchResult) -> None:
        """Say what a person should know of a batch."""
        self._tell_rejected(taken.rejected)
        for gate, count in Counter(taken.refused).items():
            why = "nothing of a new one is kept or confirmed"
            self._tell("too-many-ledgers", f"gate={identifier(gate)}", why, count)
        for foreign, count in Counter(map(astuple, taken.foreign)).items():
            gate, ledger, owner = map(identifier, foreign)
            why = (
                f"it is the ledger of gate {owner!r}, which alone may write there; nothing of it is"
                f" kept or confirmed: is {gate!r} set up as another gate, or has its certificate or"
                f" password been stolen? Or is it the ledger of {gate!r}, and {owner!r} the"
                f" stranger? {_DECIDE}"
            )
            self._tell("foreign", f"gate={gate!r} ledger={ledger}", why, count)
        for one in taken.successors:
            gate, former = identifier(one.gate), identifier(one.former)
            why = (
                f"it says that it goes on with a ledger of gate {former!r}"
                f"{', with which another one goes on already' if one.second else ''}; what it says"
                f" of that gate's presses does not count unless a person confirms it. {_DECIDE}"
            )
            self._tell("successor", f"gate={gate!r} ledger={one.ledger}", why, 1)
        for progress in taken.progress:
            place = f"gate={identifier(progress.gate)} ledger={progress.ledger}"
            self._tell_arrivals(progress, taken.new_of.get(progress.ledger, 0))
            if progress.forks:
                why = "a card was cloned or a backup restored"
                whole = f"{place} seqs={_some(progress.forks)}"
                self._tell("fork", place, why, len(progress.forks), shown=whole)
            if dropped := taken.dropped.get(progress.ledger):
                why = (
                    "of what contradicts this ledger, or lies beyond what is missing of it, enough"
                    " is held, and nothing more is kept or confirmed: look at the gate"
                )
                self._tell("dropped", place, why, dropped)

    def _tell_arrivals(self, progress: LedgerProgress, new: int) -> None:
        """That entries have come, and up to which nothing is missing."""
        matter = identifier(progress.gate), progress.ledger
        met = self._arrivals.count(matter, time.monotonic(), new) if new else None
        if met:
            through = progress.tip.through
            _log.info("received gate=%s ledger=%s entries=%d through=%d", *matter, met, through)

    def _tell(
        self,
        what: str,
        place: str,
        why: str,
        count: int,
        level: int = logging.ERROR,
        *,
        shown: str = "",
    ) -> None:
        met = self._sparing.count((what, place), time.monotonic(), count)
        if met:
            _log.log(
                level, "%s %s%s%s", what, shown or place, f": {why}" if why else "", times(met)
            )

    def _tell_rejected(self, rejected: list[Rejected]) -> None:
        """What is held and cannot be used. Of a worker who is not known, once."""
        unreadable: dict[str, list[int]] = {}
        strangers: dict[str, set[str]] = {}
        for one in rejected:
            gate = f"gate={identifier(one.gate)}"
            if one.code is None:
                unreadable.setdefault(f"{gate} ledger={one.ledger}", []).append(one.seq)
            elif one.code not in self._strangers:
                strangers.setdefault(gate, set()).add(one.code)
                if len(self._strangers) < _MOST_STRANGERS:
                    self._strangers.add(one.code)
        for place, seqs in unreadable.items():
            why = "kept and confirmed, but not counted; a person must look at the view 'rejected'"
            shown = f"{place} seqs={_some(seqs)}"
            self._tell("unreadable", place, why, len(seqs), shown=shown)
        for gate, codes in strangers.items():
            why = "no roster has named them, and their punches do not count"
            shown = f"{gate} {told_codes(sorted(codes))}"
            self._tell("unknown-worker", gate, why, len(codes), logging.WARNING, shown=shown)


def _some(seqs: list[int]) -> str:
    more = f" and {len(seqs) - _TOLD} more" if len(seqs) > _TOLD else ""
    return f"{seqs[:_TOLD]}{more}"
