"""The presses of one enrolment: press, lift, press again, lift, and once more to prove.

Workers who come by do not know that the gate waits for somebody else. So whoever is known is
answered as at any other time, once; who presses the same finger again wants it enrolled.
"""

import logging

from ...contract.errors import BadRequest
from ...contract.people import Print
from ...contract.stamps import Stamp
from ..errors import SensorFault
from ..events import Outcome
from ..ports import Buffer
from ..print_health import FAIR
from ..rules import Match, Refused, recognised
from .answers import StepKind
from .context import RequestContext
from .prompt import CAPTURES, TRIES

log = logging.getLogger(__name__)

_UNLIKE = "unlike"
"""What a capture lacks that is hardly like the first one: a hint, beside the sensor's own."""


class Presses:
    """Those of a worker's finger, of which others may come in between.

    ``former`` is the print in whose place the new one will be: nobody else's, whatever is found.
    """

    def __init__(self, context: RequestContext, code: str, former: Print | None) -> None:
        self._context = context
        self._code = code
        self._former = former
        self._passed: set[Print] = set()
        self._erased: set[int] = set()

    def capture_template(self) -> int | None:
        """Two captures of one finger that nobody has, merged in the sensor's buffers.

        Returns how like each other they are; None at a module that does not tell. Each of them is
        searched for, and both are compared: some modules merge two persons' fingers into one
        template, which is found for both.
        """
        for _ in range(TRIES):
            self._press(StepKind.PRESS, Buffer.ONE)
            likeness = self._press_again()
            if self._merge(likeness):
                return likeness or None
            self._context.prompt.step(StepKind.DIFFERENT)
        raise BadRequest("people.presses-differ")

    def prove(self, slot: int, likeness: int | None) -> int:
        """Have the template in ``slot`` win a search, as it has to for a punch; with which score.

        ``likeness``, of the presses before, is told on the way. The former print of the same finger
        may win instead, and is about to go: then the new one has to be found without it.
        """
        tries = 0
        while tries < TRIES:
            self._context.capture.features(StepKind.PROVE, score=likeness)
            stamp = self._context.gate.clock.stamp()
            found = self._recognised()
            if self._former and isinstance(found, Match) and found.slot == self._former.slot:
                found = self._recognised(only=slot)
            if isinstance(found, Match) and found.slot == slot:
                return found.score
            # Of somebody who comes by the new template knows nothing. A module that has written it
            # over somebody else's finds that one, and has it in both slots.
            others = isinstance(found, Match) and not isinstance(self._recognised(only=slot), Match)
            if not (isinstance(found, Match) and others and self._let_pass(found, stamp)):
                tries += 1
        raise BadRequest("people.not-proved")

    def _press_again(self) -> int:
        """A second capture in the other buffer; another one while it is but weakly like the first.

        Returns how like it is; 0: another finger's, or the module does not tell.
        """
        for captures in range(2, CAPTURES + 1):
            self._press(StepKind.PRESS_AGAIN, Buffer.TWO)
            likeness = self._context.sensor.likeness()
            if not 0 < likeness < FAIR or captures == CAPTURES:
                break
            self._context.prompt.step(StepKind.TRY_AGAIN, _UNLIKE)
        return likeness

    def _merge(self, likeness: int) -> bool:
        """Merge both captures. False where they are different fingers, as far as one can tell.

        A module that merges what its Match calls different is asked once more, for the template
        that is in both buffers then: where even that is not like itself, Match tells nothing.
        """
        sensor = self._context.sensor
        return sensor.merge() and (likeness > 0 or not sensor.likeness())

    def _recognised(self, only: int | None = None) -> Match | Refused:
        return recognised(self._context.sensor.search(only=only), self._context.gate.policy)

    def _press(self, what: StepKind, buffer: Buffer) -> None:
        """Bring the features of a finger that nobody has into ``buffer``."""
        while True:
            self._context.capture.features(what, buffer)
            stamp = self._context.gate.clock.stamp()
            match = self._owned(buffer)
            if match is None:
                return
            believed = isinstance(recognised(match, self._context.gate.policy), Match)
            if not (believed and self._let_pass(match, stamp)):
                owner, _ = self._context.gate.known.owner_of(match.slot)
                if owner is None:
                    raise BadRequest("people.known-finger")
                if owner.worker != self._code:
                    # It may be a press all the same, and was none: nobody goes in without a lamp.
                    self._context.panel.show(Outcome.TRY_AGAIN)
                raise BadRequest("people.finger-of", finger=owner.finger, code=owner.worker)

    def _owned(self, buffer: Buffer) -> Match | None:
        """Whose finger the features in ``buffer`` are, if they are anybody's but the former's."""
        sensor = self._context.sensor
        while (match := sensor.search(buffer)) is not None and match.score > 0:
            owner, _ = self._context.gate.known.owner_of(match.slot)
            if owner is not None:
                return match if owner != self._former else None
            if match.slot in self._erased:
                raise SensorFault("people.finds-erased", slot=match.slot)
            # A template that nobody has would go on winning searches against the one enrolled now.
            log.warning("slot %d holds this finger but belongs to nobody: erased", match.slot)
            sensor.erase(match.slot)
            self._erased.add(match.slot)
        return None

    def _let_pass(self, match: Match, stamp: Stamp) -> bool:
        """Answer somebody else's press as a touch. False where it is none."""
        owner, _ = self._context.gate.known.owner_of(match.slot)
        if owner is None or owner.worker == self._code or owner in self._passed:
            return False
        self._passed.add(owner)
        shown = self._context.punch(match, stamp)
        otherwise = None if shown.outcome is Outcome.RECORDED else shown.outcome.value
        if shown.outcome in (Outcome.REFUSED, Outcome.UNKNOWN) and shown.hint:
            otherwise = shown.hint
        self._context.prompt.step(StepKind.PASSED, otherwise, worker=owner.worker)
        return True
