"""Which version of MQTT to try, and when."""

import random

import pytest

from edge_agent.gate.ports import Pause
from edge_agent.gate.uplink.mqtt.broker import LONGEST_PAUSE_S, STABLE_S, Attempts


def test_a_round_tries_all_versions_before_it_pauses() -> None:
    tries = Attempts(("5", "3.1.1"))
    assert tries.version == "5"
    assert not tries.down(0, other_version=True)
    assert (tries.version, tries.due, tries.pause) == ("3.1.1", 0, None)
    assert tries.down(0, other_version=True)
    assert tries.version == "5"
    assert 0.5 <= tries.due <= 1
    assert tries.pause == Pause(0, tries.due)


def test_a_connection_that_ends_is_no_try() -> None:
    tries = Attempts(("5",))
    tries.up(100)
    assert tries.down(160, other_version=False)
    assert tries.pause == Pause(None, tries.due)
    assert tries.down(162, other_version=False)
    assert tries.pause == Pause(162, tries.due)


def test_other_troubles_are_no_reason_for_another_version() -> None:
    tries = Attempts(("5", "3.1.1"))
    assert tries.down(0, other_version=False)
    assert tries.version == "5"


def test_one_that_has_spoken_5_is_never_asked_for_less() -> None:
    tries = Attempts(("5", "3.1.1"))
    tries.up(0)
    assert tries.down(1, other_version=False)
    assert tries.down(2, other_version=True)
    assert tries.version == "5"


def test_after_a_fallback_the_next_round_begins_with_5() -> None:
    tries = Attempts(("5", "3.1.1"))
    tries.down(0, other_version=True)
    tries.up(0)
    assert tries.down(1, other_version=False)
    assert tries.version == "5"


def test_pauses_double_up_to_two_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    tries = Attempts(("5",))
    pauses = []
    for _ in range(10):
        tries.down(0, other_version=False)
        pauses.append(tries.due)
    assert pauses == [1, 2, 4, 8, 16, 32, 64, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


@pytest.mark.parametrize(("held_s", "pause_s"), [(STABLE_S, 1), (STABLE_S - 1, 4)])
def test_only_a_stable_connection_makes_the_pauses_short_again(
    monkeypatch: pytest.MonkeyPatch, held_s: float, pause_s: float
) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: high)
    tries = Attempts(("5",))
    tries.down(0, other_version=False)
    tries.down(0, other_version=False)
    tries.up(100)
    tries.down(100 + held_s, other_version=False)
    assert tries.due == 100 + held_s + pause_s


def test_gates_do_not_come_back_all_at_once() -> None:
    dues = set()
    for _ in range(20):
        tries = Attempts(("5",))
        tries.down(0, other_version=False)
        dues.add(tries.due)
    assert len(dues) > 1
