"""What is remembered between two looks, and what a look shows by that, to the second."""

import pytest

from edge_agent.gate.rules import Hint, Match, Reason, Refused
from edge_agent.gate.touch.decide import Last, Scan, Seen
from edge_agent.gate.touch.state import TouchState

FEATURELESS = Scan(Refused(Reason.POOR_SCAN, hint=Hint.WIPE), featureless=True)
NOW = 1000.0


def held(slot: int) -> bool:
    return slot < 5


@pytest.mark.parametrize("last", Last)
@pytest.mark.parametrize(("since", "lasting"), [(10.0, False), (10.25, True), (1e9, True)])
def test_only_a_ghost_lasts_and_only_after_ten_seconds(
    last: Last, since: float, lasting: bool
) -> None:
    state = TouchState().answered(last, NOW)
    seen = state.scans(FEATURELESS, None, NOW + since, held)
    assert seen is (Seen.LASTING if lasting and last is Last.GHOST else Seen.FEATURELESS)


@pytest.mark.parametrize("last", [Last.SLOT, Last.REFUSED, Last.TOLD, Last.GHOST])
@pytest.mark.parametrize(("since", "over"), [(0.0, False), (4.75, False), (5.0, True)])
def test_whoever_was_told_or_may_be_nobody_is_left_alone_for_five_seconds(
    last: Last, since: float, over: bool
) -> None:
    state = TouchState().answered(last, NOW).disturbed()
    waits = last in (Last.TOLD, Last.GHOST) and not over
    assert state.sees(True, None, NOW + since) is (Seen.FINGER if waits else Seen.DOUBTED)


@pytest.mark.parametrize(("later", "slot", "seen"), [(0, 3, Seen.SAME), (1, 3, Seen.OTHER)])
def test_a_slot_is_the_same_only_where_a_slot_was_answered(
    later: int, slot: int, seen: Seen
) -> None:
    scan = Scan(Match(slot + later, 90), featureless=False)
    assert TouchState().answered(Last.SLOT, NOW, slot).scans(scan, None, NOW, held) is seen
    assert TouchState().answered(Last.TOLD, NOW).scans(scan, None, NOW, held) is Seen.OTHER
    orphan = Scan(Match(7, 90), featureless=False)
    assert TouchState().answered(Last.SLOT, NOW, slot).scans(orphan, None, NOW, held) is (
        Seen.STRANGER
    )


@pytest.mark.parametrize(("unseen", "in_doubt"), [(0.5, False), (0.75, True)])
def test_a_finger_is_in_doubt_once_nobody_has_looked_for_half_a_second(
    unseen: float, in_doubt: bool
) -> None:
    state = TouchState().answered(Last.REFUSED, NOW).saw(True, NOW)
    assert state.before_look(NOW + unseen).in_doubt is in_doubt


@pytest.mark.parametrize(("later", "since"), [(10.0, NOW), (10.25, NOW + 10.25)])
def test_a_finger_has_waited_for_ten_seconds_at_most(later: float, since: float) -> None:
    blind = TouchState().failed_to_see(NOW)
    assert blind.there_since(NOW + later) == since
    assert blind.failed_to_see(NOW + later).there_since(NOW + later) == since


def test_nobody_has_waited_where_the_glass_was_seen_bare_or_whoever_waited_is_answered() -> None:
    blind = TouchState().failed_to_see(NOW)
    for seen in (blind.saw(False, NOW + 1), blind.answering()):
        assert seen.there_since(NOW + 2) == NOW + 2
    assert blind.saw(None, NOW + 1).saw(True, NOW + 1).there_since(NOW + 2) == NOW


def test_a_finger_that_the_gate_shall_ignore_is_looked_at_once_more() -> None:
    assert TouchState().ignoring(3, NOW) == TouchState(Last.SLOT, 3, NOW, in_doubt=True)
    assert TouchState().ignoring(None, NOW) == TouchState(Last.TOLD, None, NOW, in_doubt=True)


def test_amber_is_the_pins_only_where_nobody_was_answered() -> None:
    assert TouchState().touch_began() == TouchState(lit=True)
    there = TouchState().answered(Last.SLOT, NOW, 3)
    assert there.touch_began() == there.disturbed()
    assert TouchState().touch_began().cleared() == TouchState()
    assert there.disturbed().settled() == there
    assert there.disturbed().cleared() == TouchState(answered_at=NOW)
