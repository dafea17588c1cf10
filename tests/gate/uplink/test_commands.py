"""Payroll's commands: carried out once, answered, and never when they have expired."""

import json
from typing import Any

import pytest

from edge_agent.contract.messages import Erased, ReportLine
from edge_agent.contract.signatures import Believed
from edge_agent.contract.stamps import ClockState
from edge_agent.gate.uplink.commands import CommandHandler
from edge_agent.gate.uplink.outbox import Outbox

from .gates import NOON, TOPICS, Examiner, HandClock, Ledger

LINE = ReportLine(check="port", state="FAIL", found="no such port", advice="plug it in")


class Desk:
    """Obeys what it is told, and shows what it answers."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.examiner = Examiner()
        self.examiner.found = None
        self.clock = HandClock()
        self.outbox = Outbox(9, 0, 30)
        self.outbox.grown(9)
        self.outbox.connected(0, 20)
        self.replies: list[Any] = []
        deliveries: Any = self
        self.erased: list[Erased] = []
        self.obey = CommandHandler(
            TOPICS,
            ledger.store,
            self.outbox,
            deliveries,
            self.clock,
            self.examiner,
            Believed(),
            self.erased.append,
        )

    def note(self, topic: str, payload: bytes) -> None:
        assert topic == TOPICS.replies
        self.replies.append(json.loads(payload))

    def tell(self, now: float = 0, /, **command: Any) -> Any:
        before = len(self.replies)
        self.obey.handle(now, json.dumps(command).encode())
        return self.replies[-1] if len(self.replies) > before else None

    def resend(self, now: float = 0, /, **other: Any) -> Any:
        whole = {"command": "resend", "id": "a", "ledger": self.ledger.store.ledger}
        return self.tell(now, **{**whole, "from": 1, "to": 2, **other})

    def sent_again(self) -> list[int]:
        return list(self.outbox.take(0, 20))


@pytest.fixture
def desk(tmp_path: Any) -> Any:
    ledger = Ledger(tmp_path, 9)
    yield Desk(ledger)
    ledger.close()


def test_a_command_that_comes_again_is_answered_alike_and_carried_out_once(desk: Desk) -> None:
    first = desk.resend()
    assert first == {"id": "a", "command": "resend", "ok": True}
    assert desk.sent_again() == [1, 2]
    desk.outbox.puback(0, 1, 0)
    desk.outbox.puback(0, 2, 0)
    assert desk.resend(599) == first
    assert desk.sent_again() == []
    assert desk.resend(599, id="b")["ok"]
    assert desk.sent_again() == [1, 2]


def test_what_was_asked_long_ago_is_meant_anew(desk: Desk) -> None:
    desk.resend()
    assert desk.sent_again() == [1, 2]
    desk.outbox.puback(0, 1, 0)
    desk.outbox.puback(0, 2, 0)
    desk.resend(601)
    assert desk.sent_again() == [1, 2]


def test_memory_is_bounded(desk: Desk) -> None:
    for number in range(1000):
        desk.tell(0, command="nonsense", id=str(number))
    assert len(desk.obey._answered) <= 64


def test_busy_is_not_remembered(desk: Desk) -> None:
    for number in range(16):
        assert desk.resend(0, id=str(number))["ok"]
    assert desk.resend(0, id="late")["error"] == "busy"
    assert desk.sent_again()
    assert desk.resend(0, id="late")["ok"]


@pytest.mark.parametrize(
    ("expires", "answer"),
    [
        ("1970-01-01T00:00:00Z", True),
        ("1969-12-31T23:59:59.999Z", True),  # within the clock's uncertainty
        ("1969-12-31T23:59:58Z", "expired"),
        ("2026-11-23T14:20:00+07:00", True),
        ("2026-11-23T14:20:00", "malformed"),
        ("tomorrow", "malformed"),
        (7, "malformed"),
    ],
)
def test_expiry(desk: Desk, expires: Any, answer: Any) -> None:
    reply = desk.resend(expires=expires)
    assert reply.get("error", reply["ok"]) == answer


def test_an_untrusted_clock_expires_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    unsure = type(NOON)(
        boot="b", boottime_ms=0, wall_ms=10**13, state=ClockState.UNSYNCED, uncertainty_ms=None
    )
    monkeypatch.setattr(desk.clock, "stamp", lambda: unsure)
    assert desk.resend(expires="1980-01-01T00:00:00Z")["ok"]


def test_a_report_is_made_once_and_sent_when_it_is_there(desk: Desk) -> None:
    for _ in range(2):
        assert desk.tell(command="report", id="r") is None
    desk.obey.send_findings(1)
    assert (desk.examiner.begun, desk.replies) == (1, [])
    assert desk.tell(command="report", id="other")["error"] == "busy"
    desk.examiner.found = [LINE]
    desk.obey.send_findings(2)
    reply = desk.replies[-1]
    assert (reply["id"], reply["ok"]) == ("r", True)
    assert reply["report"] == [
        {"check": "port", "state": "FAIL", "found": "no such port", "advice": "plug it in"}
    ]
    assert desk.tell(3, command="report", id="r") == reply
    assert desk.examiner.begun == 1


def test_a_report_that_cannot_be_made_is_answered(desk: Desk) -> None:
    desk.tell(command="report", id="r")
    desk.examiner.found = "the doctor took longer than 60 s"
    desk.obey.send_findings(2)
    assert desk.replies == [{"id": "r", "command": "report", "ok": False, "error": "failed"}]


def test_erasures_of_older_ledgers_are_handed_on(desk: Desk) -> None:
    one = {"ledger": "an-older-one", "seq": 7, "worker": "007", "kind": "worker.left"}
    whole = {"command": "erased", "id": "e", "ledger": desk.ledger.store.ledger}
    assert desk.tell(**whole, erased=[one])["ok"] is True
    assert [heard.erased[0].worker for heard in desk.erased] == ["007"]
    refused = desk.tell(1, **{**whole, "ledger": "another"}, erased=[one])
    assert refused["error"] == "wrong-ledger"
    assert desk.tell(2, **whole, erased=[{**one, "kind": "x"}])["error"] == "malformed"
    assert len(desk.erased) == 1
