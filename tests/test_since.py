"""``--since``: a time as people write it; and what ``watch`` tells of what it has missed."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest

from edge_agent.cli.since import moment, moment_until
from edge_agent.cli.watch import _Watch
from edge_agent.contract.facts import Direction, PunchVoided
from edge_agent.contract.stamps import local_time
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.settings.load import load_settings

from .gate.ledger.ledgers import append, later, punch

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-23", "2026-11-23T00:00:00"),
        ("2026-11-23T06:00", "2026-11-23T06:00:00"),
        ("23/11/2026", "2026-11-23T00:00:00"),
        ("23/11/2026 06:00", "2026-11-23T06:00:00"),
        ("2026-11-23T06:00+00:00", "2026-11-23T13:00:00"),
    ],
)
def test_a_time_as_people_write_it(text: str, told: str) -> None:
    assert local_time(moment(text, ZONE), ZONE)[:19] == told


@pytest.mark.parametrize("text", ["31/12/9999", "9999-12-31T23:59-14:00", "0001-01-01", "", "x"])
def test_a_day_beyond_all_is_a_mistake_and_no_trace(text: str) -> None:
    for read in (moment, moment_until):
        with pytest.raises(click.BadParameter):
            read(text, ZONE)


@pytest.mark.parametrize("text", ["6:00", "06:00"])
def test_a_time_of_today(text: str) -> None:
    assert local_time(moment(text, ZONE), ZONE)[:16] == f"{datetime.now(ZONE).date()}T06:00"


@pytest.mark.parametrize("text", ["yesterday", "6", "31/02/2026", "25:00"])
def test_no_time(text: str) -> None:
    with pytest.raises(click.BadParameter):
        moment(text, ZONE)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    config = tmp_path / "edge-agent.toml"
    config.write_text(
        f'[gate]\nid = "main-gate"\n[store]\npath = "{tmp_path}/gate.db"\n'
        f'[control]\nsocket = "{tmp_path}/control.sock"\n'
    )
    return config


def told(watch: _Watch, capsys: pytest.CaptureFixture[str], *events: dict[str, Any]) -> list[str]:
    for event in ({"event": "watching"}, *events):
        watch._tell(event)
    return capsys.readouterr().out.splitlines()[1:]


def test_what_was_missed_is_told_once_and_in_order(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings(config)
    store = Assembly(settings).store()
    for minute, code in enumerate(("001", "002", "003")):
        last = append(store, punch(code, Direction.IN), later(minute * 60_000))
    shown = {"event": "panel", "worker": "003", "outcome": "recorded", "hint": None}
    watch = _Watch(settings, local_time(later(50_000).wall_ms, ZONE))
    again = {**shown, "seq": last.seq}
    lines = told(watch, capsys, again)
    assert [line.split("  ")[-1].split()[-2] for line in lines] == ["002:", "003:"]
    fourth = append(store, punch("004"), later(180_000))
    void = PunchVoided(worker="004", of=fourth.seq, reason="wrong-worker", actor="uid:0")
    append(store, void, later(181_000))
    # The daemon has gone and come back, and nobody has heard of 004.
    [line] = told(watch, capsys)
    assert line.endswith("004: recorded (voided: wrong-worker)")
    assert told(_Watch(settings, None), capsys) == []
    store.close()
