"""Whatever goes wrong on the line, nobody is credited with another's touch.

All of it runs on a line with a clock of its own, over any series of mishaps. The weakened links
are what shows that the tests can fail.
"""

import random
from collections import Counter
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from edge_agent.contract.errors import BadRequest
from edge_agent.gate.errors import SensorFault, SensorGarbled, SensorSilent
from edge_agent.gate.sensor import link as link_module
from edge_agent.gate.sensor.frames import Frame, FrameParser, Kind, Stream
from edge_agent.gate.sensor.instructions import (
    GEN_IMG,
    IMG_2_TZ,
    STORE,
    TEMPLATE_COUNT,
    UP_CHAR,
    WRITE_NOTEPAD,
    Instruction,
)
from edge_agent.gate.sensor.library import TemplateLibrary
from edge_agent.gate.sensor.link import Link
from edge_agent.simulator.module import MODELS
from tests.everyday import one_in

from .line import DELAYS, ENROLLED, Line, Mishap, template

_OTHERS = [mishap for mishap in Mishap if mishap not in DELAYS]


def _series(*kinds: Mishap) -> st.SearchStrategy[list[Mishap]]:
    some = st.one_of(st.just(Mishap.NONE), st.sampled_from(kinds))
    return st.lists(some, min_size=1, max_size=25)


# Late replies and lost ones at once are beyond proof where no reply has a number, so a recovery
# is not held to its word then; what is credited has to be right all the same.
_provable = st.one_of(_series(*DELAYS), _series(*_OTHERS))
_anything = _series(*Mishap)


def _library(line: Line) -> TemplateLibrary:
    link = Link(line)  # type: ignore[arg-type]
    link.capacity = 100
    return TemplateLibrary(link)


def _touch(library: TemplateLibrary, line: Line, finger: int) -> None:
    """One finger is taken for itself or for nobody."""
    line.press(finger)
    assert library.link.ask(GEN_IMG)
    library.link.ask(IMG_2_TZ, buffer=1)
    found = library.search()
    assert (found[0] if found else None) == (finger if finger in ENROLLED else None)


def _recovers(library: TemplateLibrary, line: Line, provable: bool) -> bool:
    """Try to recover; a link that says that it has succeeded is held to it."""
    try:
        library.link.recover()
    except SensorFault:
        return False
    assert not (provable and line.owes())
    return True


def _right_or_an_error(mishaps: list[Mishap], provable: bool = True) -> None:
    line = Line(mishaps)
    with patch.object(link_module, "time", line):
        library = _library(line)
        _recovers(library, line, provable)
        for finger in [1, 99, *range(2, 8)]:
            try:
                _touch(library, line, finger)
            except SensorFault:
                _recovers(library, line, provable)

        line.mishaps = iter(())
        line.settle()
        assert _recovers(library, line, provable)
        _touch(library, line, 8)


# The ack of GenImg comes late and is taken for VfyPwd's; then every reply takes longer than a
# drain waits, so that the answers to each attempt are there for the next one.
ONE_ATTEMPT_BEHIND = [*[Mishap.NONE] * 2, Mishap.LATE, Mishap.NONE, *[Mishap.SLOW] * 8]

# The answers to the first attempt come so late that the second takes them for its own, and one of
# its own is lost: only listening on tells that another is left over.
ONE_LEFT_OVER = [Mishap.SLOWER, Mishap.SLOWER, Mishap.NONE, Mishap.REPLY_LOST]

# The second finger's GenImg is acknowledged twice and its Img2Tz never arrives: whoever takes the
# second ack for Img2Tz's finds the first finger, whose features are still in the buffer.
STALE_FEATURES = [*[Mishap.NONE] * 5, Mishap.TWICE, Mishap.NOT_HEARD]


# The first search is misheard, and the sensor restarts before the next one: its features are gone.
NO_FEATURES = [*[Mishap.NONE] * 4, Mishap.MISHEARD, Mishap.RESTART]


@settings(max_examples=200)
@given(_anything)
def test_right_or_an_error(mishaps: list[Mishap]) -> None:
    _right_or_an_error(mishaps, provable=False)


@settings(max_examples=200)
@given(_provable)
@example(ONE_ATTEMPT_BEHIND)
@example(ONE_LEFT_OVER)
@example(STALE_FEATURES)
@example(NO_FEATURES)
def test_a_recovery_keeps_its_word(mishaps: list[Mishap]) -> None:
    _right_or_an_error(mishaps)


@pytest.mark.parametrize("mishap", Mishap)
@pytest.mark.parametrize("at", range(2, 8))
def test_each_mishap_at_each_place(mishap: Mishap, at: int) -> None:
    _right_or_an_error([Mishap.NONE] * at + [mishap])


class Soak:
    """Touches and changes of the library, in any order, with about every second exchange faulty."""

    def __init__(self, seed: int, model: str) -> None:
        self._random = random.Random(seed)
        self._model = model
        self._line = Line(self._mishaps(), model)
        self._owner = {slot: slot for slot in ENROLLED}
        self.seen: Counter[str] = Counter()

    def run(self, faults: int) -> None:
        """Go on until so many exchanges were faulty."""
        with patch.object(link_module, "time", self._line):
            self._library = _library(self._line)
            while self.seen["faults"] < faults:
                act = self._random.choice([self._touch, self._touch, self._write, self._note])
                try:
                    self._library.link.recover()
                    act()
                    self.seen[act.__name__] += 1
                except (SensorFault, BadRequest):  # a template that never arrives whole
                    self.seen["doubts"] += 1

    def _mishaps(self) -> Iterator[Mishap]:
        """One kind of trouble for a while: mostly none, often others, sometimes late replies."""
        while True:
            kinds = self._random.choice([_OTHERS, _OTHERS, _OTHERS, list(DELAYS)])
            share = self._random.choice([0.03, 0.1, 0.3])
            for _ in range(30):
                mishap = Mishap.NONE
                if self._random.random() < share:
                    mishap = self._random.choice(kinds)
                self.seen["faults"] += mishap is not Mishap.NONE
                yield mishap
            yield from [Mishap.NONE] * 3
            # What is late and what is lost do not mix: together they are beyond proof.
            self._line.settle()

    def _touch(self) -> None:
        for _ in range(3):
            finger = self._random.choice([*range(1, 12), 99])
            self._line.press(finger)
            if not self._library.link.ask(GEN_IMG):
                continue
            self._library.link.ask(IMG_2_TZ, buffer=1)
            found = self._library.search()
            owner = self._owner.get(found[0]) if found else None
            assert owner in (None, finger), f"finger {finger} was taken for {owner}"
            self.seen["credited"] += owner == finger

    def _write(self) -> None:
        # Rather a slot that is nobody's: doubts would empty the library.
        lost = [slot for slot in range(1, 12) if slot not in self._owner]
        slot = self._random.choice(lost or range(1, 12))
        finger = self._random.randrange(1, 12)
        new = template(finger, self._model, self._random.randrange(100))
        self._owner.pop(slot, None)  # nobody's until it is certain
        if self._random.random() < 0.1:
            self._library.erase(slot)
            assert slot not in self._line.flash.templates
            return
        self._library.write_template(slot, new)
        assert self._line.flash.templates[slot] == new
        assert self._library.read_template(slot) == new
        self._owner[slot] = finger

    def _note(self) -> None:
        page, data = self._random.randrange(16), self._random.randbytes(32)
        self._library.write_notepad(page, data)
        assert self._line.flash.notepad[page] == data


@pytest.mark.parametrize("model", one_in(2, MODELS))
def test_five_hundred_faulty_exchanges_each(model: str) -> None:
    _soak(seed=0, model=model, faults=500)


@pytest.mark.long
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seed", range(1, 25))
def test_many_more(model: str, seed: int) -> None:
    _soak(seed, model)


def _soak(seed: int, model: str, faults: int = 2000) -> None:
    soak = Soak(seed, model)
    soak.run(faults)
    # Nothing would be wrong either if nothing ever worked.
    assert soak.seen["credited"] > faults / 20
    assert soak.seen["_write"] > faults / 20
    assert soak.seen["_note"] > faults / 20


class Credulous(FrameParser):
    """Takes a packet for good whatever its checksum says."""

    def _take(self) -> Frame | None:
        size = self._size()
        frame = Frame(0xFFFFFFFF, Kind(self._held[6]), bytes(self._held[9 : size - 2]))
        del self._held[:size]
        return frame


class Careless(Stream):
    """Takes any data packets until one says that it is the last."""

    def takes(self, packet: Frame) -> bool:
        self.complete = packet.kind is Kind.END_DATA
        return True


def _not_at_all(link: Link, _: float) -> None:
    link._trusted = True
    link._stream = None


def _once(link: Link) -> None:
    link.ask(TEMPLATE_COUNT)


WEAKENED: dict[str, list[tuple[object, str, object]]] = {
    "the checksum is not looked at": [(link_module, "FrameParser", Credulous)],
    "any length will do": [(Instruction, "fits", lambda *_: True)],
    "bytes behind a reply do no harm": [(Line, "unread", lambda _: False)],
    "a second ack is not waited for": [(link_module, "_SETTLED", 0.0)],
    "no drain": [(Link, "_drain", _not_at_all)],
    "no password after a restart": [(Link, "check", lambda _: None)],
    "no fence": [(Link, "_fence", lambda _: None)],
    "one fence, however often it has failed": [(Link, "_fence", _once)],
}


@pytest.mark.parametrize("weakness", one_in(3, WEAKENED))
def test_a_weakened_link_is_caught(weakness: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for attribute in WEAKENED[weakness]:
        monkeypatch.setattr(*attribute)

    @settings(
        max_examples=4000,
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


def _index_alone(library: TemplateLibrary, slot: int, template: bytes) -> None:
    def write() -> None:
        library.write_buffer(1, template)
        library.link.ask(STORE, slot=slot, buffer=1)

    lost = library._carry_out(write)
    if slot not in library.slots():
        raise lost or SensorSilent("It was not written.")


def _page_unread(library: TemplateLibrary, page: int, data: bytes) -> None:
    library._carry_out(lambda: library.link.ask(WRITE_NOTEPAD, page=page, data=data))


def _of_any_size(library: TemplateLibrary, buffer: int) -> bytes:
    return library.link.receive(UP_CHAR, buffer=buffer)


CREDULOUS: dict[str, list[tuple[object, str, object]]] = {
    "the checksum is not looked at": WEAKENED["the checksum is not looked at"],
    "data of any shape": [
        (link_module, "Stream", Careless),
        (TemplateLibrary, "read_buffer", _of_any_size),
    ],
    "a template is believed for the index": [(TemplateLibrary, "write_template", _index_alone)],
    "a page is believed for its ack": [(TemplateLibrary, "write_notepad", _page_unread)],
}


@pytest.mark.parametrize("weakness", one_in(3, CREDULOUS))
def test_a_credulous_driver_is_caught(weakness: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for attribute in CREDULOUS[weakness]:
        monkeypatch.setattr(*attribute)

    with pytest.raises((AssertionError, IndexError)):
        Soak(1, "r307").run(faults=5000)


def test_a_line_that_was_bad_for_long_is_soon_trusted_again() -> None:
    line = Line([Mishap.NONE, Mishap.REPLY_LOST] * 200)  # VfyPwd is answered, TemplateCount is not
    with patch.object(link_module, "time", line):
        library = _library(line)
        for _ in range(20):
            with pytest.raises(SensorFault):
                library.link.recover()
        line.mishaps = iter(())
        began = line.monotonic()
        library.link.recover()
        assert line.monotonic() - began < 1


def test_a_link_in_doubt_asks_nothing() -> None:
    line = Line([Mishap.NONE] * 4 + [Mishap.STRAY_BEHIND])
    with patch.object(link_module, "time", line):
        library = _library(line)
        with pytest.raises(SensorGarbled, match="in doubt: recover it first"):
            library.link.ask(GEN_IMG)
        library.link.recover()
