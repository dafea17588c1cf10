"""A loose plug: few entries, and never a claim that somebody would have been recorded."""

from edge_agent.gate.errors import SensorUnplugged
from edge_agent.gate.sensor.lifecycle import Hold
from tests.gate.fakes import INFO

from .test_lifecycle import Keeping

GONE = SensorUnplugged("gone")


def _rattle(day: Keeping, seconds: float, every: float) -> None:
    """The plug makes and breaks contact: gone for a moment, in use for ``every`` seconds."""
    end = day.site.clock.now + seconds
    while day.site.clock.now < end:
        day.keeper.lost(GONE)
        while not day.keeper.recording:
            day.site.clock.now += 0.05
            day.keeper.try_again()
        back = day.site.clock.now
        while day.site.clock.now < back + every:
            day.site.clock.now += 0.05
            day.keeper.stayed()


def test_an_hour_with_a_loose_plug_writes_few_entries() -> None:
    day = Keeping()
    day.keeper.began(INFO)
    _rattle(day, 3600, every=1.0)
    assert len(day.written) <= 12
    assert day.written[-1][0] == "recording.stopped"


def test_nor_does_one_that_fails_just_after_it_was_believed() -> None:
    for every in (11.0, 45.0, 61.0, 650.0):
        day = Keeping()
        day.keeper.began(INFO)
        _rattle(day, 4 * 3600, every)
        assert len(day.written) <= 4 * 30, every


def test_punches_are_taken_while_it_has_to_prove_itself_but_not_vouched_for() -> None:
    day = Keeping()
    day.keeper.began(INFO)
    for _ in range(4):
        day.keeper.lost(GONE)
        day.wait(5)
    assert day.keeper.recording
    assert not day.keeper.vouched
    assert not day.standing
    assert day.written[-1] == ("recording.stopped", "sensor-fault")
    told = day.site.events[-1]
    assert "keeps going away (4 times lately): check its plug" in str(told)
    day.site.clock.now += 10
    day.keeper.stayed()
    assert day.keeper.vouched
    assert day.written[-1] == ("recording.resumed", "sensor-back")
    assert "keeps going away" not in str(day.site.events[-1])


def test_the_ledger_never_claims_what_was_not_so() -> None:
    """Replayed: at every moment that the entries cover, a press could have been recorded."""
    day = Keeping()
    day.keeper.began(INFO)
    for second in range(2000):
        if second % 7 == 0:
            day.keeper.lost(GONE)
        else:
            day.wait(1)
            day.keeper.stayed()
        claimed = day.written[-1][0] == "recording.resumed"
        assert claimed == day.keeper.vouched
        assert day.keeper.recording or not claimed


def test_a_stop_while_it_proves_itself_says_nothing_twice() -> None:
    day = Keeping()
    day.keeper.began(INFO)
    for _ in range(4):
        day.keeper.lost(GONE)
        day.wait(5)
    before = len(day.written)
    day.keeper.ended()
    assert len(day.written) == before


def test_a_sensor_that_behaves_is_forgiven() -> None:
    hold = Hold()
    for second in range(8):
        hold.lost(float(second))
    assert hold.seconds == 160.0
    hold.lost(7.0 + 2 * 3600)
    assert (hold.seconds, hold.losses) == (0.0, 1)


def test_the_holds() -> None:
    hold, seconds = Hold(), []
    for _ in range(12):
        hold.lost(1000.0)
        seconds.append(hold.seconds)
    assert seconds == [0, 0, 0, 10, 20, 40, 80, 160, 320, 640, 640, 640]
