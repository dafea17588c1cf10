"""Whose press it was: as much as the settings allow, and nothing that does harm."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.display.cards import harmless, whose

HOA = "Nguyễn Thị Hoa"


def test_as_much_as_is_allowed() -> None:
    assert whose("NV7", HOA, "name") == HOA
    assert whose("NV7", HOA, "code") == "NV7"
    assert whose("NV7", HOA, "initials") == "N.T.H."
    assert whose("NV7", HOA, "nothing") == ""
    assert whose("NV7", None, "initials") == "NV7"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Nguyễn Phúc Hoàng Thị Phương Thảo Nguyên Khánh Linh",) * 2,
        ("  Lò\tThị \n Mây ", "Lò Thị Mây"),
        ("\x1b[31mHoa\x1b[0m", "[31mHoa[0m"),
        ("Hoa \u202eạohT\u202c", "Hoa ạohT"),
        ("\u2066Hoa\u2069\u200f", "Hoa"),
        ("<b>Hoa</b>", "<b>Hoa</b>"),
        ("Hoa\x00\x07", "Hoa"),
        ("Ho\u0300\u0301\u0302\u0303\u0304\u0305a", "Hò\u0301\u0302a"),
        (unicodedata.normalize("NFD", "Phạm Thị Phượng"), "Phạm Thị Phượng"),
    ],
)
def test_names(written: str, shown: str) -> None:
    assert harmless(written) == shown


@given(st.text(max_size=300))
def test_whatever_a_name_is_made_of(text: str) -> None:
    shown = harmless(text)
    assert len(shown) <= 80
    assert not [char for char in shown if unicodedata.category(char)[0] == "C"]
    assert shown == shown.strip()
    assert whose(text, text, "initials") is not None
