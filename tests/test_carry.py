"""A gate without a line: its entries go to payroll on a stick, and receipts come back."""

import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from edge_agent import cli
from edge_agent.cli.tell import tell_if_on_own_disk
from edge_agent.contract import atomic_file
from edge_agent.contract.carried import RECEIPTS, CarriedReceipt, Head, lines, written
from edge_agent.contract.people import Worker
from edge_agent.contract.people_facts import WorkerAdded
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore
from edge_agent.receiver.signing_key import new_signing_key
from tests.gate.ledger.ledgers import append, later, open_store, punch

HOA = "Nguyễn Thị Hoa"


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

    def at_the_gate(self, *words: str) -> Result:
        line = ["--lang", "en", *words, "--config", str(self.config)]
        return CliRunner().invoke(cli.main, line)

    def at_payroll(self, file: Path, receipts: Path, *options: str) -> Result:
        database = ("--database", str(self.folder / "payroll.db"))
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


def test_a_stick_that_is_not_mounted_is_told(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    stick, elsewhere = site.folder / "stick", Path("/proc/self/status")
    assert (
        f"{stick} lies on the gate's own disk"
        in site.at_the_gate("carry", "out", str(stick)).stderr
    )
    assert elsewhere.stat().st_dev != site.folder.stat().st_dev
    tell_if_on_own_disk(elsewhere, str(site.folder / "gate.db"))
    assert capsys.readouterr() == ("", "")


SEALED = ("--recipient", "age1nobody", "--held-by", "Lan")


@pytest.mark.parametrize("place", ["/media/{}", "/media/{}/a", "/run/media/pi/{}", "/mnt/{}/a/b"])
@pytest.mark.parametrize(
    "words", [("carry", "out"), ("ledger", "backup"), ("templates", "backup", *SEALED)]
)
def test_where_no_stick_is_mounted_nothing_is_written(
    site: Site, words: tuple[str, ...], place: str
) -> None:
    file = Path(place.format(f"edge-agent-test-{os.getpid()}"))
    told = site.at_the_gate(*words, str(file))
    assert (told.exit_code, file.exists(), file.parent.is_mount()) == (65, False, False)
    assert f"No stick is mounted at {file}: nothing is written. 'lsblk' shows" in told.stderr


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
