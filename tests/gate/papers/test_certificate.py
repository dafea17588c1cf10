"""A certificate of erasure: genuine, or told for what it is."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from edge_agent import cli
from edge_agent.cli.ledger import write_entries
from edge_agent.contract.chain import read_wire, seal
from edge_agent.contract.facts import GateAlive
from edge_agent.contract.people import Print
from edge_agent.gate.people.requests import (
    AddCredential,
    LeaveWorker,
    RecordConsent,
    WithdrawConsent,
)
from edge_agent.gate.replaced_sensors import ReplacedSensor
from edge_agent.gate.sealed_backups import SealedBackup
from tests.gate.people.test_requests import Office
from tests.gate.people.test_terms import goes_on, with_term

CODE = "007"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A gate at which somebody was erased, and whose database commands read."""
    made = Office()
    assert made.asks(WithdrawConsent(code=CODE))["done"]
    settle(made, tmp_path)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", str(tmp_path / "gate.toml"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    return made


def settle(office: Office, folder: Path) -> None:
    """Have commands read what the office has written by now."""
    office.site.store.take_log_home()
    shutil.copy(office.site.store._connection.path, folder / "gate.db")
    config = '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n[control]\nsocket = "none"\n'
    (folder / "gate.toml").write_text(config)


def told(*arguments: str, language: str = "en", code: int = 0) -> str:
    done = CliRunner().invoke(cli.main, ["--lang", language, "privacy", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def certificate(folder: Path, language: str = "vi") -> Path:
    file = folder / f"{language}.html"
    told("certificate", CODE, "--output", str(file), language=language)
    return file


def verdict(file: Path, *arguments: str) -> str:
    done = CliRunner().invoke(cli.main, ["privacy", "verify", str(file), "--json", *arguments])
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (0 if found["verdict"] in ("genuine", "earlier") else 1)
    return str(found["verdict"])


def altered(file: Path, old: str, new: str) -> Path:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("language", "own", "other"),
    [("vi", "Giấy xác nhận đã xóa", "Certificate"), ("en", "Certificate of erasure", "Giấy")],
)
@pytest.mark.usefixtures("office")
def test_it_says_what_was_done_in_one_language_and_holds(
    tmp_path: Path, language: str, own: str, other: str
) -> None:
    file = certificate(tmp_path, language)
    page = file.read_text(encoding="utf-8")
    assert own in page
    assert other not in page
    assert "<svg" in page
    assert verdict(file) == "genuine"
    # Whatever language it is checked in.
    assert "main-gate" in told("verify", str(file), language="vi")
    assert file.stat().st_mode & 0o077 == 0


def test_who_has_a_backup_of_it_is_on_the_page(office: Office, tmp_path: Path) -> None:
    """Not of what was made since, of what they have agreed to anew: that is not to be destroyed."""
    with office.site.store.changing() as change:
        for backup, codes, erased in (
            *(("0f5c2a99", [CODE], [CODE]), ("77777799", ["008"], ["008"])),
            ("88888899", [CODE, "008"], ["008"]),
        ):
            change.put_sealed_backup(
                SealedBackup(
                    backup=backup, prints=1, workers=codes, holder="chị Mai", erased=erased
                )
            )
        for mark, whose in (("44444499", [CODE]), ("55555599", [])):
            change.put_replaced_sensor(
                ReplacedSensor(
                    mark=mark, marks=[mark], replaced=None, holds={3: CODE}, erased=whose
                )
            )
    settle(office, tmp_path)
    file = certificate(tmp_path)
    page = file.read_text(encoding="utf-8")
    assert "0f5c2a99, làm ngày không rõ, do chị Mai giữ" in page
    assert "777777" not in page
    assert "888888" not in page
    assert "44444499" in page
    assert "555555" not in page
    assert verdict(file) == "genuine"
    assert verdict(altered(file, "chị Mai giữ", "chị Hoa giữ")) == "changed"


def test_with_a_term_it_says_since_when_no_finger_counted(office: Office, tmp_path: Path) -> None:
    """Which is not when it was erased; and the record of the consent is one."""
    made = with_term(3)
    made.asks(RecordConsent(code=CODE, text="vi-1", signed="2026-11-01", paper=True))
    made.asks(WithdrawConsent(code=CODE))
    [waiting] = made.site.store.erasures()
    assert waiting.stopped is not None
    made.site.clock.now += 8 * 86_400
    goes_on(made)
    settle(made, tmp_path)
    page = certificate(tmp_path, "en").read_text(encoding="utf-8")
    assert f"Not used any more since: <b>{waiting.stopped[:19].replace('T', ' ')}</b>" in page
    assert "Erased and checked: <b>2026-11-26" in page
    assert [one.signed for one in made.site.store.ended_consents()] == ["2026-11-01"]


def test_who_has_withdrawn_and_left_has_both_on_one_page(office: Office, tmp_path: Path) -> None:
    office.site.clock.now += 86_400
    office.asks(AddCredential(code=CODE, secret="4821", method="pin"))
    office.asks(LeaveWorker(code=CODE))
    settle(office, tmp_path)
    file = certificate(tmp_path)
    last, before = re.findall(r"<td>([^<]+)</td><td>(\d+)</td>", file.read_text(encoding="utf-8"))
    assert last == ("Thẻ, mã QR, mã PIN", "1")
    assert before == ("Vân tay: mẫu trong máy quét, ngón nào, ô nào", "1")
    assert "Lần xóa trước, xong 18/11/2026" in file.read_text(encoding="utf-8")
    assert verdict(file) == "genuine"
    assert verdict(altered(file, "Lần xóa trước, xong 18", "Lần xóa trước, xong 17")) == "changed"
    forged = altered(certificate(tmp_path, "en"), 'prints\\":1', 'prints\\":9')
    assert verdict(forged) == "forged"


def test_a_leaving_that_found_nothing_more_says_what_went_before(
    office: Office, tmp_path: Path
) -> None:
    office.asks(LeaveWorker(code=CODE))
    settle(office, tmp_path)
    page = certificate(tmp_path).read_text(encoding="utf-8")
    assert "Lần này không còn gì để xóa." in page
    assert "<td>0</td>" not in page
    assert "<td>1</td>" in page
    told("report", CODE, language="vi")
    assert "Đã xóa: 1 mẫu vân tay. Mã, tên" in told("report", CODE, language="vi")


@pytest.mark.usefixtures("office")
def test_words_that_were_changed_are_noticed(tmp_path: Path) -> None:
    file = altered(certificate(tmp_path), "<td>1</td>", "<td>0</td>")
    assert verdict(file) == "changed"


@pytest.mark.usefixtures("office")
def test_a_document_that_was_changed_is_forged(tmp_path: Path) -> None:
    file = altered(certificate(tmp_path), 'worker\\":\\"007', 'worker\\":\\"008')
    assert verdict(file) == "forged"
    assert "GIẢ" in told("verify", str(file), language="vi", code=1)


def test_one_of_another_ledger_is_foreign(office: Office, tmp_path: Path) -> None:
    file = certificate(tmp_path)
    for statement in (
        "UPDATE identity SET ledger = 'of-another-gate'",
        "DELETE FROM erasures",
        "DELETE FROM ledger WHERE kind = 'worker.erased'",
    ):
        office.site.store.sql(statement)
    settle(office, tmp_path)
    assert verdict(file) == "foreign"
    # Of this gate's own ledger before, whose database has died, nobody is told that it is a fake.
    assert "of an earlier ledger of this same gate" in told("verify", str(file), code=1)
    other = altered(file, 'gate\\":\\"main-gate', 'gate\\":\\"north-gate')
    assert "FOREIGN" in told("verify", str(other), code=1)


def test_by_an_export_without_any_gate(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, export = certificate(tmp_path), tmp_path / "ledger.jsonl"
    write_entries(office.site.store, export)
    monkeypatch.setenv("EDGE_AGENT_CONFIG", "/nowhere.toml")
    assert verdict(file, "--export", str(export)) == "genuine"
    lines = export.read_bytes().splitlines(keepends=True)
    short = tmp_path / "short.jsonl"
    short.write_bytes(b"".join(line for line in lines if b"worker.erased" not in line))
    assert verdict(file, "--export", str(short)) == "forged"

    # One whose entry was put in by hand breaks the chain.
    proof = json.loads(lines[-1])["data"]["proof"].encode()
    export.write_bytes(b"".join(lines).replace(proof, b"0" * 64))
    said = told("verify", str(file), "--export", str(export), code=65)
    assert "was altered" in said


def test_an_entry_that_was_forged_whole_breaks_the_chain_behind_it(
    office: Office, tmp_path: Path
) -> None:
    file, export = certificate(tmp_path), tmp_path / "ledger.jsonl"
    office.site.gate.record(GateAlive(recording=True, version="0"))
    *before, erased, alive = office.site.store.all
    envelope, data = read_wire(erased.wire)
    made = seal("main-gate", data | {"proof": "0" * 64}, bytes.fromhex(envelope.prevhash))
    lines = [*(entry.wire for entry in before), msgspec.json.encode(made), alive.wire]
    export.write_bytes(b"".join(line + b"\n" for line in lines))
    assert "was altered" in told("verify", str(file), "--export", str(export), code=65)


def test_after_the_entry_was_pruned_nobody_can_tell(office: Office, tmp_path: Path) -> None:
    file = certificate(tmp_path)
    store = office.site.store
    store.sql("DELETE FROM erasures")
    through = store.tail().seq
    store.sql(f"INSERT INTO checkpoint SELECT 1, seq, hash FROM ledger WHERE seq = {through - 1}")
    store.sql(f"DELETE FROM ledger WHERE seq <= {through - 1}")
    settle(office, tmp_path)
    assert verdict(file) == "genuine"
    store.sql("DELETE FROM checkpoint")
    store.sql(f"INSERT INTO checkpoint SELECT 1, seq, hash FROM ledger WHERE seq = {through}")
    store.sql(f"DELETE FROM ledger WHERE seq <= {through}")
    settle(office, tmp_path)
    assert verdict(file) == "pruned"


def test_of_an_earlier_ledger_the_gate_keeps_the_document(office: Office, tmp_path: Path) -> None:
    file = certificate(tmp_path)
    office.site.store.sql("UPDATE identity SET ledger = 'the-next-one'")
    office.site.store.sql("DELETE FROM ledger WHERE kind = 'worker.erased'")
    settle(office, tmp_path)
    assert verdict(file) == "earlier"


@pytest.mark.parametrize(
    ("language", "words"), [("en", "was done on"), ("vi", "đã đăng ký vân tay lại")]
)
def test_whoever_is_enrolled_again_is_told_what_the_paper_is_of(
    office: Office, tmp_path: Path, language: str, words: str
) -> None:
    assert words not in certificate(tmp_path, language).read_text(encoding="utf-8")
    again = Print(worker=CODE, finger="left-thumb", slot=5, generation=2)
    with office.site.store.changing() as change:
        change.put_print(again, b"d" * 32)
    settle(office, tmp_path)
    file = tmp_path / "again.html"
    assert words in told("certificate", CODE, "--output", str(file), language=language)
    assert words in file.read_text(encoding="utf-8")
    assert verdict(file) == "genuine"


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"\xff\xfe", b"{" * 100_000])
@pytest.mark.usefixtures("office")
def test_what_is_no_certificate(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other.html"
    file.write_bytes(content)
    assert "is no certificate" in told("verify", str(file), code=65)


@pytest.mark.usefixtures("office")
def test_of_whom_nothing_was_erased(tmp_path: Path) -> None:
    file = str(tmp_path / "x.html")
    assert "Nothing of 008" in told("certificate", "008", "--output", file, code=65)
