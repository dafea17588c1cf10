"""Whose finger wears, told before it is refused; and a dirty glass, which is nobody's finger."""

import pytest

from edge_agent.gate.print_health import FEWEST, HealthBook, PrintState, ScoredPress, Week, weekly

from .wearing import Finger, Gate

WELL, WEAK = 128, 60


def press(score: int | None = WELL, *, slot: int = 0, ms: int = 0, boot: str = "b") -> ScoredPress:
    day = "2026-11-27"
    if score is None:
        return ScoredPress(seq=1, boot=boot, boottime_ms=ms, day=day)
    return ScoredPress(
        seq=1, boot=boot, boottime_ms=ms, day=day, slot=slot, generation=1, score=score
    )


def book(*scores: int, captures: int = 3, min_score: int = 0) -> HealthBook:
    made = HealthBook(captures, min_score)
    for score in scores:
        made.add(press(score))
    return made


class Lived:
    """What became of the fingers of some gates."""

    def __init__(self, seeds: range, workers: int, days: int, **other: int) -> None:
        self.worn: list[Finger] = []
        self.sound: list[Finger] = []
        for seed in seeds:
            gate = Gate(seed, workers=workers, **other)
            gate.live(days)
            self.worn += [f for f in gate.fingers if f.wears_from is not None and f.refused]
            self.sound += [f for f in gate.fingers if f.wears_from is None]
            assert not gate.told_dirty, "the glass was clean"

    @property
    def warned(self) -> float:
        told = [f for f in self.worn if f.warned is not None and f.warned < (f.refused or 0)]
        return len(told) / len(self.worn)

    @property
    def false_alarms(self) -> float:
        return sum(f.warned is not None for f in self.sound) / len(self.sound)

    def __str__(self) -> str:
        ahead = sorted(f.refused - f.warned for f in self.worn if f.warned and f.refused)
        return (
            f"{len(self.worn)} worn, {self.warned:.1%} warned before the first refusal, "
            f"{ahead[len(ahead) // 2]} presses before it at the median, {ahead[len(ahead) // 20]} "
            f"at the 5th percentile; {len(self.sound)} sound, {self.false_alarms:.1%} warned"
        )


def test_whose_finger_wears_is_told_before_it_is_refused_and_others_are_not() -> None:
    lived = Lived(range(2), workers=30, days=200)
    print(lived)
    assert len(lived.worn) >= 15
    assert lived.warned >= 0.9
    assert lived.false_alarms <= 0.05


@pytest.mark.long
@pytest.mark.parametrize(("captures", "false_alarms"), [(3, 0.05), (2, 0.05), (1, 0.15)])
def test_a_year_of_eight_gates(captures: int, false_alarms: float) -> None:
    """By one scan a touch more is refused than can be foreseen so surely."""
    lived = Lived(range(8), workers=60, days=365, captures=captures)
    print(f"{captures} scans: {lived}")
    assert lived.warned >= 0.9
    assert lived.false_alarms <= false_alarms


def test_a_glass_that_gets_dirty_is_told_within_a_day_and_no_finger_is_blamed() -> None:
    for seed in range(5):
        gate = Gate(seed, workers=30, wearing=0.0, dirty=((30, 34, 0.72),))
        gate.live(60)
        assert gate.told_dirty == {30, 31, 32, 33}
        assert [f.slot for f in gate.fingers if f.warned is not None] == []


def test_without_all_of_it_the_same_glass_would_blame_somebody() -> None:
    """The control: a gate of three prints cannot tell the glass from the fingers."""
    gate = Gate(3, workers=3, wearing=0.0, dirty=((30, 60, 0.5),))
    gate.live(60)
    assert not gate.told_dirty
    assert [f for f in gate.fingers if f.warned is not None]


def test_few_presses_say_nothing_and_one_low_score_neither() -> None:
    few = book(*[WEAK] * (FEWEST - 1))
    assert few.of(0, 1).state is PrintState.NEW
    assert few.of(0, 1).score is None
    assert few.of(5, 1).state is PrintState.NEW
    assert book(*[WELL] * 20, 51).of(0, 1).state is PrintState.WELL


def test_how_bad_it_is() -> None:
    made = HealthBook(3)
    told = [made.add(press(score)) for score in [*[WELL] * 20, *range(WELL, 50, -2), *[51] * 20]]
    at = told.index(True)
    health = made.of(0, 1)
    assert health.state is PrintState.BAD
    assert (health.score, health.usual) == (51, WELL)
    assert health.risk is not None
    assert 0.05 < health.risk < 0.2
    assert book(*[WELL] * 20, *range(WELL, 50, -2)[: at - 19]).of(0, 1).state is PrintState.WORN


def test_a_finger_that_has_healed_is_well_again() -> None:
    made = HealthBook(3)
    worn = [*[WELL] * 20, *[55] * 10]
    told = [made.add(press(score)) for score in [*worn, *worn, *[WELL] * 20]]
    assert told[29]
    assert not told[-1]
    assert made.of(0, 1).state is PrintState.WELL


def test_another_life_of_the_slot_begins_anew() -> None:
    made = book(*[55] * 20)
    assert made.of(0, 1).state is not PrintState.WELL
    assert made.of(0, 2).state is PrintState.NEW
    made.forget([(0, 2)])
    assert made.of(0, 1).presses == 0


def test_a_module_that_credits_less_is_not_measured_by_what_others_ask_for() -> None:
    lenient = HealthBook(3)
    for score in [26, *[62] * 20]:
        lenient.add(press(score))
    assert lenient.of(0, 1).state is PrintState.WELL
    assert book(*[62] * 20).of(0, 1).state is not PrintState.WELL
    assert book(*[WELL] * 20, min_score=100).of(0, 1).state is not PrintState.WELL


def test_who_was_refused_just_before_is_counted_with_the_finger_that_came_through() -> None:
    made = HealthBook(3)
    for one in (
        press(None, ms=0),  # Somebody long before.
        *(press(None, ms=ms) for ms in range(80_000, 110_000, 3000)),  # Somebody, again and again.
        press(None, ms=112_000),
        press(None, ms=116_000),
        press(WELL, ms=120_000),
        press(None, ms=135_000, boot="a"),  # Before the power cut.
        press(WELL, slot=1, ms=140_000),
        press(None, ms=200_000),
        press(WELL, slot=1, ms=240_000),
    ):
        made.add(one)
    assert (made.of(0, 1).refused, made.of(1, 1).refused) == (2, 0)


def test_weeks_begin_on_monday() -> None:
    days = [("2026-11-22", 100), ("2026-11-23", 90), ("2026-11-29", 80), ("2026-11-25", 85)]
    presses = [
        ScoredPress(seq=n, boot="b", boottime_ms=n, day=day, slot=0, generation=1, score=score)
        for n, (day, score) in enumerate(days)
    ]
    presses.append(
        ScoredPress(seq=9, boot="b", boottime_ms=9, day=None, slot=0, generation=1, score=1)
    )
    assert weekly(presses) == {
        (0, 1): [Week("2026-11-16", 100, 1), Week("2026-11-23", 85, 3)],
    }
