"""Which sealed files there are, the next one without somebody, and which must go."""

import sqlite3
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from edge_agent.contract.errors import BadRequest
from edge_agent.contract.people import Worker
from edge_agent.contract.people_facts import TemplatesSealed
from edge_agent.gate.consents import Consent
from edge_agent.gate.ledger.store.metadata import ERASURES_UNKNOWN
from edge_agent.gate.people.requests import Enroll, LeaveWorker, RemovePrint, WithdrawConsent
from edge_agent.gate.people.templates.backup_file import line_hash, sealed_line
from edge_agent.gate.people.templates.requests import (
    AskCourier,
    BeginReseal,
    BeginRestore,
    DestroyBackup,
    KeepReseal,
    ListedPrint,
    PreviewRestore,
)
from edge_agent.gate.sealed_backups import SealedBackup
from tests.gate.fakes import INFO, LANS
from tests.gate.ledger.ledgers import append, open_store

from .test_templates import KEYS, SEALING, Vault, opened


def resealed(works: Vault, content: bytes, *without: str, held_by: str | None = "NV0003") -> bytes:
    """As the command does it."""
    old = opened(content)
    begun = works.ask(
        BeginReseal(
            backup=old.header.backup,
            gate=old.header.gate,
            system_id=old.header.system_id,
            workers=[record.worker for record in old.records],
            without=list(without),
            recipients=old.header.recipients,
            held_by=held_by,
        )
    )
    header = begun["header"].encode()
    kept = [one for one in old.records if one.worker not in begun["left_out"]]
    lines = [header] + [
        sealed_line(
            SEALING.seal(
                replace(one, header=line_hash(header), place=place).line(), [KEYS.recipient]
            )
        )
        for place, one in enumerate(kept, 1)
    ]
    works.ask(KeepReseal(backup=begun["backup"], replaces=old.header.backup, made=old.header.at))
    return b"".join(line + b"\n" for line in lines)


def test_whoever_is_erased_is_in_no_file_that_may_be_kept() -> None:
    works = Vault()
    content = works.back_up()
    [first] = works.store.sealed_backups()
    assert (first.workers, first.to_destroy) == (["007", "008"], False)
    works.ask(LeaveWorker(code="007"))
    [first] = works.store.sealed_backups()
    assert (first.erased, first.to_destroy) == (["007"], True)

    new = opened(resealed(works, content))
    assert [record.worker for record in new.records] == ["008"]
    first, second = works.store.sealed_backups()
    assert first.replaced_by == second.backup == new.header.backup
    assert (second.workers, second.holder, second.to_destroy) == (["008"], "NV0003", False)
    [sealed] = [one for one in works.store.data() if one.get("replaces")]
    assert (sealed["kind"], sealed["replaces"]) == ("templates.sealed", first.backup)

    with pytest.raises(BadRequest, match="too short"):
        works.ask(DestroyBackup(backup=first.backup[:5]))
    works.ask(DestroyBackup(backup=first.backup[:6]))
    assert [one.to_destroy for one in works.store.sealed_backups()] == [False, False]
    assert works.store.kinds()[-1] == "templates.destroyed"
    with pytest.raises(BadRequest, match="already"):
        works.ask(DestroyBackup(backup=first.backup))


def test_somebody_is_left_out_by_name_and_never_everybody() -> None:
    works = Vault()
    content = works.back_up()
    with pytest.raises(BadRequest, match="nobody of those"):
        resealed(works, content)
    with pytest.raises(BadRequest, match="nobody of those"):
        resealed(works, content, "0099")
    with pytest.raises(BadRequest, match="nobody would be left"):
        resealed(works, content, "007", "008")
    assert len(works.store.sealed_backups()) == 1
    assert [one.worker for one in opened(resealed(works, content, "008")).records] == ["007"]
    assert [one.to_destroy for one in works.store.sealed_backups()] == [True, False]


@pytest.mark.parametrize("goes", [LeaveWorker(code="007"), WithdrawConsent(code="007")])
def test_what_the_list_says_must_go_goes_although_whoever_it_is_has_enrolled_anew(
    goes: LeaveWorker | WithdrawConsent,
) -> None:
    works = Vault()
    content = works.back_up()
    works.ask(goes)
    with works.store.changing() as change:  # Back, with another finger and a new consent.
        change.put_worker(Worker(code="007", name="Nguyễn Thị Lan"))
        change.put_consent(
            Consent(worker="007", text="vi-1", text_hash=bytes(32), signed="2026-11-01")
        )
    works.perform(Enroll(code="007", finger="left-thumb"))
    [first] = works.store.sealed_backups()
    assert first.erased == ["007"]

    new = resealed(works, content)
    assert [record.worker for record in opened(new).records] == ["008"]
    assert [one.to_destroy for one in works.store.sealed_backups()] == [True, False]


def test_a_file_that_was_not_made_here_may_hold_anybody() -> None:
    works = Vault()
    mine = opened(works.back_up()).header.backup

    def knows(backup: str | None) -> bool:
        begun = works.ask(BeginRestore(system_id=INFO.system_id, backup=backup))
        return bool(begun["erasures_known"])

    assert (knows(mine), knows(None), knows("ab" * 16)) == (True, True, False)
    works.store.remember(ERASURES_UNKNOWN, "cloned-card")
    assert not knows(mine)


def test_what_an_older_version_has_sealed_is_on_the_list(tmp_path: Path) -> None:
    fact = TemplatesSealed(
        backup="ab" * 16, prints=3, recipients=[KEYS.recipient], actor="uid:1000"
    )
    with closing(open_store(tmp_path)) as store:
        append(store, fact)
    with closing(sqlite3.connect(tmp_path / "gate.db")) as plain:
        plain.execute("DROP TABLE sealed_backups")
        plain.execute("DELETE FROM _sqlite_migrations WHERE name = 'm181_sealed_backups'")
        plain.commit()
    with closing(open_store(tmp_path)) as store:
        [found] = store.sealed_backups()
        assert (found.prints, found.recipients, found.workers) == (3, [KEYS.recipient], None)
        with store.changing() as change:
            change.note_erased_elsewhere("NV001")
        assert store.sealed_backups()[0].to_destroy


def test_a_print_whose_last_backup_is_destroyed_has_none() -> None:
    works = Vault()
    first = opened(works.back_up()).header.backup
    content = works.back_up()
    second = opened(content).header.backup
    assert works.ask(DestroyBackup(backup=first))["not_backed_up"] == 0
    resealed(works, content, "008")
    assert works.ask(DestroyBackup(backup=second))["not_backed_up"] == 1
    assert works.store.backed_up() == {(LANS.slot, LANS.generation)}
    third = works.store.sealed_backups()[-1].backup
    assert works.ask(DestroyBackup(backup=third))["not_backed_up"] == 2
    works.back_up()
    assert works.store.not_backed_up() == 0


def test_a_backup_that_was_not_finished_holds_nothing() -> None:
    works = Vault()
    whole = opened(works.back_up()).header.backup
    works.back_up(keeping=False)
    assert works.ask(DestroyBackup(backup=whole))["not_backed_up"] == 2


def test_what_an_older_version_has_sealed_may_hold_all_and_surely_nothing() -> None:
    works = Vault()
    older = opened(works.back_up()).header.backup
    with works.store.changing() as change:
        for one in works.store.sealed_backups():
            change.put_sealed_backup(replace(one, holds=None))
            change.put_sealed_backup(replace(one, backup="cd" * 16, holds=None))
    assert works.ask(DestroyBackup(backup=older))["not_backed_up"] == 2


def test_what_was_restored_is_in_the_file_that_it_came_from() -> None:
    works = Vault()
    content = works.back_up()
    works.ask(RemovePrint(code="007", finger=LANS.finger))
    works.restore(opened(content))
    [listed] = works.store.sealed_backups()
    assert set(listed.holds or ()) >= works.store.backed_up()
    assert works.ask(DestroyBackup(backup=listed.backup))["not_backed_up"] == 2


def agrees_again(works: Vault, code: str = "007") -> None:
    with works.store.changing() as change:
        change.put_consent(
            Consent(worker=code, text="vi-1", text_hash=bytes(32), signed="2026-11-01")
        )


def restored(works: Vault, content: bytes) -> None:
    """As the command does it: it looks at all of the file first."""
    backup = opened(content)
    digests = [record.digest for record in backup.records]
    mark = backup.header.backup
    works.ask(BeginRestore(system_id=INFO.system_id, digests=digests, backup=mark))
    works.ask(PreviewRestore(records=[ListedPrint.of(one) for one in backup.records]))
    courier = works.ask(AskCourier())["recipient"]
    works.put(backup, [SEALING.seal(one.line(), [courier]) for one in backup.records])


def must_go(works: Vault) -> list[list[str]]:
    return [one.erased for one in works.store.sealed_backups()]


def test_a_file_whose_templates_are_all_in_use_again_holds_nothing_erased() -> None:
    """With a new consent: it is the only good backup then. What the gate can not know goes on
    having to be destroyed, and so does all of it once they withdraw again."""
    works = Vault()
    older, content = works.back_up(), works.back_up()
    works.ask(WithdrawConsent(code="007"))
    restored(works, content)
    assert must_go(works) == [["007"], ["007"]]
    agrees_again(works)
    restored(works, content)
    assert must_go(works) == [["007"], []]
    restored(works, older)  # All of it was there already.
    assert must_go(works) == [[], []]
    works.ask(WithdrawConsent(code="007"))
    assert must_go(works) == [["007"], ["007"]]


def test_a_file_with_one_template_that_is_not_in_use_goes_on_having_to_be_destroyed() -> None:
    works = Vault()
    works.perform(Enroll(code="007", finger="left-thumb"))
    content = works.back_up()
    works.ask(WithdrawConsent(code="007"))
    agrees_again(works)
    works.perform(Enroll(code="007", finger=LANS.finger))
    [anew] = [one for one in works.store.prints() if one.worker == "007"]
    with works.store.changing() as change:  # No two captures of a finger are the same.
        change.put_digest(anew, b"d" * 32)
    restored(works, content)
    assert {one.finger for one in works.store.prints() if one.worker == "007"} == {
        "left-thumb",
        LANS.finger,
    }
    assert must_go(works) == [["007"]]


@pytest.mark.parametrize(
    ("goes", "holder"),
    [(WithdrawConsent(code="007"), "007"), (LeaveWorker(code="007"), None)],
)
def test_who_kept_the_old_file_keeps_the_new_one_unless_they_have_left(
    goes: LeaveWorker | WithdrawConsent, holder: str | None
) -> None:
    works = Vault()
    content = works.back_up()
    [first] = works.store.sealed_backups()
    with works.store.changing() as change:
        change.put_sealed_backup(replace(first, holder="007"))
    works.ask(goes)
    resealed(works, content, held_by=None)
    assert works.store.sealed_backups()[-1].holder == holder


def test_the_day_of_a_backup_is_the_gate_s() -> None:
    one = SealedBackup(backup="ab" * 16, made="2026-11-28T17:30:00.000Z")
    assert one.made_on(ZoneInfo("Asia/Ho_Chi_Minh")) == "2026-11-29"
    assert replace(one, made=None).made_on(ZoneInfo("Asia/Ho_Chi_Minh")) is None
