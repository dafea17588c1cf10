"""One screen of ``status``: what matters first, at most 20 lines, and one that a phone can show."""

from pathlib import Path
from typing import Any

import pytest

from edge_agent import __version__
from edge_agent.cli import status, status_shown, tell
from edge_agent.cli.status_shown import Shown, hanging, shown_of
from edge_agent.cli.status_to_do import to_do
from edge_agent.contract.language import LANGUAGES, Message, say, use
from edge_agent.gate.errors import DaemonHangs
from edge_agent.gate.settings.load import load_settings

SETTINGS = load_settings(Path(__file__).parents[1] / "config" / "edge-agent.toml")

WELL: dict[str, Any] = {
    "daemon": "running",
    "gate": "main-gate",
    "version": __version__,
    "started_at": "2026-11-29T05:00:00.000+07:00",
    "time": {"local": "2026-11-29T07:10:00.000+07:00", "zone": "Asia/Ho_Chi_Minh"},
    "sensor": {
        "state": "ready",
        "problem": None,
        "message": None,
        "prints": 152,
        "capacity": 1000,
        "not_backed_up": 0,
    },
    "store": {"state": "ready", "problem": None, "message": None, "set_aside": []},
    "clock": {
        "state": "synced",
        "uncertainty_ms": 12,
        "pending": 0,
        "pending_since": None,
        "problem": None,
        "message": None,
    },
    "ledger": {
        "id": "c7c336fc-e83b-454b-80e7-09c96ee9725a",
        "last_seq": 412,
        "confirmed_seq": 412,
        "complete_until": "2026-11-29T07:09:00.000+07:00",
        "rejected": 0,
    },
    "uplink": {
        "state": "connected",
        "problem": None,
        "message": None,
        "refused_receipts": 0,
        "refused_commands": 0,
    },
    "roster": {"version": 7, "refused": None},
    "disk_free_bytes": 21_000_000_000,
    "workers": 80,
    "waiting_since": None,
    "last_punch": {
        "seq": 411,
        "worker": "NV0042",
        "name": "Nguyễn Thị Hoa",
        "at": "2026-11-29T06:58:12.000+07:00",
        "direction": "in",
    },
    "hangs": [],
}


def problem(name: str, **fields: Any) -> dict[str, Any]:
    message = Message(name, **fields)
    return {"problem": str(message), "message": message.plain()}


CHANGED = "- settings: Changed since the start: "


@pytest.mark.parametrize(
    ("service", "changed", "told"),
    [
        (True, ["[punch] in_hours"], "[punch] in_hours; a reload makes it count"),
        (True, ["[punch] in_hours", "[mqtt] host"], "in_hours, [mqtt] host; a restart makes it"),
        (False, ["[punch] in_hours"], "[punch] in_hours; a restart makes it count: Ctrl+C"),
    ],
)
def test_a_reload_is_said_where_one_is_enough(
    service: bool, changed: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.gate.host.service.is_service", lambda: service)
    shown = shown_of(SETTINGS, answer(settings={"changed": changed, "problem": None}))
    [line] = [line.text for line in shown if line.text.startswith(CHANGED)]
    assert told in line


@pytest.mark.parametrize(
    ("tried_s", "told"),
    [
        (40, "Nothing is lost. Tried 40 s ago, and again in 23 s: The"),
        (None, "Nothing is lost. Tried again in 23 s: The"),
    ],
)
def test_a_broker_that_is_away_is_told_by_when_it_was_tried(tried_s: int | None, told: str) -> None:
    """It may be back since; the sentence is that of the last try, or of how a connection ended."""
    away = {"state": "disconnected", **NOBODY, "away_s": 95, "tried_s": tried_s, "next_try_s": 23}
    [line] = [
        line.text
        for line in shown_of(SETTINGS, answer(uplink=away))
        if "Nothing listens" in line.text
    ]
    assert line.startswith(f"- uplink: {told} broker at")


def test_a_changed_id_is_said_to_leave_the_ledger() -> None:
    """Of the gate that runs; that it counts after a restart alone would invite to one."""
    settings = {"changed": ["[gate] id"], "problem": None}
    shown = shown_of(SETTINGS, answer(gate="side-gate", settings=settings))
    assert [line.text for line in shown if line.text.startswith("- settings: ")] == [
        "- settings: " + say("status.other-gate", owner="side-gate", gate=SETTINGS.gate.id)
    ]


HOA = "Nguyễn Thị Hoa, NV0042"

NOBODY = problem("broker.unreachable", host="10.0.0.9", port=8883, why="Nothing listens there")


def answer(**changes: Any) -> dict[str, Any]:
    """A gate that is well, but for what is changed: a part's fields, or a field of its own."""
    told: dict[str, Any] = {**WELL}
    for key, change in changes.items():
        told[key] = {**WELL.get(key, {}), **change} if isinstance(change, dict) else change
    return told


ILL = answer(
    sensor={"state": "silent", "not_backed_up": 3, **problem("problem.mended", count=10)},
    store={"state": "reserve", "set_aside": ["gate.db.old-1"], **problem("problem.reserve")},
    clock={
        "state": "unsynced",
        "uncertainty_ms": None,
        "pending": 9,
        **problem("problem.unsynced"),
    },
    uplink={
        "state": "disconnected",
        "refused_receipts": 2,
        "not_signed": 3,
        "duplicate_gate": True,
        "keys": ["c7c336fc"],
        **NOBODY,
    },
    ledger={"confirmed_seq": 370, "rejected": 4},
    roster={"refused": "too-large"},
    waiting_since="2026-11-29T05:40:00.000+07:00",
    settings={"changed": ["[mqtt] host"], "problem": "[mqtt] port is no number."},
)
"""All at once."""


def texts(shown: Shown) -> list[str]:
    return [line.text for line in shown]


def lines(shown: Shown, columns: int) -> list[str]:
    """As a terminal of so many columns shows it."""
    return [
        row for line in shown for row in tell.folded(line.text, line.indent, columns).split("\n")
    ]


@pytest.fixture(autouse=True)
def screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of the usual size."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "21")
    monkeypatch.setattr(status_shown, "is_screen", lambda: True)


def test_a_gate_that_is_well_in_the_order_of_what_matters() -> None:
    shown = shown_of(SETTINGS, answer())
    assert texts(shown) == [
        "Gate main-gate records.",
        "last      06:58:12  Nguyễn Thị Hoa, NV0042, in",
        "workers   80 workers, 152 of 1000 prints",
        "sensor    ready",
        "clock     2026-11-29 07:10:00 +07:00, synced, within 12 ms",
        "uplink    connected, payroll has everything",
        "disk      21.0 GB free",
        "backup    all prints are in a backup",
        "daemon    running since 2026-11-29 05:00:00, version " + __version__,
        "ledger    c7c336fc-e83b-454b-80e7-09c96ee9725a, 412 entries",
        "complete  payroll has every punch before 2026-11-29 07:09:00",
        "roster    version 7",
        "Nothing to do.",
    ]
    assert (shown[0].colour, shown[-1].colour) == ("green", "green")


@pytest.mark.parametrize(
    ("changes", "colour", "verdict"),
    [
        ({"daemon": "stopped"}, "red", "does NOT record: its daemon is stopped"),
        ({"hangs": ["gate"]}, "red", "does NOT record: its daemon does not answer"),
        ({"store": {"state": "failing"}}, "red", "does NOT record: the database takes no"),
        ({"sensor": {"state": "silent"}}, "red", "does NOT record: the sensor (silent)"),
        ({"sensor": {"state": "starting"}}, "red", "does NOT record: the sensor (starting)"),
        ({"hangs": ["uplink"]}, "green", "records."),
        ({"uplink": NOBODY}, "yellow", "records; 1 thing to do."),
    ],
)
def test_whether_it_records_is_said_first(
    changes: dict[str, Any], colour: str, verdict: str
) -> None:
    first = shown_of(SETTINGS, answer(**changes))[0]
    assert (first.text.startswith(f"Gate main-gate {verdict}"), first.colour) == (True, colour)


def test_what_waits_and_since_when() -> None:
    told = answer(
        uplink={"state": "disconnected", **NOBODY},
        ledger={"confirmed_seq": 370},
        waiting_since="2026-11-29T05:40:00.000+07:00",
    )
    shown = texts(shown_of(SETTINGS, told))
    assert "uplink    disconnected, 42 entries wait since 2026-11-29 05:40:00" in shown
    assert shown[-2:] == ["To do now:", f"- uplink: Nothing is lost. {NOBODY['problem']}"]
    told["waiting_since"] = None
    assert "uplink    disconnected, 42 entries wait" in texts(shown_of(SETTINGS, told))


@pytest.mark.parametrize(
    ("last", "row"),
    [
        (
            {"at": "2026-11-28T18:00:00.000+07:00"},
            "2026-11-28 18:00:00  Nguyễn Thị Hoa, NV0042, in",
        ),
        ({"at": None, "direction": None}, f"time not known for certain  {HOA}"),
        ({"name": None}, "06:58:12  NV0042, in"),
        ({"name": "NV0042"}, "06:58:12  NV0042, in"),
    ],
)
def test_the_last_punch(last: dict[str, Any], row: str) -> None:
    told = answer(last_punch={**WELL["last_punch"], **last})
    assert f"last      {row}" in texts(shown_of(SETTINGS, told))
    assert "last      no punch lately" in texts(shown_of(SETTINGS, answer(last_punch=None)))


def test_a_daemon_of_an_older_version_is_shown_by_what_it_tells() -> None:
    told = answer()
    for key in ("workers", "last_punch", "waiting_since", "hangs", "time"):
        del told[key]
    shown = texts(shown_of(SETTINGS, told))
    assert "workers   152 of 1000 prints" in shown
    assert "clock     synced, within 12 ms" in shown


def test_for_whose_finger_it_waits_is_said_once_and_first() -> None:
    use("vi")
    shown = texts(shown_of(SETTINGS, answer(awaiting="enroll", awaiting_worker="NV0042")))
    [row] = [text for text in shown if "NV0042: " in text]
    waits = "đang chờ ngón tay để đăng ký; ai đã đăng ký vẫn chấm được"
    assert " ".join(row.split()) == f"lúc này NV0042: {waits}"


def test_a_time_that_is_believed_unchecked_is_not_called_right() -> None:
    """As the doctor has it: nothing has synchronised the clock of "[clock] trust" "always"."""
    shown = texts(shown_of(SETTINGS, answer(clock={"believed": True, "uncertainty_ms": 1000})))
    [row] = [text for text in shown if text.startswith("clock ")]
    assert row.endswith("+07:00, the machine's time is believed unchecked")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("told", [answer(), ILL], ids=["well", "ill"])
def test_at_most_twenty_lines_on_eighty_columns(language: str, told: dict[str, Any]) -> None:
    use(language)
    rows = lines(shown_of(SETTINGS, told), 80)
    assert len(rows) <= 20
    assert max(map(len, rows)) <= 80


def test_the_worst_is_to_be_done_first_and_the_rest_is_counted() -> None:
    shown = texts(shown_of(SETTINGS, ILL))
    todo = shown[shown.index("To do now:") + 1 :]
    # The first line has the sensor for a reason; what the store has in reserve is still recorded.
    assert todo[0].startswith("- sensor: The link to the sensor was mended")
    assert todo[1].startswith("- database: The disk is full")
    assert todo[-1].endswith(" more: edge-agent doctor --problems")
    counted = int(todo[-1].split()[0])
    assert (
        f"{counted + len(todo) - 1} things"
        in texts(shown_of(SETTINGS, {**ILL, "sensor": {**ILL["sensor"], "state": "ready"}}))[0]
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("told", [answer(), ILL], ids=["well", "ill"])
def test_a_phone_of_forty_columns(
    monkeypatch: pytest.MonkeyPatch, language: str, told: dict[str, Any]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    use(language)
    assert max(map(len, lines(shown_of(SETTINGS, told), 40))) <= 40


def test_what_stops_the_gate_is_the_first_thing_to_do() -> None:
    """Before what only is remembered of a database that was put back."""
    lost = {"state": "ready", "set_aside": [], **problem("privacy.unknown")}
    foreign = WELL["sensor"] | {"state": "foreign", **problem("doubt.foreign")}
    stopped = shown_of(SETTINGS, answer(store=lost, sensor=foreign, restored=True))
    todo = [line.text for line in stopped if line.text.startswith("- ")]
    assert "edge-agent sensor adopt" in todo[0]
    hung = shown_of(SETTINGS, answer(store=lost, hangs=["gate"]))
    assert "Restart it" in next(line.text for line in hung if line.text.startswith("- "))


def test_of_a_database_that_was_put_back_all_is_said_that_it_may_lack() -> None:
    """Where to look, too; and it is no proof of a backup, which may have been destroyed since."""
    put_back = texts(shown_of(SETTINGS, answer(restored=True, erased_again=["NV0004"])))
    told = " ".join(put_back)
    for what in ("Presses", "People, prints, cards, PINs", "Backups of prints"):
        assert what in told
    for command in ("receive export", "workers list", "audit list", "enroll NV0004"):
        assert f"edge-agent {command}" in told
    assert "Erased here again: NV0004" in told
    assert "backup    all prints, by the older copy: see whether" in told


def test_a_tall_terminal_shows_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a phone's width, too: what does not fit into 20 lines is there to be scrolled to."""
    short = texts(shown_of(SETTINGS, ILL))
    assert any("no room for" in one for one in short)
    for columns in (40, 120):
        monkeypatch.setattr(status_shown, "height", lambda: 200)
        monkeypatch.setattr(status_shown, "width", lambda columns=columns: columns)
        tall = texts(shown_of(SETTINGS, ILL))
        assert len(tall) > len(short)
        assert not any("no room for" in one or "more: " in one for one in tall)


def test_a_daemon_that_hangs() -> None:
    use("vi")
    at = 1_795_910_400.0  # 2026-11-29T00:00:00Z
    [first, _, todo] = hanging(SETTINGS, DaemonHangs(Message("control.hangs", restart="So"), at))
    assert first.text.endswith("không trả lời từ 29/11/2026 07:00:00.")
    assert "Ctrl+C ở nơi nó chạy, rồi edge-agent run" in todo.text
    assert (
        "từ"
        not in hanging(SETTINGS, DaemonHangs(Message("control.hangs", restart="So"), None))[0].text
    )


@pytest.mark.parametrize(
    ("terminal", "environment", "shown"),
    [
        (True, {"TERM": "xterm"}, "\x1b[31mx\x1b[0m"),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, "\x1b[31mx\x1b[0m"),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, "x"),
        (True, {"TERM": "dumb"}, "x"),
        (False, {"TERM": "xterm"}, "x"),
    ],
)
def test_colours_only_where_they_are_wanted(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, environment: dict[str, str], shown: str
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    assert tell.coloured("x", "red") == shown


def test_never_started() -> None:
    shown = shown_of(SETTINGS, {"daemon": "stopped", "gate": "main-gate", "ledger": None})
    assert texts(shown) == ["Gate main-gate has never been started: edge-agent run"]


def test_it_is_shown_anew_until_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In its own place on a terminal; elsewhere, and where that cannot be, as it changes."""
    well, ill = shown_of(SETTINGS, answer()), shown_of(SETTINGS, ILL)

    def followed(terminal: bool) -> str:
        looks = iter((well, ill))

        def look(settings: Any, *, whole: bool) -> tuple[Shown, int]:
            try:
                return next(looks), 0
            except StopIteration:
                raise KeyboardInterrupt from None

        monkeypatch.setattr(status, "_look", look)
        monkeypatch.setattr(status, "_BETWEEN_SCREENS_S", 0)
        monkeypatch.setattr(status, "moves", lambda stream: terminal)
        with pytest.raises(KeyboardInterrupt):
            status._follow(SETTINGS, well, whole=False)
        return capsys.readouterr().out

    piped = followed(terminal=False)
    assert piped.splitlines() == [*texts(well), *texts(ill)]
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *args: False)
    assert followed(terminal=True).count("\x1b[H\x1b[J") == 3


def test_everything_that_is_shown_comes_out_on_a_pipe_in_one_line_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status._show(status_shown.shown_of(SETTINGS, ILL))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.splitlines() == texts(shown_of(SETTINGS, ILL))


COPY = {"state": "made", "entries": 400, "at": None, "age_s": 10_800.0, "same_card": False}
NO_COPY = COPY | {"state": "none-yet", "age_s": None}


@pytest.mark.parametrize(
    ("backup", "row", "todo"),
    [
        (COPY, "3 hours ago, 400 entries, read back", None),
        (COPY | {"same_card": True}, "3 hours ago, 400 entries, on this card", None),
        (COPY | {"state": "old", "age_s": 400_000.0}, "4 days ago", "at least 4 days old"),
        (NO_COPY, "none yet: edge-agent ledger backup /media/stick", None),
        (NO_COPY | {"state": "missing"}, "none yet: ", "Nobody has made a copy"),
    ],
)
def test_how_old_the_copy_is(backup: dict[str, Any], row: str, todo: str | None) -> None:
    use("en")
    shown = texts(shown_of(SETTINGS, answer(backup=backup)))
    assert any(text.startswith("copy ") and row in text for text in shown)
    assert [text for text in shown if text.startswith("- copy")] == [
        text for text in shown if todo is not None and todo in text
    ]


@pytest.mark.parametrize(
    ("board", "told"),
    [
        ({"temperature_c": 69.9, "undervoltage": False, "undervoltage_seen": False}, None),
        ({"temperature_c": 75.0, "undervoltage": False, "undervoltage_seen": True}, "75 °C hot:"),
        ({"temperature_c": None, "undervoltage": None, "undervoltage_seen": None}, None),
        ({"temperature_c": 84.2, "undervoltage": False, "undervoltage_seen": True}, "84 °C"),
        ({"temperature_c": 50.0, "undervoltage": False, "undervoltage_seen": True}, "since the"),
        ({"temperature_c": 90.0, "undervoltage": True, "undervoltage_seen": True}, "too weak:"),
    ],
)
def test_what_the_board_suffers_from(board: dict[str, Any], told: str | None) -> None:
    use("en")
    shown = texts(shown_of(SETTINGS, answer(board=board)))
    found = [text for text in shown if text.startswith("- machine")]
    assert (found == []) if told is None else (told in found[0])


def test_a_gate_out_of_service_is_not_to_be_started() -> None:
    use("en")
    gone = {"daemon": "stopped", "retired": True}
    shown = texts(shown_of(SETTINGS, answer(**gone)))
    assert shown[0] == "Gate main-gate does NOT record: it is out of service."
    assert not any("edge-agent run" in text or "systemctl start" in text for text in shown)
    ledger = answer()["ledger"] | {"confirmed_seq": 400}
    waits = texts(shown_of(SETTINGS, answer(**gone, ledger=ledger)))
    assert any("carry out" in text for text in waits)
    kept = texts(shown_of(SETTINGS, answer(**gone, at_broker=True)))
    assert any("still keeps this gate's last word" in text for text in kept)


WAITS = answer(
    sensor={"not_backed_up": 3},
    clock={
        "state": "unsynced",
        "uncertainty_ms": None,
        "pending": 1,
        "pending_since": "2026-11-29T07:08:00.000+07:00",
        **problem("problem.unsynced"),
    },
    uplink={"state": "disconnected", "keys": ["c7c336fc"], **NOBODY},
    ledger={"confirmed_seq": 370},
    waiting_since="2026-11-29T05:40:00.000+07:00",
    backup={"state": "made", "entries": 400, "at": None, "age_s": 9e3, "same_card": False},
    privacy={"consent": "off"},
)
"""A punch waits for its time, and the network is down."""


@pytest.mark.parametrize("columns", ["40", "80", "100", "120"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("told", [WAITS, ILL], ids=["waits", "ill"])
def test_no_row_goes_without_a_word_and_what_people_are_sent_to_stays(
    monkeypatch: pytest.MonkeyPatch, language: str, told: dict[str, Any], columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    use(language)
    shown = shown_of(SETTINGS, told)
    rows = [*status_shown._rows(told), *status_shown._further_rows(told)]
    names = {name: say(f"status.{name}") for name, text in rows if text is not None}
    there = {name for name, word in names.items() if any(t.startswith(word) for t in texts(shown))}
    assert {"complete", "roster", "clock", "uplink", "people"} <= there
    [line] = [text for text in texts(shown) if "edge-agent status --all" in text] or [""]
    assert [name for name in names if name not in there and names[name] not in line] == []
    assert len(lines(shown, max(80, int(columns)))) <= 20


@pytest.mark.parametrize("told", [WAITS, ILL], ids=["waits", "ill"])
def test_a_pipe_gets_every_row_and_all_that_is_to_be_done(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, Any]
) -> None:
    monkeypatch.setattr(status_shown, "is_screen", lambda: False)
    shown = texts(shown_of(SETTINGS, told))
    rows = [*status_shown._rows(told), *status_shown._further_rows(told)]
    assert [text for _, text in rows if text is not None and text not in " ".join(shown)] == []
    todo = [text for _, text in to_do(SETTINGS, told) if text is not None]
    assert [text for text in todo if text not in " ".join(shown)] == []
    assert not any("no room for" in one or "more: " in one for one in shown)


def test_all_of_it_is_shown_to_whoever_asks_though_the_screen_is_small() -> None:
    """And broken between words, as no pipe is."""
    shown = texts(shown_of(SETTINGS, ILL, whole=True))
    todo = [text for _, text in to_do(SETTINGS, ILL) if text is not None]
    assert [text for text in todo if text not in " ".join(shown)] == []
    assert not any("no room for" in one or "more: " in one for one in shown)


def test_only_as_much_goes_as_there_is_no_room_for() -> None:
    use("en")
    gone = "disk, daemon, ledger, copy, consent, payroll"
    told = f"no room for 6 rows: {gone} (all: 'edge-agent status --all')"
    assert told in texts(shown_of(SETTINGS, WAITS))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sensor": {"prints": 0}, "credentials": 0, "workers": 6}, True),
        ({"sensor": {"prints": 0}, "credentials": 1, "workers": 6}, False),
        ({"sensor": {"prints": 0}, "credentials": 0, "workers": 0}, False),
        ({"sensor": {"prints": 1}, "credentials": 0, "workers": 6}, False),
        ({"sensor": {"prints": 0}, "workers": 6}, False),
    ],
)
def test_that_nobody_can_be_recognised_is_to_be_mended(changes: dict[str, Any], told: bool) -> None:
    use("en")
    shown = texts(shown_of(SETTINGS, answer(**changes)))
    assert shown[0].startswith("Gate main-gate has no prints: it records no finger") is told
    assert [text for text in shown if text.startswith("- ")] == told * [
        "- workers: 6 workers, and no print, card or PIN: 'edge-agent templates restore FILE"
        " --identity - < key.txt', or 'edge-agent enroll --missing'"
    ]


@pytest.mark.parametrize(
    ("changes", "todo"),
    [
        ({"version": "0.0.9"}, "- daemon: Version 0.0.9 runs, this command is "),
        ({"sensor": {"prints": 80, "capacity": 100}}, "- sensor: 80 of 100 slots are used"),
        (
            {"roster": {"refused": "malformed"}},
            "- roster: Payroll's last roster is not in force (s",
        ),
        ({"store": {"set_aside": ["gate.db.damaged-1"]}}, "- database: A damaged database was set"),
        ({"store": {"set_aside": ["gate.db.left-1"]}}, None),
        ({"overdue": {"backups": 1, "claims": 2}}, "- privacy: Not done yet for workers' data: 1 "),
        ({"overdue": {"backups": 0, "claims": 0}}, None),
        ({"waiting_since": "2026-11-28T07:00:00.000+07:00"}, "- payroll: Payroll has confirmed no"),
        ({"waiting_since": "2026-11-28T07:20:00.000+07:00"}, None),
        (
            {"waiting_since": "2026-11-28T07:00:00.000+07:00", "uplink": {"state": "disconnected"}},
            None,
        ),
        (
            {"uplink": {"state": "disconnected", "away_s": 3600}},
            "- uplink: The daemon has not been connected to the broker for 60 minutes",
        ),
        (
            {"uplink": {"state": "disconnected", "away_s": 3600, "away_since_start": True}},
            "- uplink: The daemon has not been connected to the broker for at least 60 minutes",
        ),
    ],
)
def test_what_the_doctor_warns_of_is_to_be_done(changes: dict[str, Any], todo: str | None) -> None:
    use("en")
    well = answer(version=__version__)
    shown = texts(shown_of(SETTINGS, {**well, **answer(**{"version": __version__, **changes})}))
    found = [text for text in shown if text.startswith("- ")]
    assert [text[: len(todo or "")] for text in found] == ([] if todo is None else [todo])


def test_a_gate_out_of_service_still_owes() -> None:
    use("en")
    gone = {"daemon": "stopped", "retired": True, "overdue": {"backups": 1, "claims": 0}}
    shown = texts(shown_of(SETTINGS, answer(**gone, ledger={"rejected": 2})))
    todo = [text.split(":")[0] for text in shown if text.startswith("- ")]
    assert todo == ["- privacy", "- payroll"]


@pytest.mark.parametrize(
    ("language", "backups", "late"),
    [
        ("en", 1, "workers' data: 1 backup to be destroyed."),
        ("en", 2, "workers' data: 2 backups to be destroyed."),
        ("vi", 1, "công nhân: 1 bản sao lưu phải hủy."),
    ],
)
def test_what_is_late_is_told_with_how_many(language: str, backups: int, late: str) -> None:
    use(language)
    gone = {"daemon": "stopped", "retired": True, "overdue": {"backups": backups, "claims": 0}}
    assert late in " ".join(texts(shown_of(SETTINGS, answer(**gone))))


def test_what_a_damaged_ledger_has_left_of_backups_is_not_called_certain() -> None:
    use("en")
    """Whether the old file lies there or not."""
    shown = texts(shown_of(SETTINGS, answer(templates={"unlisted": 2})))
    assert any("only by the ledger before the damage: see what" in text for text in shown)
    assert any("see whether that backup is still there, or make one" in text for text in shown)


def test_what_must_be_destroyed_is_not_called_a_backup_of_all() -> None:
    use("en")
    shown = texts(shown_of(SETTINGS, answer(overdue={"backups": 1, "claims": 0})))
    assert any("all prints, but a backup is to be destroyed" in text for text in shown)


def test_after_a_damage_the_row_of_the_new_ledger_stays() -> None:
    use("en")
    damaged = WAITS | {"store": {**WAITS["store"], "set_aside": ["gate.db.old-1-damaged"]}}
    for told, stays in ((WAITS, False), (damaged, True)):
        shown = texts(shown_of(SETTINGS, told))
        assert any(line.startswith("ledger ") for line in shown) is stays
