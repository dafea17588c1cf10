"""A file with a password: read as it can only be meant, or refused with the reason."""

from pathlib import Path

import pytest

from edge_agent.contract.broker.access import BrokerAccess
from edge_agent.contract.broker.client import password
from edge_agent.contract.errors import BrokerFault

PLAIN = {
    "alone": "trà xanh".encode(),
    "with a line's end": "trà xanh\n".encode(),
    "with Windows' line's end": "trà xanh\r\n".encode(),
    "with empty lines": "\r\n\ntrà xanh\n \n\n".encode(),
    "with Windows' mark": "\ufefftrà xanh\r\n".encode(),
    "as UTF-16": "trà xanh\r\n".encode("utf-16"),
    "as UTF-16, the other way round": b"\xfe\xff" + "trà xanh\n".encode("utf-16-be"),
}

REFUSED = {
    "nothing": (b"", "it is empty"),
    "empty lines": (b"\n \n", "it is empty"),
    "a mark alone": (b"\xef\xbb\xbf", "it is empty"),
    "two lines": (b"geheim\nauch\n", "it has 2 lines"),
    "UTF-16 without its mark": ("geheim".encode("utf-16-le"), "it is no UTF-8 text"),
    "half a character": (b"\xff\xfeg\0e", "it is saved as UTF-16 and damaged"),
    "a blank behind": (b"geheim \n", "with a blank in front or behind: delete the blank"),
    "a blank in front": (b"\tgeheim\n", "with a blank in front or behind: delete the blank"),
    "a blank that nobody sees": ("geheim\u200b".encode(), "with a blank in front or behind"),
    "far too much": (b"geheim" * 20_000, "too long a password"),
}


def access(folder: Path, content: bytes) -> BrokerAccess:
    file = folder / "mqtt-password"
    file.touch(0o600)
    file.write_bytes(content)
    return BrokerAccess(host="h", username="gate", password_file=str(file))


@pytest.mark.parametrize("content", PLAIN.values(), ids=PLAIN.keys())
def test_the_password_in_it(tmp_path: Path, content: bytes) -> None:
    assert password(access(tmp_path, content)) == "trà xanh".encode()


def test_bytes_that_are_no_text_are_taken_as_they_are(tmp_path: Path) -> None:
    assert password(access(tmp_path, b"tr\xe0\n")) == b"tr\xe0"


@pytest.mark.parametrize(("content", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_is_told_and_not_shown(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(BrokerFault) as told:
        password(access(tmp_path, content))
    assert f"The password file {tmp_path}/mqtt-password holds " in str(told.value)
    assert why in str(told.value)
    assert "geheim" not in str(told.value)
