"""Certificates for tests: a CA of a test's own, and whatever it signs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Files:
    """A certificate and its key, as files that a setting can name."""

    cert: str
    key: str


class Authority:
    """A CA that keeps what it makes in ``folder``."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder / name
        self._folder.mkdir()
        self._ca = trustme.CA()
        self.file = str(self._folder / "ca.pem")
        self._ca.cert_pem.write_to_path(self.file)

    def issue(self, *names: str, cn: str | None = None, days: tuple[int, int] = (-1, 1)) -> Files:
        """A certificate for ``names``, valid between so many days from now."""
        now = datetime.now(UTC)
        begin, end = (now + timedelta(days=day) for day in days)
        made = self._ca.issue_cert(*names, common_name=cn, not_before=begin, not_after=end)
        stem = self._folder / f"{len(list(self._folder.iterdir()))}"
        cert, key = stem.with_suffix(".crt"), stem.with_suffix(".key")
        made.cert_chain_pems[0].write_to_path(str(cert))
        key.touch(0o600)
        made.private_key_pem.write_to_path(str(key))
        return Files(str(cert), str(key))
