"""Keys to lines: whole, or none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.gate.reader.keyboard import EV_KEY, LONGEST, PATIENCE_S, Key, Keyboard, Line

from .keys import CODES, KEYPAD, KEYPAD_ENTER, PERSON_S, READER_S, typed

CTRL, BACKSPACE, ESC, F1, NUM_LOCK = 29, 14, 1, 59, 69
DROPPED = Key(0, 3, 0, 0.0)


def lines(keys: list[Key], keyboard: Keyboard | None = None) -> list[Line]:
    keyboard = keyboard or Keyboard(0.0)
    return [line for key in keys if (line := keyboard.feed(key)) is not None]


def texts(keys: list[Key]) -> list[str | None]:
    return [line.text for line in lines(keys)]


def key(code: int, at: float, value: int = 1) -> Key:
    return Key(EV_KEY, code, value, at)


@pytest.mark.parametrize(
    "text", ["0012345678", "EA1:K7X2", "a_B-c.D/9", "".join(sorted(CODES)).strip()]
)
def test_what_a_reader_types_is_read(text: str) -> None:
    [line] = lines(list(typed(text, 10.0)))
    assert (line.text, line.quick) == (text, True)


def test_what_a_person_types_at_a_keypad_is_read_and_not_quick() -> None:
    keys = [key(KEYPAD[digit], 10 + n * PERSON_S) for n, digit in enumerate("4711")]
    [line] = lines([*keys, key(KEYPAD_ENTER, 12.0)])
    assert (line.text, line.quick) == ("4711", False)


def test_one_slow_key_makes_a_line_a_persons() -> None:
    keys = [*typed("12345", 10.0, end=None), *typed("67890", 10.3)]
    [line] = lines(keys)
    assert (line.text, line.quick) == ("1234567890", False)


def test_half_a_line_is_forgotten() -> None:
    keys = [*typed("111111", 10.0, end=None), *typed("222222", 10 + PATIENCE_S + 1)]
    assert texts(keys) == ["222222"]


def test_time_that_runs_back_forgets_a_line() -> None:
    assert texts([*typed("111111", 10.0, end=None), *typed("222222", 9.0)]) == ["222222"]


def test_corrections_and_locks() -> None:
    keys = [*typed("47", 10.0, PERSON_S, end=None), key(BACKSPACE, 11.0), key(NUM_LOCK, 11.1)]
    assert texts([*keys, *typed("2", 11.4, PERSON_S)]) == ["42"]
    keys = [*typed("47", 10.0, PERSON_S, end=None), key(ESC, 11.0), *typed("15", 11.4, PERSON_S)]
    assert texts(keys) == ["15"]


@pytest.mark.parametrize(
    "spoil",
    [
        [key(F1, 10.5)],
        [key(CTRL, 10.5), *typed("j", 10.5, end=None), key(CTRL, 10.5, 0)],
        list(typed("x" * (LONGEST + 1), 10.5, end=None)),
    ],
    ids=["no character", "with Ctrl", "too long"],
)
def test_what_is_not_understood_spoils_its_line_and_no_other(spoil: list[Key]) -> None:
    keys = [*typed("123456", 10.0, end=None), *spoil, *typed("789", 12.0)]
    assert texts([*keys, *typed("424242", 13.0)]) == [None, "424242"]


def test_nothing_but_enter_is_no_line() -> None:
    assert texts([key(28, 10.0), key(28, 11.0)]) == []


def test_the_end_of_a_code_under_way_at_the_beginning_is_no_line() -> None:
    """Plugged in, or opened, in the middle of a card: what is left of it could be another card."""
    keyboard = Keyboard(10.0)
    assert lines(list(typed("567890", 10.01)), keyboard) == []
    [line] = lines(list(typed("1234567890", 11.0)), keyboard)
    assert line.text == "1234567890"


def test_lost_keys_cost_the_line_they_were_in() -> None:
    """The kernel says that it has dropped some (SYN_DROPPED)."""
    keys = [*typed("1234", 10.0, end=None), DROPPED, *typed("567890", 10.03)]
    assert texts([*keys, *typed("424242", 13.0)]) == ["424242"]


CARDS = st.text("0123456789", min_size=6, max_size=12)


@given(CARDS, st.data())
@settings(max_examples=300)
def test_of_a_line_cut_anywhere_nothing_is_read(card: str, data: st.DataObject) -> None:
    """Its first keys were lost in silence, by a device opened late: never the rest as a card."""
    keys = list(typed(card, 10.0))
    cut = data.draw(st.integers(1, len(keys) - 1))
    assert lines(keys[cut:], Keyboard(keys[cut].at - READER_S)) == []


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 2), st.floats(0, 6)), max_size=300))
@settings(max_examples=300)
def test_garbage_ends_in_bounded_lines(events: list[tuple[int, int, float]]) -> None:
    at, keys = 1.0, []
    for code, value, gap in events:
        at += gap
        keys.append(key(code, at, value))
    assert all(line.text is None or 0 < len(line.text) <= LONGEST for line in lines(keys))
