"""A month in a database, and commands on it."""

from collections.abc import Callable
from contextlib import closing

import msgspec
import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.receiver.store import PayrollStore
from tests.receiver.test_effects import AT, Ledger

WHO = ["--actor", "office-1", "--reason", "đơn xin nghỉ"]

NAMES = {"NV0001": "Nguyễn Thị Ánh", "0007": "Ma Văn Đô", "NV0003": "Lý A Páo", "NEW1": "Sau"}


@pytest.fixture
def receive(database: str) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        """In English, but for the sheet, and where another language is asked for."""
        language = [] if arguments[0] == "sheet" or "--lang" in arguments else ["--lang", "en"]
        asked = [*language, "receive", *arguments, "--database", database]
        return CliRunner().invoke(main, asked)

    return run


@pytest.fixture
def worked(database: str) -> Ledger:
    """Two who come every weekday of a week, one of whom forgets a noon; one who never does."""
    a = Ledger("a", "cong-chinh")
    for day in range(16, 22):
        for clock, way in (("06:00", "in"), ("11:30", "out"), ("12:30", "in"), ("18:00", "out")):
            a.punch(f"{day} {clock}", way)
            if (day, clock) != (16, "11:30"):
                a.punch(f"{day} {clock}", way, code="0007")
    workers = [RosterWorker(code=code, name=name) for code, name in NAMES.items() if code != "NEW1"]
    workers += [
        RosterWorker(code="NEW1", name="Sau", valid_from="2026-12-01"),
        RosterWorker(code="NV0042", name="Trần Văn Minh"),
        RosterWorker(code="GONE", name="Đi", active=False),
    ]
    with closing(PayrollStore(database)) as store:
        store.take(a.arrivals, AT)
        store.apply_roster(msgspec.json.encode(Roster(version=1, workers=workers)), AT)
    return a
