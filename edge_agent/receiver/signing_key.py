"""The file with the key by which payroll signs: made once, read by receiver and importer."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from ..contract.atomic_file import new_private_file
from ..contract.errors import BadRequest
from ..contract.rights import unreadable
from ..contract.signatures import Believed, SigningKey

_LONGEST = 4096


@dataclass(frozen=True)
class Signer:
    """Signs what payroll publishes, and knows its own again; without a key it does neither."""

    key: SigningKey | None

    @classmethod
    def of(cls, path: str) -> "Signer":
        """With the key in the file at ``path``, "" for none. Raises BadRequest."""
        return cls(read_signing_key(Path(path)) if path else None)

    def signed(self, topic: str, payload: bytes) -> bytes:
        """A message as it is published on ``topic``."""
        return payload if self.key is None else self.key.signed(topic, payload)

    def believed(self) -> Believed:
        """Who speaks for payroll: this key alone, or without one everybody."""
        return Believed([] if self.key is None else [self.key.public])


def new_signing_key(path: Path) -> SigningKey:
    """Make a key and its file, of mode 0600 and whole or not there.

    Raises BadRequest where there is a file already, StoreFault where none can be written.
    """
    key = SigningKey.new()
    with new_private_file(path) as file:
        file.write(key.pem)
    return key


def read_signing_key(path: Path) -> SigningKey:
    """The key in a file that only its owner may read.

    Raises BadRequest that says what is wrong with it, and never what stands in it.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_LONGEST)
    except OSError as error:
        raise BadRequest(
            "payroll.key-unreadable", path=path, why=unreadable(path, error)
        ) from error
    if mode & 0o077:
        raise BadRequest("payroll.key-open", path=path, mode=f"{mode:04o}")
    try:
        return SigningKey.of_pem(content)
    except ValueError as error:
        raise BadRequest("payroll.key-none", path=path) from error
