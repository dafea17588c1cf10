"""Files that root makes for the gate belong to the gate."""

import os
from pathlib import Path


def give_to_folder_owner(path: Path) -> None:
    """Hand a file over to whoever owns its folder, where root has just made it.

    Without this a ``sudo edge-agent workers add`` before the daemon's first start would leave a
    database that the daemon's own user cannot open.
    """
    if os.geteuid() == 0:
        folder = path.parent.stat()
        # Never through a link: the folder's owner could have laid one to a file of root's.
        os.chown(path, folder.st_uid, folder.st_gid, follow_symlinks=False)
