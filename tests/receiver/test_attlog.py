"""A period as a ZKTeco terminal writes it, for programs that import terminals."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from click.testing import Result

from edge_agent.contract.messages import Roster, RosterWorker
from edge_agent.receiver.office.attlog import numbered
from edge_agent.receiver.store import PayrollStore

from .test_effects import AT, Ledger

WHO = ["--actor", "office-1", "--reason", "x"]


def fill(database: str, *codes: str, gates: tuple[str, ...] = ("cong-2",)) -> None:
    """Each of the workers comes and goes on the 23rd, at each gate."""
    with closing(PayrollStore(database)) as store:
        workers = [RosterWorker(code=code, name="Người") for code in codes]
        store.apply_roster(
            msgspec.json.encode(Roster(version=1, workers=workers)), "2026-11-01T00:00:00.000Z"
        )
        for gate in gates:
            ledger = Ledger(f"ledger-{gate}", gate)
            for n, code in enumerate(codes):
                ledger.punch(f"23 06:0{n}", "in", code=code)
                ledger.punch(f"23 16:0{n}", "out", code=code)
            ledger.punch("24 06:00", None, code=codes[0])
            ledger.punch(None, "in", code=codes[0])
            ledger.write(
                "punch.recorded", "2026-11-25T06:00:00.000+07:00",
                worker=codes[0], direction="in", direction_source="alternate",
            )  # fmt: skip
            ledger.write("punch.repeated", "2026-11-24T06:00:09.000+07:00", worker=codes[0], of=1)
            store.take(ledger.arrivals, AT)


def test_a_line_is_as_a_terminal_writes_it(
    receive: Callable[..., Result], database: str, tmp_path: Path
) -> None:
    fill(database, "NV0042", "007")
    added = receive("correct", "add", "007", "2026-11-24T16:30", "--direction", "out", *WHO)
    assert added.exit_code == 0, added.output
    target = tmp_path / "1_attlog.dat"
    done = receive("export", "--month", "2026-11", "--format", "attlog", "--output", str(target))
    assert done.exit_code == 0, done.output
    assert "7 lines" in done.output
    assert "1 punch has no time" in done.output
    assert target.stat().st_mode & 0o777 == 0o600
    assert target.read_bytes() == (
        b"       42\t2026-11-23 06:00:00\t2\t0\t1\t0\r\n"
        b"        7\t2026-11-23 06:01:00\t2\t0\t1\t0\r\n"
        b"       42\t2026-11-23 16:00:00\t2\t1\t1\t0\r\n"
        b"        7\t2026-11-23 16:01:00\t2\t1\t1\t0\r\n"
        b"       42\t2026-11-24 06:00:00\t2\t255\t1\t0\r\n"
        b"        7\t2026-11-24 16:30:00\t0\t1\t0\t0\r\n"
        b"       42\t2026-11-25 06:00:00\t2\t255\t1\t0\r\n"
    )


def test_numbers_that_no_code_tells_are_the_sites(
    receive: Callable[..., Result], database: str, tmp_path: Path
) -> None:
    fill(database, "NV0001", "TV0001", "An", gates=("chinh", "bac"))
    asked = ["export", "--month", "2026-11", "--format", "attlog", "--output", str(tmp_path / "x")]
    done = receive(*asked)
    assert done.exit_code == 65
    for said in ("NV0001, TV0001 would all be number 1", "An has no digits", "[numbers.workers]"):
        assert said in done.output
    assert "\n  An has no digits" in done.output
    settings = tmp_path / "site.toml"
    settings.write_text("[numbers.workers]\nTV0001 = 1001\nAn = 5\n", encoding="utf-8")
    assert receive("site", "import", str(settings), *WHO).exit_code == 0
    done = receive(*asked)
    assert (done.exit_code, "[numbers.gates]" in done.output) == (65, True)
    assert not (tmp_path / "x").exists()
    settings.write_text(
        settings.read_text(encoding="utf-8") + '[numbers.gates]\n"chinh" = 1\n"bac" = 2\n',
        encoding="utf-8",
    )
    assert receive("site", "import", str(settings), *WHO).exit_code == 0
    assert receive(*asked).exit_code == 0
    lines = (tmp_path / "x").read_text().splitlines()
    assert {(line.split("\t")[0].strip(), line.split("\t")[2]) for line in lines} == {
        (worker, gate) for worker in ("1", "1001", "5") for gate in ("1", "2")
    }


@pytest.mark.parametrize(
    ("said", "known", "needed", "expected"),
    [
        ({}, ["NV0042"], ["NV0042"], {"NV0042": 42}),
        ({}, ["NV0042", "TV42"], [], {"NV0042": 42, "TV42": 42}),
        ({}, ["NV0042", "TV42"], ["TV42"], None),
        ({"TV42": 7}, ["NV0042", "TV42"], ["TV42"], {"NV0042": 42, "TV42": 7}),
        ({"TV42": 7}, ["NV7", "TV42"], ["TV42"], None),
        ({}, [], ["A1B2"], None),
        ({}, [], ["0000"], None),
        ({}, [], ["NV1234567890"], None),
        ({}, ["An"], ["NV1"], {"NV1": 1}),
    ],
)
def test_a_number_is_ones_alone(
    said: dict[str, int], known: list[str], needed: list[str], expected: dict[str, int] | None
) -> None:
    from edge_agent.contract.errors import BadRequest

    if expected is None:
        with pytest.raises(BadRequest):
            numbered("worker", said, known, needed)
    else:
        assert numbered("worker", said, known, needed) == expected
