"""A worker's own day: what was pressed, how long that was, and an *out* that nobody pressed."""

from msgspec import structs

from edge_agent.contract.facts import Direction, PunchVoided
from edge_agent.contract.stamps import Stamp, parse_time
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.ledger.worker_day import DayPress, WorkerDay, worker_day

from .ledgers import NOON, ZONE, append, later, punch, unsynced

IN, OUT = Direction.IN, Direction.OUT


def at(moment: str) -> Stamp:
    """The stamp of a local time, such as ``27T06:58``, of November 2026."""
    return later(parse_time(f"2026-11-{moment}:00+07:00") - NOON.wall_ms)


def press(store: SqliteStore, moment: str, way: Direction | None = None) -> int:
    return append(store, punch("007", way), at(moment)).seq


def day(store: SqliteStore, code: str = "007") -> WorkerDay:
    return worker_day(store, code, ZONE)


def times(told: WorkerDay) -> list[str]:
    return [one.at[8:16] for one in told.presses if one.at]


def test_a_day_with_directions(store: SqliteStore) -> None:
    press(store, "27T06:58", IN)
    append(store, punch("008", IN), at("27T07:00"))
    press(store, "27T11:30", OUT)
    press(store, "27T12:28", IN)
    told = day(store)
    assert times(told) == ["27T06:58", "27T11:30", "27T12:28"]
    assert [one.direction for one in told.presses] == ["in", "out", "in"]
    assert (told.worked_min, told.open_day) == (4 * 60 + 32, None)


def test_yesterdays_out_is_missing(store: SqliteStore) -> None:
    press(store, "26T06:58", IN)
    press(store, "27T06:57", IN)
    told = day(store)
    assert (times(told), told.open_day) == (["27T06:57"], "2026-11-26")


def test_yesterday_was_closed_or_nobody_says_which_way(store: SqliteStore) -> None:
    press(store, "25T06:58")
    press(store, "26T06:58", IN)
    press(store, "26T17:00", OUT)
    press(store, "27T06:57", IN)
    assert day(store).open_day is None
    append(store, punch("008"), at("26T06:58"))
    append(store, punch("008"), at("27T06:58"))
    assert day(store, "008") == WorkerDay(presses=[DayPress("2026-11-27T06:58:00.000+07:00", None)])


def test_a_day_that_begins_with_an_out_may_be_the_end_of_the_last(store: SqliteStore) -> None:
    press(store, "26T18:00", IN)
    press(store, "27T09:00", OUT)
    assert day(store).open_day is None


def test_a_night_shift_is_one_day(store: SqliteStore) -> None:
    press(store, "26T22:00", IN)
    press(store, "27T06:00", OUT)
    told = day(store)
    assert (times(told), told.worked_min) == (["26T22:00", "27T06:00"], 480)


def test_what_a_supervisor_withdrew_is_no_press(store: SqliteStore) -> None:
    first = press(store, "27T06:50", IN)
    append(store, PunchVoided(of=first, worker="007", reason="x", actor="uid:0"), at("27T06:52"))
    press(store, "27T06:58", IN)
    assert times(day(store)) == ["27T06:58"]


def test_two_ins_in_a_row_are_no_sum(store: SqliteStore) -> None:
    press(store, "27T06:58", IN)
    press(store, "27T09:00", IN)
    assert day(store).worked_min is None


def test_a_press_whose_time_is_not_known_belongs_to_no_day(store: SqliteStore) -> None:
    press(store, "26T06:58", IN)
    append(store, punch("007", None), unsynced(1000, boot="b"))
    assert day(store) == WorkerDay(presses=[DayPress(None, None)])


def test_only_the_last_entries_are_looked_through(store: SqliteStore) -> None:
    """A gate that has never known the time must not read its ledger through for a page."""
    press(store, "27T06:58", IN)
    with store.changing() as change:
        for number in range(3000):
            change.append(punch("008"), structs.replace(at("27T07:00"), boottime_ms=number))
    assert day(store) == WorkerDay(presses=[])
    assert len(day(store, "008").presses) == 3000


def test_nobody(store: SqliteStore) -> None:
    assert day(store, '7","worker":"8') == WorkerDay(presses=[])
