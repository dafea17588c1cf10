"""Whether a broker is spoken to by TLS, and on which port."""

import pytest

from edge_agent.contract.broker.access import BrokerAccess, Tls

HERE = ["localhost", "LOCALHOST.", "gate.localhost", "127.0.0.1", "127.8.9.1", "::1"]
ELSEWHERE = [
    "broker.example",
    "10.0.0.5",
    "192.168.1.2",
    "localhost.example",
    "::2",
    "127.0.0.1.nip",
]


@pytest.mark.parametrize("host", HERE)
def test_on_this_machine_there_is_nobody_to_listen(host: str) -> None:
    access = BrokerAccess(host=host)
    assert (access.encrypted, access.exposed, access.tcp_port) == (False, False, 1883)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_over_a_network_tls_is_the_default(host: str) -> None:
    access = BrokerAccess(host=host)
    assert (access.encrypted, access.exposed, access.tcp_port) == (True, False, 8883)


@pytest.mark.parametrize(
    ("tls", "host", "expected"),
    [
        ("off", "broker.example", (False, True, 1883)),
        ("off", "localhost", (False, False, 1883)),
        ("on", "localhost", (True, False, 8883)),
    ],
)
def test_what_is_written_counts(tls: Tls, host: str, expected: tuple[bool, bool, int]) -> None:
    access = BrokerAccess(host=host, tls=tls)
    assert (access.encrypted, access.exposed, access.tcp_port) == expected


def test_a_port_that_is_named_is_taken() -> None:
    assert BrokerAccess(host="broker.example", port=1884).tcp_port == 1884


def test_the_reader_knows_a_setting_by_its_name() -> None:
    assert BrokerAccess(host="x").setting("ca_file") == "[mqtt] ca_file"
    assert BrokerAccess(host="x", named="--{}").setting("ca_file") == "--ca-file"


def test_a_host_that_is_a_url_is_told_in_the_words_of_options_too() -> None:
    access = BrokerAccess(host="mqtts://h:8883", named="--{}")
    assert str(access.problems()["host"]).endswith("write --host h and --port 8883, and --tls on.")
