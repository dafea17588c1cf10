"""docs/golden-months.md: the presses of each month come to what was reckoned there by hand."""

import re
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.receiver.store import PayrollStore
from edge_agent.receiver.worktime.keep import renew
from edge_agent.receiver.worktime.known_shifts import apply_shifts
from edge_agent.receiver.worktime.shift_file import read_shift_file
from tests.receiver.running import rows
from tests.receiver.test_effects import AT, Ledger, time

PAGE = Path(__file__).parents[3] / "docs" / "golden-months.md"
MONTH = re.compile(
    r"^## (?P<name>.+?)\n.*?```toml\n(?P<shifts>.*?)```.*?```presses\n(?P<presses>.*?)```"
    r".*?```result\n(?P<result>.*?)```\s+(?P<sum>.*?)$",
    re.MULTILINE | re.DOTALL,
)
MONTHS = {found["name"]: found for found in MONTH.finditer(PAGE.read_text(encoding="utf-8"))}
PRESS = re.compile(
    r"(?P<lost>\?{0,2})(?P<way>[<>]?)(?P<time>\d\d:\d\d)(?P<next>\+1)?(@(?P<gate>\w+))?"
)
WORKER = "NV0001"


def days(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def entries(presses: str) -> list[Ledger]:
    """What the gates have written, in the order in which it was."""
    made = []
    for line in presses.splitlines():
        when, *times = line.split()
        for day in days(when):
            for text in times:
                found = PRESS.fullmatch(text)
                assert found, text
                on = day + (1 if found["next"] else 0)
                at = f"{on:02} {found['time']}" if on <= 30 else f"12-01 {found['time']}"
                made.append((on, found["time"], at, found))
    gates = {name: Ledger(name, name) for name in ("main", "north")}
    lost: list[tuple[Ledger, int, str | None]] = []
    synced = 0
    for on, _, at, found in sorted(made, key=lambda one: one[:2]):
        gate = gates[found["gate"] or "main"]
        way = {">": "in", "<": "out"}.get(found["way"])
        moment = time(at) if on <= 30 else f"2026-12-01T{found['time']}:00.000+07:00"
        if found["lost"]:
            gate.write("gate.alive", time(f"{on:02} 05:00"), recording=True, version="1")
            seq = int(gate.write("punch.recorded", None, worker=WORKER, direction=None)["seq"])
            gate.write("gate.alive", time(f"{on:02} 08:10"), recording=True, version="1")
            lost.append((gate, seq, moment if found["lost"] == "?" else None))
            synced += 1
            continue
        gate.write("punch.recorded", moment, worker=WORKER, direction=way, direction_source=way)
    for gate, seq, moment_or_none in lost:
        gate.write(
            "punch.time-resolved", moment_or_none, of=seq, worker=WORKER, final=True,
            uncertainty_ms=None, not_before=None, not_after=None,
        )  # fmt: skip
    return list(gates.values())


def told(database: str) -> dict[int, tuple[str, str, str, str]]:
    found: dict[int, tuple[list[int], set[str], set[str]]] = {}
    for date, status, seconds, pause, shift, why in rows(
        database,
        "SELECT date, status, seconds, break_seconds, shift, why FROM sessions ORDER BY date",
    ):
        sums, shifts, whys = found.setdefault(int(date[8:]), ([], set(), set()))
        if status == "complete":
            sums.append((seconds, pause))
        else:
            whys.add(why)
        shifts |= {shift or "-"}
    return {
        day: (
            str(sum(one for one, _ in sums) // 60) if sums else "-",
            str(sum(one for _, one in sums) // 60) if sums else "-",
            "+".join(sorted(shifts)),
            " ".join(sorted(whys)),
        )
        for day, (sums, shifts, whys) in found.items()
    }


def test_there_are_months() -> None:
    assert len(MONTHS) == PAGE.read_text(encoding="utf-8").count("\n## ") >= 6


@pytest.mark.parametrize("name", MONTHS)
def test_a_month_comes_to_what_was_reckoned(name: str, tmp_path: Path) -> None:
    month = MONTHS[name]
    expected = {}
    for line in month["result"].splitlines():
        when, minutes, pause, shift, *why = line.split()
        expected |= {day: (minutes, pause, shift, " ".join(why)) for day in days(when)}
    database = str(tmp_path / "payroll.db")
    with closing(PayrollStore(database)) as store:
        if month["shifts"].strip():
            table = tmp_path / "shifts.toml"
            table.write_text(month["shifts"], encoding="utf-8")
            shifts = read_shift_file(table).shifts
            apply_shifts(store._database, shifts, actor="a", made_at=AT, zone="Asia/Ho_Chi_Minh")
        for gate in entries(month["presses"]):
            store.take(gate.arrivals, AT)
        # Somebody who is there next month: the last press of this one is not the last of all.
        later = Ledger("later", "main")
        later.write("punch.recorded", "2026-12-15T06:00:00.000+07:00", worker=WORKER)
        store.take(later.arrivals, AT)
        renew(store._database)
        store._database.execute("DELETE FROM kept_sessions WHERE date > '2026-12-02'")
    assert told(database) == expected
    ((total,),) = rows(database, "SELECT sum(seconds) / 60 FROM sessions WHERE status = 'complete'")
    assert f"**{total:,} minutes**" in month["sum"]
