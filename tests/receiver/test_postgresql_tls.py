"""PostgreSQL over a network asks for TLS as MQTT does."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from edge_agent.contract.errors import StoreFault
from edge_agent.receiver.store import PayrollStore
from tests.certificates import Authority
from tests.postgresql import BINARIES, RELAXED, Postgresql

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(BINARIES is None, reason="PostgreSQL is not installed"),
]

NAME = "db.example"


class Listening(Postgresql):
    """A cluster that also listens on this machine's network, in TLS where ``encrypted``."""

    def __init__(self, authority: Authority, *, encrypted: bool) -> None:
        super().__init__((*RELAXED, "listen_addresses = '127.0.0.1'"))
        if encrypted:
            files = authority.issue(NAME)
            for source, name in ((files.cert, "server.crt"), (files.key, "server.key")):
                place = shutil.copy(source, self.folder / name)
                os.chmod(place, 0o600)
                shutil.chown(place, self.folder.stat().st_uid, self.folder.stat().st_gid)
            folder = self.folder
            self._settings = (
                *self._settings,
                "ssl = on",
                f"ssl_cert_file = '{folder}/server.crt'",
                f"ssl_key_file = '{folder}/server.key'",
            )

    def from_afar(self, **options: str) -> str:
        """The URL by which another machine would call it; its name is not asked of anybody."""
        given = {"hostaddr": "127.0.0.1", **options}
        more = "&".join(f"{key}={value}" for key, value in given.items())
        return f"postgresql://postgres@{NAME}:{self._port}/postgres?{more}"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("PGSSLMODE", "PGSSLROOTCERT", "PGSERVICE", "PGHOST"):
        monkeypatch.delenv(name, raising=False)
    return Authority(tmp_path)


@pytest.fixture
def encrypted(authority: Authority) -> Iterator[Listening]:
    with Listening(authority, encrypted=True) as server:
        yield server


def speaks_tls(url: str) -> bool:
    with closing(PayrollStore(url)) as store:
        return bool(store._database._conn.pgconn.ssl_in_use)  # type: ignore[attr-defined]


def test_tls_is_spoken_and_the_server_verified(
    authority: Authority, encrypted: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    assert speaks_tls(encrypted.from_afar(sslrootcert=authority.file))
    assert "tls-weak" not in caplog.text


def test_a_server_that_nobody_vouches_for_is_not_told_anything(
    encrypted: Listening, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    for url in (encrypted.from_afar(), encrypted.from_afar(sslrootcert=other.file)):
        with pytest.raises(StoreFault, match="sslrootcert=") as refused:
            PayrollStore(url)
        assert "is away" not in str(refused.value)


def test_a_server_without_tls_is_refused_unless_somebody_says_so(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    with Listening(authority, encrypted=False) as server:
        with pytest.raises(StoreFault, match="sslmode=disable"):
            PayrollStore(server.from_afar())
        assert not speaks_tls(server.from_afar(sslmode="disable"))
        assert "tls-weak sslmode=disable" in caplog.text
        # The control: libpq by itself goes on in the clear.
        with psycopg.connect(server.from_afar()) as connection:
            assert not connection.pgconn.ssl_in_use
