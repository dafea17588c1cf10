"""What a receiver can be told."""

from typing import Any

import msgspec
import pytest

from edge_agent.receiver.connection import ReceiverOptions


def test_options_come_from_a_settings_file() -> None:
    text = b'database = "/var/lib/payroll.db"\nport = 8883\nprotocol = "3.1.1"'
    assert msgspec.toml.decode(text, type=ReceiverOptions) == ReceiverOptions(
        database="/var/lib/payroll.db", port=8883, protocol="3.1.1"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 0},
        {"root": "attendance/#"},
        {"root": ""},
        {"protocol": "3.1"},
        {"client_id": ""},
        {"keepalive": 0},
        {"connect_timeout": 0.0},
    ],
)
def test_what_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError, match=next(iter(wrong))):
        msgspec.convert({"database": "x"} | wrong, ReceiverOptions)
