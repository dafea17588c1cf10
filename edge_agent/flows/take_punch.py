"""Take a punch: from a finger on the glass to a lamp that tells the truth.

One touch gives exactly one outcome and at most one punch, faults on the line included.
"""

import logging
from collections.abc import Callable

from ..domain.errors import SensorFault, SensorUnplugged, StoreFault
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
from .refusals import RefusalLimit

log = logging.getLogger(__name__)

_ANSWER_WITHIN_S = 8.0
"""How long a touch is tried again over a faulty line before it is answered with the fault."""

_REFUSED_AS = {
    Reason.UNKNOWN: Outcome.UNKNOWN,
    Reason.DEACTIVATED: Outcome.REFUSED,
    Reason.POOR_SCAN: Outcome.TRY_AGAIN,
    Reason.SENSOR_FAULT: Outcome.SENSOR_FAULT,
}


class TakePunch:
    """Polls the sensor and answers each touch."""

    def __init__(
        self,
        gate: Gate,
        sensor: Sensor,
        panel: Panel,
        captures: int,
        offline: Callable[[], bool],
    ) -> None:
        """``captures``: scans a touch may take; ``offline``: whether payroll is out of reach."""
        self._gate = gate
        self._sensor = sensor
        self._panel = panel
        self._captures = captures
        self._offline = offline
        self._refusals = RefusalLimit()
        self.answered = False
        """Whether the finger on the glass, if there is one, has had its answer."""

    def poll(self) -> None:
        """Look at the glass once, and see a new touch through to its answer.

        Raises SensorFault when the sensor cannot be used any longer; a touch that was under way
        has been answered by then.
        """
        if not self._sensor.capture():
            self.answered = False
        elif not self.answered:
            self._answer_touch()

    def _answer_touch(self) -> None:
        stamp = self._gate.clock.stamp()
        self._panel.touched()
        # Answered whatever happens from here on: a finger that stays through a fault has been told.
        self.answered = True
        try:
            found = self._recognise()
        except SensorFault:
            self._show(self._refuse(Refused(Reason.SENSOR_FAULT), stamp))
            raise
        if isinstance(found, Match):
            self._show(self._credit(found, stamp))
        else:
            self._show(self._refuse(found, stamp), found.hint)

    def _recognise(self) -> Match | Refused:
        """Capture until the sensor knows the finger, has had enough tries, or it was lifted.

        A fault on the line makes everything it may have touched suspect: the link is proved sound
        again and the finger captured anew. Raises SensorFault where that cannot be done in time.
        """
        deadline = self._gate.clock.monotonic() + _ANSWER_WITHIN_S
        refused = Refused(Reason.POOR_SCAN, hint=Hint.HOLD_LONGER)
        scans = 0
        image_is_fresh = True  # poll() has just taken it
        while scans < self._captures:
            try:
                if not image_is_fresh and not self._sensor.capture():
                    return _lifted(refused)
                image_is_fresh = False
                found = self._scan()
            except SensorUnplugged:
                raise
            except SensorFault as fault:
                log.warning("the finger is captured again: %s", fault)
                self._sensor.recover()
                if self._gate.clock.monotonic() > deadline:
                    raise
                continue
            if isinstance(found, Match):
                return found
            refused = found
            scans += 1
        return refused

    def _scan(self) -> Match | Refused:
        """Turn the image that was captured into a match or a refusal."""
        hint = self._sensor.extract()
        if hint is not None:
            return Refused(Reason.POOR_SCAN, hint=hint)
        return self._sensor.search() or Refused(Reason.UNKNOWN)

    def _credit(self, match: Match, stamp: Stamp) -> PanelShown:
        """Decide a match and record it. Only what is durably recorded is shown as recorded."""
        owner, worker = self._gate.owner_of(match.slot)
        try:
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


def _lifted(refused: Refused) -> Refused:
    """What to tell a worker who lifted the finger before the tries were used up."""
    if refused.hint in (Hint.PRESS_FLAT, Hint.HOLD_STILL):
        return Refused(Reason.POOR_SCAN, hint=Hint.HOLD_LONGER)
    return refused
