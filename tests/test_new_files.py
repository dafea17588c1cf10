"""No command writes where a stick is meant and none is mounted: the file would lie on this
machine's own disk, and whoever carries the stick away carries nothing."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from pyrage.x25519 import Identity

from edge_agent.cli import main
from edge_agent.contract import atomic_file
from edge_agent.contract.people import Worker
from edge_agent.contract.people_facts import WorkerAdded
from edge_agent.receiver.store import PayrollStore
from tests.commands import leaves
from tests.gate.ledger.ledgers import append, later, open_store, punch

KEY = str(Identity.generate().to_public())
MONTH = ("--month", "2026-11")

NEW = {
    "carry out": ("{}/a.entries",),
    "consent print": ("NV0042", "--output", "{}/a.html"),
    "credentials qr": ("NV0042", "--output", "{}/a.png"),
    "enroll": ("--missing", "--notes", "{}/day.json"),
    "ledger backup": ("{}/a.db",),
    "ledger export": ("{}/a.csv",),
    "metrics": ("{}/gate.prom",),
    "privacy certificate": ("NV0007", "--output", "{}/a.html"),
    "privacy dossier": ("--output", "{}/a.html"),
    "privacy report": ("NV0042", "--output", "{}/a.html"),
    "receive carry in": ("a.entries", "--receipts", "{}/a.receipts"),
    "receive export": (*MONTH, "--output", "{}/a.xlsx"),
    "receive key new": ("{}/signing-key",),
    "receive sheet": (*MONTH, "--output", "{}/a.xlsx"),
    "receive shifts show": ("--output", "{}/a.toml"),
    "sensor image": ("{}/a.png", "--yes"),
    "support": ("{}/a.zip",),
    "templates backup": ("{}/a.templates", "-r", KEY, "--held-by", "Lan"),
    "templates reseal": ("a.age", "--output", "{}/b.age", "--identity", "key.txt"),
    "workers export": ("{}/a.csv",),
}
"""Each command that makes a file where somebody says, with a place for the folder."""

FOLDERS = {"carry out": ("{}",), "ledger backup": ("{}",), "receive export": (*MONTH, "--format",
    "attlog", "--output", "{}/a.dat")}  # fmt: skip
"""The same commands in another way."""

READ = {
    *("carry in", "ledger verify", "privacy verify", "receive correct import", "receive key show"),
    *("receive leave import", "receive roster import", "receive shifts import"),
    *("receive site import", "templates list"),
    *("templates restore", "upgrade", "workers import"),
    "setup",  # It puts what came of a card's file beside that.
    "simulate",  # Its flash and sockets are no files for anybody.
}
"""Those whose files are there, or are no files for people."""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gate, payroll's database, and a folder at which a stick is mounted now and then."""
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "edge-agent.toml"
    config.write_text(
        '[gate]\nid = "main-gate"\n[store]\npath = "gate.db"\n'
        '[control]\nsocket = "control.sock"\n[reader]\nallow = "all"\n'
    )
    with closing(open_store(tmp_path)) as store:
        for code in ("NV0042", "NV0007"):
            with store.changing() as change:
                change.put_worker(Worker(code=code, name="Hoa"))
                change.append(WorkerAdded(worker=code, actor="uid:0"), later(0))
        append(store, punch("NV0042"), later(0))
    PayrollStore("payroll.db").close()
    for name, words in (
        ("workers leave", ("NV0007", "--yes")),
        ("carry out", ("a.entries",)),
        ("receive carry in", ("a.entries", "--receipts", "a.receipts")),
    ):
        assert typed(name, words, tmp_path).exit_code == 0
    sticks = tmp_path / "media"
    (sticks / "stick").mkdir(parents=True)
    monkeypatch.setattr(atomic_file, "_STICKS", (sticks,))
    return sticks / "stick"


def typed(name: str, words: tuple[str, ...], folder: Path, lang: str = "en") -> Result:
    of_payroll = name.startswith("receive ") and not name.startswith("receive key")
    where = ("--database", "payroll.db") if of_payroll else ("--config", "edge-agent.toml")
    where = () if name.startswith("receive key") else where
    line = [*name.split(), *(word.format(folder) for word in words), *where]
    return CliRunner().invoke(main, ["--lang", lang, *line])


def all_ways() -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from NEW.items()
    yield from FOLDERS.items()


def test_each_command_with_a_file_is_known() -> None:
    with_files = {
        ctx.command_path.removeprefix("edge-agent ")
        for ctx in leaves()
        if any(
            isinstance(one.type, click.Path) and one.name != "config" for one in ctx.command.params
        )
    }
    assert with_files == NEW.keys() | READ


@pytest.mark.parametrize(("name", "words"), [*all_ways()])
def test_where_no_stick_is_mounted_nothing_is_written(
    site: Path, name: str, words: tuple[str, ...]
) -> None:
    for folder in (site, site / "deep"):
        for lang, said in (("en", "No stick is mounted at"), ("vi", "Chưa gắn USB nào ở")):
            told = typed(name, words, folder, lang)
            assert (told.exit_code, said in told.stderr) == (65, True), (told, told.stderr)
            assert [*site.parent.rglob("*")] == [site]
