"""How often the status is worth its bytes."""

import msgspec

from edge_agent.contract.messages import GateStatus
from edge_agent.gate.uplink.status import StatusPublisher

from .gates import gate_status


class Changing:
    """A status whose numbers can be moved."""

    def __init__(self) -> None:
        self.disk = 0

    def __call__(self) -> GateStatus:
        return msgspec.structs.replace(gate_status(), disk_free_bytes=self.disk)


def test_numbers_are_told_every_hour() -> None:
    status = Changing()
    teller = StatusPublisher(status)
    teller.now(0)
    told = []
    for second in range(8000):
        status.disk += 1
        if teller.due(second):
            told.append(second)
    assert told == [3600, 7200]


def test_nothing_new_is_not_told() -> None:
    teller = StatusPublisher(gate_status)
    teller.now(0)
    teller.changed()
    assert not any(teller.due(second) for second in range(8000))


def test_a_change_is_told_soon_but_flapping_is_not() -> None:
    status = Changing()
    teller = StatusPublisher(status)
    teller.now(0)
    told = []
    for second in range(1, 40):
        status.disk += 1
        teller.changed()
        if teller.due(second):
            told.append(second)
    assert told == [10, 20, 30]


def test_offline_is_the_status_of_that_moment() -> None:
    status = Changing()
    status.disk = 7
    message = msgspec.json.decode(StatusPublisher(status).offline(), type=GateStatus)
    assert (message.state, message.disk_free_bytes) == ("offline", 7)
