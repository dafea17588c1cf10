"""Whatever goes wrong on the line, nobody is credited with another's touch.

The property runs on a line with a clock of its own, over any series of mishaps. The weakened links
below it are what shows that it can fail.
"""

from unittest.mock import patch

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from edge_agent.domain.errors import SensorFault, SensorGarbled
from edge_agent.sensor import link as link_module
from edge_agent.sensor.frames import Frame, FrameParser, Kind
from edge_agent.sensor.link import Link

from .line import Line, Mishap

_DELAYS = [Mishap.SLOW, Mishap.SLOWER, Mishap.LATE, Mishap.VERY_LATE]
_OTHERS = [mishap for mishap in Mishap if mishap not in _DELAYS]


def _series(*kinds: Mishap) -> st.SearchStrategy[list[Mishap]]:
    some = st.one_of(st.just(Mishap.NONE), st.sampled_from(kinds))
    return st.lists(some, min_size=1, max_size=25)


# Late replies and lost ones at once are beyond proof where no reply has a number, so a recovery
# is not held to its word then; what is credited has to be right all the same.
_provable = st.one_of(_series(*_DELAYS), _series(*_OTHERS))
_anything = _series(*Mishap)


def _touch(link: Link, line: Line, finger: int) -> None:
    """One finger is taken for itself or for nobody."""
    line.glass = finger
    assert link.readImage()
    link.convertImage(1)
    assert link.searchTemplate() == (finger, 100)


def _recovers(link: Link, line: Line, provable: bool) -> bool:
    """Try to recover; a link that says that it has succeeded is held to it."""
    try:
        link.recover()
    except SensorFault:
        return False
    assert not (provable and line.owes())
    return True


def _right_or_an_error(mishaps: list[Mishap], provable: bool = True) -> None:
    line = Line(list(mishaps))
    with patch.object(link_module, "time", line):
        link = Link(line)  # type: ignore[arg-type]
        _recovers(link, line, provable)
        for finger in range(1, 9):
            try:
                _touch(link, line, finger)
            except SensorFault:
                _recovers(link, line, provable)

        line.mishaps.clear()
        line.settle()
        assert _recovers(link, line, provable)
        _touch(link, line, 100)


# The ack of GenImg comes late and is taken for VfyPwd's; then every reply takes longer than a
# drain waits, so that the answers to each attempt are there for the next one.
ONE_ATTEMPT_BEHIND = [*[Mishap.NONE] * 2, Mishap.LATE, Mishap.NONE, *[Mishap.SLOW] * 8]

# The answers to the first attempt come so late that the second takes them for its own, and one of
# its own is lost: only listening on tells that another is left over.
ONE_LEFT_OVER = [Mishap.SLOWER, Mishap.SLOWER, Mishap.NONE, Mishap.REPLY_LOST]

# The second finger's GenImg is acknowledged twice and its Img2Tz never arrives: whoever takes the
# second ack for Img2Tz's finds the first finger, whose features are still in the buffer.
STALE_FEATURES = [*[Mishap.NONE] * 5, Mishap.TWICE, Mishap.COMMAND_LOST]


@settings(max_examples=300, deadline=None)
@given(_anything)
def test_right_or_an_error(mishaps: list[Mishap]) -> None:
    _right_or_an_error(mishaps, provable=False)


@settings(max_examples=300, deadline=None)
@given(_provable)
@example(ONE_ATTEMPT_BEHIND)
@example(ONE_LEFT_OVER)
@example(STALE_FEATURES)
def test_a_recovery_keeps_its_word(mishaps: list[Mishap]) -> None:
    _right_or_an_error(mishaps)


@pytest.mark.parametrize("mishap", Mishap)
@pytest.mark.parametrize("at", range(2, 8))
def test_each_mishap_at_each_place(mishap: Mishap, at: int) -> None:
    _right_or_an_error([Mishap.NONE] * at + [mishap])


class Credulous(FrameParser):
    """Takes a packet for good whatever its checksum says."""

    def _take(self) -> Frame | None:
        size = self._size()
        frame = Frame(0xFFFFFFFF, Kind(self._held[6]), bytes(self._held[9 : size - 2]))
        del self._held[:size]
        return frame


def _not_at_all(link: Link, _: float) -> None:
    link._trusted = True


def _once(link: Link) -> None:
    link.getTemplateCount()


WEAKENED: dict[str, tuple[object, str, object]] = {
    "the checksum is not looked at": (link_module, "FrameParser", Credulous),
    "any length will do": (Link, "_fits", lambda *_: True),
    "bytes behind a reply do no harm": (Line, "unread", lambda _: False),
    "no drain": (Link, "_drain", _not_at_all),
    "no password after a restart": (Link, "_verify", lambda _: None),
    "no fence": (Link, "_fence", lambda _: None),
    "one fence, however often it has failed": (Link, "_fence", _once),
}


@pytest.mark.parametrize("weakness", WEAKENED)
def test_a_weakened_link_is_caught(weakness: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*WEAKENED[weakness])

    @settings(
        max_examples=500,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
    )
    @given(_provable)
    @example(ONE_ATTEMPT_BEHIND)
    @example(STALE_FEATURES)
    def attempt(mishaps: list[Mishap]) -> None:
        _right_or_an_error(mishaps)

    with pytest.raises((AssertionError, IndexError)):
        attempt()


def test_a_link_in_doubt_asks_nothing() -> None:
    line = Line([Mishap.NONE] * 4 + [Mishap.STRAY_BEHIND])
    with patch.object(link_module, "time", line):
        link = Link(line)  # type: ignore[arg-type]
        with pytest.raises(SensorGarbled, match="in doubt: recover it first"):
            link.readImage()
        link.recover()
