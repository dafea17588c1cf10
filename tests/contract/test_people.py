"""Codes, names and fingers, as people type them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.errors import BadRequest
from edge_agent.contract.people import (
    FINGERS,
    Holders,
    another_person,
    checked_code,
    checked_finger,
    checked_name,
    look_alikes,
    look_alikes_among,
)


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


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Nguyễn Thị Hoa", "Nguyễn Thị Hòa"),
        ("Nguyễn Thị Hoa", "NGUYEN THI HOA"),
        ("Nguyễn Thị Hoa", "Hoa Nguyễn Thị"),
        ("Nguyễn Thị Hoa", "Nguyễn Hoa"),
        ("Nguyễn Thị Hoa", "Trần Thị Hoa"),
        ("Nguyễn Văn Thành", "Nguyễn Văn Thàhn"),
        ("Nguyễn Văn Thành", "Nguyễn Văn Thàn"),
        ("Nguyễn Thị Hồng Nhung Hai", "Nguyễn Thị Hồng Nhung Ba"),
        ("Trần Văn Minh", "Trần Văn Minh Đức"),
    ],
)
def test_a_corrected_name_is_the_same_person_s(name: str, other: str) -> None:
    assert not another_person(name, other)
    assert not another_person(other, name)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Nguyễn Thị Hoa", "Trần Văn Minh"),
        ("Nguyễn Thị Hoa", "Nguyễn Thị Lan"),
        ("Nguyễn Thị Hoa", "Trần Văn Hoa"),
        ("Nguyễn Thị Hồng Nhung", "Nguyễn Thị Hồng Lan"),
        ("Nguyễn Văn An", "Nguyễn Văn Bình"),
        ("Lan", "Hoa"),
        ("Lan", "Lan Anh"),
    ],
)
def test_another_name_is_another_person_s(name: str, other: str) -> None:
    assert another_person(name, other)
    assert another_person(other, name)


LOOK_ALIKE = [
    ("NV0042", "nv0042"),
    ("NV0042", "NV42"),
    ("NV0042", "NVO042"),
    ("NV0042", "ＮＶ００４２"),
    ("NV0042", "ΝV0042"),  # a Greek Nu
    ("TC1", "ТС1"),  # Cyrillic
    ("NV1", "NVl"),
    ("NV1", "NV-1"),
    ("Đ1", "D1"),
    ("7", "007"),
    ("7", "７"),
    ("0", "00"),
]


@pytest.mark.parametrize(("code", "other"), LOOK_ALIKE)
def test_codes_that_people_take_for_each_other(code: str, other: str) -> None:
    assert look_alikes(code, [other, code, "TV9"]) == [other]
    assert look_alikes(other, [other, code, "TV9"]) == [code]
    found = {code: [other], other: [code]}
    assert look_alikes_among([other, code, "TV9"]) == found
    assert look_alikes_among([other, code, code, "TV9", "TV9"]) == found


@pytest.mark.parametrize(("code", "other"), [("NV1", "NV10"), ("NV1", "TV1"), ("1", "11")])
def test_codes_that_differ(code: str, other: str) -> None:
    assert look_alikes(code, [other]) == []


def test_a_code_was_somebody_else_s_before() -> None:
    holders = Holders({"007": "Ba", "008": "Tư"}, [("007", "Nhì", 20), ("007", "Nhất", 10)])
    assert [holders.at("007", place) for place in (9, 10, 19, 20)] == ["Nhất", "Nhì", "Nhì", "Ba"]
    assert (holders.at("008", 0), holders.at("009", 0)) == ("Tư", None)
