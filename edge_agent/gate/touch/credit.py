"""Credit a match, or refuse it: decide, write it down durably, and only then show it."""

import logging
import os
from collections.abc import Callable

from msgspec import UNSET, UnsetType, structs

from ...contract.errors import StoreFault
from ...contract.facts import (
    AttemptRefused,
    Fact,
    Method,
    PunchDirected,
    PunchRecorded,
    PunchRepeated,
)
from ...contract.stamps import Stamp, local_time, true_time
from ..events import Outcome, PanelShown
from ..evidence import SALT_BYTES, AttemptOpening, Opening
from ..last_punch import LastPunch
from ..ledger.recorder import Recorder
from ..ports import Panel
from ..rules import Accepted, Hint, Match, Proof, Reason, Refused, Repeat, judge
from .token_bucket import RefusalLimit
from .way_keys import WayKeys

log = logging.getLogger(__name__)

REFUSED_AS = {
    Reason.UNKNOWN: Outcome.UNKNOWN,
    Reason.DEACTIVATED: Outcome.REFUSED,
    Reason.NOT_VALID: Outcome.REFUSED,
    Reason.UNPROVEN: Outcome.UNKNOWN,
    Reason.POOR_SCAN: Outcome.TRY_AGAIN,
    Reason.SENSOR_FAULT: Outcome.SENSOR_FAULT,
    Reason.NOT_NAMED: Outcome.REFUSED,
    Reason.NO_CONSENT: Outcome.REFUSED,
    Reason.WRONG_PIN: Outcome.REFUSED,
    Reason.LOCKED: Outcome.REFUSED,
}


class Credit:
    """Turns what sensor and readers found into an entry and a lamp, one of each for a touch."""

    def __init__(
        self,
        gate: Recorder,
        panel: Panel,
        offline: Callable[[], bool],
        keys: WayKeys | None = None,
    ) -> None:
        """``offline``: whether payroll is out of reach; ``keys``: where a key says the way."""
        self._keys = keys
        self._gate = gate
        self._panel = panel
        self._offline = offline
        self._refusals = RefusalLimit()
        self.answers = 0
        """How many touches have had their answer."""

    def match(self, match: Match, stamp: Stamp) -> PanelShown:
        """Decide a match, record it, and say what the panel showed. Only what is durably recorded
        is shown as recorded."""
        try:
            owner, _ = self._gate.known.owner_of(match.slot)
            held = owner is not None and (owner.slot, owner.generation) in self._gate.known.held
            agreed = owner is not None and self._gate.known.may_use_fingers_of(owner.worker)
        except StoreFault as fault:
            return self.not_recorded(fault, stamp)
        if held:
            # Not even the lamp's event may say that it was theirs.
            return self.refuse(Refused(Reason.UNPROVEN), stamp)
        return self.proof(Proof.by_finger(owner, match, consented=agreed) if owner else None, stamp)

    def proof(self, proof: Proof | None, stamp: Stamp) -> PanelShown:
        """The same for whatever proves who somebody is; None: a match in a slot of nobody's."""
        return self._show(self._decide(proof, stamp), stamp)

    def not_recorded(self, fault: StoreFault, stamp: Stamp) -> PanelShown:
        """Tell somebody that the database could not even be asked who they are."""
        return self._show(_not_recorded(fault, None), stamp)

    def refuse(self, refused: Refused, stamp: Stamp) -> PanelShown:
        """Tell a worker that they were not credited, and why; it is evidence that they pressed."""
        return self._show(self._write_refusal(refused, stamp), stamp, refused.hint)

    def _decide(self, proof: Proof | None, stamp: Stamp) -> PanelShown:
        try:
            worker = self._gate.known.workers.get(proof.worker) if proof else None
            last = self._gate.known.last_punches.get(proof.worker) if proof else None
            key = self._keys.chosen() if self._keys else None
            verdict = judge(proof, worker, last, stamp, self._gate.policy, key)
            match verdict:
                case Refused():
                    return self._write_refusal(verdict, stamp)
                case Repeat():
                    assert last is not None  # That is what makes it one.
                    return self._record_repeat(verdict, last, stamp)
                case Accepted():
                    return self._record_punch(verdict, stamp)
        except StoreFault as fault:
            # Shown as what it is: the worker must never walk away on a lie.
            method = _shown_method(proof.method) if proof else None
            return _not_recorded(fault, proof.worker if proof else None, method)

    def _record_punch(self, accepted: Accepted, stamp: Stamp) -> PanelShown:
        proof = accepted.proof
        opening = _opening(proof)
        not_before, not_after = self._known_at_once(stamp)
        recorded = PunchRecorded(
            worker=proof.worker,
            direction=accepted.direction,
            direction_source=accepted.direction_source,
            method=proof.method,
            evidence_hash=opening.hash if opening else UNSET,
            not_before=not_before,
            not_after=not_after,
        )
        # Commit before the green lamp: the worker walks away on it.
        [entry] = self._gate.record_touch([recorded], stamp, opening)
        if self._keys is not None:
            self._keys.credited(proof.worker, entry.seq, accepted.direction_source)
        return PanelShown(
            outcome=Outcome.RECORDED,
            worker=proof.worker,
            seq=entry.seq,
            method=_shown_method(proof.method),
            direction=accepted.direction,
        )

    def _known_at_once(self, stamp: Stamp) -> tuple[str | UnsetType, str | UnsetType]:
        """Between which times a punch was whose clock does not tell its time."""
        if stamp.trusted:
            return UNSET, UNSET
        bounds = self._gate.known.when(stamp)
        zone = self._gate.policy.zone
        return (
            UNSET if bounds.low is None else local_time(bounds.low, zone),
            UNSET if bounds.high is None else local_time(bounds.high, zone),
        )

    def _record_repeat(self, repeat: Repeat, last: LastPunch, stamp: Stamp) -> PanelShown:
        worker, proof = repeat.proof.worker, repeat.proof
        opening = _opening(proof)
        repeated = PunchRepeated(
            worker=worker,
            of=repeat.of,
            method=proof.method,
            evidence_hash=opening.hash if opening else UNSET,
        )
        facts: list[Fact] = [repeated]
        if repeat.direction is not None:
            facts.append(PunchDirected(worker=worker, of=repeat.of, direction=repeat.direction))
        entry, *_ = self._gate.record_touch(facts, stamp, opening)
        if self._keys is not None:
            self._keys.spent()
        zone = self._gate.policy.zone
        said = last.said_ms
        return PanelShown(
            outcome=Outcome.REPEATED,
            worker=worker,
            seq=entry.seq,
            method=_shown_method(proof.method),
            direction=repeat.direction,
            first_at=true_time(last.stamp, zone) if said is None else local_time(said, zone),
            first_direction=last.direction,
        )

    def _write_refusal(self, refused: Refused, stamp: Stamp) -> PanelShown:
        seq = None
        suppressed = self._refusals.admit(self._gate.clock.monotonic())
        if suppressed is not None:
            opening = _whose(refused)
            attempt = AttemptRefused(
                reason=refused.reason.value,
                hint=refused.hint,
                worker=None,
                suppressed=suppressed,
                method=refused.method,
                worker_hash=opening.hash if opening else UNSET,
            )
            try:
                seq = self._gate.record_touch([attempt], stamp, opening)[0].seq
            except StoreFault as fault:
                self._refusals.not_written(suppressed)
                log.error("a refused attempt could not be written: %s", fault)
        return PanelShown(
            outcome=REFUSED_AS[refused.reason],
            worker=refused.worker,
            seq=seq,
            hint=refused.hint or _why(refused),
            method=refused.method or None,
        )

    def _show(self, shown: PanelShown, stamp: Stamp, hint: Hint | None = None) -> PanelShown:
        offline = self._offline()
        self._panel.show(shown.outcome, hint, direction=shown.direction, offline=offline)
        self.answers += 1
        # After the lamp: whoever reads the stream can wait, and has to know what is not new.
        self._gate.emit(
            structs.replace(
                shown,
                at=true_time(stamp, self._gate.policy.zone),
                offline=offline,
                boottime_ms=self._gate.clock.stamp().boottime_ms,
            )
        )
        return shown


def _why(refused: Refused) -> str | None:
    """Where it is about the worker; or nobody can tell whose the finger is, whatever it matches."""
    about = refused.worker is not None or refused.reason is Reason.UNPROVEN
    return refused.reason.value if about else None


def _shown_method(method: Method) -> Method | None:
    return None if method is Method.FINGER else method


def _opening(proof: Proof) -> Opening | None:
    """What the entry will commit the gate to, with a salt of its own; of a finger alone."""
    if proof.evidence is None:
        return None
    return Opening(worker=proof.worker, evidence=proof.evidence, salt=os.urandom(SALT_BYTES))


def _whose(refused: Refused) -> AttemptOpening | None:
    """The same of a refusal: whose touch it was, where that is known."""
    if refused.worker is None:
        return None
    return AttemptOpening(worker=refused.worker, salt=os.urandom(SALT_BYTES))


def _not_recorded(
    fault: StoreFault, worker: str | None, method: Method | None = None
) -> PanelShown:
    log.error("not recorded: %s", fault)
    return PanelShown(outcome=Outcome.NOT_RECORDED, worker=worker, method=method)
