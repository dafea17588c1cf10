"""A closed month does not change: what comes later is told, and goes into a supplement."""

import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.contract.errors import BadRequest
from edge_agent.receiver.databases import open_database
from edge_agent.receiver.office.closing.close import close, every_closing, shown_numbers
from edge_agent.receiver.office.closing.numbers import worked_seconds
from edge_agent.receiver.office.journal import Who
from edge_agent.receiver.office.period import period_of
from edge_agent.receiver.office.settle.items import Item, Proposal, Step
from edge_agent.receiver.office.settle.settle import take

from .conftest import TODAY
from .office_desk import WHO, Desk
from .test_effects import CODE, Ledger

OVER = "2026-12-03T01:00:00.000Z"
MONTH = ["--month", "2026-11"]
PERIOD = period_of("2026-11", None, None)


@pytest.fixture(autouse=True)
def december(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.cli.receive_correct.now", lambda: OVER)
    monkeypatch.setattr("edge_agent.cli.receive_settle.now", lambda: OVER)


@pytest.fixture
def desk(database: str) -> Desk:
    """Two workers, two days."""
    a = Ledger("a")
    for day in ("23", "24"):
        for code in (CODE, "0007"):
            a.punch(f"{day} 07:0{int(code == CODE)}", "in", code=code)
            a.punch(f"{day} 16:0{int(code == CODE)}", "out", code=code)
    desk = Desk(database)
    desk.take(a)
    return desk


def shown(desk: Desk) -> dict[str, int]:
    """What the month's sheet pays, in minutes."""
    with closing(open_database(desk.database, alone=False)) as database:
        found = shown_numbers(database, PERIOD)
    return {code: worked_seconds(one.sessions) // 60 for code, one in found.items()}


def test_a_month_without_anybody_is_hardly_meant(desk: Desk) -> None:
    """Another database, or another month: its closing could not be opened again."""
    asked = ("close", "--month", "2026-10", *WHO)
    refused = desk.receive(*asked)
    assert (refused.exit_code, "right database" in refused.output) == (65, True)
    assert desk.receive("closings", "--json").stdout == "[]\n"
    assert desk.receive(*asked, "--force").exit_code == 0


def test_seconds_are_summed_and_unpaid_breaks_are_not_paid() -> None:
    """As in the sheet; a file has whole minutes only."""
    assert (
        worked_seconds(
            [
                {"status": "complete", "minutes": 479, "seconds": 28_799, "break_seconds": 3600},
                {"status": "complete", "minutes": 60},
                {"status": "manual", "minutes": None, "seconds": None, "break_seconds": 0},
            ]
        )
        == 28_799 - 3600 + 3600
    )


def late(desk: Desk) -> None:
    """A gate that was offline brings another day."""
    b = Ledger("b", gate="far")
    b.punch("25 07:00", "in")
    b.punch("25 12:00", "out")
    desk.take(b)


def test_a_closed_month_stays_and_the_late_go_into_a_supplement(desk: Desk) -> None:
    assert "2026-11 is closed: 2 workers." in desk.done("close", *MONTH, *WHO)
    assert shown(desk) == {CODE: 1080, "0007": 1080}
    assert desk.json("diff", *MONTH) == []
    late(desk)
    assert "goes into a supplement" in desk.done("correct", "void", "a", "3", *WHO)
    assert shown(desk) == {CODE: 1080, "0007": 1080}
    told = desk.receive("diff", *MONTH)
    assert (told.exit_code, "2 workers, -240 min." in told.output) == (1, True), told.output
    found = desk.json("diff", *MONTH)
    assert [(one["code"], one["date"], one["minutes"]) for one in found] == [
        ("0007", "2026-11-23", -540),
        (CODE, "2026-11-25", 300),
    ]
    assert found[1]["came"] == [{"ledger": "b", "seq": 1}, {"ledger": "b", "seq": 2}]
    assert found[0]["went"] == [{"ledger": "a", "seq": 3}]
    desk.done("close", *MONTH, "--supplement", "--force", *WHO)
    assert shown(desk) == {CODE: 1080, "0007": 1080}
    assert desk.json("diff", *MONTH) == []
    assert desk.json("diff", *MONTH, "--supplement", "1") == found
    assert [(row["period"], row["supplement"]) for row in desk.json("closings")] == [
        ("2026-11", 0),
        ("2026-11", 1),
    ]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--month", "2026-11"], "is closed, by office-1"),
        (["--from", "2026-10-26", "--to", "2026-11-25"], "has days of 2026-11"),
        (["--month", "2026-12"], "is not over"),
        (["--month", "2026-11", "--supplement"], "Nothing of 2026-11 has changed"),
        (["--month", "2026-10", "--supplement"], "is not closed"),
    ],
)
def test_what_cannot_be_closed_is_told(desk: Desk, arguments: list[str], why: str) -> None:
    desk.done("close", *MONTH, *WHO)
    assert why in desk.refused("close", *arguments, *WHO)
    assert len(desk.json("closings")) == 1


def test_the_day_of_a_closing_is_the_offices(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    early = "2026-12-02T23:00:00.000Z"  # Six in the morning of the third.
    monkeypatch.setattr("edge_agent.cli.receive_correct.now", lambda: early)
    desk.done("close", *MONTH, *WHO)
    assert "by office-1 on 2026-12-03" in " ".join(desk.refused("close", *MONTH, *WHO).split())


def test_not_while_something_is_left_to_settle(desk: Desk) -> None:
    a = Ledger("c")
    a.write("punch.recorded")
    desk.take(a)
    assert "1 thing of 2026-11 is left to settle" in desk.refused("close", *MONTH, *WHO)
    assert "1 thing was left to settle" in desk.done("close", *MONTH, "--force", *WHO)
    assert [row["left"] for row in desk.json("closings")] == [1]


def test_a_closing_comes_back_with_its_journal(desk: Desk) -> None:
    """Without its database; the journal without its last line, or the end or begin of one."""
    if "://" in desk.database:
        pytest.skip("the file lies elsewhere: test_journal")
    desk.done("close", *MONTH, *WHO)
    journal = Path(desk.database + ".corrections")
    whole = journal.read_bytes()
    for content, closed in (
        (whole, 1),
        (whole[: whole.rindex(b"{")], 0),
        (whole[:-20], 0),
        (b"#" + whole, 0),
    ):
        for suffix in ("", "-wal", "-shm"):
            Path(desk.database + suffix).unlink(missing_ok=True)
        journal.write_bytes(content)
        late(desk)
        assert len(desk.json("closings")) == closed
        if closed:
            assert shown(desk) == {CODE: 1080, "0007": 1080}


_KILLED = """
import os, signal, sys
from edge_agent.receiver.databases import open_database
from edge_agent.receiver.office import journal
from edge_agent.receiver.office.closing.close import close
from edge_agent.receiver.office.period import period_of

journal.keep_journal = lambda _: os.kill(os.getpid(), signal.SIGKILL)
who = journal.Who("2026-12-03T01:00:00.000Z", "office-1", "x")
period = period_of("2026-11", None, None)
close(open_database(sys.argv[1], alone=False), who, period, force=False)
"""


def test_a_kill_between_database_and_journal_loses_nothing(desk: Desk) -> None:
    if "://" in desk.database:
        pytest.skip("the file lies elsewhere: test_journal")
    killed = subprocess.run([sys.executable, "-c", _KILLED, desk.database], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not Path(desk.database + ".corrections").exists()
    assert len(desk.json("closings")) == 1
    assert Path(desk.database + ".corrections").read_text().count("\n") == 3


def test_it_is_closed_once_by_two_at_once(desk: Desk) -> None:
    def attempt(_: int) -> bool:
        with closing(open_database(desk.database, alone=False)) as database:
            try:
                close(database, Who(OVER, "office-1", "x"), PERIOD, force=False)
            except BadRequest:
                return False
            return True

    with ThreadPoolExecutor(3) as clerks:
        assert sorted(clerks.map(attempt, range(3))) == [False, False, True]
    with closing(open_database(desk.database, alone=False)) as database:
        assert len(every_closing(database)) == 1


def test_the_months_file_shows_what_was_closed(desk: Desk, tmp_path: Path) -> None:
    def exported(name: str) -> str:
        file = tmp_path / name
        desk.done("export", *MONTH, "--format", "csv", "--output", str(file))
        return file.read_text("utf-8-sig")

    before = exported("before.csv")
    desk.done("close", *MONTH, *WHO)
    late(desk)
    desk.done("correct", "void", "a", "3", *WHO)
    assert exported("after.csv") == before
    other = tmp_path / "other.csv"
    days = ["--from", "2026-11-24", "--to", "2026-12-01"]
    desk.done("export", *days, "--format", "csv", "--output", str(other))
    assert other.read_text("utf-8-sig").splitlines()[1:] == [
        line for line in before.splitlines() if ",2026-11-24," in line
    ]


def test_two_clerks_choose_the_same_at_once(desk: Desk) -> None:
    a = Ledger("day")
    a.punch("26 06:00", "in", code="ALONE")
    desk.take(a)
    (item,) = desk.items()
    step = Step(what="add", code="ALONE", at="2026-11-26T16:00", direction="out")
    one_way = Item(key=item["key"], kind="missing", proposals=[Proposal(name="add", steps=[step])])

    def choose(_: int) -> bool:
        with closing(open_database(desk.database, alone=False)) as database:
            try:
                take(database, Who(OVER, "office-1", "x"), one_way, 1)
            except BadRequest:
                return False
            return True

    with ThreadPoolExecutor(3) as clerks:
        assert sorted(clerks.map(choose, range(3))) == [False, False, True]
    assert desk.items() == []


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_what_came_since_a_file_or_a_day_is_told(desk: Desk, kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"month.{kind}"
    desk.done("export", *MONTH, "--format", kind, "--output", str(file))
    assert desk.json("diff", *MONTH, "--since", str(file)) == []
    assert desk.json("diff", *MONTH, "--since", "2026-11-24") == []
    late(desk)
    for since in (str(file), "2026-11-23"):
        found = desk.json("diff", *MONTH, "--since", since)
        late_one = [one for one in found if one["date"] == "2026-11-25"]
        assert [(one["code"], one["minutes"]) for one in late_one] == [(CODE, 300)]
    assert len(desk.json("diff", *MONTH, "--since", "2026-11-23")) == 5
    told = desk.receive("diff", *MONTH, "--since", str(tmp_path / "none.xlsx"))
    assert told.exit_code == 65


@pytest.fixture
def many(desk: Desk) -> Callable[[], None]:
    def take() -> None:
        for place in range(4):
            ledger = Ledger(f"many{place}")
            for hour in range(0, 22, 2):
                for day in range(1, 29):
                    ledger.punch(f"{day:02} {hour:02}:00", "in", code="LONG")
                    ledger.punch(f"{day:02} {hour:02}:0{place + 1}", "out", code="LONG")
            desk.take(ledger)

    return take


def test_rows_are_short_enough_for_a_spreadsheet(
    desk: Desk, many: Callable[[], None], tmp_path: Path
) -> None:
    many()
    desk.done("close", *MONTH, "--force", *WHO)
    before = shown(desk)
    with closing(open_database(desk.database, alone=False)) as database:
        ((longest, rows),) = database.query(
            "SELECT MAX(LENGTH(details)), COUNT(*) FROM corrections WHERE what = 'closed'"
        )
    assert longest <= 32_000
    assert rows > 5
    file = tmp_path / "month.xlsx"
    desk.done("export", *MONTH, "--output", str(file))
    fresh = Desk(str(tmp_path / "fresh.db"))
    fresh.take(Ledger("a"))
    fresh.done("correct", "import", str(file))
    assert shown(fresh) == before


assert TODAY < OVER
