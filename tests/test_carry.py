"""A gate without a line: its entries go to payroll on a stick, and receipts come back."""

import json
import os
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from edge_agent import cli
from edge_agent.cli.tell import tell_if_on_own_disk
from edge_agent.contract import atomic_file, rights
from edge_agent.contract.carried import ENTRIES, RECEIPTS, CarriedReceipt, Head, lines, written
from edge_agent.contract.facts import GateRetired
from edge_agent.contract.people import Worker
from edge_agent.contract.people_facts import WorkerAdded
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.receiver.signing_key import new_signing_key
from edge_agent.receiver.store import PayrollStore
from tests.gate.control.serving import serving
from tests.gate.ledger.ledgers import append, later, open_store, punch

HOA = "Nguyễn Thị Hoa"

PAYROLLS = "--database /var/lib/edge-agent-receiver/payroll.db"
"""The receiver's as a service: without it a database of the folder that one is in is meant."""


class Site:
    """A gate and payroll with a stick between them, and nobody else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "edge-agent.toml"
        self.set("")
        with closing(self.store()) as store:
            with store.changing() as change:
                change.put_worker(Worker(code="NV0042", name=HOA))
                change.append(WorkerAdded(worker="NV0042", actor="uid:0"), later(0))
            for number in range(8):
                append(store, punch("NV0042"), later(1000 * number))

    def set(self, more: str) -> None:
        self.config.write_text(
            '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n'
            f'[control]\nsocket = "control.sock"\n{more}'
        )

    def store(self) -> SqliteStore:
        return open_store(self.folder)

    @property
    def confirmed(self) -> int:
        with closing(self.store()) as store:
            return store.watermarks().confirmed

    def at_the_gate(self, *words: str, lang: str = "en") -> Result:
        known = {"EDGE_AGENT_CONFIG": str(self.config)}
        return CliRunner(env=known).invoke(cli.main, ["--lang", lang, *words])

    def at_payroll(self, file: Path, receipts: Path, *options: str) -> Result:
        database = ("--database", str(self.folder / "payroll.db"))
        PayrollStore(database[1]).close()  # The receiver's own is there, as at any site.
        line = ["receive", *database, *options, "carry", "in", str(file), "--receipts"]
        return CliRunner().invoke(cli.main, ["--lang", "en", *line, str(receipts)])

    def there_and_back(self, name: str, *options: str) -> Path:
        """A stick that payroll has taken in; where its receipts are."""
        entries, receipts = self.folder / f"{name}.entries", self.folder / f"{name}.receipts"
        assert self.at_the_gate("carry", "out", str(entries)).exit_code == 0
        assert self.at_payroll(entries, receipts, *options).exit_code == 0
        return receipts


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_there_and_back(site: Site) -> None:
    receipts = site.there_and_back("a")
    told = site.at_the_gate("carry", "in", str(receipts))
    assert told.stdout == "Payroll has all entries up to 10; 0 still wait.\n"
    assert site.confirmed == 10
    again = site.at_the_gate("carry", "in", str(receipts))
    assert "Nothing new" in again.stdout
    assert "nothing to carry" in site.at_the_gate("carry", "out", str(site.folder)).stdout


def test_the_commands_that_are_told_can_be_typed_whatever_a_stick_is_called(site: Site) -> None:
    stick = site.folder / "USB ĐĨA 32"
    stick.mkdir()
    told = shlex.split(site.at_the_gate("carry", "out", str(stick)).stdout.splitlines()[0])
    [entries] = stick.iterdir()
    receipts = entries.with_suffix(".receipts")
    typed = ["receive", "carry", "in", str(entries), "--receipts", str(receipts)]
    assert told[-8:] == [*typed, *PAYROLLS.split()]
    told = shlex.split(site.at_payroll(entries, receipts).stdout.splitlines()[1])
    assert told[-3:] == ["carry", "in", str(receipts)]


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(site: Site) -> None:
    entries, pipe = site.folder / "a.entries", site.folder / "pipe"
    os.mkfifo(pipe)
    assert "exists already" in site.at_the_gate("carry", "out", str(pipe)).stderr
    assert site.at_the_gate("carry", "out", str(entries)).exit_code == 0
    assert "exists already" in site.at_payroll(entries, pipe).stderr


def test_only_what_waits_is_carried_and_an_old_stick_takes_nothing_back(site: Site) -> None:
    old = site.there_and_back("a")
    with closing(site.store()) as store:
        append(store, punch("NV0042"), later(9000))
    site.at_the_gate("carry", "in", str(site.there_and_back("b")))
    assert site.confirmed == 11
    site.at_the_gate("carry", "in", str(old))
    assert site.confirmed == 11
    with closing(site.store()) as store:
        append(store, punch("NV0042"), later(9500))
    told = json.loads(site.at_the_gate("carry", "out", str(site.folder), "--json").stdout)
    assert (told["first"], told["entries"]) == (12, 1)


@pytest.mark.parametrize(("ledger", "first"), [("ours", 8), ("another", 1)])
def test_what_a_daemon_that_runs_knows_of_receipts_counts(
    site: Site, ledger: str, first: int
) -> None:
    """It writes that down every half a minute, and status shows what it knows."""
    with closing(site.store()) as store:
        told = {"id": store.ledger if ledger == "ours" else ledger, "confirmed_seq": 7}
        last = store.tail().seq
    with serving(site.folder / "control.sock", status=lambda: {"ledger": told}):
        done = site.at_the_gate("carry", "out", str(site.folder / "stick"), "--json")
    found = json.loads(done.stdout)
    assert (found["first"], found["entries"]) == (first, last + 1 - first)


def test_a_stick_that_is_not_mounted_is_told(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    stick, elsewhere = site.folder / "stick", Path("/proc/self/status")
    assert (
        f"{stick} lies on this machine's own disk"
        in site.at_the_gate("carry", "out", str(stick)).stderr
    )
    assert elsewhere.stat().st_dev != site.folder.stat().st_dev
    tell_if_on_own_disk(elsewhere, str(site.folder / "gate.db"))
    assert capsys.readouterr() == ("", "")


def test_a_folder_that_is_bound_where_sticks_are_is_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is on the file system that is around it: only the kernel's list tells (proc(5))."""
    bound = site.folder / "media" / "thẻ nhớ"
    bound.mkdir(parents=True)
    listed = os.fsencode(bound).replace(b" ", b"\\040")
    mounts = site.folder / "mountinfo"
    mounts.write_bytes(b"42 27 254:0 /srv " + listed + b" rw,relatime - ext4 /dev/sda1 rw\n")
    monkeypatch.setattr(atomic_file, "_STICKS", (site.folder / "media",))
    assert site.at_the_gate("carry", "out", str(bound)).exit_code == 65
    monkeypatch.setattr(rights, "_MOUNTS", mounts)
    assert site.at_the_gate("carry", "out", str(bound)).exit_code == 0
    assert site.at_the_gate("carry", "out", str(bound.parent / "beside")).exit_code == 65


def test_the_kernels_own_list_of_mounts_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: False)
    assert rights.is_mount_point(Path("/proc"))
    assert not rights.is_mount_point(Path("/proc/self"))


def test_a_folder_where_a_stick_is_mounted_now_and_then(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    sticks = site.folder / "media"
    stick = sticks / "stick"
    (stick / "deep").mkdir(parents=True)
    monkeypatch.setattr(atomic_file, "_STICKS", (sticks,))
    link = site.folder / "link"
    link.symlink_to(stick)
    for name in ("carry out", "ledger backup"):
        for place in (stick, stick / "a", stick / "deep", sticks / ".." / "media" / "b", link):
            told = site.at_the_gate(*name.split(), str(place))
            assert (told.exit_code, "No stick is mounted" in told.stderr) == (65, True), place
    assert [*sticks.rglob("*")] == [stick, stick / "deep"]
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == stick)
    for name in ("carry out", "ledger backup"):
        for place in (stick, stick / "deep", stick / f"{name}.one"):
            assert site.at_the_gate(*name.split(), str(place)).exit_code == 0, place
    assert site.at_the_gate("carry", "out", str(sticks / "beside")).exit_code == 65
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == sticks)
    assert site.at_the_gate("carry", "out", str(sticks / "on-it")).exit_code == 0


@pytest.mark.parametrize(("lang", "told"), [("vi", "đã có sẵn 10 mục này"), ("en", "already")])
def test_to_carry_out_twice_says_that_it_is_there(site: Site, lang: str, told: str) -> None:
    stick = site.folder / "stick"
    stick.mkdir()
    for place in (stick, site.folder / "a.entries"):
        done = json.loads(site.at_the_gate("carry", "out", str(place), "--json").stdout)
        content = Path(done["file"]).read_bytes()
        again = site.at_the_gate("carry", "out", str(place), lang=lang)
        assert (again.exit_code, told in again.stdout) == (0, True), again
        receipts = done["file"].removesuffix(".entries") + ".receipts"
        assert f"receive carry in {done['file']} --receipts {receipts} {PAYROLLS}\n" in again.stdout
        assert json.loads(site.at_the_gate("carry", "out", str(place), "--json").stdout) == done
        assert Path(done["file"]).read_bytes() == content
    assert len([*stick.iterdir()]) == 1


def test_what_a_stick_has_already_may_be_less_or_spoilt(site: Site) -> None:
    stick = site.folder / "stick"
    stick.mkdir()
    site.at_the_gate("carry", "out", str(stick), "--from", "4")
    [before] = stick.iterdir()
    content = before.read_bytes()
    named = site.at_the_gate("carry", "out", str(before))
    assert (named.exit_code, "name a new file" in named.stderr) == (65, True)
    whole = json.loads(site.at_the_gate("carry", "out", str(stick), "--json").stdout)
    assert Path(whole["file"]).name.endswith(".000000001-000000010.entries")
    assert (whole["entries"], before.read_bytes()) == (10, content)
    assert json.loads(site.at_the_gate("carry", "out", str(stick), "--json").stdout) == whole
    for spoilt in (content[:-9], content.replace(b"NV0042", b"NV0043", 1), b""):
        before.write_bytes(spoilt)
        told = site.at_the_gate("carry", "out", str(stick))
        assert (told.exit_code, f"'rm {before}'" in told.stderr) == (65, True), told
        assert before.read_bytes() == spoilt
    before.unlink()
    assert site.at_the_gate("carry", "out", str(stick)).exit_code == 0


def test_another_history_on_the_stick_is_not_taken_for_this_one(site: Site) -> None:
    """A file of a card that was cloned: gate, ledger and numbers alike, and other punches."""
    with closing(site.store()) as store:
        gate, ledger = store.gate, store.ledger
        wires = [entry.wire for entry in store.whole_entries(1, 10)]
    head = Head(format=ENTRIES, version=1, lines=10, gate=gate, ledger=ledger, first=1)
    other = site.folder / "a.entries"
    wires[-1] = wires[-1].replace(b"NV0042", b"NV0043")
    other.write_bytes(b"".join(written(head, wires)))
    told = site.at_the_gate("carry", "out", str(other))
    assert (told.exit_code, "name a new file" in told.stderr) == (65, True)


def test_receipts_of_others_are_told_with_whose_they_are(site: Site) -> None:
    receipts = site.there_and_back("a")
    for other, told in (
        ({"gate": "north-gate"}, "for north-gate: it belongs there"),
        ({"ledger": "another"}, "one for a former ledger of this gate"),
    ):
        done = site.at_the_gate("carry", "in", str(forged(receipts, **other)))
        assert (done.exit_code, told in done.stderr) == (65, True), done.stderr
        assert "edge-agent carry out /media/stick" in done.stderr
    empty = site.folder / "empty.receipts"
    empty.write_bytes(b"".join(written(Head(format=RECEIPTS, version=1, lines=0), [])))
    done = site.at_the_gate("carry", "in", str(empty))
    assert (done.exit_code, "payroll could confirm nothing" in done.stderr) == (65, True)
    cut = site.folder / "cut.receipts"
    for content in (b"", receipts.read_bytes()[:-9]):
        cut.write_bytes(content)
        done = site.at_the_gate("carry", "in", str(cut))
        assert (done.exit_code, "ends before its end" in done.stderr) == (65, True)
        assert "edge-agent receive carry in /media/stick/*.entries --receipts" in done.stderr


def test_what_was_carried_of_a_gate_out_of_service_does_not_have_the_broker_forget_it(
    site: Site,
) -> None:
    """Its status stands there as of a gate that is only away, until retire has reached it."""
    site.set('[mqtt]\nhost = "127.0.0.1"\nport = 1\n')
    retire = ("retire", "--name", "main-gate", "--within", "0", "--without-sensor")
    waits = site.at_the_gate(*retire)
    assert (waits.exit_code, "once more all the same" in waits.stderr) == (69, True), waits.stderr
    brought = site.at_the_gate("carry", "in", str(site.there_and_back("last")))
    for told in (brought, site.at_the_gate("status")):
        assert "The broker still keeps this gate's last word." in told.stdout, told.output
        assert "type once more, and it forgets: edge-agent retire" in told.stdout
    assert site.at_the_gate(*retire).exit_code == 69
    assert json.loads(site.at_the_gate("status", "--json").stdout)["at_broker"]


@pytest.mark.parametrize("retired", [True, False])
def test_a_database_of_an_earlier_version_is_told_with_a_command_that_works(
    site: Site, retired: bool
) -> None:
    if retired:
        with closing(site.store()) as store:
            append(store, GateRetired(erased=0, slots=0, actor="uid:0"), later(9000))
    with closing(sqlite3.connect(site.folder / "gate.db")) as plain:
        plain.execute("DROP TABLE sealed_backups")
        plain.execute("DELETE FROM _sqlite_migrations WHERE name = 'm181_sealed_backups'")
        plain.commit()
    command = "edge-agent retire" if retired else "edge-agent run"
    for words in (("carry", "out", str(site.folder)), ("ledger", "verify")):
        told = site.at_the_gate(*words)
        assert (told.exit_code, f"'{command}'" in told.stderr) == (66, True), told.stderr
        assert f"gõ '{command}'" in site.at_the_gate(*words, lang="vi").stderr
    shown = site.at_the_gate("status")
    assert (f"'{command}'" in shown.stdout, "never been started" in shown.stdout) == (True, False)
    told_of = json.loads(site.at_the_gate("status", "--json").stdout)
    assert (told_of["ledger"], f"'{command}'" in told_of["problem"]) == (None, True)
    found = site.at_the_gate("doctor", "--problems").stdout
    assert ("No daemon runs" in found) != retired, found
    if retired:
        done = site.at_the_gate("retire", "--name", "main-gate", "--within", "0")
        assert "carry them: edge-agent carry out /media/stick" in done.stderr
        assert site.at_the_gate("carry", "out", str(site.folder)).exit_code == 0


def test_no_name_leaves_the_gate(site: Site) -> None:
    stick = site.folder / "a.entries"
    site.at_the_gate("carry", "out", str(stick))
    assert b"NV0042" in stick.read_bytes()
    for canary in (HOA, "Hoa", json.dumps(HOA)[1:-1]):
        assert canary.encode() not in stick.read_bytes()
    assert stick.stat().st_mode & 0o777 == 0o600


def forged(receipts: Path, **other: Any) -> Path:
    """The same receipts, whole as a file, but saying something else."""
    with receipts.open("rb") as file:
        [line] = lines(file)
    one = json.loads(line)
    one["receipt"] |= other
    carried = CarriedReceipt(
        gate=other.get("gate", one["gate"]),
        receipt=msgspec.Raw(msgspec.json.encode(one["receipt"])),
    )
    path = receipts.with_suffix(".forged")
    head = Head(format=RECEIPTS, version=1, lines=1)
    path.write_bytes(b"".join(written(head, [msgspec.json.encode(carried)])))
    return path


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        ({"through": 9}, "another history"),
        ({"through": 99}, "another history"),
        ({"hash": "ab" * 32}, "another history"),
        ({"rejected_count": 99}, "cannot be right"),
        ({"ledger": "another"}, "no receipt for gate main-gate"),
        ({"gate": "north-gate"}, "no receipt for gate main-gate"),
    ],
)
def test_forged_receipts_change_nothing(site: Site, lie: dict[str, Any], told: str) -> None:
    done = site.at_the_gate("carry", "in", str(forged(site.there_and_back("a"), **lie)))
    assert (done.exit_code, told in done.stderr) == (65, True), done.stderr
    assert "Nothing was changed" in done.stderr
    assert site.confirmed == 0
    with closing(site.store()) as store:
        assert store.tail().seq == 10


def test_where_the_site_signs_nothing_else_is_believed(site: Site) -> None:
    key = new_signing_key(site.folder / "key")
    unsigned = site.there_and_back("a")
    site.set(f'[payroll]\npublic_key = "{key.public}"\n')
    refused = site.at_the_gate("carry", "in", str(unsigned))
    assert (refused.exit_code, site.confirmed) == (65, 0)
    assert "--signing-key" in refused.stderr
    signed = site.there_and_back("b", "--signing-key", str(site.folder / "key"))
    assert site.at_the_gate("carry", "in", str(forged(signed, through=9))).exit_code == 65
    assert site.confirmed == 0
    assert site.at_the_gate("carry", "in", str(signed)).exit_code == 0
    assert site.confirmed == 10


def test_a_file_for_the_other_side_is_told_with_the_command_there(site: Site) -> None:
    receipts = site.there_and_back("a")
    entries = site.folder / "a.entries"
    assert "edge-agent receive carry in" in site.at_the_gate("carry", "in", str(entries)).stderr
    other = site.at_payroll(receipts, site.folder / "r")
    assert "At the gate: edge-agent carry in" in other.stderr
