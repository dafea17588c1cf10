"""Codes, names and fingers, as people type them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.errors import BadRequest
from edge_agent.contract.people import FINGERS, checked_code, checked_finger, checked_name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("007", "007"),
        ("0", "0"),
        ("NV0042", "NV0042"),
        (" NV0042\n", "NV0042"),
        ("a.b_c-d", "a.b_c-d"),
        ("Đa\u0302\u0301", "Đấ"),
        ("9" * 32, "9" * 32),
    ],
)
def test_codes_are_kept_as_they_are(typed: str, kept: str) -> None:
    assert checked_code(typed) == kept
    assert checked_code(kept) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "9" * 33,
        "9" * 100_000,
        "-7",
        "--code",
        ".",
        "..",
        "_7",
        "a b",
        "a+b",
        "+",
        "#",
        "a/b",
        "$SYS",
        "a\x00b",
        "a\nb",
        "a\x1b[31m",
        "a\u202eb",  # right-to-left override
        "a\u200bb",  # zero-width space
        "a\ud800b",
        "\u0301",
        "a\ufeffb",
    ],
)
def test_what_is_no_code(typed: str) -> None:
    with pytest.raises(BadRequest, match="is not an employee code: use 1 to 32"):
        checked_code(typed)


@given(st.text() | st.text("0aĐê\u0301+#/$-._ \n\x00", max_size=40))
def test_a_code_that_is_taken_is_safe_everywhere(typed: str) -> None:
    try:
        code = checked_code(typed)
    except BadRequest:
        return
    assert 1 <= len(code) <= 32
    assert not set(code) & set("+#/$ \\'\"\0\n\x1b")
    assert code[0].isalnum()
    assert code.isprintable()
    assert unicodedata.is_normalized("NFC", code)
    assert checked_code(code) == code


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Nguyễn   Thị  Lan ", "Nguyễn Thị Lan"),
        (unicodedata.normalize("NFD", "Trần Đức Việt"), "Trần Đức Việt"),
        ("O'Brien, Jr.", "O'Brien, Jr."),
        ("a\tb\nc", "a b c"),
    ],
)
def test_names(typed: str, kept: str) -> None:
    assert checked_name(typed) == kept


@pytest.mark.parametrize("typed", ["", " \n", "x" * 101, "a\x00", "a\x1b[2J", "a\u202eb", "\ud800"])
def test_what_is_no_name(typed: str) -> None:
    with pytest.raises(BadRequest, match="is not a name: use 1 to 100"):
        checked_name(typed)


def test_fingers_are_those_of_the_standard_in_its_order() -> None:
    assert FINGERS[0] == "right-thumb"
    assert FINGERS[4] == "right-little"
    assert FINGERS[5] == "left-thumb"
    assert FINGERS[9] == "left-little"
    assert [checked_finger(finger) for finger in FINGERS] == list(FINGERS)


@pytest.mark.parametrize("typed", ["", "right index", "RIGHT-INDEX", "right-index\n", "toe"])
def test_what_is_no_finger_is_answered_with_the_names_there_are(typed: str) -> None:
    with pytest.raises(BadRequest, match="use one of right-thumb, right-index"):
        checked_finger(typed)
