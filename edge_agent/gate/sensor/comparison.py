"""Whether the module at the end of the line still holds the templates that were enrolled.

The mark in the notepad can be copied, and a template can come to stand in another's slot. So one
template is compared with its digest at each connection and once in a while after that, drawn at
random: somebody who prepares a module cannot know which. A print in whose slot another template
stands is held back: its finger is refused. Where more than a few are, nobody is credited.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from random import SystemRandom

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from ...contract.facts import Fact
from ...contract.language import Message
from ...contract.people import Print
from ...contract.people_facts import PrintHeld, PrintReleased
from ..ledger.recorder import Recorder
from ..pairing_mark import Doubt

log = logging.getLogger(__name__)

EVERY_S = 3600.0
"""How often a template is compared in between."""

_AFTER_MEND_S = 60.0
"""At most this long after the link had to be mended, which is when a module can have been swapped
without its port ever vanishing."""

_MOST_HELD = 2
"""So many prints may be held back: a slot that has worn out, or two that were swapped. A module
with more of them is not the one that the prints were enrolled in."""

_DRAWS = 3
"""Empty slots that may be drawn in a row: the index tells of those already."""

_KEY = "templates"
_draw = SystemRandom()


class TemplateState(StrEnum):
    """What comparing one template came to."""

    AGREES = "agrees"
    DIFFERS = "differs"
    MISSING = "missing"
    """There is none that can be read: nobody is credited by it, and the status says so."""


class Compared(Struct):
    """What was found of a module's templates so far, kept beside the pairing."""

    token: str
    """Of the module's mark, in hex digits; empty for one that keeps no notes."""
    steady: bool | None = None
    """Whether it gives a template in the same bytes each time; None until one has agreed."""
    held: list[tuple[int, int]] = []
    """Slot and generation of the prints that are held back."""


class Comparison:
    """Draws, compares, and remembers what was found. Lives on the gate's thread."""

    def __init__(
        self, gate: Recorder, compare: Callable[[Print], TemplateState], beat: Callable[[], None]
    ) -> None:
        """``compare`` reads the template of a print, and raises SensorFault; ``beat`` is called
        between two of many.
        """
        self._gate = gate
        self._compare = compare
        self._beat = beat
        self._deck: list[tuple[int, int]] = []
        """What is drawn from: each print comes once before one comes twice."""
        self._suspected = False
        """Whether a template has differed since all were compared."""
        self._due = 0.0
        self._remembered: Compared | None = None
        self.last: TemplateState | None = None
        """What the last one that was drawn came to; None where there was none to draw."""

    def soon(self) -> None:
        """The module may have been swapped: do not wait for the hour."""
        self._due = min(self._due, self._gate.clock.monotonic() + _AFTER_MEND_S)

    def is_due(self, now: float) -> bool:
        """Whether it is time to compare one (monotonic seconds)."""
        return now >= self._due

    def one(self, token: bytes | None) -> bool:
        """Compare one; False where it differs, and all have to be. Raises SensorFault."""
        known = self._known(token)
        self._put_off()
        if known.steady is False:
            return True
        self.last = self._drawn(self._free(known))
        self._put_off()  # Whatever had to be mended meanwhile.
        self._suspected = self.last is TemplateState.DIFFERS
        return not self._suspected

    def check(self, token: bytes | None) -> Doubt | None:
        """Compare what is held back, and one more; all of them where that one differs.

        Raises SensorFault and StoreFault.
        """
        known = self._known(token)
        self._put_off()
        self.last = None
        if known.steady is False or not self._gate.known.prints:
            self._gate.known.held = frozenset()
            return None
        differing = self._differing(self._held(known))
        if len(differing) > _MOST_HELD:
            return Doubt.TEMPLATES_DIFFER
        self.last = self._drawn(self._free(known))
        agreed = self.last is TemplateState.AGREES
        if self._suspected or self.last is TemplateState.DIFFERS or len(known.held) > _MOST_HELD:
            differing, agreed = self._all(trusting=known.steady is None)
        if differing and not agreed and known.steady is None:
            # None has ever agreed: this says something of the module's kind, not of its owner.
            self.unsteady(token)
            return None
        self._keep(known, differing, steady=known.steady or agreed or None)
        self._suspected = False
        doubted = len(differing) > _MOST_HELD or (bool(differing) and not agreed)
        return Doubt.TEMPLATES_DIFFER if doubted else None

    def agreed(self, token: bytes | None) -> None:
        """All templates, or one that was just used, are as their digests say."""
        self._keep(self._known(token), [], steady=True)
        self._suspected = False

    def unsteady(self, token: bytes | None) -> None:
        """This module does not give a template in the same bytes each time."""
        log.warning("the sensor gives a template in other bytes each time: none can be compared")
        self._keep(self._known(token), [], steady=False)

    def steady(self, token: bytes | None) -> None:
        """A template was the same after it was used as before."""
        known = self._known(token)
        if known.steady is None:
            known.steady = True
            self._remember(known)

    def problem(self, token: bytes | None) -> Message | None:
        """What a technician should know, or None."""
        known = self._known(token)
        if known.steady is False:
            return Message("sensor.unsteady")
        held = self._held(known)
        if not held:
            return None
        prints = [Message("sensor.print", finger=one.finger, worker=one.worker) for one in held]
        return Message("sensor.held-back", prints=prints)

    def _put_off(self) -> None:
        self._due = self._gate.clock.monotonic() + EVERY_S

    def _free(self, known: Compared) -> list[Print]:
        return [print_ for print_ in self._gate.known.prints if _key(print_) not in known.held]

    def _held(self, known: Compared) -> list[Print]:
        return [print_ for print_ in self._gate.known.prints if _key(print_) in known.held]

    def _drawn(self, prints: list[Print]) -> TemplateState | None:
        by_key = {_key(print_): print_ for print_ in prints}
        for _ in range(_DRAWS):
            self._deck = [key for key in self._deck if key in by_key]
            if not self._deck:
                self._deck = _draw.sample(list(by_key), len(by_key))
            if not self._deck:
                return None
            if (finding := self._compare(by_key[self._deck.pop()])) is not TemplateState.MISSING:
                return finding
        return None

    def _differing(self, prints: Iterable[Print]) -> list[Print]:
        return [print_ for print_ in prints if self._compare(print_) is TemplateState.DIFFERS]

    def _all(self, *, trusting: bool) -> tuple[list[Print], bool]:
        """Which differ, and whether any agrees; no more than it takes to be in doubt.

        ``trusting``: not before one has agreed.
        """
        differing, agreed = [], False
        for print_ in self._gate.known.prints:
            self._beat()
            finding = self._compare(print_)
            agreed = agreed or finding is TemplateState.AGREES
            if finding is TemplateState.DIFFERS:
                differing.append(print_)
            if len(differing) > _MOST_HELD and (agreed or not trusting):
                break
        return differing, agreed

    def _keep(self, known: Compared, differing: list[Print], *, steady: bool | None) -> None:
        """Remember what was found, and tell of each print that is held back or no longer is."""
        before = {_key(print_): print_ for print_ in self._held(known)}
        now = {_key(print_): print_ for print_ in differing}
        changed = known.steady is not steady or before.keys() != now.keys()
        known.steady, known.held = steady, list(now)
        self._gate.known.held = frozenset(now)
        if not changed:
            return
        self._remember(known)
        # Of more than a few nobody is credited at all: the ledger says that instead.
        told = before if len(before) <= _MOST_HELD else {}
        facts: list[Fact] = [
            PrintReleased(**asdict(one)) for key, one in told.items() if key not in now
        ]
        if len(now) <= _MOST_HELD:
            facts += [PrintHeld(**asdict(one)) for key, one in now.items() if key not in told]
        if facts:
            self._gate.record_all(facts)

    def _known(self, token: bytes | None) -> Compared:
        whose = (token or b"").hex()
        if self._remembered is None:
            with suppress(msgspec.MsgspecError):
                text = self._gate.store.remembered(_KEY) or ""
                self._remembered = msgspec.json.decode(text, type=Compared)
        if self._remembered is None or self._remembered.token != whose:
            self._remembered = Compared(token=whose)
        return self._remembered

    def _remember(self, known: Compared) -> None:
        self._gate.store.remember(_KEY, msgspec.json.encode(known).decode())


def _key(print_: Print) -> tuple[int, int]:
    return print_.slot, print_.generation
