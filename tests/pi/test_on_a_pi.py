"""A gate on an emulated Pi whose power is cut again and again: each green is at payroll, once.

``PI_CUTS`` says how often (10). Takes half an hour of a machine of its own, and at the first time
as much again for the card.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from .bench import AMBER, GREEN, RED, Bench
from .emulator import NotHere, card

pytestmark = [pytest.mark.long, pytest.mark.alone, pytest.mark.timeout(3 * 3600)]

_CUTS = int(os.environ.get("PI_CUTS", "10"))

_AT_PAYROLL = """python3 - <<'END'
import json, sqlite3
payroll = sqlite3.connect("file:/var/lib/edge-agent-receiver/payroll.db?mode=ro", uri=True)
rows = payroll.execute("SELECT ledger, seq FROM punches "
                       "WHERE state IN ('valid', 'pending-time', 'no-time')").fetchall()
print(json.dumps(rows))
END"""

_ALL_CONFIRMED = """until edge-agent status --json | python3 -c '
import json, sys
ledger = json.load(sys.stdin)["ledger"]
sys.exit(ledger["confirmed_seq"] != ledger["last_seq"])'; do sleep 1; done"""

_GREEN_FIRST = """cd /opt/edge-agent/current/venv/lib/python3*/site-packages/edge_agent
cat >>gate/touch/credit.py <<'END'
_record = Credit._record_punch
def _shown_first(self, accepted, stamp):
    worker, seq = accepted.proof.worker, self._gate.store.tail().seq + 1
    self._show(PanelShown(outcome=Outcome.RECORDED, worker=worker, seq=seq), stamp)
    return _record(self, accepted, stamp)
Credit._record_punch = _shown_first
END
cd"""

_TOOK = "console after {:.0f} s, sensor in use after {:.0f} s"


@pytest.fixture
def bench() -> Iterator[Bench]:
    try:
        folder = card()
    except NotHere as why:
        pytest.skip(str(why))
    with TemporaryDirectory(prefix="pi-") as run, Bench(folder, Path(run)) as bench:
        yield bench


def _begin(bench: Bench) -> None:
    """Boot with nobody known, and enrol Hoa."""
    print(_TOOK.format(*bench.boot()))
    print(told := bench.enrol("NV001", "Hoa", "hoa"))
    assert "slot 0" in told
    assert not any(bench.pi.lit(pin) for pin in (GREEN, AMBER, RED))


def _at_payroll(bench: Bench) -> list[tuple[str, int]]:
    """The punches that payroll has, once it has everything."""
    bench.pi.do(_ALL_CONFIRMED, 900)
    punches = [tuple(row) for row in json.loads(bench.pi.do(_AT_PAYROLL))]
    print(f"{bench.greens} greens, {len(punches)} punches at payroll")
    return punches


def test_each_green_is_at_payroll_once_whenever_the_power_fails(bench: Bench) -> None:
    random = Random(18)
    _begin(bench)
    for cut in range(_CUTS):
        if cut % 2:
            bench.cut_at_green("hoa")
        else:
            bench.press_on("hoa", random, random.uniform(8, 25))
            bench.pi.cut_power()
        print(f"cut {cut + 1} after {bench.greens} greens;", _TOOK.format(*bench.boot()))
        assert "unbroken" in bench.pi.do("edge-agent ledger verify")

    punches = _at_payroll(bench)
    assert bench.greens >= _CUTS
    assert len(set(punches)) == len(punches)
    # A press of which the lamp was not seen any more may be there as well, one for each cut.
    assert bench.greens <= len(punches) <= bench.greens + _CUTS


def test_a_lamp_before_the_commit_is_noticed(bench: Bench) -> None:
    """The control: with that planted, greens are missing at payroll."""
    _begin(bench)
    bench.pi.do(_GREEN_FIRST)
    bench.restart()
    for _ in range(_CUTS // 2):
        bench.cut_at_green("hoa")
        bench.boot()
        if len(_at_payroll(bench)) < bench.greens:
            return
    pytest.fail("no green was lost")
