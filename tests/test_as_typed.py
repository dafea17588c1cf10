"""What a tired person types at a gate without a daemon, and what they are told: in Vietnamese."""

import json
import os
import pwd
import re
import shlex
import unicodedata
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest
from msgspec import structs

from edge_agent.cli import activate, credentials, enroll, options
from edge_agent.cli import sensor as sensor_command
from edge_agent.cli.complete import OF_VOIDS, REASONS, Keyword, keyword_called
from edge_agent.cli.enrolment_day import Person
from edge_agent.contract.facts import (
    Direction,
    DirectionSource,
    GateRetired,
    Method,
    PunchRecorded,
    PunchRepeated,
)
from edge_agent.contract.language import Message, is_name, said
from edge_agent.contract.people import Employment, Print, Worker, so_called
from edge_agent.gate.credentials import Credential
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.ledger.store.metadata import ERASURES_UNKNOWN
from edge_agent.gate.pairing_mark import Doubt
from edge_agent.gate.sealed_backups import SealedBackup
from edge_agent.gate.sensor import lifecycle
from edge_agent.receiver.store import PayrollStore
from tests import catalogues
from tests.commands import Edge, leaves
from tests.gate.ledger.ledgers import append, later, open_store, punch

NO_SENSOR = 74

ASKED = "[c/K]"


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enroll, "somebody_types", lambda: True)
    monkeypatch.setattr(options, "somebody_types", lambda: True)
    monkeypatch.setattr(activate, "somebody_types", lambda: True)


NAMES_OF_OTHERS = {"lang", "model", "protocol", "kind"}
"""Languages, modules, versions and formats: proper names, which nobody says otherwise."""

CALLED = [
    (ctx.command_path, one)
    for ctx in leaves()
    for one in ctx.command.params
    if isinstance(one.type, Keyword)
]


def test_each_list_of_keywords_has_words() -> None:
    choices = {
        (one.name, type(one.type).__name__)
        for ctx in leaves()
        for one in ctx.command.params
        if isinstance(one.type, click.Choice)
    }
    assert {name for name, kind in choices if kind != Keyword.__name__} <= NAMES_OF_OTHERS


@pytest.mark.parametrize(
    ("command", "option"), CALLED, ids=[f"{path} {one.name}" for path, one in CALLED]
)
def test_a_keyword_is_taken_by_the_word_that_the_help_shows(
    command: str, option: click.Option
) -> None:
    """The words of a table that the help is written by, not those of another one."""
    kind = option.type
    assert isinstance(kind, Keyword)
    told = said(Message(str(option.help)), "vi")
    for keyword in kind.choices:
        for language in ("vi", "en"):
            word = said(Message(kind.called(keyword)), language)
            for typed in (word, unicodedata.normalize("NFD", word).upper()):
                assert kind.convert(typed, None, None) == keyword
        word = said(Message(kind.called(keyword)), "vi")
        assert f"{keyword} ({word}" in told, (command, keyword)


def test_what_two_keywords_begin_with_is_neither() -> None:
    kind = Keyword(["01a", "01b", "days", "sessions"], lambda one: f"keyword.form-{one}")
    assert kind.convert("làm", None, None) == "01b"
    for text in ("", "ca ca", "giờ"):
        with pytest.raises(click.BadParameter):
            kind.convert(text, None, None)
    assert keyword_called("ấn", REASONS, lambda one: f"reason.{one}") is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [("nhầm người", "wrong-worker"), ("NHAM NGUOI", "wrong-worker"), ("mất", "no-power"),
     ("quên chấm", "forgot-to-press"), ("Cham  thua", "pressed-twice"), ("thu", "thu"),
     ("wrong-worker", "wrong-worker"), ("bad-weather", "bad-weather")],
)  # fmt: skip
def test_a_reason_may_be_called_by_its_words(edge: Edge, typed: str, code: str) -> None:
    with closing(open_store(Path())) as store:
        append(store, punch("NV0042"), later(0))
        seq = str(store.tail().seq)
    done = edge("punches", "void", seq, "--reason", typed)
    assert done.exit_code == 0, done.output
    [voided] = json.loads(edge("punches", "list", "--json").stdout)
    assert voided["voided"] == code
    for language in ("vi", "en"):
        word = said(Message(f"reason.{code}"), language) if code in REASONS else code
        for words in (("punches", "list"), ("audit", "list")):
            assert word in edge(*words, language=language).stdout


def test_every_reason_has_its_words_in_the_help_or_where_it_is_refused(edge: Edge) -> None:
    why = ("--reason", "Mây bảo thế")
    void = edge("punches", "void", "1", *why)
    add = edge("punches", "add", "NV0042", "--at", f"{day_ago(1)} 17:00", *why)
    shown = " ".join(said(Message(f"help.reason-{what}"), "vi") for what in ("void", "add"))
    assert (void.exit_code, add.exit_code) == (65, 65)
    for code in REASONS:
        word = said(Message(f"reason.{code}"), "vi")
        assert (f"'{word}'" in void.stderr) is (code in OF_VOIDS)
        assert (f"'{word}'" in add.stderr) is (code not in OF_VOIDS)
        assert f"{code} ({word})" in shown
    named = {name for name in catalogues.words("vi") if name.startswith("reason.")}
    assert named == {f"reason.{code}" for code in REASONS}


@pytest.mark.parametrize("called", ["Lò Thị Mây", "lo thi may", "Mây", "may", "nv42"])
@pytest.mark.parametrize(
    "words",
    [
        ("workers", "show"),
        ("workers", "deactivate"),
        ("punches", "list"),
        ("punches", "add", "--at", "2026-11-23T06:00", "--reason", "no-power"),
        ("enroll", "--finger", "trỏ phải"),
        ("credentials", "remove", "--card"),
        ("consent", "withdraw"),
        ("consent", "print", "--output", "slip.html"),
    ],
)
def test_who_is_called_by_name_is_told_by_code(
    edge: Edge, words: tuple[str, ...], called: str
) -> None:
    done = edge(*words, called)
    assert done.exit_code == 65
    assert "có phải là NV0042 không?" in done.stderr


def test_several_of_one_given_name_are_all_meant() -> None:
    names = {"1": "Lò Thị Mây", "2": "Vàng Mây", "3": "Lò Thị May Mắn"}
    assert so_called("mây", names) == ["1", "2"]
    assert so_called(" - ", names) == []


def test_a_name_in_the_place_of_the_code_is_not_asked_for_its_name(edge: Edge) -> None:
    done = edge("workers", "add", "Nguyễn Thị Hoa", answers="Hoa\n")
    assert (done.exit_code, done.stdout) == (65, "")
    assert "quên ghi mã" in done.stderr


@pytest.mark.parametrize(
    ("called", "way"),
    [
        *((called, "in") for called in ("in", "vào", unicodedata.normalize("NFD", "VÀO"), "vao")),
        *((called, "out") for called in ("out", "ra", "Ra")),
    ],
)
def test_a_way_may_be_called_by_its_word(edge: Edge, called: str, way: str) -> None:
    at = ("--at", "1/10/2026 17:00", "--reason", "no-power", "--force")
    assert edge("punches", "add", "NV0042", *at, "--direction", called).exit_code == 0
    [punch] = json.loads(edge("punches", "list", "--json").stdout)
    assert punch["direction"] == way


def test_what_is_no_way_is_told_with_both(edge: Edge) -> None:
    done = edge("punches", "add", "NV0042", "--at", "x", "--reason", "y", "--direction", "lên")
    assert (done.exit_code, "dùng 'vào' hoặc 'ra'" in " ".join(done.stderr.split())) == (2, True)


@pytest.mark.parametrize(
    ("consent", "told"), [("off", "chưa có: cổng này không hỏi"), ("required", "chưa có: cần hỏi")]
)
def test_what_is_not_asked_for_nobody_has_to_ask_for(
    edge: Edge, tmp_path: Path, consent: str, told: str
) -> None:
    config = tmp_path / "edge-agent.toml"
    config.write_text(config.read_text() + f'[privacy]\nconsent = "{consent}"\n')
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        change.put_print(
            Print(worker="NV0042", finger="left-thumb", slot=1, generation=1), b"d" * 32
        )
    for words in (("workers", "show", "NV0042"), ("consent", "list")):
        shown = " ".join(edge(*words).stdout.split())
        assert told in shown
        assert ("không hỏi" in shown) is (consent == "off")
    assert ("không hỏi" in edge("status").stdout) is (consent == "off")


@pytest.mark.parametrize("service", [True, False])
def test_what_starts_this_gate_is_told_alike(
    edge: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: bool
) -> None:
    monkeypatch.setattr("edge_agent.gate.host.service._UNITS", (str(tmp_path),))
    if service:
        (tmp_path / "edge-agent.service").touch()
    command = "sudo systemctl start edge-agent" if service else "edge-agent run"
    for words in (("status",), ("watch",), ("doctor", "--section", "gate")):
        assert command in " ".join(edge(*words).output.split()), words
    assert ("journalctl" in edge("doctor", "--section", "gate").output) is service


@pytest.mark.parametrize("finger", ["trỏ phải", "ngón trỏ phải", "Tro Phai", "right-index"])
def test_a_finger_may_be_called_by_its_words(
    edge: Edge, monkeypatch: pytest.MonkeyPatch, finger: str
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        enroll, "carry_out", lambda settings, request, step: asked.append(request.finger) or {}
    )
    monkeypatch.setattr(enroll, "_tell_enrolled", lambda *_: None)
    monkeypatch.setattr(enroll, "who", lambda *_: "")
    edge("enroll", "NV0042", "--finger", finger, "--json")
    assert asked == ["right-index"]


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(
    ("held", "flags", "answers", "finger"),
    [
        ([], (), "\n", "right-index"),
        (["right-index"], (), "\n", "left-index"),
        (["right-thumb"], (), "giữa trái\n", "left-middle"),
        (["left-ring", "right-index"], ("--replace",), "\n", "left-ring"),
        ([], (), "tay nào cũng được\ncái phải\n", "right-thumb"),
    ],
)
def test_a_finger_that_is_left_out_is_suggested(
    edge: Edge,
    monkeypatch: pytest.MonkeyPatch,
    held: list[str],
    flags: tuple[str, ...],
    answers: str,
    finger: str,
) -> None:
    asked: list[str] = []
    known = {"NV0042": Person("NV0042", "Lò Thị Mây", False, held, [])}
    monkeypatch.setattr("edge_agent.cli.enrolment_day.people_of", lambda perform: known)
    monkeypatch.setattr(
        enroll, "carry_out", lambda settings, request, step: asked.append(request.finger) or {}
    )
    done = edge("enroll", "NV0042", *flags, "--json", answers=answers)
    assert asked == [finger]
    assert done.stderr.startswith("Ngón nào? Enter: ngón ")
    first = "ngón trỏ phải sẽ là vân tay đầu tiên"
    assert (first in " ".join(done.stderr.split())) is ("--replace" in flags and not held)
    assert json.loads(done.stdout) == {}


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (["right-index"], None),
        ([], "chưa có vân tay nào: không thay gì"),
        (["left-thumb", "left-index"], "bên cạnh ngón cái trái và ngón trỏ trái"),
    ],
)
@pytest.mark.parametrize("answers", ["c\n", "k\n", None])
def test_a_finger_that_replaces_none_is_told_and_asked_about(
    edge: Edge,
    monkeypatch: pytest.MonkeyPatch,
    held: list[str],
    said: str | None,
    answers: str | None,
) -> None:
    asked: list[str] = []
    known = {"NV0042": Person("NV0042", "Lò Thị Mây", False, held, [])}
    monkeypatch.setattr(enroll, "somebody_types", lambda: answers is not None)
    monkeypatch.setattr("edge_agent.cli.enrolment_day.people_of", lambda perform: known)
    enrolled = {"worker": "NV0042", "finger": "right-index", "slot": 3}
    monkeypatch.setattr(
        enroll, "carry_out", lambda settings, request, step: asked.append("") or enrolled
    )
    typed = ("enroll", "NV0042", "--finger", "right-index", "--replace")
    done = edge(*typed, answers=answers) if answers else edge(*typed)
    told = " ".join(done.stderr.split())
    assert (said in told) if said else told == ""
    beside = "left-thumb" in held
    assert asked == ([] if beside and answers == "k\n" else [""])
    # Of two the one that goes is to be named: whoever copies the line erases none unseen.
    removal = "edge-agent prints remove NV0042 --finger NGÓN"
    assert (removal in " ".join(done.stdout.split())) is bool(beside and asked)
    assert (ASKED in told) is (beside and answers is not None)
    assert ASKED not in done.stdout
    # A program is told, and not asked: it has no way to answer before.
    done = edge(*typed, "--json", answers="k\n")
    assert (json.loads(done.stdout), ASKED in done.stderr) == (enrolled, False)
    assert (said or "") in " ".join(done.stderr.split())


@pytest.mark.usefixtures("at_a_terminal")
def test_who_would_be_refused_is_not_asked_about_a_finger_that_replaces_none(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"NV0042": Person("NV0042", "Lò Thị Mây", True, ["left-thumb"], [])}
    monkeypatch.setattr("edge_agent.cli.enrolment_day.people_of", lambda perform: known)
    edge("workers", "deactivate", "NV0042")
    done = edge("enroll", "NV0042", "--finger", "right-index", "--replace")
    assert done.exit_code == 65
    assert "thay" not in done.output


def test_a_script_has_to_name_the_finger(edge: Edge) -> None:
    done = edge("enroll", "NV0042")
    assert done.exit_code == 2
    assert "--finger'. Ví dụ: edge-agent enroll NV0042 --finger" in " ".join(done.stderr.split())


@pytest.mark.usefixtures("at_a_terminal")
def test_what_goes_for_good_is_asked_about(edge: Edge) -> None:
    leave = ("workers", "leave", "NV0042")
    done = edge(*leave, answers="k\n")
    assert (done.exit_code, "ngay của Lò Thị Mây, NV0042: " in done.stderr) == (1, True)
    before = day_ago(0)
    done = edge(*leave, "--yes")
    days = {before, day_ago(0)}
    assert (done.exit_code, "không giữ vân tay" in done.output) == (0, True)
    for again in (leave, (*leave, "--yes"), (*leave, "--on", "hôm nay")):
        done = edge(*again, answers="c\n")
        assert (done.exit_code, ASKED in done.output) == (65, False)
        told = " ".join(done.stderr.split())
        assert any(f"NV0042 đã nghỉ từ ngày {day}" in told for day in days)


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("deactivated", [False, True])
def test_who_has_left_is_brought_back_as_it_is_told(edge: Edge, deactivated: bool) -> None:
    if deactivated:
        assert edge("workers", "deactivate", "NV0042").exit_code == 0
    assert edge("workers", "leave", "NV0042", "--yes").exit_code == 0
    refused = edge("workers", "leave", "NV0042", "--yes")
    assert refused.exit_code == 65
    back = _typed(refused.stderr, "nghỉ nhầm, thì gõ: ")
    assert back == ["workers", "activate", "NV0042"]
    assert edge(*back, answers="k\n").exit_code == 1
    done = edge(*back, answers="c\n")
    told = " ".join(done.stdout.split())
    assert (done.exit_code, "lại là người đang làm: hãy báo phòng lương." in told) == (0, True)
    assert "đang chấm" in edge("workers", "show", "NV0042").stdout
    enroll = _typed(done.stdout, "đăng ký lại: ")
    assert enroll == ["enroll", "NV0042"]
    done = edge(*enroll, "--finger", "trỏ phải")  # Nobody is asked a second time.
    assert done.exit_code == NO_SENSOR  # And no refusal.


def _typed(told: str, after: str) -> list[str]:
    """The words of the command that ends what was told, behind ``edge-agent``."""
    return shlex.split(" ".join(told.split()).partition(after)[2])[1:]


@pytest.mark.usefixtures("at_a_terminal")
def test_a_leaving_by_mistake_is_undone_by_what_its_answer_says(edge: Edge) -> None:
    with closing(open_store(Path())) as store, store.changing() as change:
        change.put_sealed_backup(SealedBackup(backup="ab" * 8, prints=1, workers=["NV0042"]))
    left = edge("workers", "leave", "NV0042", answers="c\n")
    asked, told = (" ".join(text.split()) for text in (left.stderr, left.stdout))
    assert "không lấy lại được" not in asked
    assert "hoặc ký đồng ý lại rồi nạp từ bản sao lưu. Xóa?" in asked
    line = told.partition("khi người này đi làm lại: ")[2]
    done = edge(*shlex.split(line)[1:], "--yes")
    told = " ".join(done.stdout.split())
    assert (done.exit_code, "edge-agent consent record NV0042 --text" in told) == (0, True)
    assert told.endswith("edge-agent templates restore TỆP --identity - < key.txt")
    assert edge("workers", "activate", "NV0042").exit_code == 65
    assert "cho Lò Thị Mây, NV0042 đi làm lại" in " ".join(edge("audit", "list").stdout.split())
    assert edge("workers", "leave", "NV0042", "--yes").exit_code == 0
    shown = edge("workers", "show", "NV0042").stdout
    assert "đã nghỉ" in shown


def test_whom_payroll_has_deactivated_only_payroll_brings_back(edge: Edge) -> None:
    with closing(open_store(Path())) as store, store.changing() as change:
        gone = Employment(active=False, valid_from=None, valid_to=None)
        change.put_worker(Worker(code="NV0042", name="Lò Thị Mây", listed=gone))
    assert edge("workers", "leave", "NV0042", "--yes").exit_code == 0
    told = " ".join(edge("workers", "leave", "NV0042", "--yes").stderr.split())
    assert "hỏi phòng lương" in told
    assert "edge-agent workers activate" not in told
    refused = edge("workers", "activate", "NV0042")
    assert (refused.exit_code, "Phòng lương đã cho NV0042 ngừng" in refused.stderr) == (65, True)


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("more", [(), ("--yes",)])
def test_nobody_is_asked_what_is_refused_then(edge: Edge, more: tuple[str, ...]) -> None:
    def refused(*words: str) -> str:
        done = edge(*words, *more, answers="c\n")
        assert (done.exit_code, ASKED in done.output) == (65, False)
        return " ".join(done.stderr.split())

    assert "không giữ vân tay" in refused("consent", "withdraw", "NV0042")
    assert "không có thẻ: chưa" in refused("credentials", "remove", "NV0042", "--card")
    removed = ("prints", "remove", "NV0042", "--finger", "trỏ phải")
    assert "Chưa đăng ký ngón trỏ phải của NV0042." in refused(*removed)
    assert edge("credentials", "qr", "NV0042", "--output", "a.png").exit_code == 0
    assert "chỉ có: mã QR." in refused("credentials", "remove", "NV0042", "--card")
    assert "edge-agent workers leave NV0042" in refused("workers", "forget", "NV0042")
    punch = ("--at", f"{day_ago(2)} 07h05", "--reason", "forgot", "--direction", "ra")
    assert edge("punches", "add", "NV0042", *punch).exit_code == 0
    told = refused("workers", "leave", "NV0042", "--on", day_ago(4))
    last = "-".join(reversed(day_ago(2).split("/")))
    assert f"edge-agent workers leave NV0042 --on {last}" in told


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(
    "words",
    [
        ("credentials", "add", "NV0042", "--card", "--stdin"),
        ("credentials", "qr", "NV0042", "--output", "a.png"),
        ("consent", "record", "NV0042", "--text", "vi-1", "--signed", "hôm nay", "--paper"),
    ],
)
def test_nobody_who_has_left_is_brought_back_without_a_word(
    edge: Edge, words: tuple[str, ...]
) -> None:
    def leaving() -> dict[str, str] | None:
        told: dict[str, str] | None
        told = json.loads(edge("workers", "show", "NV0042", "--json").stdout)["leaving"]
        return told

    assert edge("workers", "leave", "NV0042", "--yes").exit_code == 0
    left = leaving()
    assert left is not None
    refused = edge(*words, answers="k\n")
    assert refused.exit_code == 1
    day = "/".join(reversed(left["since"].split("-")))
    asked = f"Lò Thị Mây, NV0042 đã nghỉ từ {day}: đi làm lại?"
    assert asked in " ".join(refused.stderr.split())
    assert leaving() == left
    done = edge(*words, answers="c\n0004242\n")
    assert done.exit_code == 0, done.stderr
    assert "Lò Thị Mây, NV0042 lại là người đang làm:" in " ".join(done.stdout.split())
    assert leaving() is None


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("at_work", [("--card",), ("--pin",)])
def test_nobody_is_told_or_asked_to_be_back_by_what_is_refused(
    edge: Edge, at_work: tuple[str, ...]
) -> None:
    """No reader is there for a card; a PIN is asked for by the number that another one has."""
    assert edge("workers", "add", "A42", "Vàng A Páo", "--force").exit_code == 0
    assert edge("credentials", "add", "A42", "--pin", answers="73519\n73519\n").exit_code == 0
    assert edge("workers", "leave", "NV0042", "--yes").exit_code == 0
    done = edge("credentials", "add", "NV0042", *at_work, answers="c\n73520\n73520\n")
    assert done.exit_code == 65, done.output
    assert "làm lại" not in done.output, done.output


def test_how_somebody_gets_another_code_is_told_in_whole_commands(edge: Edge) -> None:
    told = edge("workers", "merge", "NV0042", "NV101")
    assert told.exit_code == 65
    typed = [line.strip() for line in told.stderr.splitlines() if line.startswith("  ")]
    removals = [line for line in typed if "prints remove NV0042 --finger " in line]
    assert typed == [
        "edge-agent workers add NV101",
        *removals,
        "edge-agent enroll NV101",
        "edge-agent workers deactivate NV0042",
    ]
    edge("workers", "add", "NV101", "Lò Thị Mây")
    assert "workers add" not in edge("workers", "merge", "NV0042", "NV101").stderr


def test_codes_of_a_merge_may_be_typed_in_another_case(edge: Edge, tmp_path: Path) -> None:
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        thumb = Print(worker="NV0042", finger="left-thumb", slot=3, generation=1)
        change.put_print(thumb, bytes(32))
    edge("workers", "add", "NV101", "Lò Thị Mây")
    told = edge("workers", "merge", "nv42", "nv101")
    assert [line.strip() for line in told.stderr.splitlines() if line.startswith("  ")] == [
        "edge-agent prints remove NV0042 --finger left-thumb",
        "edge-agent enroll NV101",
        "edge-agent workers deactivate NV0042",
    ]
    nobody = edge("workers", "merge", "NV0777", "NV101")
    assert (nobody.exit_code, "prints remove" in nobody.stderr) == (65, False)
    assert "NV0777" in nobody.stderr


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(("text", "day"), [("vi-9", "hôm nay"), ("vi-1", "01/01/2099")])
def test_nobody_is_asked_to_be_back_by_a_consent_that_is_none(
    edge: Edge, text: str, day: str
) -> None:
    assert edge("workers", "leave", "NV0042", "--yes").exit_code == 0
    typed = ("consent", "record", "NV0042", "--text", text, "--signed", day, "--paper")
    done = edge(*typed, answers="c\n")
    assert done.exit_code == 65, done.output
    assert "làm lại" not in done.output, done.output


@pytest.mark.parametrize(
    "words",
    [
        ("credentials", "add", "NV0042", "--card", "--stdin"),
        ("credentials", "qr", "NV0042", "--output", "may.png"),
        ("consent", "record", "NV0042", "--text", "vi-1", "--paper", "--signed", "hôm nay"),
    ],
)
@pytest.mark.parametrize("gone", [("workers", "leave"), ("consent", "withdraw")])
def test_within_the_term_of_an_erasure_nothing_new_is_given_that_would_go_with_it(
    edge: Edge, tmp_path: Path, words: tuple[str, ...], gone: tuple[str, ...]
) -> None:
    config = Path(os.environ["EDGE_AGENT_CONFIG"])
    config.write_text(config.read_text() + "[privacy]\nerase_within_days = 5\n")
    assert (
        edge("credentials", "add", "NV0042", "--card", "--stdin", answers="0009999\n").exit_code
        == 0
    )
    assert edge(*gone, "NV0042", "--yes").exit_code == 0
    refused = edge(*words, answers="0004242\n")
    way_on = f"edge-agent {' '.join(gone)} NV0042"
    assert (refused.exit_code, way_on in refused.stderr) == (65, True), refused.output
    assert edge(*gone, "NV0042", "--yes").exit_code == 0
    assert edge(*words, "--yes", answers="0004242\n").exit_code == 0


@pytest.mark.parametrize("more", [(), ("--json",)])
@pytest.mark.parametrize(
    "words",
    [
        ("credentials", "add", "NV0042", "--card", "--stdin"),
        ("credentials", "qr", "NV0042", "--output", "may.png"),
        ("consent", "record", "NV0042", "--text", "vi-1", "--paper", "--signed", "hôm nay"),
        ("enroll", "NV0042", "--finger", "left-thumb"),
    ],
)
def test_a_script_brings_nobody_back_without_a_yes(
    edge: Edge, words: tuple[str, ...], more: tuple[str, ...]
) -> None:
    assert edge("workers", "leave", "NV0042", "--yes").exit_code == 0
    refused = edge(*words, *more, answers="0004242\n")
    assert refused.exit_code == 65
    told = " ".join(refused.stderr.split())
    assert "Lò Thị Mây, NV0042 đã nghỉ từ" in told
    line = told.partition("Nếu đồng ý: ")[2]
    assert shlex.split(line)[:3] == ["edge-agent", *words[:2]]
    assert line.endswith(" ".join((*more, "--yes")))
    assert json.loads(edge("workers", "show", "NV0042", "--json").stdout)["leaving"]["left"]
    done = edge(*shlex.split(line)[1:], answers="0004242\n")
    if words[0] == "enroll":
        assert done.exit_code == NO_SENSOR
    else:
        assert done.exit_code == 0, done.output
        back = json.loads(done.stdout)["back"] if more else "lại là người đang làm:" in done.stdout
        assert back is True


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(
    "words",
    [
        ("credentials", "add", "NV0042", "--card", "--stdin"),
        ("consent", "record", "NV0042", "--text", "vi-1", "--signed", "hôm nay", "--paper"),
    ],
)
def test_who_was_brought_back_by_mistake_leaves_again_after_the_same_day(
    edge: Edge, words: tuple[str, ...]
) -> None:
    def last_day() -> str:
        told = json.loads(edge("workers", "show", "NV0042", "--json").stdout)["leaving"]["last_day"]
        return str(told)

    day = "-".join(reversed(day_ago(3).split("/")))
    assert edge("workers", "leave", "NV0042", "--on", day, "--yes").exit_code == 0
    shown = f"đã nghỉ, làm đến hết {day_ago(3)}"
    assert shown in " ".join(edge("workers", "show", "NV0042").stdout.split())
    again = " ".join(edge("workers", "leave", "NV0042").stderr.split())
    assert again.startswith(f"edge-agent: NV0042 đã nghỉ, làm đến hết ngày {day_ago(3)}, ")
    done = edge(*words, answers="c\n0004242\n")
    assert done.exit_code == 0, done.output
    line = " ".join(done.stdout.split()).partition("Nếu gõ nhầm mã: ")[2]
    assert line == f"edge-agent workers leave NV0042 --on {day}"
    assert edge(*shlex.split(line)[1:], "--yes").exit_code == 0
    assert last_day() == day


@pytest.mark.parametrize(
    "drop", [("workers", "leave", "NV0042", "--drop"), ("workers", "activate", "NV0042")]
)
def test_a_leaving_that_was_dropped_by_mistake_is_planned_again_as_it_is_told(
    edge: Edge, drop: tuple[str, ...]
) -> None:
    assert edge("workers", "leave", "NV0042", "--on", "2099-12-05", "--yes").exit_code == 0
    line = " ".join(edge(*drop).stdout.split()).partition("Nếu bỏ nhầm: ")[2]
    assert line == "edge-agent workers leave NV0042 --on 2099-12-05"
    assert edge(*shlex.split(line)[1:], "--yes").exit_code == 0
    leaving = json.loads(edge("workers", "show", "NV0042", "--json").stdout)["leaving"]
    assert leaving["after"] == "2099-12-05"


def test_who_has_left_is_not_entered_again(edge: Edge) -> None:
    added = edge("workers", "add", "NV0043", "Vàng A Páo")
    assert added.exit_code == 0
    assert edge("workers", "leave", "NV0043", "--yes").exit_code == 0
    again = edge("workers", "add", "NV0043", "Vàng A Páo")
    assert again.exit_code == 65
    assert "đã nghỉ từ ngày" in again.stderr
    assert "edge-agent workers activate NV0043" in again.stderr


@pytest.mark.usefixtures("at_a_terminal")
def test_who_has_withdrawn_is_told_as_that(edge: Edge) -> None:
    given = ("--text", "vi-1", "--signed", day_ago(3), "--paper")
    assert edge("consent", "record", "NV0042", *given).exit_code == 0
    before = day_ago(0)
    assert edge("consent", "withdraw", "NV0042", "--yes").exit_code == 0
    days = {before, day_ago(0)}
    [listed] = json.loads(edge("consent", "list", "--json").stdout)
    day = "/".join(reversed(listed["withdrawn"].split("-")))
    assert (listed["state"], day in days) == ("none", True)
    for words in (("workers", "show", "NV0042"), ("consent", "list")):
        told = " ".join(edge(*words).stdout.split())
        assert f"đã rút lại ngày {day}" in told
        spoken = " ".join(edge(*words, language="en").stdout.split())
        assert f"withdrawn on {listed['withdrawn']}" in spoken
    again = edge("consent", "withdraw", "NV0042", answers="c\n")
    assert (again.exit_code, ASKED in again.output) == (65, False)
    assert "đã rút lại đồng ý từ ngày" in " ".join(again.stderr.split())
    assert edge("workers", "leave", "NV0042", "--on", "ngày mai", "--yes").exit_code == 0
    for words in (("enroll", "NV0042"), ("enroll", "NV0042", "--finger", "trỏ phải", "--replace")):
        enrolled = edge(*words, answers="\n")
        assert (enrolled.exit_code, enrolled.stdout) == (65, "")
        told = " ".join(enrolled.stderr.split())
        assert f"đã rút lại đồng ý ngày {day}, nên không đăng ký vân tay. Nếu đồng ý lại" in told
        assert ("ngón nào" in told.casefold()) is False
    [after] = json.loads(edge("consent", "list", "--json").stdout)
    assert after == {**listed, "has_withdrawn": True}
    shown = json.loads(edge("workers", "show", "NV0042", "--json").stdout)["consent"]
    assert (shown["withdrawn"], shown["has_withdrawn"]) == (listed["withdrawn"], True)


def test_who_has_withdrawn_while_no_clock_was_set_is_told_without_a_day(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ("--text", "vi-1", "--signed", day_ago(3), "--paper")
    assert edge("consent", "record", "NV0042", *given).exit_code == 0
    shown = json.loads(edge("workers", "show", "NV0042", "--json").stdout)["consent"]
    assert (shown["withdrawn"], shown["has_withdrawn"]) == (None, False)
    monkeypatch.setattr("edge_agent.contract.stamps.Stamp.trusted", False)
    assert edge("consent", "withdraw", "NV0042", "--yes").exit_code == 0
    for words in (("workers", "show", "NV0042"), ("consent", "list")):
        assert "đã rút lại, không rõ ngày" in " ".join(edge(*words).stdout.split())
    [listed] = json.loads(edge("consent", "list", "--json").stdout)
    assert (listed["withdrawn"], listed["has_withdrawn"]) == (None, True)
    again = edge("consent", "withdraw", "NV0042", "--yes")
    assert "đã rút lại đồng ý từ trước, không rõ ngày" in " ".join(again.stderr.split())


@pytest.mark.parametrize(
    ("language", "piped"), [("vi", None), ("vi", "không\n"), ("en", "no\n"), ("en", "y\n")]
)
@pytest.mark.parametrize(
    "words",
    [
        ("workers", "leave", "NV0042"),
        ("workers", "leave", "NV0042", "--on", "2099-12-05"),
        ("workers", "forget", "NV0043"),
        ("consent", "withdraw", "NV0042"),
        ("prints", "remove", "NV0042", "--finger", "trỏ phải"),
        ("credentials", "remove", "NV0042", "--card"),
        ("privacy", "erased", "NV0042"),
        ("sensor", "adopt"),
        ("sensor", "image", "the window.png"),
        ("workers", "import", "list.csv"),
        (
            *("punches", "add", "NV0042", "--at", "18/11/2026 07:00"),
            *("--reason", "forgot", "--direction", "in"),
        ),
        ("retire",),
        ("retire", "--name", ""),
    ],
    ids=" ".join,
)
def test_nothing_goes_for_good_where_nobody_is_asked(
    edge: Edge, tmp_path: Path, words: tuple[str, ...], piped: str | None, language: str
) -> None:
    """A pipe is no person: what it holds, yes or no, is no answer."""
    with closing(open_store(tmp_path)) as store:
        way = {"direction": Direction.IN, "direction_source": DirectionSource.ALTERNATE}
        append(store, PunchRecorded(worker="NV0042", **way), later(0))  # 18/11/2026 18:06:40
        store.remember(ERASURES_UNKNOWN, "cloned-card")
        with store.changing() as change:
            card = Credential(
                worker="NV0042", method=Method.CARD, salt=b"s" * 16, hash=b"\x07" * 32
            )
            change.put_credential(card)
            change.put_worker(Worker(code="NV0043", name="Lò Văn Mây"))
            finger = Print(worker="NV0042", finger="right-index", slot=0, generation=1)
            change.put_print(finger, b"\x07" * 32)
    (tmp_path / "list.csv").write_text("code,name,active\nNV0042,Lò Thị Mây,no\n")

    def kept() -> str:
        listed = ("credentials list", "audit list", "workers list", "punches list")
        return "".join(edge(*one.split(), "--json").stdout for one in listed)

    before = kept()
    done = edge(*words, answers=piped, language=language)
    assert done.exit_code == 65, done.output
    told = " ".join(done.stderr.replace(" \\\n", " ").split())
    yes = ("--name", "main-gate") if words[0] == "retire" else ("--yes",)
    line = shlex.join([*words, *yes]).replace("'18/11/2026 07:00'", "2026-11-18T07:00")
    assert told.endswith(f" edge-agent {line}"), told
    nothing = "nothing was done" if language == "en" else "chưa làm gì"
    assert nothing in told.lower()
    if words[0] in ("workers", "consent", "prints", "credentials", "punches"):
        assert "Mây" in done.output or words[1] == "import"
    assert "\\n" not in done.stderr  # Questions of several lines.
    assert kept() == before


def test_the_answer_stands_before_what_ends_the_options(edge: Edge) -> None:
    done = edge("workers", "leave", "--", "NV0042")
    assert "edge-agent workers leave --yes -- NV0042" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("called", "what"),
    [
        *(("xóa", "erase"), ("Xoa", "erase"), ("rút lại", "withdraw"), ("xem", "access")),
        *(("sửa chỗ sai", "correct"), ("hạn chế", "restrict"), ("object", "object")),
        *(("rút đồng ý", "withdraw"), ("rut dong y", "withdraw"), ("xóa dữ liệu", "erase")),
    ],
)
def test_what_a_worker_asks_for_may_be_called_by_its_words(
    edge: Edge, called: str, what: str
) -> None:
    asked = ("privacy", "request", "NV0042", "--what", called, "--asked", "05/11/2020")
    done = edge(*asked, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["what"], told["asked"]) == (what, "2020-11-05")


@pytest.mark.parametrize("called", ["tăng lương", "", "x"])
def test_what_nobody_can_ask_for_here_is_refused(edge: Edge, called: str) -> None:
    asked = ("privacy", "request", "NV0042", "--what", called)
    done = edge(*asked)
    assert done.exit_code == 2
    told = " ".join(done.stderr.split())
    assert "access (xem đang giữ gì), correct (sửa chỗ sai), withdraw (rút lại đồng ý), " in told
    spoken = " ".join(edge(*asked, language="en").stderr.split())
    assert "write one of access (see what is held), " in spoken


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (("--card", "0001234567"), "NV0042 --card --stdin"),
        (("--card=0001234567",), "NV0042 --card --stdin"),
        (("--card", "--stdin", "0001234567"), "NV0042 --card --stdin"),
        (("--pin", "4715"), "NV0042 --pin"),
    ],
)
def test_a_number_on_the_line_is_told_how_it_is_typed(
    edge: Edge, typed: tuple[str, ...], line: str
) -> None:
    done = edge("credentials", "add", "NV0042", *typed)
    assert done.exit_code == 2
    told = " ".join(done.stderr.split())
    assert told.endswith(f": edge-agent credentials add {line}")
    assert "không gõ trên dòng lệnh, vì ai cũng đọc được" in told
    assert "0001234567" not in told


def test_a_pin_that_is_refused_is_asked_for_again(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "somebody_types", lambda: True)
    typed = "12\n1234\n73519\n73518\n73519\n73519\n"
    done = edge("credentials", "add", "NV0042", "--pin", answers=typed)
    asked = " ".join(done.stderr.split())
    assert done.exit_code == 0, asked
    assert asked.startswith("Mã PIN: 4 đến 8 chữ số, không giống hệt nhau, ")
    refused = ("Mã PIN gồm 4 đến 8 chữ số.", "ai cũng đoán được", "hãy nhập lại từ đầu")
    places = [asked.index(one) for one in refused]
    assert places == sorted(places)


def test_a_gate_without_a_reader_shows_the_line_that_its_settings_need(edge: Edge) -> None:
    told = edge("credentials", "add", "NV0042", "--card").stderr
    [line] = [one.strip() for one in told.splitlines() if one.startswith("  ")]
    config = Path(os.environ["EDGE_AGENT_CONFIG"])
    config.write_text(f"{config.read_text()}[reader]\n{line}\n")
    assert edge("config", "check").exit_code == 0


def test_a_card_that_is_theirs_already_is_told_so(edge: Edge) -> None:
    typed = ("credentials", "add", "NV0042", "--card", "--stdin")
    first = edge(*typed, answers="0001234567\n")
    assert first.exit_code == 0
    told = " ".join(first.stdout.split())
    assert "chưa có đầu đọc hay bàn phím số" in told
    assert 'devices=["/dev/input/by-id/' in told
    again = edge(*typed, answers="0001234567\n")
    assert again.exit_code == 65
    assert "NV0042 đã có thẻ này rồi: chưa có gì thay đổi." in " ".join(again.stderr.split())
    assert edge("workers", "add", "NV0043", "Vàng A Páo").exit_code == 0
    others = edge("credentials", "add", "NV0043", *typed[3:], answers="0001234567\n")
    line = " ".join(others.stderr.split()).partition("hãy xóa trước: ")[2]
    assert edge(*shlex.split(line)[1:], "--yes").exit_code == 0
    config = Path(os.environ["EDGE_AGENT_CONFIG"])
    config.write_text(config.read_text() + '[reader]\ndevices=["/dev/null"]\n')
    done = edge("credentials", "add", "NV0043", *typed[3:], answers="0001234567\n")
    assert (done.exit_code, "chưa có đầu đọc" in done.stdout) == (0, False), done.output


def test_which_kind_of_card_is_asked_with_a_whole_line(edge: Edge) -> None:
    for verb in ("add", "remove"):
        told = " ".join(edge("credentials", verb, "NV0042").stderr.split())
        assert told.endswith(f"edge-agent credentials {verb} NV0042 --card")


def test_the_list_of_workers_says_who_has_no_print(edge: Edge) -> None:
    edge("workers", "add", "NV0043", "Vàng A Páo")
    edge("workers", "deactivate", "NV0043")
    assert edge("workers", "list").stdout.endswith("\n1 người chưa có vân tay: NV0042\n")


def test_each_state_of_the_sensor_has_its_words() -> None:
    for state in (*Doubt, *lifecycle._STATES.values(), "ready", "starting", "fault"):
        assert is_name(f"is.{state}"), state


@pytest.mark.parametrize(
    ("language", "first", "then", "whose"),
    [
        ("vi", "không có 3 vân tay của 2 người", "có bản sao lưu", "ngón trỏ phải, ngón cái trái"),
        ("en", "3 prints of 2 people", "with a backup", "right-index, left-thumb"),
    ],
)
def test_what_comes_after_another_sensor_is_told_before_whose_fingers_are_gone(
    edge: Edge,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    first: str,
    then: str,
    whose: str,
) -> None:
    gone = [("NV0042", "right-index"), ("NV0042", "left-thumb"), ("NV0007", "left-ring")]
    forgotten = [{"worker": code, "finger": finger} for code, finger in gone]
    monkeypatch.setattr(sensor_command, "carry_out", lambda *asked: {"forgotten": forgotten})
    told = edge("sensor", "adopt", "--yes", language=language).stdout.splitlines()
    assert (len(told), first in told[0], then in told[1]) == (4, True, True), told
    assert "'edge-agent templates restore " in told[1]
    assert "'edge-agent enroll --missing'" in told[1]
    assert told[2] == f"  Lò Thị Mây, NV0042: {whose}"
    monkeypatch.setattr(sensor_command, "carry_out", lambda *asked: {"forgotten": []})
    assert len(edge("sensor", "adopt", "--yes", language=language).stdout.splitlines()) == 1


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(
    ("prints", "asked"),
    [
        (3, "bỏ cả 3 vân tay của 2 người"),
        (9, "thiếu mẫu của ít nhất 3 vân tay của 2 người"),
        (None, "có bản sao lưu thì sau đó đưa lại được"),
    ],
)
def test_how_many_prints_another_sensor_costs_is_said_before_it_is_taken(
    edge: Edge, monkeypatch: pytest.MonkeyPatch, prints: int | None, asked: str
) -> None:
    told = {} if prints is None else {"prints": prints, "lacking": 3, "of_workers": 2}
    monkeypatch.setattr(sensor_command, "carry_out", lambda *asked: told)
    done = edge("sensor", "adopt", answers="k\n")
    assert done.exit_code == 1
    assert asked in " ".join(done.stderr.split())


def test_numbers_have_the_languages_decimal_sign() -> None:
    silent = Message("sensor.silent", port="x", instruction="y", seconds=1.5, means="z")
    assert "1.5 s" in str(silent)
    assert "1,5 giây" in said(silent, "vi")


def test_of_several_only_the_last_is_joined_by_a_word() -> None:
    asked = Message("people.unknown-but", code="42", meant=["1", "2", "3"])
    assert "1, 2 or 3" in str(asked)
    assert "có phải là 1, 2 hoặc 3 không" in said(asked, "vi")


@pytest.fixture
def given_away(edge: Edge, tmp_path: Path) -> None:
    """Payroll has given NV0042, under which a card of Lò Thị Mây is kept, to Hoàng Văn Thái."""
    store = open_store(tmp_path)
    with store.changing() as change:
        change.put_credential(
            Credential(worker="NV0042", method=Method.CARD, salt=b"s" * 16, hash=b"\x07" * 32)
        )
        listed = Employment(active=True)
        change.put_worker(Worker(code="NV0042", name="Hoàng Văn Thái", active=False, listed=listed))
    store.close()


HELD = "ngừng chấm: vân tay của Lò Thị Mây, nay là Hoàng Văn Thái"


def test_prints_that_are_held_back_are_told_with_both_names(edge: Edge, given_away: None) -> None:
    assert HELD in " ".join(edge("workers", "list").stdout.split())
    assert HELD in " ".join(edge("workers", "show", "NV0042").stdout.split())
    assert json.loads(edge("workers", "list", "--json").stdout)[0]["held_for"] == "Lò Thị Mây"
    told = " ".join(edge("status").stdout.split())
    assert "edge-agent workers activate NV0042" in told
    assert "edge-agent workers leave NV0042" in told


def test_nobody_is_credited_by_anothers_prints_unasked(edge: Edge, given_away: None) -> None:
    done = edge("workers", "activate", "NV0042")
    assert (done.exit_code, done.stdout) == (65, "")
    assert "là của Lò Thị Mây" in done.stderr
    assert "workers activate NV0042 --yes" in " ".join(done.stderr.split())
    assert edge("workers", "activate", "NV0042", "--yes").exit_code == 0
    # Whoever is refused for another reason later is theirs all the same.
    assert edge("workers", "deactivate", "NV0042").exit_code == 0
    assert edge("workers", "activate", "NV0042").exit_code == 0


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(("answer", "code"), [("k", 1), ("c", 0)])
def test_somebody_at_a_terminal_is_asked_by_both_names(
    edge: Edge, given_away: None, answer: str, code: int
) -> None:
    done = edge("workers", "activate", "NV0042", answers=f"{answer}\n")
    asked = "là của Lò Thị Mây. Hoàng Văn Thái có phải cùng người đó không?"
    assert asked in " ".join(done.stderr.split())
    assert done.exit_code == code
    assert (HELD in " ".join(edge("workers", "list").stdout.split())) is bool(code)


@pytest.mark.parametrize(
    ("typed", "named", "never"),
    [
        ("uninstall", "make uninstall", "retire"),
        ("remove", "edge-agent workers leave", "retire"),
        ("delete", "edge-agent workers leave", "retire"),
        ("dia", "dia", "display"),
    ],
)
def test_a_guess_is_none_that_does_harm(edge: Edge, typed: str, named: str, never: str) -> None:
    done = edge(typed)
    assert done.exit_code == 2
    assert named in done.stderr
    assert never not in done.stderr


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(
    "words",
    [
        ("workers", "leave", "NV0099"),
        ("workers", "leave", "NV0042", "--on", "2026-02-30"),
        ("workers", "forget", "NV0099"),
        ("consent", "withdraw", "NV0099"),
        ("prints", "remove", "NV0099", "--finger", "trỏ phải"),
        ("credentials", "remove", "NV0099", "--card"),
    ],
)
def test_nobody_is_asked_to_erase_what_is_not_there(edge: Edge, words: tuple[str, ...]) -> None:
    done = edge(*words, answers="c\n")
    assert (done.exit_code, ASKED in done.output) == (65, False)


@pytest.mark.usefixtures("at_a_terminal")
def test_whose_erasures_the_gate_knows_are_not_asked_about(edge: Edge, tmp_path: Path) -> None:
    erased = ("privacy", "erased", "NV0042")
    done = edge(*erased, answers="c\n")
    assert (done.exit_code, ASKED in done.output) == (65, False)
    assert "Cổng này biết đủ các lần xóa" in done.stderr
    with closing(open_store(tmp_path)) as store:
        store.remember(ERASURES_UNKNOWN, "cloned-card")
    done = edge(*erased, "--nobody", answers="c\n")
    assert (done.exit_code, ASKED in done.output) == (65, False)
    done = edge(*erased, answers="k\n")
    assert (done.exit_code, "Lò Thị Mây, NV0042? " in done.stderr) == (1, True)


@pytest.mark.parametrize("words", [("run",), ("workers", "add", "NV1", "Hoa"), ("status",)])
def test_a_folder_in_the_place_of_the_gates_database_is_told_as_that(
    edge: Edge, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """A folder has several hard links, and none of them is to be deleted."""
    config = Path(os.environ["EDGE_AGENT_CONFIG"])
    config.write_text(config.read_text().replace('"gate.db"', '"folder"'))
    (tmp_path / "folder").mkdir()
    done = edge(*words)
    assert (done.exit_code, "folder là thư mục: " in done.output) == (74, True), done.output


def test_an_empty_name_is_no_folder_to_write_into(edge: Edge, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    for words in (("carry", "out", ""), ("ledger", "backup", ""), ("ledger", "export", "")):
        done = edge(*words)
        assert (done.exit_code, "Còn trống: " in done.stderr) == (2, True), done.output
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("shown", [(), ("--json",)])
def test_a_gate_out_of_service_is_not_to_be_started_to_be_watched(
    edge: Edge, tmp_path: Path, shown: tuple[str, ...]
) -> None:
    assert "edge-agent run" in edge("watch", *shown).stderr
    with closing(open_store(tmp_path)) as store:
        append(store, GateRetired(erased=0, slots=0, actor="uid:0"), later(9000))
    done = edge("watch", *shown)
    assert (done.exit_code, "Cổng này đã tháo" in done.stderr) == (69, True), done.stderr
    assert "edge-agent run" not in done.stderr


@pytest.mark.usefixtures("at_a_terminal")
def test_who_is_to_leave_after_a_day_is_asked_about_with_it(edge: Edge) -> None:
    done = edge("workers", "leave", "NV0042", "--on", "2099-12-05", answers="k\n")
    assert done.exit_code == 1
    assert "sau thứ bảy 05/12/2099?" in " ".join(done.stderr.split())


def day_ago(days: int) -> str:
    """A day at the gate, as people write it."""
    day = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date() - timedelta(days=days)
    return f"{day:%d/%m/%Y}"


def weekday_of(day: str) -> str:
    """The same with its weekday, as people read it."""
    names = ("thứ hai", "thứ ba", "thứ tư", "thứ năm", "thứ sáu", "thứ bảy", "chủ nhật")
    return f"{names[datetime.strptime(day, '%d/%m/%Y').weekday()]} {day}"  # noqa: DTZ007


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(
    ("language", "asked"),
    [
        (
            "vi",
            "Đã hết {day}, cổng ghi đó là ngày làm cuối; phòng lương tính theo "
            "danh sách của mình. Xóa hẳn ngay của {whose}: vân tay ngón trỏ phải, thẻ. Giữ mã, ",
        ),
        (
            "en",
            "{iso} is over already, and is written down as the last day; payroll goes by its own "
            "roster. Erased for good now, of {whose}: prints (right-index), card. Code and ",
        ),
    ],
)
def test_a_last_day_that_is_over_means_now_and_says_so(
    edge: Edge, tmp_path: Path, language: str, asked: str
) -> None:
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        own = Print(slot=1, worker="NV0042", finger="right-index", generation=1)
        change.put_print(own, bytes(32))
        card = Credential(worker="NV0042", method=Method.CARD, salt=b"s" * 16, hash=b"\x07" * 32)
        change.put_credential(card)
    day = day_ago(1)
    leave = ("workers", "leave", "NV0042", "--on", day)
    done = edge(*leave, answers="k\n", language=language)
    iso = "-".join(reversed(day.split("/")))
    asked = asked.format(day=weekday_of(day), iso=iso, whose="Lò Thị Mây, NV0042")
    assert asked in " ".join(done.stderr.split())
    done = edge(*leave, "--yes", language=language)
    assert done.exit_code == 1  # There is no sensor to erase it from.
    assert "Lò Thị Mây, NV0042" in " ".join(done.stderr.split())


@pytest.mark.parametrize("pin", [True, False])
def test_a_withdrawal_says_so_and_what_comes_next(edge: Edge, tmp_path: Path, pin: bool) -> None:
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        own = Print(slot=1, worker="NV0042", finger="right-index", generation=1)
        change.put_print(own, bytes(32))
    if pin:
        assert edge("credentials", "add", "NV0042", "--pin", answers="73519\n").exit_code == 0
    told = " ".join(edge("consent", "withdraw", "NV0042", "--yes").stdout.split())
    assert told.startswith("Đã ghi: Lò Thị Mây, NV0042 rút lại đồng ý cho dùng vân tay. ")
    assert ("NV0042 không còn cách nào để chấm công: hãy cấp thẻ" in told) is not pin
    assert ("mã PIN của NV0042, có gì thì cũng đã bị xóa." in told) is pin
    given = ("--text", "vi-1", "--signed", "hôm nay", "--paper")
    told = " ".join(edge("consent", "record", "NV0042", *given).stdout.split())
    assert "Tiếp theo: edge-agent enroll NV0042" in told
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        change.put_print(structs.replace(own, slot=2, generation=2), bytes(32))
    assert "Tiếp theo" not in edge("consent", "record", "NV0042", *given).stdout


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("words", [("consent", "withdraw"), ("workers", "leave")])
@pytest.mark.parametrize(
    ("days", "goes"),
    [(0, "Xóa hẳn ngay của"), (3, "Ngừng nhận ngay, sau 3 ngày làm việc xóa hẳn của")],
)
def test_an_erasure_asks_with_what_goes_and_when_and_which_backups_stay(
    edge: Edge, tmp_path: Path, words: tuple[str, ...], days: int, goes: str
) -> None:
    config = Path(os.environ["EDGE_AGENT_CONFIG"])
    config.write_text(config.read_text() + f"[privacy]\nerase_within_days = {days}\n")
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        own = Print(slot=1, worker="NV0042", finger="right-index", generation=1)
        change.put_print(own, bytes(32))
        change.put_sealed_backup(SealedBackup(backup="b" * 32, prints=1, workers=["NV0042"]))
        change.put_sealed_backup(SealedBackup(backup="c" * 32, prints=1, workers=["NV0043"]))
    asked = edge(*words, "NV0042", answers="k\n")
    assert asked.exit_code == 1
    withdraws = ["Lò Thị Mây, NV0042 rút lại đồng ý: từ giờ không dùng vân tay của người này nữa."]
    first = withdraws if words[0] == "consent" else []
    assert asked.stderr.splitlines()[: len(first) + 4] == [
        *first,
        f"{goes} Lò Thị Mây, NV0042: vân tay ngón trỏ phải.",
        "Còn 1 bản sao lưu có thể giữ vân tay này: edge-agent templates list",
        "Giữ mã, tên; công, lương không đổi.",
        "Xóa rồi phải đăng ký lại, hoặc ký đồng ý lại rồi nạp từ bản sao lưu. Xóa? [c/K]: k",
    ]
    if days:
        done = edge(*words, "NV0042", "--yes")
        told = " ".join(done.stdout.split())
        assert done.exit_code == 0
        assert f"gõ lại 'edge-agent {' '.join(words)} NV0042'" in told
        again = edge(*words, "NV0042", answers="k\n").stderr.splitlines()[len(first)]
        assert again.startswith("Xóa hẳn ngay của Lò Thị Mây, NV0042: ")


@pytest.mark.parametrize(("files", "behind"), [((), ""), (("",), "-2"), (("", "-2"), "-3")])
def test_a_backup_is_proposed_by_a_name_that_none_has_yet(
    edge: Edge, tmp_path: Path, files: tuple[str, ...], behind: str
) -> None:
    today = "-".join(reversed(day_ago(0).split("/")))
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        own = Print(slot=1, worker="NV0042", finger="right-index", generation=1)
        change.put_print(own, bytes(32))
        change.put_sealed_backup(SealedBackup(backup="b" * 32, prints=1))
        for mark, more in zip("cd", files, strict=False):
            written = f"/media/usb/van-tay-{today}{more}.templates"
            change.put_sealed_backup(SealedBackup(backup=mark * 32, file=written, holds=[]))
    told = " ".join(edge("templates", "destroyed", "bbbbbbbb", "--yes").stdout.split())
    assert f"backup /media/stick/{today}{behind}.templates -r " in told


@pytest.mark.parametrize("language", ["vi", "en"])
def test_who_has_left_by_a_day_that_is_over_is_told_that_it_is_done(
    edge: Edge, language: str
) -> None:
    done = edge("workers", "leave", "NV0042", "--on", day_ago(1), "--yes", language=language)
    told = "đã nghỉ." if language == "vi" else "has left."
    assert f"Lò Thị Mây, NV0042 {told}" in " ".join(done.stdout.split())
    iso = "-".join(reversed(day_ago(1).split("/")))
    real = f"làm đến hết {weekday_of(day_ago(1))}." if language == "vi" else f" {iso}."
    assert real in " ".join(done.stdout.split())
    listed = json.loads(edge("workers", "list", "--json").stdout)
    assert [one["leaving"]["last_day"] for one in listed if one["code"] == "NV0042"] == [iso]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("flags", [("--yes",), ()])
def test_nobody_is_erased_by_a_year_that_was_mistyped(
    edge: Edge, language: str, flags: tuple[str, ...]
) -> None:
    done = edge("workers", "leave", "NV0042", "--on", day_ago(365), *flags, language=language)
    assert done.exit_code == 65
    assert ("hơn hai tháng" if language == "vi" else "more than two months") in done.stderr
    assert "edge-agent workers leave NV0042'" in " ".join(done.stderr.split())
    assert json.loads(edge("workers", "list", "--json").stdout)[0]["leaving"] is None


def test_nobody_is_erased_by_a_last_day_after_which_they_have_punched(edge: Edge) -> None:
    add = ("punches", "add", "NV0042", "--at", f"{day_ago(2)} 07:00", "--reason", "forgot")
    assert edge(*add).exit_code == 0
    leave = ("workers", "leave", "NV0042", "--yes", "--on")
    done = edge(*leave, day_ago(5))
    assert (
        done.exit_code,
        f"lúc {weekday_of(day_ago(2))} 07:00:00" in " ".join(done.stderr.split()),
    ) == (
        65,
        True,
    )
    ways = [line.strip() for line in done.stderr.splitlines() if line.startswith("  edge-agent")]
    last = "-".join(reversed(day_ago(2).split("/")))
    assert ways[0] == f"edge-agent workers leave NV0042 --on {last}", done.stderr
    assert edge(*shlex.split(ways[1])[1:]).exit_code == 0, ways
    assert edge(*leave, day_ago(5)).exit_code == 0  # What counts no more is no reason.


def test_a_code_or_a_name_that_is_a_day_too_is_theirs(edge: Edge) -> None:
    """Thursday's short name, and tomorrow's."""
    assert edge("workers", "add", "T5", "Lò Văn Mai").exit_code == 0
    assert edge("punches", "list", "T5").exit_code == 0
    assert "T5" in edge("punches", "list", "mai").stderr
    for day in ("hôm qua", "t6"):
        assert "--since" in edge("punches", "list", day).stderr


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("typed", ["hôm qua", "yesterday", "{short}", "{day}", "{iso}"])
def test_a_day_is_typed_as_people_say_it_wherever_one_is_asked_for(
    edge: Edge, language: str, typed: str
) -> None:
    """The words are taken in either language, and the answer has the whole date."""
    day = day_ago(1)
    iso = "-".join(reversed(day.split("/")))
    shown = day if language == "vi" else iso
    typed = typed.format(short=day[:5], day=day, iso=iso)
    add = ("punches", "add", "NV0042", "--reason", "forgot", "--at", f"{typed} 17:00")
    for words in (
        ("consent", "record", "NV0042", "--text", "vi-1", "--paper", "--signed", typed),
        add,
        ("privacy", "request", "NV0042", "--what", "access", "--asked", typed, "--due", typed),
        ("privacy", "answer", "1", "--on", typed),
    ):
        done = edge(*words, language=language)
        assert (done.exit_code, shown in done.stdout) == (0, True), (words, done.output)
    since = edge("punches", "list", "--since", typed, language=language)
    assert "NV0042" in since.stdout
    assert (shown in since.stderr) is (typed not in (day, iso))
    done = edge("workers", "leave", "NV0042", "--on", typed, language=language)
    assert shown in done.stderr, done.output  # It is over: asked, and nobody is there to answer.


@pytest.mark.parametrize("language", ["vi", "en"])
def test_punches_are_listed_until_a_day_and_a_day_that_is_no_code_is_told_how(
    edge: Edge, language: str
) -> None:
    for ago in (1, 2):
        add = ("punches", "add", "NV0042", "--at", f"{day_ago(ago)} 17:00", "--reason", "forgot")
        assert edge(*add).exit_code == 0
    done = edge("punches", "list", "hôm kia", language=language)
    line = done.stderr.replace(" \\\n", " ").partition(" edge-agent ")[2]
    assert done.exit_code == 65
    done = edge(*shlex.split(line), "--json", language=language)
    iso = "-".join(reversed(day_ago(2).split("/")))
    assert [one["at"][:10] for one in json.loads(done.stdout)] == [iso], done.output
    assert edge("punches", "list", "--since", "today", "--until", "yesterday").exit_code == 2
    none = edge("punches", "list", "--until", day_ago(9), language=language)
    assert ("khoảng đó" if language == "vi" else "in that time") in none.stdout


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_refusal_of_a_punch_has_the_command_that_goes_on(edge: Edge, language: str) -> None:
    add = ("punches", "add", "NV0042", "--at", f"{day_ago(1)} 17:00", "--reason")
    assert edge(*add, "forgot").exit_code == 0
    done = edge(*add, "forgot", language=language)
    void = " ".join(done.stderr.replace(" \\\n", " ").split()).partition(": edge-agent ")[2]
    assert done.exit_code == 65
    assert edge(*shlex.split(void), language=language).exit_code == 0, done.stderr
    done = edge(*add, "về quên bấm", language=language)
    line = done.stderr.replace(" \\\n", " ").splitlines()[-1]
    meant = "quên ấn" if language == "vi" else "forgot-to-press"
    assert (done.exit_code, shlex.split(line)) == (65, ["edge-agent", *add, meant]), done.stderr
    assert edge(*shlex.split(line)[1:], language=language).exit_code == 0


def test_no_reason_is_proposed_at_random(edge: Edge) -> None:
    """What stands there is pasted: a punch was voided 'for it had been forgotten'."""
    add = ("punches", "add", "NV0042", "--at", f"{day_ago(1)} 17:00", "--reason")
    assert edge(*add, "quên ấn").exit_code == 0
    [punch] = json.loads(edge("punches", "list", "--json").stdout)
    done = edge("punches", "void", str(punch["seq"]), "--reason", "về sớm")
    told = " ".join(done.stderr.split())
    assert (done.exit_code, "'nhầm giờ'" in told, "'quên ấn'" in told) == (65, True, False), told
    assert told.endswith(f"punches void {punch['seq']} --reason 'LÝ_DO'")
    done = edge("punches", "void", str(punch["seq"]), "--reason", "nhầm ngày")
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (("punches", "void", "26"), "punches void 26 --reason"),
        (("punches", "add", "NV0042", "--reason=x"), "punches add NV0042 --reason=x --at"),
        (("punches", "add", "NV0042"), "punches add NV0042 --at"),
    ],
)
def test_the_example_for_an_option_that_is_missing_is_what_was_typed(
    edge: Edge, typed: tuple[str, ...], line: str
) -> None:
    done = edge(*typed)
    told = " ".join(done.stderr.replace(" \\\n", " ").split())
    assert (done.exit_code, f"Ví dụ: edge-agent {line} '" in told) == (2, True), told
    assert told.count("--reason") == 1 + (typed[1] == "void"), told


def weekday_ago(days: int) -> str:
    names = ("thứ hai", "thứ ba", "thứ tư", "thứ năm", "thứ sáu", "thứ bảy", "chủ nhật")
    iso = "-".join(reversed(day_ago(days).split("/")))
    return names[datetime.fromisoformat(iso).weekday()]


def test_a_weekday_is_answered_with_its_date(edge: Edge) -> None:
    """Without quotes it is told with them; what it means is in the answer."""
    weekday, day = weekday_ago(3), day_ago(3)
    add = ("punches", "add", "NV0042", "--reason", "forgot", "--at")
    done = edge(*add, f"{weekday} 17h")
    assert (done.exit_code, f"{day} 17:00" in done.stdout) == (0, True), done.output
    done = edge("punches", "list", "--since", weekday)
    assert ("NV0042" in done.stdout, day in done.stderr) == (True, True), done.output
    done = edge("punches", "list", "--since", *weekday.split())
    assert f"--since '{weekday}'" in done.stderr, done.output
    done = edge("workers", "leave", "NV0042", "--on", f"{weekday} vừa rồi")
    assert day in done.stderr, done.output


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_weekday_that_may_be_either_of_two_is_answered_with_the_command_for_each(
    edge: Edge, language: str
) -> None:
    """Today, or a week ago; the last one, or the next, where it may be to come."""
    PayrollStore("payroll.db").close()
    here, three = (weekday_ago(days) for days in (0, 3))
    who = ("--database", "payroll.db", "--actor", "KT01", "--reason", "đơn")
    past, to_come = (day_ago(7), day_ago(0)), (day_ago(3), day_ago(-4))
    for words, days in (
        (("workers", "leave", "NV0042", "--yes", "--on", three), to_come),
        (("privacy", "request", "NV0042", "--what", "access", "--due", three), to_come),
        (("consent", "record", "NV0042", "--text", "vi-1", "--paper", "--signed", here), past),
        (("punches", "add", "NV0042", "--reason", "forgot", "--at", f"{here} 0h"), past),
        (("punches", "list", "--since", here), past),
        (("audit", "list", "--until", here), past),
        (("receive", "correct", "add", "NV0042", f"{here} 0h", "--direction", "in", *who), past),
        (("receive", "leave", "add", "NV0042", "P", three, *who), to_come),
        (("receive", "sheet", "--from", here, "--to", "today", *who[:2]), past),
    ):
        done = edge(*words, language=language)
        lines = done.stderr.replace(" \\\n", " ").splitlines()
        lines = [line for line in lines if line.startswith("  edge-agent")]
        assert (done.exit_code, len(lines)) == (65, 2), (words, done.output)
        assert all(day in line for day, line in zip(days, lines, strict=True)), lines
    assert json.loads(edge("punches", "list", "--json").stdout) == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_where_nobody_has_punched_the_date_is_told_from_which_on(edge: Edge, language: str) -> None:
    day = day_ago(1)
    told = (
        f"từ {weekday_of(day)} 17:00:00."
        if language == "vi"
        else f"{'-'.join(reversed(day.split('/')))} 17:00"
    )
    done = edge("punches", "list", "--since", "hôm qua 17h", language=language)
    assert (told in done.stdout, "hôm qua" in done.stdout) == (True, False), done.output


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("typed", ["hôm kìa", "29/13", "29/11/99", "thứ tám", "last monday"])
def test_what_may_mean_several_days_is_refused_with_the_forms_there_are(
    edge: Edge, language: str, typed: str
) -> None:
    forms = "hôm qua" if language == "vi" else "yesterday"
    for words in (
        ("consent", "record", "NV0042", "--text", "vi-1", "--paper", "--signed", typed),
        ("punches", "add", "NV0042", "--reason", "forgot", "--at", f"{typed} 17:00"),
        ("privacy", "request", "NV0042", "--what", "access", "--asked", typed),
        ("workers", "leave", "NV0042", "--on", typed, "--yes"),
        ("punches", "list", "--since", typed),
        ("audit", "list", "--until", typed),
    ):
        done = edge(*words, language=language)
        assert done.exit_code in (2, 65), (words, done.output)
        assert forms in done.stderr, (words, done.stderr)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(
    "typed", ["hôm qua 17h", "31/2/2026", "28/11/2026 17:00", "2026-11-28T17:00", "1/1 25h"]
)
def test_what_is_no_day_is_refused_as_it_was_typed(edge: Edge, language: str, typed: str) -> None:
    assert edge("privacy", "request", "NV0042", "--what", "access").exit_code == 0
    payroll = ("--database", "payroll.db")
    who = (*payroll, "--actor", "KT01", "--reason", "đơn")
    PayrollStore("payroll.db").close()
    for words in (
        ("workers", "leave", "NV0042", "--yes", "--on", typed),
        ("workers", "leave", "NV0042", "--on", typed),
        ("consent", "record", "NV0042", "--text", "vi-1", "--paper", "--signed", typed),
        ("privacy", "request", "NV0042", "--what", "access", "--asked", typed),
        ("privacy", "request", "NV0042", "--what", "access", "--due", typed),
        ("privacy", "answer", "1", "--on", typed),
        ("receive", "correct", "list", "--since", typed, *payroll),
        ("receive", "leave", "add", "NV0042", "P", typed, *who),
        ("receive", "leave", "add", "NV0042", "P", "1/1/2026", "--to", typed, *who),
        ("receive", "sheet", "--from", typed, "--to", "hôm nay", *payroll),
        ("receive", "sheet", "--from", "1/1/2026", "--to", typed, *payroll),
    ):
        done = edge(*words, language=language)
        assert (done.exit_code, repr(typed) in done.stderr) == (65, True), (words, done.stderr)


@pytest.mark.parametrize("typed", ["hôm qua 25h", "31/2/2026 17h", "hôm qua"])
def test_what_is_no_time_is_refused_as_it_was_typed(edge: Edge, typed: str) -> None:
    PayrollStore("payroll.db").close()
    who = ("--database", "payroll.db", "--actor", "KT01", "--reason", "quên ấn")
    for words in (
        ("punches", "add", "NV0042", "--reason", "forgot", "--at", typed),
        ("receive", "correct", "add", "NV0042", typed, "--direction", "in", *who),
    ):
        done = edge(*words)
        assert (done.exit_code, repr(typed) in done.stderr) == (65, True), done.stderr


@pytest.mark.parametrize("typed", ["00:00", "0h", "0 giờ sáng"])
@pytest.mark.parametrize("form", ["--at {}", "--at={}"])
def test_a_time_without_its_day_is_answered_with_the_command_for_each(
    edge: Edge, typed: str, form: str
) -> None:
    """Never by a day that nobody has said: it is paid."""
    option = [form.format(typed)] if "=" in form else ["--at", typed]
    done = edge("punches", "add", "NV0042", *option, "--reason", "forgot")
    lines = done.stderr.replace(" \\\n", " ").splitlines()
    lines = [line for line in lines if line.strip().startswith("edge-agent punches add")]
    assert (done.exit_code, len(lines)) == (65, 2), done.stderr
    days = [day_ago(0), day_ago(1)]
    assert all(day in line for day, line in zip(days, lines, strict=True)), lines
    assert json.loads(edge("punches", "list", "--json").stdout) == []
    done = edge(*shlex.split(lines[1])[1:])
    assert (done.exit_code, f"{days[1]} 00:00:00" in done.stdout) == (0, True), done.output


def test_the_hour_that_is_still_to_come_was_yesterdays(edge: Edge) -> None:
    done = edge("punches", "add", "NV0042", "--at", "23:59:59", "--reason", "forgot")
    assert (done.exit_code, day_ago(0) in done.stderr) == (65, False), done.stderr
    assert f"{day_ago(1)} 23:59:59" in done.stderr


def test_where_today_is_not_known_a_time_without_its_day_is_told_so(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Assembly, "today", lambda self: None)
    done = edge("punches", "add", "NV0042", "--at", "17h", "--reason", "forgot")
    assert (done.exit_code, "ngày nào" in done.stderr) == (65, True), done.stderr


@pytest.mark.parametrize("form", [("--on", "hôm qua"), ("--on=yesterday",), ("--on", "{short}")])
def test_the_line_to_type_names_the_same_day_after_midnight(
    edge: Edge, form: tuple[str, ...]
) -> None:
    """Also where another option's words are the same."""
    day = day_ago(1)
    iso = "-".join(reversed(day.split("/")))
    done = edge("workers", "leave", "NV0042", *(one.format(short=day[:5]) for one in form))
    told = " ".join(done.stderr.replace(" \\\n", " ").split())
    on = f"--on={iso}" if len(form) == 1 else f"--on {iso}"
    assert told.endswith(f" edge-agent workers leave NV0042 {on} --yes"), told


def test_the_line_to_type_leaves_alike_words_alone(edge: Edge) -> None:
    typed = ("punches", "add", "NV0042", "--reason", "{}", "--direction", "in", "--at")
    done = edge(*(one.format("18/11 07:00") for one in typed), "18/11 07:00")
    told = " ".join(done.stderr.replace(" \\\n", " ").split())
    line = shlex.join([*(one.format("LÝ_DO") for one in typed), "18/11 07:00"])
    assert told.endswith(f" edge-agent {line}"), told


def test_what_leans_on_today_is_refused_where_the_gate_does_not_know_it(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Assembly, "today", lambda self: None)
    done = edge("punches", "add", "NV0042", "--reason", "forgot", "--at", "hôm qua 17:00")
    assert (done.exit_code, "hôm nay là ngày nào" in done.stderr) == (65, True)


def test_what_changes_a_punch_says_whose_and_which(edge: Edge) -> None:
    at = ("--at", f"{day_ago(2)} 07h05", "--reason", "forgot")
    done = edge("punches", "add", "NV0042", *at, "--direction", "ra")
    told = " ".join(done.stdout.split())
    seq = json.loads(edge("punches", "list", "--json").stdout)[0]["seq"]
    what = f"của Lò Thị Mây, NV0042: ra, {weekday_of(day_ago(2))} 07:05:00 (mục"
    assert what in told
    assert f"edge-agent punches void {seq} --reason LÝ_DO" in told
    told = " ".join(edge("punches", "void", str(seq), "--reason", "mistyped").stdout.split())
    assert f"Đã hủy lần chấm công {seq} {what}" in told
    assert "cũng mất theo" not in told
    added = ["punches", "add", "NV0042", "--at", f"{day_ago(2)} 07:05:00"]
    added += ["--direction", "out", "--reason", "hủy nhầm"]
    assert told.endswith(shlex.join(["edge-agent", *added]))
    assert edge(*added).exit_code == 0
    *_, again = json.loads(edge("punches", "list", "--json").stdout)
    assert (again["voided"], again["direction"], again["at"][11:19]) == (None, "out", "07:05:00")


def test_what_falls_with_a_voided_punch_is_told(edge: Edge) -> None:
    with closing(open_store(Path())) as store:
        append(store, punch("NV0042"), later(0))
        seq = store.tail().seq
        append(store, PunchRepeated(worker="NV0042", of=seq), later(1))
    told = " ".join(edge("punches", "void", str(seq), "--reason", "nhầm người").stdout.split())
    assert f"Lần ấn lặp lại {seq + 1} cũng mất theo" in told
    way_back = told.partition("Muốn lấy lại: edge-agent ")[2]
    assert edge(*shlex.split(way_back)).exit_code == 0


def test_a_rename_is_undone_as_it_is_told_and_by_force_only_where_that_is_needed(
    edge: Edge, tmp_path: Path
) -> None:
    told = " ".join(edge("workers", "rename", "NV0042", "Lò Thị Mây").stdout.split())
    assert told == "NV0042 đang có tên Lò Thị Mây rồi: không có gì thay đổi."
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        own = Print(slot=1, worker="NV0042", finger="right-index", generation=1)
        change.put_print(own, bytes(32))
    for name, force in (("Lò Thị Mấy", False), ("Vàng A Páo", True)):
        forced = ["--force"] if force else []
        back = _typed(edge("workers", "rename", "NV0042", name, *forced).stdout, "tên cũ: ")
        assert back == ["workers", "rename", "NV0042", "Lò Thị Mây", *forced]
        assert edge(*back).exit_code == 0


def test_whoever_is_stopped_reads_by_whom_and_is_given_back_what_was_refused(edge: Edge) -> None:
    assert edge("workers", "deactivate", "NV0042").exit_code == 0
    shown = " ".join(edge("workers", "show", "NV0042").stdout.split())
    by = pwd.getpwuid(os.getuid()).pw_name
    assert f"ngừng do {by}, từ " in shown
    assert edge("workers", "activate", "NV0042").exit_code == 0
    assert f"do {by}, từ " not in edge("workers", "show", "NV0042").stdout


def test_a_code_that_looks_like_another_is_entered_as_merge_says(edge: Edge) -> None:
    for other in ("NV0101", "NV00101"):
        assert edge("workers", "add", other, "Vàng A Páo", "--force").exit_code == 0
    told = edge("workers", "merge", "NV0042", "NV101").stderr
    line = next(one.strip() for one in told.splitlines() if one.startswith("  "))
    assert line == "edge-agent workers add NV101 --force"
    done = edge(*shlex.split(line)[1:], "Lò Thị Mây")
    said = " ".join(done.stdout.split())
    assert (done.exit_code, "theo 'workers merge' thì cứ làm tiếp" in said) == (0, True)
    shown = " ".join(edge("workers", "show", "NV101").stdout.split())
    assert "Cùng tên Lò Thị Mây, không kể dấu: NV0042, NV101" in shown


def test_a_press_that_is_brought_back_says_why_and_a_way_how_it_is_corrected(edge: Edge) -> None:
    at = ("--at", f"{day_ago(2)} 07h05")
    first = edge("punches", "add", "NV0042", *at, "--reason", "hủy nhầm")
    assert first.exit_code == 0
    told = " ".join(first.stdout.split())
    assert "--reason LÝ_DO" in told
    assert "thêm: hủy nhầm" in " ".join(edge("punches", "list", "NV0042").stdout.split())
    again = edge("punches", "add", "NV0042", *at, "--reason", "forgot", "--direction", "ra")
    told = " ".join(again.stderr.split())
    assert again.exit_code == 65
    assert "kể cả chỉ sai chiều vào, ra, thì hủy nó rồi gõ lại lệnh này: edge-agent punches" in told


@pytest.mark.parametrize(
    "name",
    [
        *(
            "punch.added",
            "punch.voided",
            "people.removed",
            "people.enrolled",
            "people.enrolled-anew",
        ),
        *("privacy.planned", "privacy.stopped", "privacy.erased", "privacy.left-empty"),
        "privacy.stopped-withdrawn",
        *("privacy.not-done", "claim.opened", "claim.closed", "module.forgotten"),
        *("consent.printed", "consent.recorded", "credential.added", "credential.replaced"),
        *("credential.removed", "credential.allowed", "credential.disallowed"),
        *("credential.qr-made", "people.erase-asks", "people.erase-within-asks"),
        *("people.erase-after-asks", "people.remove-asks", "privacy.forget-asks"),
        "people.remove-asks-unsaved",
        "punch.moves-asks",
    ],
)
def test_what_is_done_to_a_worker_names_them(name: str) -> None:
    """By name and code, as ``who`` has them: a code alone is somebody else's too soon."""
    for words in catalogues.words("vi")[name], catalogues.words("en")[name]:
        assert "{whose}" in str(words)


@pytest.mark.parametrize(
    ("language", "shown"), [("vi", "ra (máy đoán vào)"), ("en", "out (guessed in)")]
)
def test_a_guess_that_an_added_punch_has_turned_is_shown_as_both(
    edge: Edge, tmp_path: Path, language: str, shown: str
) -> None:
    with closing(open_store(tmp_path)) as store:
        way = {"direction": Direction.IN, "direction_source": DirectionSource.ALTERNATE}
        append(store, PunchRecorded(worker="NV0042", **way), later(0))  # 18/11/2026 18:06:40
        store.remember(ERASURES_UNKNOWN, "cloned-card")
    add = ("punches", "add", "NV0042", "--reason", "forgot", "--force", "--direction", "in")
    assert edge(*add, "--at", "18/11/2026 07:00", "--yes").exit_code == 0
    for words in ("punches", "list"), ("workers", "show", "NV0042"):
        assert shown in edge(*words, language=language).stdout, words
        assert "máy đoán ra" not in edge(*words).stdout
    told = json.loads(edge("punches", "list", "--json").stdout)
    assert [(one["direction"], one["way"]) for one in told] == [("in", "in"), ("in", "out")]
    seq = told[0]["seq"]
    assert edge("punches", "void", str(seq), "--reason", "mistyped").exit_code == 0
    assert shown not in edge("punches", "list", language=language).stdout


def test_whoever_has_neither_print_nor_card_may_leave(edge: Edge) -> None:
    done = edge("workers", "leave", "NV0042", "--yes")
    assert (done.exit_code, "không giữ vân tay" in done.stdout) == (0, True), done
    assert "đã nghỉ" in edge("workers", "list").stdout
    assert edge("workers", "leave", "NV0042", "--yes").exit_code == 65
    for again in ("deactivate", "activate"):  # One of them would be told as if they were back.
        refused = edge("workers", again, "NV0042")
        assert (refused.exit_code, "đã nghỉ" in refused.stderr) == (65, True), refused


def test_who_is_to_leave_works_on_and_nothing_is_to_be_destroyed_yet(
    edge: Edge, tmp_path: Path
) -> None:
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        change.put_sealed_backup(SealedBackup(backup="b" * 32, prints=1, workers=["NV0042"]))
    done = edge("workers", "leave", "NV0042", "--on", "05/12/2099", "--yes")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Chưa phải hủy gì" in done.stdout
    assert edge("workers", "leave", "NV0042", "--drop").exit_code == 0
    done = edge("workers", "leave", "NV0042", "--yes")
    assert "Còn 1 bản sao lưu vân tay" in " ".join(done.stderr.split())


@pytest.mark.parametrize("drop", [("leave", "NV0042", "--drop"), ("activate", "NV0042")])
def test_a_leaving_that_is_planned_is_shown_with_who_and_how_to_drop_it(
    edge: Edge, drop: tuple[str, ...]
) -> None:
    done = edge("workers", "leave", "NV0042", "--on", "05/12/2099", "--yes")
    assert "bỏ lịch được: edge-agent workers leave NV0042 --drop" in " ".join(done.stdout.split())
    again = edge("workers", "leave", "NV0042", "--on", "05/12/2099")  # Nothing changes: not asked.
    assert again.exit_code == 0
    assert "đã có lịch nghỉ sau thứ bảy 05/12/2099 rồi: không có gì" in " ".join(
        again.stdout.split()
    )
    me = pwd.getpwuid(os.getuid()).pw_name
    shown = " ".join(edge("workers", "show", "NV0042").stdout.split())
    assert f"lịch nghỉ sau thứ bảy 05/12/2099, do {me} đặt; bỏ lịch: edge-agent workers" in shown
    assert edge("workers", "leave", "NV0042", "--on", "05/12/2099", "--drop").exit_code == 65
    done = edge("workers", *drop)
    assert (
        done.stdout == "Lò Thị Mây (NV0042) không nghỉ nữa: đã bỏ lịch nghỉ sau thứ bảy 05/12/2099."
        " Nếu bỏ nhầm: edge-agent workers leave NV0042 --on 2099-12-05\n"
    )
    assert "lịch nghỉ" not in edge("workers", "show", "NV0042").stdout
    told = [one.partition(": ")[2] for one in edge("audit", "list").stdout.splitlines()[-2:]]
    assert told == [
        "đặt lịch nghỉ của Lò Thị Mây, NV0042: sau thứ bảy 05/12/2099",
        "bỏ lịch nghỉ của Lò Thị Mây, NV0042",
    ]


def test_who_has_withdrawn_is_not_called_by_a_day_and_told_what_they_would_sign(
    edge: Edge, tmp_path: Path
) -> None:
    edge("workers", "add", "NV0043", "Vàng A Páo")
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        change.put_credential(
            Credential(worker="NV0042", method=Method.CARD, salt=b"s" * 16, hash=b"\x07" * 32)
        )
    edge("consent", "withdraw", "NV0042", "--yes")  # There is no sensor to erase anything from.
    told = json.loads(edge("enroll", "--missing", "--report", "--json").stdout)
    assert [one["code"] for one in told["people"]] == ["NV0043"]
    assert told["withdrawn"] == [{"code": "NV0042", "name": "Lò Thị Mây"}]
    assert told["second_way"] == ["NV0042"]
    shown = " ".join(edge("enroll", "--missing", "--report").stdout.split())
    assert "đã rút lại đồng ý nên không gọi; nếu đồng ý lại thì đưa ký: edge-agent consent" in shown
    (tmp_path / "list.csv").write_text("code\nNV0042\n")
    told = json.loads(edge("enroll", "--list", "list.csv", "--report", "--json").stdout)
    assert (told["people"], told["withdrawn"][0]["code"]) == ([], "NV0042")
    shown = edge("workers", "list").stdout
    assert "1 người chưa có vân tay: NV0043\n" in shown
    assert "Đã rút lại đồng ý: NV0042" in shown


@pytest.mark.parametrize(
    ("active", "told"),
    [
        (True, "đã nghỉ mà danh sách của phòng lương vẫn ghi đang làm (NV0042):"),
        (False, "ghi đã nghỉ mà cổng còn giữ vân tay hoặc thẻ (NV0042):"),
    ],
)
def test_whose_leaving_is_told_otherwise_by_payroll_is_named_with_what_to_type(
    edge: Edge, tmp_path: Path, active: bool, told: str
) -> None:
    if active:
        assert edge("workers", "leave", "NV0042", "--yes").exit_code == 0
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        listed = Employment(active=active)
        change.put_worker(Worker(code="NV0042", name="Lò Thị Mây", listed=listed))
        change.put_credential(
            Credential(worker="NV0042", method=Method.CARD, salt=b"s" * 16, hash=b"\x07" * 32)
        ) if not active else None
    for words in (("status",), ("workers", "list"), ("workers", "show", "NV0042")):
        assert told in " ".join(edge(*words).stdout.split()), words


@pytest.mark.parametrize("flags", [("--dry-run",), ("--yes",)])
def test_what_only_the_gate_knows_is_told_beside_what_the_file_shows(
    edge: Edge, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    rows = ["mã nv;họ tên;đang làm", "NV42;Lò Thị Mây;có", "; rm;Vàng A Páo;có", "NV0050;A;lúc"]
    rows += ["NV0060;Giàng A Sử;có", "NV60;Giàng A Sử;có"]
    (tmp_path / "list.csv").write_text("\n".join(rows))
    done = edge("workers", "import", "list.csv", *flags)
    assert (done.exit_code, done.stdout) == (65, "")
    told = " ".join(done.stderr.split())
    for one in ("dòng 2: ", "dòng 3: ", "dòng 4: ", "NV0042", "NV0060"):
        assert one in told, (one, told)
    assert edge("workers", "list", "--json").stdout.count("code") == 1


def test_what_is_wrong_with_a_list_is_told_row_by_row_and_what_force_would_take(
    edge: Edge, tmp_path: Path
) -> None:
    """Whoever types --force for one row takes the others along, and has read so before."""
    rows = ["NV42;Lò Thị Mây", "NV0060;Giàng A Sử", "NV0070;", "NV60;Giàng A Sử", "NVX;Lò A"]
    (tmp_path / "list.csv").write_text("\n".join(["mã nv;họ tên", *rows]))
    told = " ".join(edge("workers", "import", "list.csv", "--dry-run").stderr.split())
    assert re.findall(r"dòng (\d+): ", told) == ["2", "4", "5", "6"]
    assert "--force là nhận cả 3 dòng này y như trong tệp: 2, 5, 6." in told
    (tmp_path / "list.csv").write_text("\n".join(["mã nv;họ tên", *rows[2:3], rows[0]]))
    told = " ".join(edge("workers", "import", "list.csv", "--dry-run").stderr.split())
    assert re.findall(r"dòng (\d+): ", told) == ["2", "3"]
    assert "--force là" not in told  # It is of one row.


def test_names_in_capitals_are_remarked_on_and_entered_so(edge: Edge, tmp_path: Path) -> None:
    rows = ["NV0060;TRẦN VĂN MINH", "NV0061;LÒ THỊ HOA", "NV0062;Vàng A Páo"]
    (tmp_path / "list.csv").write_text("\n".join(["mã nv;họ tên", *rows]))
    told = " ".join(edge("workers", "import", "list.csv").stdout.split())
    assert "2 tên viết toàn chữ hoa, cổng ghi y như vậy: NV0060, NV0061." in told
    assert "như 'Trần Văn Minh' thì sửa trong tệp rồi nhập lại." in told
    assert "TRẦN VĂN MINH" in edge("workers", "list").stdout
    (tmp_path / "list.csv").write_text("mã nv;họ tên\nNV0060;Trần Văn Minh\nNV0061;LÒ THỊ HOA\n")
    told = edge("workers", "import", "list.csv", "--yes").stdout
    assert "chữ hoa" not in told  # Of who is in it already it was said then.
    assert "Trần Văn Minh" in edge("workers", "list").stdout


def test_an_exported_sheet_is_called_by_what_is_in_it(edge: Edge) -> None:
    """Whoever imports it again is told which sheet was read."""
    assert edge("workers", "export", "workers.xlsx").exit_code == 0
    told = edge("workers", "import", "workers.xlsx", "--dry-run").stdout
    assert "đã đọc trang tính 'công nhân'" in " ".join(told.split())


def test_a_code_that_stands_twice_in_a_list_is_told_by_its_row(edge: Edge, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("mã nv;họ tên\nNV0050;Lò A\nNV0050;Lò B\nNV0051;\n")
    done = edge("workers", "import", "list.csv", "--dry-run")
    assert (done.exit_code, done.stdout) == (65, "")
    told = " ".join(done.stderr.split())
    assert "dòng 3: " in told
    assert "dòng 4: " in told


@pytest.mark.parametrize(
    ("language", "same", "total", "next_"),
    [
        (
            "vi",
            "Cùng tên",
            "2 người mới, 0 người thay đổi, 1 người giữ nguyên",
            "Chưa đổi gì. ",
        ),
        ("en", "One name,", "2 new, 0 to change, 1 as they are", "Nothing was changed yet"),
    ],
)
def test_who_has_the_name_of_another_is_told_and_new_people_are_new(
    edge: Edge, tmp_path: Path, language: str, same: str, total: str, next_: str
) -> None:
    edge("workers", "leave", "NV0042", "--yes")  # Somebody who has left counts too.
    rows = ("NV0042;Lò Thị Mây", "NV0050;lo thi may", "NV0051;Vàng A Páo")
    (tmp_path / "the list.csv").write_text("\n".join(("mã nv;họ tên", *rows)))
    done = edge("workers", "import", "the list.csv", "--dry-run", language=language)
    told = " ".join(done.stdout.split())
    assert f"{same} lo thi may, " in told
    assert ": NV0042, NV0050 " in told
    assert told.count(same) == 1
    assert total in told
    assert next_ in told
    assert told.endswith("edge-agent workers import 'the list.csv'")
    assert edge("workers", "import", "the list.csv").exit_code == 0
    done = edge("workers", "import", "the list.csv", "--dry-run", language=language)
    assert "edge-agent workers import" not in done.stdout  # There is nothing to enter.
    done = edge("workers", "add", "NV0060", "Vàng A Páo", language=language)
    told = " ".join(done.stdout.split())
    assert (done.exit_code, f"{same} Vàng A Páo, " in told) == (0, True)
    assert ": NV0051, NV0060 " in told


def test_new_people_of_a_list_need_fingers_next(edge: Edge, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("mã nv;họ tên\nNV0050;Lò A\n")
    assert "edge-agent enroll --missing" in edge("workers", "import", "list.csv").stdout
    assert "enroll" not in edge("workers", "import", "list.csv").stdout


def test_a_code_in_place_of_a_punch_s_number_is_told_where_the_numbers_are(edge: Edge) -> None:
    done = edge("punches", "void", "NV0042", "--reason", "wrong-worker")
    assert done.exit_code == 2
    assert "edge-agent punches list" in " ".join(done.stderr.split())


def test_who_has_left_is_not_brought_back_by_a_list_without_a_word(
    edge: Edge, tmp_path: Path
) -> None:
    edge("workers", "leave", "NV0042", "--yes")
    (tmp_path / "list.csv").write_text("mã nv;họ tên\nNV0042;Lò Thị Mây\n")
    told = " ".join(edge("workers", "import", "list.csv", "--dry-run").stdout.split())
    assert "ở cổng đã nghỉ, vẫn để vậy: NV0042. Đi làm lại thì: edge-agent workers activate" in told


@pytest.mark.usefixtures("at_a_terminal")
def test_what_a_missed_press_makes_of_later_ones_is_told_before_it_is_added(
    edge: Edge, tmp_path: Path
) -> None:
    with closing(open_store(tmp_path)) as store:
        way = {"direction": Direction.IN, "direction_source": DirectionSource.ALTERNATE}
        append(store, PunchRecorded(worker="NV0042", **way), later(0))  # 18/11/2026 18:06:40
        store.remember(ERASURES_UNKNOWN, "cloned-card")
    shown = edge("punches", "list", "NV0042", "--json")
    before = len(json.loads(shown.stdout))
    add = ("punches", "add", "NV0042", "--reason", "forgot", "--force", "--direction", "vào")
    typed = (*add, "--at", "18/11/2026 07:00")
    done = edge(*typed, answers="k\n")
    told = " ".join(done.stdout.split())
    assert "máy đã đoán là vào, có lần này thì thành ra" in told
    assert done.exit_code == 1
    assert len(json.loads(edge("punches", "list", "--json").stdout)) == before
    assert edge(*typed, answers="c\n").exit_code == 0
    done = edge(*add, "--at", "17/11/2026 23:00", "--yes", "--json")
    assert [one["day"] for one in json.loads(done.stdout)["moves"]] == ["2026-11-17"]


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(
    ("saved", "told"),
    [(True, "Chỉ lấy lại được từ bản sao lưu"), (False, "Chưa có bản sao lưu nào")],
)
def test_whoever_erases_a_print_is_told_whether_a_backup_holds_it(
    edge: Edge, tmp_path: Path, saved: bool, told: str
) -> None:
    with closing(open_store(tmp_path)) as store, store.changing() as change:
        one = Print(worker="NV0042", finger="right-index", slot=0, generation=1)
        change.put_print(one, b"\x07" * 32)
        change.put_backed_up(one, backed_up=saved)
    done = edge("prints", "remove", "NV0042", "--finger", "trỏ phải", answers="k\n")
    assert told in " ".join(done.stderr.split())
