"""On whose links root goes: its own, and nobody else's."""

import os
from pathlib import Path

import pytest

from edge_agent.contract.errors import StoreFault
from edge_agent.contract.planted_links import refuse_planted_links
from tests.other_user import as_user, needs_root, open_folder

pytestmark = needs_root
OTHER = 65534


def lay(link: Path, target: str | Path, owner: int) -> None:
    link.symlink_to(target)
    os.lchown(link, owner, owner)


@pytest.mark.parametrize("path", ["link", "link/gate.db", "own/link", "here/../link/gate.db"])
def test_anothers_link_anywhere_on_the_way(path: str) -> None:
    with open_folder() as folder:
        (folder / "here").mkdir()
        lay(folder / "link", "here", OTHER)
        lay(folder / "own", ".", 0)
        with pytest.raises(StoreFault, match=f"{folder}/link is a link that another user has laid"):
            refuse_planted_links(folder / path)
        assert as_user("nobody", lambda: refuse_planted_links(folder / path)) == ""


@pytest.mark.parametrize("path", ["own/gate.db", "far/gate.db", "here/gate.db", "none/gate.db"])
def test_roots_own_and_what_is_not_there(path: str) -> None:
    with open_folder() as folder:
        (folder / "here").mkdir()
        lay(folder / "own", "here", 0)
        lay(folder / "far", folder / "own", 0)
        refuse_planted_links(folder / path)


def test_links_in_a_circle() -> None:
    with open_folder() as folder:
        lay(folder / "a", "b", 0)
        lay(folder / "b", "a", 0)
        with pytest.raises(StoreFault, match="is a link"):
            refuse_planted_links(folder / "a")
