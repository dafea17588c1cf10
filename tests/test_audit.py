"""``edge-agent audit list``: who changed what, and when, in words."""

import json
import os
import pwd
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec import structs

from edge_agent import cli
from edge_agent.cli import audit
from edge_agent.cli.carry_out import carry_out
from edge_agent.contract.facts import Method, PunchAdded, PunchVoided, SensorAdopted
from edge_agent.contract.kinds import ACTS, ERASING, KINDS, kind_of, subject_of, words_of
from edge_agent.contract.language import ENGLISH, LANGUAGES, VIETNAMESE, Message, said
from edge_agent.contract.people import Worker
from edge_agent.contract.people_facts import (
    ConsentWithdrawn,
    CredentialAdded,
    CredentialsAllowed,
    PrintEnrolled,
    PrintRemoved,
    WorkerAdded,
    WorkerChanged,
    WorkerErased,
    WorkerLeft,
)
from edge_agent.contract.rights import user
from edge_agent.gate.daemon.assembly import Assembly
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.gate.people.requests import AskSensor
from edge_agent.gate.settings.load import load_settings
from tests.contract.samples import value
from tests.english import english
from tests.gate.control.serving import serving
from tests.gate.ledger.ledgers import append, later, open_store, punch, unsynced

HOUR_MS = 3_600_000
LAN = "uid:4711001"
ROOT = "uid:0"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteStore]:
    """Of a gate whose settings commands read; what is written at first is an hour after noon."""
    config = tmp_path / "edge-agent.toml"
    config.write_text(
        '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[control]\nsocket = "control.sock"\n'
    )
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(config))
    monkeypatch.setenv("LANG", "C.UTF-8")
    with closing(open_store(tmp_path)) as opened:
        with opened.changing() as change:
            change.append(SensorAdopted(actor="gate", why="new"), later(HOUR_MS))
            change.append(WorkerAdded(worker="0007", actor=LAN), later(2 * HOUR_MS))
            change.put_worker(Worker(code="0007", name="Trần Văn Minh"))
        yield opened


def listed(*arguments: str) -> Result:
    done = CliRunner().invoke(cli.main, ["audit", "list", *arguments])
    assert done.exit_code == 0, done.output
    return done


def changes(*arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(listed("--json", *arguments).stdout)
    return found


def test_who_did_what_and_when(store: SqliteStore) -> None:
    enrolled = PrintEnrolled(worker="0007", finger="left-thumb", slot=3, generation=1, actor=LAN)
    append(store, enrolled, later(3 * HOUR_MS))
    append(store, punch("0007"), later(4 * HOUR_MS))  # Nobody's doing but the worker's.
    append(store, PunchVoided(of=4, worker="0007", reason="mistake", actor=ROOT), unsynced(1))
    assert listed().stdout.splitlines() == [
        "2026-11-18 19:06:40  the gate: adopted the sensor",
        "2026-11-18 20:06:40  4711001: entered Trần Văn Minh, 0007",
        "2026-11-18 21:06:40  4711001: enrolled the left-thumb of Trần Văn Minh, 0007",
        "time not known yet  root: voided punch 4 of Trần Văn Minh, 0007: mistake",
    ]
    assert listed("--lang", "vi").stdout.splitlines()[2] == (
        "18/11/2026 21:06:40  4711001: đăng ký ngón cái trái của Trần Văn Minh, 0007"
    )


def test_the_time_is_that_of_the_deed_not_of_the_punch_that_was_added(store: SqliteStore) -> None:
    at = "2026-11-16T06:00:00.000+07:00"
    added = PunchAdded(worker="0007", at=at, direction=None, reason="no-power", actor=ROOT)
    append(store, added, later(3 * HOUR_MS))
    told = changes("--by", "root")
    assert [(one["at"], one["details"]["at"]) for one in told] == [
        ("2026-11-18T21:06:40.000+07:00", at)
    ]
    assert listed("--by", "root").stdout == (
        "2026-11-18 21:06:40  root: added a punch of Trần Văn Minh, 0007 at Mon 2026-11-16 "
        "06:00:00: no-power\n"
    )


def test_what_was_voided_is_told_with_its_day(store: SqliteStore) -> None:
    of = append(store, punch("0007"), later(2 * HOUR_MS)).seq
    append(
        store, PunchVoided(of=of, worker="0007", reason="wrong-worker", actor=LAN), later(HOUR_MS)
    )
    assert (
        listed("--lang", "vi", "--by", LAN)
        .stdout.splitlines()[-1]
        .endswith(
            f": hủy lần chấm công thứ tư 18/11/2026 20:06:40 (số {of}) của Trần Văn Minh, 0007,"
            " lý do nhầm người"
        )
    )
    assert changes("--by", LAN)[-1]["punch_at"] == "2026-11-18T20:06:40.000+07:00"


def test_what_has_two_meanings_is_told_as_what_it_is(store: SqliteStore) -> None:
    for active in (False, True):
        append(store, WorkerChanged(worker="0007", active=active, actor=LAN))
        append(store, CredentialsAllowed(worker="0007", allowed=active, actor=LAN))
    append(store, WorkerChanged(worker="0007", active=False, actor="gate", why="renamed"))
    told = [line.partition(": ")[2] for line in listed().stdout.splitlines()[2:]]
    assert [words.replace("Trần Văn Minh, 0007", "M") for words in told] == [
        "changed M: deactivated",
        "no longer allowed M to punch without a finger",
        "changed M: active",
        "allowed M to punch without a finger",
        "held back the fingers of M, for payroll has given the code another name",
    ]


@pytest.mark.parametrize("by", ["4711001", LAN])
def test_what_one_user_did(store: SqliteStore, by: str) -> None:
    assert [one["kind"] for one in changes("--by", by)] == ["worker.added"]
    assert [one["actor"] for one in changes("--by", "gate")] == ["gate"]
    assert changes("--by", pwd.getpwuid(0).pw_name) == []


def test_a_user_whom_nobody_knows_is_a_mistake(store: SqliteStore) -> None:
    done = CliRunner().invoke(cli.main, ["audit", "list", "--by", "lán", "--lang", "vi"])
    assert done.exit_code == 2
    assert "'lán' không phải người dùng của máy này" in done.stderr


def test_a_name_that_was_corrected_is_told_as_that(store: SqliteStore) -> None:
    """The entry says no more than that the worker may punch, as before."""
    for active in (True, False, False, True):
        append(store, WorkerChanged(worker="0007", active=active, actor=LAN), later(3 * HOUR_MS))
    whose = "Trần Văn Minh, 0007"
    assert [line.partition("4711001: ")[2] for line in listed().stdout.splitlines()[-4:]] == [
        f"corrected the name, which is now {whose}",
        f"changed {whose}: deactivated",
        f"corrected the name, which is now {whose}",
        f"changed {whose}: active",
    ]
    assert [one.get("renamed") for one in changes()[-4:]] == [True, None, True, None]


def test_a_roster_that_changes_a_day_or_a_gate_is_not_told_as_a_correction_of_names(
    store: SqliteStore,
) -> None:
    """The first roster of a site changes everybody so, with the names that the gate has."""
    append(store, WorkerChanged(worker="0007", active=True, actor="payroll"), later(3 * HOUR_MS))
    line = listed().stdout.splitlines()[-1]
    assert line.endswith("payroll: took Trần Văn Minh, 0007 as the new roster has it")
    assert changes()[-1].items() >= {"listed": True}.items()
    assert "renamed" not in changes()[-1]


def test_since_when(store: SqliteStore) -> None:
    append(store, SensorAdopted(actor=LAN, why="technician"), unsynced(5))
    kinds = [one["kind"] for one in changes("--since", "2026-11-18T19:30")]
    assert kinds == ["worker.added", "sensor.adopted"]  # One of an unknown time may be any's.


def test_each_kind_has_words_in_both_languages(store: SqliteStore) -> None:
    for kind in KINDS:
        if kind_of(kind) in ACTS:
            append(store, value("", kind))
    found = listed("--lang", "vi").stdout
    assert len(found.splitlines()) == len(ACTS) + 2
    assert english(found) == []
    for kind in ACTS:
        assert kind not in found, kind
        assert kind not in listed().stdout


def test_what_is_asked_by_sudo_is_the_callers_deed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "edge-agent.toml"
    config.write_text('[gate]\nid = "main-gate"\n[control]\nsocket = "control.sock"\n')
    with serving(tmp_path / "control.sock"):
        settings = load_settings(config)
        assert carry_out(settings, AskSensor())["actor"] == f"uid:{os.getuid()}"
        monkeypatch.setenv("SUDO_UID", "1002")
        assert carry_out(settings, AskSensor())["actor"] == "uid:1002"


def test_a_gate_where_nobody_did_anything(store: SqliteStore) -> None:
    assert listed("--by", "payroll").stdout == (
        "Nobody has changed anything here that was asked for.\n"
    )


def test_what_a_new_ledger_has_recorded_again_is_nobodys_new_act(store: SqliteStore) -> None:
    """Whoever voided a punch before did not do so when the ledger began."""
    append(store, punch("0007"), later(4 * HOUR_MS))
    voided = PunchVoided(of=4, worker="0007", reason="mistake", actor=ROOT)
    append(store, voided, later(5 * HOUR_MS))
    at = "2026-11-18T20:00:00.000+07:00"
    added = PunchAdded(worker="0007", at=at, direction=None, reason="forgotten", actor=ROOT)
    append(store, added, later(5 * HOUR_MS))
    store.close()
    config = Path(os.environ["EDGE_AGENT_CONFIG"])
    config.write_text(config.read_text().replace("main-gate", "side-gate"))
    with Assembly(load_settings(config)).open_or_succeed() as begun:
        assert begun

    told = [line for line in listed().stdout.splitlines() if "voided" in line]
    assert len(told) == 2
    assert ["carried over from the ledger before: " in line for line in told] == [False, True]
    assert [one.get("carried") for one in changes("--kind", "punch.voided")] == [None, True]
    listing = CliRunner().invoke(cli.main, ["punches", "list"]).stdout
    assert f"added by {user(os.getuid())}" in listing


def test_after_a_new_ledger_the_older_ones_are_told_along(store: SqliteStore) -> None:
    path = database()
    store.close()
    before = changes()
    path.rename(path.with_name("gate.db.old-1-other-gate-id"))
    shutil.copy(
        path.with_name("gate.db.old-1-other-gate-id"),
        path.with_name("gate.db.old-2-restored-backup"),
    )
    with closing(open_store(path.parent, "back-gate")) as new:
        assert changes() == before
        append(new, WorkerAdded(worker="0008", actor=LAN), later(3 * HOUR_MS))
        told = changes()
        assert [one["worker"] for one in told] == [None, "0007", "0008"]
        assert len({one["ledger"] for one in told}) == 2
        assert [one["worker"] for one in changes("--by", LAN)] == ["0007", "0008"]
        assert "Trần Văn Minh" in listed().stdout
        with new.changing() as change:
            change.put_worker(Worker(code="0007", name="0007"))
        assert "Trần Văn Minh" not in listed().stdout  # Their name was asked to go.


def test_an_older_ledger_that_cannot_be_read_is_named(store: SqliteStore) -> None:
    old = database().with_name("gate.db.old-1-damaged")
    old.write_bytes(b"no database" * 1000)
    found = listed()
    assert len(found.stdout.splitlines()) == 2
    assert str(old) in found.stderr
    assert len(changes()) == 2  # What is printed for programs is whole.


def test_a_print_that_is_replaced_is_one_act(store: SqliteStore) -> None:
    thumb = {"worker": "0007", "finger": "left-thumb", "actor": LAN}
    removed = PrintRemoved(**thumb, slot=3, generation=1)
    enrolled = PrintEnrolled(**thumb, slot=3, generation=2)
    append(store, removed, later(3 * HOUR_MS))
    append(store, enrolled, later(3 * HOUR_MS))
    append(store, removed, later(4 * HOUR_MS))
    append(store, enrolled, later(5 * HOUR_MS))  # Another act.
    told = [line.partition("4711001: ")[2] for line in listed("--lang", "vi").stdout.splitlines()]
    words = [one.partition(" ngón")[0] for one in told[2:]]
    assert words == ["đăng ký lại", "xóa", "đăng ký"]
    assert len(changes()) == 6  # As in the ledger.


def test_prints_that_an_adopted_sensor_lacks_are_told_by_whom_and_whose(store: SqliteStore) -> None:
    lost = PrintRemoved(worker="0007", finger="left-thumb", slot=3, generation=1, actor=LAN)
    for one in (lost, structs.replace(lost, why="adopted"), structs.replace(lost, why="restored")):
        append(store, one)
    told = [
        line.partition("4711001: ")[2] for line in listed("--worker", "0007").stdout.split("\n")
    ]
    assert told[1:4] == [
        "erased the left-thumb of Trần Văn Minh, 0007",
        "adopted a sensor without the left-thumb of Trần Văn Minh, 0007: that print is gone",
        "found the sensor without the left-thumb of Trần Văn Minh, 0007, before it was restored",
    ]


def test_of_who_has_left_it_is_told_what_really_went(store: SqliteStore) -> None:
    counts = {"prints": 0, "openings": 0, "credentials": 0, "proof": "0" * 64}

    def last() -> str:
        [*_, line] = listed("--worker", "0007").stdout.splitlines()
        return line.partition(": ")[2]

    append(store, WorkerLeft(worker="0007", actor=LAN), later(HOUR_MS))
    assert last().endswith("0007 has left: the erasure is not done yet")
    append(store, WorkerErased(worker="0008", **counts | {"prints": 9}), later(HOUR_MS))
    append(store, WorkerErased(worker="0007", **counts), later(HOUR_MS))
    assert last().endswith("0007 has left: nothing was there to be erased")
    append(store, ConsentWithdrawn(worker="0007", actor=LAN), later(2 * HOUR_MS))
    gone = counts | {"prints": 2, "credentials": 1, "openings": 3}
    append(store, WorkerErased(worker="0007", **gone), later(2 * HOUR_MS))
    assert last().endswith(
        "no longer agrees: 2 prints, the fingers noted for 3 punches and"
        " 1 card, QR code or PIN erased"
    )
    told = changes("--worker", "0007")
    assert [one.get("erased") for one in told[-2:]] == [counts, gone]
    assert "worker.erased" not in {one["kind"] for one in told}


def test_a_last_day_is_told_and_by_what_somebody_is_back(store: SqliteStore) -> None:
    enrolled = PrintEnrolled(worker="0007", finger="left-thumb", slot=3, generation=1, actor=LAN)
    append(store, WorkerLeft(worker="0007", last_day="2026-11-27", actor=LAN), later(HOUR_MS))
    append(store, enrolled, later(3 * HOUR_MS))
    append(store, structs.replace(enrolled, finger="right-thumb"), later(4 * HOUR_MS))
    told = [
        one.partition("4711001: ")[2]
        for one in listed("--lang", "vi", "--worker", "0007").stdout.splitlines()
    ]
    assert told[1].startswith("ghi Trần Văn Minh, 0007 đã nghỉ, làm đến hết thứ sáu 27/11/2026: ")
    assert [one.endswith("; người này đi làm lại") for one in told[2:]] == [True, False]
    assert [one.get("back") for one in changes("--worker", "0007")][2:] == [True, None]


@pytest.mark.parametrize("called", ["0007", " 0007 "])
def test_what_was_changed_of_one_worker(store: SqliteStore, called: str) -> None:
    append(store, WorkerAdded(worker="0008", actor=LAN))
    append(store, WorkerAdded(worker="0009", actor=LAN))  # Of an entry alone: no such row is there.
    assert [one["worker"] for one in changes("--worker", called)] == ["0007"]
    assert [one["worker"] for one in changes("--worker", "0009")] == ["0009"]


@pytest.mark.parametrize("called", ["7", "Minh", "tran van minh"])
def test_who_may_be_meant(store: SqliteStore, called: str) -> None:
    done = CliRunner().invoke(cli.main, ["audit", "list", "--worker", called])
    assert (done.exit_code, done.stdout) == (65, "")
    assert "is 0007 meant?" in done.stderr


@pytest.mark.parametrize("called", ["print", "vân tay", "credential", "erasure"])
def test_what_was_erased_with_its_worker_is_found_by_what_it_was(
    store: SqliteStore, called: str
) -> None:
    append(store, WorkerLeft(worker="0007", actor=LAN))
    assert [one["kind"] for one in changes("--kind", called)] == ["worker.left"]
    assert [one["kind"] for one in changes("--kind", "sensor")] == ["sensor.adopted"]


@pytest.mark.parametrize(
    ("called", "kinds"),
    [
        ("print.enrolled", ["print.enrolled"]),
        *(
            (called, ["print.removed", "print.enrolled"])
            for called in ("print", "PRINTS", "vân tay", unicodedata.normalize("NFD", "Vân tay"))
        ),
        *(
            (called, ["print.removed", "print.enrolled"])
            for called in ("finger", "ngón tay", "NGON TAY")
        ),
    ],
)
def test_changes_of_one_kind(store: SqliteStore, called: str, kinds: list[str]) -> None:
    thumb = {"worker": "0007", "finger": "left-thumb", "actor": LAN}
    append(store, PrintRemoved(**thumb, slot=3, generation=1), later(3 * HOUR_MS))
    append(store, PrintEnrolled(**thumb, slot=3, generation=2), later(3 * HOUR_MS))
    assert [one["kind"] for one in changes("--kind", called)] == kinds
    # Of a print that was replaced neither half is told as what it was not.
    assert [
        line.partition("4711001: ")[2] for line in listed("--kind", called).stdout.splitlines()
    ] == ["enrolled the left-thumb of Trần Văn Minh, 0007 again"]


@pytest.mark.parametrize("called", ["thẻ", "the", "mã PIN", "pin", "QR", "card", "cards"])
def test_cards_are_found_by_each_word_for_them(store: SqliteStore, called: str) -> None:
    append(store, CredentialAdded(worker="0007", method=Method.CARD, actor=LAN), later(3 * HOUR_MS))
    assert [one["kind"] for one in changes("--kind", called)] == ["credential.added"]
    assert not listed("--kind", called).stderr


@pytest.mark.parametrize(
    ("called", "subject"),
    [("cổng", "gate"), ("máy", "sensor"), ("lần chấm", "punch"), ("xóa dữ liệu", "erasures"),
     ("nhân viên", "worker"), ("backups", "templates")],
)  # fmt: skip
def test_what_changes_are_of_is_called_as_people_call_it(called: str, subject: str) -> None:
    assert {kind.partition(".")[0] for kind in audit._kinds(called)} >= {subject}


ERASED = ("print.removed", "worker.forgotten", *ERASING)


@pytest.mark.parametrize(
    ("called", "kinds"),
    [
        *(("bổ sung", ["punch.added"]), ("thêm công", ["punch.added"])),
        *(("Punch added", ["punch.added"]), ("them cong nhan", ["worker.added"])),
        *(
            (word, ["punch.added", "worker.added", "credential.added"])
            for word in ("thêm", "added")
        ),
        *(("xoa van tay", ["print.removed", *ERASING]), ("xóa tên", ["worker.forgotten"])),
        *(("xóa lần chấm công", ["punch.voided"]), ("hủy công", ["punch.voided"])),
        ("removed", ["print.removed", "credential.removed", *ERASING]),
        ("xóa", [*ERASED, "punch.voided", "credential.removed", "erasures.known"]),
        ("hủy", ["punch.voided", "credential.removed", "templates.destroyed"]),
        ("sửa công", ["punch.added", "punch.voided"]),
        *(("đổi tên", ["worker.changed"]), ("đăng ký", ["print.enrolled"])),
    ],
)
def test_kinds_by_the_words_that_the_list_tells_them_by(
    store: SqliteStore, called: str, kinds: list[str]
) -> None:
    """Which they are is told: who asks for one must see what else came by its word, and that none
    is left out."""
    for fact in KINDS:
        if kind_of(fact) in ACTS:
            append(store, value("", fact))
    # Who asks what became of a print finds it also where it went with its worker.
    assert {one["kind"] for one in changes("--kind", called)} == {*kinds}
    told = listed("--kind", called).stderr
    assert {kind for kind in ACTS if f"{kind} (" in told} == {*kinds}


def test_words_that_fit_several_kinds_are_those_of_each() -> None:
    """Else a part of the answer would pass for the whole."""
    for language in LANGUAGES:
        words = {kind: audit._words_in(kind, language) for kind in ACTS}
        own = {said(words_of(kind), language) for kind in ACTS}
        for called in {one for all_ in words.values() for one in all_} - own:
            fits = {kind for kind, all_ in words.items() if any(is_in(called, one) for one in all_)}
            assert {kind for kind, all_ in words.items() if called in all_} == fits, called


def is_in(words: str, name: str) -> bool:
    """Whether they are words of it; the two of one thing are one."""
    words, name = (text.replace("công nhân", "công-nhân") for text in (words, name))
    return f" {words} " in f" {name.replace(',', '')} "


@pytest.mark.parametrize(
    ("option", "typed", "told"),
    [
        ("--kind", "nhập công", "is 'worker entered' meant?"),
        ("--kind", "hủy lần", "is 'punch voided' meant?"),
        ("--kind", "prints backd up", "is 'prints backed up', 'backed up' or "),
        ("--kind", "card, PIN", "PIN or QR code issued' or 'card, PIN or QR code taken back' "),
        ("--kind", "prnt", "is print "),
        ("--kind", "punch.voidd", "is punch.voided"),
        (
            "--kind",
            "zzz",
            "write one of consent (consents), credential (cards, PINs and QR codes), erasure (",
        ),
        ("--by", "payrol", "is payroll meant?"),
        ("--by", "zzz", "changed something here are 4711001, gate, payroll"),
        ("--until", "next week", "is no time"),
    ],
)
def test_what_may_be_meant(store: SqliteStore, option: str, typed: str, told: str) -> None:
    done = CliRunner().invoke(cli.main, ["audit", "list", option, typed])
    assert (done.exit_code, done.stdout) == (2, "")
    said = " ".join(done.stderr.split())
    assert f"Invalid value for {option}: " in said
    assert told in said


def test_each_kind_that_may_be_typed_is_told_with_its_word_in_vietnamese(
    store: SqliteStore,
) -> None:
    told = CliRunner().invoke(cli.main, ["--lang", "vi", "audit", "list", "--kind", "zzz"])
    for subject in {subject_of(kind) for kind in ACTS}:
        word = said(Message(f"audit.of-{subject}"), VIETNAMESE)
        assert f"{subject} ({word})" in " ".join(told.stderr.split())
        assert f"{subject} (" in said(Message("help.audit-kind"), VIETNAMESE)
        assert subject in said(Message("help.audit-kind"), ENGLISH)


def test_near_misses_of_a_kinds_words_are_told_in_the_language(store: SqliteStore) -> None:
    asked = ["--lang", "vi", "audit", "list", "--kind", "bổ xung"]
    assert "có phải là 'bổ sung' không?" in CliRunner().invoke(cli.main, asked).stderr


@pytest.mark.parametrize("who", ["phòng lương", "Phong Luong", "máy ở cổng"])
def test_who_is_none_of_the_machines_users_has_a_name_in_vietnamese(
    store: SqliteStore, who: str
) -> None:
    found = changes("--by", who, "--lang", "vi")
    assert len(found) == (who == "máy ở cổng")


@pytest.mark.parametrize(
    ("until", "count"),
    [
        ("2026-11-17", 0),
        ("18/11/2026", 2),
        ("2026-11-18T19:05", 0),
        ("2026-11-18T19:06", 1),
        ("2026-11-18T19:06:39", 0),
        ("2026-11-18T19:06:40", 1),
        ("2026-11-18T12:06:40Z", 1),
    ],
)
def test_until_when(store: SqliteStore, until: str, count: int) -> None:
    assert len(changes("--until", until)) == count


def test_what_ends_before_it_begins_is_a_mistake(store: SqliteStore) -> None:
    typed = ["audit", "list", "--since", "19/11/2026", "--until", "18/11/2026"]
    done = CliRunner().invoke(cli.main, typed)
    assert (done.exit_code, "lies before --since" in done.stderr) == (2, True)
    assert len(changes("--since", "18/11/2026", "--until", "18/11/2026")) == 2


def test_tab_completes_kinds(store: SqliteStore) -> None:
    given = {"_EDGE_AGENT_COMPLETE": "bash_complete", "COMP_WORDS": "", "COMP_CWORD": ""}
    given |= {"COMP_WORDS": "edge-agent audit list --kind print.e", "COMP_CWORD": "4"}
    done = CliRunner().invoke(cli.main, [], prog_name="edge-agent", env=given)
    assert done.stdout.splitlines() == ["plain,print.enrolled"]


def database() -> Path:
    return Path(os.environ["EDGE_AGENT_CONFIG"]).with_name("gate.db")
