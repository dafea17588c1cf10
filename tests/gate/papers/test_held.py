"""``privacy report``: everything of one worker, nothing of another, in both languages."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec import structs

from edge_agent import cli
from edge_agent.cli.kept_words import of_backup
from edge_agent.cli.privacy_report import sections_of
from edge_agent.contract.facts import Method
from edge_agent.contract.language import ENGLISH, LANGUAGES, Message, say, use
from edge_agent.contract.messages import ErasedWorker
from edge_agent.contract.people import Worker
from edge_agent.contract.people_facts import PrintEnrolled, PrintRestored
from edge_agent.gate.credentials import Credential
from edge_agent.gate.directions import DirectionRule
from edge_agent.gate.doctor.findings import lateness
from edge_agent.gate.ledger.glance import overdue
from edge_agent.gate.papers.held import Held, held
from edge_agent.gate.people.requests import (
    ActivateWorker,
    AddPunch,
    DeactivateWorker,
    LeaveWorker,
    OpenClaim,
    RecordConsent,
    VoidPunch,
    WithdrawConsent,
)
from edge_agent.gate.replaced_sensors import ReplacedSensor
from edge_agent.gate.rules import Match
from edge_agent.gate.sealed_backups import SealedBackup
from edge_agent.gate.touch.credit import Credit
from tests.gate.fakes import HOAS, LANS, ZONE
from tests.gate.people.test_requests import Office

NAME, OTHER = "Nguyễn Thị Lan", "Trần Văn Hòa"


@pytest.fixture
def office() -> Office:
    """Two workers with a life at the gate."""
    made = Office()
    site = made.site
    with site.store.changing() as change:
        for code, name in (("007", NAME), ("008", OTHER)):
            change.put_worker(Worker(code=code, name=name), same_person=True)
        card = Credential(worker="007", method=Method.CARD, salt=b"s" * 16, hash=b"\x07" * 32)
        change.put_credential(card)
        change.put_backed_up(LANS)
        for backup, codes in (("both", ["007", "008"]), ("other", ["008"])):
            change.put_sealed_backup(
                SealedBackup(backup=backup, prints=1, workers=codes, holder="chị Lan")
            )
        change.put_replaced_sensor(
            ReplacedSensor(mark="old", marks=["old"], replaced=None, holds={0: "007", 1: "008"})
        )
    site.gate.known.reread()
    enrolled = structs.asdict(LANS)
    site.gate.record(PrintEnrolled(**enrolled, actor="uid:0"))
    for code, witness in (("007", "008"), ("008", "007")):
        made.asks(RecordConsent(code=code, text="vi-1", signed="2026-11-01", witness=witness))
    for slot in (LANS.slot, LANS.slot, HOAS.slot):
        press(made, slot)
    made.asks(DeactivateWorker(code="007"))
    press(made, LANS.slot)
    made.asks(ActivateWorker(code="007"))
    made.asks(AddPunch(code="007", at="2026-11-17T06:00", reason="no-power"))
    made.asks(VoidPunch(seq=site.store.tail().seq, reason="mistake"))
    made.asks(OpenClaim(code="007", what="access"))
    return made


def press(office: Office, slot: int) -> None:
    site = office.site
    site.clock.now += 3600
    Credit(site.gate, site.panel, lambda: False).match(Match(slot, 90), site.clock.stamp())


def test_a_finger_was_enrolled_when_it_was_and_not_when_it_was_restored(office: Office) -> None:
    site, before = office.site, lans(office).fingers[0].enrolled
    digest = site.store.digests()[LANS.slot, LANS.generation]
    site.gate.record_removal(LANS, "uid:0", "restored")
    site.clock.now += 86_400
    again = structs.replace(LANS, generation=LANS.generation + 1)
    fact = PrintRestored(**structs.asdict(again), origin="gate-a", backup="b", actor="uid:0")
    site.gate.record_restoration([fact], [(again, digest)], [], "b")
    [found] = lans(office).fingers
    assert before is not None
    assert found.enrolled == before
    assert found.restored is not None
    assert found.restored > before


def test_a_finger_without_a_digest_was_enrolled_when_its_entry_says(office: Office) -> None:
    """As those have it that an earlier version has enrolled."""
    before = lans(office).fingers[0].enrolled
    with office.site.store.changing() as change:
        change._database.conn.execute("UPDATE prints SET digest = NULL")
    assert before is not None
    assert lans(office).fingers[0].enrolled == before


def lans(office: Office) -> Any:
    store = office.site.store
    worker = store.worker("007")
    assert worker is not None
    return held(store, worker, ZONE)


def test_all_of_it(office: Office) -> None:
    found = lans(office)
    assert [(one.finger, one.slot, one.backed_up) for one in found.fingers] == [
        ("right-index", LANS.slot, True)
    ]
    assert found.fingers[0].enrolled is not None
    assert found.credentials == ["card"]
    assert (found.consent.text, found.consent.signed) == ("vi-1", "2026-11-01")
    assert found.witnessed == ["008"]
    assert found.evidence == 2
    assert [(one.reason, one.method) for one in found.attempts] == [("deactivated", "finger")]
    assert [(one.kind, one.voided) for one in found.punches] == [
        ("punch.added", "mistake"),
        ("punch.recorded", None),
        ("punch.recorded", None),
    ]
    assert [(one.backup, one.holder) for one in found.sealed] == [("both", "chị Lan")]
    assert [(one.sensor, one.templates) for one in found.sensors] == [("old", 1)]
    assert [one.what for one in found.claims] == ["access"]


def test_a_backup_that_was_lost_is_named_as_that(office: Office) -> None:
    """Whoever asks where their templates are is not sent to somebody who has them no more."""
    lost = SealedBackup(
        backup="both",
        prints=1,
        workers=["007"],
        holder="chị Lan",
        lost="2026-11-29T08:00:00.000+07:00",
        erased=["007"],
    )
    with office.site.store.changing() as change:
        change.put_sealed_backup(lost)
    [told] = map(of_backup, lans(office).sealed)
    assert "kept by chị Lan, said to be lost on 2026-11-29: in whose hands" in str(told)
    late = overdue(office.site.store, "2026-11-30")
    assert (late["backups"], late["lost_backups"]) == (0, 1)
    words = [str(one) for one in lateness(late)]
    assert "1 lost backup, to be destroyed where it is found" in words


def test_every_entry_that_names_them_is_counted(office: Office) -> None:
    code = '"worker":"007"'
    named = [entry for entry in office.site.store.all if code.encode() in entry.wire]
    assert sum(lans(office).entries.values()) == len(named)


def test_after_an_erasure_it_says_so_and_has_nothing_else(office: Office) -> None:
    office.asks(WithdrawConsent(code="007"))
    found = lans(office)
    assert (found.fingers, found.credentials, found.evidence) == ([], [], 0)
    assert (found.attempts, found.consent) == ([], None)
    [ended] = found.ended_consents
    assert (ended.text, ended.signed, ended.ended) == ("vi-1", "2026-11-01", "2026-11-18")
    [erasure] = found.erasures
    assert erasure.done
    assert len(found.punches) == 3


def paper(found: Held, state: str = "") -> str:
    """What the report says, in English."""
    use(ENGLISH)
    sections = sections_of(found, [], state, consent_required=False)
    return " ".join(
        say(line) for one in sections for line in one.lines if isinstance(line, Message)
    )


def test_a_withdrawal_is_told_and_what_was_erased(office: Office) -> None:
    office.asks(WithdrawConsent(code="007"))
    said = paper(lans(office))
    assert "You have withdrawn your consent, on 2026-11-18." in said
    assert "without asking for a consent" not in said
    assert "Erased: 1 print, the fingers noted for 3 punches and 1 card, QR code or PIN." in said
    office.asks(RecordConsent(code="007", text="vi-1", signed="2026-11-18", paper=True))
    said = paper(lans(office))
    assert "You have agreed to text vi-1" in said
    assert "You had withdrawn your consent before, on 2026-11-18." in said


def test_who_has_left_reads_so_with_the_last_day(office: Office) -> None:
    office.site.clock.now += 86_400
    office.asks(LeaveWorker(code="007", on="2026-11-18"))
    found = lans(office)
    assert (found.leaving.left, found.leaving.last_day) == (True, "2026-11-18")
    assert str(Message("held.state", state="left")) in paper(found, "left")


def test_what_can_be_found_out_of_a_secret_is_told_of_each(office: Office) -> None:
    with office.site.store.changing() as change:
        pin = Credential(worker="007", method=Method.PIN, salt=b"p" * 16, hash=b"\x08" * 32)
        change.put_credential(pin)
    said = paper(lans(office))
    assert "can try it out, for it has 4 to 8 digits" in said
    assert "a fast machine can try out a short one" in said
    assert "QR code: only" not in said


def test_a_withdrawal_in_an_earlier_ledger_is_told_without_a_day(office: Office) -> None:
    with office.site.store.changing() as change:
        gone = ErasedWorker(ledger="former", seq=9, worker="007", kind="consent.withdrawn")
        change.put_erased(gone)
        change.drop_consent("007")
    said = paper(lans(office))
    assert "withdrawn your consent, on a day that is not known" in said
    assert "A finger of yours is still at this gate" in said  # An earlier version enrolled it.
    office.asks(WithdrawConsent(code="007"))
    assert "A finger of yours is still at this gate" not in paper(lans(office))


def test_whose_prints_are_held_back_is_told_as_another_person(office: Office) -> None:
    with office.site.store.changing() as change:
        change.put_worker(Worker(code="007", name="Lò Thị Mây", active=False))
        change._database.conn.execute("DELETE FROM former_names")  # As in a next ledger.
    found = lans(office)
    assert (found.former_names, found.vouched_name) == ([NAME], None)
    with office.site.store.changing() as change:
        change.put_worker(Worker(code="007", name=f"{NAME} Anh", active=False))
    found = lans(office)
    assert (found.former_names, found.vouched_name) == (["Lò Thị Mây"], NAME)


@pytest.mark.parametrize(
    ("language", "own", "foreign"),
    [
        ("vi", ("Vân tay của bạn", "ngón trỏ phải", "thẻ", "xem đang giữ gì"), "Your"),
        ("en", ("Your fingers", "right-index", "card", "see what is held"), "bạn"),
    ],
)
def test_the_page_and_the_lines_are_in_the_workers_language(
    office: Office,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    own: tuple[str, ...],
    foreign: str,
) -> None:
    office.site.store.take_log_home()
    shutil.copy(office.site.store._connection.path, tmp_path / "gate.db")
    config = '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[control]\nsocket = "none"\n'
    (tmp_path / "gate.toml").write_text(config)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(tmp_path / "gate.toml"))
    report = ["--lang", language, "privacy", "report", "007"]
    lines = CliRunner().invoke(cli.main, report)
    file = tmp_path / "report.html"
    assert CliRunner().invoke(cli.main, [*report, "--output", str(file)]).exit_code == 0
    for text in (lines.output, file.read_text(encoding="utf-8")):
        for words in own:
            assert words.lower() in text.lower()
        assert foreign not in text
        assert NAME in text
        assert OTHER not in text
    printed = CliRunner().invoke(cli.main, [*report, "--json"]).stdout
    told = json.loads(printed)
    # But for whose consent they have witnessed: in no backup's list, nor anywhere else.
    assert printed.count('"008"') == 1
    assert (told["code"], told["retention"][2]["months"]) == ("007", 13)


@pytest.mark.parametrize("language", LANGUAGES)
def test_which_way_a_guess_comes_to_is_what_the_list_of_punches_says(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    gate = office.site.gate
    gate.renew(structs.replace(gate.policy, direction=DirectionRule.ALTERNATE))
    office.site.clock.now += 24 * 3600  # Another shift: its first press is taken as the way in.
    for _ in range(3):
        press(office, LANS.slot)
    guessed = [one.seq for one in lans(office).punches if one.direction is not None]
    office.asks(VoidPunch(seq=guessed[0], reason="wrong-worker"))
    office.site.store.take_log_home()
    shutil.copy(office.site.store._connection.path, tmp_path / "gate.db")
    config = '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[control]\nsocket = "none"\n'
    (tmp_path / "gate.toml").write_text(config)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(tmp_path / "gate.toml"))
    held, listed = (
        json.loads(CliRunner().invoke(cli.main, ["--lang", language, *asked, "--json"]).stdout)
        for asked in (("privacy", "report", "007"), ("punches", "list", "007"))
    )
    ways = [(one["seq"], one["direction"], one["way"]) for one in held["punches"]]
    assert ways == [(one["seq"], one["direction"], one["way"]) for one in listed]
    assert [way for seq, *way in ways if seq in guessed[1:]] == [["out", "in"], ["in", "out"]]


@pytest.mark.parametrize(("consent", "told"), [("off", True), ("required", False)])
def test_that_nobody_asks_for_a_consent_is_on_it(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, consent: str, told: bool
) -> None:
    office.site.store.take_log_home()
    shutil.copy(office.site.store._connection.path, tmp_path / "gate.db")
    config = (
        f'[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[privacy]\nconsent = "{consent}"'
    )
    (tmp_path / "gate.toml").write_text(config)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(tmp_path / "gate.toml"))
    report = ["--lang", "vi", "privacy", "report", "007"]
    said = " ".join(CliRunner().invoke(cli.main, report).output.split())
    assert ("không đòi giấy đồng ý" in said) is told
