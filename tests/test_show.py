"""Tables for people: whole lines in a file, nothing torn in a narrow terminal."""

import ast
import os
import pty
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, get_args

import click
import pytest
from msgspec import to_builtins

from edge_agent.cli import watched
from edge_agent.cli.show import print_table
from edge_agent.cli.tell import answer, ask, confirm, moves, tell
from edge_agent.contract.facts import RecordingResumed, RecordingStopped
from edge_agent.contract.language import ENGLISH, VIETNAMESE, is_name, say, use
from edge_agent.gate.events import AnyEvent, Event, Watching
from tests.contract.samples import value
from tests.gate.fakes import Site
from tests.made import ROOT

ROW = (
    7,
    "2026-11-24 17:23:44",
    "Nguyễn Thị Hoa",
    "voided: wrong-worker-seen-at-the-gate-of-the-factory",
)
HEAD = ("seq", "time", "name", "note")


def test_a_file_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(HEAD, [ROW], "none")

    [_, line] = capsys.readouterr().out.splitlines()
    assert all(str(cell) in line for cell in ROW)


def shown_on(
    monkeypatch: pytest.MonkeyPatch, columns: int, head: Sequence[str], *rows: Sequence[object]
) -> str:
    """A table on a terminal that is so wide."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", 0) as screen:
        with os.fdopen(theirs, "w") as terminal:
            monkeypatch.setattr("sys.stdout", terminal)
            print_table(head, rows, "none")
        said = b""
        with suppress(OSError):  # The end of a terminal that nobody has open any more.
            while more := screen.read(4000):
                said += more
    return re.sub(r"\x1b\[[0-9;]*m", "", said.decode())


def test_a_narrow_terminal_folds_words_and_tears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = shown_on(monkeypatch, 52, HEAD, ROW)

    assert "2026-11-24 17:23:44" in shown
    assert "…" not in shown
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 52


def test_eighty_columns_hold_a_worker_with_four_fingers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No word of a name and no finger is in two lines."""
    fingers = ("right-index", "right-middle", "left-index", "left-middle")
    row = ("NV0042", "Nguyễn Thị Ngọc Huyền", "deactivated by payroll", ", ".join(fingers))
    shown = shown_on(monkeypatch, 80, ("code", "name", "state", "fingers"), row)

    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80
    for word in (*fingers, *row[1].split(), *row[2].split()):
        assert re.search(rf"\b{word}\b", shown), shown


def test_where_no_columns_fit_each_row_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a phone held upright: what a line can hold is in one, and a number says of what."""
    shown = shown_on(monkeypatch, 36, HEAD, ROW, (8, *ROW[1:3], None))

    lines = [line.rstrip() for line in shown.splitlines()]
    assert lines == [
        "seq: 7  time: 2026-11-24 17:23:44",
        "    Nguyễn Thị Hoa",
        "    voided:",
        "    wrong-worker-seen-at-the-gate-of-the-factory",
        "seq: 8  time: 2026-11-24 17:23:44",
        "    Nguyễn Thị Hoa",
    ]


def test_where_no_columns_fit_a_key_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    row = ("4555ed6d", "age1…lanlan, age1…hoahoa", "đang dùng, mà không thấy tệp")
    shown = shown_on(monkeypatch, 40, ("mark", "sealed-to", "state"), row)
    assert "keys: age1…lanlan, age1…hoahoa" in shown


def test_each_column_has_a_title_in_both_languages() -> None:
    calls = [
        node
        for path in (ROOT / "edge_agent" / "cli").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print_table"
    ]
    named = {
        one.value
        for call in calls
        for one in ast.walk(call.args[0])
        if isinstance(one, ast.Constant)
    }
    assert len(calls) > 12
    assert len(named) > 20
    assert not [name for name in named if not is_name(f"column.{name}")]


def test_sentences_on_a_terminal_break_between_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = "edge-agent: the settings cannot be used:\n  [sensor] port: '/dev/serial/by-id/usb-x' no"
    tell(text)
    assert capsys.readouterr().out == f"{text}\n"  # A file keeps its lines.
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    tell(text)
    shown = capsys.readouterr().out
    assert shown.split() == text.split()
    assert max(map(len, shown.splitlines())) <= 40
    assert shown.splitlines()[-1].startswith("  ")


def test_a_question_breaks_between_words_and_has_room_for_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    asked: list[str] = []
    monkeypatch.setattr("click.prompt", lambda text, **_: asked.append(text) or "y")
    question = "Erase all fingers of Nguyễn Thị Ngọc Huyền, NV0042, for good? No way back"
    confirm(question)
    assert asked == [f"{question} [y/N]"]  # A script's answers come behind one line.
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    confirm(question)
    ask(question)
    answer(question)
    ask("Second finger, right-index [Enter 1 2 3 4 0]")
    assert asked.pop() == "Second finger, right-index\n[Enter 1 2 3 4 0]", "answers are in one line"
    for text in asked[1:]:
        assert text.split()[: len(question.split())] == question.split()
        assert max(map(len, text.splitlines())) <= 40 - len(": y")


@pytest.mark.parametrize(
    ("language", "words", "told"),
    [
        (ENGLISH, ["perhaps", "YES"], "Type y or n.\n"),
        (VIETNAMESE, ["ừ", "Co"], "Gõ c hoặc k.\n"),
        (VIETNAMESE, ["", "khong", "k"], ""),
    ],
)
def test_whoever_answers_neither_yes_nor_no_is_told_what_to_type(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    language: str,
    words: list[str],
    told: str,
) -> None:
    use(language)
    monkeypatch.setattr("click.prompt", lambda text, **_: words.pop(0))
    if told:
        confirm("?")
    while words:
        with pytest.raises(click.Abort):
            confirm("?")
    assert capsys.readouterr().err == told


@pytest.mark.parametrize("kind", [kind for kind in get_args(AnyEvent) if kind is not Watching])
def test_each_event_of_the_stream_has_its_line(kind: type[Event]) -> None:
    event = to_builtins(value("event", kind))
    line = watched.sentence(event, {})
    assert line
    assert "None" not in line


def test_an_entry_is_told_with_whose_it_is() -> None:
    event = {"event": "ledger", "seq": 5, "kind": "print.enrolled", "worker": "NV1"}
    names = {"NV1": "Hoa"}
    told = watched.sentence({**event, "finger": "left-thumb"}, names)
    assert told == "ledger   5 print enrolled: left-thumb, Hoa, NV1"
    assert watched.sentence({"event": "ledger", "seq": 6, "kind": "punch.recorded"}, {}).endswith(
        "6 punch recorded"
    )


def test_that_not_everybody_is_seen_is_no_word_of_nothing_being_recorded() -> None:
    site = Site()
    site.gate.record(RecordingStopped(reason="away"))
    site.gate.record(RecordingResumed(reason="back"))
    site.gate.record(RecordingStopped(reason="foreign"))
    use(VIETNAMESE)
    away, back, foreign = (watched.sentence(to_builtins(event), {}) for event in site.events)
    use(None)
    assert "không thấy hết những ai ấn" in away
    assert "ai được đèn xanh vẫn được ghi" in away
    assert "lại thấy tất cả" in back
    assert "thôi ghi lần ấn" in foreign


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"actor": "payroll", "active": True}, "ghi Hoa, NV1 theo danh sách mới"),
        ({"actor": "payroll", "active": False}, "cho Hoa, NV1 ngừng chấm"),
        ({"actor": "uid:0", "active": True}, "cho Hoa, NV1 chấm"),
        ({"actor": "gate", "active": True, "why": "renamed"}, "tạm giữ vân tay của Hoa, NV1"),
        ({}, "sửa công nhân: Hoa, NV1"),  # A daemon of before.
    ],
)
def test_what_became_of_a_worker_is_told_in_the_words_of_the_audit(
    event: dict[str, Any], expected: str
) -> None:
    whole = {"event": "ledger", "seq": 5, "kind": "worker.changed", "worker": "NV1", **event}
    use(VIETNAMESE)
    told = watched.sentence(whole, {"NV1": "Hoa"})
    use(None)
    assert expected in told


def test_whose_finger_is_awaited_is_no_list_of_who_may_punch_meanwhile() -> None:
    use(VIETNAMESE)
    told = watched.sentence({"event": "awaiting", "request": "enroll", "worker": "NV1"}, {})
    use(None)
    assert re.search(r" NV1: .*ai đã đăng ký vẫn chấm được$", told)


@pytest.mark.parametrize(("kind", "moved"), [("xterm", True), ("dumb", False)])
def test_a_dumb_terminal_is_not_written_over(
    monkeypatch: pytest.MonkeyPatch, kind: str, moved: bool
) -> None:
    """What the doctor looks at meanwhile would stand there as one long line."""
    monkeypatch.setenv("TERM", kind)
    leader, follower = pty.openpty()
    with os.fdopen(leader), os.fdopen(follower, "w") as terminal:
        assert moves(terminal) is moved


@pytest.mark.parametrize(
    "text",
    [
        "edge-agent stopped.",
        "At the gate: edge-agent carry in oct.",
        "It was sudo, then edge-agent x.",
    ],
)
def test_a_full_stop_of_data_is_told(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    tell(text)
    exported = say("ledger.exported", ledger="a", count=1, file=text.removesuffix("."))
    tell(exported)
    assert capsys.readouterr().out == f"{text}\n{exported}\n"
    assert exported.endswith(text)
