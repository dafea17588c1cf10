"""Files that are whole or not there: cut off at each step, and kept from others' eyes."""

import os
import stat
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from edge_agent.contract import atomic_file
from edge_agent.contract.atomic_file import (
    create_private,
    move,
    new_private_file,
    overwrite,
    replacing,
)
from edge_agent.contract.errors import BadRequest, StoreFault
from tests.power_cut import cut, in_time

OLD, NEW = b"old " * 1000, b"new " * 5000


def cut_at(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Before the ``at``-th call that changes a folder or brings something to the disk."""
    steps = count()

    def counted(what: Any) -> Any:
        def step(*args: Any, **kwargs: Any) -> Any:
            if next(steps) == at:
                cut()
            return what(*args, **kwargs)

        return step

    for name in ("open", "fsync", "link", "rename", "unlink"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))


@pytest.mark.parametrize("way", ["new", "replacing"])
def test_cut_off_at_any_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    seen = set()
    for at in count():
        target = tmp_path / f"{at}"
        if way == "replacing":
            target.write_bytes(OLD)

        def write(target: Path = target, at: int = at) -> None:
            cut_at(monkeypatch, at)
            with replacing(target) if way == "replacing" else new_private_file(target) as file:
                file.write(NEW)

        whole = in_time(write)
        found = target.read_bytes() if target.exists() else None
        assert found in ({OLD, NEW} if way == "replacing" else {None, NEW})
        seen.add(found)
        # And what was left half made is in nobody's way.
        with suppress(BadRequest), replacing(target) as file:
            file.write(NEW)
        assert target.read_bytes() == NEW
        if whole:
            break
    assert at > 3
    assert len(seen) == 2


def test_what_is_on_the_disk_is_whole_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, os.rename
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append(_what(fd)), fsync(fd)))
    monkeypatch.setattr(os, "rename", lambda *a, **k: (done.append("name"), rename(*a, **k)))
    with replacing(tmp_path / "file") as file:
        file.write(NEW)
    assert done == [f"{len(NEW)} bytes", "name", "folder"]
    done.clear()
    move(tmp_path / "file", tmp_path / "other")
    assert done == ["name", "folder"]


def _what(fd: int) -> str:
    state = os.fstat(fd)
    return "folder" if stat.S_ISDIR(state.st_mode) else f"{state.st_size} bytes"


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_only_its_owner_reads_it_unless_asked_for(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "file"
    with replacing(target, mode=mode) as file:
        assert stat.S_IMODE((tmp_path / "file.part").stat().st_mode) == mode
        file.write(NEW)
    assert stat.S_IMODE(target.stat().st_mode) == mode
    with new_private_file(tmp_path / "new") as file:
        file.write(NEW)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(OLD)
    with suppress(RuntimeError), replacing(target) as file:
        file.write(NEW)
        raise RuntimeError
    with pytest.raises(BadRequest, match="exists already"), new_private_file(target):
        pass
    with pytest.raises(StoreFault, match="cannot be written"), new_private_file(tmp_path / "a/b"):
        pass
    assert (target.read_bytes(), list(tmp_path.iterdir())) == (OLD, [target])


def test_a_file_that_came_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with suppress(StoreFault), new_private_file(target) as file:
        file.write(NEW)
        target.write_bytes(OLD)
    assert (target.read_bytes(), list(tmp_path.iterdir())) == (OLD, [target])


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Whoever may write in the folder must not turn it to a file of root's."""
    other, link = tmp_path / "other", tmp_path / "file.part"
    other.write_bytes(OLD)
    link.symlink_to(other)
    with replacing(tmp_path / "file") as file:
        file.write(NEW)
    (tmp_path / "note").symlink_to(other)
    with pytest.raises(OSError, match="symbolic links"):
        overwrite(tmp_path / "note", NEW)
    assert other.read_bytes() == OLD


def test_nothing_is_written_through_a_link_that_takes_the_half_made_files_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever owns the folder may lay one as soon as root has made the file."""
    anothers = tmp_path / "shadow"
    anothers.write_bytes(OLD)

    def exchanged(path: Path, mode: int = 0o600) -> int:
        fd = create_private(path, mode)
        path.unlink()
        path.symlink_to(anothers)
        return fd

    monkeypatch.setattr(atomic_file, "create_private", exchanged)
    target = tmp_path / "target"
    with pytest.raises(StoreFault, match="cannot be written"), new_private_file(target) as file:
        file.write(NEW)
    assert anothers.read_bytes() == OLD
    assert not os.path.lexists(target)


def test_what_was_written_gets_the_name_whatever_has_its_old_one(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with new_private_file(target) as file:
        (half,) = tmp_path.iterdir()
        half.rename(tmp_path / "kept")
        half.write_bytes(OLD)
        file.write(NEW)
    assert target.read_bytes() == NEW


def no_links(*args: Any, **kwargs: Any) -> None:
    raise PermissionError(1, "Operation not permitted")  # As Linux answers for FAT.


def test_a_stick_that_knows_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_links)
    target = tmp_path / "copy.db"
    with new_private_file(target) as file:
        file.write(NEW)
    assert target.read_bytes() == NEW
    assert [found.name for found in tmp_path.iterdir()] == [target.name]


def test_a_file_that_came_meanwhile_is_not_replaced_there_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)
    target = tmp_path / "copy.db"

    def written_while_another_came() -> None:
        with new_private_file(target) as file:
            file.write(NEW)
            target.write_bytes(OLD)

    with pytest.raises(BadRequest):
        written_while_another_came()
    assert target.read_bytes() == OLD
    assert [found.name for found in tmp_path.iterdir()] == [target.name]
