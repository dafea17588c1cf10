"""Backups in a folder: proved before they count, and before older ones go."""

from pathlib import Path

import pytest

from edge_agent.gate.errors import DamagedLedger
from edge_agent.gate.ledger.last_backup import BackupStanding, backup_standing
from edge_agent.gate.ledger.store import kept_backups
from edge_agent.gate.ledger.store.kept_backups import KEPT, KeptBackup, back_up_into
from edge_agent.gate.ledger.store.sqlite_store import SqliteStore

from .ledgers import GATE, NOON, ZONE, append, later, punch


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "photo.jpg").touch()
    (stick / f"other-{GATE}.00000000.000000001.db").touch()
    return stick


def made(stick: Path, store: SqliteStore) -> KeptBackup:
    return back_up_into(stick, stick.parent / "gate.db", ZONE, NOON)


def names(stick: Path) -> set[str]:
    return {file.name for file in stick.iterdir()}


def test_the_last_ones_are_kept_and_nothing_of_others_is_touched(
    stick: Path, store: SqliteStore
) -> None:
    others = names(stick)
    backups = []
    for _ in range(KEPT + 2):
        append(store, punch())
        backups.append(made(stick, store))
    assert backups[-1].entries == store.tail().seq
    assert names(stick) == others | {backup.file.name for backup in backups[-KEPT:]}


def test_nothing_is_written_where_nothing_has_happened(stick: Path, store: SqliteStore) -> None:
    append(store, punch())
    first = made(stick, store)
    written = first.file.stat().st_mtime_ns
    assert made(stick, store) == first
    assert first.file.stat().st_mtime_ns == written


def test_a_copy_that_does_not_prove_itself_is_no_backup(
    stick: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(store, punch())
    good = made(stick, store)
    append(store, punch())
    before = names(stick)

    def refuse(copy: SqliteStore) -> None:
        raise DamagedLedger("store.missing", seq=1)

    monkeypatch.setattr(kept_backups, "verify_ledger", refuse)
    with pytest.raises(DamagedLedger):
        made(stick, store)
    assert names(stick) == before
    assert good.file.exists()


def standing(store: SqliteStore, stick: Path, days: float) -> BackupStanding:
    now = later(round(days * 86_400_000))
    return backup_standing(store, stick.parent / "gate.db", now, ZONE)


def test_how_old_the_last_one_is_is_known(stick: Path, store: SqliteStore) -> None:
    append(store, punch())
    assert standing(store, stick, 6).state == "none-yet"
    assert standing(store, stick, 8).state == "missing"
    entries = made(stick, store).entries
    young, old = standing(store, stick, 2), standing(store, stick, 4)
    assert (young.state, young.entries, young.age_s) == ("made", entries, 2 * 86_400)
    assert (old.state, old.same_card) == ("old", True)
    # One that has nothing new to say is as good as a new one.
    back_up_into(stick, stick.parent / "gate.db", ZONE, later(4 * 86_400_000))
    assert standing(store, stick, 5).state == "made"


def test_a_copy_that_does_not_prove_itself_makes_no_older_one_younger(
    stick: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(store, punch())
    made(stick, store)
    append(store, punch())

    def refuse(copy: SqliteStore) -> None:
        raise DamagedLedger("store.not-sent", seq=2)

    monkeypatch.setattr(kept_backups, "verify_ledger", refuse)
    with pytest.raises(DamagedLedger):
        back_up_into(stick, stick.parent / "gate.db", ZONE, later(4 * 86_400_000))
    assert standing(store, stick, 4).state == "old"
