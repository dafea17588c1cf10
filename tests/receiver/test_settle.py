"""The list of what is to be decided: each kind of item, and that its commands settle it."""

import shlex
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from edge_agent.contract.messages import RosterWorker
from edge_agent.receiver.roster.known_workers import know_workers
from edge_agent.receiver.store import PayrollStore
from edge_agent.receiver.worktime.known_shifts import apply_shifts
from edge_agent.receiver.worktime.shifts import Break, Shift

from .office_desk import WHO, Desk
from .test_effects import AT, CODE, Ledger, opened

LATER = "2026-12-02T01:00:00.000Z"
DAY = Shift(
    code="HC", begin="06:00", end="18:00", breaks=(Break(begin="11:30", end="12:30", pressed=True),)
)


@pytest.fixture(autouse=True)
def december(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.cli.receive_correct.now", lambda: LATER)
    monkeypatch.setattr("edge_agent.cli.receive_settle.now", lambda: LATER)


@pytest.fixture
def desk(database: str) -> Desk:
    return Desk(database)


def shifts(desk: Desk) -> None:
    with closing(PayrollStore(desk.database)) as store:
        apply_shifts(store._database, [DAY], actor="office-1", made_at=AT, zone="Asia/Ho_Chi_Minh")


def presses(ledger: Ledger, day: str, *times: str, code: str = CODE) -> None:
    for time in times:
        ledger.punch(f"{day} {time}", code=code)


def test_a_month_in_which_nothing_is_left_can_be_signed(desk: Desk) -> None:
    a = Ledger("a")
    presses(a, "23", "06:00", "11:30", "12:30", "18:00")
    a.write("gate.alive", "2026-12-01T00:10:00.000+07:00", recording=True, version="1")
    desk.take(a)
    shifts(desk)
    assert desk.items() == []
    desk.language = "vi"
    told = desk.receive("settle", "--month", "2026-11")
    assert (told.exit_code, told.stdout) == (0, "2026-11: không còn việc nào. Có thể ký.\n")


def test_a_month_of_which_a_gate_still_holds_presses_is_not_called_fit_to_be_signed(
    desk: Desk,
) -> None:
    a = Ledger("a")
    presses(a, "23", "06:00", "11:30", "12:30", "18:00")
    desk.take(a)
    shifts(desk)
    assert desk.items() == []
    desk.language = "vi"
    told = desk.done("settle", "--month", "2026-11")
    assert "Có thể ký" not in told
    assert "còn cổng chưa gửi hết kỳ này: đợi cổng gửi rồi hãy ký" in told.replace("\n", " ")
    until = "Cổng main-gate: đã đủ đến 23/11/2026 18:00; sau đó chưa nhận được gì."
    assert told.splitlines()[-1] == until
    found = desk.json("settle", "--month", "2026-11")["not_delivered"]
    assert [(one["gate"], one["until"][:16], one["lacking"]) for one in found] == [
        ("main-gate", "2026-11-23T18:00", "later")
    ]
    assert until in desk.done("close", "--month", "2026-11", *WHO)


@pytest.mark.parametrize(
    ("month", "told", "refused"),
    [
        ("2026-11", "không có ai làm hay nghỉ phép, chưa có gì để ký", "không có ai làm"),
        ("2026-12", "nhưng kỳ này chưa hết: ký và khóa sau ngày 31/12/2026", "chưa hết"),
    ],
)
def test_what_close_refuses_is_not_called_fit_to_be_signed(
    desk: Desk, month: str, told: str, refused: str
) -> None:
    desk.take(Ledger("a"))
    assert desk.items(month) == []
    desk.language = "vi"
    said = desk.done("settle", "--month", month).replace("\n", " ")
    assert told in said
    assert "Có thể ký" not in said
    assert refused in desk.refused("close", "--month", month, *WHO)


def forgotten(desk: Desk) -> None:
    a = Ledger("a")
    presses(a, "23", "06:00", "11:30", "18:00")
    desk.take(a)
    shifts(desk)


def extra(desk: Desk) -> None:
    a = Ledger("a")
    presses(a, "23", "06:00", "11:30", "12:30", "15:00", "18:00")
    desk.take(a)
    shifts(desk)


def without_shifts(desk: Desk) -> None:
    a = Ledger("a")
    presses(a, "23", "06:00", "11:30", "18:00")
    desk.take(a)


def undated(desk: Desk) -> None:
    a = Ledger("a")
    presses(a, "20", "06:00", "18:00")
    lost = a.punch(None, code="NV0001")
    presses(a, "23", "06:00", "18:00")
    a.write("punch.time-resolved", None, of=lost, not_before=None, not_after=None, final=True)
    desk.take(a)


def pending(desk: Desk) -> None:
    a = Ledger("a")
    presses(a, "20", "06:00", "18:00")
    a.punch(None, code="NV0001")
    presses(a, "23", "06:00", "18:00")
    desk.take(a)


def unknown(desk: Desk) -> None:
    _with_roster(desk, "NV9999")


def mistyped(desk: Desk) -> None:
    _with_roster(desk, "nv0042")


def _with_roster(desk: Desk, stranger: str) -> None:
    with closing(PayrollStore(desk.database)) as store:
        know_workers(store._database, [RosterWorker(code=CODE, name="Hoa")])
    a = Ledger("a")
    presses(a, "23", "06:00", "18:00", code=stranger)
    desk.take(a)


def unreadable(desk: Desk) -> None:
    a = Ledger("a")
    presses(a, "20", "06:00", "18:00")
    a.write("punch.recorded")
    desk.take(a)


def forked(desk: Desk) -> None:
    a = Ledger("a")
    presses(a, "20", "06:00")
    twin = a.branch()
    presses(a, "20", "18:00")
    presses(twin, "20", "17:00")
    desk.take(a, twin)


def missing_entries(desk: Desk) -> None:
    a = Ledger("a")
    presses(a, "20", "06:00", "11:30", "12:00", "18:00")
    del a.arrivals[1:3]
    desk.take(a)


def renamed(desk: Desk) -> None:
    with closing(PayrollStore(desk.database)) as store:
        store._database.insert(
            "former_names", ("code", "name", "until_ms"), [(CODE, "Cũ", 1_795_392_000_000)]
        )


def claimed(desk: Desk) -> None:
    true, evil = Ledger("a"), Ledger("a", gate="a-gate-with-a-longer-name")
    opened(true)
    opened(evil)
    desk.take(evil, true)


def going_on(desk: Desk) -> None:
    a, b = Ledger("a"), Ledger("b", gate="a-gate-with-a-longer-name")
    opened(a)
    opened(b, "other-gate-id", previous=a)
    desk.take(a, b)


def going_on_twice(desk: Desk) -> None:
    going_on(desk)
    a = Ledger("a")
    opened(a)
    a.alive("24 08:00", "24 08:00")
    desk.take(a, at="2026-11-25T00:00:00.000Z")


ITEMS: dict[Callable[[Desk], None], str] = {
    forgotten: "not-covered",
    extra: "missing",
    without_shifts: "missing",
    undated: "no-time",
    pending: "pending-time",
    unknown: "unknown-worker",
    mistyped: "unknown-worker",
    unreadable: "unreadable",
    forked: "fork",
    missing_entries: "gap",
    renamed: "renamed",
    claimed: "other-writer",
    going_on: "successor",
    going_on_twice: "second-successor",
}


def proposals(desk: Desk, kind: str) -> list[dict[str, Any]]:
    (item,) = [one for one in desk.items() if one["kind"] == kind]
    found: list[dict[str, Any]] = item["proposals"]
    return found


@pytest.mark.parametrize("stage", ITEMS, ids=lambda stage: stage.__name__)
def test_each_proposal_settles_its_item(desk: Desk, stage: Callable[[Desk], None]) -> None:
    """One after another, each taken back before the next."""
    kind = ITEMS[stage]
    stage(desk)
    count = len(proposals(desk, kind))
    assert count >= 1
    before = 0
    for place in range(count):
        proposal = proposals(desk, kind)[place]
        missed = "09:00" if "--direction out" in proposal["command"] else "12:30"
        desk.follow(proposal["command"].replace("__:__", missed))
        assert kind not in desk.kinds(), proposal
        numbers = [row["number"] for row in desk.json("correct", "list") if row["what"] != "undo"]
        for number in sorted((one for one in numbers if one > before), reverse=True):
            desk.done("correct", "undo", str(number), *WHO)
        before = max(row["number"] for row in desk.json("correct", "list"))


@pytest.mark.parametrize("stage", ITEMS, ids=lambda stage: stage.__name__)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_list_is_read_in_80_columns(
    desk: Desk, stage: Callable[[Desk], None], language: str
) -> None:
    stage(desk)
    desk.language = language
    told = desk.receive("settle", "--month", "2026-11", "--actor", "office-1")
    assert told.exit_code == 1
    long = [line for line in told.stdout.splitlines() if len(line) > 80]
    assert all(desk.database in line for line in long), long
    assert "clerk." not in told.stdout


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("verb", ["keep", "choose"])
def test_what_is_decided_of_an_item_is_told_with_whose_it_is(
    desk: Desk, verb: str, language: str
) -> None:
    extra(desk)
    desk.know(CODE)
    item = next(one for one in desk.items() if one["code"] == CODE)
    complete = [place for place, one in enumerate(item["proposals"], 1) if one["complete"]]
    which = [] if verb == "keep" else [str(complete[0])]
    desk.language = language
    told = desk.done("correct", verb, item["key"], *which, "--month", "2026-11", *WHO)
    assert f"Tên {CODE}, {CODE}" in " ".join(told.split())
    assert "corrections" not in told  # It is one.


@pytest.mark.parametrize("stage", [undated, pending], ids=lambda stage: stage.__name__)
def test_what_has_no_date_is_in_every_month_it_may_belong_to(
    desk: Desk, stage: Callable[[Desk], None]
) -> None:
    stage(desk)
    kind = ITEMS[stage]
    assert kind in desk.kinds("2026-11")
    assert desk.kinds("2026-10") == desk.kinds("2026-12") == []


@pytest.mark.parametrize("why", ["gone", "left", "long-ago"])
def test_who_has_left_is_settled_by_what_is_printed(
    desk: Desk, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(PayrollStore(desk.database)) as store:
        worker = RosterWorker(code=CODE, name="Hoa", active=why != "gone",
                              valid_to="2026-11-01" if why == "left" else None)  # fmt: skip
        know_workers(store._database, [worker])
    if why == "long-ago":
        for module in ("receive_correct", "receive_settle"):
            now = "2027-03-01T00:00:00.000Z"
            monkeypatch.setattr(f"edge_agent.cli.{module}.now", lambda now=now: now)
    forgotten(desk)
    command = proposals(desk, "not-covered")[0]["command"]
    assert "--force" in command
    desk.follow(command)
    assert desk.kinds() == []


@pytest.mark.parametrize("code", ["--force", "$(id)", "a'b", "x y", "NV\x1b[2J"])
def test_no_code_that_a_gate_sends_is_more_than_a_code(desk: Desk, code: str) -> None:
    a = Ledger("-a")
    a.punch("23 06:00", code=code)
    desk.take(a)
    with closing(PayrollStore(desk.database)) as store:
        store._database.execute(
            "INSERT INTO rejections SELECT ledger, seq, gate, 'unknown-worker' FROM marks"
        )
    told = desk.receive("settle", "--month", "2026-11", "--actor", "office-1")
    assert "\x1b" not in told.stdout
    for proposal in proposals(desk, "unknown-worker"):
        assert shlex.split(proposal["command"])[:3] == ["edge-agent", "receive", "correct"]
    desk.follow(proposals(desk, "unknown-worker")[0]["command"])
    assert "unknown-worker" not in desk.kinds()


def test_what_was_kept_is_there_again_when_more_comes(desk: Desk) -> None:
    forgotten(desk)
    desk.follow(proposals(desk, "not-covered")[-1]["command"])
    assert desk.kinds() == []
    b = Ledger("b", gate="far")
    presses(b, "23", "13:00", "15:00")
    desk.take(b)
    assert len(desk.kinds()) == 1


def test_what_was_kept_stays_settled_however_long_ago(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten(desk)
    desk.follow(proposals(desk, "not-covered")[-1]["command"])
    monkeypatch.setattr("edge_agent.cli.receive_settle.now", lambda: "2027-03-01T00:00:00.000Z")
    assert desk.kinds() == []


def test_what_has_changed_since_it_was_shown_is_not_settled(desk: Desk) -> None:
    forgotten(desk)
    keep = proposals(desk, "not-covered")[-1]["command"]
    b = Ledger("b", gate="far")
    presses(b, "23", "13:00", "15:00")
    desk.take(b)
    key = desk.items()[0]["key"]
    assert key not in keep
    words = ["correct", "keep", keep.split()[4], "--month", "2026-11", *WHO]
    assert "There is no item" in desk.refused(*words)


def test_who_may_still_be_at_work_is_nothing_to_decide(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = Ledger("a")
    presses(a, "23", "06:00")
    desk.take(a)
    assert desk.kinds() == ["missing"]
    monkeypatch.setattr("edge_agent.cli.receive_settle.now", lambda: "2026-11-23T09:00:00.000Z")
    assert desk.kinds() == []


def test_limits_are_told_and_nothing_is_cut(desk: Desk) -> None:
    a = Ledger("a")
    for at, way in (
        ("23 06:00", "in"),
        ("23 19:00", "out"),
        ("24 05:00", "in"),
        ("24 12:00", "out"),
    ):
        when = f"2026-11-{at}:00.000+07:00".replace(" ", "T")
        a.write("punch.recorded", when, worker=CODE, direction=way, direction_source="key")
    desk.take(a)
    told = desk.json("settle", "--month", "2026-11", "--actor", "office-1")
    assert [(one["what"], one["date"], one["over"]) for one in told["limits"]] == [
        ("day", "2026-11-23", True),
        ("rest", "2026-11-24", True),
    ]
    desk.language = "vi"
    said = desk.receive("settle", "--month", "2026-11").stdout
    assert "QUÁ: làm 13:00 trong ngày, tối đa 12:00" in said
