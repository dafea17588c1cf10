"""Take a punch: from a finger on the glass to a lamp that tells the truth.

One touch gives exactly one outcome and at most one punch, faults on the line included.
"""

import logging
from collections.abc import Callable

from msgspec import Struct

from ..domain.errors import SensorFault, StoreFault
from ..domain.events import Outcome, PanelShown
from ..domain.facts import AttemptRefused, Evidence, PunchRecorded, PunchRepeated
from ..domain.rules import (
    Accepted,
    DirectionRule,
    Hint,
    LastPunch,
    Match,
    Reason,
    Refused,
    Repeat,
    judge,
)
from ..domain.stamps import Stamp
from ..ports import Panel, Sensor
from .gate import Gate
from .recognise import Recognise
from .refusals import RefusalLimit

log = logging.getLogger(__name__)

_REFUSED_AS = {
    Reason.UNKNOWN: Outcome.UNKNOWN,
    Reason.DEACTIVATED: Outcome.REFUSED,
    Reason.NOT_VALID: Outcome.REFUSED,
    Reason.POOR_SCAN: Outcome.TRY_AGAIN,
    Reason.SENSOR_FAULT: Outcome.SENSOR_FAULT,
}


class _Answered(Struct, frozen=True):
    """The touch that had its answer, and as whose print: None where the sensor knew none.

    Before ``until`` (monotonic seconds) whoever is on the glass is taken to be the same.
    """

    slot: int | None
    until: float = 0.0


_TOLD_S = 5.0
"""How long a finger that was told of a fault may stay without being taken for another's."""


class TakePunch:
    """Polls the sensor and answers each touch."""

    def __init__(
        self,
        gate: Gate,
        sensor: Sensor,
        panel: Panel,
        captures: int,
        recover: Callable[[], None],
        offline: Callable[[], bool],
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """``captures``: scans a touch may take; ``recover`` makes the link sound again after a
        fault, or raises; ``offline``: whether payroll is out of reach; ``stopping``: whether the
        daemon is about to leave, and a fault is no longer mended.
        """
        self._gate = gate
        self._sensor = sensor
        self._panel = panel
        self._recognise = Recognise(sensor, gate.clock, captures, recover, stopping)
        self._offline = offline
        self._refusals = RefusalLimit()
        self._answered: _Answered | None = None
        self._in_doubt = False

    def poll(self) -> bool:
        """Look at the glass once, and see a new touch through to its answer.

        Returns False where the sensor could not tell whether there is a finger. Raises SensorFault
        when it cannot be used any longer; a touch that was under way has been answered by then.
        """
        present = self._sensor.capture()
        if present is False:
            self._answered = None
            self._in_doubt = False
        elif present is None:
            self._in_doubt = self._answered is not None  # As when a finger comes or goes.
        elif self._answered is None:
            self._answer_touch(self._gate.clock.stamp())
        elif self._in_doubt and self._gate.clock.monotonic() >= self._answered.until:
            self._look_again(self._answered)
        return present is not None

    def disturbed(self) -> None:
        """The line failed, and with it perhaps the look at the empty glass between two fingers."""
        self._in_doubt = True

    def ignore_finger(self, slot: int | None) -> None:
        """The finger of the print in ``slot`` took part in something else than a punch.

        None: whose it was is not known. Another finger is answered at the next look.
        """
        self._answered = _Answered(slot) if slot is not None else self._told()
        self._in_doubt = True

    def _answer_touch(self, stamp: Stamp) -> None:
        self._panel.touched()
        self._in_doubt = False
        # Whatever happens from here on: a finger that stays through a fault has had its answer.
        self._answered = self._told()
        try:
            found, stamp = self._recognise.finger(stamp)
        except SensorFault:
            self._answered = self._told()
            self._show(self._refuse(Refused(Reason.SENSOR_FAULT), stamp))
            raise
        if isinstance(found, Match):
            self._answer_match(found, stamp)
        else:
            self._answered = _Answered(slot=None)
            self._show(self._refuse(found, stamp), found.hint)

    def _answer_match(self, match: Match, stamp: Stamp) -> None:
        self._answered = _Answered(slot=match.slot)
        self._in_doubt = False
        self._show(self._credit(match, stamp))

    def _told(self) -> _Answered:
        return _Answered(slot=None, until=self._gate.clock.monotonic() + _TOLD_S)

    def _look_again(self, answered: "_Answered") -> None:
        """Answer the finger on the glass if it is not the one that was answered before the fault.

        A finger that the sensor does not know stays unanswered: it may be the same one still. One
        that was refused and is known now is answered: more likely it is another worker's, and
        should it be the same one, green after red does no harm.
        """
        stamp = self._gate.clock.stamp()
        found = self._recognise.scan()
        if not isinstance(found, Match):
            if answered.slot is not None:
                self._panel.dark()  # The green that is lit may be another's.
        elif found.slot == answered.slot:
            self._in_doubt = False
        else:
            self._panel.touched()
            self._answer_match(found, stamp)

    def _credit(self, match: Match, stamp: Stamp) -> PanelShown:
        """Decide a match and record it. Only what is durably recorded is shown as recorded."""
        owner = None
        try:
            owner, worker = self._gate.owner_of(match.slot)
            last = self._gate.last_punches.get(owner.worker) if owner else None
            verdict = judge(match, owner, worker, last, stamp, self._gate.policy)
            match verdict:
                case Refused():
                    return self._refuse(verdict, stamp)
                case Repeat():
                    return self._record_repeat(verdict, stamp)
                case Accepted():
                    return self._record_punch(verdict, stamp)
        except StoreFault as fault:
            # Shown as what it is: the worker must never walk away on a lie.
            log.error("not recorded: %s", fault)
            return PanelShown(outcome=Outcome.NOT_RECORDED, worker=owner.worker if owner else None)

    def _record_punch(self, accepted: Accepted, stamp: Stamp) -> PanelShown:
        worker = accepted.owner.worker
        rule = self._gate.policy.direction
        recorded = PunchRecorded(
            worker=worker,
            direction=accepted.direction,
            direction_source=None if rule is DirectionRule.NONE else rule,
            evidence=_evidence(accepted),
        )
        # Commit before the green lamp: the worker walks away on it.
        entry = self._gate.record(recorded, stamp)
        self._gate.last_punches[worker] = LastPunch(entry.seq, stamp, accepted.direction)
        return PanelShown(outcome=Outcome.RECORDED, worker=worker, seq=entry.seq)

    def _record_repeat(self, repeat: Repeat, stamp: Stamp) -> PanelShown:
        worker = repeat.owner.worker
        repeated = PunchRepeated(worker=worker, of=repeat.of, evidence=_evidence(repeat))
        entry = self._gate.record(repeated, stamp)
        return PanelShown(outcome=Outcome.REPEATED, worker=worker, seq=entry.seq)

    def _refuse(self, refused: Refused, stamp: Stamp) -> PanelShown:
        seq = None
        suppressed = self._refusals.admit(self._gate.clock.monotonic())
        if suppressed is not None:
            attempt = AttemptRefused(
                reason=refused.reason.value,
                hint=refused.hint,
                worker=refused.worker,
                suppressed=suppressed,
            )
            try:
                seq = self._gate.record(attempt, stamp).seq
            except StoreFault as fault:
                self._refusals.not_written(suppressed)
                log.error("a refused attempt could not be written: %s", fault)
        return PanelShown(
            outcome=_REFUSED_AS[refused.reason],
            worker=refused.worker,
            seq=seq,
            hint=refused.hint or (refused.reason.value if refused.worker else None),
        )

    def _show(self, shown: PanelShown, hint: Hint | None = None) -> None:
        self._panel.show(shown.outcome, hint, offline=self._offline())
        self._gate.tell(shown)


def _evidence(credited: Accepted | Repeat) -> Evidence:
    owner, match = credited.owner, credited.match
    return Evidence(
        finger=owner.finger, slot=owner.slot, generation=owner.generation, score=match.score
    )
