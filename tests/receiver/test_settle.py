"""The list of what is to be decided: each kind of item, and that its commands settle it."""

import pytest

from .office_desk import Desk
from .test_effects import Ledger


@pytest.fixture
def desk(database: str) -> Desk:
    return Desk(database)


def test_an_empty_month_can_be_signed(desk: Desk) -> None:
    desk.take(Ledger("a"))
    assert desk.items() == []
    told = desk.receive("settle", "--month", "2026-11")
    assert (told.exit_code, told.stdout) == (0, "2026-11: không còn việc nào. Có thể ký.\n")
