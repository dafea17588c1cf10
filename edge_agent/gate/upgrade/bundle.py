"""A bundle: a whole program with all that it needs, in one file with its signature beside it.

``systemd/packaging/bundle.sh`` makes it. Nothing in it is looked at before somebody in the settings
has signed it, and what is unpacked are the bytes that were checked, not the file once more.
"""

import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from ...contract.errors import BadRequest
from ...contract.language import because
from ...contract.signatures import NotSigned, has_signed

_LARGEST = 256 << 20


class About(Struct, frozen=True):
    """What it says of itself: for which Python, such as 3.11, and which processor."""

    version: str
    python: str
    machine: str


def read_signed(file: Path, keys: Sequence[str]) -> bytes:
    """A bundle that one of these public keys has signed. Raises BadRequest."""
    if not keys:
        raise BadRequest("upgrade.no-key")
    signature = file.with_name(f"{file.name}.sig")
    try:
        if file.stat().st_size > _LARGEST:
            raise BadRequest("upgrade.no-bundle", file=file)
        content = file.read_bytes()
    except OSError as error:
        raise BadRequest("upgrade.unreadable", file=file, why=because(error)) from error
    try:
        value = signature.read_bytes()
    except OSError as error:
        raise BadRequest("upgrade.unreadable", file=signature, why=because(error)) from error
    try:
        if has_signed(keys, content, value):
            return content
    except NotSigned as why:
        raise BadRequest("upgrade.not-checked", why=why) from why
    raise BadRequest("upgrade.not-signed", file=file)


def unpack(content: bytes, file: Path, folder: Path) -> Path:
    """Unpack it below ``folder``; where its sources are. Raises BadRequest where it is none, or not
    for this machine."""
    folder.mkdir(mode=0o700)
    done = subprocess.run(
        ["tar", "xz", "--no-same-owner", "-C", folder],
        input=content,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    sources = folder / "edge-agent"
    try:
        about = msgspec.json.decode((sources / "bundle.json").read_bytes(), type=About)
    except (OSError, msgspec.MsgspecError):
        about = None
    if done.returncode or about is None:
        raise BadRequest("upgrade.no-bundle", file=file)
    here = About(about.version, "{}.{}".format(*sys.version_info), platform.machine())
    if about != here:
        raise BadRequest(
            "upgrade.other-machine",
            python=about.python,
            machine=about.machine,
            here=here.python,
            this=here.machine,
        )
    return sources
