"""``--since``: a time as people write it; and what ``watch`` tells of what it has missed."""

import os
import re
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner, Result

from edge_agent.cli import main
from edge_agent.cli.since import first_of, moment, moment_until, to_come
from edge_agent.cli.watch import _Watch
from edge_agent.cli.words import lamps_of
from edge_agent.contract.facts import AttemptRefused, Direction, PunchVoided
from edge_agent.contract.language import LANGUAGES, use
from edge_agent.contract.stamps import local_time
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.events import Outcome
from edge_agent.gate.rules import Hint
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


@pytest.mark.parametrize("text", ["hôm qua", "yesterday", "hôm qua 00:00", "0h hôm qua"])
def test_yesterday_is_told_with_its_date(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    yesterday = datetime.now(ZONE).date() - timedelta(days=1)
    first_ms = first_of(text, ZONE)
    assert first_ms is not None
    assert local_time(first_ms, ZONE)[:16] == f"{yesterday}T00:00"
    assert f"From {yesterday} 00:00:00 on." in capsys.readouterr().err
    last = local_time(moment_until("hôm qua", ZONE), ZONE)
    assert last.startswith(f"{yesterday}T23:59:59.999")
    assert f"Until {yesterday} 23:59:59." in capsys.readouterr().err


def test_what_does_not_lean_on_today_is_not_told_again(capsys: pytest.CaptureFixture[str]) -> None:
    first_of("23/11/2026", ZONE)
    moment_until("2026-11-23", ZONE)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("text", ["hôm kia", "6", "31/02/2026", "25:00", "29/13", "29/11/26"])
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
    assert [line.split("  ")[-1].split(",")[0] for line in lines] == [
        "002: recorded",
        "003: recorded",
    ]
    fourth = append(store, punch("004"), later(180_000))
    void = PunchVoided(worker="004", of=fourth.seq, reason="wrong-worker", actor="uid:0")
    append(store, void, later(181_000))
    # The daemon has gone and come back, and nobody has heard of 004.
    [line] = told(watch, capsys)
    assert line.endswith("004: recorded, green lamp (voided: wrong-worker)")
    assert told(_Watch(settings, None), capsys) == []
    store.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["31/12/2098", "2098-12-31T06:00"])
def test_a_time_that_is_still_to_come_is_told(config: Path, language: str, text: str) -> None:
    watched = run(config, language, "watch", "--since", text)
    assert watched.exit_code == click.UsageError.exit_code
    assert {"en": "still to come", "vi": "chưa đến"}[language] in watched.stderr
    Assembly(load_settings(config)).store().close()
    for listed in (("punches", "list"), ("audit", "list"), ("privacy", "methods")):
        done = run(config, language, *listed, "--since", text, "--json")
        assert done.exit_code == 0
        assert {"en": "still to come", "vi": "chưa đến"}[language] in done.stderr


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["hôm qua", "yesterday", "1/1"])
def test_a_day_that_is_over_is_watched_from_and_named_in_full(
    config: Path, language: str, text: str
) -> None:
    watched = run(config, language, "watch", "--since", text)
    assert watched.exit_code == os.EX_UNAVAILABLE  # There is no daemon, and nothing else amiss.
    assert re.search(r"\b20\d\d\b", watched.stderr)


def test_the_evening_before_is_named_to_whoever_asks_for_it_after_midnight() -> None:
    now = datetime.now(ZONE)
    later_today = now + timedelta(minutes=1)
    if later_today.date() != now.date():
        pytest.skip("no minute of today is left")
    text = f"{later_today:%H:%M}"
    told = to_come(text, moment(text, ZONE) + 60_000, ZONE)
    assert told is not None
    assert f"--since '{now.date() - timedelta(days=1)}" in str(told)
    assert to_come("06:00", moment("2026-11-23T06:00", ZONE), ZONE) is None


@pytest.mark.parametrize(
    ("shown", "lamps"),
    [
        ({"outcome": "recorded"}, "green lamp"),
        ({"outcome": "recorded", "offline": True}, "green lamp, yellow flickering"),
        ({"outcome": "recorded", "direction": "in"}, "green lamp"),
        ({"outcome": "repeated"}, "green lamp"),
        ({"outcome": "try-again", "hint": "press-flat"}, "yellow lamp"),
        ({"outcome": "try-again", "hint": "wipe"}, "yellow and red lamps"),
        ({"outcome": "unknown", "hint": "unproven"}, "red lamp"),
        ({"outcome": "refused", "hint": "deactivated"}, "red lamp"),
        ({"outcome": "sensor-fault"}, "red lamp"),
        ({"outcome": "of-tomorrow"}, "lamp not known"),
    ],
)
def test_the_line_names_the_lamp(
    config: Path, capsys: pytest.CaptureFixture[str], shown: dict[str, Any], lamps: str
) -> None:
    event = {"event": "panel", "worker": None, "hint": None, **shown}
    [line] = told(_Watch(load_settings(config), None), capsys, event)
    assert line.endswith(f", {lamps}")


def test_all_that_the_panel_shows_has_its_colours_in_words() -> None:
    for outcome, hint, direction, offline in product(
        Outcome, (None, *Hint), (None, *Direction), (False, True)
    ):
        shown = {"outcome": outcome, "hint": hint, "direction": direction, "offline": offline}
        for language in LANGUAGES:
            use(language)
            assert not lamps_of(shown).startswith("panel.")
    use(None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_somebody_was_refused_outlives_them_and_the_left_out_are_counted(
    config: Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    store = Assembly(load_settings(config)).store()
    # Whose they were is kept beside the ledger, and is not: as after an erasure.
    for reason, suppressed in (("deactivated", 0), ("unproven", 0), ("unknown", 7)):
        fact = AttemptRefused(reason=reason, hint=None, worker=None, suppressed=suppressed)
        append(store, fact, later(0))
    store.close()
    use(language)
    lines = told(_Watch(load_settings(config), local_time(later(0).wall_ms, ZONE)), capsys)
    use(None)
    counted = run(config, language, "privacy", "methods").stdout
    assert {"en": "7 more were refused", "vi": "7 lần bị từ chối"}[language] in counted
    assert len(lines) == 4
    why = {"en": ("deactivated", "not sure whose", "7 more"), "vi": ("ngừng", "chưa chắc", "7 lần")}
    for line, said in zip(lines, why[language], strict=False):
        assert said in line
    assert lines[3].endswith({"en": "not recognised, red lamp", "vi": "đèn đỏ"}[language])


def test_that_nobody_pressed_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Assembly(load_settings(config)).store().close()
    [line] = told(_Watch(load_settings(config), "2026-11-23T06:00"), capsys)
    assert line == "Nobody has pressed since 2026-11-23 06:00:00."


def run(config: Path, language: str, *typed: str) -> Result:
    return CliRunner().invoke(main, ["--lang", language, *typed, "--config", str(config)])
