"""Links that somebody else has laid on root's way: what root would write through them is theirs.

The daemon's and the receiver's folders belong to users of their own. Whoever has taken over one of
these could lay a link there, and wait until root writes: a first ``sudo edge-agent workers add``,
say. A link of root's own is somebody's decision, and followed.
"""

import os
import stat
from pathlib import Path

from .errors import StoreFault

_MOST_LINKS = 40
"""As many as the kernel follows (path_resolution(7))."""


def refuse_planted_links(path: Path) -> None:
    """Raise StoreFault where root would come to ``path`` by a link that is not root's.

    What is looked at may be exchanged a moment later: so whoever opens ``path`` then must neither
    make nor empty a file through a link.
    """
    if os.geteuid() == 0 and (link := _planted(path)):
        raise StoreFault("store.planted-link", path=path, link=link)


def _planted(path: Path) -> Path | None:
    """The first link on the way, through root's own links too, that is another's."""
    here, ahead = Path("/"), list(path.absolute().parts[1:])
    links = 0
    while ahead:
        part = ahead.pop(0)
        step = here.parent if part == ".." else here / part
        try:
            found = step.lstat()
        except OSError:
            return None  # Nothing there: opening it says so.
        if not stat.S_ISLNK(found.st_mode):
            here = step
            continue
        links += 1
        if found.st_uid != 0 or links > _MOST_LINKS:
            return step
        target = step.readlink()
        if target.is_absolute():
            here = Path("/")
        ahead = [*(part for part in target.parts if part != "/"), *ahead]
    return None
