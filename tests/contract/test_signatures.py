"""What is signed is believed as it was signed, on its topic; nothing else is."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.signatures import Believed, NotSigned, SigningKey

KEY, OTHER = SigningKey(bytes(range(32))), SigningKey(bytes(32))
TOPIC = "attendance/main-gate/commands"
MESSAGE = {"command": "report", "id": "1", "rejected": [{"seq": 3}], "name": "Nguyễn Thị Hoa"}
SIGNED = KEY.signed(TOPIC, json.dumps(MESSAGE).encode())


def opened(payload: bytes, *keys: SigningKey, topic: str = TOPIC) -> Any:
    return json.loads(Believed([key.public for key in keys]).opened(topic, payload, 10_000))


def test_what_is_signed_is_read_as_it_was_signed() -> None:
    assert opened(SIGNED, KEY) == MESSAGE
    # How it is written down does not matter, and neither does a second key beside it.
    assert opened(json.dumps(json.loads(SIGNED), indent=3).encode(), OTHER, KEY) == MESSAGE


def test_without_a_key_everything_is_read() -> None:
    assert Believed().opened(TOPIC, SIGNED, 10) == SIGNED
    assert Believed().opened(TOPIC, b"\xff", 10) == b"\xff"


def changed(**other: Any) -> bytes:
    return json.dumps(json.loads(SIGNED) | other).encode()


SIGNATURE = json.loads(SIGNED)["signature"]


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (json.dumps(MESSAGE).encode(), "not signed"),
        (changed(signature=None), "not signed"),
        (changed(signature=7), "is none"),
        (changed(signature={**SIGNATURE, "value": "A" * 88}), "is none"),
        (changed(signature={**SIGNATURE, "value": "A" * 86 + "=="}), "not that of"),
        (changed(signature={**SIGNATURE, "key": OTHER.public[:8]}), "not in the settings"),
        (changed(id="2"), "not that of"),
        (changed(more=1), "not that of"),
        (changed(more=10**30), "no canonical form"),
        (OTHER.signed(TOPIC, SIGNED), "not in the settings"),
        (KEY.signed("attendance/other-gate/commands", SIGNED), "not that of"),
        (KEY.signed("attendance/main-gate/receipts/x", SIGNED), "not that of"),
        (b"", "no JSON object"),
        (b"[]", "no JSON object"),
        (b'{"a":' * 1500, "no JSON object"),
        (b" " * 10_001, "too long"),
    ],
)
def test_nothing_else_is_believed(payload: bytes, why: str) -> None:
    believed = Believed([KEY.public])
    with pytest.raises(NotSigned, match=why):
        believed.opened(TOPIC, payload, 10_000)
    assert believed.refused == 1


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255), st.booleans())
def test_no_altered_byte_alters_what_is_read(place: int, by: int, cut: bool) -> None:
    altered = bytearray(SIGNED)
    altered[place] ^= by
    try:
        read = opened(bytes(altered[: place + 1] if cut else altered), KEY)
    except NotSigned:
        return
    assert read == MESSAGE  # A blank for a blank.


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_are_believed_or_raise_anything_else(payload: bytes) -> None:
    with pytest.raises(NotSigned):
        opened(payload, KEY)


def test_a_key_that_is_the_point_zero_signs_nothing() -> None:
    """Under it some signatures hold for any message, unless the library looks (RFC 8032, 8.1)."""
    point = bytes([1, *bytes(31)])
    forged = json.loads(SIGNED) | {
        "signature": {"key": point.hex()[:8], "value": "AQ" + "A" * 84 + "=="}
    }
    with pytest.raises(NotSigned, match="not that of"):
        Believed([point.hex()]).opened(TOPIC, json.dumps(forged).encode(), 10_000)


def test_the_key_s_file_is_what_openssl_reads_and_writes(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(KEY.pem)
    text = subprocess.run(
        ["openssl", "pkey", "-in", file, "-noout", "-text_pub"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert KEY.public in "".join(text.split()).replace(":", "")
    made = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "ed25519"], check=True, capture_output=True
    ).stdout
    assert SigningKey.of_pem(made).pem == made
    for wrong in (b"", made[:-40], made.replace(b"PRIVATE", b"PUBLIC"), b"x\ny\nz"):
        with pytest.raises(ValueError, match="PEM"):
            SigningKey.of_pem(wrong)


def test_a_gate_without_a_key_does_not_load_the_library() -> None:
    code = (
        "import sys, edge_agent.contract.signatures as s, edge_agent.gate.uplink.thread\n"
        "s.Believed().opened('t', b'{}', 9)\n"
        "sys.exit('nacl' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_library_that_is_not_there_believes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nacl.signing", None)
    with pytest.raises(NotSigned, match="PyNaCl"):
        opened(SIGNED, KEY)
