"""``--since``: a time as people write it; and what ``watch`` tells of what it has missed."""

import os
import re
from contextlib import closing
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, get_args, get_type_hints
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner, Result
from msgspec import structs

from edge_agent.cli import main
from edge_agent.cli.moments import moment, moment_until, to_come
from edge_agent.cli.since import first_of, tell_span
from edge_agent.cli.watch import _Watch
from edge_agent.cli.words import lamps_of
from edge_agent.contract.facts import (
    AttemptRefused,
    ClockStepped,
    Direction,
    Fact,
    GateAlive,
    PunchAdded,
    PunchDirected,
    PunchRepeated,
    PunchTimeResolved,
    PunchVoided,
    RecordingResumed,
    RecordingStopped,
)
from edge_agent.contract.kinds import KINDS, kind_of, words_of
from edge_agent.contract.language import LANGUAGES, is_name, say, use
from edge_agent.contract.people import Worker
from edge_agent.contract.people_facts import PrintEnrolled
from edge_agent.contract.rights import user
from edge_agent.contract.stamps import ClockState, Stamp, local_time, utc_time
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.events import Outcome
from edge_agent.gate.host.host_identity import host_identity
from edge_agent.gate.ledger.open_or_succeed import open_or_succeed
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.rules import Hint
from edge_agent.gate.settings.load import load_settings

from .gate.ledger.ledgers import append, later, punch, unsynced

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
    tell_span(text, "today", ZONE)
    assert f"From {yesterday:%a} {yesterday} 00:00:00 on." in capsys.readouterr().err
    last = local_time(moment_until("hôm qua", ZONE), ZONE)
    tell_span(None, "hôm qua", ZONE)
    assert last.startswith(f"{yesterday}T23:59:59.999")
    assert f"Until {yesterday:%a} {yesterday} 23:59:59." in capsys.readouterr().err


@pytest.mark.parametrize(("text", "days"), [("tuần này", 7), ("last week", 7), ("sáng nay", 0.5)])
def test_from_when_and_until_when_what_lasts_is(
    text: str, days: float, capsys: pytest.CaptureFixture[str]
) -> None:
    first_ms = first_of(text, ZONE)
    assert first_ms is not None
    assert moment_until(text, ZONE) - first_ms == days * 86_400_000 - 1
    tell_span(text, text, ZONE)
    said = capsys.readouterr().err
    first = datetime.fromisoformat(local_time(first_ms, ZONE))
    assert f"From {first:%a %Y-%m-%d} 00:00:00 on." in said
    assert re.search(r"Until [MTWFS]\w\w 20", said)


def test_what_does_not_lean_on_today_is_not_told_again(capsys: pytest.CaptureFixture[str]) -> None:
    tell_span("23/11/2026", "2026-11-23", ZONE)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        *(("tuần trước", True), ("tháng trước", True), ("hôm qua", True), ("3 ngày trước", True)),
        *(("tuần này", False), ("hôm nay", False), ("hôm qua 06:00", False)),
    ],
)
def test_a_list_without_an_end_says_that_it_goes_on_until_now(
    text: str, ended: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    use("vi")
    tell_span(text, None, ZONE)
    no_end = capsys.readouterr().err
    tell_span(text, None, ZONE, has_until=False)
    without = capsys.readouterr().err
    use(None)
    assert " đến bây giờ" in no_end
    assert (f"chỉ xem {text} thì thêm --until '{text}'" in no_end) is ended
    assert " đến bây giờ." in without
    assert "--until" not in without


@pytest.mark.parametrize(
    "command",
    [
        ("audit", "list", "--since", "tuần trước", "--by", "nobody-of-that-name"),
        ("audit", "list", "--since", "tuần trước", "--kind", "nonsense"),
        ("audit", "list", "--since", "tuần trước", "--worker", "nobody"),
        ("audit", "list", "--since", "hôm nay", "--until", "hôm qua"),
        ("punches", "list", "nobody", "--since", "tuần trước"),
        ("watch", "--since", "tuần trước"),
    ],
)
def test_nothing_stands_before_a_refusal(config: Path, command: tuple[str, ...]) -> None:
    Assembly(load_settings(config)).store().close()
    done = run(config, "vi", *command)
    assert done.exit_code != 0
    assert "Từ thứ" not in done.output
    assert "Đến " not in done.output


@pytest.mark.parametrize("text", ["hôm kìa", "6", "31/02/2026", "25:00", "29/13", "29/11/26"])
def test_no_time(text: str) -> None:
    with pytest.raises(click.BadParameter):
        moment(text, ZONE)


_YESTERDAY = datetime.now(ZONE) - timedelta(days=1)
_LEAVE, _ADD = ("workers", "leave", "NV1", "--yes", "--on"), ("punches", "add", "NV1", "--at")
_SINCE, _UNTIL = ("punches", "list", "--since"), ("punches", "list", "--until")
_REASON = ("--reason", "quên bấm")


@pytest.fixture
def with_worker(config: Path) -> Path:
    config.write_text(config.read_text() + '[clock]\ntrust = "always"\n')
    with closing(Assembly(load_settings(config)).store()) as store, store.changing() as change:
        change.put_worker(Worker(code="NV1", name="Hoa"))
    return config


@pytest.mark.parametrize(
    ("text", "command", "meant"),
    [
        (f"{_YESTERDAY:%d/%m/%y}", _SINCE, f"{_YESTERDAY:%d/%m/%Y}"),
        (f"{_YESTERDAY:%d/%m/%y}", _LEAVE, f"{_YESTERDAY:%d/%m/%Y}"),
        (f"17h {_YESTERDAY:%d-%m-%y}", _ADD, f"17h {_YESTERDAY:%d/%m/%Y}"),
        ("17h5", _SINCE, "17h05|17h50"),
        ("hôm qua 17h5", _ADD, "hôm qua 17h05|hôm qua 17h50"),
        ("17h8", _UNTIL, "17h08"),
        ("17.05", _SINCE, "17:05|17/05"),
        ("17.05", _LEAVE, "17/05"),
        ("chủ nhật tới", _LEAVE, "chủ nhật tuần này|chủ nhật tuần sau"),
        ("cuối tháng", _LEAVE, "[0-9]{2}/[0-9]{2}/20[0-9]{2}"),
    ],
)
def test_what_is_not_clear_is_refused_with_what_is_meant_by_it_and_that_is_taken(
    with_worker: Path, text: str, command: tuple[str, ...], meant: str
) -> None:
    done = run(with_worker, "vi", *command, text, *_REASON[: 2 * (command is _ADD)])
    assert done.exit_code in (2, 65)
    assert f"'{text}' chưa rõ là lúc nào" in done.stderr
    named = re.findall("(?<= )'([^']+)'", done.stderr.partition("Có phải")[2])
    assert re.fullmatch(meant, named[0])
    assert len(named) == len(meant.split("|"))
    for one in named:
        taken = run(with_worker, "vi", *command, one, *_REASON[: 2 * (command is _ADD)])
        assert "không phải là" not in taken.stderr
        assert "chưa rõ" not in taken.stderr


@pytest.mark.parametrize(
    ("text", "command"),
    [("17h5", _ADD), ("17h5", _LEAVE), ("mùng 1", _SINCE), ("27/11/99", _SINCE)],
)
def test_what_helps_nothing_is_not_proposed(
    with_worker: Path, text: str, command: tuple[str, ...]
) -> None:
    done = run(with_worker, "vi", *command, text, *_REASON[: 2 * (command is _ADD)])
    assert done.exit_code in (2, 65)
    assert f"'{text}' không phải là" in done.stderr


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
    _, *lines = capsys.readouterr().out.splitlines()
    return [line for line in lines if not re.fullmatch(r"\w+( \w+)? [-/0-9]{10}", line)]


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
    shown = "green lamp, perhaps with yellow flickering"
    assert line.endswith(f"004: recorded, {shown} (voided: wrong-worker)")
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
    config: Path, capsys: pytest.CaptureFixture[str], language: str, text: str
) -> None:
    watched = run(config, language, "watch", "--since", text)
    assert watched.exit_code == os.EX_UNAVAILABLE  # There is no daemon, and nothing else amiss.
    settings = load_settings(config)
    Assembly(settings).store().close()
    _Watch(settings, text)._tell({"event": "watching"})
    assert re.search(r"\b20\d\d\b", capsys.readouterr().err)


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
        ({"outcome": "recorded", "offline": None}, "green lamp, perhaps with yellow flickering"),
        ({"outcome": "repeated"}, "green lamp, twice and short"),
        ({"outcome": "repeated", "offline": None}, "green lamp, twice and short"),
        ({"outcome": "repeated", "direction": "in"}, "green lamp"),
        ({"outcome": "try-again", "hint": "press-flat"}, "yellow lamp"),
        ({"outcome": "try-again", "hint": "wipe"}, "yellow and red lamps"),
        ({"outcome": "unknown", "hint": "unproven"}, "red lamp, once and long"),
        ({"outcome": "refused", "hint": "deactivated"}, "red lamp, twice and slow"),
        ({"outcome": "sensor-fault"}, "red lamp, fast"),
        ({"outcome": "of-tomorrow"}, "lamp not known"),
    ],
)
def test_the_line_names_the_lamp(
    config: Path, capsys: pytest.CaptureFixture[str], shown: dict[str, Any], lamps: str
) -> None:
    event = {"event": "panel", "worker": None, "hint": None, **shown}
    [line] = told(_Watch(load_settings(config), None), capsys, event)
    assert line.endswith(f", {lamps}")


@pytest.mark.parametrize(("state", "seen"), [("foreign", False), ("ready", True)])
def test_where_presses_are_not_seen_the_line_of_the_sensor_says_so(
    config: Path, capsys: pytest.CaptureFixture[str], state: str, seen: bool
) -> None:
    event = {"event": "sensor", "state": state, "detail": None, "message": None}
    [line] = told(_Watch(load_settings(config), None), capsys, event)
    assert ("the gate sees nobody press, and no lamp answers" in line) is not seen


def test_all_that_the_panel_shows_has_its_colours_in_words() -> None:
    for outcome, hint, direction, offline in product(
        Outcome, (None, *Hint), (None, *Direction), (False, True, None)
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
    lines = [line for line in lines if line.split()[-1] not in ("nothing", "gì")]
    counted = run(config, language, "privacy", "methods").stdout
    assert {"en": "7 more were refused", "vi": "7 lần bị từ chối"}[language] in counted
    assert len(lines) == 4
    why = {"en": ("deactivated", "not sure whose", "7 more"), "vi": ("ngừng", "chưa chắc", "7 lần")}
    for line, said in zip(lines, why[language], strict=False):
        assert said in line
    lamp = {"en": "not recognised, red lamp, once and long", "vi": "đèn đỏ một lần dài"}
    assert lines[3].endswith(lamp[language])


def day(hour: float, boot: str = "a") -> Stamp:
    return later(round(hour * 3_600_000), boot=boot)


def enrolled(worker: str) -> PrintEnrolled:
    return PrintEnrolled(worker=worker, finger="left-thumb", slot=3, generation=1, actor="uid:0")


def told_since(
    config: Path, capsys: pytest.CaptureFixture[str], since: Stamp, *facts: tuple[Fact, Stamp]
) -> list[str]:
    """What is told of a ledger with these entries, the first of which is the gate's start."""
    started = RecordingResumed(reason="started")
    settings = load_settings(config)
    path, gate = Path(settings.store.path), settings.gate.id
    store = SqliteStore.open(path, gate, ZONE, day(-2))
    for fact, stamp in ((started, day(-1)), *facts):
        append(store, fact, stamp)
    store.close()
    lines = told(_Watch(settings, local_time(since.wall_ms, ZONE)), capsys)
    return [line.replace(f"{at(since)[:10]} ", "") for line in lines]


def at(stamp: Stamp) -> str:
    return local_time(stamp.wall_ms, ZONE)[:19].replace("T", " ")


def clock(hour: float) -> str:
    return at(day(hour))[11:]


def test_that_nobody_pressed_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [line] = told_since(config, capsys, day(0))
    assert line == f"Nobody has pressed since Wed {clock(0)}."


def test_before_its_ledger_began_the_gate_knows_nothing(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begins, none = told_since(config, capsys, day(-3))
    assert f"ledger   begins at {clock(-2)}: of what was before it" in begins
    assert none.startswith(f"No press stands in the ledger since Wed {clock(-3)}, and part of")


@pytest.mark.parametrize("clock_is", ["synced", "unsynced"])
def test_a_new_ledger_is_told_where_it_begins_after_what_it_took_along(
    config: Path, capsys: pytest.CaptureFixture[str], clock_is: str
) -> None:
    start = day(-1) if clock_is == "synced" else unsynced(-3_600_000)
    settings = load_settings(config)
    path, gate = Path(settings.store.path), settings.gate.id
    with closing(SqliteStore.open(path, "the-id-before", ZONE, day(-3))) as store:
        append(store, punch("0007"), day(-2))
    with open_or_succeed(path, gate, ZONE, start, host_identity(path.parent)) as begun:
        assert begun
    with closing(SqliteStore.open(path, gate, ZONE, day(-1))) as store:
        append(store, punch("0008"), day(0))
    lines = told(_Watch(settings, local_time(day(-3).wall_ms, ZONE)), capsys)
    [before] = [at for at, line in enumerate(lines) if "0007" in line]
    [begins] = [at for at, line in enumerate(lines) if "ledger   here a new one begins" in line]
    [after] = [at for at, line in enumerate(lines) if "0008" in line]
    assert before < begins < after
    assert "the rest lies in" in lines[begins]
    assert "gate.db.old-1-other-gate-id" in lines[begins]
    assert not any("says nothing" in line for line in lines)

    (path.parent / "gate.db.old-1-other-gate-id").unlink()  # Carried away, as status says.
    lines = told(_Watch(settings, local_time(day(-3).wall_ms, ZONE)), capsys)
    assert "only the punches that were recorded again" in lines[begins]
    assert "which is here no more" in lines[begins]
    assert not any("is known" in line for line in lines)


def test_what_can_be_read_while_no_daemon_runs_is_said(config: Path) -> None:
    done = run(config, "en", "watch", "--since", "29/11/2026 6h")
    assert done.exit_code == 69
    assert "edge-agent punches list --since '29/11/2026 6h'" in done.stderr


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            [
                (RecordingStopped(reason="sensor-fault"), day(1)),
                (RecordingStopped(reason="foreign"), day(2)),
                (RecordingResumed(reason="sensor-back"), day(3)),
            ],
            [
                "from {1} to {2} could not see who pressed, or not everybody: the sensor",
                "from {2} to {3} could not see who pressed, or not everybody: another",
            ],
        ),
        (
            [  # It began before, and goes on.
                (RecordingStopped(reason="disk-full"), day(-0.5)),
                (GateAlive(recording=False, version="0"), day(0.5)),
            ],
            ["from {-0.5} until now cannot see who presses, or not everybody: the disk"],
        ),
        (
            [  # The power was cut.
                (GateAlive(recording=True, version="0"), day(1)),
                (RecordingResumed(reason="started"), day(5, "b")),
            ],
            ["at some moment after {1} was cut off, and until {5} could not see who"],
        ),
        (
            [  # It was cut, and began anew without its sensor, and then with another one.
                (GateAlive(recording=False, version="0"), day(1, "b")),
                (RecordingStopped(reason="foreign"), day(2, "b")),
            ],
            [
                "at some moment after {-1} was cut off, and until {1} could",
                "from {1} to {2} could not see who pressed, or not everybody: the sensor",
                "from {2} until now cannot see who presses, or not everybody: another",
            ],
        ),
        (
            [  # Over, before what was asked for.
                (RecordingStopped(reason="stopping"), day(-0.9)),
                (RecordingResumed(reason="started"), day(-0.8)),
            ],
            [],
        ),
    ],
)
def test_when_the_gate_could_not_see_who_pressed_is_told(
    config: Path,
    capsys: pytest.CaptureFixture[str],
    facts: list[tuple[Fact, Stamp]],
    expected: list[str],
) -> None:
    *lines, last = told_since(config, capsys, day(0), *facts)
    assert len(lines) == len(expected)
    for line, begin in zip(lines, expected, strict=True):
        said = re.sub(r"\{(.+?)\}", lambda hour: clock(float(hour[1])), begin)
        assert f"gate     {said}" in line
    assert last.startswith("No press stands" if expected else "Nobody has pressed")


def test_a_span_stands_where_it_began_though_it_was_noticed_later(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody was enrolled for long, and a card was read meanwhile."""
    lines = told_since(
        config,
        capsys,
        day(0),
        (punch("001"), day(1)),
        (punch("002"), day(1.2)),
        (RecordingStopped(reason="away"), day(1.1)),
        (RecordingResumed(reason="back"), day(1.3)),
        (punch("003"), day(2)),
    )
    assert [line.split()[2].rstrip(":") for line in lines] == ["001", "from", "002", "003"]


@pytest.mark.parametrize(
    ("facts", "expected", "never"),
    [
        (  # Each of several enrolments is short, and whoever came by got green.
            [
                (enrolled("004"), day(1.1)),
                (punch("001"), day(1.15)),
                (RecordingStopped(reason="away"), day(1)),
                (punch("002"), day(1.2)),
                (RecordingResumed(reason="back"), day(1.3)),
            ],
            "không thấy hết những ai ấn: đang đăng ký vân tay; ai đã đăng ký vẫn chấm được",
            "ngủ",
        ),
        (  # A card was read meanwhile: who waited for what is not known.
            [
                (punch("001"), day(1.15)),
                (RecordingStopped(reason="away"), day(1)),
                (RecordingResumed(reason="back"), day(1.3)),
            ],
            "không thấy hết những ai ấn: máy đang chờ ngón tay của một người",
            "ngủ",
        ),
        (  # A machine that slept says both at once: this one was awake, and still is away.
            [(RecordingStopped(reason="away"), day(1)), (punch("001"), day(2))],
            "đến giờ không thấy hết những ai ấn: máy đang chờ ngón tay của một người",
            "ngủ",
        ),
        (  # It slept; or somebody was enrolled in vain.
            [
                (punch("001"), day(0.5)),
                (RecordingStopped(reason="away"), day(1)),
                (RecordingResumed(reason="back"), day(1.3)),
                (punch("002"), day(1.3)),
            ],
            "hoặc máy ngủ",
            "vẫn chấm được",
        ),
    ],
)
def test_a_span_in_which_somebody_got_green_is_not_told_as_one_in_which_nobody_was_seen(
    config: Path,
    capsys: pytest.CaptureFixture[str],
    facts: list[tuple[Fact, Stamp]],
    expected: str,
    never: str,
) -> None:
    use("vi")
    lines = told_since(config, capsys, day(0), *facts)
    use(None)
    [span] = [line for line in lines if " từ " in line]
    assert expected in span
    assert never not in span


def test_a_time_that_is_not_certain_is_said_to_be_so_by_list_and_watch(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings(config)
    low, high = local_time(day(1).wall_ms, ZONE), local_time(day(2).wall_ms, ZONE)
    with closing(SqliteStore.open(Path(settings.store.path), "main-gate", ZONE, day(0))) as store:
        of = append(store, punch("001"), unsynced(1000, "b")).seq
        about = {"uncertainty_ms": None, "not_before": low, "not_after": high, "final": True}
        append(store, PunchTimeResolved(of=of, worker="001", at=None, **about), day(3, "c"))
    [row] = [
        one for one in run(config, "vi", "punches", "list").stdout.splitlines() if "001" in one
    ]
    assert "khoảng " in row
    assert "chưa biết chắc giờ" in row
    shown = {"event": "panel", "worker": "002", "outcome": "recorded", "hint": None, "at": None}
    use("vi")
    watch = _Watch(settings, low)
    lines = told(watch, capsys, {**shown, "seq": 7}, {**shown, "seq": 8}, {**shown, "at": high})
    use(None)
    [missed] = [line for line in lines if "001" in line]
    assert re.search(r"--:--:--  .*\(khoảng .+ … .+, chưa biết chắc giờ\)", missed)
    assert ["?  " not in line and "? " in line for line in lines if "002" in line] == [1, 1, 0]
    assert len([line for line in lines if line.startswith("Giờ có dấu ?")]) == 1


def test_what_a_clock_that_ran_ahead_has_left_is_told_as_wrong(
    with_worker: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was believed, and set back: entries and an addition are of days that have not come."""
    settings = load_settings(with_worker)
    now = round(datetime.now(ZONE).timestamp() * 1000)
    ahead, hour = 2 * 86_400_000, 3_600_000

    def ago(hours: int, wrong: int = 0) -> Stamp:
        return later(-hours * hour, wall_ms=now - hours * hour + wrong)

    said = local_time(ago(3, ahead).wall_ms, ZONE)
    added = PunchAdded(worker="NV1", at=said, direction=None, reason="forgot", actor="uid:0")
    back = {"step_ms": -ahead, "state": ClockState.SYNCED}
    back |= {"before": utc_time(ago(1, ahead).wall_ms), "after": utc_time(ago(1).wall_ms)}
    with closing(Assembly(settings).store()) as store:
        append(store, punch("NV1"), ago(4, ahead))
        append(store, added, ago(3, ahead))
        append(store, ClockStepped(**back), ago(1))
        append(store, punch("NV1"), ago(0))
    wrong = "giờ này chưa đến: lúc ghi đồng hồ đã sai"
    rows = run(with_worker, "vi", "punches", "list").stdout.splitlines()
    assert [wrong in row for row in rows if "Hoa" in row and "NV1:" not in row] == [1, 0, 1]
    assert run(with_worker, "vi", "workers", "show", "NV1").stdout.count(wrong) == 2
    assert wrong in run(with_worker, "vi", "audit", "list").stdout
    use("vi")
    lines = told(_Watch(settings, local_time(ago(9).wall_ms, ZONE)), capsys)
    use(None)
    pressed = [line for line in lines if "NV1" in line]
    assert [wrong in line for line in pressed] == [1, 0, 1]
    [clock] = [line for line in lines if "chỉnh lùi từ" in line]
    assert lines.index(pressed[0]) < lines.index(clock) < lines.index(pressed[1])


def test_another_name_is_told_as_one(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.cli.watch.names_of", lambda settings: {"NV1": "Hoà"})
    watch = _Watch(load_settings(config), None)
    watch._names = {"NV1": "Hoa"}
    changed = {"event": "ledger", "seq": 5, "kind": "worker.changed", "worker": "NV1"}
    for seq in (5, 6):
        watch._tell({**changed, "seq": seq, "actor": "uid:0", "active": True})
    renamed, same = capsys.readouterr().out.splitlines()
    assert renamed.endswith("corrected the name, which is now Hoà, NV1")
    assert same.endswith("changed Hoà, NV1: active")


def test_a_span_that_began_at_an_unknown_time_stands_where_it_ended(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings(config)
    path, at_six = Path(settings.store.path), local_time(day(-6).wall_ms, ZONE)
    with closing(SqliteStore.open(path, settings.gate.id, ZONE, unsynced(0, "b"))) as store:
        append(store, RecordingStopped(reason="stopping"), unsynced(1000, "b"))
        append(store, RecordingResumed(reason="started"), day(0, "c"))
        added = PunchAdded(worker="001", at=at_six, direction=None, reason="x", actor="uid:0")
        append(store, added, day(1, "c"))
    use("vi")
    lines = told(_Watch(settings, local_time(day(-7).wall_ms, ZONE)), capsys)
    use(None)
    [of, gap] = [line for line in lines if "001" in line or "cổng" in line]
    assert "001" in of
    assert "từ một lúc không rõ giờ đến" in gap


def test_days_are_told_once_with_their_weekday_and_those_of_today_not(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings(config)
    now = datetime.now(ZONE).timestamp() * 1000
    with closing(Assembly(settings).store()) as store:
        append(store, punch("001"), day(0))
        append(store, punch("002"), day(0.1))
        append(store, punch("003"), later(round(now) - later(0).wall_ms))
    use("vi")
    watch = _Watch(settings, local_time(day(-1).wall_ms, ZONE))
    watch._tell({"event": "watching"})
    watch._tell({"event": "clock", "trusted": True})
    use(None)
    lines = capsys.readouterr().out.splitlines()
    on, today = at(day(0))[:10], f"{datetime.now(ZONE):%d/%m/%Y}"
    days = [line for line in lines if re.search(r"^\D+ [/0-9]{10}$", line)]
    assert days == [f"thứ tư {on[8:]}/{on[5:7]}/{on[:4]}", days[-1]]
    assert days[-1].endswith(today)
    assert sum(re.match(r"\d\d:\d\d:\d\d  ", line) is not None for line in lines) >= 4


def test_a_press_is_told_with_the_way_and_the_lamp_that_were_shown_then(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repeat = PunchRepeated(worker="001", of=3)
    led = PunchDirected(worker="001", of=3, direction=Direction.OUT)
    lines = told_since(
        config,
        capsys,
        day(0),
        (punch("001", Direction.IN), day(1)),
        (repeat, day(1.001)),
        (repeat, day(1.002)),
        (led, day(1.002)),
        (led, day(1.003)),
        (PunchVoided(worker="001", of=3, reason="wrong-worker", actor="uid:0"), day(2)),
        (repeat, day(2.1)),
    )
    perhaps = "green lamp, perhaps with yellow flickering"
    assert [line.split("  ", 1)[1].strip() for line in lines] == [
        f"panel    001: recorded, in, {perhaps} (voided: wrong-worker)",
        "panel    001: already recorded, green lamp, twice and short"
        " (repeats 3, which is voided: does not count)",
        f"panel    001: already recorded, out, {perhaps}"
        " (repeats 3, which is voided: does not count)",
        "panel    001: punch 3 led out, by a key",
        "panel    001: already recorded, green lamp, twice and short"
        " (repeats 3, which is voided: does not count)",
    ]


@pytest.mark.parametrize("added_at", [0.5, 1.5, 2.5, 3.5])
def test_what_was_added_by_hand_stands_at_its_time_among_all_lines(
    config: Path, capsys: pytest.CaptureFixture[str], added_at: float
) -> None:
    """It came before what was refused, or stood before a start of the gate, that was earlier."""
    refused = AttemptRefused(reason="unknown", hint=None, worker=None, suppressed=0)
    at_ = local_time(day(added_at).wall_ms, ZONE)
    by_hand = {"reason": "forgot", "direction": None, "actor": f"uid:{os.getuid()}"}
    lines = told_since(
        config,
        capsys,
        day(0),
        (punch("001"), day(1)),
        (refused, day(2)),
        (RecordingStopped(reason="stopping"), day(3)),
        (PunchAdded(worker="002", at=at_, **by_hand), day(4)),
    )
    times = [line.split()[0] for line in lines]
    assert times == sorted([clock(1), clock(2), clock(3), clock(added_at)])
    [added] = [line for line in lines if "002" in line]
    assert added.startswith(clock(added_at))
    assert f"added by {user(os.getuid())}, written at {clock(4)}" in added


@pytest.mark.parametrize("of", [0, 1])
def test_what_was_added_by_hand_is_told_with_its_way_its_entry_and_the_day_of_writing(
    config: Path, capsys: pytest.CaptureFixture[str], of: int
) -> None:
    written = datetime.now(ZONE)
    at = f"{written.date() - timedelta(days=of)}T00:00:00.000+07:00"
    by_hand = {"reason": "forgot", "direction": Direction.OUT, "actor": f"uid:{os.getuid()}"}
    stamp = structs.replace(later(0), wall_ms=int(written.timestamp() * 1000))
    with closing(Assembly(load_settings(config)).store()) as store:
        added = append(store, PunchAdded(worker="002", at=at, **by_hand), stamp)
    [line] = [
        line for line in told(_Watch(load_settings(config), at[:10]), capsys) if "002" in line
    ]
    day = f"{written.date()} " if of else ""
    by = user(os.getuid())
    assert f"002: out, added by {by}, written at {day}{written:%H:%M:%S}" in line
    assert line.endswith(f"(entry {added.seq})")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_repeats_a_voided_punch_does_not_look_as_if_it_counted(
    config: Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    with closing(Assembly(load_settings(config)).store()) as store, store.changing() as change:
        change.put_worker(Worker(code="001", name="Lan"))
    told_since(
        config,
        capsys,
        day(0),
        (punch("001"), day(1)),
        (PunchRepeated(worker="001", of=3), day(1.001)),
        (PunchVoided(worker="001", of=3, reason="wrong-worker", actor="uid:0"), day(2)),
    )
    does_not_count = {"en": "does not count", "vi": "không tính"}[language]
    for listed in (("punches", "list"), ("workers", "show", "001")):
        assert does_not_count in run(config, language, *listed).stdout


def test_presses_again_and_again_do_not_hide_the_punch(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(Assembly(load_settings(config)).store()) as store, store.changing() as change:
        change.put_worker(Worker(code="001", name="Lan"))
    again = [(PunchRepeated(worker="001", of=3), day(1 + more / 1000)) for more in range(1, 8)]
    told_since(config, capsys, day(0), (punch("001"), day(1)), *again)
    shown = run(config, "en", "workers", "show", "001").stdout.splitlines()[-2:]
    assert [line.partition("  repeat of ")[2] for line in shown] == ["3", ""]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_entry_and_each_reason_has_its_words(language: str) -> None:
    use(language)
    for fact in KINDS:
        assert "." not in say(words_of(kind_of(fact)))
    reasons = get_args(get_type_hints(RecordingStopped)["reason"])
    assert all(is_name(f"unseen.{reason}") for reason in reasons)
    use(None)


def run(config: Path, language: str, *typed: str) -> Result:
    known = {"EDGE_AGENT_CONFIG": str(config)}
    return CliRunner(env=known).invoke(main, ["--lang", language, *typed])


def test_who_may_have_forgotten_a_press_stands_at_the_end_of_a_list(config: Path) -> None:
    settings = load_settings(config)
    with closing(Assembly(settings).store()) as store:
        with store.changing() as change:
            change.put_worker(Worker(code="0007", name="0007"))
        store_of = {"0007": (0, 8, 24, 32, 48), "0008": (1, 9), "0009": (1,)}
        hours = sorted((hour, code) for code, all_ in store_of.items() for hour in all_)
        for hour, code in hours:
            last = append(store, punch(code), day(hour))
        append(store, PunchRepeated(worker="0007", of=last.seq), day(48.001))
        now_ms = round(datetime.now(ZONE).timestamp() * 1000)
        append(store, punch("0010"), later(now_ms - later(0).wall_ms - 3_600_000))  # At work.
    out = run(config, "vi", "punches", "list", "--since", at(day(-1))).stdout
    on, alone = (datetime.fromisoformat(at(day(hour))) for hour in (48, 1))
    assert out.splitlines()[-4:] == [
        f"0007: 5 lần chấm, 3 ngày; 1 ngày lẻ (thứ sáu {on:%d/%m/%Y})",
        "0008: 2 lần chấm, 1 ngày",
        f"0009: 1 lần chấm, 1 ngày; 1 ngày lẻ (thứ tư {alone:%d/%m/%Y})",
        "0010: 1 lần chấm, 1 ngày",
    ]
    one_day = ("--since", at(day(-1)), "--until", at(day(23)))
    brief = run(config, "vi", "punches", "list", *one_day).stdout
    assert [line[:4] for line in brief.splitlines()[-2:]] == ["Mỗi ", "0009"]
    own = run(config, "vi", "punches", "list", "0007", *one_day).stdout
    assert own.splitlines()[-1].endswith("0007: 2 lần chấm, 1 ngày")
